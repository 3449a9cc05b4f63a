"""Turns the tables of a page into resources, and says which rows and cells it could not read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from partner_insights.tables.diagnostics import Diagnostic, diagnose, excerpt
from partner_insights.tables.facts import Facts, read_facts
from partner_insights.tables.inline import Inline, read_inline
from partner_insights.tables.types import TypeExpression, read_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from partner_insights.tables.document import Heading, Row, Table

_ROLES = {
    "property": "name",
    "name": "name",
    "field": "name",
    "type": "type",
    "data type": "type",
    "description": "description",
}

_ONE_WORD = re.compile(r"[A-Za-z_]\w*")
_TRAILING_NOUN = re.compile(r" (?:resources?|objects?|properties|type|fields)$", re.IGNORECASE)
# Headings that say which part of the resource above them follows.
_PARTS = {"properties", "fields"}
# Headings over tables of requests and answers: those tables look like a resource's and are none.
_MESSAGE_PARTS = {
    *("body", "errors", "example", "examples", "headers", "parameters", "permissions"),
    *("query", "request", "response", "syntax", "uri", "url"),
}
_MESSAGE_WORDS = re.compile(
    r"\b(?:requests?|responses?|parameters?|headers?|errors?|body|examples?|permissions?|uri|url|query|syntax)\b",
    re.IGNORECASE,
)
_PROPERTY_NAME = re.compile(r"[A-Za-z_@$][\w.@$-]*")


@dataclass(frozen=True)
class Property:
    """A row of a resource's table: its cells by header, as visible text, and what two of them mean."""

    name: str
    line: int
    cells: Mapping[str, str]
    type: TypeExpression | None
    facts: Facts


@dataclass(frozen=True)
class Resource:
    """A resource: the heading it stands under, the paragraph that introduces it, and its properties."""

    name: str
    anchor: str
    line: int
    description: str
    properties: tuple[Property, ...]


@dataclass(frozen=True)
class ResourceTable:
    """A table that documents a resource, and the heading with its name."""

    table: Table
    name: str
    heading: Heading
    columns: tuple[str, ...]  # the header's cells, as visible text

    def column(self, role: str) -> int | None:
        """The index of the first column with a role: name, type or description."""
        roles = [_ROLES.get(column.casefold()) for column in self.columns]
        return roles.index(role) if role in roles else None


def resource_tables(tables: Iterable[Table], page: str) -> tuple[list[ResourceTable], list[Diagnostic]]:
    """The tables that document resources, one for each resource; no complaint about the other tables."""
    found: dict[str, ResourceTable] = {}
    complaints: list[Diagnostic] = []
    for table in tables:
        columns = tuple(read_inline(cell).text for cell in table.header.cells)
        if not documents_resource(columns) or _speaks_of_messages(table.headings):
            continue
        named = _naming_heading(table.headings)
        if named is None:
            if "property" in (column.casefold() for column in columns):
                complaints.append(_unnamed(table, page))
        elif named[0] in found:
            complaints.append(_second(table, found[named[0]], page))
        else:
            found[named[0]] = ResourceTable(table, *named, columns)
    return list(found.values()), complaints


def documents_resource(columns: Sequence[str]) -> bool:
    """Whether a table with these columns lists properties: it says so, or it gives names types."""
    folded = [column.casefold() for column in columns]
    roles = {_ROLES.get(column) for column in folded}
    return "property" in folded or (bool(folded) and _ROLES.get(folded[0]) == "name" and "type" in roles)


def resource_name(heading: str) -> str | None:
    """The resource a heading names, as in "Customer" or "Customer resource"; None where it names none."""
    name = _TRAILING_NOUN.sub("", heading)
    return name if _ONE_WORD.fullmatch(name) and name.casefold() not in _MESSAGE_PARTS else None


def _naming_heading(headings: Sequence[Heading]) -> tuple[str, Heading] | None:
    for heading in reversed(headings):
        if heading.text.casefold() not in _PARTS:
            name = resource_name(heading.text)
            return None if name is None else (name, heading)
    return None


def _speaks_of_messages(headings: Sequence[Heading]) -> bool:
    """Whether the table stands in a part of the page about a request or an answer, whatever its title."""
    return any(
        resource_name(heading.text) is None and _MESSAGE_WORDS.search(heading.text)
        for heading in headings
        if heading.level > 1  # the title speaks of the whole page
    )


def _unnamed(table: Table, page: str) -> Diagnostic:
    heading = table.headings[-1].text if table.headings else ""
    message = "a table of properties stands under no resource's name"
    return diagnose("unnamed-resource", page=page, line=table.line, found=excerpt(heading), message=message)


def _second(table: Table, first: ResourceTable, page: str) -> Diagnostic:
    message = f"a second table of {first.name}, after the one on line {first.table.line}"
    return diagnose(
        "duplicate-resource", page=page, line=table.line, found=excerpt(first.name), message=message
    )


class ResourceReader:
    """Reads the tables of one page; `complaints` gathers what it could not read."""

    def __init__(self, page: str, names: frozenset[str]) -> None:
        self.page = page
        self.names = names
        self.complaints: list[Diagnostic] = []

    def read(self, source: ResourceTable) -> Resource:
        """The resource of a table, with every property whose name is certain."""
        self._check_table(source)
        properties: dict[str, Property] = {}
        for row in source.table.rows:
            row_property = self._property(source, row)
            if row_property is None:
                continue
            earlier = properties.setdefault(row_property.name.casefold(), row_property)
            if earlier is not row_property:
                message = f"{source.name}.{row_property.name} again, first on line {earlier.line}"
                self._complain("duplicate-property", row.line, excerpt(row_property.name), message)
        heading = source.heading
        return Resource(
            source.name, heading.anchor, heading.line, source.table.lead, tuple(properties.values())
        )

    def _check_table(self, source: ResourceTable) -> None:
        roles: set[str] = set()
        for column in source.columns:
            role = _ROLES.get(column.casefold())
            if role is None or role in roles:
                again = "the same column twice" if role else "a column of unknown meaning"
                self._complain(
                    "unknown-column", source.table.line, excerpt(column), f"{source.name} has {again}"
                )
            else:
                roles.add(role)
        for role, title in (("name", "Property"), ("type", "Type")):
            if role not in roles:
                message = f"{source.name} has no column {title}"
                self._complain(
                    "missing-column", source.table.line, excerpt(" | ".join(source.columns)), message
                )
        if not source.table.rows:
            self._complain(
                "empty-table", source.table.line, "nothing", f"the table of {source.name} has no rows"
            )

    def _property(self, source: ResourceTable, row: Row) -> Property | None:
        cells = [read_inline(cell) for cell in row.cells]
        if not self._is_row(source, row):
            return None
        name_column = source.column("name")
        name = "" if name_column is None else cells[name_column].text
        if not _PROPERTY_NAME.fullmatch(name):
            if name_column is not None:
                self._complain(
                    "unreadable-name", row.line, excerpt(name), f"a row of {source.name} has no name to read"
                )
            return None
        description = source.column("description")
        return Property(
            name,
            row.line,
            {column: cell.text for column, cell in zip(source.columns, cells, strict=True)},
            self._type(source, row, name, cells),
            read_facts("" if description is None else cells[description].text),
        )

    def _is_row(self, source: ResourceTable, row: Row) -> bool:
        """Whether a line the Markdown standard takes for a row was meant as one; complains of its cells."""
        width = len(row.cells)
        if row.written < 2 <= width:
            message = f"a line of text touches the table of {source.name}"
            self._complain("not-a-row", row.line, excerpt(row.cells[0]), message)
            return False
        counts = f"{row.written} cells under {width} columns"
        if row.surplus:
            self._complain(
                "extra-cells", row.line, excerpt(row.surplus), f"a row of {source.name} has {counts}"
            )
        elif row.written < width:
            self._complain("missing-cells", row.line, counts, f"a row of {source.name} is short")
        return True

    def _type(
        self, source: ResourceTable, row: Row, name: str, cells: Sequence[Inline]
    ) -> TypeExpression | None:
        column = source.column("type")
        if column is None:
            return None
        expression = read_type(cells[column], self.names)
        if expression is None:
            message = f"the type of {source.name}.{name} cannot be read for certain"
            self._complain("unknown-type", row.line, excerpt(row.cells[column]), message)
        elif link := mismatched_link(expression):
            message = f"the type of {source.name}.{name} names one resource and leads to another"
            self._complain("link-mismatch", row.line, excerpt(link), message)
        return expression

    def _complain(self, code: str, line: int, found: str, message: str) -> None:
        self.complaints.append(diagnose(code, page=self.page, line=line, found=found, message=message))


def mismatched_link(expression: TypeExpression) -> str | None:
    """The link in a type whose text is not its target's fragment, as Markdown; None where they agree."""
    while expression.items is not None:
        expression = expression.items
    fragment = (expression.target or "").partition("#")[2]
    name = (expression.name or "").casefold()
    return (
        f"[{expression.name}]({expression.target})"
        if fragment and name.replace(" ", "-") != fragment
        else None
    )
