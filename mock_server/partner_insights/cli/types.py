"""`types`: the contract → types for a client in another language, or one file of JSON Schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from partner_insights.cli.options import OUTPUT_FOLDER
from partner_insights.client_types import LANGUAGES, declared_files
from partner_insights.contract import Catalogue
from partner_insights.publication import differences, publish

if TYPE_CHECKING:
    from pathlib import Path


@click.command("types")
@click.option(
    "--language",
    required=True,
    type=click.Choice(LANGUAGES),
    help="What to write: a module of types, or every schema in one file under absolute $ids.",
)
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    type=OUTPUT_FOLDER,
    help="Folder to write to; it is made where there is none.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where the file in DIR differs.")
def command(language: str, out: Path, check: bool) -> int:
    """Write the API's types for a client in another language.

    One file, with an object for each resource and each collection of it. Counts are whole numbers, dates the
    strings they are on the wire. A property that need not come is optional.
    """
    files = declared_files(language, Catalogue.load())
    if check:
        for name in (stale := differences(out, files)):
            click.echo(f"{out / name} is not what the contract says")
        return int(bool(stale))
    for name in publish(out, files):
        click.echo(f"wrote {out / name}")
    return 0
