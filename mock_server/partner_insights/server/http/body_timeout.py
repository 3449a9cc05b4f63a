"""Requests whose bodies may never come → bodies that come in time, or an end to the waiting.

Reading a body blocks a thread of the server for as long as the client takes to send it, perhaps for ever, and
the server has no deadline for it. So those that wait are watched: where one waits too long, its connection is
shut for reading. When many wait at once, too long is soon.
"""

from __future__ import annotations

import io
import socket
import time
from bisect import bisect_left, bisect_right
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from threading import BoundedSemaphore, Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Final

from werkzeug.exceptions import RequestTimeout

from partner_insights.contract.error_bodies import error_body
from partner_insights.server.http.buffered import BufferedResponse
from partner_insights.server.http.request_headers import RequestHeaders
from partner_insights.server.http.response import json_response
from partner_insights.server.http.tcp_info import POSSIBLE, connections

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_READ: Final = 2**20
"""Bytes of a body; longer ones are refused."""
MOST_AWAITED: Final = 64
"""Far fewer than the server has threads, with those that faults hold back reckoned in (`wire.MOST_HELD`)."""
PATIENCE: Final = 10.0
"""Seconds a body may take."""
_CROWDED: Final = 0.1
"""Seconds it may take where others queue for its place."""
_QUEUE: Final = 10.0
"""Seconds a request may queue."""
_MOST_QUEUEING: Final = 24
"""Each holds a thread, too."""
_TICK: Final = 0.1
_INEXACT: Final = 0.03
"""Seconds by which the system's ages of what was sent and received may be off."""


@dataclass(eq=False)
class Waiting:
    """A body that is waited for."""

    arrived: float
    """When the request came; it may have queued since, and nothing was sent to it."""
    length: int
    """Bytes to wait for: not every server ends the stream where the body ends."""
    began: float = field(default_factory=time.monotonic)
    found: frozenset[int] | None = None
    """Descriptors of connections it may come over: they brought something then, and were sent nothing since.

    None: not looked for yet.
    """
    slack: float = _INEXACT
    """Seconds between what was sent and the beginning, either way."""
    over: bool = False

    @property
    def age(self) -> float:
        """Seconds it has been waited for."""
        return time.monotonic() - self.began


@dataclass
class TimelyBodies:
    """Lets requests with bodies through to an application, a few at a time; a late one is RequestTimeout."""

    application: WSGIApplication
    patience: float = PATIENCE
    _free: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(MOST_AWAITED))
    _queueing: int = 0
    _waiting: list[Waiting] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _some: Event = field(default_factory=Event)
    _watch: Thread | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; the application reads the body before it returns."""
        if environ.get("CONTENT_LENGTH") in (None, "", "0") and "HTTP_TRANSFER_ENCODING" not in environ:
            return self.application(environ, start_response)
        arrived = time.monotonic()
        if not self._admitted():
            body = error_body("503", "Too many requests are waiting for their bodies")
            answer = json_response(body, status=503, headers=[("Connection", "close")])
            return BufferedResponse.of(answer, RequestHeaders.of(environ)).send(environ, start_response)
        try:
            waiting = Waiting(arrived, _announced(environ))
            environ["wsgi.input"] = _Body(self, environ["wsgi.input"], waiting)
            return self.application(environ, start_response)
        finally:
            self._free.release()

    def read(self, stream: Any, waiting: Waiting) -> bytes:
        """The body, as far as it is waited for; RequestTimeout where it does not come."""
        waiting.began = time.monotonic()
        with self._lock:
            self._waiting.append(waiting)
            if self._watch is None and POSSIBLE:
                self._watch = Thread(target=self._watched, daemon=True)
                self._watch.start()
        self._some.set()
        try:
            content: bytes = stream.read(waiting.length)
        finally:
            with self._lock:
                self._waiting.remove(waiting)
        if waiting.over:
            raise RequestTimeout
        return content

    def _admitted(self) -> bool:
        if self._free.acquire(blocking=False):
            return True
        with self._lock:
            if self._queueing >= _MOST_QUEUEING:
                return False
            self._queueing += 1
        try:
            return self._free.acquire(timeout=_QUEUE)
        finally:
            with self._lock:
                self._queueing -= 1

    def _watched(self) -> None:
        """Look after those that wait, for ever."""
        while True:
            self._some.wait()
            time.sleep(_TICK)
            with self._lock:
                waiting = [each for each in self._waiting if each.age >= _TICK]
                patience = _CROWDED if self._queueing else self.patience
                if not self._waiting:
                    self._some.clear()
            began = time.thread_time()
            with suppress(OSError):  # too many files may be open to look; there will be another time
                _look(waiting, patience)
            time.sleep(2 * (time.thread_time() - began))  # many connections take a while to look at


def _announced(environ: WSGIEnvironment) -> int:
    """How long the body says it is; one byte more than is allowed where it is longer, or does not say."""
    told = environ.get("CONTENT_LENGTH") or ""
    return min(int(told), MOST_READ + 1) if told.isascii() and told.isdigit() else MOST_READ + 1


def _look(waiting: list[Waiting], patience: float) -> None:
    """Find out whose connections they may be; end those that have waited too long.

    A connection may be one of several: then each of them has been waiting as long, for a body or, seldom, for
    an answer that a fault holds back.
    """
    late = [each for each in waiting if each.age >= patience]
    unknown = sorted((each for each in waiting if each.found is None), key=attrgetter("arrived"))
    if not unknown and not late:
        return
    for each in late:
        each.over = True  # first: it may end before this does
    found: dict[int, set[int]] = {id(each): set() for each in unknown}
    owners: dict[int, list[Waiting]] = {}
    for each in late:
        for descriptor in each.found or ():
            owners.setdefault(descriptor, []).append(each)
    arrivals = [each.arrived for each in unknown]
    widest = max((each.slack for each in unknown), default=0.0)
    for connection in connections():
        now = time.monotonic()
        received = now - connection.received_ago
        then = slice(bisect_left(arrivals, received - widest), bisect_right(arrivals, received + widest))
        suspects = [each for each in unknown[then] if abs(each.arrived - received) < each.slack]
        suspects += owners.get(connection.descriptor, ())
        answered = now - connection.sent_ago - _INEXACT
        silent = [each for each in suspects if each.arrived > answered]
        for each in silent:
            if each.found is None:
                found[id(each)].add(connection.descriptor)
        if any(each.over for each in silent):
            with suppress(OSError):  # the caller may be gone
                connection.socket.shutdown(socket.SHUT_RD)
    for each in unknown:
        each.found = frozenset(found[id(each)])
    for each in late:  # whoever is still there the next time was looked for too narrowly
        each.found, each.slack = None, each.slack * 4


class _Body(io.RawIOBase):
    """A request's body, read whole when the first of it is wanted."""

    def __init__(self, bodies: TimelyBodies, stream: Any, waiting: Waiting) -> None:
        self._bodies, self._stream, self._waiting = bodies, stream, waiting
        self._content: io.BytesIO | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._content is None:
            self._content = io.BytesIO(self._bodies.read(self._stream, self._waiting))
        return self._content.readinto(buffer)
