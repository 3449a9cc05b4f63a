"""The census: what stands out of each property in the rows that were answered, counted and not judged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.verify.report.census import MAX_VALUES, REPEATS, Census, PropertyCounts
from partner_insights.verify.report.coverage import CellState, coverage
from partner_insights.verify.report.errata import _merged

USAGE = "customer-licenses-usage"
COUNTS = [(1, 2, 50.0), (0, 3, 0), (1, 2, 0.5), (1, 4, 25.0), (3, 4, 11.0)]
"""Active, qualified, percent: of 100, of either, of 100, of 1, of neither."""


def test_what_stands_out_of_a_property_is_counted(plant: Any, good: Any) -> None:
    """Nulls, what is absent, how numbers and dates are written, the scale where the counts allow but one."""
    body = good(USAGE)
    names = ("licensesActive", "licensesQualified", "usagePercent")
    rows = [body["items"][0] | dict(zip(names, counts, strict=True)) for counts in COUNTS]
    rows[0]["productName"] = None
    del rows[1]["channel"]
    rows[2]["processedDateTime"] = "2026-03-01"
    census = Census()
    census.take(plant.exchange(USAGE, body | {"items": rows, "totalCount": len(rows)}), plant.catalogue)
    told = {(each.kind, each.pointer.rpartition("/")[2]): each.message for each in census.observations()}
    assert {key: message for key, message in told.items() if key[0] != "date-form"} == {
        ("null", "productName"): "null in 1 of 5",
        ("absent", "channel"): "absent in 1 of 5",
        ("number-encoding", "licensesActive"): "5 without a point; 0 to 3",
        ("number-encoding", "licensesQualified"): "5 without a point; 2 to 4",
        ("number-encoding", "usagePercent"): "1 without a point, 4 with a point; 0 to 50.0",
        ("percent-scale", "usagePercent"): "by the rows' counts: 0 to 1 in 1, 0 to 100 in 2",
    }
    assert told["date-form", "processedDateTime"].endswith("4, YYYY-MM-DD in 1")


@pytest.mark.parametrize(
    ("distinct", "times", "is_closed"),
    [
        (0, 1, False),
        (1, 9, False),
        (1, 10, True),
        (MAX_VALUES, REPEATS, True),
        (MAX_VALUES, REPEATS - 1, False),
        (MAX_VALUES + 1, REPEATS + 5, False),
    ],
)
def test_a_closed_list_is_one_of_few_texts_often_repeated(distinct: int, times: int, is_closed: bool) -> None:
    """What people are called is none, however few they are; of too many no more are remembered."""
    counts, names = PropertyCounts("Row", "/x"), PropertyCounts("Row", "/name")
    for _ in range(times):
        for number in range(distinct):
            counts.add(f"text {number}", personal=False)
            names.add(f"text {number}", personal=True)
    assert (counts.closed, names.closed) == (is_closed, False)
    assert set(counts.values.values()) <= {times}
    for number in range(99):
        counts.add(f"more {number}", personal=False)
    assert len(counts.values) == MAX_VALUES + 1


def test_a_cell_is_valid_where_it_says_something_and_a_value_was_seen(plant: Any, good: Any) -> None:
    """One that states nothing checkable stays silent, however many values there were."""
    seen = Census()
    seen.take(plant.exchange(USAGE, good(USAGE)), plant.catalogue)
    for census, state in ((Census(), CellState.NEVER), (seen, CellState.VALID)):
        rows = {
            each.name: {cell.column: cell.state for cell in each.cells}
            for each in coverage(plant.catalogue, census, ())
            if each.resource == "CustomerLicensesUsageInsights"
        }
        silent = {"Property": state, "Type": state, "Description": CellState.SILENT}
        assert rows["licensesActive"] == silent
        assert rows["attributes"] == silent | {"Description": state}


def test_the_type_of_an_object_is_no_closed_list(plant: Any, good: Any) -> None:
    """It has one value in all rows, as the page says; a null in its place is told as any other."""
    body = good(USAGE)
    rows = [body["items"][0] | {"channel": "direct"} for _ in range(12)]
    rows[0] = rows[0] | {"attributes": {"objectType": None}}
    census = Census()
    census.take(plant.exchange(USAGE, body | {"items": rows, "totalCount": 12}), plant.catalogue)
    told = {(each.kind, each.pointer.rpartition("/")[2]) for each in census.observations()}
    assert ("closed-list-candidate", "channel") in told
    assert ("null", "objectType") in told
    assert ("closed-list-candidate", "objectType") not in told


@given(
    st.lists(st.lists(st.none() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=2)), min_size=1)
)
def test_what_was_counted_apart_is_what_was_counted_together(parts: list[list[Any]]) -> None:
    """A property in several answers is one: its numbers, types and range are those of all its values."""
    whole, tallies = PropertyCounts("Row", "/x"), [PropertyCounts("Row", "/x") for _ in parts]
    for tally, values in zip(tallies, parts, strict=True):
        tally.absent = len(values)
        whole.absent += len(values)
        for value in values:
            tally.add(value, personal=True)
            whole.add(value, personal=True)
    assert _merged("Row", tallies) == whole
