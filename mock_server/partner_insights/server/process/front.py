"""Requests of all connections → responses: the ordinary ones at once, the others by Flask.

What was answered before is answered as soon as it is read; what Flask has to work out is done by a few
threads; what a fault holds back is awaited, and holds back nothing else.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Final, TypeVar

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout

from partner_insights.server.http.delivery import Delivery, Head, Send, Wait, field_lines
from partner_insights.server.http.request_headers import is_guid
from partner_insights.server.middleware import Repeat
from partner_insights.server.response_cache import CACHE_KEY_HEADERS
from partner_insights.server.sessions import HEADER, PREFIX, UnknownSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_insights.server.faults.chooser import Choice
    from partner_insights.server.http.delivery import Step
    from partner_insights.server.http.request import HttpRequest, LookedUp
    from partner_insights.server.journal.request_log import RequestLog
    from partner_insights.server.middleware import ApiMiddleware, Exchange
    from partner_insights.server.process.connection import Connection

_A = TypeVar("_A")
_R = TypeVar("_R")
THREADS: Final = 4
"""In which Flask works out responses; one at a time does, as they share an interpreter."""
_KEY_HEADERS: Final = tuple(
    name.removeprefix("HTTP_").replace("_", "-").lower() for name in CACHE_KEY_HEADERS
)
_SESSION: Final = HEADER.lower()


class Front:
    """What answers the requests of a worker."""

    def __init__(self, middleware: ApiMiddleware, request_log: RequestLog | None = None) -> None:
        self._middleware = middleware
        self._request_log = request_log
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="flask")

    def close(self) -> None:
        """At the end: tell of the last requests, too."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._request_log is not None:
            with suppress(OSError, ValueError):
                self._request_log.flush()

    def handle(self, request: HttpRequest, connection: Connection) -> None:
        """Answer a request, at once where an equal one was answered before."""
        middleware: ApiMiddleware | None = self._middleware
        path, looked_up = request.path, request.looked_up
        if looked_up is None:
            middleware, path, looked_up = self._look_up(request)
        known = None if middleware is None or looked_up is None else middleware.repeat(*looked_up)
        if isinstance(known, Repeat):
            if known.held is None:
                connection.respond(known.status, known.lines, known.body)
            else:
                connection.later(known.latency, known.held, known.status, known.lines, known.body)
        else:
            connection.run(self._answer(request, connection, known, middleware, path))

    def _look_up(self, request: HttpRequest) -> tuple[ApiMiddleware | None, str, LookedUp | None]:
        """Whose a request is, its path there, and what tells whether it was answered before."""
        get, path = request.headers.get, request.path
        middleware: ApiMiddleware | None = self._middleware
        session_id = get(_SESSION)
        if session_id is not None or path.startswith(PREFIX):
            middleware, path = self._session(path, session_id)
        ids = get("ms-requestid"), get("ms-correlationid")
        if (
            middleware is None
            or request.doubled
            or request.authority is not None
            or not all(each is None or is_guid(each) for each in ids)
        ):
            return middleware, path, None
        key = (request.method, path, request.query, request.client, *map(get, _KEY_HEADERS))
        looked_up = key, *ids, get("origin")
        if session_id is None and middleware is self._middleware:
            request.looked_up = looked_up  # the same bytes may come again
        return middleware, path, looked_up

    def _session(self, path: str, session_id: str | None) -> tuple[ApiMiddleware | None, str]:
        """Whose a request is, and its path there; None and the id where there is no such session."""
        try:
            if self._middleware.sessions is not None:
                session, path = self._middleware.sessions.route(path, session_id)
                return session or self._middleware, path
        except UnknownSession as unknown:
            return None, str(unknown)
        return self._middleware, path

    async def _answer(
        self,
        request: HttpRequest,
        connection: Connection,
        choice: Choice | None,
        middleware: ApiMiddleware | None,
        path: str,
    ) -> None:
        environ = request.environ()
        if middleware is None:
            await _carry_out(self._middleware.without_session(environ, path), connection)
            return
        environ["PATH_INFO"] = path.encode().decode("latin-1")
        if "HTTP_PREFER" in environ and not middleware.chooser.names.is_read:
            exchange = await self._in_thread(middleware.begin, environ)
        else:
            exchange = middleware.begin(environ, choice)
        entry = exchange.entry
        try:
            delivery = await self._delivery(request, connection, middleware, exchange)
            del environ, exchange  # for the response may be held back
            await _carry_out(delivery, connection)
        except ClientDisconnected:
            connection.leave()
            if entry is not None:
                entry.leave()

    async def _delivery(
        self, request: HttpRequest, connection: Connection, middleware: ApiMiddleware, exchange: Exchange
    ) -> Delivery:
        """What is to happen on the wire."""
        if request.body is not None:
            try:
                exchange.asked["wsgi.input"] = BytesIO(await connection.read_body(request.body))
            except (RequestEntityTooLarge, RequestTimeout) as error:
                return middleware.refuse(exchange, error)
        if middleware.needs_flask(exchange):
            return await self._in_thread(middleware.delivery, exchange)
        return middleware.delivery(exchange)

    async def _in_thread(self, call: Callable[[_A], _R], argument: _A) -> _R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, argument)


async def _carry_out(delivery: Delivery, connection: Connection) -> None:
    for place, step in enumerate(delivery.steps, 1):
        if isinstance(step, Wait):
            await connection.wait(step.seconds)
        elif isinstance(step, Head):
            delivery.begins()
            body = _whole_body(delivery.steps[place:])
            if body is not None:
                connection.respond(step.status, field_lines(step.headers), body)
                return
            connection.begin(step.status, field_lines(step.headers))
        elif isinstance(step, Send):
            connection.send(step.body)
        else:
            if not connection.has_begun:
                delivery.begins()
            connection.cut(reset=step.reset)


def _whole_body(steps: tuple[Step, ...]) -> bytes | None:
    """The body, where it goes out at once; None where something happens to it."""
    if not steps:
        return b""
    first = steps[0]
    return first.body if len(steps) == 1 and isinstance(first, Send) else None
