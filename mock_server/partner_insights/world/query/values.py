"""Columns → which of their rows a filter chooses, and what their rows add up to in groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from partner_insights.contract.query import Filter, FilterStatement, Measure, decided
from partner_insights.contract.query.moments import bucket
from partner_insights.world.columns import Column, ConstantColumn, DictionaryColumn

if TYPE_CHECKING:
    from partner_insights.world.hashing import Integers

Mask: TypeAlias = npt.NDArray[np.bool_]
Columns: TypeAlias = Mapping[str, Column]
_MAX_CHOICES: Final = 1 << 18
"""Combinations that are counted by a table of all there can be."""
Groups: TypeAlias = dict[tuple[Any, ...], npt.NDArray[Any]]
"""The values of the fields → the measures."""


def chosen(wanted: Filter, columns: Columns, length: int) -> Mask | None:
    """Which rows a filter chooses; None for all of them."""
    mask: Mask | None = decided(wanted, lambda each: _kept(each, columns.get(each.property), length))
    return mask


def coded(column: Column, form: Callable[[Any], Any] = lambda value: value) -> tuple[Integers, Sequence[Any]]:
    """A number for each row, and the distinct values they stand for, each in another form if one is given."""
    codes, values = _codes(column)
    places: dict[Any, int] = {}
    renumbered = [places.setdefault(form(value), len(places)) for value in values]
    if len(places) == len(values):
        return codes, list(places)
    return np.array(renumbered, dtype=np.int64)[codes], list(places)


def grouped(
    columns: Columns,
    names: Sequence[str],
    dates: frozenset[str],
    level: str | None,
    measures: Sequence[Measure],
    length: int,
) -> Groups:
    """The measures of each combination of the fields, in the order the combinations come."""
    parts, combined, choices = [], np.zeros(length, dtype=np.int64), 1
    for name in names:
        form = (lambda value: bucket(value, level)) if name in dates else _itself
        codes, values = coded(columns[name], form)
        parts.append((codes, values))
        choices *= max(len(values), 1)
        combined = combined * max(len(values), 1) + codes
        if choices > _MAX_CHOICES:  # numbered anew, so that no number outgrows its type
            present, combined = np.unique(combined, return_inverse=True)
            choices = len(present)
    first = np.full(choices, length, dtype=np.int64)
    first[combined[::-1]] = np.arange(length - 1, -1, -1)  # of several values for one place the last stays
    present = np.flatnonzero(first < length)
    present = present[np.argsort(first[present], kind="stable")]
    sums = [_sums(columns, each, combined, choices)[present] for each in measures]
    table = np.stack(sums, axis=1) if sums else np.zeros((len(present), 0))
    return {
        tuple(values[codes[at]] for codes, values in parts): table[row]
        for row, at in enumerate(first[present].tolist())
    }


def whole(number: Any) -> int | float:
    """A sum as JSON writes it: without a fraction where there is none."""
    return int(number) if float(number).is_integer() else float(number)


def _itself(value: Any) -> Any:
    return value


def _sums(columns: Columns, measure: Measure, member: Integers, groups: int) -> npt.NDArray[Any]:
    # Whole numbers below 2**53 are exact in floats.
    weights = None if measure.sums is None else _numbers(columns[measure.sums])
    return np.bincount(member, weights, groups)


def _numbers(column: Column) -> npt.NDArray[np.float64]:
    """The numbers of a column; what is none, as somebody may have given it, counts nothing."""
    if isinstance(column, np.ndarray) and column.dtype != object:
        return column.astype(np.float64)
    values = (value if isinstance(value, int | float) else 0 for value in column.tolist())
    return np.fromiter(values, dtype=np.float64, count=len(column))


def _kept(statement: FilterStatement, column: Column | None, length: int) -> Mask:
    if column is None:
        return np.full(length, statement.holds(None))
    codes, values = _codes(column)
    kept: Mask = np.array([statement.holds(value) for value in values], dtype=bool)[codes]
    return kept


def _codes(column: Column) -> tuple[Integers, Sequence[Any]]:
    """A number for each row, and the values they stand for; some may be alike."""
    if isinstance(column, DictionaryColumn):
        return column.codes, column.categories
    if isinstance(column, ConstantColumn):
        return np.zeros(column.length, dtype=np.int64), [column.value]
    if isinstance(column, np.ndarray) and column.dtype != object:
        distinct, codes = np.unique(column, return_inverse=True)
        return codes, distinct.tolist()
    values = column.tolist()
    places: dict[Any, int] = {}
    numbers = [places.setdefault(_hashable(value), len(places)) for value in values]
    return np.array(numbers, dtype=np.int64), [*places]


def _hashable(value: Any) -> Any:
    return repr(value) if isinstance(value, (list, dict)) else value
