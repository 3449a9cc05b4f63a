"""A path → its bytes, which end: devices and pipes within a size, and within a time without a byte.

A file in UTF-16 or UTF-32 with a byte order mark, as the shell of Windows writes, is read as UTF-8.
"""

from __future__ import annotations

import codecs
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
WIDE_MARKS: Final = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def opened(path: Path) -> BinaryIO:
    """The file, to be read; OSError where it cannot be, InputError, while reading, where it does not end."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(path.stat().st_mode):
        return io.BufferedReader(_Stream(path), 2**16)
    file = io.BufferedReader(io.FileIO(path), 2**16)
    wide = _wide_encoding(file.peek(4))
    return file if wide is None else io.BufferedReader(_Wide(file, wide), 2**16)


def read_input(path: Path) -> bytes:
    """The content of a file that somebody named; OSError where it is too large, and as `opened`."""
    with opened(path) as file:
        content = file.read(MAX_INPUT + 1)
    if len(content) > MAX_INPUT:
        raise OSError(errno.EFBIG, f"it is larger than {MAX_INPUT // 2**20} MiB", str(path))
    return content


def in_utf8(content: bytes, where: str = "") -> bytes:
    """Content in UTF-16 or UTF-32 with its mark as UTF-8 without; any other as it is. InputError."""
    wide = _wide_encoding(content)
    if wide is None:
        return content
    try:
        return content.decode(wide).encode()
    except UnicodeError as error:
        raise InputError(f"is not {wide}, as its mark says", where=where or None) from error


def _wide_encoding(begins: bytes) -> str | None:
    return next((name for mark, name in WIDE_MARKS.items() if begins.startswith(mark)), None)


class _Wide(io.RawIOBase):
    """A file in UTF-16 or UTF-32 as UTF-8, without its mark."""

    def __init__(self, file: io.BufferedReader[io.FileIO], encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left and (content := self._file.read(2**16)):
            self._left = self._decoded(content)
        if not self._left:
            self._decoded(b"", final=True)
        taken, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def _decoded(self, content: bytes, *, final: bool = False) -> bytes:
        try:
            return self._decoder.decode(content, final).encode()
        except UnicodeError as error:
            words = (
                f"it begins with the byte order mark of {self._encoding}, and is not valid {self._encoding}"
            )
            raise InputError(words, where=str(self._file.raw.name)) from error

    def close(self) -> None:
        self._file.close()
        super().close()


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
