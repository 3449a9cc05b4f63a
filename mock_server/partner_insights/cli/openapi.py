"""`openapi`: the catalogue and a small world → an OpenAPI description with examples."""

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
@click.option(
    "--spec",
    type=click.Choice(["3.1", "3.0"]),
    default="3.1",
    show_default=True,
    help="Which OpenAPI; some tools read 3.0 alone.",
)
def command(out: Path | None, spec: str) -> None:
    """Write the OpenAPI description of the API."""
    ensure_writable([out])
    # Loaded here, so that `--help` does not wait for NumPy.
    from partner_insights.contract.openapi_30 import openapi_30
    from partner_insights.fixtures.testing.settings import WorldSettings
    from partner_insights.world.openapi_examples import openapi_with_examples

    document = openapi_with_examples(Catalogue.load(), WorldSettings().world())
    content = to_bytes(document if spec == "3.1" else openapi_30(document))
    if out is None:
        click.echo(content.decode(), nl=False)
    else:
        write_report(out, content.decode())
