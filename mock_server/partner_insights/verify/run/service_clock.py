"""The Dates of a run's answers → whether the service's clock goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from partner_insights.verify.judge.exchange import Exchange


class ServiceClock:
    """The first Date that an operation's successes carry, until they carry another."""

    def __init__(self) -> None:
        self._first: dict[str | None, tuple[str | None, datetime]] = {}
        """Operation → Date, and when it came."""
        self._going: set[str | None] = set()

    def note(self, exchange: Exchange) -> None:
        """Look at the Date of an answer."""
        operation, response = exchange.request.operation, exchange.response
        if response is None or response.status != 200 or operation in self._going:
            return
        date = response.header("Date")
        if self._first.setdefault(operation, (date, response.received))[0] != date:
            self._going.add(operation)

    def goes_on(self, operation: str) -> bool:
        """Whether two successes of the operation had two Dates."""
        return operation in self._going

    def stood(self, exchange: Exchange) -> float | None:
        """For how many seconds before this request its operation had no other Date; None where it goes on."""
        operation, response = exchange.request.operation, exchange.response
        date, since = self._first.get(operation, (None, None))
        if response is None or date is None or since is None or operation in self._going:
            return None
        return (response.received - timedelta(seconds=response.elapsed) - since).total_seconds()
