"""A front and a listening socket → requests answered until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from partner_insights.server.process.connection import Connection
from partner_insights.server.process.connections import Connections
from partner_insights.server.process.handshakes import MAX_HANDSHAKES, Handshakes

if TYPE_CHECKING:
    import socket

    from partner_insights.server.process.front import Front
    from partner_insights.server.process.tls import Tls

BACKLOG: Final = 4096
"""Connections that may wait to be accepted."""
_AT_ONCE: Final = 16
"""Accepted in one turn by asyncio's own loop, which tries and tells so often where no file is to be had."""
_MOST_FILES: Final = 50_000
"""Open at most, as far as the system lets it: idle connections must not keep others out."""
_OTHER_FILES: Final = 100
"""Open beside connections; where few may be open at all, it is half of them."""
_HAD_LEFT: Final = "socket.send() raised exception."
_NO_FILES: Final = "socket.accept() out of system resource"
_GRACE: Final = 0.4
"""Seconds a worker gives the requests under way at the end."""


def answer(front: Front, listening: socket.socket, tls: Tls | None = None) -> None:
    """Answer whoever connects, until SIGTERM; by TLS where there is a certificate for it."""
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_answer(front, listening, tls))


async def _answer(front: Front, listening: socket.socket, tls: Tls | None) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    filter_warnings()
    if sys.platform != "win32":  # there, a process is ended without a word
        loop.add_signal_handler(signal.SIGTERM, told.set)
    most = _most_connections(_open_files())
    handshakes = 0 if tls is None else min(MAX_HANDSHAKES, most // 2)
    connections = Connections(most - handshakes)
    watch = loop.create_task(connections.watch())
    connection = partial(Connection, front, connections)
    if tls is None:
        server = await loop.create_server(connection, sock=listening, backlog=_AT_ONCE)
        listening.listen(BACKLOG)
        await told.wait()
        server.close()
    else:
        listening.listen(BACKLOG)
        accepting = loop.create_task(Handshakes(_context(tls), connection, handshakes).accept(listening))
        await told.wait()
        accepting.cancel()
    watch.cancel()
    await connections.end(_GRACE)
    front.close()


def _new_loop() -> asyncio.AbstractEventLoop:
    """An event loop: uvloop's, which is the fastest, where it can be had."""
    try:
        import uvloop
    except ModuleNotFoundError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # what .NET Framework clients speak
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(tls.certificate, tls.key)
    return context


def _open_files() -> int:
    """How many files this process may have open: raised as far as the system lets it."""
    if sys.platform == "win32":
        return _MOST_FILES
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(_MOST_FILES, hard)
    if 0 <= soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):  # macOS has another bound
            return soft
    return max(soft, wanted)


def filter_warnings() -> None:
    """Of what the loop says, drop that it sent to a client that had left; say once that no file is left."""
    said: list[str] = []

    def is_worth_saying(record: logging.LogRecord) -> bool:
        words = str(record.msg)
        if words.startswith(_NO_FILES):
            said.append(words)
            return len(said) == 1
        return words != _HAD_LEFT

    logging.getLogger("asyncio").addFilter(is_worth_saying)


def _most_connections(files: int) -> int:
    return max(files - _OTHER_FILES, files // 2)
