"""The bytes that a client sends over a connection → its requests, in their order.

The parser is llhttp's (httptools). What is bounded here: the size of a head, and what is read ahead.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Final, TypeAlias

from httptools import HttpParserError, HttpParserInvalidMethodError, HttpParserUpgrade, HttpRequestParser
from msgspec import Struct

from partner_insights.server.http.request import HttpRequest, RequestBody, target_parts

_MAX_HEAD: Final = 64 * 1024
"""Bytes: far more than any client sends, and not so many that hostile ones fill the memory."""
_MAX_FIELDS: Final = 100
_PIECE: Final = 16 * 1024
"""Bytes that are parsed at once."""
_AHEAD: Final = 16
"""Requests that may wait for the one before them, only the last with a body; what follows is not parsed."""
_MAX_KNOWN: Final = 4096
"""Bytes of a request that are worth remembering."""
_MOST_KNOWN: Final = 256 * 1024
"""Bytes of all that are remembered; as much again is what was made of them."""
_VERSIONS: Final = ("1.0", "1.1")
_METHODS: Final = {
    each.encode(): each for each in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
}


Origin: TypeAlias = tuple[str, tuple[str, int], str]
"""The client's address, the server's, and the scheme."""


class Refusal(Struct, frozen=True):
    """What cannot be read as a request, and ends the connection."""

    status: int
    words: str


class KnownRequests:
    """Requests without a body, as their bytes were parsed: the same bytes need not be parsed again."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, Origin], HttpRequest] = {}
        self._size = 0
        self.find = self._known.get

    def learn(self, key: tuple[bytes, Origin], request: HttpRequest | Refusal) -> None:
        """Remember what the parser made of the bytes that a client sent."""
        size = len(key[0])
        if isinstance(request, HttpRequest) and request.body is None and size <= _MAX_KNOWN:
            if self._size + size > _MOST_KNOWN:
                self._known.clear()
                self._size = 0
            self._known[key] = request
            self._size += size


class RequestReader:
    """Reads the requests of one connection, from whatever pieces their bytes come in."""

    def __init__(self, origin: Origin) -> None:
        self.requests: list[HttpRequest | Refusal] = []
        """Those that wait to be answered; a refusal is the last."""
        self.is_done = False
        """Whether what comes is thrown away: it follows a refusal, or is a body that is not taken."""
        self._origin = origin
        self._unparsed = bytearray()
        self._is_between = True
        """Whether the parser is between two requests."""
        self._in_head = False
        self._unended = 0
        """Bytes of a head that has not ended."""
        self._reading: RequestBody | None = None
        """The body that is coming."""
        self._has_ended = False
        """Whether the client sends nothing more."""

    def feed(self, data: bytes) -> None:
        """What has come; it is parsed now, or by `read_on` where much of it or many requests wait."""
        if self.is_done:
            return
        if self._unparsed or len(data) > _PIECE or self._is_full:
            self._unparsed += data
        else:
            self._parse(data)

    def read_on(self) -> bool:
        """Parse a piece of what waits; False where nothing does, or requests enough wait themselves."""
        if not self._unparsed or self._is_full:
            return False
        piece = bytes(self._unparsed[:_PIECE])
        del self._unparsed[:_PIECE]
        self._parse(piece)
        if self._has_ended:
            self.end()
        return True

    def end(self) -> None:
        """The client sends nothing more than it has sent."""
        self._has_ended = True
        if not self._unparsed:
            self._break_off()

    def close(self) -> None:
        """Nobody wants its requests any more."""
        self.requests.clear()
        self._break_off()
        self.__dict__.pop("_parser", None)  # it refers to this, so that neither would be freed

    @property
    def is_behind(self) -> bool:
        """Whether more has come than was parsed."""
        return bool(self._unparsed)

    @property
    def is_between(self) -> bool:
        """Whether the next byte begins a request."""
        return self._is_between and not (self._unparsed or self.is_done)

    @property
    def is_within(self) -> bool:
        """Whether the client is still sending what it began, wanted or not."""
        return self._reading is not None or self.is_done

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
        version = parser.get_http_version()
        if version not in _VERSIONS:
            self._refuse(Refusal(505, f"HTTP/{version} is not spoken here, but HTTP/1.1 (RFC 9110, 15.6.6)"))
            return
        method, target = parser.get_method(), self._target.decode("latin-1")
        request = HttpRequest(
            _METHODS.get(method) or method.decode("latin-1"),
            *target_parts(target),
            version,
            headers,
            len(headers) < self._fields,
            parser.should_keep_alive(),
            *self._origin,
        )
        if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
            self._reading = request.body = RequestBody(headers.get("content-length", ""), request.path)
        self.requests.append(request)

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

    # Within:

    @property
    def _is_full(self) -> bool:
        """Whether enough waits to be answered: so many requests, or one with a body."""
        last = self.requests[-1] if self.requests else None
        return len(self.requests) >= _AHEAD or (isinstance(last, HttpRequest) and last.body is not None)

    @cached_property
    def _parser(self) -> HttpRequestParser:
        """Made for the first bytes: who only ever sends what is known needs none."""
        return HttpRequestParser(self)

    def _parse(self, data: bytes) -> None:
        try:
            while data:
                try:
                    self._parser.feed_data(data)
                    break
                except HttpParserUpgrade as upgrade:
                    # Nothing is upgraded here: what follows is a request again, or the body of this one.
                    data = data[upgrade.args[0] :]
                    del self._parser
                    if self._reading is not None:
                        self._read_body(self._reading)
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
            self.is_done = True
            self._unparsed.clear()

    def _read_body(self, body: RequestBody) -> None:
        """Go on to a body behind a head that asks for an upgrade: the parser stops there, a new one begins.

        Java's HttpClient asks so for HTTP/2 with each request.
        """
        framing = next(
            f"{name}: {self._headers[name]}"
            for name in ("transfer-encoding", "content-length")
            if name in self._headers
        )
        self._parser.feed_data(f"POST / HTTP/1.1\r\n{framing}\r\n\r\n".encode("latin-1"))
        self.requests.pop()  # the request of this head, which nobody has sent
        self._reading = body

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what came before, then this, and nothing else."""
        self.requests.append(refusal)
        self.is_done, self._in_head = True, False
        self._unparsed.clear()
        self._break_off()

    def _break_off(self) -> None:
        """What there is of a body is all that comes."""
        if self._reading is not None:
            self._reading.end(complete=False)
            self._reading = None


@lru_cache(maxsize=256)
def _lower(name: bytes) -> str:
    return name.decode("latin-1").lower()


def _too_large(target: bytes) -> Refusal:
    if len(target) > _MAX_HEAD:
        return Refusal(414, f"the target is longer than {_MAX_HEAD // 1024} KiB")
    words = f"the head is longer than {_MAX_HEAD // 1024} KiB, or has more than {_MAX_FIELDS} fields"
    return Refusal(431, words)
