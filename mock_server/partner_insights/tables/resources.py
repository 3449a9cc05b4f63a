"""Turns the tables of resources into their properties, and says which rows and cells it could not read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from partner_insights.tables.column_roles import (
    role_of,
    with_columns,
)
from partner_insights.tables.diagnostics import Diagnostic, diagnose, excerpt
from partner_insights.tables.document import MAX_DIFFERENT, TableRow
from partner_insights.tables.doubts import binding, doubts, with_time
from partner_insights.tables.inline import Inline, InlineLink, read_inline
from partner_insights.tables.prose import RAISED
from partner_insights.tables.resource_headings import PROPERTY_NAME
from partner_insights.tables.row_facts import NOTHING, Facts, may_state_facts, read_facts
from partner_insights.tables.type_expression import TypeExpression
from partner_insights.tables.types import read_type, spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from partner_insights.tables.dialect import Dialect
    from partner_insights.tables.resource_headings import ResourceTable

_QUALIFIED_NAME = re.compile(
    r"([A-Za-z_@$][\w.@$-]*) ?(?:\*|[(\[](optional|required|mandatory|read-?only|deprecated|"
    r"preview|beta)[)\]])",
    re.IGNORECASE,
)

_LISTED_TYPE = re.compile(r"[\w.]+(?<!\.)( collection)?")


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
    within: tuple[str, ...] = ()
    """The anchors of the headings above it, the nearest first."""
    base: InlineLink | None = None
    """The resource whose properties it has, too."""


class ResourceReader:
    """Reads the tables of one page; `complaints` gathers what it could not read."""

    def __init__(
        self,
        page: str,
        names: Iterable[str],
        dialect: Dialect,
        lists: Mapping[str, InlineLink] = MappingProxyType({}),
        leads: Mapping[int, Inline] = MappingProxyType({}),
    ) -> None:
        self.page = page
        self.dialect = dialect
        self.names = spellings(names)
        self.lists = lists  # the page's lists of values by name in lower case, as links to them
        self.leads = leads  # the first paragraphs under the headings
        self.complaints: list[Diagnostic] = []
        self._facts_of: dict[tuple[str, str], Facts] = {}
        self._full = False
        self._short: dict[str, Inline] = {}
        self._types: dict[str, TypeExpression | None] = {}

    def read(self, source: ResourceTable) -> Resource:
        """The resource of a table, with every property whose name is certain."""
        properties: dict[str, Property] = {}
        for part in (source, *source.relations):
            self._check_table(part)
            titles: dict[str, str] = {
                role: column
                for column in part.table.columns
                if (role := role_of(column, self.dialect)) is not None
            }
            for row in self._rows(part):
                if len(self._facts_of) + len(self._types) > MAX_DIFFERENT:
                    self._too_long(row)
                    break
                row_property = self._property(part, row, titles, is_relation=part is not source)
                if row_property is None:
                    continue
                earlier = properties.setdefault(row_property.name.casefold(), row_property)
                if earlier is not row_property:
                    self._twice(part, row_property, earlier)
        heading = source.heading
        return Resource(
            source.name,
            heading.anchor,
            heading.line,
            source.table.lead or self._lead(source).text,
            tuple(properties.values()),
            heading.aliases,
            tuple(each.anchor for each in reversed(source.table.headings)),
            self._base(source),
        )

    def _lead(self, source: ResourceTable) -> Inline:
        return self.leads.get(source.heading.line, Inline(""))

    def _base(self, source: ResourceTable) -> InlineLink | None:
        """The resource that the introduction says this one inherits from."""
        lead, said = self._lead(source), self.dialect.inherits
        found = said.search(lead.text) if said else None
        if found is None:
            return None
        behind = lead.text[found.end() :].lstrip()
        return next((link for link in lead.links if behind.removeprefix("the ").startswith(link.text)), None)

    def _rows(self, source: ResourceTable) -> Iterator[TableRow]:
        """The rows of a table; of two that stand on one line, the second besides the complaint about it."""
        for row in source.table.rows:
            yield row
            if row.extra_cells and row.written >= 2 * len(row.cells):
                cells = tuple(row.extra_cells.split(" | "))
                if len(cells) == len(row.cells) and PROPERTY_NAME.fullmatch(read_inline(cells[0]).text):
                    yield TableRow(row.line, cells, len(cells), salvaged=True)

    def _too_long(self, row: TableRow) -> None:
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
        for column in source.table.columns:
            role = role_of(column, self.dialect)
            if role == "other":
                continue
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
                    "missing-column", source.table.line, excerpt(" | ".join(source.table.columns)), message
                )
        if not source.table.rows:
            self._complain(
                "empty-table", source.table.line, "nothing", f"the table of {source.name} has no rows"
            )

    def _property(
        self, source: ResourceTable, row: TableRow, titles: Mapping[str, str], *, is_relation: bool
    ) -> Property | None:
        cells = [self._inline(cell) for cell in row.cells]
        if not self._is_row(source, row):
            return None
        name_column = source.indices.get("name")
        name = "" if name_column is None else cells[name_column].text
        name, presence = self._unmarked(name)
        if source.is_body and presence == "required":
            presence = ""  # a request may leave out more than its table says
        certain = PROPERTY_NAME.fullmatch(name)
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
                facts, qualified[2].casefold().replace("-", ""), source.table.columns[name_column or 0]
            )
        if is_relation:
            presence, facts = "optional", replace(facts, relation=True)
        if presence and not facts.required and not facts.optional:
            facts = _qualified(facts, presence, source.table.columns[name_column or 0])
        expression = self._type(source, row, name, cells, facts)
        column = source.indices.get("description")
        description = "" if column is None else cells[column].text
        if timed := with_time(expression, description):
            expression, message = timed, f"{source.name}.{name} is a date, or a date with a time of day"
            self._complain("uncertain", row.line, excerpt(row.cells[source.indices["type"]]), message)
        facts = binding(facts, expression, description)
        for about, sentence in doubts(facts, expression):
            message = (
                f"the description of {source.name}.{name} may limit its {about}, in no form that is certain"
            )
            self._complain("uncertain", row.line, excerpt(sentence), message)
        return Property(
            name,
            row.line,
            {column: cell.text for column, cell in zip(source.table.columns, cells, strict=True)},
            expression,
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

    def _unmarked(self, name: str) -> tuple[str, str]:
        """A name without the dialect's mark, and what it says of the property's presence."""
        if (rest := self.dialect.marked("optional", name)) is not None:
            return rest, "optional"
        rest = self.dialect.marked("plain", name)
        return rest or name, "required" if self.dialect.unmarked_required else ""

    def _inline(self, cell: str) -> Inline:
        """The text of a cell; the short ones, most of them types, come again and again."""
        if "<su" in cell:
            cell = RAISED.sub("^", cell)
        if len(cell) > 40:
            return read_inline(cell)
        if cell not in self._short:
            if len(self._short) > 10_000:
                self._short.clear()
            self._short[cell] = read_inline(cell)
        return self._short[cell]

    def _facts(self, source: ResourceTable, row: TableRow, name: str, cells: Sequence[Inline]) -> Facts:
        columns = source.indices
        description = columns.get("description")
        facts = (
            NOTHING if description is None else self._stated(name, row.cells[description], cells[description])
        )
        others = {
            role: (source.table.columns[index], cells[index].text)
            for role, index in columns.items()
            if role not in ("name", "type", "description")
        }
        if (sized := self._sized(source, cells)) is not None:
            others.setdefault("length", sized)
        if not others:
            return facts
        facts, unread = with_columns(facts, others)
        for title in unread:
            text = cells[source.table.columns.index(title)].text
            message = f"the {title} cell of {source.name}.{name} cannot be read"
            self._complain("unread-cell", row.line, excerpt(text), message)
        return facts

    def _sized(self, source: ResourceTable, cells: Sequence[Inline]) -> tuple[str, str] | None:
        """The length that a Type cell gives, as in "string, maximum size 20", with the column's title."""
        column, mark = source.indices.get("type"), self.dialect.marks.get("sized")
        found = mark.fullmatch(cells[column].text) if mark and column is not None else None
        most = found.groupdict().get("most") if found else None
        return None if column is None or most is None else (source.table.columns[column], most)

    def _stated(self, name: str, cell: str, inline: Inline) -> Facts:
        """The facts of a description, many of which come again and again."""
        if not may_state_facts(cell):
            return NOTHING
        if (name, cell) not in self._facts_of:
            facts = read_facts(cell, name, inline)
            if not self.dialect.says_presence:  # it is about what a request must hold
                facts = replace(facts, required=False, optional=False)
            self._facts_of[name, cell] = facts
        return self._facts_of[name, cell]

    def _is_row(self, source: ResourceTable, row: TableRow) -> bool:
        """Whether a line the Markdown standard takes for a row was meant as one; complains of its cells."""
        width = len(row.cells)
        if row.written < 2 <= width:
            message = f"a line of text touches the table of {source.name}"
            self._complain("not-a-row", row.line, excerpt(row.cells[0]), message)
            return False
        counts = f"{row.written} cells under {width} columns"
        if row.extra_cells:
            self._complain(
                "extra-cells", row.line, excerpt(row.extra_cells), f"a row of {source.name} has {counts}"
            )
        elif row.written < width:
            self._complain("missing-cells", row.line, counts, f"a row of {source.name} is short")
        return True

    def _type(
        self, source: ResourceTable, row: TableRow, name: str, cells: Sequence[Inline], facts: Facts
    ) -> TypeExpression | None:
        column = source.indices.get("type")
        if column is None:
            return None
        cell = row.cells[column]
        if cell not in self._types:
            self._types[cell] = read_type(cells[column], self.names, self.dialect)
        expression = self._types[cell]
        listed = self.dialect.signs and facts.values and _LISTED_TYPE.fullmatch(cells[column].text)
        if expression is None and listed:
            # A type of a name that says nothing, whose values the description lists.
            text = TypeExpression("scalar", "string")
            return TypeExpression("array", items=text) if listed[1] else text
        if expression is None:
            message = f"the type of {source.name}.{name} cannot be read for certain"
            self._complain("unknown-type", row.line, excerpt(cell), message)
        elif expression.enumeration and not facts.values and not facts.enumerations:
            message = f"the type of {source.name}.{name} is an enumeration, but nothing says of which values"
            if expression.name is not None:  # its name says where they are, and that is not on the page
                self._complain("uncertain", row.line, excerpt(cell), message)
                return TypeExpression("scalar", "string", nullable=expression.nullable)
            self._complain("unknown-type", row.line, excerpt(cell), message)
            return None
        elif not self.dialect.signs and (link := mismatched_link(expression)):
            message = f"the type of {source.name}.{name} names one resource and leads to another"
            self._complain("link-mismatch", row.line, excerpt(link), message)
        return expression

    def _complain(self, code: str, line: int, found: str, message: str) -> None:
        self.complaints.append(diagnose(code, self.page, line, found, message))


def _qualified(facts: Facts, word: str, title: str) -> Facts:
    """The facts with what a word in parentheses behind a name adds."""
    field_name = {"readonly": "read_only", "mandatory": "required"}.get(word, word)
    if field_name not in ("optional", "required", "read_only", "deprecated"):
        return facts
    columns = {**facts.columns, field_name: title}
    return replace(facts, columns=columns, **{field_name: True})  # type: ignore[arg-type]


def mismatched_link(expression: TypeExpression) -> str | None:
    """The link in a type whose text is not its target's fragment, as Markdown; None where they agree."""
    expression = expression.innermost
    fragment = (expression.target or "").partition("#")[2]
    name = (expression.name or "").casefold()
    agree = not fragment or name.replace(" ", "-") == fragment
    return None if agree else f"[{expression.name}]({expression.target})"
