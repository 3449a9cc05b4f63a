"""The connections of a worker: how many there may be, when they end, and what is sent over them together."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from typing import Final, Protocol

from partner_insights.server.process.memory import give_back
from partner_insights.server.process.request_reader import KnownRequests

JOINED: Final = 64 * 1024
"""Bytes of a body that are worth no write of their own."""
_TOGETHER: Final = 16
"""Responses that are sent together at most."""
_SWEEP_SECONDS: Final = 0.5
_POLL: Final = 0.01
_MANY: Final = 1000
"""Connections whose end is worth looking for memory that is free again."""
_SELDOM: Final = 10.0
"""Seconds from one look to the next."""


class Watched(Protocol):
    """A connection, as far as it is looked after."""

    deadline: float
    """When it is ended, by `time.monotonic()`."""

    @property
    def is_answering(self) -> bool:
        """Whether a response is yet to come, or to be read."""

    def abort(self) -> None:
        """End it at once."""


class Connections:
    """The connections of a worker, each watched for a client that keeps it waiting."""

    def __init__(self, most: int) -> None:
        """`most` is how many the system can bear."""
        self.known = KnownRequests()
        self.ending = False
        self.now = time.monotonic()
        """By `time.monotonic()`, looked at twice a second."""
        self.date = _date()
        """The field Date for responses that have none."""
        self._most = most
        self._open: set[Watched] = set()
        self._unsent: list[tuple[asyncio.Transport, bytes]] = []
        self._ended = 0
        """How many have ended since memory was given back."""
        self._given_back = self.now

    def __contains__(self, connection: Watched) -> bool:
        """Whether it is open."""
        return connection in self._open

    def add(self, connection: Watched) -> bool:
        """Look after one that has been opened; False where there are more than the system can bear."""
        self._open.add(connection)
        return len(self._open) <= self._most

    def remove(self, connection: Watched) -> None:
        """Forget one that has ended."""
        self._open.discard(connection)
        self._ended += 1

    def send(self, transport: asyncio.Transport, data: bytes) -> None:
        """Send at the end of this turn of the loop: clients that are woken together cost the system less."""
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self.flush)
        self._unsent.append((transport, data))
        if len(self._unsent) >= _TOGETHER or len(data) >= JOINED:
            self.flush()

    def flush(self) -> None:
        """Send what is to be sent."""
        unsent, self._unsent = self._unsent, []
        for transport, data in unsent:
            if not transport.is_closing():
                transport.write(data)

    async def watch(self) -> None:
        """End, again and again, what has taken too long."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self.now, self.date = time.monotonic(), _date()
            late = self.now - _SWEEP_SECONDS  # so old `now` may have been when a deadline was set
            for each in [each for each in self._open if each.deadline < late]:
                each.abort()
            if self._ended >= _MANY and self.now - self._given_back > _SELDOM:
                self._ended, self._given_back = 0, self.now
                self._open = set(self._open)  # one that has shrunk keeps its size
                give_back()

    async def end(self, seconds: float) -> None:
        """Let requests under way be answered for so long, then end all."""
        self.ending = True
        until = time.monotonic() + seconds
        while time.monotonic() < until and any(each.is_answering for each in self._open):
            await asyncio.sleep(_POLL)
        self.flush()
        for each in list(self._open):
            each.abort()


def _date() -> bytes:
    return f"Date: {formatdate(usegmt=True)}\r\n".encode()
