"""A request over HTTP → its answer, within a size and a total time, whatever the framing of the answer.

urllib3 limits the silence between two pieces of an answer, so that a server may drip for ever. Here each
piece gets no more than what is left of the time for the whole answer: interim responses, header and body.
"""

from __future__ import annotations

import io
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    import socket

    from urllib3 import BaseHTTPResponse

MAX_BODY: Final = 64 * 2**20
"""Bytes of a body, after decompression, that are read."""
CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 30.0
"""Silence within an answer."""
ANSWER_SECONDS: Final = 60.0
"""Time for a whole answer."""


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


class BoundedPool(PoolManager):
    """Connections without retries, each answer of which must end in time."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            retries=False, timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), **options
        )
        self.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


class _TimedStream(io.RawIOBase):
    """The bytes of a socket until the time is over."""

    def __init__(self, sock: socket.socket, stream: io.RawIOBase) -> None:
        self._socket = sock
        self._stream = stream
        self._silence = sock.gettimeout() or READ_SECONDS
        self._end = time.monotonic() + ANSWER_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise AnswerTooSlow
        self._socket.settimeout(min(left, self._silence))
        try:
            return self._stream.readinto(buffer)
        except TimeoutError as error:
            raise (AnswerTooSlow if left < self._silence else TimeoutError)(*error.args) from error

    def close(self) -> None:
        self._stream.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """http.client's response, read through a `_TimedStream`."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_TimedStream(sock, self.fp.detach()))


class _HttpConnection(HTTPConnection):
    response_class = _TimedResponse


class _HttpsConnection(HTTPSConnection):
    response_class = _TimedResponse


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection
