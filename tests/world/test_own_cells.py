"""Cells of given rows: what each may hold, to the very bound, alone or among others, as value or as text."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from partner_insights.world.own import cells
from partner_insights.world.own.chunk import MISSING
from partner_insights.world.own.table import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = date(2026, 11, 22)
INFINITE = float("inf")
NUMBERS = st.integers() | st.floats() | st.integers(-1, 101) | st.sampled_from([10**9, 10**9 + 1, 5e8, 0.5])
ODD = st.sampled_from([None, True, False, "5", "", MISSING, ("[…]",)])


def count_fault(value: Any) -> str | None:
    """What is said of a cell that is no count: part of the words."""
    if type(value) not in (int, float):
        return "is no number (type)"
    if value != value or abs(value) == INFINITE or value % 1:
        return "is no whole number (multipleOf 1)"
    if value < 0:
        return "is less than 0 (minimum)"
    return "is more than 1,000,000,000 licences" if value > 1_000_000_000 else None


def percent_fault(value: Any) -> str | None:
    if type(value) not in (int, float) or value != value:
        return "is no number (type)"
    if value < 0:
        return "is less than 0 (minimum)"
    return "is more than 100 (maximum)" if value > 100 else None


KINDS = [(cells.whole_numbers, count_fault, LEFT_OUT), (cells.percents, percent_fault, np.nan)]


@given(column=st.lists(NUMBERS | ODD, min_size=1, max_size=4), kind=st.sampled_from(KINDS))
def test_each_value_is_a_number_or_a_problem(column: list[Any], kind: tuple[Any, ...]) -> None:
    """Whatever stands beside it: those within the bounds come back, of others the reason is told."""
    read, fault, absent = kind
    result, problems = read(column, is_text=False)
    expected = [absent if cell is MISSING or fault(cell) else cell for cell in column]
    np.testing.assert_array_equal(result, np.array(expected, dtype=result.dtype))
    assert [(at, value) for at, value, _ in problems] == [
        (at, cell) for at, cell in enumerate(column) if cell is not MISSING and fault(cell)
    ]
    assert all(words.endswith(fault(value)) for _, value, words in problems)


TEXTS = (st.integers(1 - 10**15, 10**15 - 1) | st.integers(0, 101) | st.sampled_from([10**9, 10**9 + 1])).map(
    str
) | st.decimals(-1, 101, places=2).map(str)


def number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


@given(
    column=st.lists(TEXTS | st.just(""), min_size=1, max_size=4),
    spelling=st.sampled_from(["{}", "0{}", " {} ", "{}e0", "{}x", "²{}"]),
    kind=st.sampled_from(KINDS),
)
@example(column=["1000000001"], spelling="{}", kind=KINDS[0])
@example(column=[""], spelling="{}", kind=KINDS[1])
def test_a_text_is_read_as_the_number_it_spells(
    column: list[str], spelling: str, kind: tuple[Any, ...]
) -> None:
    """With a zero or blanks before it, or an exponent; another text is no number, an empty one no cell."""
    read, fault, absent = kind
    texts = [text and spelling.format(text) for text in column]
    values = [number(text) for text in texts]
    result, problems = read(texts, is_text=True)
    expected = [absent if value == "" or fault(value) else value for value in values]
    np.testing.assert_array_equal(result, np.array(expected, dtype=result.dtype))
    wrong = [(at, value, fault(value)) for at, value in enumerate(values) if value != "" and fault(value)]
    assert [(at, value) for at, value, _ in problems] == [(at, value) for at, value, _ in wrong]
    assert all(words.endswith(said) for (*_, words), (*_, said) in zip(problems, wrong, strict=True))


@pytest.mark.parametrize(
    ("read", "column"),
    [
        (cells.whole_numbers, [0, 7, 1_000_000_000]),
        (cells.whole_numbers, ["0", "7", "999999999"]),
        (cells.percents, [0, 100.0, 33.3]),
        (cells.percents, ["0", "100", "33.3"]),
    ],
)
def test_a_good_column_is_read_at_once(
    read: Callable[..., Any], column: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nearly all are, and to look at one cell after the other takes many times as long."""
    monkeypatch.delattr(cells, "_one_by_one")
    result, problems = read(column, is_text=isinstance(column[0], str))
    assert (result.tolist(), problems) == ([float(each) for each in column], [])


GUID = "4d3cf487-70f4-4e1e-9ff1-b2bfce8d9f04"
GOOD, TIME, NEWER = {"customerId": GUID, "serviceName": "Teams"}, "processedDateTime", "snapshot"
BOUNDS: list[tuple[str, Any, str | None]] = [
    ("serviceName", "x" * 1000, None),
    ("serviceName", "x" * 1001, "is longer than 1000 characters"),
    ("serviceName", " \t", "is blank"),
    ("serviceName", 5, "5 is no text (type)"),
    ("serviceName", None, "null is no text (type)"),
    ("serviceName", True, "true is no text (type)"),
    ("serviceName", False, "false is no text (type)"),
    ("serviceName", ("a list of 3",), "'a list of 3' is no text (type)"),
    ("serviceName", 10**79, "1" + 79 * "0" + " is no text (type)"),
    ("serviceName", 10**80, "1" + 76 * "0" + "… is no text (type)"),
    ("customerId", GUID.upper(), None),
    *(
        (name, GUID[:-1], f"'{GUID[:-1]}' is no GUID (format uuid)")
        for name in ("customerId", "tenantId", "productId")
    ),
    (TIME, "2026-11-22T23:59:59+00:00", None),
    (TIME, "2026-11-22T00:00:00Z", None),
    (TIME, "2026-11-22T00:00:00+01:00", "is not in UTC (PI211 utc)"),
    (TIME, "2026-11-22", "is no time like 2026-11-20T00:00:00+00:00 (format date-time)"),
    (
        TIME,
        "2026-11-23T00:00:00+00:00",
        "lies after the day of the world, 2026-11-22 (PI212 not-in-the-future)",
    ),
    (NEWER, "2026-11-22T00:00:00", None),
    (NEWER, "2000-01-01T00:00:00.000", None),
    (NEWER, "1999-12-31T00:00:00", "lies before 2000-01-01, the first day of a world"),
    (NEWER, "2026-11-22T00:00:01", "is no midnight: the newer operations tell of whole days"),
    (NEWER, "2026-11-22T00:00:00Z", "is no time like 2026-11-20T00:00:00"),
    (NEWER, "2026-11-23T00:00:00", "lies after the day of the world, 2026-11-22 (PI212 not-in-the-future)"),
]


@pytest.mark.parametrize(("name", "value", "said"), BOUNDS)
def test_a_text_is_taken_up_to_its_bound(name: str, value: Any, said: str | None) -> None:
    """Of what is beyond it the reason is told; only what surely has none is passed without a look."""
    problem = cells.text_problem(name, value, DAY)
    assert (problem is None) == (said is None)
    assert problem is None or said in problem
    looked_at = said is not None or name in (TIME, NEWER)
    good = GOOD.get(name, "Teams")
    assert cells.are_plain(name, [good, value]) is not looked_at
    assert cells.are_plain(name, [value, good]) is not looked_at


DECIMALS = st.integers(0, 7).flatmap(lambda some: st.tuples(st.integers(0, 10 ** (some + 2)), st.just(some)))


@given(shown=DECIMALS, part=st.integers(0, 50), whole=st.integers(1, 50), scale=st.sampled_from([1, 100]))
@example(shown=(1, 3), part=1, whole=25_000, scale=100)
@example(shown=(1, 5), part=1, whole=200, scale=100)
def test_a_percent_is_the_ratio_to_its_last_decimal(
    shown: tuple[int, int], part: int, whole: int, scale: int
) -> None:
    """One that is off by a unit of the last decimal that it shows, or more, disagrees; no other does."""
    digits, decimals = shown
    while decimals and digits % 10 == 0:
        digits, decimals = digits // 10, decimals - 1
    percent, unit = Fraction(digits, 10**decimals), Fraction(1, 10**decimals)
    distance = abs(percent - Fraction(part * scale, whole))
    assume(distance == 0 or abs(distance / unit - 1) > 1e-4)
    found = cells.disagrees(np.array([float(percent)]), np.array([part]), np.array([whole]), scale)
    assert found.tolist() == [distance >= unit]


def test_what_is_missing_disagrees_with_nothing() -> None:
    """No percent, no part, no whole, or none of a whole: of these nothing follows."""
    percent = np.array([np.nan, 50, 50, 50, 50])
    part = np.array([9, LEFT_OUT, 9, 9, 9])
    whole = np.array([10, 10, LEFT_OUT, 0, 10])
    assert cells.disagrees(percent, part, whole, 100).tolist() == [False, False, False, False, True]
    assert cells.disagrees(percent[:1], part[:1], whole[:1], 100).tolist() == [False]
