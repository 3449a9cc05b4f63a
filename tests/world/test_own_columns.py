"""How columns of given rows are kept, and how rows about one and the same are found."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.world.own.agreement import disagreeing
from partner_insights.world.own.entries import Entries
from partner_insights.world.own.folding import repeats

_SMALL = st.integers(-1, 3)
_PARTS = st.lists(st.lists(st.tuples(_SMALL, st.booleans()), min_size=1, max_size=4), max_size=4)


@given(parts=_PARTS)
def test_a_column_gives_back_what_was_put_in(parts: list[list[tuple[int, bool]]]) -> None:
    """However many of its numbers are one and the same, and whichever rows are left out."""
    entries = Entries()
    for part in parts:
        numbers = np.array([number for number, _ in part], dtype=np.int32)
        entries.add(np.array([taken for _, taken in part]), column=numbers)
    expected = [number for part in parts for number, taken in part if taken]
    assert entries.column("column").tolist() == expected
    assert entries.joined("column").tolist() == expected
    assert entries.column("column").tolist() == []


@given(key=st.lists(st.integers(0, 6) | st.integers(0, 2**62)))
def test_repeats_are_found(key: list[int]) -> None:
    """Among numbers that lie close, and among any."""
    assert repeats(np.array(key, dtype=np.int64)) == (len(set(key)) < len(key))


@given(entries=st.lists(st.tuples(st.integers(0, 4), _SMALL)))
def test_entries_that_disagree_are_those_with_another_value_than_the_first(
    entries: list[tuple[int, int]],
) -> None:
    """Of each group; what was not given agrees with everything."""
    group, values = (np.array([each[place] for each in entries], dtype=np.int64) for place in (0, 1))
    first: dict[int, int] = {}
    expected = []
    for at, (of, value) in enumerate(entries):
        if value != -1 and value != entries[first.setdefault(of, at)][1]:
            expected.append((first[of], at))
    assert disagreeing(group, values, -1) == expected
