"""What is written aside and renamed is there as a whole or not at all, wherever we write."""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from partner_insights.errors import InputError
from partner_insights.files import (
    ensure_writable,
    folder_aside,
    try_writing,
    write_files,
    write_report,
    written_aside,
)
from partner_insights.fixtures.files.output import new_file, new_folder
from partner_insights.publication import publish
from partner_insights.server.auth.identity import read_identity
from partner_insights.server.process.ready_file import ReadyFile
from partner_insights.server.process.tls import of_files
from partner_insights.verify.report.baseline import read_baseline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.part")


def _through_new_file(path: Path) -> None:
    with new_file(path) as file:
        file.write(b"ours")


def _through_new_folder(path: Path) -> None:
    with new_folder(path) as folder:
        (folder / "file").write_bytes(b"ours")


WRITERS: dict[str, Callable[[Path], object]] = {
    "a report": lambda path: write_report(path, "ours"),
    "a derived file": lambda path: publish(path.parent, {path.name: b"ours"}),
    "a ready file": lambda path: ReadyFile(path).write({"url": "ours"}),
    "a fixture": _through_new_file,
    "a folder of fixtures": _through_new_folder,
    "files": lambda path: write_files({path: b"ours"}),
}


@pytest.mark.parametrize("target", ["file", "folder", "nothing"])
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_link_in_the_place_of_the_unfinished_is_refused(
    tmp_path: Path, write: Callable[[Path], object], target: str
) -> None:
    """Nobody can have us write elsewhere by a symbolic link under the name that we write to first."""
    out, theirs = tmp_path / "out", tmp_path / "theirs"
    out.mkdir()
    if target == "file":
        theirs.write_bytes(b"theirs")
    elif target == "folder":
        theirs.mkdir()
    aside(out / "result").symlink_to(theirs)
    with pytest.raises((InputError, OSError), match="symbolic link"):
        write(out / "result")
    assert not (out / "result").exists()
    assert aside(out / "result").is_symlink()
    assert theirs.exists() == (target != "nothing")
    assert target != "file" or theirs.read_bytes() == b"theirs"
    assert target != "folder" or not any(theirs.iterdir())


def test_left_over_of_a_killed_process_is_replaced(tmp_path: Path) -> None:
    """A file that a killed process of our number left aside is no obstacle, and nothing of it is kept."""
    path = tmp_path / "file"
    aside(path).write_bytes(b"much longer than ours")
    with written_aside(path) as file:
        file.write(b"ours")
    assert path.read_bytes() == b"ours"
    assert list(tmp_path.iterdir()) == [path]


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    """Where one of several files cannot be written, the others stay as they were."""
    first = tmp_path / "a"
    first.write_bytes(b"before")
    with pytest.raises(FileNotFoundError):
        write_files({first: b"after", tmp_path / "missing" / "b": b""})
    assert first.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [first]


@pytest.mark.parametrize("mode", [0o666, 0o600])
def test_mode_is_the_users(tmp_path: Path, mode: int) -> None:
    """A file gets the mode that it is asked for, less what the user's umask takes."""
    before = os.umask(0o027)
    try:
        with written_aside(tmp_path / "file", mode=mode):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode & ~0o027


def test_trying_leaves_no_trace(tmp_path: Path) -> None:
    """To try whether a file can be written changes nothing, and a folder or a missing parent is told."""
    kept = tmp_path / "kept"
    kept.write_bytes(b"kept")
    try_writing(kept)
    try_writing(tmp_path / "new")
    ensure_writable([kept, None, tmp_path / "new"])
    assert kept.read_bytes() == b"kept"
    assert list(tmp_path.iterdir()) == [kept]
    for path in (tmp_path, tmp_path / "missing" / "file", kept / "file"):
        with pytest.raises(InputError, match="the file cannot be written there") as refused:
            ensure_writable([kept, path])
        assert refused.value.where == str(path)


def test_no_report_takes_the_place_of_what_is_read_or_of_another(tmp_path: Path) -> None:
    """By whatever name: through a folder, a link, or a second name; a stream may be named twice."""
    kept, new = tmp_path / "kept", tmp_path / "new"
    kept.write_bytes(b"kept")
    (tmp_path / "link").symlink_to(kept)
    (tmp_path / "second").hardlink_to(kept)
    for path, read in (
        (kept, [kept]),
        (tmp_path / "x" / ".." / "kept", [None, kept]),
        (tmp_path / "link", [kept]),
        (tmp_path / "second", [kept]),
    ):
        (tmp_path / "x").mkdir(exist_ok=True)
        with pytest.raises(InputError, match="take the place of another file") as refused:
            ensure_writable([path], read=read)
        assert refused.value.where == str(path)
    with pytest.raises(InputError, match="take the place of another file"):
        ensure_writable([new, tmp_path / "x" / ".." / "new"])
    ensure_writable([new, kept], read=[tmp_path / "other", tmp_path])
    if Path(os.devnull).exists():
        ensure_writable([Path(os.devnull), Path(os.devnull)])


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[tuple[Path, list[bytes]]]:
    """A pipe under a name, and what somebody has read from it."""
    path, got = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    yield path, got
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))  # where nobody wrote: the reader goes, too
    reader.join(10)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have names on POSIX")
@pytest.mark.parametrize("write", [WRITERS[name] for name in ("a report", "a ready file", "files")])
def test_a_device_or_pipe_is_written_to_and_stays(
    pipe: tuple[Path, list[bytes]], write: Callable[[Path], object]
) -> None:
    """`--json /dev/stdout`, `--ready-file /dev/null`: what is no file is not replaced by one, nor removed."""
    path, got = pipe
    ensure_writable([path])
    file = ReadyFile.prepare(path)
    write(path)
    file.remove(os.getpid())
    for _ in range(100):
        if got:
            break
        time.sleep(0.05)
    assert b"ours" in got[0]
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="streams have names on POSIX")
def test_a_stream_of_ours_by_name_is_written_to(tmp_path: Path) -> None:
    """`--json >(jq .)`, and standard output that a shell led into a file."""
    read, write = os.pipe()
    write_report(Path(f"/dev/fd/{write}"), "ours")
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        assert stream.read() == b"ours"
    with (tmp_path / "file").open("wb") as file:
        number = (tmp_path / "file").stat().st_ino
        for text in (b"before, ", b" and after"):
            file.write(text)
            file.flush()
            if text == b"before, ":
                write_report(Path(f"/dev/fd/{file.fileno()}"), "ours")
    assert (tmp_path / "file").read_bytes() == b"before, ours and after"
    assert (tmp_path / "file").stat().st_ino == number


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device without end is on POSIX")
@pytest.mark.parametrize(
    "read",
    [
        read_identity,
        read_baseline,
        lambda path: of_files(path, path),
    ],
    ids=["identity", "baseline", "certificate"],
)
def test_what_has_no_end_is_refused(read: Callable[[Path], object]) -> None:
    """A device in place of a file of settings."""
    with pytest.raises(InputError, match="larger than"):
        read(Path("/dev/zero"))


def test_folder_is_whole_or_absent(tmp_path: Path) -> None:
    """A folder whose filling fails leaves the one before it, and nothing beside."""
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").touch()
    with suppress(ZeroDivisionError), folder_aside(path) as folder:
        (folder / "new").touch()
        raise ZeroDivisionError
    assert [each.name for each in path.iterdir()] == ["old"]
    with folder_aside(path) as folder:
        (folder / "new").touch()
    assert [each.name for each in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("inner", ["", "world", "plan.json", "parts.ndjson", "lock"])
def test_linked_unfinished_world_is_refused(tmp_path: Path, inner: str) -> None:
    """Neither the hidden folder of an unfinished world nor anything that is written in it may be a link."""
    from partner_insights.fixtures.files.manifest import Plan, versions
    from partner_insights.fixtures.files.world import unfinished_beside, write_world

    theirs = tmp_path / "theirs"
    theirs.mkdir()
    begun = unfinished_beside(tmp_path / "out")
    if inner:
        begun.mkdir()
        (begun / inner).symlink_to(theirs if inner == "world" else theirs / inner)
    else:
        begun.symlink_to(theirs)
    plan = Plan(
        format="ndjson",
        seed=0,
        customers=1,
        as_of=date(2024, 1, 1).isoformat(),
        percent_scale=100,
        parts=1,
        versions=versions("ndjson"),
    )
    with pytest.raises(InputError, match="symbolic link"):
        write_world(plan, ["CustomerLicensesUsageInsights"], tmp_path / "out", resume=True)
    assert list(theirs.iterdir()) == []
