"""A listening socket → connections that speak TLS. Of too many that have not begun to, the oldest make room.

Before its handshake is over, a connection is none that `Connections` knows of, and takes fifty kilobytes.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

MAX_HANDSHAKES: Final = 1_000
"""Under way at once: a client's own takes some milliseconds."""
HANDSHAKE_SECONDS: Final = 30
_SHUTDOWN_SECONDS: Final = 2
"""How long the goodbye of TLS is waited for."""
_NO_FILES_SECONDS: Final = 0.1
"""Until the next try, where no file is left for a connection."""


class Handshakes:
    """The connections of a worker that do not speak TLS yet."""

    def __init__(
        self, context: ssl.SSLContext, connection: Callable[[], asyncio.Protocol], most: int = MAX_HANDSHAKES
    ) -> None:
        self._context = context
        self._connection = connection
        self._most = most
        self._under_way: dict[asyncio.Task[None], None] = {}
        """The oldest first."""

    async def accept(self, listening: socket.socket) -> None:
        """Take in whoever connects, until it is cancelled; then what has not begun is ended."""
        loop = asyncio.get_running_loop()
        listening.setblocking(False)
        try:
            while True:
                try:
                    client, _ = await loop.sock_accept(listening)
                except OSError:
                    await asyncio.sleep(_NO_FILES_SECONDS)
                    continue
                task = loop.create_task(self._shake_hands(client))
                self._under_way[task] = None
                task.add_done_callback(lambda done: self._under_way.pop(done, None))
                if len(self._under_way) > self._most:
                    self._end(next(iter(self._under_way)))
        finally:
            for task in list(self._under_way):
                self._end(task)

    async def _shake_hands(self, client: socket.socket) -> None:
        # Whatever the client says or leaves unsaid is its own affair: no word of it in the log.
        with suppress(OSError):
            await asyncio.get_running_loop().connect_accepted_socket(
                self._connection,
                client,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=_SHUTDOWN_SECONDS,
            )

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        task.cancel()
