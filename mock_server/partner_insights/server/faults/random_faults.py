"""Bad weather: which of a flaky service's requests fail, and how long a slow one's take; the seed says."""

from __future__ import annotations

import math
from statistics import NormalDist
from threading import Lock
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from partner_insights.server.faults.plan import Fault
from partner_insights.world.hashing import field_key

if TYPE_CHECKING:
    from partner_insights.server.http.routes import RouteMatch

FLAKY: Final = ((0.10, Fault(code=500)), (0.10, Fault(code=503)), (0.05, Fault(name="timeout", seconds=30)))
"""The share of the requests that meet each fault."""
MEDIAN: Final = 0.25
SIGMA: Final = 0.8
"""Of the lognormal latency: half take longer than MEDIAN seconds, one in twenty longer than 0.93."""
MAX_LATENCY: Final = 10.0

_NORMAL: Final = NormalDist()
_MAX_ROUTES: Final = 100_000


class RandomFaults(Struct):
    """Draws for the first, second, … request to each route: no matter what else is asked in between."""

    seed: int
    _asked: dict[tuple[str, str | None, str | None], int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def fault(self, route: RouteMatch) -> Fault | None:
        """What the next request to the route meets while the service is flaky."""
        drawn = self._drawn("flaky", route)
        for share, fault in FLAKY:
            if drawn < share:
                return fault
            drawn -= share
        return None

    def latency(self, route: RouteMatch) -> float:
        """Seconds the next request to the route takes while the service is slow."""
        deviation = _NORMAL.inv_cdf(self._drawn("slow", route))
        return min(MAX_LATENCY, MEDIAN * math.exp(SIGMA * deviation))

    def reset(self) -> None:
        """Begin again."""
        with self._lock:
            self._asked.clear()

    def _drawn(self, what: str, route: RouteMatch) -> float:
        """Uniform in (0, 1)."""
        with self._lock:
            if len(self._asked) > _MAX_ROUTES:
                self._asked.clear()
            each = what, route.operation, route.customer
            number = self._asked.get(each, 0)
            self._asked[each] = number + 1
        key = field_key(self.seed, what, str(route.operation), str(route.customer), str(number))
        return (key % 2**53 + 0.5) / 2**53
