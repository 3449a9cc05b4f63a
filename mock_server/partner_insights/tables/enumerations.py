"""Turns the tables of values on a page into enumerations that a property may refer to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from partner_insights.tables.column_roles import role_of
from partner_insights.tables.inline import read_inline
from partner_insights.tables.naming import owner_of, pascal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from partner_insights.tables.dialect import Dialect
    from partner_insights.tables.document import Heading, Table

_VALUE_TITLES = {
    *("value", "values", "member", "member name", "enum value", "enumeration value", "possible value"),
    *("possible values", "enum", "enum member", "supported value", "allowed value", "members", "constant"),
}
# Names are values where a column beside them numbers or describes them, not where it gives them types.
_NUMBER_TITLES = {"value", "position", "integer value", "number", "numeric value", "ordinal", "code", "id"}
_TEXT_TITLES = {"description", "meaning", "definition", "remarks", "details"}
_NAME = re.compile(
    r"([A-Za-z_]\w*)"
    r"(?: (?:enum(?:eration)?|values?|type|enum values?|enumeration values|enum type|members))*",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(r"\benum(?:eration)?s?\b", re.IGNORECASE)
_MAX_VALUE = 80


@dataclass(frozen=True)
class Enumeration:
    """A closed list of values under a heading, each with its line; `nullable` where null is one."""

    name: str
    anchor: str
    line: int
    values: tuple[str, ...]
    lines: tuple[int, ...]
    aliases: tuple[str, ...] = ()
    nullable: bool = False


def enumerations(tables: Iterable[Table], dialect: Dialect) -> tuple[Enumeration, ...]:
    """The tables of values under a heading that is their name, the first for each name."""
    found: dict[str, Enumeration] = {}
    for table in tables:
        if not table.headings or not lists_values(table, dialect):
            continue
        named = _named(table.headings, dialect)
        if named is None:
            continue
        column = _value_column(table, dialect)
        rows = [row for row in table.rows if row.cells[column]]
        values = [read_inline(row.cells[column]).text.strip("\"'") for row in rows]
        single = all(0 < len(value) <= _MAX_VALUE and "<<" not in value for value in values)
        if values and len(values) == len(table.rows) and single:
            name, heading = named
            found.setdefault(
                name,
                Enumeration(
                    name,
                    heading.anchor,
                    heading.line,
                    tuple(dict.fromkeys(value for value in values if value != "null")),
                    tuple(row.line for row in rows),
                    heading.aliases,
                    nullable="null" in values,
                ),
            )
    return tuple(found.values())


def _value_column(table: Table, dialect: Dialect) -> int:
    """The index of the column with the values: the first, unless the dialect has them in another."""
    titles = [title.casefold() for title in table.columns]
    numbers = [index for index, title in enumerate(titles) if title == "type" and _numbers(table, index)]
    named = [index for index, title in enumerate(titles) if title in dialect.value_titles]
    return next(iter([*named, *numbers]), 0)


def _numbers(table: Table, column: int) -> bool:
    """Whether a column holds nothing but whole numbers: a "Type" of those is a value."""
    return bool(table.rows) and all(row.cells[column].strip("`").isdigit() for row in table.rows)


def lists_values(table: Table, dialect: Dialect) -> bool:
    """Whether a table lists the values of something: by its columns, or because its introduction says so."""
    columns = [title.casefold() for title in table.columns]
    first, *others = columns or ("",)
    if "type" in others and not (dialect.value_titles and _numbers(table, others.index("type") + 1)):
        return False
    if "type" in others:
        return True
    if first in _VALUE_TITLES or not dialect.value_titles.isdisjoint(columns):
        return not others or not (_TEXT_TITLES | _NUMBER_TITLES | {"name"}).isdisjoint(others)
    if first == "name" and not _NUMBER_TITLES.isdisjoint(others):
        return True
    introduced = _INTRODUCED.search(table.lead) or _INTRODUCED.search(table.above)
    return bool(introduced) and role_of(first, dialect) == "name" and not _TEXT_TITLES.isdisjoint(others)


def _named(headings: Sequence[Heading], dialect: Dialect) -> tuple[str, Heading] | None:
    """The name of a list of values, and its heading: the last that is none of a part."""
    heading = owner_of(headings, dialect)
    if heading is None or (heading.level == 1 and len(headings) > 1 and heading is headings[-1]):
        return None
    name = _NAME.fullmatch(heading.text)
    if name is not None:
        return name[1], heading
    words = dialect.nouns.sub("", heading.text)
    return (pascal(words), heading) if dialect.value_titles and 0 < len(words) <= _MAX_VALUE else None
