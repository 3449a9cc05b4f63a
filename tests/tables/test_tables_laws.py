"""Laws of the reader: what is rendered as a page is read back, and no input is too strange or too long."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.errors import InputError
from partner_insights.tables import CODES, Facts, Page, TypeExpression, read_page, read_page_text

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).resolve().parents[2]
REAL_PAGES = [*CHECKOUT.glob("schemas/tables/*.md"), *CHECKOUT.parent.glob("shared/reference/**/*.md")]

HEADER = ("Property", "Type", "Description")
SCALARS = {
    "string": TypeExpression("scalar", "string"),
    "number": TypeExpression("scalar", "number"),
    "int": TypeExpression("scalar", "integer", "int32"),
    "boolean": TypeExpression("scalar", "boolean"),
    "decimal": TypeExpression("scalar", "number", "decimal"),
    "GUID": TypeExpression("scalar", "string", "uuid"),
    "string in UTC date-time format": TypeExpression("scalar", "string", "date-time"),
    "object": TypeExpression("object"),
}

LETTERS = "abcdefghijklmnopqrstuvwxyz"
identifiers = st.builds(
    str.__add__, st.sampled_from(LETTERS + LETTERS.upper() + "_"), st.text(LETTERS + "XY_09", max_size=8)
)
RESOURCE_NAMES = [
    "Cart",
    "CartLineItem",
    "Customer",
    "Error",
    "Link",
    "Offer",
    "OfferLinks",
    "Sku",
    "Type2",
    "X",
]
resource_names = st.sampled_from(RESOURCE_NAMES)
words = st.lists(
    st.sampled_from(["an", "offer", "is", "bound", "to", "the", "order"]), min_size=1, max_size=4
).map(" ".join)
values = st.sampled_from(["o365", "crm", "Microsoft 365", "4", "x", "reseller"])


@dataclass(frozen=True)
class WrittenType:
    cell: str
    means: TypeExpression


@dataclass(frozen=True)
class WrittenProperty:
    name: str
    type: WrittenType
    prose: str
    facts: Facts


@dataclass(frozen=True)
class WrittenResource:
    name: str
    intro: str
    properties: tuple[WrittenProperty, ...]


@dataclass(frozen=True)
class Manner:
    """The harmless ways in which one page differs from another."""

    outer_pipes: bool
    setext: bool
    closing_hashes: bool
    front_matter: bool
    decoration: str
    padding: int
    newline: str


manners = st.builds(
    Manner,
    outer_pipes=st.booleans(),
    setext=st.booleans(),
    closing_hashes=st.booleans(),
    front_matter=st.booleans(),
    decoration=st.sampled_from(["", "**", "`", "\u200b"]),
    padding=st.integers(0, 3),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
)


scalars = st.sampled_from([WrittenType(*entry) for entry in SCALARS.items()])
plain = resource_names.map(lambda name: WrittenType(name, TypeExpression("reference", name=name)))
linked = st.builds(
    lambda name, page: WrittenType(
        f"[{name}]({page}#{name.lower()})",
        TypeExpression("reference", name=name, target=f"{page}#{name.lower()}"),
    ),
    resource_names,
    st.sampled_from(["", "utility-resources.md"]),
)
arrays = st.builds(
    lambda item, lead, noun: WrittenType(
        f"{lead} of {item.cell}{noun if item.means.kind == 'reference' else 's'}",
        TypeExpression("array", items=item.means),
    ),
    scalars.filter(lambda item: " " not in item.cell) | plain | linked,
    st.sampled_from(["array", "Array", "List", "collection"]),
    st.sampled_from([" resources", " objects", ""]),
)
nullable = scalars.map(lambda item: WrittenType(f"nullable {item.cell}", replace(item.means, nullable=True)))


def property_of(
    name: str, type_: WrittenType, words: str, examples: list[str], constant: str | None, optional: bool
) -> WrittenProperty:
    prose = words.capitalize()
    if examples:
        prose += f" (for example: {', '.join(examples)})"
    prose += "."
    if constant:
        prose += f' Includes "objectType": "{constant}".'
    if optional:
        prose += " This property is optional."
    facts = Facts(tuple(examples), {"objectType": constant} if constant else {}, optional=optional)
    return WrittenProperty(name, type_, prose, facts)


properties = st.builds(
    property_of,
    identifiers,
    scalars | plain | linked | arrays | nullable,
    words,
    st.lists(values, max_size=3, unique=True),
    st.none() | resource_names,
    st.booleans(),
)
resource_lists = st.lists(
    st.builds(
        WrittenResource,
        resource_names,
        words,
        st.lists(properties, min_size=1, max_size=5, unique_by=lambda row: row.name.casefold()).map(tuple),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda resource: resource.name,
)


def render(resources: list[WrittenResource], manner: Manner) -> tuple[str, dict[str, int]]:
    """The page, and the line of each resource ("R") and property ("R.p")."""
    lines = ["---", "title: A page", "ms.topic: reference", "---"] if manner.front_matter else []
    lines += ["# A page of resources", "", "Some words before."]
    places: dict[str, int] = {}
    for resource in resources:
        lines.append("")
        places[resource.name] = len(lines) + 1
        if manner.setext:
            lines += [resource.name, "-" * 5]
        else:
            lines.append(f"## {resource.name}{' ##' if manner.closing_hashes else ''}")
        lines += ["", f"{resource.intro}.", "", row(HEADER, manner), row(("---",) * 3, manner)]
        for member in resource.properties:
            places[f"{resource.name}.{member.name}"] = len(lines) + 1
            name = member.name if manner.decoration == "`" else member.name.replace("_", r"\_")
            decorated = f"{manner.decoration}{name}{manner.decoration}"
            lines.append(row((decorated, member.type.cell, member.prose), manner))
    return manner.newline.join(lines), places


def row(cells: tuple[str, ...], manner: Manner) -> str:
    gap = " " * manner.padding
    joined = f"{gap}|{gap}".join(cells)
    return f"|{gap}{joined}{gap}|" if manner.outer_pipes else joined


@given(resource_lists, manners)
def test_a_page_of_resources_is_read_back(resources: list[WrittenResource], manner: Manner) -> None:
    """Names, order, types, facts, lines and introductions survive being rendered as a page."""
    text, places = render(resources, manner)
    page = read_page_text(text, "page.md")
    assert page.diagnostics == ()
    read = [
        (
            found.name,
            found.line,
            found.description,
            [(p.name, p.line, p.type, p.facts) for p in found.properties],
        )
        for found in page.resources
    ]
    assert read == [
        (
            written.name,
            places[written.name],
            f"{written.intro}.",
            [(p.name, places[f"{written.name}.{p.name}"], p.type.means, p.facts) for p in written.properties],
        )
        for written in resources
    ]


PLAIN = Manner(True, False, False, False, "", 1, "\n")


def _broken(line: str) -> dict[str, str]:
    """Ways to write a row so that a property is lost or no longer certain."""
    return {
        "blank line above": f"\n{line}",
        "indented as code": f"     {line}",
        "twice": f"{line}\n{line}",
        "two rows on one line": f"{line} {line}",
        "unescaped pipe in the type": line.replace(" | ", " | string | ", 1),
        "blank type": re.sub(r"^(\|[^|]*\|)[^|]*", r"\1 ", line),
        "blank name": re.sub(r"^\|[^|]*", "| ", line),
        "name with a space": re.sub(r"^\|", "| a ", line),
        "no type": re.sub(r"^(\|[^|]*\|).*", r"\1", line),
        "prose": "Some prose.",
        "quoted": f"> {line}",
        "html above": f"<div>\n{line}",
    }


@given(resource_lists, st.sampled_from(sorted(_broken("| a | b | c |"))), st.data())
def test_what_is_lost_is_said(resources: list[WrittenResource], way: str, data: st.DataObject) -> None:
    """A row that breaks its table, or that cannot be read for certain, gives a diagnostic on its own line."""
    text, places = render(resources, PLAIN)
    victim = data.draw(st.sampled_from(resources))
    line = places[f"{victim.name}.{data.draw(st.sampled_from(victim.properties)).name}"]
    lines = text.split("\n")
    lines[line - 1] = _broken(lines[line - 1])[way]
    page = read_page_text("\n".join(lines), "page.md")
    shift = lines[line - 1].count("\n")
    assert any(line <= said.line <= line + shift for said in page.diagnostics), page.diagnostics
    assert page.errors or way == "twice"


@given(resource_lists, st.sampled_from(["", "| --- | --- |", "| --- | --- | --- | --- |", "| a | b | c |"]))
def test_a_table_without_a_fitting_delimiter_row_is_not_lost_silently(
    resources: list[WrittenResource], delimiter: str
) -> None:
    """Where the delimiter row is missing or does not fit, the page has an error."""
    text, _ = render(resources, PLAIN)
    page = read_page_text(text.replace(row(("---",) * 3, PLAIN), delimiter, 1), "page.md")
    assert page.errors


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
    """A file of any bytes gives a page, or an error a user can act on."""
    path = tmp_path_factory.mktemp("bytes") / "page.md"
    path.write_bytes(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        with pytest.raises(InputError, match="not UTF-8"):
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
        assert CODES[diagnostic.code].level == diagnostic.level
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
