"""`openapi`: the catalogue and a small world → an OpenAPI 3.1 description with examples."""

from __future__ import annotations

from pathlib import Path

import click

from partner_insights.contract import Catalogue
from partner_insights.derive.derivation import to_bytes
from partner_insights.files import ensure_writable, write_report


@click.command("openapi")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here instead of to the terminal.",
)
def command(out: Path | None) -> None:
    """Write the OpenAPI 3.1 description of the API."""
    ensure_writable([out])
    # Loaded here, so that `--help` does not wait for NumPy.
    from partner_insights.fixtures.testing.settings import WorldSettings
    from partner_insights.world.openapi_examples import openapi_with_examples

    content = to_bytes(openapi_with_examples(Catalogue.load(), WorldSettings().world()))
    if out is None:
        click.echo(content.decode(), nl=False)
    else:
        write_report(out, content.decode())
