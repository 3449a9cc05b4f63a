"""A request over HTTP → its answer, within a size and a total time, whatever the framing of the answer.

urllib3 limits the silence between two pieces of an answer, so that a server may drip for ever. Here each
piece gets no more than what is left of the time for the whole answer: interim responses, header and body.
"""

from __future__ import annotations

import io
import ipaddress
import re
import time
from contextlib import suppress
from http.client import SWITCHING_PROTOCOLS, HTTPResponse, parse_headers
from http.client import HTTPConnection as StandardConnection
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager, Timeout, make_headers
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url
from urllib3.util.wait import wait_for_read

from partner_insights.errors import InputError

if TYPE_CHECKING:
    import socket

    from urllib3 import BaseHTTPResponse

MAX_BODY: Final = 64 * 2**20
"""Bytes of a body, after decompression, that are read."""
CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 20.0
"""Silence within an answer."""
ANSWER_SECONDS: Final = 30.0
"""Time for a whole answer."""


HEAD_SECONDS: Final = 0.01
"""How long a body is waited for, at most, that must not follow the answer to a HEAD …"""
HEAD_PARTS: Final = 2
"""… and how often as long as for its header, which comes no sooner."""


MAX_SHOWN: Final = 40
"""Bytes of what is no chunk that a message has room for."""
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[^\r\n]*)?\r\n")


class BodyTooLarge(Exception):
    """A body has more than MAX_BODY bytes."""


class AnswerTooSlow(TimeoutError):
    """An answer took more than ANSWER_SECONDS. urllib3 raises a ReadTimeoutError of its own from it."""


def is_too_slow(error: BaseException) -> bool:
    """Whether an error of urllib3 says that the time for the whole answer is over."""
    return isinstance(error.__cause__, AnswerTooSlow)


def read_body(answer: BaseHTTPResponse) -> bytes:
    """The decompressed body; its connection is given back, or closed where the body is given up."""
    parts: list[bytes] = []
    length = 0
    try:
        for part in answer.stream(2**16, decode_content=True):
            parts.append(part)
            length += len(part)
            if length > MAX_BODY:
                raise BodyTooLarge
    except BaseException:
        answer.close()
        raise
    answer.release_conn()
    return b"".join(parts)


class Wire(NamedTuple):
    """An answer as it came."""

    head: tuple[bytes, ...]
    """The status line and the field lines."""
    excess: bytes
    """The beginning of what followed its end."""
    cut_off: bool = False
    """Whether a compressed body stopped before its own end: some libraries fail on it, others do not."""
    chunks: str = ""
    """What is wrong with the first of the chunks that is none by RFC 9112, section 7.1, in words."""


def wire_of(answer: BaseHTTPResponse) -> Wire:
    """What the parser of an answer that was read makes nothing of."""
    original = getattr(answer, "_original_response", None)
    if not isinstance(original, _TimedResponse):
        return Wire((), b"")
    stream = getattr(getattr(answer, "_decoder", None), "_obj", None)
    cut_off = answer.tell() > 0 and getattr(stream, "eof", True) is False
    return Wire(original.head, original.excess, cut_off, original.chunks)


def has_live_connection(manager: PoolManager, patience: float = 0.0) -> bool:
    """Whether the next request to the one server goes over a connection that an earlier one went over.

    With `patience`, the server is given so many seconds to close it.
    """
    pools = (manager.pools[key] for key in manager.pools.keys())  # noqa: SIM118 - it is no mapping to iterate
    connections = (each for pool in pools if pool.pool is not None for each in pool.pool.queue)
    sockets = [each.sock for each in connections if each is not None and each.sock is not None]
    return any(not wait_for_read(each, timeout=patience) for each in sockets)


def bounded_pool(url: str, **options: Any) -> PoolManager:
    """Connections to the server of a URL: through the proxy that the environment names, unless it is here.

    InputError where that proxy cannot be used, or urllib3 is another library of its name.
    """
    if not issubclass(HTTPConnection, StandardConnection):
        raise InputError(
            "what is installed as urllib3 is another library, whose answers have no bound",
            remedy="niquests brings urllib3-future in its place: use a virtual environment without it",
        )
    proxy = proxy_for(url)
    if proxy is None:
        return _Bounded(**options)
    try:
        auth = parse_url(proxy).auth
        headers = make_headers(proxy_basic_auth=unquote(auth)) if auth else None
        return _ProxiedPool(proxy, proxy_headers=headers, **options)
    except (HTTPError, ValueError) as error:
        raise InputError(f"the proxy of the environment cannot be used ({error})", where=url) from error


def proxy_for(url: str) -> str | None:
    """The proxy that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name for a URL, in any case."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or is_local(host) or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def is_local(host: str) -> bool:
    """Whether a host is this machine, by a name or address that says so."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Bounded(PoolManager):
    """Connections without retries, each answer of which must end in time."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        timeout = Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        super().__init__(*arguments, retries=False, timeout=timeout, **options)
        self.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


class _ProxiedPool(_Bounded, ProxyManager):
    pass


class _TimedStream(io.RawIOBase):
    """The bytes of a socket until the time is over."""

    patience: float | None = None
    """Seconds that are waited for what may not come at all; None: it has to come."""

    def __init__(self, sock: socket.socket, stream: io.RawIOBase) -> None:
        self._socket = sock
        self._stream = stream
        self._silence = sock.gettimeout() or READ_SECONDS
        self._end = time.monotonic() + ANSWER_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.patience is not None:
            return self._what_is_there(buffer, self.patience)
        left = self._end - time.monotonic()
        if left <= 0:
            raise AnswerTooSlow
        self._socket.settimeout(min(left, self._silence))
        try:
            return self._stream.readinto(buffer)
        except TimeoutError as error:
            raise (AnswerTooSlow if left < self._silence else TimeoutError)(*error.args) from error

    def _what_is_there(self, buffer: Any, patience: float) -> int | None:
        """None where nothing is to be had by then."""
        before = self._socket.gettimeout()
        if not wait_for_read(self._socket, timeout=patience):
            return None
        self._socket.settimeout(0)
        try:
            return self._stream.readinto(buffer)
        except OSError:  # of TLS, too: what came was none of its data
            return None
        finally:
            self._socket.settimeout(before)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _RecordedReader(io.BufferedReader):
    """Remembers the lines of an answer's head, and what is wrong with its chunks: parsers forgive much."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__(raw)
        self.lines: list[bytes] | None = []
        self.chunks = ""
        self._left: int | None = 0
        """Bytes of this chunk that are still to come; None behind the last, where trailers stand."""

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(-1 if size is None else size)
        if self.lines is not None:
            self.lines.append(line)
        elif self._left is None:
            if not line:
                self._note("the line that ends the chunks is missing")
        elif found := _CHUNK_SIZE.fullmatch(line):
            self._left = int(found[1], 16) or None
        else:
            # Python reads `0x1f`, `+1f` and `1_f` as numbers, other libraries do not.
            self._note(f"the size of a chunk does not parse: {_shown(line)}")
        return line

    def take(self, content: bytes) -> None:
        """Note a piece of the body, which is a piece of a chunk, or the end of its line."""
        if self._left:
            self._left -= len(content)
        elif content != b"\r\n":
            self._note(f"a chunk is longer than it says: {_shown(content)} follows")

    def _note(self, words: str) -> None:
        self.chunks = self.chunks or words


class _TimedResponse(HTTPResponse):
    """http.client's response, read through a `_TimedStream`; knows its head, and what came behind its end."""

    head: tuple[bytes, ...] = ()
    excess: bytes = b""

    @property
    def chunks(self) -> str:
        """What is wrong with its chunks."""
        return self._reader.chunks

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self._bodiless = options.get("method") == "HEAD"
        self._patience = HEAD_SECONDS
        self._stream = _TimedStream(sock, self.fp.detach())
        self._reader = _RecordedReader(self._stream)
        self.fp = self._reader

    def begin(self) -> None:
        """Read the head, interim ones before it."""
        began = time.monotonic()
        super().begin()
        self._patience = min(HEAD_SECONDS, HEAD_PARTS * (time.monotonic() - began))
        self.head = tuple(self._reader.lines or ())
        self._reader.lines = None

    def _read_status(self) -> tuple[str, int, str]:
        # http.client passes over `100 Continue` alone; RFC 9110, section 15.2, wants it of all interim ones.
        while True:
            self._reader.lines = []
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 100 < status < 200 or status == SWITCHING_PROTOCOLS:
                return version, status, reason
            parse_headers(self.fp)

    def _safe_read(self, amt: int) -> bytes:
        content: bytes = super()._safe_read(amt)  # type: ignore[misc]
        if self.chunked:
            self._reader.take(content)
        return content

    def _close_conn(self) -> None:
        # The end of the answer: nothing of the server may come any more.
        if not self._reader.closed and not self.excess:
            self._stream.patience = self._patience if self._bodiless else 0.0
            with suppress(OSError, ValueError):
                self.excess = self._reader.peek(1)
        super()._close_conn()  # type: ignore[misc]


def _shown(content: bytes) -> str:
    return repr(content[:MAX_SHOWN].decode("latin-1"))


class _HttpConnection(HTTPConnection):
    response_class = _TimedResponse


class _HttpsConnection(HTTPSConnection):
    response_class = _TimedResponse


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection
