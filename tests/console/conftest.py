"""A browser, or the reason why there is none."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from partner_insights.contract import Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
REBOUND = "rebound.example"
"""A name that the browser takes for this machine's, as a rebound one would be."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; without one a test is skipped, but in CI it fails."""
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if path is None:
        words = f"no browser: none of {', '.join(CHROMIUM)} is on the PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=path, args=[f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1"]
        )
        yield running
        running.close()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()
