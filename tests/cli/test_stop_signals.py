"""SIGTERM and SIGHUP end a verb as Ctrl-C does: its files are taken away, and the exit code says which."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from partner_insights.cli.stop_signals import ended_as_by_ctrl_c

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as on POSIX")
PROGRAM = [sys.executable, "-m", "partner_insights"]
SIGNALS = ("SIGTERM", "SIGHUP")


@pytest.fixture(autouse=True)
def _signals_by_default() -> Iterator[None]:
    """As a program finds them that a shell starts; pytest's own caller may ignore some."""
    before = {name: signal.signal(signal.Signals[name], signal.SIG_DFL) for name in SIGNALS}
    yield
    for name, handler in before.items():
        signal.signal(signal.Signals[name], handler)


def stopped(*names: str) -> tuple[int, object]:
    """How often signals to ourselves were a KeyboardInterrupt, and the exit code they made."""
    stops = 0

    def run() -> None:
        nonlocal stops
        with ended_as_by_ctrl_c():
            for name in names:
                try:
                    os.kill(os.getpid(), signal.Signals[name])
                    time.sleep(0.1)
                except KeyboardInterrupt:
                    stops += 1

    with pytest.raises(SystemExit) as ended:
        run()
    return stops, ended.value.code


@pytest.mark.parametrize("name", SIGNALS)
def test_it_is_ctrl_c_with_another_exit_code(name: str) -> None:
    """A KeyboardInterrupt within, whatever becomes of that, and 128 and its number at the end."""
    assert stopped(name) == (1, 128 + signal.Signals[name])
    assert signal.getsignal(signal.Signals[name]) is signal.SIG_DFL


def test_two_at_once_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """`timeout` sends it to the process and to its group: the second breaks off nothing that the first began.

    Later it is another stop: Python passes over an exception in a callback of its own, and the first is lost.
    """
    assert stopped("SIGTERM", "SIGHUP") == (1, 128 + signal.SIGTERM)
    monkeypatch.setattr("partner_insights.cli.stop_signals._ONE_STOP", 0.0)
    assert stopped("SIGTERM", "SIGTERM") == (2, 128 + signal.SIGTERM)


def test_what_is_ignored_or_taken_stays_so() -> None:
    """Under nohup the end of the terminal is no stop; a verb's own handler is left alone, also at the end."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    taken: list[int] = []
    with ended_as_by_ctrl_c():
        os.kill(os.getpid(), signal.SIGHUP)
        own = lambda number, frame: taken.append(number)  # noqa: E731
        signal.signal(signal.SIGTERM, own)
        os.kill(os.getpid(), signal.SIGTERM)
    assert taken == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is own
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_thread_sets_none() -> None:
    """Signals are the main thread's; elsewhere a verb runs without."""
    ran = []

    def run() -> None:
        with ended_as_by_ctrl_c():
            ran.append(signal.getsignal(signal.SIGTERM))

    thread = Thread(target=run)
    thread.start()
    thread.join()
    assert ran == [signal.SIG_DFL]


@pytest.mark.parametrize("name", ["SIGINT", *SIGNALS])
def test_verify_leaves_nothing(tmp_path: Path, name: str) -> None:
    """Nothing stays where temporary files are, nor the fake that was judged; reports tell what was done."""
    temporary, reports = tmp_path / "temporary", tmp_path / "reports"
    temporary.mkdir()
    reports.mkdir()
    with subprocess.Popen(
        [*PROGRAM, "verify", "--json", "report.json"],
        cwd=reports,
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 60
        while not list(temporary.glob("*/pytest.ini")):  # from then on its tests run
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.Signals[name])
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + signal.Signals[name], "")
    assert "interrupted" in out
    assert [each.name for each in reports.iterdir()] == ["report.json"]
    assert list(temporary.iterdir()) == []
