"""What the processes that our tests start are to find: a place for bytecode, and a Ctrl-C that is heard."""

from __future__ import annotations

import os
import signal
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Set the scene, for the workers of xdist too.

    A shell starts what it sends to the background deaf to Ctrl-C, and so is every process after it.
    Without a folder for bytecode, every pytest that a test starts compiles all plugins anew, for their
    assertions: two seconds each.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.dont_write_bytecode and "PYTHONPYCACHEPREFIX" not in os.environ:
        folder = TemporaryDirectory(prefix="partner-insights-bytecode-")
        config.add_cleanup(folder.cleanup)
        os.environ["PYTHONPYCACHEPREFIX"] = folder.name
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
