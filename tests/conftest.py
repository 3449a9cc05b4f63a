"""Where the Pythons that our tests start keep their bytecode, if they may not keep it beside the source."""

from __future__ import annotations

import os
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Give this run a folder for bytecode, workers of xdist included.

    Without one, every pytest that a test starts compiles all plugins anew, for their assertions: two
    seconds each.
    """
    if sys.dont_write_bytecode and "PYTHONPYCACHEPREFIX" not in os.environ:
        folder = TemporaryDirectory(prefix="partner-insights-bytecode-")
        config.add_cleanup(folder.cleanup)
        os.environ["PYTHONPYCACHEPREFIX"] = folder.name
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
