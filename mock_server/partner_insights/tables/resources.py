"""Turns the tables of a page into resources, and says which rows and cells it could not read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from partner_insights.tables.columns import (
    documents_resource,
    indices_of,
    role_of,
    says_property,
    with_columns,
)
from partner_insights.tables.diagnostics import Diagnostic, diagnose, excerpt
from partner_insights.tables.document import MOST_DIFFERENT, Row
from partner_insights.tables.enumerations import lists_values
from partner_insights.tables.facts import NOTHING, Facts, may_state_facts, read_facts
from partner_insights.tables.inline import Inline, Link, read_inline
from partner_insights.tables.types import TypeExpression, read_type, spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from partner_insights.tables.columns import Role
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
    r"\b(?:requests?|responses?|parameters?|headers?|errors?|body|examples?|permissions?|uri|url|query|syntax|"
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
_PROPERTY_NAME = re.compile(r"[A-Za-z_@$][\w.@$-]*")
_QUALIFIED_NAME = re.compile(
    r"([A-Za-z_@$][\w.@$-]*) ?(?:\*|[(\[](optional|required|mandatory|read-?only|deprecated|"
    r"preview|beta)[)\]])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Property:
    """A row of a resource's table: its cells by header, as visible text, and what two of them mean."""

    name: str
    line: int
    cells: Mapping[str, str]
    type: TypeExpression | None
    facts: Facts
    titles: Mapping[str, str] = field(default_factory=dict)
    """The titles of the columns by what they mean: "name", "type", "description" and so on."""


@dataclass(frozen=True)
class Resource:
    """A resource: the heading it stands under, the paragraph that introduces it, and its properties."""

    name: str
    anchor: str
    line: int
    description: str
    properties: tuple[Property, ...]
    aliases: tuple[str, ...] = ()
    """Further anchors of its heading."""


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


class _Gathering:
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
    found: dict[str, _Gathering] = {}
    complaints: list[Diagnostic] = []
    candidates = [
        (table, columns)
        for table in tables
        if documents_resource(columns := tuple(read_inline(cell).text for cell in table.header.cells))
        and not _speaks_of_messages(table, columns)
    ]
    naming = Naming([table for table, _ in candidates])
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
            found[named[0]] = _Gathering(ResourceTable(table, *named, columns))
    return [gathering.whole() for gathering in found.values()], complaints


def resource_name(heading: str) -> str | None:
    """The resource a heading names, as in "Customer" or "Customer resource"; None where it names none."""
    name = _TRAILING_NOUN.sub("", heading)
    folded = name.casefold()
    if not _ONE_WORD.fullmatch(name) or (folded in _MESSAGE_PARTS and folded not in _PLURAL_ONLY):
        return None
    return name


class Naming:
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
        if certain and _PROPERTY_NAME.fullmatch(read_inline(row.cells[name]).text):
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


class ResourceReader:
    """Reads the tables of one page; `complaints` gathers what it could not read."""

    def __init__(
        self, page: str, names: Iterable[str], lists: Mapping[str, Link] = MappingProxyType({})
    ) -> None:
        self.page = page
        self.names = spellings(names)
        self.lists = lists  # the page's lists of values by name in lower case, as links to them
        self.complaints: list[Diagnostic] = []
        self._facts_of: dict[str, Facts] = {}
        self._full = False
        self._short: dict[str, Inline] = {}
        self._types: dict[str, TypeExpression | None] = {}

    def read(self, source: ResourceTable) -> Resource:
        """The resource of a table, with every property whose name is certain."""
        self._check_table(source)
        properties: dict[str, Property] = {}
        titles: dict[str, str] = {
            role: column for column in source.columns if (role := role_of(column)) is not None
        }
        for row in self._rows(source):
            if len(self._facts_of) + len(self._types) > MOST_DIFFERENT:
                self._too_long(row)
                break
            row_property = self._property(source, row, titles)
            if row_property is None:
                continue
            earlier = properties.setdefault(row_property.name.casefold(), row_property)
            if earlier is not row_property:
                self._twice(source, row_property, earlier)
        heading = source.heading
        return Resource(
            source.name,
            heading.anchor,
            heading.line,
            source.table.lead,
            tuple(properties.values()),
            heading.aliases,
        )

    def _rows(self, source: ResourceTable) -> Iterator[Row]:
        """The rows of a table; of two that stand on one line, the second besides the complaint about it."""
        for row in source.table.rows:
            yield row
            if row.surplus and row.written >= 2 * len(row.cells):
                cells = tuple(row.surplus.split(" | "))
                if len(cells) == len(row.cells) and _PROPERTY_NAME.fullmatch(read_inline(cells[0]).text):
                    yield Row(row.line, cells, len(cells), salvaged=True)

    def _too_long(self, row: Row) -> None:
        if not self._full:
            self._complain(
                "too-long", row.line, "more", "the page is longer than any page: from here on no row is read"
            )
        self._full = True

    def _twice(self, source: ResourceTable, second: Property, first: Property) -> None:
        # Another description changes nothing; another type leaves open which of the two it is.
        same = first.name == second.name and first.type is not None and first.type == second.type
        message = f"{source.name}.{second.name} again, first on line {first.line}"
        code = "repeated-row" if same else "duplicate-property"
        self._complain(code, second.line, excerpt(second.name), message)

    def _check_table(self, source: ResourceTable) -> None:
        roles: set[str] = set()
        for column in source.columns:
            role = role_of(column)
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

    def _property(self, source: ResourceTable, row: Row, titles: Mapping[str, str]) -> Property | None:
        cells = [self._inline(cell) for cell in row.cells]
        if not self._is_row(source, row):
            return None
        name_column = source.indices.get("name")
        name = "" if name_column is None else cells[name_column].text
        certain = _PROPERTY_NAME.fullmatch(name)
        qualified = None if certain else _QUALIFIED_NAME.fullmatch(name)
        if qualified:
            name = qualified[1]
        elif not certain:
            if name_column is not None:
                self._complain(
                    "unreadable-name", row.line, excerpt(name), f"a row of {source.name} has no name to read"
                )
            return None
        facts = self._listed(name, self._facts(source, row, name, cells), source, cells)
        if qualified and qualified[2]:
            facts = _qualified(
                facts, qualified[2].casefold().replace("-", ""), source.columns[name_column or 0]
            )
        return Property(
            name,
            row.line,
            {column: cell.text for column, cell in zip(source.columns, cells, strict=True)},
            self._type(source, row, name, cells, facts),
            facts,
            titles,
        )

    def _listed(self, name: str, facts: Facts, source: ResourceTable, cells: Sequence[Inline]) -> Facts:
        """The facts with the list of values that a row of an enumeration names, or is named like."""
        if not self.lists or facts.values or facts.enumerations:
            return facts
        type_column, description = source.indices.get("type"), source.indices.get("description")
        if type_column is None:
            return facts
        if not cells[type_column].text.casefold().startswith("enum"):
            return facts
        words = [] if description is None else re.findall(r"\w+", cells[description].text.casefold())
        named = [self.lists[word] for word in (*dict.fromkeys(words), name.casefold()) if word in self.lists]
        return replace(facts, enumerations=(named[0],)) if named else facts

    def _inline(self, cell: str) -> Inline:
        """The text of a cell; the short ones, most of them types, come again and again."""
        if len(cell) > 40:
            return read_inline(cell)
        if cell not in self._short:
            if len(self._short) > 10_000:
                self._short.clear()
            self._short[cell] = read_inline(cell)
        return self._short[cell]

    def _facts(self, source: ResourceTable, row: Row, name: str, cells: Sequence[Inline]) -> Facts:
        columns = source.indices
        description = columns.get("description")
        facts = NOTHING if description is None else self._stated(row.cells[description], cells[description])
        others = {
            role: (source.columns[index], cells[index].text)
            for role, index in columns.items()
            if role not in ("name", "type", "description")
        }
        if not others:
            return facts
        facts, unread = with_columns(facts, others)
        for title in unread:
            text = cells[source.columns.index(title)].text
            message = f"the {title} cell of {source.name}.{name} cannot be read"
            self._complain("unread-cell", row.line, excerpt(text), message)
        return facts

    def _stated(self, cell: str, inline: Inline) -> Facts:
        """The facts of a description, many of which come again and again."""
        if not may_state_facts(cell):
            return NOTHING
        if cell not in self._facts_of:
            self._facts_of[cell] = read_facts(cell, inline)
        return self._facts_of[cell]

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
        self, source: ResourceTable, row: Row, name: str, cells: Sequence[Inline], facts: Facts
    ) -> TypeExpression | None:
        column = source.indices.get("type")
        if column is None:
            return None
        cell = row.cells[column]
        if cell not in self._types:
            self._types[cell] = read_type(cells[column], self.names)
        expression = self._types[cell]
        if expression is None:
            message = f"the type of {source.name}.{name} cannot be read for certain"
            self._complain("unknown-type", row.line, excerpt(cell), message)
        elif expression.enumeration and not facts.values and not facts.enumerations:
            message = f"the type of {source.name}.{name} is an enumeration, but nothing says of which values"
            self._complain("unknown-type", row.line, excerpt(cell), message)
            return None
        elif link := mismatched_link(expression):
            message = f"the type of {source.name}.{name} names one resource and leads to another"
            self._complain("link-mismatch", row.line, excerpt(link), message)
        return expression

    def _complain(self, code: str, line: int, found: str, message: str) -> None:
        self.complaints.append(diagnose(code, page=self.page, line=line, found=found, message=message))


def _qualified(facts: Facts, word: str, title: str) -> Facts:
    """The facts with what a word in parentheses behind a name adds."""
    field_name = {"readonly": "read_only", "mandatory": "required"}.get(word, word)
    if field_name not in ("optional", "required", "read_only", "deprecated"):
        return facts
    columns = {**facts.columns, field_name: title}
    return replace(facts, columns=columns, **{field_name: True})  # type: ignore[arg-type]


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
