"""SIGTERM and SIGHUP → the end that Ctrl-C makes: what was begun is taken away, what was done is reported."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NAMES: Final = ("SIGTERM", "SIGHUP")
"""Windows has no SIGHUP."""
_ONE_STOP: Final = 1.0
"""Seconds in which several signals are one: `timeout` sends it to the process, and then to its group."""


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """Each of them is a KeyboardInterrupt; the exit code is what a shell reports, 128 and its number.

    One that the caller ignores, as nohup does, stays ignored. A verb may take them for itself.
    """
    sent: list[tuple[float, int]] = []

    def stop(number: int, frame: object) -> None:
        sent.append((time.monotonic(), number))
        if len(sent) > 1 and sent[-1][0] - sent[-2][0] < _ONE_STOP:
            return
        raise KeyboardInterrupt

    signals = []
    if threading.current_thread() is threading.main_thread():  # others may set none
        there = (getattr(signal, name) for name in _NAMES if hasattr(signal, name))
        signals = [number for number in there if signal.getsignal(number) is signal.SIG_DFL]
    for number in signals:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in signals:
            if signal.getsignal(number) is stop:
                signal.signal(number, signal.SIG_DFL)
        if sent:
            raise SystemExit(128 + sent[0][1])


@contextmanager
def ended_at_once(clean_up: Callable[[], None]) -> Iterator[None]:
    """Each of them, and Ctrl-C, cleans up and ends the process: where a thread waits, no exception would."""

    def stop(number: int, frame: object) -> None:
        clean_up()
        os._exit(128 + number)

    there = (getattr(signal, name) for name in ("SIGINT", *_NAMES) if hasattr(signal, name))
    before = {number: signal.getsignal(number) for number in there}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
