"""Spans of time: where they begin, and how that is written."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.contract.query.moments import as_moment, bucket


@pytest.mark.parametrize(
    ("end", "written"), [("", ""), ("T10:30:00", "T00:00:00"), ("T10:30:00Z", "T00:00:00Z")]
)
@given(day=st.dates(date(1, 2, 1)))
def test_a_span_is_written_as_its_dates_are(end: str, written: str, day: date) -> None:
    """By the first day of the month, or the Monday: a day alone, a time, or a time in UTC."""
    text = f"{day.isoformat()}{end}"
    assert bucket(text, "day") == f"{day.isoformat()}{written}"
    assert bucket(text, "month") == f"{day.isoformat()[:8]}01{written}"
    monday = bucket(text, "week")
    assert date.fromisoformat(monday[:10]).weekday() == 0
    assert monday[10:] == written
    assert 0 <= (day - date.fromisoformat(monday[:10])).days < 7
    assert bucket(text, None) == text


def test_a_moment_of_another_zone_falls_into_its_day_of_utc() -> None:
    """What is half past midnight east of Greenwich is the day before."""
    assert bucket("2026-03-01T00:30:00+02:00", "month") == "2026-02-01T00:00:00+00:00"
    assert as_moment(bucket("2026-03-01T00:30:00+02:00", "day")) == "2026-02-28T00:00:00"
    assert bucket("some time", "day") == "some time"
