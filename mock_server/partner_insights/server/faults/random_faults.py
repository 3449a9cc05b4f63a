"""Bad weather: which of a flaky service's requests fail, and how long a slow one's take; the seed says."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from statistics import NormalDist
from threading import Lock
from typing import TYPE_CHECKING, Final

from partner_insights.server.faults.plan import Fault
from partner_insights.world.hashing import field_key

if TYPE_CHECKING:
    from partner_insights.server.http.routes import Address

FLAKY: Final = ((0.10, Fault(code=500)), (0.10, Fault(code=503)), (0.05, Fault(name="timeout", seconds=30)))
"""The share of the requests that meet each fault."""
MEDIAN: Final = 0.25
SIGMA: Final = 0.8
"""Of the lognormal latency: half take longer than MEDIAN seconds, one in twenty longer than 0.93."""
SLOWEST: Final = 10.0

_MOST_ADDRESSES: Final = 100_000


@dataclass
class Weather:
    """Draws for the first, second, … request to each address: no matter what else is asked in between."""

    seed: int
    _asked: Counter[tuple[str, Address]] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def fault(self, address: Address) -> Fault | None:
        """What the next request to the address meets while the service is flaky."""
        drawn = self._drawn("flaky", address)
        for share, fault in FLAKY:
            if drawn < share:
                return fault
            drawn -= share
        return None

    def latency(self, address: Address) -> float:
        """Seconds the next request to the address takes while the service is slow."""
        deviation = NormalDist().inv_cdf(self._drawn("slow", address))
        return min(SLOWEST, MEDIAN * math.exp(SIGMA * deviation))

    def reset(self) -> None:
        """Begin again."""
        with self._lock:
            self._asked.clear()

    def _drawn(self, what: str, address: Address) -> float:
        """Uniform in (0, 1)."""
        with self._lock:
            if len(self._asked) > _MOST_ADDRESSES:
                self._asked.clear()
            number = self._asked[what, address]
            self._asked[what, address] += 1
        key = field_key(self.seed, what, str(address.operation), str(address.customer), str(number))
        return (key % 2**53 + 0.5) / 2**53
