"""`check --page`: sample responses on how-to pages → what they and the tables disagree about."""

from __future__ import annotations

import functools
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from partner_insights.cli.page_options import dialect_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_insights.derive.howto.sample_check import CheckedPages

_Result = TypeVar("_Result")

OPENING = """\
# What sample responses show against the tables, as errata for a person to accept. Nothing here is in force.
# Take over into schemas/errata.toml what you believe, under an id of your own; drop the rest.
"""


def also_pages(function: Callable[..., _Result]) -> Callable[..., _Result | int]:
    """Let a verb that judges files judge the samples of pages in their place."""

    @click.option(
        "--page",
        "pages",
        metavar="PAGE",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Judge the sample responses on this page, or on the pages of a folder, against the tables of the"
        " pages named (any FILE is a page, too) and of the shipped ones. Writes proposed errata.",
    )
    @dialect_option
    @functools.wraps(function)
    def with_pages(
        *args: Any, files: tuple[Path, ...], pages: tuple[Path, ...], dialect: str | None, **options: Any
    ) -> _Result | int:
        if pages:
            return _check([*pages, *files], options.get("json_file"), dialect)
        if dialect is not None:
            raise click.UsageError("--dialect is about the pages of --page.")
        if not files:
            raise click.UsageError("Name a FILE to judge, or pages with --page.")
        return function(*args, files=files, **options)

    return with_pages


def _check(pages: list[Path], json_file: Path | None, dialect: str | None) -> int:
    """Report on the samples: defects and a summary aside, the proposed errata as the output."""
    from partner_insights.derive.howto.errata_toml import errata_toml
    from partner_insights.derive.howto.sample_check import check_pages

    checked = check_pages(pages, dialect)
    for defect in (*checked.defects, *checked.unjudged):
        click.echo(f"{'error' if defect.is_error else 'warning'}: {defect}", err=True)
    for each in checked.disagreements:
        click.echo(f"{'known' if each.known else 'error'}: {each}", err=True)
    click.echo(OPENING)
    click.echo(errata_toml(checked.disagreements), nl=False)
    if json_file is not None:
        _write(checked, json_file)
    new = sum(each.known is None for each in checked.disagreements)
    broken = sum(defect.is_error for defect in checked.defects)
    verdict = "broken" if new or broken else "held" if checked.samples else "nothing was judged"
    click.echo(
        f"{verdict}: {checked.samples} samples judged, {len(checked.unjudged)} not; {broken} defects; "
        f"{len(checked.disagreements)} disagreements, {len(checked.disagreements) - new} of them known",
        err=True,
    )
    if not checked.samples:
        return 2
    return 1 if new or broken else 0


def _write(checked: CheckedPages, path: Path) -> None:
    from partner_insights.files import write_report

    document = {
        "samples": checked.samples,
        "defects": [asdict(each) for each in checked.defects],
        "unjudged": [asdict(each) for each in checked.unjudged],
        "disagreements": [asdict(each) for each in checked.disagreements],
    }
    write_report(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
