"""The answer that is under way → the TCP connection it goes over, to be reset.

The server hands a WSGI application no socket and not even the caller's port. So a connection is told by what
it has sent: the system counts the bytes of each, and of this answer a number is sent that no other matches.
"""

from __future__ import annotations

import ctypes
import os
import random
import socket
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

POSSIBLE: Final = sys.platform == "linux"

_BYTES_SENT: Final = slice(200, 208)
"""Where `struct tcp_info` has tcpi_bytes_sent (since Linux 4.19). The number acknowledged comes later."""
_FRAMING: Final = 100
"""Bytes that TLS may put around a piece; the number of bytes sent is told to this."""
_MOMENT: Final = 0.02


def resetting(peer: str, first: bytes) -> Iterator[bytes]:
    """Pieces of a body, the last of them sent over a connection that is then reset.

    `peer` is the caller's IP address. After `first` come blanks, which JSON allows: how many, tells the
    connection.
    """
    yield first
    for _ in range(5):
        time.sleep(_MOMENT)
        before = _sent(peer)
        size = random.randrange(1000, 16000, _FRAMING)  # noqa: S311 - not to be told from others by chance
        yield b" " * size
        time.sleep(_MOMENT)
        after = _sent(peer)
        grown = [fd for fd in after if fd in before and 0 <= after[fd] - before[fd] - size < _FRAMING]
        if len(grown) == 1:
            _reset(grown[0])
            return


def _sent(peer: str) -> dict[int, int]:
    """Descriptor → bytes sent, of our connections with that peer."""
    found = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - the fastest way to plain numbers
        connection = _opened(int(name))
        if connection is None:
            continue
        with connection:
            try:
                if connection.getpeername()[0] == peer:
                    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 208)
                    found[int(name)] = int.from_bytes(info[_BYTES_SENT], sys.byteorder)
            except OSError:
                continue
    return found


def _reset(descriptor: int) -> None:
    connection = _opened(descriptor)
    if connection is not None:
        with connection:
            # Connected to an address of no family, a socket says RST (connect(2)); lingering for no time,
            # it would do so on closing, but that TLS says goodbye before.
            ctypes.CDLL(None).connect(connection.fileno(), bytes(16), 16)


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
