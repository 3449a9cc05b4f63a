"""`--page` and `--operations` → a contract of any pages, alike for `serve` and `verify`."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from partner_insights.cli.options import EXISTING_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_insights.contract import Catalogue
    from partner_insights.derive.custom_pages import CustomContract

_Result = TypeVar("_Result")


def page_options(function: Callable[..., _Result]) -> Callable[..., _Result]:
    """Give a verb the three options; they reach it as `custom`, None where no page is named."""

    @click.option(
        "--page",
        "pages",
        metavar="PAGE",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Go by this page, or folder of pages, instead of the shipped ones; repeat for more.",
    )
    @click.option(
        "--operations",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The operations that answer with the pages' resources, in the form of schemas/operations.toml.",
    )
    @click.option(
        "--lenient", is_flag=True, help="Leave what a page does not say for certain without constraint."
    )
    @click.option(
        "--wire-case", is_flag=True, help="Spell ObjectType in a table as the wire does, objectType."
    )
    @functools.wraps(function)
    def with_custom(
        *args: Any,
        pages: tuple[Path, ...],
        operations: Path | None,
        lenient: bool,
        wire_case: bool,
        **options: Any,
    ) -> _Result:
        return function(*args, custom=_contract(pages, operations, lenient, wire_case), **options)

    return with_custom


def _contract(
    pages: tuple[Path, ...], operations: Path | None, lenient: bool, wire_case: bool
) -> CustomContract | None:
    if bool(pages) != (operations is not None):
        raise click.UsageError("--page and --operations are given together.")
    if operations is None:
        if lenient or wire_case:
            raise click.UsageError("--lenient and --wire-case are about the pages of --page.")
        return None
    from partner_insights.derive.custom_pages import CustomContract

    absolute = tuple(page.absolute() for page in pages)
    return CustomContract(absolute, operations.absolute(), lenient, wire_case)


def read_custom(custom: CustomContract) -> Catalogue:
    """The catalogue of the pages; what about them is not certain goes to stderr."""
    found = custom.read()
    for diagnostic in found.diagnostics:
        click.echo(f"{diagnostic.level}: {diagnostic}", err=True)
    return found.catalogue


errata_option = click.option(
    "--errata",
    "errata_file",
    metavar="FILE",
    type=EXISTING_FILE,
    help="Errata of your own, in the form of schemas/errata.toml, applied after the shipped ones.",
)


def read_with_errata(path: Path, profile: str) -> Catalogue:
    """The shipped contract with a file of one's own errata."""
    from partner_insights.derive.own_errata import catalogue_with

    return catalogue_with(path, profile)
