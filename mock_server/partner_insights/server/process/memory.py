"""How the C library holds memory, where it is glibc's: in one heap, and no more of it than is used."""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_ARENA_MAX: Final = -8
"""M_ARENA_MAX of <malloc.h>."""


def use_one_heap() -> None:
    """For all threads: they take turns with the interpreter, and each heap keeps what is free in it."""
    _call("mallopt", _ARENA_MAX, 1)


def give_back() -> None:
    """Give memory that is free back to the system: it is kept where it lies between pieces in use."""
    gc.collect()
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    if sys.platform != "linux":
        return
    function: Callable[..., int] | None = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*arguments)
