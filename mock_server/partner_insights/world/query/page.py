"""A table and a query → the rows of one page, and how many the whole query has.

The first look at a query counts its rows in every span; a page is then computed from its own spans alone.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from msgspec import Struct, field

from partner_insights.contract.query import FilterStatement
from partner_insights.contract.query.moments import as_moment
from partner_insights.world.columns import objects, taken
from partner_insights.world.hashing import keep_freed_memory
from partner_insights.world.query.values import Columns, Groups, Mask, chosen, coded, grouped, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from partner_insights.contract.query import Measure, Query
    from partner_insights.world.columns import Column
    from partner_insights.world.hashing import Integers
    from partner_insights.world.query.row_table import RowTable, Span

MAX_PLANS: Final = 64
MAX_THREADS: Final = 4
MAX_ROWS: Final = 200_000
"""Rows of grouped answers that are kept for the next page of any query."""

Row = dict[str, Any]
_Found = TypeVar("_Found")


class RowPage(Struct, frozen=True):
    """Rows, and how many there are without top and skip."""

    rows: list[Row]
    total: int


class _Plan(Struct, frozen=True):
    """Where the rows of a query are."""

    ends: Sequence[int] = ()
    """For each span, how many rows there are up to its end."""
    rows: Sequence[Row] | None = None
    """All of them, where they are sums over spans."""
    places: Integers | None = None
    """For each row in order, its span and its place in it."""

    @property
    def total(self) -> int:
        if self.rows is not None:
            return len(self.rows)
        if self.places is not None:
            return len(self.places)
        return self.ends[-1] if self.ends else 0


class Plans(Struct):
    """The plans of the last queries over one table, and the columns of a small one."""

    columns: dict[str, Column] = field(default_factory=dict)
    _plans: OrderedDict[Any, _Plan] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def find(self, key: Any) -> _Plan | None:
        """The plan of a query that was looked at before."""
        with self._lock:
            if key in self._plans:
                self._plans.move_to_end(key)
            return self._plans.get(key)

    def keep(self, key: Any, plan: _Plan) -> None:
        """Remember a plan, and forget the oldest where there are too many."""
        with self._lock:
            self._plans[key] = plan
            while len(self._plans) > MAX_PLANS or (len(self._plans) > 1 and self._rows > MAX_ROWS):
                self._plans.popitem(last=False)

    @property
    def _rows(self) -> int:
        return sum(len(each.rows or ()) for each in self._plans.values())


def page_of(table: RowTable, query: Query, measures: Sequence[Measure], plans: Plans) -> RowPage:
    """The rows from `skip` on, at most `top`."""
    reader = _Reader(table, query, tuple(measures))
    key = (query.filter, query.group, query.level, query.order)
    plan = plans.find(key)
    if plan is None:
        plan = reader.plan()
        plans.keep(key, plan)
    return RowPage(reader.page(plan), plan.total)


class _Reader(Struct, frozen=True):
    """One query over one table."""

    table: RowTable
    query: Query
    measures: tuple[Measure, ...]

    def plan(self) -> _Plan:
        query = self.query
        if query.group is not None and (query.order or not self.table.local.intersection(query.group)):
            return _Plan(rows=self._sorted(self._all_groups()))
        if query.order:
            return _Plan(places=self._order())
        return _Plan(ends=list(accumulate(_side_by_side(self._count, self.table.spans))))

    def page(self, plan: _Plan) -> list[Row]:
        skip, end = self.query.skip, self.query.end
        if plan.rows is not None:
            return list(plan.rows[skip:end])
        if plan.places is not None:
            return self._at(plan.places[skip:end])
        rows: list[Row] = []
        begin = 0
        for span, stop in zip(self.table.spans, plan.ends, strict=True):
            if begin < end and stop > skip and stop > begin:
                rows += self._rows(span, max(skip - begin, 0), min(end, stop) - begin)
            begin = stop
        return rows

    def _names(self, further: Sequence[str] = ()) -> set[str]:
        """The properties that say which rows there are, and further ones, as far as the table has them."""
        named = {each.property for each in self.query.filter if isinstance(each, FilterStatement)}
        summed = {each.sums for each in self.measures if each.sums is not None}
        group = self.query.group
        grouped_by = () if group is None else (*group, *(summed if further else ()))
        return {*named, *grouped_by, *further} & set(self.table.names)

    def _chosen(self, span: Span, names: set[str]) -> tuple[Columns, Integers | None, int]:
        columns, mask, length = self._filtered(span, names)
        return columns, None if mask is None else np.flatnonzero(mask), length

    def _filtered(self, span: Span, names: set[str]) -> tuple[Columns, Mask | None, int]:
        columns = self.table.columns(span, names or self.table.names[:1])
        length = len(next(iter(columns.values())))
        return columns, chosen(self.query.filter, columns, length), length

    def _count(self, span: Span) -> int:
        if self.query.group is not None:
            return len(self._groups(span))
        _, mask, length = self._filtered(span, self._names())
        return length if mask is None else int(np.count_nonzero(mask))

    def _rows(self, span: Span, first: int, last: int) -> list[Row]:
        """The rows of a span from the first chosen one to the last, part by part: a page is seldom a span."""
        rows: list[Row] = []
        begin = 0
        for part in self.table.parts(span):
            if begin >= last:
                break
            shown = slice(max(first - begin, 0), last - begin)
            if self.query.group is not None:
                found = self._grouped_rows(self._groups(part))
                rows += found[shown]
                begin += len(found)
                continue
            wanted = self._wanted if begin >= first else ()
            columns, index, length = self._chosen(part, self._names(wanted))
            places = np.arange(length) if index is None else index
            rows += self._plain(part, places[shown], columns if wanted else None)
            begin += len(places)
        return rows

    @property
    def _wanted(self) -> Sequence[str]:
        """The properties a row shows."""
        return self.query.select or self.table.names

    def _plain(self, span: Span, places: Integers, columns: Columns | None = None) -> list[Row]:
        """Rows of a span; `columns` are all that they show, where they are there already."""
        if not len(places):
            return []
        if columns is None:
            columns = self.table.columns(span, set(self._wanted))
        return list(objects({name: taken(columns[name], places) for name in self._wanted}))

    def _groups(self, span: Span) -> Groups:
        group = self.query.group or ()
        columns, index, length = self._chosen(span, self._names(group))
        if index is not None:
            columns, length = {name: taken(each, index) for name, each in columns.items()}, len(index)
        return grouped(columns, group, self.query.dates, self.query.level, self.measures, length)

    def _all_groups(self) -> Groups:
        groups: Groups = {}
        for found in _side_by_side(self._groups, self.table.spans):
            for values, sums in found.items():
                groups[values] = groups[values] + sums if values in groups else sums
        return groups

    def _grouped_rows(self, groups: Groups) -> list[Row]:
        return [
            {
                **dict(zip(self.query.group or (), values, strict=True)),
                **{each.name: whole(each_sum) for each, each_sum in zip(self.measures, sums, strict=False)},
            }
            for values, sums in groups.items()
        ]

    def _sorted(self, groups: Groups) -> list[Row]:
        rows = self._grouped_rows(groups)
        for name, downwards in reversed(self.query.order):
            rows.sort(key=lambda row: _rank(row.get(name)), reverse=downwards)
        return rows

    def _order(self) -> Integers:
        """The span and the place of every chosen row, sorted; of their values each distinct one is held."""
        names = [name for name, _ in self.query.order]
        known: list[dict[Any, int]] = [{} for _ in names]
        found = [np.empty((2 + len(names), 0), dtype=np.int64)]
        for number, span in enumerate(self.table.spans):
            columns, index, length = self._chosen(span, self._names(names))
            places = np.arange(length) if index is None else index
            numbers = [
                _numbered(taken(columns[name], places), each) for name, each in zip(names, known, strict=True)
            ]
            found.append(np.stack([np.full(len(places), number), places, *numbers]))
        rows = np.concatenate(found, axis=1)
        keys = [
            -_ranks(each)[numbers] if downwards else _ranks(each)[numbers]
            for numbers, each, (_, downwards) in zip(rows[2:], known, self.query.order, strict=True)
        ]
        return rows[:2, np.lexsort(keys[::-1])].T

    def _at(self, places: Integers) -> list[Row]:
        """The rows at these places, in their order."""
        rows: list[Row] = [{} for _ in range(len(places))]
        spans = self.table.spans
        for number in np.unique(places[:, 0]).tolist() if len(places) else ():
            where = np.flatnonzero(places[:, 0] == number)
            found = self._plain(spans[number], places[where, 1])
            for place, row in zip(where.tolist(), found, strict=True):
                rows[place] = row
        return rows


def _side_by_side(work: Callable[[Span], _Found], spans: Sequence[Span]) -> Iterator[_Found]:
    """What is found in each span, in order, by a few threads: NumPy lets them run side by side."""
    keep_freed_memory()
    threads = min(MAX_THREADS, os.cpu_count() or 1, len(spans))
    if threads < 2:
        yield from map(work, spans)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, spans)


def _numbered(column: Column, known: dict[Any, int]) -> Integers:
    """Of each row the number of its value; new values get the next ones."""
    codes, keys = coded(column, _rank)
    return np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)[codes]


def _ranks(known: dict[Any, int]) -> Integers:
    """Of each number the place of its value among all in order."""
    ranks = np.empty(len(known), dtype=np.int64)
    ranks[[known[key] for key in sorted(known)]] = np.arange(len(known))
    return ranks


def _rank(value: Any) -> tuple[bool, Any]:
    """What values are sorted by: none before any, dates by their moment, texts without regard to case."""
    if isinstance(value, str):
        value = as_moment(value) or value.casefold()
    return value is not None, value if value is not None else 0
