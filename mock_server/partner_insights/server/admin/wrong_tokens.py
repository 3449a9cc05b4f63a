"""Wrong admin tokens by the address they came from → how long its next try has to wait."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable

FREE: Final = 5
"""Wrong tokens after which the next has to wait, twice as long each time."""
MAX_WAIT: Final = 60.0
_MAX_ADDRESSES: Final = 10_000


class WrongTokens(Struct):
    """The guesses of one fake: a token of six letters takes a thousand years from one address."""

    clock: Callable[[], float] = time.monotonic
    _seen: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict)
    """How many wrong ones there were, and until when no other is read; the latest last."""
    _lock: Lock = field(default_factory=Lock)

    def wait(self, address: str | None) -> float:
        """Seconds until a token from there is read; 0: now."""
        with self._lock:
            return max(0.0, self._seen.get(_network(address), (0, 0.0))[1] - self.clock())

    def add(self, address: str | None) -> None:
        """One more was wrong."""
        network = _network(address)
        with self._lock:
            count = self._seen.pop(network, (0, 0.0))[0] + 1
            wait = min(MAX_WAIT, 2.0 ** (count - FREE)) if count >= FREE else 0.0
            self._seen[network] = min(count, 100), self.clock() + wait
            if len(self._seen) > _MAX_ADDRESSES:
                self._seen.popitem(last=False)

    def forget(self, address: str | None) -> None:
        """The right one came from there."""
        with self._lock:
            self._seen.pop(_network(address), None)


def _network(address: str | None) -> str:
    """What one client has: an address of IPv4, of IPv6 the 64 bits that a client may change the rest of."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    mapped = getattr(ip, "ipv4_mapped", None)
    if ip.version == 4 or mapped is not None:
        return str(mapped or ip)
    return str(ipaddress.ip_network((int(ip), 64), strict=False))
