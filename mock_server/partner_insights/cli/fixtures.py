"""`fixtures`: a world → files for tests, and the committed set compared or renewed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from partner_insights._data import fixtures_dir
from partner_insights.cli.completion import offer
from partner_insights.cli.options import COUNT, DAY, OUTPUT_FOLDER, SEED, check_folder_name, day
from partner_insights.cli.progress import bar_on
from partner_insights.cli.sections import SectionedCommand, section
from partner_insights.contract import Catalogue
from partner_insights.errors import InputError
from partner_insights.files import BeingWritten
from partner_insights.fixtures.files import executors
from partner_insights.fixtures.files import repository_set as committed
from partner_insights.fixtures.files.exports import EXPORTS, export
from partner_insights.fixtures.files.formats import FORMATS, check_format, format_of
from partner_insights.fixtures.files.invalid import write_invalid
from partner_insights.fixtures.files.manifest import Plan
from partner_insights.fixtures.files.output import check_folder
from partner_insights.fixtures.files.own_export import export_running, export_world
from partner_insights.fixtures.files.partition import parts_for
from partner_insights.fixtures.files.world import unfinished_beside, write_world
from partner_insights.fixtures.files.write import (
    Selection,
    customers_for,
    world_resources,
    write_operation,
    write_resource,
)
from partner_insights.fixtures.testing import settings as standard
from partner_insights.fixtures.testing.settings import WorldSettings
from partner_insights.publication import differences, publish

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from partner_insights.fixtures.files.executors import Executor
    from partner_insights.world import World

ROWS: Final = click.IntRange(1, 1_000_000_000)
"""More is a terabyte."""
CUSTOMERS: Final = click.IntRange(1, 1_000_000_000)
"""More than a fake serves: a cluster may write them."""
EXPORTED: Final = 3
"""Customers of a world for another tool, where nothing is said."""
WORKERS: Final = click.IntRange(1, 256)

# What several verbs ask alike.
_into_folder: Final = click.option(
    "--out",
    metavar="DIR",
    required=True,
    type=OUTPUT_FOLDER,
    help="The folder to write.",
)
_seeded: Final = click.option(
    "--seed", type=SEED, default=standard.SEED, show_default=True, help="Which world."
)
_sized: Final = click.option(
    "--customers", type=CUSTOMERS, help=f"Customers of the world.  [default: {standard.CUSTOMERS}]"
)


@click.group("fixtures")
def command() -> None:
    """Write fixtures, or keep the committed ones true."""


_NAMED: Final = {f".{name}": f" --format {name}" for name in FORMATS} | {".har": ", or --as har for one file"}


@command.command("write", cls=SectionedCommand)
@click.argument(
    "target",
    metavar="RESOURCE|OPERATION|world",
    shell_complete=offer(lambda catalogue: ["world", *catalogue.resources, *catalogue.operations]),
)
@section(
    "What to write",
    _seeded,
    _sized,
    click.option(
        "--count",
        type=ROWS,
        help="Rows of a RESOURCE (default: all of the world; customers are added as needed).",
    ),
    click.option(
        "--as-of",
        type=day,
        metavar=DAY,
        default=standard.AS_OF.isoformat(),
        show_default=True,
        help="The day of the call; fixed, so that files can be made again.",
    ),
    click.option(
        "--days",
        type=click.IntRange(1, 3660),
        help="Write the world of so many days, up to --as-of, each in a folder processedDate=DATE.",
    ),
)
@section(
    "Where and how",
    click.option(
        "--out",
        metavar="PATH",
        required=True,
        type=click.Path(path_type=Path),
        help="The file, or for a world the folder, to write.",
    ),
    click.option(
        "--format",
        "form",
        type=click.Choice(list(FORMATS)),
        help="Form of the file (default: what its suffix says, json without one).",
    ),
    click.option(
        "--as",
        "tool",
        type=click.Choice(list(EXPORTS)),
        help="Write a small world's answers to all operations for another tool.",
    ),
    click.option("--force", is_flag=True, help="Replace what was written before."),
)
@section(
    "Large worlds",
    click.option(
        "--parts",
        type=COUNT,
        help="Files of each resource of a world, by ranges of customers (default: by the world's size).",
    ),
    click.option("--resume", is_flag=True, help="Go on with a world where an earlier run ended."),
    click.option("--workers", type=WORKERS, help="Processes that write a world (default: this one)."),
    click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers write a world."),
)
def write(
    target: str,
    out: Path,
    count: int | None,
    seed: int,
    customers: int | None,
    as_of: date,
    form: str | None,
    tool: str | None,
    days: int | None,
    force: bool,
    parts: int | None,
    resume: bool,
    workers: int | None,
    scheduler: str | None,
) -> None:
    """Write rows of a RESOURCE, the answer to an OPERATION, or a whole world.

    json: rows as one array, a row a line; of an OPERATION the whole body, indented. ndjson: a row a line.
    csv: RFC 4180, nested properties under dotted names. parquet: typed columns, date-times as timestamps;
    needs the extra `parquet`. A world is a folder: in it a folder for each resource, with its file or its
    parts, and manifest.json. The same options write the same bytes in any number of processes. The workers of
    --scheduler need the same file system and the extra `dask`.

    --as wiremock: a folder for its --root-dir; har, openapi (examples, for Prism), vcr (vcrpy): one file.
    """
    catalogue = Catalogue.load()
    chosen = Selection.named(target, catalogue)
    if count is not None and chosen.resource is None:
        raise InputError(
            "--count counts the rows of a RESOURCE", remedy="leave it out; --customers sets a world's size"
        )
    volume = {"days": days, "parts": parts, "resume": resume, "workers": workers, "scheduler": scheduler}
    if (chosen.resource or chosen.operation) and tool is None:
        _refuse(volume, "is for writing a world", "leave it out, or write a `world`")
    if tool is not None:
        if chosen != Selection():
            raise InputError("--as is for writing a world", remedy="leave it out, or write a `world`")
        _refuse({"format": form, **volume}, f"says nothing about --as {tool}", "leave one of them out")
        small = WorldSettings(seed, customers or EXPORTED, as_of)
        answers = export(small.world(), catalogue, tool, out, force=force)
        click.echo(f"{out}: {answers} answers for {tool}, seed {seed}, as of {as_of}")
        return
    if chosen == Selection():
        check_folder_name(out, _NAMED)
    form = form or ("json" if chosen == Selection() else format_of(out))
    check_format(form)
    grown = (
        None if count is None or chosen.resource is None else customers_for(catalogue, chosen.resource, count)
    )
    size = customers or grown or standard.CUSTOMERS
    world = WorldSettings(seed, size, as_of).world()
    if chosen.operation is not None:
        rows = write_operation(world, chosen.operation, out, form, force=force)
    elif chosen.resource is not None:
        with bar_on(Console(stderr=True), size, count) as on_progress:
            rows = write_resource(
                world, chosen.resource, out, form, count=count, force=force, on_progress=on_progress
            )
    else:
        cut, executor = parts_for(size) if parts is None else parts, _executor(workers, scheduler)
        rows = 0
        for each, folder in _folders(world, out, days, keeps=force or resume):
            plan = Plan.of(each, form, cut)
            rows += _write_world(plan, world_resources(catalogue), folder, executor, force, resume)
    amount = "1 row" if rows == 1 else f"{rows:,} rows"
    click.echo(f"{out}: {amount} of {target}, seed {seed}, as of {as_of}")


def _refuse(options: Mapping[str, object], words: str, remedy: str) -> None:
    """InputError where one of the options is given."""
    for name, value in options.items():
        if value:
            raise InputError(f"--{name} {words}", remedy=remedy)


def _folders(world: World, out: Path, days: int | None, *, keeps: bool) -> Iterator[tuple[World, Path]]:
    """The world of each day, and where it goes: of several days under names that lakes read as keys."""
    if days is None:
        yield world, out
        return
    check_folder(out, replaces=(lambda _: True) if keeps else None)
    out.mkdir(exist_ok=True)
    for back in range(days - 1, -1, -1):
        day = world.as_of - timedelta(days=back)
        yield replace(world, as_of=day), out / f"processedDate={day}"


def _executor(workers: int | None, scheduler: str | None) -> Executor:
    if scheduler is not None:
        if workers is not None:
            raise InputError(
                "--workers are of this machine, --scheduler has its own", remedy="give one of them"
            )
        return executors.dask_cluster(scheduler)
    return executors.in_process if workers is None else executors.process_pool(workers)


def _write_world(
    plan: Plan, names: Mapping[str, bool], out: Path, executor: Executor, force: bool, resume: bool
) -> int:
    per_customer = sum(names.values())
    try:
        with bar_on(Console(stderr=True), plan.customers * per_customer) as on_progress:
            manifest = write_world(
                plan, names, out, executor, force=force, resume=resume, on_progress=on_progress
            )
    except BaseException as error:
        if unfinished_beside(out).is_dir() and not isinstance(error, BeingWritten):
            click.echo(f"{out}: unfinished; the same command with --resume continues it", err=True)
        raise
    return sum(part.rows for part in manifest.parts)


@command.command("export")
@_into_folder
@click.option("--url", metavar="URL", help="A running fake, as it is now, in place of a world.")
@click.option(
    "--admin-token",
    metavar="T",
    envvar="PARTNER_INSIGHTS_ADMIN_TOKEN",
    show_envvar=True,
    help="The fake's admin token, where it is not on this machine.",
)
@_seeded
@_sized
@click.option(
    "--as-of", type=day, metavar=DAY, default=standard.AS_OF.isoformat(), show_default=True, help="The day."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="ndjson",
    show_default=True,
    help="Form of the files.",
)
@click.option("--force", is_flag=True, help="Replace what was exported before.")
def export_data(
    out: Path,
    url: str | None,
    admin_token: str | None,
    seed: int,
    customers: int | None,
    as_of: date,
    form: str,
    force: bool,
) -> None:
    """Write all customers and their rows, of a world or of a running fake, for `serve --data`.

    `serve --data DIR --only-data` with the same --as-of gives the same bytes again.
    """
    check_format(form)
    if url is not None:
        rows = export_running(url, admin_token, out, form, force=force)
        click.echo(f"{out}: {rows:,} rows of {url}")
        return
    settings = WorldSettings(seed, customers or standard.CUSTOMERS, as_of)
    rows = export_world(settings.world(), out, form, force=force)
    click.echo(f"{out}: {rows:,} rows, seed {seed}, as of {as_of}")


@command.command("invalid")
@click.argument(
    "name",
    metavar="RESOURCE|OPERATION",
    shell_complete=offer(lambda catalogue: [*catalogue.resources, *catalogue.operations]),
)
@_into_folder
@_seeded
@click.option("--force", is_flag=True, help="Replace what was written before.")
def invalid(name: str, out: Path, seed: int, force: bool) -> None:
    """Write a folder of rows that are each wrong in one way, and manifest.json.

    Each file breaks exactly one keyword of the schema, or one rule; valid.json is the same row
    unbroken. The manifest says of each file the pointer, the keyword and its standing, the cell of the
    documentation, and the codes.
    """
    files = write_invalid(Catalogue.load(), name, out, WorldSettings(seed), force=force)
    click.echo(f"{out}: {len(files)} files, each with one fault of {name}, seed {seed}")


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
    changed = (differences if check else publish)(folder, files, all_of="**/*.json")
    for name in changed:
        click.echo(f"{'differs' if check else 'written' if name in files else 'removed'}: {name}")
    if not changed:
        click.echo(f"{folder}: {len(files)} fixtures are as they should be")
    return 1 if check and changed else 0
