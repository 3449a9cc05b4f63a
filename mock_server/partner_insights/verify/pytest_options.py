"""The contract suite's options as a pytest plugin of their own, for a run of the suite alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_insights.verify.options import add_options

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `--insights-url` and its companions, without the fixtures of the package's own plugin."""
    add_options(parser)
