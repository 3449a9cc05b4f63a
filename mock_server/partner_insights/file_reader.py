"""A path → its bytes, which end: devices and pipes within a size, and within a time without a byte."""

from __future__ import annotations

import errno
import io
import os
import select
import stat
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from partner_insights.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

MAX_INPUT: Final = 64 * 2**20
"""Bytes of a page or a file of settings, far more than anybody writes."""
MAX_STREAM: Final = 512 * 2**20
"""Bytes of what is no regular file, and may have no end: a pipe, a device."""
SILENCE_SECONDS: Final = 30.0
"""How long a pipe may keep silent; one that nobody writes to does so for ever."""


def opened(path: Path) -> BinaryIO:
    """The file, to be read; OSError where it cannot be, InputError, while reading, where it does not end."""
    if stat.S_ISREG(path.stat().st_mode):
        return path.open("rb", buffering=2**16)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return io.BufferedReader(_Stream(path), 2**16)


def read_input(path: Path) -> bytes:
    """The content of a file that somebody named; OSError where it is too large, and as `opened`."""
    with opened(path) as file:
        content = file.read(MAX_INPUT + 1)
    if len(content) > MAX_INPUT:
        raise OSError(errno.EFBIG, f"it is larger than {MAX_INPUT // 2**20} MiB", str(path))
    return content


class _Stream(io.RawIOBase):
    """A pipe or device. It is opened without waiting for its writer."""

    def __init__(self, path: Path) -> None:
        self._name = str(path)
        flags = getattr(os, "O_NONBLOCK", 0) | getattr(
            os, "O_BINARY", 0
        )  # POSIX has the one, Windows the other
        self._file = os.open(path, os.O_RDONLY | flags)
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._read >= MAX_STREAM:
            raise InputError(
                f"goes on after {MAX_STREAM // 2**20} MiB, and is no regular file", where=self._name
            )
        self._wait()
        content = os.read(self._file, len(buffer))
        self._read += len(content)
        buffer[: len(content)] = content
        return len(content)

    def _wait(self) -> None:
        if sys.platform == "win32":  # whose pipes have no place among files
            return
        poll = select.poll()
        poll.register(self._file, select.POLLIN)
        if not poll.poll(SILENCE_SECONDS * 1000):
            raise InputError(f"nothing was written to it for {SILENCE_SECONDS:.0f} s", where=self._name)

    def close(self) -> None:
        if not self.closed:
            os.close(self._file)
        super().close()
