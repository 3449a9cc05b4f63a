"""The threads of a server → one at a time for what is answered at once, the others for what may wait.

Many threads answering at once cost most of the speed, as they fight for the interpreter. With a single one,
an answer that a fault holds back, or a body that never comes, would hold back every other. So one thread is
*free* at a time, which gives the answers that are known. Before it does anything else it calls another one in
its place, and where there are more, each rests once it has given such an answer, until it is called.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from threading import Lock, local
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST: Final = 192
"""Threads of the server: more than faults (`wire.MOST_HELD`) and bodies may hold together."""


@dataclass
class Turns:
    """Around an application that knows some of its answers beforehand; others it has to work out."""

    application: WSGIApplication
    known_answer: Callable[[WSGIEnvironment], tuple[str, list[tuple[str, str]], bytes] | None]
    _free: int = 0
    """Threads that answer, or wait in the server for a request, and do not keep it from answering others."""
    _resting: deque[Lock] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)
    _threads: local = field(default_factory=local)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        try:
            self._threads.counted  # noqa: B018 - each request looks: asking `hasattr` takes longer
        except AttributeError:
            self._threads.counted = _Counted(self)
        known = self.known_answer(environ)
        if known is not None:
            status, headers, body = known
            start_response(status, headers)
            return [body] if self._free < 2 else _Closing([body], self.rest)
        self._go()
        try:
            return _Closing(self.application(environ, start_response), self._come)
        except BaseException:
            self._come()
            raise

    def rest(self) -> None:
        """Where another thread is free, this one waits until it is called in a free one's place."""
        called = Lock()
        with self._lock:
            if self._free < 2:
                return
            self._free -= 1
            called.acquire()
            self._resting.append(called)
        called.acquire()

    def count(self, change: int) -> None:
        """So many more threads are free."""
        with self._lock:
            self._free += change

    def _go(self) -> None:
        with self._lock:
            if self._free < 2 and self._resting:
                self._resting.pop().release()  # the called one is free instead
            else:
                self._free -= 1

    def _come(self) -> None:
        self.count(1)


class _Counted:
    """Lives as long as its thread, which is free when it meets its first request and when it ends."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        turns.count(1)

    def __del__(self) -> None:
        self._turns.count(-1)


class _Closing:
    """An answer on its way out; the server closes it at its end, whatever became of it.

    What is done then delays that end, if not the last byte before it. So a thread rests after known answers
    only: they are whole, and nobody waits for their end, as for that of an answer cut short.
    """

    def __init__(self, chunks: Iterable[bytes], then: Callable[[], None]) -> None:
        self._chunks = chunks
        self._then = then

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def close(self) -> None:
        """Close what the application answered, then do what is to be done."""
        try:
            close: Any = getattr(self._chunks, "close", None)
            if close is not None:
                close()
        finally:
            self._then()
