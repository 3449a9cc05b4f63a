"""Turns the tables of values on a page into enumerations that a property may refer to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from partner_insights.tables.column_roles import role_of
from partner_insights.tables.inline import read_inline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from partner_insights.tables.document import Heading, Table

_VALUE_TITLES = {
    *(
        "value",
        "values",
        "member",
        "member name",
        "enum value",
        "enumeration value",
        "possible value",
        "constant",
    ),
    *("possible values", "enum", "enum member", "supported value", "allowed value", "members"),
}
# Names are values where a column beside them numbers or describes them, not where it gives them types.
_NUMBER_TITLES = {"value", "position", "integer value", "number", "numeric value", "ordinal", "code", "id"}
_TEXT_TITLES = {"description", "meaning", "definition", "remarks", "details"}
_NAME = re.compile(
    r"([A-Za-z_]\w*)(?: (?:enum(?:eration)?|values?|type|enum values?|enumeration values|enum type|members))*"
)
_INTRODUCED = re.compile(r"\benum(?:eration)?s?\b", re.IGNORECASE)
_MAX_VALUE = 80


@dataclass(frozen=True)
class Enumeration:
    """A closed list of values under a heading, each with the line it stands on."""

    name: str
    anchor: str
    line: int
    values: tuple[str, ...]
    lines: tuple[int, ...]
    aliases: tuple[str, ...] = ()


def enumerations(tables: Iterable[Table]) -> tuple[Enumeration, ...]:
    """The tables of values under a heading that is their name, the first for each name."""
    found: dict[str, Enumeration] = {}
    for table in tables:
        if not table.headings or not lists_values(table):
            continue
        named = _named(table.headings)
        if named is None:
            continue
        rows = [row for row in table.rows if row.cells[0]]
        values = [read_inline(row.cells[0]).text.strip("\"'") for row in rows]
        short = all(0 < len(value) <= _MAX_VALUE for value in values)
        if values and len(values) == len(table.rows) and short:
            name, heading = named
            lines = tuple(row.line for row in rows)
            enumeration = Enumeration(
                name, heading.anchor, heading.line, tuple(dict.fromkeys(values)), lines, heading.aliases
            )
            found.setdefault(name, enumeration)
    return tuple(found.values())


def lists_values(table: Table) -> bool:
    """Whether a table lists the values of something: by its columns, or because its introduction says so."""
    columns = [read_inline(cell).text.casefold() for cell in table.header.cells]
    first, *others = columns or ("",)
    if "type" in others:
        return False
    if first in _VALUE_TITLES:
        return not others or not (_TEXT_TITLES | _NUMBER_TITLES).isdisjoint(others)
    if first == "name" and not _NUMBER_TITLES.isdisjoint(others):
        return True
    introduced = _INTRODUCED.search(table.lead) or _INTRODUCED.search(table.above)
    return bool(introduced) and role_of(first) == "name" and not _TEXT_TITLES.isdisjoint(others)


def _named(headings: Sequence[Heading]) -> tuple[str, Heading] | None:
    heading = headings[-1]
    name = _NAME.fullmatch(heading.text)
    return (name[1], heading) if (name and heading.level > 1) or (name and len(headings) == 1) else None
