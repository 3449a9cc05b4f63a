"""`verify`: a server → violations of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from partner_insights.cli.options import COUNT, EXISTING_FILE, OUTPUT_FILE, SEED
from partner_insights.cli.page_options import page_options
from partner_insights.cli.sections import SectionedCommand

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from partner_insights.derive.custom_pages import CustomContract
    from partner_insights.verify.report.verdict import Judgement
    from partner_insights.verify.run.suite import Run


_SECTIONS: Final = {
    "The server": (
        "--url",
        "--token-env",
        "--ca-file",
        "--max-requests",
        "--rate",
    ),
    "The contract": (
        "--profile",
        "--seed",
        "--page",
        "--operations",
        "--lenient",
        "--wire-case",
    ),
    "Known deviations": (
        "--baseline",
        "--update-baseline",
        "--propose-errata",
    ),
    "Reports": (
        "--json",
        "--junit",
        "--html",
        "--markdown",
        "--show-customers",
        "--pseudonym-key-env",
    ),
}


@click.command("verify", cls=SectionedCommand, sections=_SECTIONS)
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
@click.option(
    "--html", "html_file", metavar="FILE", type=OUTPUT_FILE, help="Write the report as one HTML page."
)
@click.option(
    "--markdown",
    "markdown_file",
    metavar="FILE",
    type=OUTPUT_FILE,
    help="Write the report as Markdown, fit for a pull-request comment.",
)
@click.option(
    "--baseline",
    "baseline_file",
    metavar="FILE",
    type=OUTPUT_FILE,
    help="Known deviations (TOML or JSON): told apart, failing nothing until they expire.",
)
@click.option(
    "--update-baseline",
    is_flag=True,
    help="Write what was found into --baseline; entries that stay keep reason, ticket and expiry.",
)
@click.option(
    "--propose-errata",
    "errata_file",
    metavar="FILE",
    type=OUTPUT_FILE,
    help="Write errata that would make the contract fit what was seen, for a person to accept.",
)
@click.option(
    "--ca-file",
    metavar="FILE",
    type=EXISTING_FILE,
    help="Certificates (PEM) to trust at URL in place of the system's.",
)
@click.option(
    "--show-customers",
    is_flag=True,
    help="Name customers of URL in reports.  [default: pseudonyms]",
)
@click.option(
    "--pseudonym-key-env",
    metavar="NAME",
    help="Environment variable with a key: the same pseudonyms in each run.  [default: a new key each run]",
)
@page_options
def command(
    custom: CustomContract | None,
    url: str | None,
    token_env: str,
    profile: str | None,
    seed: int,
    max_requests: int | None,
    rate: float | None,
    json_file: Path | None,
    junit_file: Path | None,
    html_file: Path | None,
    markdown_file: Path | None,
    baseline_file: Path | None,
    update_baseline: bool,
    errata_file: Path | None,
    ca_file: Path | None,
    show_customers: bool,
    pseudonym_key_env: str | None,
) -> int:
    """Judge a server by the contract: the fake, or the one at --url.

    A server that is not our own fake is only ever read: GET and HEAD, no redirect followed, the token from an
    environment variable and in no report, its customers under pseudonyms. Ctrl-C still writes the reports for
    what was done. Exits 0 where the contract held, 1 where it was broken, 2 where nothing was tested, 3 where
    the server could not be reached.
    """
    from partner_insights.files import ensure_writable
    from partner_insights.verify.options import SuiteOptions
    from partner_insights.verify.report.baseline import read_baseline
    from partner_insights.verify.run.suite import run_suite

    if update_baseline and baseline_file is None:
        raise click.UsageError("--update-baseline needs --baseline FILE")
    files = {
        "json": json_file,
        "junit": junit_file,
        "html": html_file,
        "markdown": markdown_file,
        "errata": errata_file,
    }
    ensure_writable([*files.values(), baseline_file if update_baseline else None])
    baseline = read_baseline(baseline_file, may_be_absent=update_baseline) if baseline_file else None
    options = SuiteOptions(
        url=url,
        **_suite_options(custom),
        token_env=token_env,
        profile=profile,
        seed=seed,
        max_requests=max_requests,
        rate=rate,
        ca_file=str(ca_file) if ca_file is not None else None,
        show_customers=show_customers,
        pseudonym_key_env=pseudonym_key_env,
    )
    run = run_suite(options)
    if baseline is not None and update_baseline:
        baseline = baseline.updated(run.results.violations, keep_unseen=not run.whole)
        baseline.write()
    judgement = run.judged(baseline.compare(run.results.violations) if baseline is not None else None)
    _write({name: path for name, path in files.items() if path is not None}, run, judgement)
    _show(run, judgement)
    return 130 if run.interrupted else judgement.verdict.exit_code


def _write(files: Mapping[str, Path], run: Run, judgement: Judgement) -> None:
    """Each report of the options."""
    from partner_insights.files import write_report
    from partner_insights.verify.report.errata import proposal
    from partner_insights.verify.report.html import page
    from partner_insights.verify.report.junit import junit_xml
    from partner_insights.verify.report.markdown import markdown
    from partner_insights.verify.report.report import report_of
    from partner_insights.verify.report.verdict import write_json

    report = report_of(run, judgement)
    if "json" in files:
        write_json(files["json"], judgement)
    texts: Mapping[str, Callable[[], str]] = {
        "junit": lambda: junit_xml(judgement, run.tests),
        "html": lambda: page(report),
        "markdown": lambda: markdown(report),
        "errata": lambda: proposal(report),
    }
    for name, text in texts.items():
        if name in files:
            write_report(files[name], text())


def _suite_options(custom: CustomContract | None) -> dict[str, Any]:
    """The pages to go by as the suite's options name them."""
    if custom is None:
        return {}
    return {
        "page": tuple(str(page) for page in custom.pages),
        "operations": str(custom.operations),
        "lenient": custom.lenient,
        "wire_case": custom.wire_case,
    }


def _show(run: Run, judgement: Judgement) -> None:
    from partner_insights.verify.report.github import wanted, workflow_commands
    from partner_insights.verify.report.terminal import console, show, show_comparison, show_verdict

    screen = console()
    show(screen, judgement, run.results.counts)
    if judgement.comparison is not None:
        show_comparison(screen, judgement.comparison)
    if wanted():
        for line in workflow_commands(judgement):
            click.echo(line)
    for law in run.crashes:
        click.echo(f"the suite itself failed in {law.name}: {law.message}", err=True)
    show_verdict(screen, judgement.verdict, run.summary)
