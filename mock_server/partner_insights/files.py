"""Bytes → a file or folder that is there as a whole or not at all.

What is written lies aside, beside its place, until it is whole; the last step renames it. The name aside is
hidden and can be guessed, so a symbolic link that lies in wait there is refused. Devices and pipes are
written to as they are: nothing takes their place.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
import stat
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from partner_insights.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from io import BufferedRandom

UNFINISHED: Final = ".part"
"""How the names of unfinished files and folders end; they begin with a dot."""


@contextmanager
def written_aside(path: Path, *, mode: int = 0o666) -> Iterator[BufferedRandom]:
    """A file to write, put at `path` when the block ends well; otherwise nothing is left of it. OSError."""
    with ExitStack() as cleanup:
        aside = _aside(path)
        with _created(aside, mode, cleanup) as file:
            yield file
        aside.replace(path)


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files, none of them where one cannot be written. OSError."""
    streams = [path for path in contents if is_stream(path)]
    files = {path: content for path, content in contents.items() if path not in streams}
    with ExitStack() as cleanup:
        for path, content in files.items():
            with _created(_aside(path), 0o666, cleanup) as file:
                file.write(content)
        for path in files:
            _aside(path).replace(path)
    for path in streams:
        write_stream(path, contents[path])


_OWN_STREAM: Final = re.compile(r"/(?:dev|proc/self)/fd/(\d+)|/dev/(stdout)|/dev/(stderr)")


def is_stream(path: Path) -> bool:
    """Whether a device or a pipe is there, or a stream that this process was given under a name."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    plain = stat.S_ISREG(mode) or stat.S_ISDIR(mode)
    return not plain or _OWN_STREAM.fullmatch(str(path.absolute())) is not None


def write_stream(path: Path, content: bytes) -> None:
    """Write to what `is_stream`. OSError."""
    own = _OWN_STREAM.fullmatch(str(path.absolute()))
    if own is None:
        path.write_bytes(content)
        return
    number = int(own[1] or (1 if own[2] else 2))
    # A file that is opened anew begins at its start, where the stream's own text goes.
    with os.fdopen(os.dup(number), "wb") as stream:
        stream.write(content)


@contextmanager
def folder_aside(path: Path) -> Iterator[Path]:
    """A folder to fill, put at `path` when the block ends well; otherwise nothing is left of it. OSError."""
    aside = _aside(path)
    refuse_link(aside)
    aside.mkdir()
    try:
        yield aside
        put_folder(aside, path)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def put_folder(aside: Path, path: Path) -> None:
    """`aside` takes the place of `path`. What was at `path` goes only when the new folder is there."""
    if not path.exists():
        aside.rename(path)
        return
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    path.rename(old)
    try:
        aside.rename(path)
    except BaseException:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def refuse_link(aside: Path) -> None:
    """OSError where a symbolic link lies in the place of an unfinished file or folder."""
    if aside.is_symlink():
        raise OSError(errno.ELOOP, f"{aside.name}, where it is written first, is a symbolic link", str(aside))


class BeingWritten(InputError):
    """Another process is writing where this one would."""


@contextmanager
def one_writer(lock: Path, folder: Path) -> Iterator[None]:
    """`folder` to oneself, by a lock file that other runs look at; BeingWritten where one of them has it.

    The system frees it however this process ends.
    """
    from filelock import FileLock, Timeout

    held = FileLock(lock)
    try:
        held.acquire(blocking=False)
    except Timeout as error:
        raise BeingWritten("another process is writing it", where=str(folder)) from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no file that is open, and does so itself
            lock.unlink()
        held.release()


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Wait until no other process is in a block under this lock file."""
    from filelock import FileLock

    with FileLock(lock):
        yield


def try_writing(path: Path) -> None:
    """OSError where a file cannot be put at `path`: begins one, and takes it away."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if is_stream(path):  # to open a pipe is to wait for its reader
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return
    with ExitStack() as cleanup:
        _created(_aside(path), 0o666, cleanup).close()


def real_path(path: Path) -> Path:
    """The path without links; one that leads round in a circle stays, where `resolve` may end in an error."""
    return Path(os.path.realpath(path))


def unicode_name(path: Path) -> str:
    """A file's name as it can be written into any file: what is no UTF-8 in it is replaced."""
    return path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def as_written(path: Path) -> bytes:
    """The content of a text that we wrote with LF; on Windows Git may check it out with CRLF. OSError."""
    return path.read_bytes().replace(b"\r\n", b"\n")


def write_report(path: Path, text: str) -> None:
    """Write a report to its place; InputError where that cannot be done."""
    try:
        write_files({path: text.encode(errors="backslashreplace")})
    except OSError as error:
        raise InputError(
            f"the report cannot be written ({error.strerror or error})", where=str(path)
        ) from error


def ensure_writable(paths: Iterable[Path | None], *, read: Iterable[Path | None] = ()) -> None:
    """InputError, before a long run, where a report could not be written after it.

    So where it would take the place of another report, or of what is `read`.
    """
    taken = [path for path in read if path is not None]
    for path in (path for path in paths if path is not None):
        try:
            try_writing(path)
        except OSError as error:
            raise InputError(
                f"the file cannot be written there ({error.strerror or error})",
                where=str(path),
                remedy="name a file in a folder that exists",
            ) from error
        if not is_stream(path) and any(_is_same(path, other) for other in taken):
            raise InputError(
                "the report would take the place of another file of this command",
                where=str(path),
                remedy="name another file",
            )
        taken.append(path)


def _is_same(path: Path, other: Path) -> bool:
    """Whether both name one file, there or not yet there."""
    return real_path(path) == real_path(other) or (path.exists() and other.exists() and path.samefile(other))


def _aside(path: Path) -> Path:
    """Beside `path`, so that renaming is one step; of this process alone, also where machines share it."""
    return path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}{UNFINISHED}")


def _created(aside: Path, mode: int, cleanup: ExitStack) -> BufferedRandom:
    """A new file, which `cleanup` takes away where it was not renamed."""
    refuse_link(aside)
    aside.unlink(missing_ok=True)  # of a killed process that had our number
    file = open(aside, "x+b", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115
    cleanup.callback(_discard, aside)
    return file


def _discard(aside: Path) -> None:
    with suppress(OSError):
        aside.unlink(missing_ok=True)
