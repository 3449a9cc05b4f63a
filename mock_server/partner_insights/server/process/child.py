"""What every child of the supervisor does at first: heed that one alone, and not outlive it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def take_own_signals() -> None:
    """End at SIGTERM, which the supervisor makes of all it is sent; a forked child inherits its handlers."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def end_with_parent(clean_up: Callable[[int], None] | None = None) -> None:
    """Leave no orphan: a supervisor killed outright can neither stop its children nor remove what it made.

    `clean_up` does that in its place, and is told its process id.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        if clean_up is not None and parent.pid is not None:
            clean_up(parent.pid)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
