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


@dataclass(frozen=True)
class Connection:
    """A connection, good only until the next one is asked for."""

    socket: socket.socket
    """A handle of its own: closing it closes nothing."""
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
        opened = _opened(int(name))
        if opened is None:
            continue
        with opened:
            try:
                peer = opened.getpeername()
                if peer[0] != address:
                    continue
                told = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 208)
            except OSError:
                continue
            sent, sent_ago, received_ago = (int.from_bytes(told[at], sys.byteorder) for at in _FIELDS)
            yield Connection(opened, int(name), peer, sent, sent_ago / 1000, received_ago / 1000)


_FIELDS: Final = (slice(200, 208), slice(44, 48), slice(52, 56))
"""Where `struct tcp_info` has the bytes sent, and the milliseconds since the last was sent and received."""


def _opened(descriptor: int) -> socket.socket | None:
    """A second handle on a socket of the process; None where the descriptor is no TCP socket."""
    try:
        duplicate = os.dup(descriptor)
    except OSError:
        return None
    try:
        opened = socket.socket(fileno=duplicate)
    except OSError:
        os.close(duplicate)
        return None
    if opened.family not in (socket.AF_INET, socket.AF_INET6) or opened.type != socket.SOCK_STREAM:
        opened.close()
        return None
    return opened
