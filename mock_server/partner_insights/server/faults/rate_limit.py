"""Requests → token buckets on both documented keys, and the wait of who comes too often.

Two quotas are documented, per partner and per partner and customer; their sizes are not
(api-throttling-guidance.md). Ours are small enough to be met while one develops.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable


class Quota(Struct, frozen=True):
    """How many requests at once, and how many a second in the long run."""

    name: str
    burst: int
    per_second: float


PARTNER: Final = Quota("partner", 60, 20)
CUSTOMER: Final = Quota("customer", 10, 1)
PENALTY: Final = 1.0
"""Seconds the wait grows by when somebody comes back before it is over."""
MAX_WAIT: Final = 57.0
"""Seconds, as in the published example: more no wait grows to."""

_MAX_BUCKETS: Final = 10_000


class QuotaExceeded(Struct, frozen=True):
    """A request too many: which quota it exceeded, and after how many whole seconds to come back."""

    key: str
    retry_after: int


class _Bucket(Struct):
    quota: Quota
    tokens: float
    filled: float
    closed_until: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until a request passes; 0: now. A request before its time makes it longer."""
        if now < self.closed_until:
            self.closed_until = min(self.closed_until + PENALTY, now + MAX_WAIT)
            return self.closed_until - now
        self.tokens = min(self.quota.burst, self.tokens + (now - self.filled) * self.quota.per_second)
        self.filled = now
        if self.tokens >= 1:
            return 0.0
        # Whole seconds, as Retry-After has no others: who waits that long is let in.
        self.closed_until = now + max(1, math.ceil((1 - self.tokens) / self.quota.per_second))
        return self.closed_until - now


class RateLimiter(Struct):
    """The quotas of one fake: each of its partners has one, and each customer."""

    clock: Callable[[], float] = time.monotonic
    partner: Quota = PARTNER
    customer: Quota = CUSTOMER
    _buckets: OrderedDict[tuple[int, str | None], _Bucket] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def check(self, customer: str | None, partner: int = 0) -> QuotaExceeded | None:
        """None lets the request pass, and counts it on both keys."""
        with self._lock:
            now = self.clock()
            buckets = [self._bucket((partner, None), self.partner, now)]
            if customer is not None:
                buckets.append(self._bucket((partner, customer), self.customer, now))
            for bucket in buckets:
                wait = bucket.wait(now)
                if wait > 0:
                    return QuotaExceeded(bucket.quota.name, math.ceil(wait))
            for bucket in buckets:
                bucket.tokens -= 1
            return None

    def reset(self) -> None:
        """Forget who came."""
        with self._lock:
            self._buckets.clear()

    def _bucket(self, key: tuple[int, str | None], quota: Quota, now: float) -> _Bucket:
        bucket = self._buckets.setdefault(key, _Bucket(quota, quota.burst, now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)  # the partner's own has just been used, or is used next
        return bucket
