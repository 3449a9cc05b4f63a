"""An answer and what was asked → status, headers and body as they go over the wire."""

from __future__ import annotations

import os
from binascii import b2a_base64
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from partner_insights.server.http.request_headers import Asked
    from partner_insights.server.http.response import Answer

SERVER_ID: Final = "partner-insights"
"""MS-ServerId names the machine that answered: a constant, so equal runs stay equal, and an honest one."""

_BATCH: Final = 1000
_vectors: Final[list[str]] = []
"""Made beforehand, many at once: each answer carries one."""


def dress(answer: Answer, asked: Asked) -> tuple[bytes, list[tuple[str, str]]]:
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
        *fresh(asked.request_id, asked.correlation_id),
        ("MS-ServerId", SERVER_ID),
    ]
    if asked.locale is not None:
        headers.append(("X-Locale", asked.locale))
    headers += answer.headers
    return body, headers


def fresh(request_id: str, correlation_id: str) -> tuple[tuple[str, str], ...]:
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
