"""A bar where a person waits at a terminal, and nothing anywhere else."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from partner_insights.cli.progress import bar_on
from partner_insights.fixtures.files.batches import no_progress


def shown(*, terminal: bool, customers: int, count: int | None = None) -> str:
    screen = StringIO()
    console = Console(file=screen, force_terminal=terminal, width=120)
    with bar_on(console, customers, count) as on_progress:
        on_progress("CustomerLicensesUsageInsights", 30_000, 240_000)
        on_progress("CustomerLicensesUsageInsights", 20_000, 160_000)
    return screen.getvalue()


@pytest.mark.parametrize(("customers", "count", "done"), [(100_000, None, "50%"), (7, 800_000, "50%")])
def test_bar_tells_rows_pace_and_time_left(customers: int, count: int | None, done: str) -> None:
    """At a terminal the bar shows the resource, how far it is, rows, rows a second and the time left."""
    bar = shown(terminal=True, customers=customers, count=count)
    assert "CustomerLicensesUsageInsights" in bar
    assert done in bar
    assert "400,000 rows" in bar
    assert "a second" in bar
    assert ":" in bar.rpartition("a second")[2]


def test_nothing_where_nobody_waits() -> None:
    """Without a terminal, or for little work, not a byte is written."""
    assert shown(terminal=False, customers=10**6) == ""
    assert shown(terminal=True, customers=100) == ""
    with bar_on(Console(file=StringIO()), 10**6) as on_progress:
        assert on_progress is no_progress
