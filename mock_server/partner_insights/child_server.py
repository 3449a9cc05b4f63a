"""Options of `serve` → a fake running as a child process: for tests, the contract suite and benchmarks."""

from __future__ import annotations

import atexit
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from partner_insights.documents import json_value
from partner_insights.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

START_TIMEOUT: Final = 30.0
_POLL: Final = 0.01
_STOP_TIMEOUT: Final = 5.0


@dataclass(frozen=True)
class RunningFake:
    """A fake that answers at `url`, until it is stopped."""

    url: str
    token: str
    """An App+User token, good for a day; empty where the fake wants none."""
    pid: int
    seed: int
    as_of: date
    _child: _Child = field(repr=False)
    ca_file: str | None = None
    """What to trust, where it speaks TLS with a certificate of its own making."""

    @property
    def headers(self) -> dict[str, str]:
        """What a request needs: a fresh dictionary, ready to be added to."""
        return api_headers(self.token)

    def stop(self) -> None:
        """End the child; more than once does no harm."""
        self._child.stop()

    @property
    def output(self) -> str:
        """What the child has printed so far, its log of crashes among it."""
        return self._child.output()


def api_headers(token: str) -> dict[str, str]:
    """What a request to the API needs, with a token where the fake wants one."""
    authorization = {"Authorization": f"Bearer {token}"} if token else {}
    return {**authorization, "Accept": "application/json"}


def start_fake(*options: str, timeout: float = START_TIMEOUT, outlives: bool = False) -> RunningFake:
    """Start a fake on a free port and wait until it answers; `options` are those of `serve`.

    It is stopped when this process exits at the latest, or is killed; one that `outlives` it is stopped by
    somebody else, by its `pid`. InputError, with what the child printed, where it ends before it answers or
    does not answer within `timeout` seconds.
    """
    child = _Child(options, outlives=outlives)
    try:
        ready = child.wait_until_ready(timeout)
    except BaseException:
        child.stop()
        raise
    return RunningFake(
        url=ready["url"],
        token=ready["token"],
        pid=ready["pid"],
        seed=ready["seed"],
        as_of=date.fromisoformat(ready["asOf"]),
        _child=child,
        ca_file=ready.get("caFile"),
    )


@contextmanager
def running_fake(*options: str, timeout: float = START_TIMEOUT) -> Iterator[RunningFake]:
    """`start_fake`, stopped at the end of the context."""
    fake = start_fake(*options, timeout=timeout)
    try:
        yield fake
    finally:
        fake.stop()


def launch(arguments: list[str], output_file: Path, *, outlives: bool) -> subprocess.Popen[bytes]:
    """Start the program; all it prints goes to the file.

    Unless it `outlives` this process, it reads from a pipe that the system closes when this one is killed.
    """
    with output_file.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [
                sys.executable,
                "-P",
                "-m",
                "partner_insights",
                *arguments,
                *([] if outlives else ["--until-eof"]),
            ],
            stdin=subprocess.DEVNULL if outlives else subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


class _Child:
    """The child process, the folder with its ready file, and its output.

    The output goes to a file, not a pipe: the child goes on although it is not read.
    """

    def __init__(self, options: tuple[str, ...], *, outlives: bool) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="partner-insights-")
        folder = Path(self._folder.name)
        self._ready_file = folder / "ready.json"
        self._output_file = folder / "output"
        arguments = ["serve", "--quiet", "--port", "0", "--ready-file", str(self._ready_file), *options]
        self._process = launch(arguments, self._output_file, outlives=outlives)
        if not outlives:
            atexit.register(self.stop)

    def wait_until_ready(self, timeout: float) -> dict[str, Any]:
        """The ready file's content, as soon as there is one."""
        deadline = time.monotonic() + timeout
        while True:
            # The file appears by renaming, whole.
            if self._ready_file.exists():
                ready: dict[str, Any] = json_value(self._ready_file.read_bytes())
                return ready
            if self._process.poll() is not None:
                raise InputError(self._complaint(f"ended with exit code {self._process.returncode}"))
            if time.monotonic() > deadline:
                raise InputError(self._complaint(f"did not answer within {timeout:g} seconds"))
            time.sleep(_POLL)

    def output(self) -> str:
        """All output so far; empty once stopped."""
        if not self._output_file.exists():
            return ""
        return self._output_file.read_text(encoding="utf-8", errors="replace").strip()

    def stop(self) -> None:
        """SIGTERM, then what it takes."""
        atexit.unregister(self.stop)
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._folder.cleanup()

    def _complaint(self, happened: str) -> str:
        said = self.output()
        return f"the fake {happened}, having said:\n{said}" if said else f"the fake {happened} without a word"
