"""Turns what a page says that cannot be read into a line for its author: where, what, what instead."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from partner_insights.tables.document import (
    MAX_DIFFERENT,
    MAX_LINES,
    MAX_MARKS,
    MAX_ORPHANS,
    MAX_PARTS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Level = Literal["error", "warning", "note"]

_MAX_EXCERPT = 80


@dataclass(frozen=True)
class DiagnosticCode:
    """What one kind of diagnostic means: how grave it is, and what a page may hold instead."""

    level: Level
    accepted: str


DIAGNOSTIC_CODES: Mapping[str, DiagnosticCode] = MappingProxyType(
    {
        "no-resource-table": DiagnosticCode(
            "error", "a heading that is a resource's name, and under it a table Property | Type | Description"
        ),
        "unnamed-resource": DiagnosticCode(
            "error", "a heading above the table that is the resource's name, one word as in '## Customer'"
        ),
        "duplicate-resource": DiagnosticCode("error", "one table for each resource"),
        "continued-table": DiagnosticCode("warning", "one table for each resource"),
        "unknown-column": DiagnosticCode(
            "error",
            "Property (or Name, Field), Type (or Data type) and Description, besides Required "
            "and Length, each at most once",
        ),
        "missing-column": DiagnosticCode("error", "the columns Property and Type; Description besides"),
        "empty-table": DiagnosticCode("error", "at least one row right below the delimiter row"),
        "unknown-type": DiagnosticCode(
            "error",
            "string, number, integer (int, long), decimal, double, boolean, date, date-time, GUID, URI, "
            "object, 'string in UTC date-time format', enum where its values are listed, a "
            "resource's name or a link "
            "to it, 'array of' one of these, and 'or null' behind it",
        ),
        "unreadable-name": DiagnosticCode(
            "error", "a property's name: letters, digits, and any of _ - . @ $, without spaces"
        ),
        "duplicate-property": DiagnosticCode("error", "each property once in a table"),
        "repeated-row": DiagnosticCode("warning", "each row once"),
        "unread-cell": DiagnosticCode(
            "warning", "in a column Required yes or no, in a column Length 'least, most' or a number"
        ),
        "uncertain": DiagnosticCode(
            "note",
            "a sentence that says it and nothing else, as in 'Possible values are `a`, `b`.', 'At "
            "most 64 characters.' "
            "or 'Must be between 1 and 9.'",
        ),
        "extra-cells": DiagnosticCode(
            "error", "as many cells as the header has; a pipe inside a cell is written \\|"
        ),
        "missing-cells": DiagnosticCode("warning", "as many cells as the header has"),
        "not-a-row": DiagnosticCode("error", "a blank line between a table and the text after it"),
        "broken-table": DiagnosticCode(
            "error", "a delimiter row of as many cells as the header row, right below it"
        ),
        "orphan-row": DiagnosticCode(
            "error", "table rows right below one another, under a header and a delimiter row"
        ),
        "stray-row": DiagnosticCode(
            "warning", "table rows right below one another, under a header and a delimiter row"
        ),
        "html-table": DiagnosticCode(
            "error", "a Markdown table, or an HTML table of plain rows without merged cells"
        ),
        "unspaced-heading": DiagnosticCode("warning", "a space between the hashes of a heading and its text"),
        "link-mismatch": DiagnosticCode(
            "warning", "a link whose text is the name of the resource it leads to"
        ),
        "too-long": DiagnosticCode(
            "error",
            f"up to {MAX_LINES} lines, {MAX_PARTS} headings, paragraphs and table rows, "
            f"{MAX_MARKS} marks, {MAX_DIFFERENT} types and descriptions that differ, "
            f"and {MAX_ORPHANS} rows outside of tables",
        ),
        "unclosed-front-matter": DiagnosticCode("error", "a line --- below the front matter"),
        "translated-page": DiagnosticCode(
            "error", "the English page: a machine translates the names of properties too"
        ),
    }
)


@dataclass(frozen=True)
class Diagnostic:
    """One complaint about one line of a page; `str()` is the whole of it on one line."""

    level: Level
    code: str
    page: str
    line: int
    found: str
    accepted: str
    message: str
    rows: int = 1
    """How many rows it is about, where it is about a table."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.message} (found {self.found}; accepted: {self.accepted})"


def diagnose(code: str, page: str, line: int, found: str, message: str, *, rows: int = 1) -> Diagnostic:
    """The diagnostic of a code; `found` is text of the page by `excerpt`, or words about it."""
    meaning = DIAGNOSTIC_CODES[code]
    return Diagnostic(meaning.level, code, page, line, found, meaning.accepted, message, rows)


def excerpt(text: str) -> str:
    """The text in quotes on one line, cut where it is long; "nothing" where it is blank."""
    folded = " ".join(text.split())
    if not folded:
        return "nothing"
    printable = "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in folded[: _MAX_EXCERPT + 1]
    )
    return f"'{printable}'" if len(printable) <= _MAX_EXCERPT else f"'{printable[:_MAX_EXCERPT]}…'"
