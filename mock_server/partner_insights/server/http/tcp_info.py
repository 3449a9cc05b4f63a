"""This process → its TCP connections, with what the system knows of each.

The server hands a WSGI application no socket and not even the caller's port. What an application needs to do
to a connection, it does through a handle of its own, found by what the system counts (Linux tells enough).
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

POSSIBLE: Final = sys.platform == "linux"


_TOLD: Final = struct.Struct("=44xI4xI144xQ")
"""Where `struct tcp_info` has the milliseconds since the last was sent and received, and the bytes sent."""


class Connection(NamedTuple):
    """A connection, good only until the next one is asked for."""

    socket: socket.SocketType
    descriptor: int
    sent: int
    """Bytes sent so far (tcpi_bytes_sent, since Linux 4.19)."""
    sent_ago: float
    """Seconds since something was sent last (tcpi_last_data_sent), or since it was made."""
    received_ago: float

    def caller(self) -> str:
        """The caller's IP address; empty where there is none any more. Other threads may run meanwhile."""
        try:
            return str(self.socket.getpeername()[0])
        except OSError:
            return ""


def connections() -> Iterator[Connection]:
    """All of them. Nothing in here lets other threads go first: there may be many thousands to look at."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - the fastest way to plain numbers
        try:  # Of whatever kind it is: what is no such socket fails to tell.
            borrowed = socket.SocketType(socket.AF_INET, socket.SOCK_STREAM, 0, int(name))
        except OSError:
            continue
        try:
            told = borrowed.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TOLD.size)
            sent_ago, received_ago, sent = _TOLD.unpack(told)
            yield Connection(borrowed, int(name), sent, sent_ago / 1000, received_ago / 1000)
        except (OSError, struct.error):  # a system that tells less
            continue
        finally:
            borrowed.detach()  # it is the server's, to be closed by nobody else
