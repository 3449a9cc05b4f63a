"""A query parameter of `operations.toml` → what it may hold: fields, operators, measures, bounds.

A parameter with a `kind` chooses, groups, orders or pages the rows; any other is plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct, convert, field

from partner_insights.contract.standing import Standing  # noqa: TC001 - msgspec reads it

MAX_LENGTH: Final = 8192
"""Characters of a filter; a URL is seldom longer."""
MAX_DEPTH: Final = 64
"""Parentheses within each other."""


class OptionKind(StrEnum):
    """What a query parameter does to the rows."""

    TOP = "top"
    """How many rows a page has."""
    SKIP = "skip"
    """How many rows come before the page."""
    FILTER = "filter"
    """Which rows there are."""
    GROUP = "group"
    """The fields whose combinations are the rows."""
    ORDER = "order"
    """The fields the rows are sorted by."""
    LEVEL = "level"
    """The span of time that is one value of a grouped date."""
    SNAPSHOT = "snapshot"
    """The moment the rows were processed."""
    FIELD = "field"
    """The value of the field that has the parameter's name."""
    SELECT = "select"
    """The properties a row has."""


class FieldType(StrEnum):
    """How the values of a field are written and compared."""

    TEXT = "text"
    DATE = "date"
    BOOLEAN = "boolean"
    NUMBER = "number"


class InvalidQuery(Exception):
    """A query that the operation refuses; `reason` says why, `parameter` where."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter
        self.reason = reason


class FieldRule(Struct, frozen=True):
    """A field that a parameter may name."""

    name: str
    property: str
    """The property of a row that it means."""
    operators: tuple[str, ...] = ()
    type: FieldType = FieldType.TEXT
    exact: bool = False
    """Whether the case of its values matters."""


class Measure(Struct, frozen=True):
    """What is counted in each group."""

    name: str
    sums: str | None = None
    """The property added up; None: the rows are counted."""


class QueryNote(Struct, frozen=True):
    """A rule of a parameter in words, and how it is known."""

    says: str
    standing: Standing
    source: str


class QueryOption(Struct, frozen=True, rename="kebab"):
    """A parameter with a meaning of its own."""

    name: str
    kind: OptionKind
    standing: Standing
    source: str
    also: tuple[str, ...] = ()
    """Other spellings of its name."""
    fields: Mapping[str, FieldRule] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    """`contains`, `startswith`, `endswith`, `cast` and `not`, where the filter knows them."""
    bare_values: bool = False
    """Whether null, dates and GUIDs stand without quotes, as OData has them."""
    measures: tuple[Measure, ...] = ()
    values: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int | None = None
    default: int | str | None = None
    needs: str | None = None
    """A parameter it is refused without."""
    notes: tuple[QueryNote, ...] = ()


class QueryOptions(Struct, frozen=True):
    """The parameters of an operation that choose, group, order or page its rows."""

    options: tuple[QueryOption, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.options)

    def __iter__(self) -> Iterator[QueryOption]:
        return iter(self.options)

    def of(self, kind: OptionKind) -> QueryOption | None:
        """The first parameter of a kind; None where there is none."""
        return next((each for each in self.options if each.kind is kind), None)

    def named(self, name: str) -> QueryOption | None:
        """The parameter that is spelled so."""
        return next((each for each in self.options if name in (each.name, *each.also)), None)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What is counted in groups."""
        group = self.of(OptionKind.GROUP)
        return () if group is None else group.measures

    @property
    def only_grouped(self) -> frozenset[str]:
        """The properties that only rows of a grouped answer have: what is counted, and no sum of itself."""
        return frozenset(each.name for each in self.measures if each.sums != each.name)


def option_of(name: str, entry: Mapping[str, Any]) -> QueryOption:
    """The parameter as a value; KeyError, TypeError or ValueError where its entry is not of the form."""
    exact, types = set(entry.get("exact", ())), _types(entry)
    stated = entry.get("fields", [name] if entry["kind"] == OptionKind.FIELD else [])
    fields = stated if isinstance(stated, Mapping) else dict.fromkeys(stated, entry.get("operators", ()))
    properties = entry.get("properties", {})
    rules = {
        each: FieldRule(
            each, properties.get(each, each), tuple(own), types.get(each, FieldType.TEXT), each in exact
        )
        for each, own in fields.items()
    }
    measures = [
        {"name": each, "sums": each} if isinstance(each, str) else each for each in entry.get("measures", ())
    ]
    computed = {"name": name, "fields": rules, "measures": measures, "values": entry.get("enum", ())}
    return convert({**entry, **computed}, QueryOption)


def _types(entry: Mapping[str, Any]) -> dict[str, FieldType]:
    kinds = (("dates", FieldType.DATE), ("booleans", FieldType.BOOLEAN), ("numbers", FieldType.NUMBER))
    return {each: kind for key, kind in kinds for each in entry.get(key, ())}


def is_valid(schema: Mapping[str, Any], text: str) -> bool:
    """Whether the text is a value of a plain parameter: a whole number within bounds, or of a closed list."""
    if schema.get("type") == "integer":
        # int() alone would take spaces, underscores and other scripts' digits.
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            return False
        number = int(text)
        return bool(schema.get("minimum", number) <= number <= schema.get("maximum", number))
    return text in schema.get("enum", [text])
