"""Dates that are malformed, elsewhere, to come or of two days → mutants of them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from partner_insights.contract import Standing
from partner_insights.mutants.mutant import Mutant, Scene, behaviour
from partner_insights.mutants.response_edits import DATE, Groups, Respell, Rows, of_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def dating_mutants(groups: Groups) -> Iterator[Mutant]:
    """Every mutant of a date."""
    documented, assumed = Standing.DOCUMENTED, Standing.ASSUMED
    every = {
        "date-time-without-zone": ("date-times have no offset", "PI104", documented, _without_zone),
        "date-without-time": ("dates have no time", "PI104", documented, lambda text: text[:10]),
        "impossible-date": (
            "a date is no day of the calendar",
            "PI104",
            documented,
            lambda text: f"2017-02-30{text[10:]}",
        ),
        "date-time-not-in-utc": ("date-times are in another zone", "PI211", assumed, _in_another_zone),
        "date-time-in-the-future": (
            "date-times are of years to come",
            "PI212",
            assumed,
            lambda text: f"2999{text[4:]}",
        ),
    }
    for name, (title, codes, standing, respell) in every.items():
        yield behaviour(
            name, title, codes, standing, of_rows(_each_date(respell)), operations=groups.analytics
        )
    yield behaviour(
        "two-dates-of-one-service",
        "a row is of another day than the others of its service",
        "PI213",
        assumed,
        of_rows(_two_dates),
        operations=groups.analytics,
    )


def _each_date(respell: Callable[[str], str]) -> Respell:
    return lambda rows, _: [{**row, DATE: respell(row[DATE])} for row in rows]


def _without_zone(text: str) -> str:
    return datetime.fromisoformat(text).replace(tzinfo=None).isoformat()


def _in_another_zone(text: str) -> str:
    """The same moment, elsewhere."""
    return datetime.fromisoformat(text).astimezone(timezone(timedelta(hours=2))).isoformat()


def day_before(text: str) -> str:
    """The same time on the day before."""
    return (datetime.fromisoformat(text) - timedelta(days=1)).isoformat()


def _two_dates(rows: Rows, _: Scene) -> Rows | None:
    for index, row in enumerate(rows):
        if any(row["serviceName"] == other["serviceName"] for other in rows[:index]):
            return [*rows[:index], {**row, DATE: day_before(row[DATE])}, *rows[index + 1 :]]
    return None
