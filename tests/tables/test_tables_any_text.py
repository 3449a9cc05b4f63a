"""Laws of the reader: no input is too strange or too long."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.errors import InputError
from partner_insights.file_reader import WIDE_MARKS
from partner_insights.tables import DIAGNOSTIC_CODES, Page, read_page, read_page_text

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).resolve().parents[2]
REAL_PAGES = [*CHECKOUT.glob("schemas/tables/*.md"), *CHECKOUT.parent.glob("shared/reference/**/*.md")]

MARKUP = [
    *(
        "|",
        "\n",
        "\n\n",
        "\r",
        "\t",
        "    ",
        "---",
        "- ",
        "> ",
        "```\n",
        "[",
        "](",
        ")",
        "`",
        "**",
        "_",
        "\\",
        "<",
        "é",
    ),
    *(
        "| --- | --- | --- |\n",
        "| Property | Type | Description |\n",
        "## Foo\n",
        "| a | string | b |\n",
        "&amp;",
    ),
    *(
        "<table>",
        "\u2028",
        "\x00",
        "\x0b",
        "\u00a0",
        "\ufeff",
        "(for example: ",
        '"objectType": "',
        "array of ",
    ),
]
fragments = st.lists(st.sampled_from(MARKUP) | st.text(max_size=5), max_size=40).map("".join)


@settings(max_examples=300)
@given(st.text() | fragments)
def test_any_text_is_a_page(text: str) -> None:
    """No text crashes the reader, and what it says points into the page."""
    _check_sanity(read_page_text(text, "page.md"), text)


@given(st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-16")))
def test_any_bytes_are_a_page_or_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """A file of any bytes, in the encoding of its mark, gives a page, or an error a user can act on."""
    path = tmp_path_factory.mktemp("bytes") / "page.md"
    path.write_bytes(content)
    try:
        wide = (name for mark, name in WIDE_MARKS.items() if content.startswith(mark))
        text = content.decode(next(wide, "utf-8-sig"))
    except UnicodeDecodeError:
        with pytest.raises(InputError, match=r"not (valid )?UTF-"):
            read_page(path)
    else:
        _check_sanity(read_page(path), text)


@settings(max_examples=200)
@given(st.sampled_from(REAL_PAGES), st.data())
def test_a_damaged_page_is_still_a_page(path: Path, data: st.DataObject) -> None:
    """Lines lost, doubled, swapped, cut or spoilt never crash the reader."""
    lines = path.read_text(encoding="utf-8").split("\n")
    places = st.integers(0, len(lines) - 1)
    for _ in range(data.draw(st.integers(1, 6))):
        here, there = data.draw(places), data.draw(places)
        damage = data.draw(st.sampled_from(["lose", "double", "swap", "cut", "spoil"]))
        if damage == "lose":
            lines[here] = ""
        elif damage == "double":
            lines[here] += "\n" + lines[here]
        elif damage == "swap":
            lines[here], lines[there] = lines[there], lines[here]
        else:
            at = data.draw(st.integers(0, len(lines[here])))
            spoilt = data.draw(fragments) if damage == "spoil" else ""
            lines[here] = lines[here][:at] + spoilt + lines[here][at + 1 :]
    text = "\n".join(lines)
    _check_sanity(read_page_text(text, path.name), text)


def _check_sanity(page: Page, text: str) -> None:
    last = len(re.split(r"\r\n|\r|\n", text))
    for diagnostic in page.diagnostics:
        assert 1 <= diagnostic.line <= last
        assert len(str(diagnostic).splitlines()) == 1
        assert DIAGNOSTIC_CODES[diagnostic.code].level == diagnostic.level
    assert [d.line for d in page.diagnostics] == sorted(d.line for d in page.diagnostics)
    assert page.resources or page.errors
    for resource in page.resources:
        lines = [member.line for member in resource.properties]
        assert lines == sorted(lines)
        assert all(resource.line < line <= last for line in lines)
        names = {member.name.casefold() for member in resource.properties}
        assert len(names) == len(resource.properties)
        untyped = {member.line for member in resource.properties if member.type is None}
        assert not untyped or page.errors


SIZE = 60_000
TABLE = "## Foo\n\n| Property | Type | Description |\n|---|---|---|\n"
LONG: dict[str, Callable[[int], str]] = {
    "rows": lambda size: (
        TABLE + "".join(f"| p{i} | string | Some `words` {i}. |\n" for i in range(size // 35))
    ),
    "orphan rows": lambda size: "| a | b |\n" * (size // 10),
    "one wide row": lambda size: TABLE + "|" * size,
    "wide table": lambda size: "a|" * (size // 4) + "\n" + "-|" * (size // 4),
    "one long cell": lambda size: TABLE + "| a | " + "array of " * (size // 9) + "| b |",
    "brackets in a cell": lambda size: TABLE + "| a | string | " + "[" * size + " |",
    "examples never closed": lambda size: TABLE + "| a | string | " + "(for example: " * (size // 14) + " |",
    "constants": lambda size: TABLE + "| a | string | " + '"a":"' * (size // 5) + " |",
    "brackets": lambda size: "[" * size,
    "quotes": lambda size: ">" * size,
    "quoted rows": lambda size: ("> " * 30 + "| x | y |\n") * (size // 70),
    "list marks before a pipe": lambda size: "| a |\n" + "1. > " * (size // 5) + "|",
    "headings": lambda size: "# a\n" * (size // 4),
    "front matter never closed": lambda size: "---\n" + "a: b\n" * (size // 5),
    "lists": lambda size: "".join(" " * (i % 40) + "- a\n" for i in range(size // 25)),
    "html": lambda size: "<div>\n" * (size // 6),
    "examples": lambda size: TABLE + "| a | string | " + "for example, a_1, b_2 " * (size // 22) + "|",
    "alternatives": lambda size: TABLE + ("| a | string | " + "whether a " * 600 + "|\n") * (size // 6000),
    "links by reference": lambda size: TABLE + "| a | [b][c] | [d] |\n" * (size // 21) + "\n[c]: e.md\n",
    "types that differ": lambda size: TABLE + "".join(f"| p{i} | Foo{i} | x |\n" for i in range(size // 18)),
    "backslashes": lambda size: TABLE + "\\|" * (size // 2),
    "space": lambda size: TABLE + "| a |" + " " * size + "x",
    "delimiter rows": lambda size: "|-|\n" * (size // 4),
}


@pytest.mark.parametrize("kind", LONG)
def test_time_grows_with_the_length_of_a_page_only(kind: str) -> None:
    """A long page of any shape takes no more than a few hundred microseconds for each of its bytes."""
    text = LONG[kind](SIZE)
    start = time.perf_counter()
    _check_sanity(read_page_text(text, "page.md"), text)
    assert time.perf_counter() - start < 10
