"""Requests as the server hands them over (RSGI) → responses: the ordinary ones at once, the others by Flask.

One coroutine serves each request. What was answered before is answered in it; what Flask has to work out is
done by a few threads; what a fault holds back is awaited, and holds back nothing else.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # granian re-exports it unsaid
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout

from partner_insights.server.faults.tcp_reset import reset
from partner_insights.server.http.delivery import Delivery, Head, Send, Wait
from partner_insights.server.http.rsgi_request import environ_of, read_body
from partner_insights.server.middleware import Repeat
from partner_insights.server.response_cache import CACHE_KEY_HEADERS, has_body
from partner_insights.server.sessions import HEADER, PREFIX, UnknownSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_insights.server.faults.chooser import Choice
    from partner_insights.server.http.delivery import Headers, Step
    from partner_insights.server.journal.request_log import RequestLog
    from partner_insights.server.middleware import ApiMiddleware

_A = TypeVar("_A")
_R = TypeVar("_R")
THREADS: Final = 4
"""In which Flask works out responses; one at a time does, as they share an interpreter."""
READ_SECONDS: Final = 60
"""How long a large response may take to be read; longer than the server lets a connection be idle."""
_LARGE: Final = 64 * 1024
"""Bytes of a response that may not fit into the buffers of the system, for a client that does not read."""
_KEY_HEADERS: Final = tuple(
    name.removeprefix("HTTP_").replace("_", "-").lower() for name in CACHE_KEY_HEADERS
)
_SESSION: Final = HEADER.lower()
_IMPOSSIBLE: Final = [("Content-Length", "1"), ("Transfer-Encoding", "chunked")]
"""A head that contradicts itself cannot be written: the server closes the connection without a word."""


class RsgiFront:
    """The application as Granian calls it."""

    def __init__(self, middleware: ApiMiddleware, request_log: RequestLog | None = None) -> None:
        self._middleware = middleware
        self._request_log = request_log
        self._unread: dict[str, float] = {}
        """Clients that were sent something large, and have sent no request since: when that was."""
        self._watching = False
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="flask")

    def __rsgi_del__(self, loop: Any) -> None:
        """At the end of the worker: tell of the last requests, too."""
        if self._request_log is not None:
            with suppress(OSError, ValueError):
                self._request_log.flush()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer a request."""
        if self._unread:
            self._unread.pop(scope.client, None)
        middleware, path, known = self._look_up(scope)
        if isinstance(known, Repeat):
            if known.held is not None:
                await asyncio.sleep(known.latency)
                known.held.answer()
            self._respond(known.status, known.headers, known.body, scope, protocol)
            return
        try:
            if middleware is None:
                delivery = self._middleware.without_session(environ_of(scope), path)
            else:
                delivery = await self._delivery(scope, protocol, known, middleware, path)
            await self._carry_out(delivery, scope, protocol)
        except (ProtocolClosed, ClientDisconnected):
            pass  # nobody is there to answer
        except Exception:
            traceback.print_exc()
            raise

    def _look_up(self, scope: Any) -> tuple[ApiMiddleware | None, str, Repeat | Choice | None]:
        """Whose a request is, its path there, and what is known of it: its headers wait for no response."""
        items = scope.headers.items()
        headers = dict(items)
        get, path = headers.get, scope.path
        middleware: ApiMiddleware | None = self._middleware
        session_id = get(_SESSION)
        if session_id is not None or path.startswith(PREFIX):
            middleware, path = self._session(path, session_id)
        if middleware is None or len(headers) < len(items) or scope.authority is not None:
            return middleware, path, None  # a field comes twice, or the target is in absolute form
        client = scope.client.rpartition(":")[0]
        key = (scope.method, path, scope.query_string, client, *map(get, _KEY_HEADERS))
        ids = get("ms-requestid"), get("ms-correlationid")
        return middleware, path, middleware.repeat(key, *ids, get("origin"))

    def _session(self, path: str, session_id: str | None) -> tuple[ApiMiddleware | None, str]:
        """Whose a request is, and its path there; None and the id where there is no such session."""
        try:
            if self._middleware.sessions is not None:
                session, path = self._middleware.sessions.route(path, session_id)
                return session or self._middleware, path
        except UnknownSession as unknown:
            return None, str(unknown)
        return self._middleware, path

    async def _delivery(
        self, scope: Any, protocol: Any, choice: Choice | None, middleware: ApiMiddleware, path: str
    ) -> Delivery:
        """What is to happen on the wire."""
        environ = environ_of(scope)
        if path != scope.path:
            environ["PATH_INFO"] = path.encode().decode("latin-1")
        if "HTTP_PREFER" in environ and not middleware.chooser.names.is_read:
            exchange = await self._in_thread(middleware.begin, environ)
        else:
            exchange = middleware.begin(environ, choice)
        if has_body(environ):
            try:
                await read_body(protocol, environ)
            except (RequestEntityTooLarge, RequestTimeout) as error:
                return middleware.refuse(exchange, error)
            exchange.asked["wsgi.input"] = environ["wsgi.input"]
        if middleware.needs_flask(exchange):
            return await self._in_thread(middleware.delivery, exchange)
        return middleware.delivery(exchange)

    async def _in_thread(self, call: Callable[[_A], _R], argument: _A) -> _R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, argument)

    def _respond(self, status: int, headers: Headers, body: bytes, scope: Any, protocol: Any) -> None:
        protocol.response_bytes(status, headers, body)
        if len(body) > _LARGE:
            self._unread[scope.client] = time.monotonic()
            if not self._watching:
                self._watch(READ_SECONDS)

    def _watch(self, seconds: float) -> None:
        self._watching = True
        asyncio.get_running_loop().call_later(seconds, self._end_unread)

    def _end_unread(self) -> None:
        """End the connections of clients that do not read: the server would hold their responses for ever.

        A client that has read sends its next request, or is closed for being idle before.
        """
        now = time.monotonic()
        late = [client for client, since in self._unread.items() if now - since >= READ_SECONDS]
        for client in late:
            del self._unread[client]
        reset(*late)
        self._watching = False
        if self._unread:
            self._watch(min(self._unread.values()) + READ_SECONDS - now)

    async def _carry_out(self, delivery: Delivery, scope: Any, protocol: Any) -> None:
        stream: Any = None
        for place, step in enumerate(delivery.steps, 1):
            if isinstance(step, Wait):
                await asyncio.sleep(step.seconds)
            elif isinstance(step, Head):
                delivery.begins()
                body = _whole_body(delivery.steps[place:])
                if body is not None:
                    self._respond(step.status, step.headers, body, scope, protocol)
                    return
                stream = protocol.response_stream(step.status, step.headers)
            elif isinstance(step, Send):
                await stream.send_bytes(step.body)
            elif stream is None:
                delivery.begins()
                protocol.response_bytes(200, _IMPOSSIBLE, b"x")
            elif step.reset:
                reset(scope.client)


def _whole_body(steps: tuple[Step, ...]) -> bytes | None:
    """The body, where it goes out at once; None where something happens to it."""
    if not steps:
        return b""
    first = steps[0]
    return first.body if len(steps) == 1 and isinstance(first, Send) else None
