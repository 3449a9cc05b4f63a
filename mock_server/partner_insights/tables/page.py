"""Turns a page of the documentation into its resources and a diagnostic for all that could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from partner_insights.errors import InputError
from partner_insights.file_reader import read_input
from partner_insights.files import unicode_name
from partner_insights.tables.column_roles import documents_resource
from partner_insights.tables.diagnostics import Diagnostic, diagnose, excerpt
from partner_insights.tables.dialect import Dialect, dialect_of
from partner_insights.tables.enumerations import Enumeration, enumerations
from partner_insights.tables.inline import InlineLink
from partner_insights.tables.markdown import read_document
from partner_insights.tables.resource_headings import resource_name, resource_tables
from partner_insights.tables.resources import Resource, ResourceReader
from partner_insights.tables.skeleton import skeleton_resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from partner_insights.tables.document import Document, OrphanLine

_SWALLOWED_BY = {
    "paragraph": "the line belongs to no table",
    "html_block": "the line is swallowed by the HTML above it",
    "code_block": "the line is indented so far that it is code",
    "unclosed": "the line is swallowed by a block above it that is never closed",
    "wide": "the table is wider than any table of properties",
}


@dataclass(frozen=True)
class Page:
    """A page's file name, front matter, resources, and diagnostics in the order of their lines.

    Where a diagnostic is an error, what it is about is left out or has no type; the rest is certain.
    """

    name: str
    metadata: Mapping[str, str]
    resources: tuple[Resource, ...]
    diagnostics: tuple[Diagnostic, ...]
    enumerations: tuple[Enumeration, ...] = ()
    anchors: frozenset[str] = frozenset()
    """Where a link may lead on it, in lower case."""

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that keep a page from being derived from."""
        return tuple(diagnostic for diagnostic in self.diagnostics if diagnostic.level == "error")


def read_page(path: Path, dialect: Dialect | None = None) -> Page:
    """Read a page from a file in UTF-8, with or without a byte order mark.

    Raises `InputError` where there is no such file or it is not text; all else is a diagnostic.
    """
    try:
        content = read_input(path)
    except OSError as error:
        raise InputError(
            f"the page cannot be read: {error.strerror or error}",
            where=str(path),
            remedy="give a Markdown file",
        ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"the page is not UTF-8: byte 0x{content[error.start]:02x}",
            where=f"{path}:{line}",
            remedy="save the file as UTF-8",
        ) from error
    return read_page_text(text, unicode_name(path), dialect)


def read_page_text(text: str, name: str, dialect: Dialect | None = None) -> Page:
    """Read a page from its text; `name` is what diagnostics call it. Any text is a page.

    Without a dialect it is in the one it shows signs of.
    """
    dialect = dialect or dialect_of(text)
    document = read_document(text)
    if document.too_long_at is not None:
        message = "the page is longer than any page: nothing of it is read"
        refused = diagnose("too-long", name, document.too_long_at, "more", message)
        return Page(name, document.metadata, (), (refused,))
    sources, complaints = resource_tables(document.tables, name, dialect)
    listed = enumerations(document.tables, dialect)
    names = [*(source.name for source in sources), *(found.name for found in listed)]
    reader = ResourceReader(
        name,
        names,
        dialect,
        {found.name.casefold(): InlineLink(found.name, f"#{found.anchor}") for found in listed},
        document.leads,
    )
    resources = tuple(reader.read(source) for source in sources)
    if not resources and not listed and (shown := skeleton_resource(document, text, dialect)) is not None:
        resources = (shown,)
    has_some = bool(resources or (listed and dialect.signs))
    complaints += [*reader.complaints, *_complaints(document, name, dialect, has_resources=has_some)]
    complaints.sort(key=lambda complaint: complaint.line)
    anchors = (anchor for each in document.headings for anchor in (each.anchor, *each.aliases))
    leads_to = frozenset(map(str.casefold, anchors))
    return Page(name, document.metadata, resources, tuple(complaints), listed, leads_to)


def _complaints(
    document: Document, page: str, dialect: Dialect, *, has_resources: bool
) -> Iterator[Diagnostic]:
    """What is wrong with the page outside its resource tables."""
    if document.unclosed_front_matter:
        yield diagnose("unclosed-front-matter", page, 1, "'---'", "the front matter has no end")
    if document.metadata.get("ms.translationtype", "").casefold() == "mt":
        found = excerpt(f"ms.translationtype: {document.metadata['ms.translationtype']}")
        yield diagnose("translated-page", page, 1, found, "the page is translated by a machine")
    for heading in document.headings:
        if not heading.spaced:
            message = "a heading without a space after its hashes is text by the Markdown standard"
            yield diagnose("unspaced-heading", page, heading.line, excerpt(heading.text), message)
    for orphan in document.orphans:
        yield _orphan(orphan, page, dialect)
    for line, why in document.html_tables:
        yield diagnose("html-table", page, line, "'<table'", f"a table in HTML that cannot be read: {why}")
    if not has_resources:
        tables = ", ".join(f"line {table.line}" for table in document.tables[:5])
        found = f"other tables ({tables})" if tables else "no table"
        yield diagnose("no-resource-table", page, 1, found, "the page has no resource table")


def _orphan(orphan: OrphanLine, page: str, dialect: Dialect) -> Diagnostic:
    cells = [cell.strip() for cell in orphan.text.strip("|").split("|")]
    meant = documents_resource(cells, dialect) or (
        orphan.heading is not None and resource_name(orphan.heading.text, dialect) is not None
    )
    if not meant:
        code, message = "stray-row", _SWALLOWED_BY[orphan.block]
    elif orphan.headless and orphan.block == "paragraph":
        code, message = "broken-table", "the delimiter row does not fit the header row, so this is no table"
    else:
        code, message = "orphan-row", _SWALLOWED_BY[orphan.block]
    return diagnose(code, page, orphan.line, excerpt(orphan.text), message)
