"""The bytes of a file for every request, by a protocol that does nothing else: `bare.py PORT FILE`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import cast

import uvloop
from httptools import HttpRequestParser

BODY = Path(sys.argv[2]).read_bytes()
RESPONSE = b"".join(
    (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n",
        f"Content-Length: {len(BODY)}\r\n".encode(),
        b"Vary: Accept-Encoding\r\nMS-RequestId: 11111111-2222-3333-4444-555555555555\r\n",
        b"MS-CorrelationId: 11111111-2222-3333-4444-555555555556\r\n",
        b"MS-CV: AAAAAAAAAAAAAAAAAAAAAA.0\r\nMS-ServerId: partner-insights\r\n\r\n",
        BODY,
    )
)


class Bare(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """It has sent something."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """A request is there."""
        self._transport.write(RESPONSE)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


uvloop.run(_serve())
