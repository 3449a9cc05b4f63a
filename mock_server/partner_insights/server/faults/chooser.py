"""A request → the fault it meets: its own preference first, then a plan, then what the scenarios bring."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from partner_insights.server.faults.active_plans import ActivePlans, MatchedFault
from partner_insights.server.faults.names import FaultCatalogue
from partner_insights.server.faults.plan import ANY, Fault, read_plan
from partner_insights.server.faults.prefer_header import fault_from
from partner_insights.server.faults.random_faults import RandomFaults
from partner_insights.server.faults.rate_limit import RateLimiter

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from partner_insights.contract import Catalogue
    from partner_insights.server.http.routes import PathTable
    from partner_insights.server.journal.journal import Entry
    from partner_insights.server.state import State


@dataclass
class FaultChooser:
    """What can go wrong in one fake, and whose turn it is."""

    catalogue: Catalogue
    paths: PathTable
    state: State
    plans: ActivePlans = field(default_factory=ActivePlans)
    rate_limiter: RateLimiter = field(default_factory=RateLimiter)

    def has_no_fault(self, environ: WSGIEnvironment) -> bool:
        """Whether nothing asks for anything but the plain response; a few look-ups, for each request."""
        return not (
            "HTTP_PREFER" in environ
            or "HTTP_X_FAULT_PLAN" in environ
            or self.plans.for_all
            or self.state.scene.conditions.per_request
        )

    def choose(self, environ: WSGIEnvironment, entry: Entry) -> MatchedFault | None:
        """The fault of this request, now consumed; KeyError where it names a plan that is not there."""
        header = environ.get("HTTP_PREFER")
        preference = None if header is None else fault_from(header, self.names)
        if preference is not None:
            return MatchedFault(*preference)
        route, conditions = entry.route, self.state.scene.conditions
        planned = self.plans.consume(environ.get("HTTP_X_FAULT_PLAN"), route, entry.request_id)
        if planned is not None or route.operation not in self.paths.operations:
            return planned
        exceeded = self.rate_limiter.check(route.customer) if conditions.throttled else None
        if exceeded is not None:
            entry.key = exceeded.key
            return MatchedFault(Fault(ANY, code=429, retry_after=exceeded.retry_after))
        fault = self.random_faults.fault(route) if conditions.flaky else None
        return None if fault is None else MatchedFault(fault)

    def latency(self, entry: Entry) -> float:
        """Seconds by which the scenario delays the response, whatever it is."""
        if self.state.scene.conditions.slow and entry.route.operation in self.paths.operations:
            return self.random_faults.latency(entry.route)
        return 0.0

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
