"""Mutants of dates: malformed, in another zone, in the future, or of two days."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from partner_insights.mutants.mutant import (
    ASSUMED,
    DOCUMENTED,
    Behaviour,
    BehaviourTable,
    Change,
    RequestContext,
)
from partner_insights.mutants.operation_groups import analytics, licences, with_dates
from partner_insights.mutants.response_edits import DATE, Rows, of_rows

if TYPE_CHECKING:
    from collections.abc import Callable

DATES: Final = BehaviourTable()
mutant = DATES.mutant


def of_dates(edit: Callable[[str], str]) -> Change:
    """An edit of the date of every row; grouped rows have none."""
    return of_rows(
        lambda rows, _: (
            [{**row, DATE: edit(row[DATE])} for row in rows] if all(DATE in row for row in rows) else None
        )
    )


def day_before(text: str) -> str:
    """The same time on the day before."""
    return (datetime.fromisoformat(text) - timedelta(days=1)).isoformat()


@mutant("PI104", DOCUMENTED, of_dates, analytics)
def date_time_without_zone(text: str) -> str:
    """Date-times have no offset."""
    return datetime.fromisoformat(text).replace(tzinfo=None).isoformat()


@mutant("PI104", DOCUMENTED, of_dates, analytics)
def date_without_time(text: str) -> str:
    """Dates have no time."""
    return text[:10]


@mutant("PI104", DOCUMENTED, of_dates, analytics)
def impossible_date(text: str) -> str:
    """A date is no day of the calendar."""
    return f"2017-02-30{text[10:]}"


@mutant("PI211", ASSUMED, of_dates, analytics)
def date_time_not_in_utc(text: str) -> str:
    """Date-times are in another zone."""
    return datetime.fromisoformat(text).astimezone(timezone(timedelta(hours=2))).isoformat()


@mutant("PI212", ASSUMED, of_dates, licences)
def date_time_in_the_future(text: str) -> str:
    """Date-times are of years to come."""
    return f"2999{text[4:]}"


@mutant("PI213", ASSUMED, of_rows, licences)
def two_dates_of_one_service(rows: Rows, _: RequestContext) -> Rows | None:
    """A row is of another day than the others of its service."""
    for index, row in enumerate(rows):
        service = row.get("serviceName")
        if DATE in row and any(service == other.get("serviceName") for other in rows[:index]):
            return [*rows[:index], {**row, DATE: day_before(row[DATE])}, *rows[index + 1 :]]
    return None


def _of_year(year: str) -> Change:
    """Every date of the rows in a year that stands for none."""
    return of_rows(
        lambda rows, _: [
            row
            | {name: f"{year}-01-01{row[name][10:]}" for name in row if name.endswith("Date") and row[name]}
            for row in rows
        ]
    )


DATES.extend(
    Behaviour(
        f"dates-of-{year}", f"dates are of the year {int(year)}", "PI238", ASSUMED, _of_year(year), with_dates
    )
    for year in ("0001", "1601", "1970")
)
