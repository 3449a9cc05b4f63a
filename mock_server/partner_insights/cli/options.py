"""Text of an option → a value: the parameter types several verbs share; each says what it accepts."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from partner_insights.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import StrEnum

FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
"""The as-of dates of a world: wide enough for any test, and nothing computed from one can overflow."""


def day(text: str) -> date:
    """Read a calendar day, YYYY-MM-DD, or `today` (of UTC, as the API's own dates); for `type=day`."""
    if text == "today":
        return datetime.now(UTC).date()
    try:
        # `date.fromisoformat` alone would take week dates and digits without hyphens, too.
        read = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no day of the calendar: give YYYY-MM-DD or today.") from error
    if not FIRST_DAY <= read <= LAST_DAY:
        raise click.BadParameter(f"{text} is not between {FIRST_DAY} and {LAST_DAY}.")
    return read


DAY: Final = "DATE|today"
"""The metavar that goes with `day`."""

SEED: Final = click.IntRange(0, 2**53 - 1)
"""Any whole number that a JSON reader with doubles keeps: the ready file and the admin API carry the seed."""

CUSTOMERS: Final = click.IntRange(1, 10_000_000)
"""How many customers a world has."""

COUNT: Final = click.IntRange(min=1)

PORT: Final = click.IntRange(0, 65_535)
"""A TCP port; 0 asks the system for a free one."""

EXISTING_FILE: Final = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
_OF_FILES: Final = frozenset(
    {".json", ".ndjson", ".csv", ".parquet", ".har", ".md", ".html", ".xml", ".zip", ".gz"}
)


def check_folder_name(path: Path, instead: Mapping[str, str] = MappingProxyType({})) -> None:
    """InputError where a folder to write has the name of a file: `x.csv`, `x.ndjson.gz`.

    `instead`: the options that say by suffix what the name did.
    """
    if any(suffix.lower() in _OF_FILES for suffix in path.suffixes):
        name = path.name.removesuffix("".join(path.suffixes))
        raise InputError(
            "names a file, and this is written to a folder",
            where=str(path),
            remedy=f"give --out {name}{instead.get(path.suffix.lower(), '')}",
        )


def choice(name: str, default: StrEnum, words: str) -> Callable[[Any], Any]:
    """An option that takes the values of the default's kind, and gives its member."""
    kind = type(default)
    return click.option(
        name,
        type=click.Choice([each.value for each in kind]),
        default=default.value,
        show_default=True,
        callback=lambda _ctx, _param, value: kind(value),
        help=words,
    )


class OutputFolder(click.Path):
    """A folder to write."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """InputError for the name of a file."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        check_folder_name(path)
        return path


OUTPUT_FOLDER: Final = OutputFolder(file_okay=False, path_type=Path)
OUTPUT_FILE: Final = click.Path(dir_okay=False, writable=True, path_type=Path)

profile_option = click.option(
    "--profile",
    type=click.Choice(["corrected", "literal", "strict"]),
    default="corrected",
    show_default=True,
    help="Contract to judge by.",
)
pseudonym_key_option = click.option(
    "--pseudonym-key-env",
    metavar="NAME",
    help="Environment variable with a key: the same pseudonyms in each run.  [default: a new key each run]",
)
