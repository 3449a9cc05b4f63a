"""Batches on their way → a bar on the terminal, where there is one and the work takes long enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partner_insights.fixtures.batches import CHUNK, Batch
from partner_insights.fixtures.writing import Watch, unwatched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

WORTH_WATCHING: Final = 50_000
"""Customers, or rows: a second of work, about."""


def watch_on(console: Console, customers: int, count: int | None) -> Watch:
    """A watch of the work on a world of that size, or on that many rows, for a terminal; otherwise none."""
    if not console.is_terminal or (count or customers) < WORTH_WATCHING:
        return unwatched

    def watch(batches: Iterable[Batch], resource: str) -> Iterator[Batch]:
        yield from _shown(console, batches, resource, customers, count)

    return watch


def _shown(
    console: Console, batches: Iterable[Batch], resource: str, customers: int, count: int | None
) -> Iterator[Batch]:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[pace]:,.0f} a second"),
        TimeRemainingColumn(),
    )
    rows = 0
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(resource, total=count or customers, rows=0, pace=0.0)
        for batch in batches:
            yield batch
            rows += len(batch)
            pace = rows / max(progress.tasks[0].elapsed or 0.0, 0.001)
            progress.update(task, advance=len(batch) if count else CHUNK, rows=rows, pace=pace)
