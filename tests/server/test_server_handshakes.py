"""Laws of connections that do not speak TLS yet: who says nothing, or no TLS, keeps nobody out."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import ssl
from typing import TYPE_CHECKING, cast

import pytest
import trustme

from partner_insights.server.process.event_loop import _new_loop
from partner_insights.server.process.handshakes import Handshakes

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 5
SILENT = 12


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


async def _is_open(reader: asyncio.StreamReader) -> bool:
    """Whether the server has not ended the connection."""
    try:
        async with asyncio.timeout(0.05):
            await reader.read()
    except TimeoutError:
        return True
    except ConnectionError:
        pass
    return False


async def _say(port: int, trusting: ssl.SSLContext) -> bytes:
    """What an ordinary client is answered."""
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        writer.write(b"hello")
        said = await reader.readexactly(5)
        writer.close()
    return said


@pytest.mark.parametrize("loop", [_new_loop, asyncio.new_event_loop])
@pytest.mark.parametrize("begins", [b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n"])
def test_the_oldest_handshakes_make_room(
    loop: Callable[[], asyncio.AbstractEventLoop], begins: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The latest silent ones are kept; ordinary clients are served all the while; nothing is logged."""
    authority = trustme.CA()
    context, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(trusting)

    async def attacked() -> tuple[list[bool], list[bytes]]:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            accepting = asyncio.create_task(Handshakes(context, Echo, MOST).accept(listening))
            said, silent = [await _say(port, trusting)], []
            for _ in range(SILENT):
                silent.append(await asyncio.open_connection("127.0.0.1", port))
                silent[-1][1].write(begins)
                await asyncio.sleep(0.01)
            kept = [await _is_open(reader) for reader, _ in silent]
            said += [await _say(port, trusting), await _say(port, trusting)]
            accepting.cancel()
            await asyncio.sleep(0.1)
            assert not any([await _is_open(reader) for reader, _ in silent])
            for _, writer in silent:
                writer.close()
        return kept, said

    with caplog.at_level(logging.WARNING), asyncio.Runner(loop_factory=loop) as runner:
        kept, said = runner.run(attacked())
        gc.collect()
    assert said == [b"hello"] * 3
    left = 0 if begins.startswith(b"GET") else MOST  # what is certainly no TLS is ended at once
    assert kept == [False] * (SILENT - left) + [True] * left
    assert not caplog.records
