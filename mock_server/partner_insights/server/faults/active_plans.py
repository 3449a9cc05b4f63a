"""Fault plans in force → the fault each request is to meet, every one of them accounted for."""

from __future__ import annotations

import secrets
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import Struct, field

from partner_insights.errors import InputError

if TYPE_CHECKING:
    from partner_insights.server.faults.plan import Fault, FaultPlan
    from partner_insights.server.http.routes import RouteMatch

MAX_PLANS: Final = 200


class MatchedFault(NamedTuple):
    """The fault one request is to meet."""

    fault: Fault
    applied: str | None = None
    """What the answer says was applied of the request's preferences; None: it was planned."""
    ordinal: int = 0
    """How many requests have met this one before (a repeated plan's)."""
    quota: str | None = None
    """The quota that the request exceeded."""


class _Planned(Struct):
    """One planned fault and what has become of it."""

    fault: Fault
    request: str | None = None
    """MS-RequestId of the request that met it first."""
    times: int = 0


class _Plan(Struct):
    id: str
    wanted: FaultPlan
    faults: list[_Planned]

    def next(self, route: RouteMatch) -> _Planned | None:
        open_ = (each for each in self.faults if self.wanted.repeat or not each.times)
        return next((each for each in open_ if each.fault.matches(route)), None)

    def content(self) -> dict[str, Any]:
        """The account: what was planned, and which request met it."""
        accounts = []
        for each in self.faults:
            account = {**each.fault.content(), "consumed": each.times > 0}
            if each.request is not None:
                account["request"] = each.request
            if self.wanted.repeat:
                account["times"] = each.times
            accounts.append(account)
        return {
            "id": self.id,
            "all": self.wanted.all,
            "repeat": self.wanted.repeat,
            "planned": len(self.faults),
            "consumed": sum(each.times > 0 for each in self.faults),
            "faults": accounts,
        }


class ActivePlans(Struct):
    """The plans of one fake. Each fault is consumed by one request, in the order of the plan."""

    for_all: bool = False
    """Whether some plan is meant for every request: read without the lock, for each request."""
    _plans: dict[str, _Plan] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def add(self, wanted: FaultPlan) -> dict[str, Any]:
        """Put a plan in force; its account, with its id. InputError where there are too many already."""
        with self._lock:
            if len(self._plans) >= MAX_PLANS:
                raise InputError(
                    f"there are {MAX_PLANS} fault plans already",
                    remedy="take some back (DELETE /_admin/faults/{id}), or reset",
                )
            plan = _Plan(secrets.token_hex(8), wanted, [_Planned(each) for each in wanted.faults])
            self._plans[plan.id] = plan
            self._refresh_flag()
            return plan.content()

    def account(self, plan_id: str) -> dict[str, Any] | None:
        """What has become of a plan; None where there is none of that id."""
        with self._lock:
            plan = self._plans.get(plan_id)
            return None if plan is None else plan.content()

    def accounts(self) -> list[dict[str, Any]]:
        """All plans, the oldest first."""
        with self._lock:
            return [plan.content() for plan in self._plans.values()]

    def remove(self, plan_id: str) -> dict[str, Any] | None:
        """Take a plan back; its last account."""
        with self._lock:
            plan = self._plans.pop(plan_id, None)
            self._refresh_flag()
            return None if plan is None else plan.content()

    def clear(self) -> None:
        """Take all plans back."""
        with self._lock:
            self._plans.clear()
            self._refresh_flag()

    def consume(self, plan_id: str | None, route: RouteMatch, request: str) -> MatchedFault | None:
        """The fault this request is to meet, now consumed; KeyError for an id of no plan.

        The plan whose id the request carries comes first, then the plans for all, the oldest first.
        """
        with self._lock:
            for plan in self._asked(plan_id):
                planned = plan.next(route)
                if planned is not None:
                    planned.times += 1
                    planned.request = planned.request or request
                    return MatchedFault(planned.fault, ordinal=planned.times - 1)
            return None

    def _asked(self, plan_id: str | None) -> list[_Plan]:
        own = [] if plan_id is None else [self._plans[plan_id]]
        return own + [plan for plan in self._plans.values() if plan.wanted.all and plan not in own]

    def _refresh_flag(self) -> None:
        self.for_all = any(plan.wanted.all for plan in self._plans.values())
