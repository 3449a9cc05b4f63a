"""Turns the tables of a page into those that document resources, each with the heading that names it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from partner_insights.tables.column_roles import documents_resource, indices_of, role_of, says_property
from partner_insights.tables.diagnostics import Diagnostic, diagnose, excerpt
from partner_insights.tables.enumerations import lists_values
from partner_insights.tables.inline import read_inline
from partner_insights.tables.types import read_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from partner_insights.tables.column_roles import Role
    from partner_insights.tables.document import Heading, Table

_ONE_WORD = re.compile(r"[A-Za-z_]\w*")
_TITLE_WORDS = re.compile(r"[A-Z][A-Za-z0-9]*(?: [A-Z][A-Za-z0-9]*){1,4}")
_TRAILING_NOUN = re.compile(
    r"(?: (?:resources?|objects?|properties|types?|fields|schema|entity|class|resource representation))+$",
    re.IGNORECASE,
)
# Headings that say which part of the resource above them follows.
_PARTS = {"properties", "fields", "property", "attributes", "members", "resource properties", "schema"}
# Headings over tables of requests and answers: those tables look like a resource's and are none.
_MESSAGE_PARTS = {
    *("body", "errors", "example", "examples", "headers", "parameters", "permissions", "error", "parameter"),
    *("query", "request", "response", "syntax", "uri", "url", "header", "scopes", "remarks", "arguments"),
    *(
        "differences",
        "comparison",
        "changes",
        "limitations",
        "prerequisites",
        "settings",
        "filters",
        "options",
    ),
    *("columns", "roles", "events", "endpoints", "operations", "methods", "routes", "codes"),
}
_PLURAL_ONLY = {"error", "parameter", "header"}  # as one word these may be a resource's name, too
_MESSAGE_WORDS = re.compile(
    r"\b(?:requests?|responses?|parameters?|headers?|errors?|body|examples?|permissions?|uri|url|query|"
    r"syntax|"
    r"filters?|scopes?|arguments?|routes?|endpoints?|comparison|differences?|changes|roles)\b",
    re.IGNORECASE,
)
_MESSAGE_LEAD = re.compile(
    r"\b(?:following|these|supports?|takes|accepts|required|optional)\b[^.]*"
    r"\b(?:parameters?|headers?|permissions?|scopes|error codes?|status codes?|query|filters?|"
    r"cmdlets?|arguments?)\b",
    re.IGNORECASE,
)
# "The **Term** resource", "an OrderLineItem object": which resource a paragraph introduces.
_INTRODUCED = re.compile(r"\b([A-Z][A-Za-z]*[A-Za-z0-9_]*) (?:resource|object|entity|type|class)\b")
# A paragraph of one name only, as good as a heading.
_LABEL = re.compile(r"([A-Z][a-z0-9]+[A-Z]\w*):?")
_SEVERAL_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9]*(?: [A-Za-z][A-Za-z0-9]*){1,4}")
_SAYS_RESOURCE = re.compile(r" resource(?: type)?$", re.IGNORECASE)
_NAME_IN_TYPE = re.compile(r"\b[A-Z][a-z0-9]+[A-Z]\w*")
PROPERTY_NAME = re.compile(r"[A-Za-z_@$][\w.@$-]*")


@dataclass(frozen=True)
class ResourceTable:
    """A table that documents a resource, and the heading with its name."""

    table: Table
    name: str
    heading: Heading
    columns: tuple[str, ...]  # the header's cells, as visible text

    @property
    def indices(self) -> Mapping[Role, int]:
        """The index of the first column of each meaning."""
        return indices_of(self.columns)


class _JoinedTables:
    """The table of a resource, and those under the same heading that go on with it."""

    def __init__(self, first: ResourceTable) -> None:
        self.first = first
        self.rows = list(first.table.rows)
        self.names = self._names(first.table)

    def _names(self, table: Table) -> set[str]:
        column = self.first.indices.get("name", 0)
        return {row.cells[column] for row in table.rows}

    def take(self, table: Table, columns: tuple[str, ...], heading: Heading) -> bool:
        """Add the rows of a further table, where it has the same columns and none of the same properties."""
        if heading is not self.first.heading or columns != self.first.columns:
            return False
        names = self._names(table)
        if not names.isdisjoint(self.names):
            return False
        self.names |= names
        self.rows += table.rows
        return True

    def whole(self) -> ResourceTable:
        return replace(self.first, table=replace(self.first.table, rows=tuple(self.rows)))


def resource_tables(tables: Iterable[Table], page: str) -> tuple[list[ResourceTable], list[Diagnostic]]:
    """The tables that document resources, one for each resource; no complaint about the other tables."""
    found: dict[str, _JoinedTables] = {}
    complaints: list[Diagnostic] = []
    candidates = [
        (table, columns)
        for table in tables
        if documents_resource(columns := tuple(read_inline(cell).text for cell in table.header.cells))
        and not _speaks_of_messages(table, columns)
    ]
    naming = ResourceHeadings([table for table, _ in candidates])
    for table, columns in candidates:
        roles = indices_of(columns)
        named = naming.of(table)
        if "type" not in roles:
            if "description" in roles and named and not lists_values(table):
                complaints += _untyped(table, columns, page)
            continue
        if named is not None and named[0] in found:
            named = _introduced(table, named)
        if named is None:
            if says_property(columns):
                complaints.append(_unnamed(table, page))
        elif (known := found.get(named[0])) is not None:
            continued = known.take(table, columns, named[1])
            complaints.append(_second(table, known.first, page, continued=continued))
        elif says_property(columns) or _has_properties(table, columns):
            found[named[0]] = _JoinedTables(ResourceTable(table, *named, columns))
    return [gathering.whole() for gathering in found.values()], complaints


def resource_name(heading: str) -> str | None:
    """The resource a heading names, as in "Customer" or "Customer resource"; None where it names none."""
    name = _TRAILING_NOUN.sub("", heading)
    folded = name.casefold()
    if not _ONE_WORD.fullmatch(name) or (folded in _MESSAGE_PARTS and folded not in _PLURAL_ONLY):
        return None
    return name


class ResourceHeadings:
    """Which heading gives a table the name of its resource, on a page with these tables of properties."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = tables
        owners = [(table.headings[0], _owner(table)) for table in tables if table.headings]
        self.collections = {title.line for title, owner in owners if _is_collection(title, owner)}
        self._referred: dict[str, str] | None = None

    def of(self, table: Table) -> tuple[str, Heading] | None:
        """The name of the table's resource and the heading that says it; None where none does."""
        owner = _owner(table)
        if owner is None:
            return None
        if owner.line in self.collections and owner is not table.headings[-1]:
            # On a page of several resources "Properties" is one of them.
            owner = table.headings[table.headings.index(owner) + 1]
        name = resource_name(owner.text) or self._several_words(owner, table)
        return None if name is None else (name, owner)

    def _several_words(self, heading: Heading, table: Table) -> str | None:
        """The name that a heading writes in several words: "Support Topic" is SupportTopic."""
        text = _TRAILING_NOUN.sub("", heading.text)
        squashed = text.replace(" ", "")
        introduced = _INTRODUCED.search(table.lead)
        if introduced and introduced[1].casefold() == squashed.casefold():
            return introduced[1]
        if not _SEVERAL_WORDS.fullmatch(text) or _MESSAGE_WORDS.search(text):
            return None
        if _SAYS_RESOURCE.search(heading.text):
            return "".join(word[0].upper() + word[1:] for word in text.split())
        if heading.level > 1 and _TITLE_WORDS.fullmatch(text):
            return squashed
        return self._names_in_types().get(squashed.casefold())

    def _names_in_types(self) -> Mapping[str, str]:
        """The names in the Type cells of the page, by their lower case."""
        if self._referred is None:
            self._referred = {}
            for table in self.tables:
                roles = indices_of(tuple(read_inline(cell).text for cell in table.header.cells))
                if "type" in roles:
                    cells = (row.cells[roles["type"]] for row in table.rows)
                    names = (name for cell in cells for name in _NAME_IN_TYPE.findall(cell))
                    self._referred |= {name.casefold(): name for name in names}
        return self._referred


def _owner(table: Table) -> Heading | None:
    """The last heading above a table that is no heading of a part, such as "Properties"."""
    return next((each for each in reversed(table.headings) if each.text.casefold() not in _PARTS), None)


def _is_collection(title: Heading, owner: Heading | None) -> bool:
    """Whether the title of a page announces several resources, and an owner below it is one of them."""
    return owner is not None and owner is not title and title.level == 1 and title.text.endswith(" resources")


def _introduced(table: Table, named: tuple[str, Heading]) -> tuple[str, Heading]:
    """The resource that the paragraph above a second table under one heading introduces."""
    introduced = _INTRODUCED.search(table.above) or _LABEL.fullmatch(table.above)
    return (introduced[1], named[1]) if introduced and introduced[1] != named[0] else named


def _has_properties(table: Table, columns: Sequence[str]) -> bool:
    """Whether a table of names and types has a row that a table of properties would have."""
    roles = indices_of(tuple(columns))
    name, type_ = roles["name"], roles["type"]
    for row in table.rows:
        expression = read_type(read_inline(row.cells[type_]), {})
        certain = expression is not None and (expression.kind != "reference" or expression.target is not None)
        if certain and PROPERTY_NAME.fullmatch(read_inline(row.cells[name]).text):
            return True
    return not table.rows


def _speaks_of_messages(table: Table, columns: Sequence[str]) -> bool:
    """Whether the table stands in a part of the page about a request or an answer, whatever its title."""
    if not says_property(columns) and _MESSAGE_LEAD.search(table.above):
        return True
    return any(
        resource_name(heading.text) is None
        and (_MESSAGE_WORDS.search(heading.text) or heading.text.casefold() in _MESSAGE_PARTS)
        for heading in table.headings
        if heading.level > 1  # the title speaks of the whole page
    )


def _untyped(table: Table, columns: Sequence[str], page: str) -> list[Diagnostic]:
    """The complaints about a table that lists properties without their types: it is no resource."""
    shown = excerpt(" | ".join(columns))
    message = "a table of properties has no column Type"
    unknown = [column for column in columns if role_of(column) is None]
    return [
        diagnose("missing-column", page=page, line=table.line, found=shown, message=message),
        *(
            diagnose(
                "unknown-column",
                page=page,
                line=table.line,
                found=excerpt(column),
                message="a column of unknown meaning",
            )
            for column in unknown
        ),
    ]


def _unnamed(table: Table, page: str) -> Diagnostic:
    heading = table.headings[-1].text if table.headings else ""
    message = "a table of properties stands under no resource's name"
    return diagnose("unnamed-resource", page=page, line=table.line, found=excerpt(heading), message=message)


def _second(table: Table, first: ResourceTable, page: str, *, continued: bool) -> Diagnostic:
    code = "continued-table" if continued else "duplicate-resource"
    message = f"a second table of {first.name}, after the one on line {first.table.line}"
    message += ": its properties are added" if continued else ""
    return diagnose(code, page=page, line=table.line, found=excerpt(first.name), message=message)
