"""`explain`: a code, an erratum or a property → what it means and where it comes from."""

from __future__ import annotations

import shutil
import sys
import textwrap

import click

from partner_insights.cli.completion import offer, subjects
from partner_insights.contract import Catalogue
from partner_insights.contract.explain import explain


@click.command("explain")
@click.argument("subject", metavar="CODE|RESOURCE.property", shell_complete=offer(subjects))
def command(subject: str) -> None:
    """Explain a violation code, or where a property's contract comes from.

    SUBJECT is a code (PI101), an erratum (E-001), a rule, a resource, or Resource.property.
    """
    for number, (heading, lines) in enumerate(explain(subject, Catalogue.load())):
        if number:
            click.echo()
        click.secho(heading, bold=True)
        width = max(len(label) for label, _ in lines)
        for label, text in lines:
            click.echo(f"  {click.style(label.ljust(width), fg='cyan')}  {_wrapped(text, width + 4)}")


def _wrapped(text: str, indent: int) -> str:
    """The text with a hanging indent on a terminal; on one line where another program reads it."""
    if not sys.stdout.isatty():
        return text
    columns = max(shutil.get_terminal_size().columns, indent + 20)
    return textwrap.fill(text, columns, initial_indent=" " * indent, subsequent_indent=" " * indent).lstrip()
