"""Turns the tables of a page into those that document resources, each with the heading that names it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from partner_insights.tables.column_roles import documents_resource, indices_of, role_of, says_property
from partner_insights.tables.diagnostics import Diagnostic, diagnose, excerpt
from partner_insights.tables.dialect import REMARK
from partner_insights.tables.enumerations import lists_values
from partner_insights.tables.inline import read_inline
from partner_insights.tables.naming import body_name, owner_of, pascal
from partner_insights.tables.types import read_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from partner_insights.tables.dialect import Dialect, Role
    from partner_insights.tables.document import Heading, Table

_ONE_WORD = re.compile(r"[A-Za-z_]\w*")
_SEVERAL_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9]*(?: [A-Za-z][A-Za-z0-9]*){1,4}")
_TITLE_WORDS = re.compile(r"[A-Z][A-Za-z0-9]*(?: [A-Z][A-Za-z0-9]*){1,4}")
# Headings over tables of requests and answers: those tables look like a resource's and are none.
_MESSAGE_PARTS = {
    *("body", "errors", "example", "examples", "headers", "parameters", "permissions", "error", "parameter"),
    *("query", "request", "response", "syntax", "uri", "url", "header", "scopes", "remarks", "arguments"),
    *("differences", "comparison", "changes", "limitations", "prerequisites", "settings", "filters"),
    *("columns", "roles", "events", "endpoints", "operations", "methods", "routes", "codes", "options"),
}
_PLURAL_ONLY = {"error", "parameter", "header"}  # as one word these may be a resource's name, too
_MESSAGE_NOUNS = (
    r"(?:requests?|responses?|parameters?|headers?|errors?|body|examples?|permissions?|uri|url|query|"
    r"syntax|"
    r"filters?|scopes?|arguments?|routes?|endpoints?|comparison|differences?|changes|roles)"
)
# What a heading begins or ends with: "Portal request without MFA" is about no request.
_MESSAGE_WORDS = re.compile(
    rf"(?:rest |http |api )?{_MESSAGE_NOUNS}\b.*|.*\b{_MESSAGE_NOUNS}|\w+ {_MESSAGE_NOUNS} \w+", re.IGNORECASE
)
_MESSAGE_LEAD = re.compile(
    r"\b(?:following|these|supports?|takes|accepts|required|optional)\b[^.]*"
    r"\b(?:parameters?|headers?|permissions?|scopes|error codes?|status codes?|query|filters?|"
    r"cmdlets?|arguments?)\b",
    re.IGNORECASE,
)
_LONGEST_NAME = 80
_LONGEST_FILE_NAME = 120
_PARAMETERS = re.compile(r"param|header|argument|query|permission|scope", re.IGNORECASE)
# "What a customer is" is no name.
_CLAUSE = re.compile(
    r"^(?:what|how|which|where|when|why|who|about)\b|\b(?:is|are|can|will|you|we)\b", re.IGNORECASE
)
# "The **Term** resource", "an OrderLineItem object": which resource a paragraph introduces.
_INTRODUCED = re.compile(r"\b([A-Z][A-Za-z]*[A-Za-z0-9_]*) (?:resource|object|entity|type|class)\b")
# A paragraph of one name only, as good as a heading.
_LABEL = re.compile(r"([A-Z][a-z0-9]+[A-Z]\w*):?")
_SAYS_RESOURCE = re.compile(rf" resource(?: type)?{REMARK}$", re.IGNORECASE)
_NAME_IN_TYPE = re.compile(r"\b[A-Z][a-z0-9]+[A-Z]\w*")
PROPERTY_NAME = re.compile(r"[A-Za-z_@$][\w.@$-]*")


@dataclass(frozen=True)
class ResourceTable:
    """A table that documents a resource, and the heading with its name.

    `relations` are tables of further properties, which may be absent; a body is a request's or a response's.
    """

    table: Table
    name: str
    heading: Heading
    dialect: Dialect
    relations: tuple[ResourceTable, ...] = ()
    is_body: bool = False

    @property
    def indices(self) -> Mapping[Role, int]:
        """The index of the first column of each meaning."""
        return indices_of(self.table.columns, self.dialect)


class _JoinedTables:
    """The table of a resource, and those under the same heading that go on with it."""

    def __init__(self, first: ResourceTable) -> None:
        self.first = first
        self.rows = list(first.table.rows)
        self.names = self._names(first.table)
        self.relations: list[ResourceTable] = []

    def _names(self, table: Table) -> set[str]:
        column = self.first.indices.get("name", 0)
        return {row.cells[column] for row in table.rows}

    def take(self, table: Table, heading: Heading) -> bool:
        """Add the rows of a further table, where it has the same columns and none of the same properties."""
        if heading is not self.first.heading or table.columns != self.first.table.columns:
            return False
        names = self._names(table)
        if not names.isdisjoint(self.names):
            return False
        self.names |= names
        self.rows += table.rows
        return True

    def whole(self) -> ResourceTable:
        table = replace(self.first.table, rows=tuple(self.rows))
        return replace(self.first, table=table, relations=tuple(self.relations))


def resource_tables(
    tables: Sequence[Table], page: str, dialect: Dialect
) -> tuple[list[ResourceTable], list[Diagnostic]]:
    """The tables that document resources, one for each resource; no complaint about the other tables."""
    found: dict[str, _JoinedTables] = {}
    complaints: list[Diagnostic] = []
    candidates = [
        table
        for table in tables
        if documents_resource(table.columns, dialect)
        and (_is_body(table, dialect) or not _speaks_of_messages(table, dialect))
    ]
    complaints += _passed_over(tables, candidates, page, dialect)
    naming = ResourceHeadings(candidates, dialect)
    for table in candidates:
        roles = indices_of(table.columns, dialect)
        named = naming.of(table)
        if "type" not in roles:
            if "description" in roles and named and not lists_values(table, dialect):
                complaints += _untyped(table, page, dialect)
            continue
        if named is not None and named[0] in found and not _is_relation(table, dialect):
            named = _introduced(table, named)
        if named is None:
            if says_property(table.columns) or dialect.signs:
                complaints.append(_unnamed(table, page))
            continue
        known = found.get(named[0])
        source = ResourceTable(table, *named, dialect, is_body=_is_body(table, dialect))
        if known is not None and _is_relation(table, dialect) and known.first.heading is source.heading:
            known.relations.append(source)
        elif known is not None:
            continued = known.take(table, named[1])
            complaints.append(_second(table, known.first, page, continued=continued))
        elif says_property(table.columns) or _is_relation(table, dialect) or _has_properties(table, dialect):
            found[named[0]] = _JoinedTables(source)
    return [gathering.whole() for gathering in found.values()], complaints


def _passed_over(
    tables: Sequence[Table], taken: Sequence[Table], page: str, dialect: Dialect
) -> Iterator[Diagnostic]:
    """The complaints about typed tables of a known family in a part about messages, but for parameters."""
    known = set(map(id, taken))
    for table in tables if dialect.signs else ():
        typed = "type" in indices_of(table.columns, dialect) and documents_resource(table.columns, dialect)
        about = table.headings[-1].text if table.headings else ""
        if typed and id(table) not in known and not _PARAMETERS.search(about):
            yield _unnamed(table, page)


def _is_relation(table: Table, dialect: Dialect) -> bool:
    return bool(table.headings) and table.headings[-1].text.casefold() in dialect.relations


def _is_body(table: Table, dialect: Dialect) -> bool:
    """Whether a table is of the body of a request or a response, under a heading that says so."""
    if len(table.headings) < 2:
        return False
    text = table.headings[-1].text.casefold()
    return text in dialect.bodies or re.sub(r" \(.*\)$", "", text) in dialect.bodies


def resource_name(heading: str, dialect: Dialect) -> str | None:
    """The resource a heading names, as in "Customer" or "Customer resource"; None where it names none."""
    name = dialect.nouns.sub("", heading)
    folded = name.casefold()
    if not _ONE_WORD.fullmatch(name) or (folded in _MESSAGE_PARTS and folded not in _PLURAL_ONLY):
        return None
    return name


class ResourceHeadings:
    """Which heading gives a table the name of its resource, on a page with these tables of properties."""

    def __init__(self, tables: Sequence[Table], dialect: Dialect) -> None:
        self.tables = tables
        self.dialect = dialect
        owners = [
            (table.headings[0], owner_of(table.headings, dialect)) for table in tables if table.headings
        ]
        self.collections = {title.line for title, owner in owners if _is_collection(title, owner)}
        self._referred: dict[str, str] | None = None

    def of(self, table: Table) -> tuple[str, Heading] | None:
        """The name of the table's resource and the heading that says it; None where none does."""
        named = self._named(table)
        return named if named is not None and len(named[0]) <= _LONGEST_FILE_NAME else None

    def _named(self, table: Table) -> tuple[str, Heading] | None:
        if _is_body(table, self.dialect):
            name = body_name(table.headings)
            return None if name is None else (name, table.headings[-1])
        owner = owner_of(table.headings, self.dialect)
        if owner is None:
            return None
        if owner.line in self.collections and owner is not table.headings[-1]:
            # On a page of several resources "Properties" is one of them.
            owner = table.headings[table.headings.index(owner) + 1]
        name = resource_name(owner.text, self.dialect) or self._several_words(owner, table)
        return None if name is None else (name, owner)

    def _several_words(self, heading: Heading, table: Table) -> str | None:
        """The name that a heading writes in several words: "Support Topic" is SupportTopic."""
        text = self.dialect.nouns.sub("", heading.text)
        squashed = text.replace(" ", "")
        introduced = _INTRODUCED.search(table.lead)
        if introduced and introduced[1].casefold() == squashed.casefold():
            return introduced[1]
        if self.dialect.signs and text != heading.text and 0 < len(text) <= _LONGEST_NAME:
            return pascal(text) or None  # "Get Guild Response Structure" is one, however many words it has
        if not _SEVERAL_WORDS.fullmatch(text) or _MESSAGE_WORDS.fullmatch(text):
            return None
        if _SAYS_RESOURCE.search(heading.text) or (text != heading.text and heading.level > 1):
            return pascal(text)
        if heading.level > 1 and _TITLE_WORDS.fullmatch(text):
            return squashed
        if (known := self._names_in_types().get(squashed.casefold())) is not None:
            return known
        certain = heading.level > 1 and says_property(table.columns) and not _CLAUSE.search(text)
        return pascal(text) if certain and "description" in indices_of(table.columns, self.dialect) else None

    def _names_in_types(self) -> Mapping[str, str]:
        """The names in the Type cells of the page, by their lower case."""
        if self._referred is None:
            self._referred = {}
            for table in self.tables:
                roles = indices_of(table.columns, self.dialect)
                if "type" in roles:
                    cells = (row.cells[roles["type"]] for row in table.rows)
                    names = (name for cell in cells for name in _NAME_IN_TYPE.findall(cell))
                    self._referred |= {name.casefold(): name for name in names}
        return self._referred


def _is_collection(title: Heading, owner: Heading | None) -> bool:
    """Whether the title of a page announces several resources, and an owner below it is one of them."""
    return owner is not None and owner is not title and title.level == 1 and title.text.endswith(" resources")


def _introduced(table: Table, named: tuple[str, Heading]) -> tuple[str, Heading]:
    """The resource that the paragraph above a second table under one heading introduces."""
    introduced = _INTRODUCED.search(table.above) or _LABEL.fullmatch(table.above)
    return (introduced[1], named[1]) if introduced and introduced[1] != named[0] else named


def _has_properties(table: Table, dialect: Dialect) -> bool:
    """Whether a table of names and types has a row that a table of properties would have."""
    roles = indices_of(table.columns, dialect)
    name, type_ = roles["name"], roles["type"]
    for row in table.rows:
        expression = read_type(read_inline(row.cells[type_]), {}, dialect)
        certain = expression is not None and (expression.kind != "reference" or expression.target is not None)
        if certain and _is_name(read_inline(row.cells[name]).text, dialect):
            return True
    return not table.rows


def _is_name(text: str, dialect: Dialect) -> bool:
    return (
        PROPERTY_NAME.fullmatch(dialect.marked("optional", text) or dialect.marked("plain", text) or text)
        is not None
    )


def _speaks_of_messages(table: Table, dialect: Dialect) -> bool:
    """Whether the table stands in a part of the page about a request or an answer, whatever its title."""
    if dialect.signs and table.headings and dialect.nouns.search(table.headings[-1].text):
        return False  # "Role Structure" is one wherever it stands
    if not says_property(table.columns) and _MESSAGE_LEAD.search(table.above):
        return True
    return any(
        resource_name(heading.text, dialect) is None
        and (_MESSAGE_WORDS.fullmatch(heading.text) or heading.text.casefold() in _MESSAGE_PARTS)
        for heading in table.headings
        if heading.level > 1  # the title speaks of the whole page
    )


def _untyped(table: Table, page: str, dialect: Dialect) -> Iterator[Diagnostic]:
    """The complaints about a table that lists properties without their types: it is no resource."""
    shown, rows = excerpt(" | ".join(table.columns)), len(table.rows)
    message = "a table of properties has no column Type"
    yield diagnose("missing-column", page, table.line, shown, message, rows=rows)
    for column in table.columns:
        if role_of(column, dialect) is None:
            found = excerpt(column)
            yield diagnose("unknown-column", page, table.line, found, "a column of unknown meaning")


def _unnamed(table: Table, page: str) -> Diagnostic:
    heading = table.headings[-1].text if table.headings else ""
    message = "a table of properties stands under no resource's name"
    return diagnose("unnamed-resource", page, table.line, excerpt(heading), message, rows=len(table.rows))


def _second(table: Table, first: ResourceTable, page: str, *, continued: bool) -> Diagnostic:
    code = "continued-table" if continued else "duplicate-resource"
    message = f"a second table of {first.name}, after the one on line {first.table.line}"
    message += ": its properties are added" if continued else ""
    rows = 0 if continued else len(table.rows)
    return diagnose(code, page, table.line, excerpt(first.name), message, rows=rows)
