"""The bytes of the file BENCH_BODY as applications that do nothing else, for `granian`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

BODY = Path(os.environ["BENCH_BODY"]).read_bytes()
HEADERS = [
    ("Content-Type", "application/json; charset=utf-8"),
    ("Content-Length", str(len(BODY))),
    ("Vary", "Accept-Encoding"),
    ("MS-RequestId", "11111111-2222-3333-4444-555555555555"),
    ("MS-CorrelationId", "11111111-2222-3333-4444-555555555556"),
    ("MS-CV", "AAAAAAAAAAAAAAAAAAAAAA.0"),
    ("MS-ServerId", "partner-insights"),
]


def wsgi(_: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", HEADERS)
    return [BODY]


async def rsgi(_: Any, protocol: Any) -> None:
    protocol.response_bytes(200, HEADERS, BODY)
