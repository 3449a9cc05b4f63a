"""`derive`: documentation pages → JSON Schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from partner_insights._data import schemas_dir
from partner_insights.cli.derive_operations import derive_operations
from partner_insights.cli.page_options import dialect_option
from partner_insights.contract.model import PROVENANCE
from partner_insights.contract.schema_files import SCHEMA_SUFFIX
from partner_insights.derive.bundled_pages import TABLES, derive_pages, shipped_files
from partner_insights.derive.derivation import Derivation, DerivationFailed
from partner_insights.derive.page_report import FORMATS, report_text
from partner_insights.derive.row_accounts import Outcome, counts_of
from partner_insights.errors import InputError
from partner_insights.files import write_report
from partner_insights.publication import differences, publish

if TYPE_CHECKING:
    from partner_insights.tables import Diagnostic


@click.command("derive")
@click.argument("pages", metavar="[PAGE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--out",
    "out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write the schemas here; with --operations, a file.",
)
@click.option(
    "--operations",
    is_flag=True,
    help="Read how-to pages: write the operations they describe, in the form of schemas/operations.toml.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a derived file differs.")
@click.option(
    "--lenient", is_flag=True, help="Leave what is not certain without constraint instead of failing."
)
@click.option(
    "--wire-case/--no-wire-case",
    "wire_case",
    default=None,
    help="Spell ObjectType as the wire does, objectType.  [default: for our own pages only]",
)
@dialect_option
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what became of every row, as .json or .html.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of the report.",
)
def command(
    pages: tuple[Path, ...],
    out: Path | None,
    operations: bool,
    check: bool,
    lenient: bool,
    wire_case: bool | None,
    dialect: str | None,
    report: Path | None,
    form: str,
) -> None:
    """Derive JSON Schemas from documentation pages, or from our own.

    A PAGE is a Markdown file or a folder of them. Without PAGE, the shipped pages are derived into the
    shipped schemas (or DIR). With PAGE and neither --out nor --check, the report is all there is.
    """
    if operations:
        if not pages or check:
            raise click.UsageError("--operations wants a PAGE, and no --check.")
        derive_operations(list(pages), out)
        return
    if out is not None and out.is_file():
        raise click.BadParameter(f"Directory '{out}' is a file.", param_hint="'--out'")
    if report is not None and report.suffix not in FORMATS:
        raise click.BadParameter(
            f"'{report}' ends with none of {', '.join(FORMATS)}.", param_hint="'--report'"
        )
    folder = schemas_dir()
    try:
        derivation = derive_pages(
            list(pages) or [folder / TABLES], folder, lenient=lenient, wire_case=wire_case, dialect=dialect
        )
    except DerivationFailed as failed:
        if report is not None:
            resources = len({(row.page, row.resource) for row in failed.rows if row.resource})
            write_report(report, report_text(report, counts_of(failed.rows, resources), failed.rows))
        if form == "json":
            click.echo(
                json.dumps(
                    {"resources": {}, "diagnostics": [_diagnostic(found) for found in failed.diagnostics]},
                    indent=2,
                )
            )
        raise
    if not derivation.schemas:
        _report(derivation, form, [], check=check)
        raise InputError("no resource was read from these pages", where=", ".join(map(str, pages)))
    if report is not None:
        write_report(report, report_text(report, derivation.counts, derivation.rows))
    own = not pages
    files = shipped_files(derivation, folder) if own else derivation.files()
    target = out or (folder if own or check else None)
    changed: list[str] = []
    schemas = f"*{SCHEMA_SUFFIX}"
    if check and target is not None:
        changed = differences(target, files, all_of=schemas if own else None)
    elif target is not None:
        changed = publish(target, files, all_of=schemas if own and out is None else None)
    _report(derivation, form, changed, check=check)
    if check and changed:
        raise SystemExit(1)


def _report(derivation: Derivation, form: str, changed: list[str], *, check: bool) -> None:
    if form == "json":
        document = {
            "resources": {name: _properties(schema) for name, schema in derivation.schemas.items()},
            "counts": derivation.counts,
            "diagnostics": [_diagnostic(found) for found in derivation.diagnostics],
            ("differences" if check else "written"): changed,
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for found in derivation.diagnostics:
        click.echo(f"{found.level}: {found}", err=True)
    for name, schema in derivation.schemas.items():
        provenance = schema[PROVENANCE]
        properties = _counted(len(schema["properties"]), "property", "properties")
        click.echo(f"{name}  {properties}  ({provenance['page']}:{provenance['line']})")
    counts = derivation.counts
    parts = ", ".join(f"{counts[each.value]} {each.value}" for each in Outcome)
    resources, rows = _counted(counts["resources"], "resource"), _counted(counts["rows"], "row")
    click.echo(f"{resources}, {rows}: {parts}")
    for name in changed:
        click.echo(f"{'differs' if check else 'written'}: {name}")


def _counted(number: int, noun: str, several: str | None = None) -> str:
    return f"{number} {noun if number == 1 else several or f'{noun}s'}"


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    """Each property with its constraints, without the annotations."""
    return {
        name: {keyword: value for keyword, value in row.items() if keyword != PROVENANCE}
        for name, row in schema["properties"].items()
    }


def _diagnostic(found: Diagnostic) -> dict[str, Any]:
    fields = ("level", "code", "page", "line", "message", "found", "accepted")
    return {field: getattr(found, field) for field in fields}
