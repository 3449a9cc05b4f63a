"""Each diagnostic, shown on a planted fault: its line, what was found, and what would be accepted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from partner_insights.errors import InputError
from partner_insights.tables import DIAGNOSTIC_CODES, read_page, read_page_text
from partner_insights.tables.diagnostics import excerpt
from partner_insights.tables.document import MAX_LINES

if TYPE_CHECKING:
    from pathlib import Path


class Fault(NamedTuple):
    code: str
    line: int
    found: str
    text: str


TABLE = "## Customer\n\n| Property | Type | Description |\n|---|---|---|\n| id | string | The id. |\n"

FAULTS = {
    "an empty page": Fault("no-resource-table", 1, "no table", ""),
    "a page of other tables": Fault(
        "no-resource-table",
        1,
        "other tables (line 3)",
        "## Codes\n\n| Code | Meaning |\n|---|---|\n| 1 | One |",
    ),
    "a table without a heading": Fault(
        "unnamed-resource", 1, "nothing", TABLE.removeprefix("## Customer\n\n")
    ),
    "a heading that is no name": Fault(
        "unnamed-resource", 3, "'What a customer is'", TABLE.replace("Customer", "What a customer is")
    ),
    "a heading that is no name, columns in another order": Fault(
        "unnamed-resource", 3, "'A b'", "## A b\n\n| Type | Property |\n|---|---|\n| string | id |"
    ),
    "two tables under a heading": Fault(
        "duplicate-resource", 7, "'Customer'", TABLE + TABLE.removeprefix("## Customer\n")
    ),
    "a table that goes on below a paragraph": Fault(
        "continued-table",
        9,
        "'Customer'",
        TABLE + "\nMore.\n" + TABLE.removeprefix("## Customer\n").replace("id", "name"),
    ),
    "two headings of one name": Fault("duplicate-resource", 9, "'Customer'", TABLE + "\n" + TABLE),
    "a column of unknown meaning": Fault("unknown-column", 3, "'Kind'", TABLE.replace("Type", "Kind")),
    "a column without a name": Fault("unknown-column", 3, "nothing", TABLE.replace("Description", "")),
    "a column twice": Fault("unknown-column", 3, "'Type'", TABLE.replace("Description", "Type")),
    "no type column": Fault(
        "missing-column", 3, "'Property | Kind | Description'", TABLE.replace("Type", "Kind")
    ),
    "a table without rows": Fault(
        "empty-table", 3, "nothing", TABLE.replace("| id | string | The id. |\n", "")
    ),
    "an unknown type": Fault("unknown-type", 5, "'strng'", TABLE.replace("string", "strng")),
    "a type misspelt in capitals": Fault("unknown-type", 5, "'Strng'", TABLE.replace("string", "Strng")),
    "a blank type": Fault("unknown-type", 5, "nothing", TABLE.replace("string", " ")),
    "two types": Fault(
        "unknown-type", 5, "'[A](#a) or [B](#b)'", TABLE.replace("string", "[A](#a) or [B](#b)")
    ),
    "a name of two words": Fault("unreadable-name", 5, "'the id'", TABLE.replace("| id", "| the id")),
    "a blank name": Fault("unreadable-name", 5, "nothing", TABLE.replace("| id", "| ")),
    "a property twice": Fault("duplicate-property", 6, "'id'", TABLE + "| id | number | Again. |\n"),
    "a property twice, described in two ways": Fault(
        "repeated-row", 6, "'id'", TABLE + "| id | string | Again. |\n"
    ),
    "a property twice but for case": Fault(
        "duplicate-property", 6, "'Id'", TABLE + "| Id | string | Again. |\n"
    ),
    "a pipe in a cell": Fault("extra-cells", 5, "'z'", TABLE.replace("The id.", "a | z")),
    "two rows on one line": Fault(
        "extra-cells", 5, "'name | string | The name.'", TABLE.rstrip("\n") + " name | string | The name. |"
    ),
    "a short row": Fault("missing-cells", 6, "2 cells under 3 columns", TABLE + "| name | string |\n"),
    "text that touches the table": Fault("not-a-row", 6, "'Prose.'", TABLE + "Prose.\n"),
    "a delimiter row too narrow": Fault(
        "broken-table", 3, "'| Property | Type | Description |'", TABLE.replace("|---|---|---|", "|---|---|")
    ),
    "a row after a blank line": Fault(
        "orphan-row", 7, "'| name | string | The name. |'", TABLE + "\n| name | string | The name. |\n"
    ),
    "a row in an HTML block": Fault(
        "orphan-row", 7, "'| a | string | b |'", TABLE + "<div>\n| a | string | b |\n"
    ),
    "a row indented as code": Fault(
        "orphan-row", 7, "'| a | string | b |'", TABLE + "\n    | a | string | b |\n"
    ),
    "a row of no resource's table": Fault(
        "stray-row", 9, "'| 2 | Two |'", TABLE + "\n# The other codes\n\n| 2 | Two |\n"
    ),
    "the same row twice": Fault("repeated-row", 6, "'id'", TABLE + "| id | string | The id. |\n"),
    "a list that goes on": Fault(
        "uncertain",
        5,
        "'Values include a and b'",
        TABLE.replace("The id.", "Values include `a` and `b`."),
    ),
    "a length that is none": Fault(
        "unread-cell",
        5,
        "'long'",
        TABLE.replace("| Desc", "| Length | Desc")
        .replace("|---|", "|---|---|", 1)
        .replace("| The", "| long | The"),
    ),
    "a heading without space": Fault("unspaced-heading", 1, "'Customer'", TABLE.replace("## ", "##")),
    "an HTML table": Fault("html-table", 7, "'<table'", TABLE + "\n<table>\n<tr><td>id</td></tr>\n"),
    "a link to another resource than it says": Fault(
        "link-mismatch", 5, "'[Links](#link)'", TABLE.replace("string", "array of [Links](#link)")
    ),
    "front matter that never ends": Fault("unclosed-front-matter", 1, "'---'", "---\ntitle: x\n\n" + TABLE),
    "more lines than a page has": Fault("too-long", MAX_LINES + 1, "more", TABLE + "\n" * MAX_LINES),
    "a translated page": Fault(
        "translated-page", 1, "'ms.translationtype: MT'", "---\nms.translationtype: MT\n---\n" + TABLE
    ),
}


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ("name | string | The name. |", ["id", "name"]),
        ("| name | string | The name. |", ["id", "name"]),
        ("the name | string | The name. |", ["id"]),
        (r"name \| string \| The name. |", ["id"]),
        ("name |", ["id"]),
    ],
)
def test_of_two_rows_on_one_line_both_are_read(more: str, names: list[str]) -> None:
    """Besides the complaint: with and without an empty cell between them, and only where it is a row."""
    page = read_page_text(f"{TABLE.rstrip()} {more}\n", "page.md")
    assert [each.code for each in page.diagnostics] == ["extra-cells"]
    assert [each.name for each in page.resources[0].properties] == names


@pytest.mark.parametrize("title", ["Required", "Max length", "Read-only", "Example"])
@pytest.mark.parametrize("cell", ["", "-", "N/A", "None"])
def test_a_cell_that_says_nothing_is_no_fault(title: str, cell: str) -> None:
    """In a column of facts: the property is as in a table without the column."""
    text = TABLE.replace("| Desc", f"| {title} | Desc").replace("|---|", "|---|---|", 1)
    page = read_page_text(text.replace("| The", f"| {cell} | The"), "page.md")
    assert page.diagnostics == ()
    (row,) = page.resources[0].properties
    (plain,) = read_page_text(TABLE, "page.md").resources[0].properties
    assert (row.name, row.type, replace(row.facts, columns={})) == (plain.name, plain.type, plain.facts)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_reported_on_its_line(fault: Fault) -> None:
    """A planted fault gives its code, on its line, and says what was found and what would be accepted."""
    reported = [d for d in read_page_text(fault.text, "page.md").diagnostics if d.code == fault.code]
    assert [(d.line, d.found) for d in reported] == [(fault.line, fault.found)]
    (diagnostic,) = reported
    assert diagnostic.level == DIAGNOSTIC_CODES[fault.code].level
    assert diagnostic.accepted == DIAGNOSTIC_CODES[fault.code].accepted
    shown = (
        f"page.md:{fault.line}: {diagnostic.message} (found {fault.found}; accepted: {diagnostic.accepted})"
    )
    assert str(diagnostic) == shown


def test_the_page_the_faults_are_planted_in_has_none() -> None:
    """Without a fault, there is nothing to report."""
    page = read_page_text(TABLE, "page.md")
    assert page.diagnostics == ()
    assert [p.name for r in page.resources for p in r.properties] == ["id"]


LIMITS = {
    "rows": ("blocks.MAX_PARTS", 8, TABLE + "| b | string | Two. |\n" * 9, 11),
    "headings": ("blocks.MAX_PARTS", 3, "# a\n" * 9, 4),
    "rows of HTML": ("blocks.MAX_PARTS", 5, "<table><tr><td>a</td></tr>\n</table>\n\n" * 9, 7),
    "marks": ("markdown.MAX_MARKS", 9, "*a* [b](c)\n" * 9, 4),
    "orphans": ("blocks.MAX_ORPHANS", 2, TABLE + "\n| b | string | Two. |\n" * 9, 11),
    "descriptions": (
        "resources.MAX_DIFFERENT",
        2,
        TABLE + "".join(f"| p{i} | string | Must be {i}. |\n" for i in range(9)),
        8,
    ),
}


@pytest.mark.parametrize("kind", LIMITS)
def test_what_is_longer_than_any_page_is_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a page has more of something than any page, one line says so; nothing below it is read."""
    constant, limit, text, line = LIMITS[kind]
    assert not [d for d in read_page_text(text, "page.md").diagnostics if d.code == "too-long"]
    monkeypatch.setattr(f"partner_insights.tables.{constant}", limit)
    page = read_page_text(text, "page.md")
    assert [d.line for d in page.diagnostics if d.code == "too-long"] == [line]
    assert all(row.line < line for resource in page.resources for row in resource.properties)


def test_every_code_has_a_fault() -> None:
    """No code is there that no page can give."""
    assert {fault.code for fault in FAULTS.values()} == set(DIAGNOSTIC_CODES)


def test_a_duplicate_names_both_lines() -> None:
    """Who wrote a property twice is told both places, and the first one counts."""
    page = read_page_text(FAULTS["a property twice"].text, "page.md")
    assert "page.md:6: Customer.id again, first on line 5" in str(page.diagnostics[0])
    assert [(p.name, p.line) for p in page.resources[0].properties] == [("id", 5)]


def test_an_unreadable_type_is_no_type() -> None:
    """Where the type cannot be read for certain the property has none: never a guess."""
    (resource,) = read_page_text(FAULTS["an unknown type"].text, "page.md").resources
    assert [(p.name, p.type) for p in resource.properties] == [("id", None)]


def test_a_warning_is_no_error() -> None:
    """Only errors keep a page from being derived from."""
    page = read_page_text(FAULTS["a short row"].text, "page.md")
    assert (len(page.diagnostics), page.errors) == (1, ())


def test_what_was_found_fits_on_a_line() -> None:
    """A long or unprintable cell is quoted, cut and shown on one line."""
    assert excerpt("a\n b\t" + "c" * 100) == "'a b " + "c" * 76 + "…'"
    assert excerpt("a\x07b") == "'a\N{REPLACEMENT CHARACTER}b'"


def test_a_page_that_is_missing_is_an_input_error(tmp_path: Path) -> None:
    """A missing file, or a folder, is named with what to do."""
    for path in (tmp_path / "none.md", tmp_path):
        with pytest.raises(InputError, match=r"the page cannot be read: .* — give a Markdown file") as caught:
            read_page(path)
        assert str(caught.value).startswith(str(path))


def test_a_page_that_is_not_text_is_an_input_error(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are named with their line."""
    path = tmp_path / "page.md"
    path.write_bytes(TABLE.encode() + "é".encode("latin-1"))
    with pytest.raises(
        InputError, match=r"page\.md:6: the page is not UTF-8: byte 0xe9 — save the file as UTF-8"
    ):
        read_page(path)
