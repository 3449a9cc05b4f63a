"""Entries about one and the same, from several rows: where they contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from partner_insights.world.own.entries import SHORT
from partner_insights.world.own.folding import repeats
from partner_insights.world.own.table import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from partner_insights.world.hashing import Integers
    from partner_insights.world.own.entries import Given

_ONE_DAY: Final = (
    "give the rows of one day, or a folder for each, processedDate=DATE, of which --as-of picks one"
)


def disagreeing(group: Integers, values: Integers, nothing: int) -> list[tuple[int, int]]:
    """Of each group the entries that have another value than its first one, each with that one."""
    is_known = values != nothing
    one = np.full(group.max(initial=-1) + 1, nothing, dtype=values.dtype)
    one[group[is_known]] = values[is_known]
    if not (is_known & (values != one[group])).any():  # of a million rows the numbers of them take memory
        return []
    known = np.flatnonzero(is_known)
    held = group[known]
    first = np.zeros(len(one), dtype=np.int64)
    first[held[::-1]] = known[::-1]  # of several values for one place the last stays
    other = np.flatnonzero(values[known] != values[first[held]])
    return [(int(first[held[at]]), int(known[at])) for at in other.tolist()]


def twice(group: Integers, source: Integers) -> list[tuple[int, int]]:
    """Entries of one group and one source: each with the one before it."""
    order = np.lexsort((source, group))
    same = (group[order][1:] == group[order][:-1]) & (source[order][1:] == source[order][:-1])
    again = np.flatnonzero(same)
    return list(zip(order[again].tolist(), order[again + 1].tolist(), strict=True))


def check_rows(
    given: Given,
    group: Integers,
    row: Integers,
    source: Integers,
    day_of: Callable[[int], str],
    counts: dict[str, Integers],
    short: bool,
) -> npt.NDArray[np.bool_] | None:
    """Rows of one answer are one each, those of several agree. Which repeat one of their answer, on purpose.

    None where no two rows are about one and the same. `short`: whether those in the short form may be.
    """
    if not repeats(group):
        return None
    again = np.zeros(len(group), dtype=np.bool_)
    for first, second in twice(group, source):
        if short and source[first] == SHORT:
            continue
        of = "customer, product and channel" if short else "customer, product, channel and workload"
        words = f"says the same as {given.place(int(row[first]))}: {of}"
        if day_of(first) != day_of(second):
            words = f"is of {day_of(second)}, {given.place(int(row[first]))} of {day_of(first)}: {_ONE_DAY}"
        given.problem(int(row[second]), None, f"{words} (PI203 unique-rows)")
        again[second] = True
    for name, column in counts.items():
        for first, second in disagreeing(group, np.where(again, LEFT_OUT, column), LEFT_OUT):
            one, other = int(row[first]), int(row[second])
            words = (
                f"{column[second]} is not the {column[first]} of {given.place(one, given.named(one, name))}"
            )
            given.problem(other, given.named(other, name), f"{words} (PI203 unique-rows)")
    return again


def check_texts(
    given: Given, group: Integers, codes: Integers, row: Integers, texts: Sequence[Any], column: str, of: str
) -> None:
    """One text for all entries of a group."""
    for first, second in disagreeing(group, codes, -1):
        one, other = texts[codes[first]], texts[codes[second]]
        if one != other:
            at = int(row[second])
            given.problem(at, given.named(at, column), f"{other!r} is not the {one!r} of {of}")
