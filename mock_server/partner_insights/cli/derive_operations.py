"""`derive --operations`: how-to pages → the text of an operations file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from partner_insights.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def derive_operations(pages: list[Path], out: Path | None) -> None:
    """Write the operations that the pages describe to `out`, or to the terminal.

    InputError where no page describes one, or `out` cannot be written.
    """
    from partner_insights.contract import Catalogue
    from partner_insights.derive.derivation import pages_of
    from partner_insights.derive.howto.operations import described_operations, operations_toml
    from partner_insights.derive.howto.page import read_howto_page

    resources = Catalogue.load().resources
    envelopes = {
        name: each.schema for name, each in resources.items() if "items" in each.schema["properties"]
    }
    scenarios = [read_howto_page(path) for path in pages_of(pages)]
    operations, passed = described_operations(scenarios, envelopes)
    for each in passed:
        if each.line > 1 or len(scenarios) == 1:  # of a folder, most pages are about something else
            click.echo(f"passed over: {each}", err=True)
    for operation in operations:
        if operation.remark is not None:
            click.echo(f"warning: {operation.page}:{operation.line}: {operation.remark}", err=True)
    if not operations:
        raise InputError(
            "describes no operation that reads",
            where=", ".join(map(str, pages)),
            remedy="give how-to pages, those with a table of method and request URI",
        )
    text = operations_toml(operations)
    if out is None:
        click.echo(text, nl=False)
        return
    from partner_insights.files import write_report
    from partner_insights.verify.report.verdict import counted

    write_report(out, text)
    click.echo(f"written: {out} ({counted(len(operations), 'operation')})", err=True)
