"""Mutants of values: of another type, null, out of range, or under a name in another case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from partner_insights.mutants.mutant import ASSUMED, DOCUMENTED, BehaviourTable, Change, RequestContext
from partner_insights.mutants.operation_groups import analytics, collections, has, has_counts
from partner_insights.mutants.response_edits import Row, Rows, of_first, of_rows

VALUE_TYPES: Final = BehaviourTable()
mutant = VALUE_TYPES.mutant

Value = Callable[[Any], Any]
"""A value → another in its place."""


def of_text(edit: Value) -> Change:
    """An edit of a text that every first row has."""
    return of_first(lambda row, _: _with(row, _text_name(row), edit))


def of_number(edit: Value) -> Change:
    """An edit of the first number."""
    return of_first(lambda row, _: _with(row, _number_name(row), edit))


def of_count(edit: Value) -> Change:
    """An edit of the first count of licences."""
    return of_first(lambda row, _: _with(row, _count_name(row), edit))


def _with(row: Row, name: str, edit: Value) -> Row:
    return {**row, name: edit(row[name])}


def _text_name(row: Row) -> str:
    return next(name for name in ("serviceName", "relationshipToPartner") if name in row)


def _number_name(row: Row) -> str:
    return next(name for name, value in row.items() if isinstance(value, (int, float)))


def _count_name(row: Row) -> str:
    return next(name for name in row if name.startswith("licenses"))


@mutant("PI101", DOCUMENTED, of_text, collections)
def null_value(text: str) -> None:
    """A value is null."""


@mutant("PI101", DOCUMENTED, of_first, has("customerId"))
def null_optional_value(row: Row, _: RequestContext) -> Row:
    """A value that may be absent is null."""
    return {**row, "customerId": None}


@mutant("PI101", DOCUMENTED, of_number, analytics)
def number_as_string(number: float) -> str:
    """A number is text."""
    return str(number)


@mutant("PI105", ASSUMED, of_count, has_counts)
def negative_count(count: int) -> int:
    """A count is negative."""
    return -count - 1


@mutant("PI107", ASSUMED, of_count, has_counts)
def fractional_count(count: int) -> float:
    """A count is not whole."""
    return count + 0.5


@mutant("PI101", DOCUMENTED, of_count, has_counts)
def boolean_for_a_count(count: int) -> bool:
    """A count is a boolean."""
    return bool(count)


@mutant("PI102", ASSUMED, of_first, collections)
def case_changed_property(row: Row, _: RequestContext) -> Row:
    """A property's name is in another case."""
    name = _text_name(row)
    return {(key[0].upper() + key[1:] if key == name else key): value for key, value in row.items()}


@mutant("PI103", DOCUMENTED, of_first, collections)
def case_changed_object_type(row: Row, _: RequestContext) -> Row:
    """An objectType is in another case."""
    return {**row, "attributes": {"objectType": row["attributes"]["objectType"].lower()}}


@mutant("PI101", DOCUMENTED, of_rows, collections)
def null_row(rows: Rows, _: RequestContext) -> Rows:
    """A row is null."""
    return [*rows[:-1], None]  # type: ignore[list-item]  # what no row is


@mutant("PI101", DOCUMENTED, of_rows, collections)
def null_in_the_last_row(rows: Rows, _: RequestContext) -> Rows:
    """A value of the last row only is null."""
    return [*rows[:-1], {**rows[-1], _text_name(rows[-1]): None}]
