"""A client's address → its connection to this process, ended from outside the server.

The server hands an application no socket: it is found among the open files of the process.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from contextlib import suppress
from typing import Final

SUPPORTED: Final = sys.platform == "linux"
_OPEN_FILES: Final = "/proc/self/fd" if SUPPORTED else "/dev/fd"


def reset(*clients: str) -> None:
    """End the connections of the clients `HOST:PORT`, on Linux by a reset; nothing on Windows."""
    parts = (client.rpartition(":") for client in clients)
    wanted = {(host.strip("[]"), int(port)) for host, _, port in parts}
    with suppress(OSError):  # no such folder
        for name in os.listdir(_OPEN_FILES):  # noqa: PTH208 - the fastest way to plain numbers
            with suppress(OSError):  # what is no socket, or closed by now
                wanted.discard(_reset(int(name), wanted))
                if not wanted:
                    return


def _reset(descriptor: int, wanted: set[tuple[str, int]]) -> tuple[str, int]:
    borrowed = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, descriptor)
    try:
        peer: tuple[str, int] = borrowed.getpeername()[:2]
        if peer not in wanted:
            return peer
        if SUPPORTED:
            # Connected to an address of no family, a socket says RST (connect(2)); lingering for no time, it
            # would do so on closing, but that TLS says goodbye before.
            ctypes.CDLL(None).connect(descriptor, bytes(16), 16)
        else:
            borrowed.shutdown(socket.SHUT_RDWR)
        return peer
    finally:
        borrowed.detach()  # it is the server's, to be closed by nobody else
