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

_LINUX: Final = sys.platform == "linux"
_OPEN_FILES: Final = "/proc/self/fd" if _LINUX else "/dev/fd"


def reset(client: str) -> None:
    """End the connection of the client `HOST:PORT`, on Linux by a reset; nothing on Windows."""
    host, _, port = client.rpartition(":")
    wanted = host.strip("[]"), int(port)
    with suppress(OSError):  # no such folder
        for name in os.listdir(_OPEN_FILES):  # noqa: PTH208 - the fastest way to plain numbers
            with suppress(OSError):  # what is no socket, or closed by now
                if _is_reset(int(name), wanted):
                    return


def _is_reset(descriptor: int, wanted: tuple[str, int]) -> bool:
    borrowed = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, descriptor)
    try:
        if borrowed.getpeername()[:2] != wanted:
            return False
        if _LINUX:
            # Connected to an address of no family, a socket says RST (connect(2)); lingering for no time, it
            # would do so on closing, but that TLS says goodbye before.
            ctypes.CDLL(None).connect(descriptor, bytes(16), 16)
        else:
            borrowed.shutdown(socket.SHUT_RDWR)
        return True
    finally:
        borrowed.detach()  # it is the server's, to be closed by nobody else
