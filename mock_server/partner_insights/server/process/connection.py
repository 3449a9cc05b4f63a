"""One client's connection: its requests are answered one after the other, and it ends as it should.

What is bounded here is time: that in which a head has to come, and a large response has to be read.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import traceback
from contextlib import suppress
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from werkzeug.exceptions import ClientDisconnected

from partner_insights.server.http.delivery import status_line
from partner_insights.server.process.connections import JOINED
from partner_insights.server.process.request_reader import Refusal, RequestReader

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from partner_insights.server.http.request import HttpRequest, RequestBody
    from partner_insights.server.journal.journal import HeldEntry
    from partner_insights.server.process.connections import Connections
    from partner_insights.server.process.request_reader import Origin

HEAD_SECONDS: Final = 30
"""How long the head of a request may take to come, and a connection be idle before it."""
READ_SECONDS: Final = 60
"""How long a large response may take to be read."""
_LINGER_SECONDS: Final = 2
"""How long what a client still sends is thrown away, so that it reads why nobody wants it."""
_NEVER: Final = float("inf")
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_RESET: Final = struct.pack("ii", 1, 0)
"""Linger for no time: closing resets the connection (socket(7))."""
_FAILED: Final = Refusal(500, "the fake has failed; its log has the cause")


class Handler(Protocol):
    """What answers requests: at once, or in a coroutine that it lets the connection run."""

    def handle(self, request: HttpRequest, connection: Connection) -> None:
        """Answer a request, the only one that is under way on its connection."""


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, handler: Handler, connections: Connections) -> None:
        self._handler = handler
        self._all = connections
        self._is_paused = False
        """Whether the system keeps what the client sends, as enough has come."""
        self._current: HttpRequest | None = None
        """The request that is under way."""
        self._task: asyncio.Task[None] | None = None
        self._when_lost: Callable[[], None] | None = None
        """What ends the wait of a response that is held back."""
        self.has_begun = False
        """Whether its response has."""
        self._is_last = False
        """Whether the connection ends after it."""
        self._is_unread = False
        """Whether the client has more to read than the system takes."""
        self._is_half_closed = False
        self._is_quiet = True
        """Whether nothing is under way: no request, not a part of one, and no response."""
        self._is_over = False
        """Whether nothing that comes is looked at any more."""
        self.deadline = connections.now + HEAD_SECONDS
        """When it is ended, by `time.monotonic()`."""

    # What the transport calls:

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = cast("asyncio.Transport", transport)
        client: str = (transport.get_extra_info("peername") or ("",))[0]
        server: tuple[str, int] = (transport.get_extra_info("sockname") or ("", 0))[:2]
        scheme = "http" if transport.get_extra_info("sslcontext") is None else "https"
        self._origin = _shared((client, server, scheme))
        if not self._all.add(self):
            self.abort()

    def connection_lost(self, _: Exception | None) -> None:
        """It has ended."""
        self._is_over = True
        self._all.remove(self)
        if self._when_lost is not None:
            self._when_lost()
        if "_reader" in self.__dict__:
            self._reader.close()

    def data_received(self, data: bytes) -> None:
        """The client has sent something."""
        if self._is_quiet:
            known = self._all.known.find((data, self._origin))
            if known is not None:
                self._start(known)
                self._is_quiet = not (self._current is not None or self._is_unread or self._is_over)
                return
        reader = self._reader
        if self._is_over or reader.is_done:
            return
        reader.feed(data)
        if self._is_quiet and reader.is_between and len(reader.requests) == 1:
            self._all.known.learn((data, self._origin), reader.requests[0])
        self._is_quiet = False
        self._go_on()

    def eof_received(self) -> bool:
        """The client sends nothing more; what it has asked for is answered soon or not at all.

        Over TLS, it is not. Nothing tells whether the client still reads.
        """
        self._is_half_closed = True
        if self.is_busy:
            self.deadline = self._busy_deadline
        self._reader.end()
        if self._is_over:
            self._close()
        else:
            self._go_on()
        return self._origin[-1] == "http"

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        self._is_unread = True
        self.deadline = self._all.now + READ_SECONDS

    def resume_writing(self) -> None:
        """It has read."""
        self._is_unread = False
        self.deadline = self._busy_deadline if self.is_busy else self._all.now + HEAD_SECONDS
        self._go_on()

    # What the handler calls:

    def respond(self, status: int, lines: bytes, body: bytes) -> None:
        """Send a whole response: its header fields as they go over the wire, and its body."""
        if self._wants_no_body():
            body = b""
        if len(body) < JOINED:
            self._write(self._head(status, lines, body))
        else:
            self._write(self._head(status, lines))
            self._write(body)
        self._finish()

    def begin(self, status: int, lines: bytes) -> None:
        """Send status and headers."""
        self._write(self._head(status, lines))

    def send(self, piece: bytes) -> None:
        """Send a piece of the body."""
        if not self._wants_no_body():
            self._write(piece)

    def cut(self, *, reset: bool = False) -> None:
        """End the connection here, whatever was announced."""
        self._is_over, self._current = True, None
        self.deadline = self._all.now + READ_SECONDS
        if self not in self._all:  # its file may be another's by now
            return
        if reset:
            self._all.flush()
            connected = self._transport.get_extra_info("socket")
            if connected is not None:
                with suppress(OSError):  # the client has just left
                    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()
        else:
            self._close()

    def leave(self) -> None:
        """Answer nothing: the client sends no more of its request, or what is none."""
        self._current = None

    def run(self, response: Coroutine[Any, Any, None]) -> None:
        """Let a coroutine answer the request."""
        self._task = asyncio.get_running_loop().create_task(response)
        self._task.add_done_callback(self._answered)

    def later(self, seconds: float, entry: HeldEntry, status: int, lines: bytes, body: bytes) -> None:
        """Send a whole response after so many seconds; take down when it begins, or that nobody waited."""

        def respond() -> None:
            self._when_lost = None
            entry.answer()
            self.respond(status, lines, body)
            self._go_on()

        def give_up() -> None:
            timer.cancel()
            entry.leave()

        timer = asyncio.get_running_loop().call_later(seconds, respond)
        self._when_lost = give_up

    async def wait(self, seconds: float) -> None:
        """Hold a response back for so long; ClientDisconnected where the client leaves meanwhile."""
        if self not in self._all:
            raise ClientDisconnected
        loop = asyncio.get_running_loop()
        over: asyncio.Future[bool] = loop.create_future()  # asyncio.wait takes three times the memory
        timer = loop.call_later(seconds, _end, over, True)
        self._when_lost = partial(_end, over, False)
        is_there = await over
        timer.cancel()
        if not is_there:
            raise ClientDisconnected

    async def read_body(self, body: RequestBody) -> bytes:
        """The body of the request; RequestEntityTooLarge, RequestTimeout or ClientDisconnected instead."""
        if self._current is not None and self._current.expects_continue and body.is_wanted:
            self._write(_CONTINUE)
        return await body.read()

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way."""
        return self._current is not None

    @property
    def is_answering(self) -> bool:
        """Whether a response is yet to come, or to be read."""
        return self.is_busy or self._is_unread

    def abort(self) -> None:
        """End it at once."""
        self._is_over = True
        self._transport.abort()

    # Within:

    @cached_property
    def _reader(self) -> RequestReader:
        """Made for the first bytes that are not known: most of many connections are idle."""
        return RequestReader(self._origin)

    def _go_on(self) -> None:
        """Answer what has come, in its order."""
        reader = self._reader
        while not self._is_over:
            while reader.requests and not (self.is_answering or self._is_over):
                self._start(reader.requests.pop(0))
            if not reader.read_on():
                break
        if self.is_answering or reader.requests or self._is_over:
            pass
        elif self._is_half_closed:
            self._close()
        else:
            self._is_quiet = reader.is_between
        if reader.is_behind is not self._is_paused and not self._transport.is_closing():
            self._is_paused = reader.is_behind
            (self._transport.pause_reading if self._is_paused else self._transport.resume_reading)()

    def _start(self, asked: HttpRequest | Refusal) -> None:
        self._task, self.has_begun = None, False
        self.deadline = self._busy_deadline
        if isinstance(asked, Refusal):
            self._say(asked)
            return
        self._current = asked
        try:
            self._handler.handle(asked, self)
        except Exception:
            traceback.print_exc()
            self._say(_FAILED)

    def _answered(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            traceback.print_exception(error)
        if self._task is task:  # the next request may have come since the response was sent
            if error is not None:
                self._say(_FAILED)
            elif self.is_busy:
                self._finish()
        self._go_on()

    def _say(self, refusal: Refusal) -> None:
        """End with a few words, where the response has not begun."""
        if self.has_begun:
            self.cut()
            return
        self._current = None
        text = refusal.words.encode()
        lines = b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n" % len(text)
        self.respond(refusal.status, lines, text)

    def _head(self, status: int, lines: bytes, body: bytes = b"") -> bytes:
        """The head of a response, with what is the connection's own in it, and a short body behind."""
        self.has_begun = True
        request, kept = self._current, b"\r\n"
        self._is_last = (
            request is None
            or not request.keep_alive
            or not (request.body is None or request.body.is_read)
            or self._all.ending
        )
        if self._is_last:
            kept = b"Connection: close\r\n\r\n"
        elif request is not None and request.version == "1.0":
            kept = b"Connection: keep-alive\r\n\r\n"
        date = b"" if b"\r\nDate: " in lines else self._all.date
        return b"".join((_status(status), lines, date, kept, body))

    @property
    def _busy_deadline(self) -> float:
        """How long a request may be under way."""
        return self._all.now + HEAD_SECONDS if self._is_half_closed else _NEVER

    def _wants_no_body(self) -> bool:
        return self._current is not None and self._current.method == "HEAD"

    def _write(self, data: bytes) -> None:
        if data:
            self._all.send(self._transport, data)

    def _close(self) -> None:
        """End it once all is sent."""
        self._all.flush()
        self._transport.close()

    def _finish(self) -> None:
        """The response is on its way: wait for the next request, or end."""
        self._current = None
        if not self._is_unread:
            self.deadline = self._all.now + HEAD_SECONDS
        if not self._is_last:
            return
        self._is_over = True
        if not self._reader.is_within:
            self.deadline = self._all.now + READ_SECONDS
            self._close()
            return
        # Closed while the client sends, the connection would be reset, and the response lost with it.
        if not self._is_unread:
            self.deadline = self._all.now + _LINGER_SECONDS
        self._all.flush()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        if self._is_paused:
            self._transport.resume_reading()


def _end(wait: asyncio.Future[bool], is_there: bool) -> None:
    """End a wait, unless it has ended in this turn of the loop: by its time, or as the client left."""
    if not wait.done():
        wait.set_result(is_there)


@lru_cache(maxsize=256)
def _shared(origin: Origin) -> Origin:
    """The same one for all connections that it is the same for."""
    return origin


@lru_cache(maxsize=64)
def _status(status: int) -> bytes:
    return f"HTTP/1.1 {status_line(status)}\r\n".encode()
