"""`verify`: a server → violations of the contract."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import click

from partner_insights.cli.options import COUNT, EXISTING_FILE, OUTPUT_FILE, SEED, pseudonym_key_option
from partner_insights.cli.page_options import errata_option, page_options
from partner_insights.cli.sections import SectionedCommand, section
from partner_insights.verify.report.formats import REPORTS, WRITTEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from partner_insights.derive.custom_pages import CustomContract
    from partner_insights.verify.report.report import Report
    from partner_insights.verify.run.suite import Run


def report_options(function: Callable[..., int]) -> Callable[..., int]:
    """Give a verb an option for each report format; the files reach it as `reports`, by format."""

    @functools.wraps(function)
    def with_reports(*args: Any, **options: Any) -> int:
        files = {name: options.pop(_parameter(name)) for name in WRITTEN}
        reports = {name: path for name, path in files.items() if path is not None}
        return function(*args, reports=reports, **options)

    for name, form in reversed(list(WRITTEN.items())):
        with_reports = click.option(
            f"--{name}", _parameter(name), metavar="FILE", type=OUTPUT_FILE, help=form.help
        )(with_reports)
    return with_reports


def _parameter(name: str) -> str:
    return f"{name.replace('-', '_')}_file"


@click.command("verify", cls=SectionedCommand)
@section(
    "The server",
    click.option(
        "--url",
        metavar="URL",
        help="Base URL of the server to judge; without it, a fake is started and judged.",
    ),
    click.option(
        "--token-env",
        metavar="NAME",
        default="PARTNER_INSIGHTS_TOKEN",
        show_default=True,
        help="Environment variable that holds the App+User access token for URL.",
    ),
    click.option(
        "--ca-file",
        metavar="FILE",
        type=EXISTING_FILE,
        help="Certificates (PEM) to trust at URL in place of the system's.",
    ),
    click.option(
        "--max-requests",
        metavar="N",
        type=COUNT,
        help="Send at most N requests.  [default: 1500 to another machine]",
    ),
    click.option(
        "--rate",
        metavar="PER_SECOND",
        type=click.FloatRange(min=0, min_open=True),
        help="Send at most so many requests a second.  [default: 5 to another machine]",
    ),
)
@section(
    "The contract",
    click.option(
        "--profile",
        type=click.Choice(["corrected", "literal", "strict"]),
        help="Contract to judge by.  [default: corrected; for the fake: strict]",
    ),
    errata_option,
    click.option(
        "--seed", type=SEED, default=0, show_default=True, help="Seed of the requests, and of the fake."
    ),
    page_options,
)
@section(
    "Known deviations",
    click.option(
        "--baseline",
        "baseline_file",
        metavar="FILE",
        type=OUTPUT_FILE,
        help="Known deviations (TOML or JSON): told apart, failing nothing until they expire.",
    ),
    click.option(
        "--update-baseline",
        is_flag=True,
        help="Write what was found into --baseline; entries that stay keep reason, ticket and expiry.",
    ),
)
@section(
    "Reports",
    report_options,
    click.option(
        "--show-customers",
        is_flag=True,
        help="Name customers of URL in reports.  [default: pseudonyms]",
    ),
    pseudonym_key_option,
)
def command(
    custom: CustomContract | None,
    reports: Mapping[str, Path],
    url: str | None,
    token_env: str,
    profile: str | None,
    errata_file: Path | None,
    seed: int,
    max_requests: int | None,
    rate: float | None,
    baseline_file: Path | None,
    update_baseline: bool,
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
    from partner_insights.files import ensure_writable, write_report
    from partner_insights.verify.options import SuiteOptions
    from partner_insights.verify.report.baseline import read_baseline
    from partner_insights.verify.report.report import report_of
    from partner_insights.verify.run.suite import run_suite

    if errata_file is not None and custom is not None:
        raise click.UsageError("--errata is about the shipped pages, --page about others")
    if update_baseline and baseline_file is None:
        raise click.UsageError("--update-baseline needs --baseline FILE")
    read = [] if custom is None else [*custom.pages, custom.operations]
    written = [*reports.values(), baseline_file if update_baseline else None]
    ensure_writable(written, read=[*read, errata_file, None if update_baseline else baseline_file])
    baseline = read_baseline(baseline_file, may_be_absent=update_baseline) if baseline_file else None
    options = SuiteOptions(
        url=url,
        **_suite_options(custom),
        token_env=token_env,
        profile=profile,
        errata=str(errata_file.absolute()) if errata_file is not None else None,
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
    report = report_of(run, judgement)
    for name, path in reports.items():
        write_report(path, REPORTS[name].render(report))
    _show(run, report)
    return 130 if run.interrupted else judgement.verdict.exit_code


def _suite_options(custom: CustomContract | None) -> dict[str, Any]:
    """The pages to go by as the suite's options name them."""
    if custom is None:
        return {}
    return {
        "page": tuple(str(page) for page in custom.pages),
        "operations": str(custom.operations),
        "lenient": custom.lenient,
        "wire_case": custom.wire_case,
        "dialect": custom.dialect,
    }


def _show(run: Run, report: Report) -> None:
    from partner_insights.verify.report.terminal import console, show, show_comparison, show_verdict

    screen, judgement = console(), report.judgement
    show(screen, judgement, report.counts, report.seen)
    if judgement.comparison is not None:
        show_comparison(screen, judgement.comparison)
    for form in REPORTS.values():
        if form.printed_in is not None and os.environ.get(form.printed_in) == "true":
            click.echo(form.render(report), nl=False)
    for test in run.crashes:
        click.echo(f"the suite itself failed in {test.name}: {test.message}", err=True)
    show_verdict(screen, judgement, run.summary)
