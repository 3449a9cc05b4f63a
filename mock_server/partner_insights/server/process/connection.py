"""Bytes of a client → its requests, one after the other; responses → bytes, and how a connection ends.

The parser is llhttp's (httptools). What is bounded here: the size of a head, what is read ahead, and the time
in which a head has to come and a large response has to be read.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import socket
import struct
import sys
import time
import traceback
from collections import deque
from contextlib import suppress
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

from httptools import HttpParserError, HttpParserInvalidMethodError, HttpParserUpgrade, HttpRequestParser
from msgspec import Struct

from partner_insights.server.http.delivery import status_line
from partner_insights.server.http.request import HttpRequest, RequestBody, target_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

HEAD_SECONDS: Final = 30
"""How long the head of a request may take to come, and a connection be idle before it."""
READ_SECONDS: Final = 60
"""How long a large response may take to be read."""
_LINGER_SECONDS: Final = 2
"""How long what a client still sends is thrown away, so that it reads why nobody wants it."""
_SWEEP_SECONDS: Final = 0.5
_MAX_HEAD: Final = 64 * 1024
"""Bytes: far more than any client sends, and not so many that hostile ones fill the memory."""
_MAX_FIELDS: Final = 100
_PIECE: Final = 16 * 1024
"""Bytes that are parsed at once."""
_AHEAD: Final = 16
"""Requests that may wait for the one before them; what follows them is not read."""
_JOINED: Final = 64 * 1024
"""Bytes of a body that are worth no write of their own."""
_MAX_KNOWN: Final = 4096
"""Bytes of a request that are worth remembering."""
_MOST_KNOWN: Final = 200
_TOGETHER: Final = 16
"""Responses that are sent together at most."""
_NEVER: Final = float("inf")
_POLL: Final = 0.01
_MANY: Final = 1000
"""Connections whose end is worth looking for memory that is free again."""
_SELDOM: Final = 10.0
"""Seconds from one look to the next."""
_METHODS: Final = {
    each.encode(): each for each in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
}
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_RESET: Final = struct.pack("ii", 1, 0)
"""Linger for no time: closing resets the connection (socket(7))."""


Origin: TypeAlias = tuple[str, tuple[str, int], str]
"""The client's address, the server's, and the scheme."""


class Handler(Protocol):
    """What answers requests: at once, or in a coroutine that it lets the connection run."""

    def handle(self, request: HttpRequest, connection: Connection) -> None:
        """Answer a request, the only one that is under way on its connection."""


class Refusal(Struct, frozen=True):
    """What cannot be read as a request, and ends the connection."""

    status: int
    words: str


_FAILED: Final = Refusal(500, "the fake has failed; its log has the cause")


class KnownRequests:
    """Requests without a body, as their bytes were parsed: the same bytes need not be parsed again."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, Origin], HttpRequest] = {}
        self.find = self._known.get

    def learn(self, key: tuple[bytes, Origin], request: HttpRequest | Refusal) -> None:
        """Remember what the parser made of the bytes that a client sent."""
        if isinstance(request, HttpRequest) and request.body is None and len(key[0]) <= _MAX_KNOWN:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = request


class Connections:
    """The connections of a worker, each watched for a client that keeps it waiting."""

    def __init__(self, handler: Handler, most: int) -> None:
        self.handler = handler
        self.open: set[Connection] = set()
        self.known = KnownRequests()
        self.ending = False
        self.now = time.monotonic()
        """By `time.monotonic()`, looked at twice a second."""
        self.date = _date()
        """The field Date for responses that have none."""
        self._most = most
        self._unsent: list[tuple[asyncio.Transport, bytes]] = []
        self.ended = 0
        """How many have ended since memory was given back."""
        self._given_back = self.now

    def __call__(self) -> Connection:
        """A new one, for a client that has come."""
        return Connection(self)

    @property
    def is_full(self) -> bool:
        """Whether there are more than the system can bear."""
        return len(self.open) > self._most

    def send(self, transport: asyncio.Transport, data: bytes) -> None:
        """Send at the end of this turn of the loop: clients that are woken together cost the system less."""
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self.flush)
        self._unsent.append((transport, data))
        if len(self._unsent) >= _TOGETHER or len(data) >= _JOINED:
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
            for each in [each for each in self.open if each.deadline < late]:
                each.abort()
            if self.ended >= _MANY and self.now - self._given_back > _SELDOM:
                self.ended, self._given_back = 0, self.now
                give_back_memory()

    async def end(self, seconds: float) -> None:
        """Let requests under way be answered for so long, then end all."""
        self.ending = True
        until = time.monotonic() + seconds
        while time.monotonic() < until and any(each.is_answering for each in self.open):
            await asyncio.sleep(_POLL)
        self.flush()
        for each in list(self.open):
            each.abort()


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, connections: Connections) -> None:
        self._all = connections
        self._parser = HttpRequestParser(self)
        self._is_between = True
        """Whether the parser is between two requests."""
        self._in_head = False
        self._unended = 0
        """Bytes of a head that has not ended."""
        self._is_deaf = False
        """Whether what comes is thrown away."""
        self._reading: RequestBody | None = None
        """The body that is coming."""
        self._unfed = bytearray()
        """What has come, and is not parsed yet."""
        self._is_paused = False
        self._waiting: deque[HttpRequest | Refusal] = deque()
        self._current: HttpRequest | None = None
        """The request that is under way."""
        self._task: asyncio.Task[None] | None = None
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
        self._origin: Origin = client, server, scheme
        self._all.open.add(self)
        if self._all.is_full:
            self.abort()

    def connection_lost(self, _: Exception | None) -> None:
        """It has ended."""
        self._is_over = True
        self._waiting.clear()
        self._all.open.discard(self)
        self._all.ended += 1
        self._break_off()
        del self._parser  # which refers to this, so that neither would be freed

    def data_received(self, data: bytes) -> None:
        """The client has sent something."""
        if self._is_quiet:
            known = self._all.known.find((data, self._origin))
            if known is not None:
                self._start(known)
                self._is_quiet = not (self._current is not None or self._is_unread or self._is_over)
                return
        if self._is_over or self._is_deaf:
            return
        if self._unfed or len(data) > _PIECE or len(self._waiting) >= _AHEAD:
            self._unfed += data
        else:
            self._parse(data)
            if self._is_quiet and self._is_between and len(self._waiting) == 1:
                self._all.known.learn((data, self._origin), self._waiting[0])
        self._is_quiet = False
        self._go_on()

    def eof_received(self) -> bool:
        """The client sends nothing more; what it has asked for is answered, except over TLS."""
        self._is_half_closed = True
        self._break_off()
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
        self.deadline = _NEVER if self.is_busy else self._all.now + HEAD_SECONDS
        self._go_on()

    # What the parser calls:

    def on_message_begin(self) -> None:
        """A request begins."""
        self._target = b""
        self._headers: dict[str, str] = {}
        self._fields = self._head_size = self._unended = 0
        self._is_between, self._in_head = False, True

    def on_url(self, part: bytes) -> None:
        """Its target, or a part of it."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of its head; or one behind its body, where nobody looks at it."""
        if not self._in_head:
            return
        self._fields += 1
        self._head_size += len(name) + len(value)
        key, text = _lower(name), value.decode("latin-1")
        if key in self._headers:
            text = f"{self._headers[key]}{';' if key == 'cookie' else ','}{text}"
        self._headers[key] = text

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._in_head = False
        headers, parser = self._headers, self._parser
        if self._fields > _MAX_FIELDS or self._head_size + len(self._target) > _MAX_HEAD:
            self._refuse(_too_large(self._target))
            return
        method, target = parser.get_method(), self._target.decode("latin-1")
        request = HttpRequest(
            _METHODS.get(method) or method.decode("latin-1"),
            *target_parts(target),
            parser.get_http_version(),
            headers,
            len(headers) < self._fields,
            parser.should_keep_alive(),
            *self._origin,
        )
        if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
            self._reading = request.body = RequestBody(headers.get("content-length", ""), request.path)
        self._waiting.append(request)

    def on_body(self, piece: bytes) -> None:
        """A piece of its body."""
        if self._reading is not None:
            self._reading.feed(piece)

    def on_message_complete(self) -> None:
        """All of it is there; but for a body that the parser does not look for behind an upgrade."""
        if self._reading is not None and self._parser.should_upgrade():
            return
        self._is_between = True
        if self._reading is not None:
            self._reading.end(complete=True)
            self._reading = None

    # What the handler calls:

    def respond(self, status: int, lines: bytes, body: bytes) -> None:
        """Send a whole response: its header fields as they go over the wire, and its body."""
        if self._wants_no_body():
            body = b""
        if len(body) < _JOINED:
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
        if self not in self._all.open:  # its file may be another's by now
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

    def later(
        self, seconds: float, begins: Callable[[], None], status: int, lines: bytes, body: bytes
    ) -> None:
        """Send a whole response after so many seconds, and say when it begins."""

        def respond() -> None:
            begins()
            self.respond(status, lines, body)
            self._go_on()

        asyncio.get_running_loop().call_later(seconds, respond)

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

    def _parse(self, data: bytes) -> None:
        try:
            while data:
                try:
                    self._parser.feed_data(data)
                    break
                except HttpParserUpgrade as upgrade:
                    # Nothing is upgraded here: what follows is a request again, or the body of this one.
                    data = data[upgrade.args[0] :]
                    self._parser = HttpRequestParser(self)
                    if self._reading is not None:
                        self._read_on(self._reading)
        except HttpParserInvalidMethodError:
            self._refuse(Refusal(501, "there is no such method (RFC 9110, 9.1)"))
            return
        except HttpParserError as error:
            self._refuse(Refusal(400, f"this is no request of HTTP/1.1: {error}"))
            return
        if self._in_head:
            self._unended += len(data)
            if self._unended > _MAX_HEAD + _PIECE:
                self._refuse(_too_large(self._target))
        elif self._reading is not None and not self._reading.takes(len(data)):
            self._is_deaf = True
            self._unfed.clear()

    def _read_on(self, body: RequestBody) -> None:
        """Go on to a body behind a head that asks for an upgrade: the parser stops there, a new one begins.

        Java's HttpClient asks so for HTTP/2 with each request.
        """
        framing = next(
            f"{name}: {self._headers[name]}"
            for name in ("transfer-encoding", "content-length")
            if name in self._headers
        )
        self._parser.feed_data(f"POST / HTTP/1.1\r\n{framing}\r\n\r\n".encode("latin-1"))
        self._waiting.pop()  # the request of this head, which nobody has sent
        self._reading = body

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what came before, then this, and nothing else."""
        self._waiting.append(refusal)
        self._is_deaf, self._in_head = True, False
        self._unfed.clear()
        self._break_off()

    def _break_off(self) -> None:
        if self._reading is not None:
            self._reading.end(complete=False)
            self._reading = None

    def _go_on(self) -> None:
        """Answer what has come, in its order."""
        while not self._is_over:
            while self._waiting and not (self.is_busy or self._is_unread or self._is_over):
                self._start(self._waiting.popleft())
            if not self._unfed or len(self._waiting) >= _AHEAD:
                break
            piece = bytes(self._unfed[:_PIECE])
            del self._unfed[:_PIECE]
            self._parse(piece)
        if self.is_busy or self._waiting or self._is_unread or self._is_over:
            pass
        elif self._is_half_closed:
            self._close()
        else:
            self._is_quiet = self._is_between and not (self._unfed or self._is_deaf)
        if bool(self._unfed) is not self._is_paused and not self._transport.is_closing():
            self._is_paused = bool(self._unfed)
            (self._transport.pause_reading if self._is_paused else self._transport.resume_reading)()

    def _start(self, asked: HttpRequest | Refusal) -> None:
        self._task, self.has_begun = None, False
        self.deadline = _NEVER
        if isinstance(asked, Refusal):
            self._say(asked)
            return
        self._current = asked
        try:
            self._all.handler.handle(asked, self)
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
        if self._reading is None and not self._is_deaf:
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


@lru_cache(maxsize=256)
def _lower(name: bytes) -> str:
    return name.decode("latin-1").lower()


def give_back_memory() -> None:
    """Give memory that is free back to the system: glibc keeps what lies between pieces in use."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _date() -> bytes:
    return f"Date: {formatdate(usegmt=True)}\r\n".encode()


@lru_cache(maxsize=64)
def _status(status: int) -> bytes:
    return f"HTTP/1.1 {status_line(status)}\r\n".encode()


def _too_large(target: bytes) -> Refusal:
    if len(target) > _MAX_HEAD:
        return Refusal(414, f"the target is longer than {_MAX_HEAD // 1024} KiB")
    words = f"the head is longer than {_MAX_HEAD // 1024} KiB, or has more than {_MAX_FIELDS} fields"
    return Refusal(431, words)
