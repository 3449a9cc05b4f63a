"""`verify`: a server → violations of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from partner_insights.cli.options import COUNT, OUTPUT_FILE, SEED

if TYPE_CHECKING:
    from pathlib import Path

    from partner_insights.verify.suite import Run
    from partner_insights.verify.verdict import Judgement


@click.command("verify")
@click.option(
    "--url", metavar="URL", help="Base URL of the server to judge; without it, a fake is started and judged."
)
@click.option(
    "--token-env",
    metavar="NAME",
    default="PARTNER_INSIGHTS_TOKEN",
    show_default=True,
    help="Environment variable that holds the App+User access token for URL.",
)
@click.option(
    "--profile",
    type=click.Choice(["corrected", "literal", "strict"]),
    help="Contract to judge by.  [default: corrected; for the fake: strict]",
)
@click.option(
    "--seed", type=SEED, default=0, show_default=True, help="Seed of the requests, and of the fake."
)
@click.option(
    "--max-requests",
    metavar="N",
    type=COUNT,
    help="Send at most N requests.  [default: 500 to another machine]",
)
@click.option(
    "--rate",
    metavar="PER_SECOND",
    type=click.FloatRange(min=0, min_open=True),
    help="Send at most so many requests a second.  [default: 5 to another machine]",
)
@click.option("--json", "json_file", metavar="FILE", type=OUTPUT_FILE, help="Write the report as JSON.")
@click.option(
    "--junit", "junit_file", metavar="FILE", type=OUTPUT_FILE, help="Write the report as JUnit XML."
)
def command(
    url: str | None,
    token_env: str,
    profile: str | None,
    seed: int,
    max_requests: int | None,
    rate: float | None,
    json_file: Path | None,
    junit_file: Path | None,
) -> int:
    """Judge a server by the contract: the fake, or the one at --url.

    A server that is not our own fake is only ever read: GET and HEAD, no redirect followed, the token from an
    environment variable and in no report. Exits 0 where the contract held, 1 where it was broken, 2 where
    nothing was tested, 3 where the server could not be reached.
    """
    from partner_insights.verify.junit import junit_xml
    from partner_insights.verify.options import SuiteOptions
    from partner_insights.verify.suite import run_suite
    from partner_insights.verify.verdict import ensure_writable, write_json, write_report

    ensure_writable([json_file, junit_file])
    run = run_suite(
        SuiteOptions(
            url=url, token_env=token_env, profile=profile, seed=seed, max_requests=max_requests, rate=rate
        )
    )
    judgement = run.judgement
    if json_file is not None:
        write_json(json_file, judgement)
    if junit_file is not None:
        write_report(junit_file, junit_xml(judgement, run.laws))
    _show(run, judgement)
    return 130 if run.interrupted else judgement.verdict.exit_code


def _show(run: Run, judgement: Judgement) -> None:
    from partner_insights.verify.display import console, show, show_verdict

    screen = console()
    show(screen, judgement, run.record.times)
    for law in run.crashes:
        click.echo(f"the suite itself failed in {law.name}: {law.message}", err=True)
    show_verdict(screen, judgement.verdict, run.summary)
