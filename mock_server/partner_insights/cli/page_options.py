"""`--page`, `--operations` and `--dialect` → a contract of any pages, alike for all verbs."""

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


dialect_option = click.option(
    "--dialect",
    metavar="NAME|FILE",
    help="How the pages write their tables: partner-center, microsoft-graph, business-central, discord, "
    "or a file of your own.  [default: what each page shows signs of]",
)


def page_options(function: Callable[..., _Result]) -> Callable[..., _Result]:
    """Give a verb these options; they reach it as `custom`, None where no page is named."""

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
    @dialect_option
    @functools.wraps(function)
    def with_custom(
        *args: Any,
        pages: tuple[Path, ...],
        operations: Path | None,
        lenient: bool,
        wire_case: bool,
        dialect: str | None,
        **options: Any,
    ) -> _Result:
        custom = _contract(pages, operations, lenient, wire_case, dialect)
        return function(*args, custom=custom, **options)

    return with_custom


def _contract(
    pages: tuple[Path, ...], operations: Path | None, lenient: bool, wire_case: bool, dialect: str | None
) -> CustomContract | None:
    if bool(pages) != (operations is not None):
        raise click.UsageError("--page and --operations are given together.")
    if operations is None:
        if lenient or wire_case or dialect is not None:
            raise click.UsageError("--lenient, --wire-case and --dialect are about the pages of --page.")
        return None
    from partner_insights.derive.custom_pages import CustomContract

    absolute = tuple(page.absolute() for page in pages)
    if dialect is not None and Path(dialect).exists():
        dialect = str(Path(dialect).absolute())
    return CustomContract(absolute, operations.absolute(), lenient, wire_case, dialect)


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
    from partner_insights.derive.bundled_pages import catalogue_with

    return catalogue_with(path, profile)
