"""A good answer → one that goes wrong on its way: late, cut short, reset, or not what it says it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Final

from partner_insights.server.faults import tcp_reset as connection
from partner_insights.server.http.buffered import BufferedResponse
from partner_insights.server.http.response import BOM
from partner_insights.server.http.tcp_info import POSSIBLE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MAX_HELD: Final = 96
"""Answers held back at one time; each holds a thread of the server, and others need some, too."""

_FLUSH: Final = 0.1
"""Seconds in which what was sent gets out before the connection is cut."""
_PAGE: Final = (
    b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
    b"<body><h1>502 Bad Gateway</h1><p>The gateway got no answer in time.</p></body></html>\n"
)
_holding = BoundedSemaphore(MAX_HELD)


Send = Callable[[BufferedResponse, float, "WSGIEnvironment", "StartResponse"], Iterable[bytes]]


@dataclass(frozen=True)
class ConnectionFault:
    """One way in which an answer goes wrong on the wire."""

    id: str
    title: str
    send: Send
    seconds: float = 0
    """How long it takes where nobody says how long."""
    answers: bool = True
    """Whether the client gets any answer: a status at least."""


def sleep_bounded(seconds: float) -> bool:
    """Wait; False, at once, where too many wait already: nobody who asked for nothing is to wait for them."""
    if not _holding.acquire(blocking=False):
        return False
    try:
        time.sleep(seconds)
    finally:
        _holding.release()
    return True


def _delay(
    caught: BufferedResponse, seconds: float, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    sleep_bounded(seconds)
    return caught.send(environ, start)


def _stall(
    caught: BufferedResponse, seconds: float, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] == "HEAD":  # there is no half-way
        return _delay(caught, seconds, environ, start)
    caught.start(start)
    return _stalling(caught.body, seconds)


def _stalling(body: bytes, seconds: float) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    sleep_bounded(seconds)
    yield body[len(body) // 2 :]


def _truncate(
    caught: BufferedResponse, _: float, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] == "HEAD":  # nothing to cut
        return caught.send(environ, start)
    caught.start(start)
    return _truncated(caught.body)


def _truncated(body: bytes) -> Iterator[bytes]:
    # A body that ends before its length makes the server give the connection up.
    yield body[: len(body) // 2]
    time.sleep(_FLUSH)


def _close(
    caught: BufferedResponse, _: float, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    # A head that contradicts itself cannot be written: the server closes without a word.
    start("200 OK", [("Content-Length", "1"), ("Transfer-Encoding", "chunked")])
    return [b"x"]


def _timeout(
    caught: BufferedResponse, seconds: float, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    sleep_bounded(seconds)
    return _close(caught, 0, environ, start)


def _reset(
    caught: BufferedResponse, _: float, environ: WSGIEnvironment, start: StartResponse
) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] == "HEAD":
        return caught.send(environ, start)
    replace(caught, length=len(caught.body) + 2**20).start(start)
    begun = caught.body[: len(caught.body) // 2]
    if POSSIBLE:
        return connection.reset_mid_body(environ.get("REMOTE_ADDR", ""), begun)
    return _truncated(caught.body)


def _changed(change: Callable[[BufferedResponse], BufferedResponse]) -> Send:
    def send(caught: BufferedResponse, _: float, environ: Any, start: Any) -> Iterable[bytes]:
        return change(caught).send(environ, start)

    return send


_HTML: Final = BufferedResponse(502, (("Content-Type", "text/html; charset=utf-8"),), _PAGE)

CONNECTION_FAULTS: Final = {
    fault.id: fault
    for fault in (
        ConnectionFault("delay", "the answer comes late", _delay, 5),
        ConnectionFault("stall", "the answer stops half-way and goes on later", _stall, 30),
        ConnectionFault("truncate", "the connection closes half-way through the body", _truncate),
        ConnectionFault("close", "the connection closes without a reply", _close, answers=False),
        ConnectionFault(
            "timeout", "nothing comes for long, then the connection closes", _timeout, 30, answers=False
        ),
        ConnectionFault("reset", "the connection is reset half-way through the body", _reset),
        ConnectionFault(
            "malformed-json",
            "the body is JSON but for its end",
            _changed(lambda caught: replace(caught, body=caught.body[:-1] + b",]")),
        ),
        ConnectionFault(
            "html-error-page",
            "a gateway's page, 502 and HTML, comes in place of the answer",
            _changed(lambda _: _HTML),
        ),
        ConnectionFault(
            "bom",
            "the body starts with a UTF-8 byte order mark",
            _changed(lambda caught: replace(caught, body=BOM + caught.body.removeprefix(BOM))),
        ),
    )
}
"""Faults of the wire by name; a wrong Content-Type and an empty body are among the mutants."""
