"""A decision about a request → status, headers and body as they go over the wire."""

from __future__ import annotations

import gzip
import os
import sys
from binascii import b2a_base64
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from flask import Response, g, request
from msgspec import Struct

from partner_insights.server.http.request_headers import RequestHeaders

if TYPE_CHECKING:
    from collections.abc import Sequence

JSON: Final = "application/json; charset=utf-8"
BOM: Final = b"\xef\xbb\xbf"

SERVER_ID: Final = "partner-insights"
"""MS-ServerId names the machine that answered: a constant, so equal runs stay equal, and an honest one."""

_BATCH: Final = 1000
_vectors: Final[list[str]] = []
"""Made beforehand, many at once: each answer carries one."""
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_vectors.clear)

MIN_GZIP_BYTES: Final = 1024
"""Below about one packet, gzip costs more than it saves."""

RESPONSE_KEY: Final = "partner_insights.answer"
"""Where the environ of a request has the answer it was given."""


PRIVATE: Final = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
"""What browsers must neither keep nor take for something else."""

ISSUED: Final = "issued"
"""The note of an answer that hands out a token."""


class Note(NamedTuple):
    """What the journal takes down of an answer besides its bytes."""

    code: str
    """`issued`, or why the request was refused."""
    token: str = ""
    """What tells whose token it is, without giving it away."""
    good_until: float = 0.0


class ApiResponse(Struct, frozen=True, dict=True):
    """Status, body and the headers that belong to this answer alone (the common ones come on the wire)."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str | None = JSON
    """None: an answer without a body."""
    note: Note | None = None

    @cached_property
    def gzipped(self) -> bytes | None:
        """The body compressed, made once; None where it is not worth it. Same body, same bytes."""
        if len(self.body) < MIN_GZIP_BYTES:
            return None
        return gzip.compress(self.body, compresslevel=6, mtime=0)


def json_response(
    content: Any,
    *,
    status: int = 200,
    headers: Sequence[tuple[str, str]] = (),
    bom: bool = False,
    note: Note | None = None,
) -> ApiResponse:
    """Compact JSON, on request behind a byte order mark."""
    encoded = orjson.dumps(content)
    return ApiResponse(status, BOM + encoded if bom else encoded, tuple(headers), note=note)


def render(answer: ApiResponse, asked: RequestHeaders) -> tuple[bytes, list[tuple[str, str]]]:
    """The body to send and every header but those of the connection."""
    body, encoding = answer.body, None
    squeezed = answer.gzipped if asked.takes_gzip else None
    if squeezed is not None:
        body, encoding = squeezed, "gzip"
    headers: list[tuple[str, str]] = []
    if answer.content_type is not None:
        headers += [("Content-Type", answer.content_type), ("Content-Length", str(len(body)))]
    if encoding is not None:
        headers.append(("Content-Encoding", encoding))
    headers += [
        ("Vary", "Accept-Encoding"),
        *id_headers(asked.request_id, asked.correlation_id),
        ("MS-ServerId", SERVER_ID),
    ]
    if asked.locale is not None:
        headers.append(("X-Locale", asked.locale))
    headers += answer.headers
    return body, headers


def id_headers(request_id: str, correlation_id: str) -> tuple[tuple[str, str], ...]:
    """The headers that are new in each answer: all others are the same when a request comes again."""
    return (
        ("MS-RequestId", request_id),
        ("MS-CorrelationId", correlation_id),
        ("MS-CV", correlation_vector()),
    )


def correlation_vector() -> str:
    """A fresh MS-CV: 126 random bits in base64, as 16 bytes without padding are, then a position."""
    try:
        return _vectors.pop()
    except IndexError:
        text = b2a_base64(os.urandom(18 * _BATCH), newline=False).decode("ascii")
        _vectors.extend(text[at : at + 21] + "A.0" for at in range(0, len(text), 24))
        return correlation_vector()


_ID_LINES: Final = "".join(f"{name}: %s\r\n" for name, _ in id_headers("", ""))


def id_lines(request_id: str, correlation_id: str) -> bytes:
    """The same headers as they go over the wire."""
    return (_ID_LINES % (request_id, correlation_id, correlation_vector())).encode()


def respond(answer: ApiResponse) -> Response:
    """The answer in the common headers, and left in the environ for who keeps a journal."""
    request.environ[RESPONSE_KEY] = answer
    body, headers = render(answer, request_headers())
    response = Response(body, status=answer.status)
    # Werkzeug presets a content type and a length of its own.
    response.headers.clear()
    response.headers.extend(headers)
    return response


def request_headers() -> RequestHeaders:
    """What was asked, read once a request: the ids made up for it must not change on the way."""
    if "asked" not in g:
        g.asked = RequestHeaders.of(request.environ)
    noted: RequestHeaders = g.asked
    return noted
