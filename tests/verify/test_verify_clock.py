"""Laws of the service's clock: a Date that stands still is found, one that is coarse is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from partner_insights.contract import Profile, Severity
from partner_insights.verify import Exchange, Request, Response
from partner_insights.verify.run import comparisons
from partner_insights.verify.run.comparisons import clock_goes_on
from partner_insights.verify.run.service_clock import ServiceClock

START = datetime(2026, 11, 20, 10, tzinfo=UTC)


def dated(second: float, date: float | None, *, operation: str = "customers", status: int = 200) -> Exchange:
    """An answer of this second that says it is of another."""
    said = None if date is None else format_datetime(START + timedelta(seconds=date), usegmt=True)
    headers = () if said is None else (("Date", said),)
    received = START + timedelta(seconds=second)
    response = Response(status, headers, b"{}", received=received, elapsed=0.5)
    return Exchange(Request("GET", "http://h/v1", operation=operation), response)


class Session:
    """What a clock is asked of: its answers come a second after each other, or when somebody has waited."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, date: Any) -> None:
        self.clock, self.found, self.sent = ServiceClock(), [], 0
        self.customers = self.target = self
        self.profile = Profile.STRICT
        self._date, self._second = date, 0.0
        monkeypatch.setattr(comparisons.time, "sleep", self._wait)

    def _wait(self, seconds: float) -> None:
        self._second += seconds

    def first_for(self, operation: str) -> None:
        """None of the operations is about a customer."""

    def check(self, operation: str, **_: Any) -> Exchange:
        self.sent += 1
        self._second += 0.6
        exchange = dated(self._second, self._date(self._second), operation=operation)
        self.clock.note(exchange)
        return exchange

    def report(self, violations: Any) -> None:
        self.found += violations


@pytest.mark.parametrize("step", [1, 2, 10])
def test_a_clock_that_goes_on_is_kept(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """In seconds, or in steps of some: few requests tell."""
    session: Any = Session(monkeypatch, lambda second: second // step * step)
    clock_goes_on(session, "customers")
    assert (session.found, session.sent <= 6) == ([], True)
    sent = session.sent
    clock_goes_on(session, "customers")
    assert session.sent == sent


def test_no_date_is_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer without Date says nothing of it."""
    session: Any = Session(monkeypatch, lambda _: None)
    clock_goes_on(session, "customers")
    assert (session.found, session.sent) == ([], 1)


@pytest.mark.parametrize(("still", "sent"), [(20, 7), (2, 3)])
def test_a_clock_that_stands_still_is_found(monkeypatch: pytest.MonkeyPatch, still: float, sent: int) -> None:
    """PI320, once it has stood for so long; at the next operation, nobody waits any more."""
    session: Any = Session(monkeypatch, lambda _: 0)
    session.check("customer")
    clock_goes_on(session, "customers", still)
    (found,) = session.found
    assert (found.code, found.severity, "s before" in found.message) == ("PI320", Severity.ERROR, True)
    assert session.sent == sent + 1
    clock_goes_on(session, "customer", still)
    assert (len(session.found), session.sent) == (2, sent + 2)


def test_only_successes_tell_of_an_operation() -> None:
    """A refusal may come from a gateway with a clock of its own; operations are apart."""
    clock = ServiceClock()
    for exchange in (dated(0, 0), dated(5, 5, status=401), dated(6, 6, operation="customer")):
        clock.note(exchange)
    assert clock.stood(dated(30, 0)) == 29.5
    assert not clock.goes_on("customers")
    clock.note(dated(31, 31))
    assert clock.goes_on("customers")
    assert clock.stood(dated(60, 31)) is None
