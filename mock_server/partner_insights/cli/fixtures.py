"""`fixtures`: a world → files for tests, and the committed set kept true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from partner_insights._data import fixtures_dir
from partner_insights.cli.options import CUSTOMERS, DAY, SEED, day
from partner_insights.cli.progress import watch_on
from partner_insights.contract import Catalogue
from partner_insights.errors import InputError
from partner_insights.fixtures import committed
from partner_insights.fixtures import settings as standard
from partner_insights.fixtures.formats import FORMATS, check_format, format_of
from partner_insights.fixtures.settings import WorldSettings
from partner_insights.fixtures.writing import (
    Target,
    customers_for,
    write_operation,
    write_resource,
    write_world,
)

if TYPE_CHECKING:
    from datetime import date

ROWS: Final = click.IntRange(1, 1_000_000_000)
"""More is a terabyte."""


@click.group("fixtures")
def command() -> None:
    """Write fixtures, or keep the committed ones true."""


@command.command("write")
@click.argument("target", metavar="RESOURCE|OPERATION|world")
@click.option(
    "--out",
    metavar="PATH",
    required=True,
    type=click.Path(path_type=Path),
    help="The file, or for a world the folder, to write.",
)
@click.option(
    "--count",
    type=ROWS,
    help="Rows of a RESOURCE (default: all of the world; customers are added as needed).",
)
@click.option("--seed", type=SEED, default=standard.SEED, show_default=True, help="Which world.")
@click.option("--customers", type=CUSTOMERS, help=f"Customers of the world.  [default: {standard.CUSTOMERS}]")
@click.option(
    "--as-of",
    type=day,
    metavar=DAY,
    default=standard.AS_OF.isoformat(),
    show_default=True,
    help="The day of the call; fixed, so that files can be made again.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="Form of the file (default: what its suffix says, else json).",
)
@click.option("--force", is_flag=True, help="Replace what was written before.")
def write(
    target: str,
    out: Path,
    count: int | None,
    seed: int,
    customers: int | None,
    as_of: date,
    form: str | None,
    force: bool,
) -> None:
    """Write rows of a RESOURCE, the answer to an OPERATION, or a whole world.

    json: rows as one array, a row a line; of an OPERATION the whole body, indented. ndjson: a row a line.
    csv: RFC 4180, nested properties under dotted names. parquet: needs the extra `parquet`. A world is a
    folder: a file for each resource, and manifest.json. The same options write the same bytes.
    """
    from rich.console import Console

    catalogue = Catalogue.load()
    chosen = Target.named(target, catalogue)
    if count is not None and chosen.resource is None:
        raise InputError(
            "--count counts the rows of a RESOURCE", remedy="leave it out; --customers sets a world's size"
        )
    form = form or format_of(out) or "json"
    check_format(form)
    grown = None if count is None or chosen.resource is None else customers_for(chosen.resource, count)
    size = customers or grown or standard.CUSTOMERS
    world = WorldSettings(seed, size, as_of).world()
    watch = watch_on(Console(stderr=True), size, count)
    if chosen.operation is not None:
        rows = write_operation(world, chosen.operation, out, form, force=force)
    elif chosen.resource is not None:
        rows = write_resource(world, chosen.resource, out, form, count=count, force=force, watch=watch)
    else:
        rows = sum(
            part.rows for part in write_world(world, catalogue, out, form, force=force, watch=watch).parts
        )
    amount = "1 row" if rows == 1 else f"{rows:,} rows"
    click.echo(f"{out}: {amount} of {target}, seed {seed}, as of {as_of}")


@command.command("refresh")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a file differs.")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder (default: the committed set).",
)
def refresh(check: bool, out: Path | None) -> int:
    """Make the committed fixtures again: an answer to each operation, a body for each documented failure."""
    catalogue = Catalogue.load()
    folder = out or fixtures_dir()
    files = committed.committed_files(committed.committed_world(), catalogue)
    changed = committed.differences(folder, files) if check else committed.refresh(folder, files)
    for name in changed:
        click.echo(f"{'differs' if check else 'written' if name in files else 'removed'}: {name}")
    if not changed:
        click.echo(f"{folder}: {len(files)} fixtures are as they should be")
    return 1 if check and changed else 0
