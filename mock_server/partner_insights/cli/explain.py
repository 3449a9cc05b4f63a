"""`explain`: a code, an erratum or a property → what it means and where it comes from."""

from __future__ import annotations

import click

from partner_insights.contract import Catalogue
from partner_insights.contract.explain import explain


@click.command("explain")
@click.argument("subject", metavar="CODE|RESOURCE.property")
def command(subject: str) -> None:
    """Explain a violation code, an erratum, a rule, a resource or one of its properties."""
    sections = explain(subject, Catalogue.load())

    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    for number, (heading, lines) in enumerate(sections):
        if number:
            console.print()
        console.print(Text(heading, style="bold"))
        table = Table.grid(padding=(0, 2))
        table.add_column(style="cyan", no_wrap=True)
        table.add_column()
        for label, text in lines:
            table.add_row(label, Text(text))
        console.print(Padding(table, (0, 0, 0, 2)))
