"""Word of what is written → a bar on the terminal, where there is one and the work takes long enough."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from partner_insights.fixtures.files.batches import OnProgress, no_progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

WORTH_WATCHING: Final = 50_000
"""Customers, or rows: a second of work, about."""


@contextmanager
def bar_on(console: Console, customers: int, count: int | None = None) -> Iterator[OnProgress]:
    """A bar that shows rows, rows a second and the time left; `customers` (or `count` rows) fill it.

    Nothing is shown where there is no terminal or little to do.
    """
    if not console.is_terminal or (count or customers) < WORTH_WATCHING:
        yield no_progress
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[pace]:,.0f} a second"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=count or customers, rows=0, pace=0.0)

        def on_progress(resource: str, customers: int, rows: int) -> None:
            shown = progress.tasks[0]
            total = shown.fields["rows"] + rows
            pace = total / max(shown.elapsed or 0.0, 0.001)
            advance = rows if count else customers
            progress.update(task, description=resource, advance=advance, rows=total, pace=pace)

        yield on_progress
