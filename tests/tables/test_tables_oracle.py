"""The reader against a CommonMark parser: it misses no table, heading or mark that the standard has."""

from __future__ import annotations

import re
from urllib.parse import unquote

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from partner_insights.tables import read_page_text
from partner_insights.tables.inline import fold, read_inline
from partner_insights.tables.markdown import read_document

LINES = [
    *(
        "| a | b |",
        "|---|---|",
        "| x \\| y | z |",
        "a | b",
        "-|-",
        "",
        "",
        "# H",
        "## H2 ##",
        "Foo",
        "---",
        "===",
    ),
    *("    | q | r |", "> | a | b |", "> |---|---|", "> | 1 | 2 |", "  | a | b |", "  |---|---|"),
    *(
        "  | c | d |",
        "```",
        "<div>",
        "</div>",
        "<!-- c -->",
        "| one |",
        "text",
        "***",
        "| a | b | c |",
        "<br>",
    ),
]
MARKS = [
    *(
        "a",
        "b c",
        "`",
        "**",
        "[",
        "](x.md#y)",
        "](",
        ")",
        "_",
        "a_b",
        "<br/>",
        "<br>",
        "!",
        "\\",
        "&amp;",
        " ",
    ),
    *(".", "é", "1", "*", "-", "\n", "`a`", "**b**", "[t](u)"),
]


def by_the_standard(text: str) -> tuple[list[tuple[int, int]], list[list[tuple[int, list[str]]]]]:
    """The headings (level, line) and the tables (line and cells of each row) of a text."""
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    headings, tables = [], []
    rows: list[tuple[int, list[str]]] | None = None
    for token in parser.parse(text):
        start = (token.map or [0])[0] + 1
        if token.type == "heading_open":
            headings.append((int(token.tag[1:]), start))
        elif token.type == "table_open":
            rows = []
        elif token.type == "tr_open" and rows is not None:
            rows.append((start, []))
        elif token.type == "inline" and rows is not None:
            rows[-1][1].append(token.content)
        elif token.type == "table_close" and rows is not None:
            tables.append(rows)
            rows = None
    return headings, tables


@settings(max_examples=300)
@given(st.lists(st.sampled_from(LINES), max_size=9).map("\n".join))
@example("| a | b |\n|---|---|\n    | q | r |\n| a | b |\n|---|---|")
@example("| a | b |\n|---|---|\n    | q | r |\n| a | b |\n---")
@example("| a | b |\n|---|---|\n    | q | r |\n|---|---|\n---")
@example("| a | b |\n|---|---|\n    | q | r |\ntext\nFoo\n===\n| a | b |\n|---|---|")
def test_what_is_a_table_by_the_standard_is_one(text: str) -> None:
    """No heading and no row that the standard has is missed, whatever stands around it.

    Two things parsers differ in are left out: `| a |` above `---`, a heading or a table of one column; and a
    header without outer pipes right below other text.
    """
    text = f"x\n\n{text}".replace("\na | b", "\n\na | b")
    assume(re.search(r"\n-\|-\n *(-\|-|\|---\|---\|)", text) is None)
    headings, tables = by_the_standard(text)
    document = read_document(text)
    assert set(headings) <= {(heading.level, heading.line) for heading in document.headings}
    read = [
        [(row.line, list(row.cells)) for row in (table.header, *table.rows) if not row.salvaged]
        for table in document.tables
    ]
    assert all(table in read for table in tables if len(table[0][1]) > 1)


def seen_by_another_parser(markdown: str) -> tuple[str, list[tuple[str, str]]]:
    """The visible text of a cell, and the text and target of each link in it."""
    (inline,) = MarkdownIt("commonmark").parseInline(markdown)
    visible: list[str] = []
    links: list[tuple[str, str]] = []
    target, start = "", 0
    for token in inline.children or ():
        if token.type == "link_open":
            target, start = unquote(str(token.attrs.get("href", ""))), len(visible)
        elif token.type == "link_close":
            links.append((fold("".join(visible[start:])), target))
        elif token.type in ("softbreak", "hardbreak") or (token.type, token.content[:3]) == (
            "html_inline",
            "<br",
        ):
            visible.append(" ")
        elif token.type not in ("html_inline", "image"):
            visible.append(token.content)
    return fold("".join(visible)), links


@settings(max_examples=500)
@given(st.lists(st.sampled_from(MARKS), max_size=12).map("".join))
@example("![[t](u)](x.md#y)")
def test_marks_are_read_as_another_parser_reads_them(text: str) -> None:
    """What one sees of a cell, and where its links lead, does not hang on which parser is asked."""
    # A line break within code, or behind what begins an emphasis, no cell has.
    assume(not ("\\\n" in text and re.search(r"`|[*_]\\", text)))
    read = read_inline(text.strip())
    assert (read.text, [(link.text, link.target) for link in read.links]) == seen_by_another_parser(
        text.strip()
    )


HEADERS = st.permutations(["Property", "Type", "Description", "Required", "Length (min, max)"])
NAMES = st.sampled_from(["Property", "Name", "Field"])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["id", "state", "note", "kind", "size"]),
        st.booleans(),
        st.none() | st.tuples(st.integers(0, 9), st.integers(10, 99)),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row[0],
)


@given(HEADERS, NAMES, ROWS, st.booleans())
def test_a_table_of_any_header_shape_is_read_back(
    header: list[str],
    name_title: str,
    rows: list[tuple[str, bool, tuple[int, int] | None]],
    outer_pipes: bool,
) -> None:
    """Columns in any order, the name column by any title: names, types, presence and lengths come back."""
    if name_title != "Property":  # a table of names says that it lists properties by beginning with them
        header = ["Property", *(title for title in header if title != "Property")]

    def line(cells: list[str]) -> str:
        return f"| {' | '.join(cells)} |" if outer_pipes else " | ".join(cells) + " |"

    lines = ["## Thing", "", line([name_title if title == "Property" else title for title in header])]
    lines.append(line(["---"] * len(header)))
    for name, required, length in rows:
        cells = {"Property": name, "Type": "string", "Description": "Some words"}
        cells |= {"Required": "Yes" if required else "No"}
        cells |= {"Length (min, max)": f"{length[0]}, {length[1]}" if length else ""}
        lines.append(line([cells[title] for title in header]))
    page = read_page_text("\n".join(lines), "page.md")
    assert page.diagnostics == () or not outer_pipes
    if page.diagnostics:
        return
    (resource,) = page.resources
    facts = {row.name: row.facts for row in resource.properties}
    assert list(facts) == [name for name, _, _ in rows]
    for name, required, length in rows:
        assert (facts[name].required, facts[name].optional) == (required, not required)
        assert (facts[name].min_length, facts[name].max_length) == (length or (None, None))


def test_a_header_without_outer_pipes_below_text_is_one() -> None:
    """What the parser takes for a paragraph is a table where a fitting delimiter row stands in it."""
    document = read_document("## Foo\n\nWords | more\nProperty | Type\n|---|---|\n| id | string |\n")
    (table,) = document.tables
    assert [row.cells for row in (table.header, *table.rows)] == [("Property", "Type"), ("id", "string")]
    assert not any(row.salvaged for row in table.rows)
