"""`/_admin/history` and `/_admin/events` → the partner's sums day by day, and what changes them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from flask import request

from partner_insights.server.admin.controls import Control, json_error, json_ok, query_number, sent_json
from partner_insights.world.own.events import read_event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from flask import Response

    from partner_insights.server.state import State
    from partner_insights.world.calendar import Dataset

MAX_CUSTOMER_DAYS: Final = 6_000_000
"""What one request adds up: some ten seconds of work."""
_COUNTS: Final[Mapping[Dataset, tuple[str, str]]] = {
    "deployment": ("sold", "deployed"),
    "usage": ("qualified", "active"),
}


class HistoryViews:
    """What the world was on earlier days, and what is planned for later ones."""

    def __init__(self, state: State, longest: int) -> None:
        """`longest`: days that the history tells of."""
        self._state = state
        self._longest = longest

    def controls(self) -> tuple[Control, ...]:
        """Those under `/history` and `/events`."""
        alone = "nothing is planned: restart"
        return (
            Control("/history", "GET", self.history),
            Control("/events", "GET", self.events),
            Control("/events", "POST", self.plan_event, alone),
            Control("/events/<int:number>", "DELETE", self.cancel_event, alone),
        )

    def history(self) -> Response:
        """Sold, deployed and active of each service and workload on the last `days`, the newest last."""
        longest, customers = self._longest, self._state.scene.world.customers
        days = query_number("days", longest)
        if not 0 < days <= longest:
            return json_error(400, f"give days from 1 to {longest}: the history goes no further (--history)")
        if days * customers > MAX_CUSTOMER_DAYS:
            most = max(1, MAX_CUSTOMER_DAYS // customers)
            return json_error(400, f"{days} days of {customers:,} customers take too long: give days={most}")
        worlds = [self._state.world_on(day) for day in _days(self._state.as_of, days)]
        return json_ok(
            {
                "days": [world.as_of.isoformat() for world in worlds],
                "customers": [world.customers for world in worlds],
                **{
                    name: _series([each.sums(name) for each in worlds], counts)
                    for name, counts in _COUNTS.items()
                },
            }
        )

    def events(self) -> Response:
        """All that are planned, each with its number."""
        return json_ok({"events": [{"id": at, **each.content()} for at, each in self._state.events.items()]})

    def plan_event(self) -> Response:
        """Plan the event of the body: 201 with its number."""
        event = read_event(sent_json(), self._state.world)
        number = self._state.plan(event)
        place = f"{request.script_root}/_admin/events/{number}"
        return json_ok({"id": number, **event.content()}, 201, ("Location", place))

    def cancel_event(self, number: int) -> Response:
        """It does not happen."""
        if not self._state.cancel(number):
            return json_error(404, f"there is no event {number}")
        return self.events()


def _days(last: date, count: int) -> Sequence[date]:
    return [last - timedelta(days=back) for back in range(count - 1, -1, -1)]


def _series(
    days: Sequence[Mapping[tuple[str, str], tuple[int, int]]], counts: tuple[str, str]
) -> list[dict[str, Any]]:
    """Of each service (and workload) its counts, day by day; 0 where it has no row."""
    keys = sorted({key for each in days for key in each})
    nothing = (0, 0)
    return [
        {
            "service": service,
            **({"workload": workload} if workload else {}),
            counts[0]: [each.get((service, workload), nothing)[0] for each in days],
            counts[1]: [each.get((service, workload), nothing)[1] for each in days],
        }
        for service, workload in keys
    ]
