"""This process → its TCP connections, with what the system knows of each.

The server hands a WSGI application no socket and not even the caller's port. What an application needs to do
to a connection, it does through a handle of its own, found by what the system counts (Linux tells enough).
"""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

POSSIBLE: Final = sys.platform == "linux"


_FIELDS: Final = (slice(200, 208), slice(44, 48), slice(52, 56))
"""Where `struct tcp_info` has the bytes sent, and the milliseconds since the last was sent and received."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection, good only until the next one is asked for."""

    socket: socket.socket
    descriptor: int
    peer: tuple[Any, ...]
    """The caller's address and port."""
    sent: int
    """Bytes sent so far (tcpi_bytes_sent, since Linux 4.19)."""
    sent_ago: float
    """Seconds since something was sent last (tcpi_last_data_sent)."""
    received_ago: float


def connections(address: str) -> Iterator[Connection]:
    """The connections with callers of this IP address."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - the fastest way to plain numbers
        try:  # Of whatever kind it is, for there may be thousands: what is no such socket fails to tell.
            borrowed = socket.socket(socket.AF_INET, socket.SOCK_STREAM, fileno=int(name))
        except OSError:
            continue
        try:
            peer = borrowed.getpeername()
            if peer[:1] == (address,):
                told = borrowed.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 208)
                sent, sent_ago, received_ago = (int.from_bytes(told[at], sys.byteorder) for at in _FIELDS)
                yield Connection(borrowed, int(name), peer, sent, sent_ago / 1000, received_ago / 1000)
        except OSError:
            continue
        finally:
            borrowed.detach()  # it is the server's, to be closed by nobody else
