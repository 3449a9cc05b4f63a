"""A request → the fault it meets: its own preference first, then a plan, then what the scenarios bring."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct, field

from partner_insights.server.faults.active_plans import ActivePlans, MatchedFault
from partner_insights.server.faults.names import FaultCatalogue
from partner_insights.server.faults.plan import ANY, Fault, read_plan
from partner_insights.server.faults.prefer_header import fault_from
from partner_insights.server.faults.random_faults import RandomFaults
from partner_insights.server.faults.rate_limit import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_insights.contract import Catalogue
    from partner_insights.server.http.routes import PathTable, RouteMatch
    from partner_insights.server.scenarios import Conditions
    from partner_insights.server.state import State


class Choice(NamedTuple):
    """What is to happen to one request."""

    request_id: str
    matched: MatchedFault | None = None
    latency: float = 0.0
    """Seconds by which the scenario delays the response, whatever it is."""


class FaultChooser(Struct, dict=True):
    """What can go wrong in one fake, and whose turn it is."""

    catalogue: Catalogue
    paths: PathTable
    state: State
    partner_of: Callable[[str | None], int]
    """The partner that an Authorization header speaks for."""
    plans: ActivePlans = field(default_factory=ActivePlans)
    rate_limiter: RateLimiter = field(default_factory=RateLimiter)

    def choose(
        self,
        route: RouteMatch,
        request_id: str,
        prefer: str | None = None,
        plan_id: str | None = None,
        authorization: str | None = None,
    ) -> Choice:
        """What this request is to meet, now consumed; KeyError where it names a plan that is not there."""
        conditions = self.state.scene.conditions
        matched = None
        if prefer is not None or plan_id is not None or self.plans.for_all:
            matched = self._preferred(prefer, route) or self.plans.consume(plan_id, route, request_id)
        if not conditions.per_request or route.operation not in self.paths.operations:
            return Choice(request_id, matched)
        latency = self.random_faults.latency(route) if conditions.slow else 0.0
        matched = matched or self._of_scenario(route, conditions, authorization)
        return Choice(request_id, matched, latency)

    def _preferred(self, prefer: str | None, route: RouteMatch) -> MatchedFault | None:
        preference = None if prefer is None else fault_from(prefer, self.names)
        if preference is None or route.operation in preference[0].spared:
            return None
        return MatchedFault(*preference)

    def _of_scenario(
        self, route: RouteMatch, conditions: Conditions, authorization: str | None
    ) -> MatchedFault | None:
        exceeded = None
        if conditions.throttled:
            exceeded = self.rate_limiter.check(route.customer, self.partner_of(authorization))
        if exceeded is not None:
            fault = Fault(ANY, code=429, retry_after=exceeded.retry_after)
            return MatchedFault(fault, quota=exceeded.key)
        drawn = self.random_faults.fault(route) if conditions.flaky else None
        return None if drawn is None else MatchedFault(drawn)

    def plan(self, content: Any) -> dict[str, Any]:
        """Put the plan of a JSON body in force; its account. InputError says what is wrong with it."""
        return self.plans.add(read_plan(content, self.names))

    def reset(self) -> None:
        """As if no request had ever come, nor any plan."""
        self.plans.clear()
        self.rate_limiter.reset()
        self.random_faults.reset()

    @cached_property
    def names(self) -> FaultCatalogue:
        """What a plan can name."""
        return FaultCatalogue(self.catalogue, self.paths, self.state)

    @cached_property
    def random_faults(self) -> RandomFaults:
        """The draws of the scenarios flaky and slow."""
        return RandomFaults(self.state.scene.world.seed)
