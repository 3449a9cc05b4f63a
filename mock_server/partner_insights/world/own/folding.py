"""Several entries about one licence, or about one use of it → one, in which what was given last counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from msgspec.structs import replace

from partner_insights.world.own.table import LEFT_OUT, LicenceTable, UseTable

if TYPE_CHECKING:
    import numpy.typing as npt

    from partner_insights.world.hashing import Floats, Integers
    from partner_insights.world.own.texts import Texts

_Table = TypeVar("_Table", LicenceTable, UseTable)


def licence_groups(licences: LicenceTable, texts: Texts) -> tuple[LicenceTable, Integers]:
    """Each licence once, as it came first; of each entry the number of its licence."""
    if len(licences) < 2:
        return licences, np.zeros(len(licences), dtype=np.int64)
    key = _key((licences.customer, 0), (texts.same_product[licences.product], len(texts.products)))
    service = _joined(licences.service, ~licences.service_is_given, key)
    key = _key((key, 0), (service, len(texts.services)))
    channel = _joined(licences.channel, licences.channel < 0, key)
    key = _key((key, 0), (channel, len(texts.channels)))
    licences = replace(licences, service=service, channel=channel)
    if not repeats(key):  # a copy of a million rows takes memory
        return licences, np.arange(len(licences))
    first, entry = groups(key)
    return licences.take(first), entry


def fold(licences: LicenceTable, uses: UseTable, texts: Texts) -> tuple[LicenceTable, UseTable]:
    """Several entries about one licence, or one use of it → one, in which what was given last counts."""
    folded, entry = licence_groups(licences, texts)
    count = len(folded.customer)
    percent = _of_last_counts(licences.percent, entry, count, licences.sold, licences.deployed)
    licences = replace(licences, percent=percent)
    folded = replace(
        folded,
        **_last(
            licences,
            entry,
            count,
            sold=LEFT_OUT,
            deployed=LEFT_OUT,
            percent=np.nan,
            processed=-1,
            product_id=-1,
        ),
        is_row=_any(licences.is_row, entry, count),
        service_is_given=_any(licences.service_is_given, entry, count),
    )
    if not len(uses):
        return folded, uses
    uses = replace(uses, licence=entry[uses.licence])
    key = _key((uses.licence, 0), (texts.same_workload[uses.workload], len(texts.workloads)))
    first, use = groups(key)
    percent = _of_last_counts(uses.percent, use, len(first), uses.qualified, uses.active)
    return folded, folded_uses(replace(uses, percent=percent), key)


def _of_last_counts(percent: Floats, entry: Integers, count: int, *counts: Integers) -> Floats:
    """The percents that were not given before other counts were."""
    index = np.arange(len(entry))
    given = counts[0] != LEFT_OUT
    for each in counts[1:]:
        given |= each != LEFT_OUT
    last = np.full(count, -1)
    last[entry[given]] = index[given]  # of several values for one place the last stays
    kept: Floats = np.where(index < last[entry], np.nan, percent)
    return kept


def folded_uses(uses: UseTable, key: Integers) -> UseTable:
    """Entries of one key → one, in which what was given last counts."""
    if not len(uses):
        return uses
    first, entry = groups(key)
    given = _last(uses, entry, len(first), qualified=LEFT_OUT, active=LEFT_OUT, percent=np.nan, processed=-1)
    return replace(uses.take(first), **given)


def in_order(licences: LicenceTable, uses: UseTable, texts: Texts) -> tuple[LicenceTable, UseTable]:
    """By customer, service, product and channel; the uses by licence and workload."""
    if len(licences) < 2 and len(uses) < 2:
        return licences, uses
    order, place = licence_order(licences, texts)
    uses = replace(uses, licence=place[uses.licence])
    names = texts.ranks["workloads"][uses.workload]
    return _taken(licences, order), _taken(uses, np.lexsort((names, uses.licence)))


def licence_order(licences: LicenceTable, texts: Texts) -> tuple[Integers, Integers]:
    """The numbers of the licences in their order, and of each licence its place in it."""
    rank = texts.ranks["products"][licences.product]
    service = texts.ranks["services"][licences.service]
    channel = texts.ranks["channels"][licences.channel]
    order = np.lexsort((channel, rank, service, licences.customer))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return order, place


def _taken(table: _Table, order: Integers) -> _Table:
    """The rows in an order; most often they are in it, and a copy of a million rows takes memory."""
    return table if (order[1:] > order[:-1]).all() else table.take(order)


def _joined(codes: Integers, left: npt.NDArray[np.bool_], key: Integers) -> Integers:
    """The codes; of those that were left out the first that is given under the same key."""
    if not left.any() or left.all():
        return codes
    first, entry = groups(key)
    given = (~left).nonzero()[0][::-1]
    known = np.full(len(first), LEFT_OUT)
    known[entry[given]] = codes[given]  # of several values for one place the last stays
    found = known[entry]
    joined: Integers = np.where(left & (found != LEFT_OUT), found, codes)
    return joined


def _key(*columns: tuple[Integers, int]) -> Integers:
    """One number for the codes of each row; a code is −1 at least, and less than the count beside it."""
    (first, _), *rest = columns
    key = first.astype(np.int64)
    for codes, count in rest:
        key = key * (count + 1) + codes + 1
    return key


def repeats(key: Integers) -> bool:
    """Whether two rows are of one group."""
    bound = int(key.max(initial=-1)) + 1
    if bound <= 8 * len(key):  # a copy of the keys takes as much memory, and its order more time
        present = np.zeros(bound, dtype=np.bool_)
        present[key] = True
        return int(np.count_nonzero(present)) < len(key)
    ordered = np.sort(key)
    return bool((ordered[1:] == ordered[:-1]).any())


def groups(key: Integers) -> tuple[Integers, Integers]:
    """The first row of each group, in the order of their keys, and of each row its group.

    As `np.unique` has it, which takes three times as long for the few rows of an edit.
    """
    if len(key) < 2:
        return np.arange(len(key)), np.zeros(len(key), dtype=np.int64)
    order = key.argsort(kind="stable")
    ordered = key[order]
    begins = np.empty(len(order), dtype=np.bool_)
    begins[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    entry = np.empty(len(order), dtype=np.int64)
    entry[order] = begins.cumsum() - 1
    return order[begins], entry


def distinct(numbers: Integers, bound: int) -> tuple[Integers, Integers]:
    """The distinct numbers below a bound, in order, and the place of each number among them."""
    if bound > len(numbers):
        return np.unique(numbers, return_inverse=True)
    present = np.flatnonzero(np.bincount(numbers, minlength=bound))
    place = np.empty(bound, dtype=np.int64)
    place[present] = np.arange(len(present))
    return present, place[numbers]


def _last(table: Any, entry: Integers, count: int, **left_out: float) -> dict[str, Any]:
    """Of each group and column the last value that was given."""
    found = {}
    for name, nothing in left_out.items():
        column = getattr(table, name)
        given = ~np.isnan(column) if np.isnan(nothing) else column != nothing
        values = np.full(count, nothing, dtype=column.dtype)
        values[entry[given]] = column[given]  # NumPy: of several values for one place the last stays
        found[name] = values
    return found


def _any(mask: npt.NDArray[np.bool_], entry: Integers, count: int) -> npt.NDArray[np.bool_]:
    result = np.zeros(count, dtype=np.bool_)
    result[entry[mask]] = True
    return result
