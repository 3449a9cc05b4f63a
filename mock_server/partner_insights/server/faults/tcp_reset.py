"""The answer that is under way → the TCP connection it goes over, to be reset.

A connection is told by what it has sent: the system counts the bytes of each, and of this answer a number is
sent that no other matches.
"""

from __future__ import annotations

import ctypes
import time
from random import SystemRandom
from typing import TYPE_CHECKING, Final

from partner_insights.server.http.tcp_info import connections

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRAMING: Final = 100
"""Bytes that TLS may put around a piece; the number of bytes sent is told to this."""
_MOMENT: Final = 0.02


def reset_mid_body(peer: str, first: bytes) -> Iterator[bytes]:
    """Pieces of a body, the last of them sent over a connection that is then reset.

    `peer` is the caller's IP address. After `first` come blanks, which JSON allows: how many, tells the
    connection.
    """
    yield first
    for _ in range(5):
        time.sleep(_MOMENT)
        before = {each.descriptor: each.sent for each in connections()}
        size = SystemRandom().randrange(1000, 16000, _FRAMING)
        yield b" " * size
        time.sleep(_MOMENT)
        grown = [
            each.descriptor
            for each in connections()
            if 0 <= each.sent - before.get(each.descriptor, each.sent + 1) - size < _FRAMING
            and each.caller() == peer
        ]
        if len(grown) == 1:
            _reset(grown[0])
            return


def _reset(descriptor: int) -> None:
    for connection in connections():
        if connection.descriptor == descriptor:
            # Connected to an address of no family, a socket says RST (connect(2)); lingering for no time,
            # it would do so on closing, but that TLS says goodbye before.
            ctypes.CDLL(None).connect(connection.socket.fileno(), bytes(16), 16)
