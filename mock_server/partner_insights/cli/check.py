"""`check`: recorded response bodies → violations of the contract."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from partner_insights.cli.check_pages import also_pages
from partner_insights.cli.completion import offer
from partner_insights.cli.options import OUTPUT_FILE, profile_option, pseudonym_key_option
from partner_insights.cli.page_options import errata_option, read_with_errata
from partner_insights.errors import InputError, names_there_are

if TYPE_CHECKING:
    from partner_insights.contract import Profile
    from partner_insights.verify.recordings.check import RecordingChecker
    from partner_insights.verify.recordings.file_result import FileResult
    from partner_insights.verify.report.verdict import Judgement


@click.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--operation",
    metavar="ID",
    shell_complete=offer(lambda catalogue: catalogue.operations),
    help="Operation that the bodies answer; without it, the objectType of their items tells.",
)
@profile_option
@errata_option
@click.option("--json", "json_file", metavar="FILE", type=OUTPUT_FILE, help="Write the report as JSON.")
@click.option(
    "--show-customers", is_flag=True, help="Name customers in what is reported.  [default: pseudonyms]"
)
@pseudonym_key_option
@also_pages
def command(
    files: tuple[Path, ...],
    operation: str | None,
    profile: str,
    errata_file: Path | None,
    json_file: Path | None,
    show_customers: bool,
    pseudonym_key_env: str | None,
) -> int:
    """Judge recorded answers by the contract.

    A FILE holds one body as it came over the wire, with or without a byte order mark, or one row, or an
    array of either; or a body or a row on each line (.ndjson, .jsonl), of any length; or a browser's archive
    (.har), or a cassette of vcrpy or VCR in JSON, whose other traffic is passed over. A folder stands for all
    such files in it. What is no recording is named, the rest is judged all the same. Exits 0 where the
    contract held, 1 where it was broken, 2 where something could not be judged.
    """
    from partner_insights.contract import Catalogue, Profile
    from partner_insights.files import ensure_writable
    from partner_insights.verify.recordings.check import RecordingChecker
    from partner_insights.verify.report.pseudonyms import Pseudonyms
    from partner_insights.verify.run.target import pseudonym_key

    ensure_writable([json_file], read=[*files, errata_file])
    catalogue = Catalogue.load(profile) if errata_file is None else read_with_errata(errata_file, profile)
    if operation is not None and operation not in catalogue.operations:
        raise InputError(
            f"there is no operation {operation!r}",
            where="--operation",
            remedy=names_there_are(operation, catalogue.operations),
        )
    pseudonyms = None
    if not show_customers:
        pseudonyms = Pseudonyms(pseudonym_key(pseudonym_key_env), catalogue.property_names)
    checked, refused = _check_all(files, RecordingChecker(catalogue, Profile(profile), operation, pseudonyms))
    return _report(checked, refused, Profile(profile), json_file)


def _check_all(files: tuple[Path, ...], checker: RecordingChecker) -> tuple[list[FileResult], int]:
    from partner_insights.verify.recordings.files import recordings

    checked: list[FileResult] = []
    refused = 0
    for named in files:
        try:
            for path in recordings([named]):
                try:
                    one = checker.check(path)
                except InputError as error:
                    refused += 1
                    click.echo(f"partner-insights: {error}", err=True)
                    continue
                checked.append(one)
                refused += one.refused + max(0, one.passed_over - 1)  # they are one of its refusals
                for each in one.refusals:
                    click.echo(f"partner-insights: {each}", err=True)
                if one.refused > len(one.refusals):
                    more = one.refused - len(one.refusals)
                    click.echo(f"partner-insights: {path}: {more} more cannot be judged", err=True)
        except InputError as error:
            refused += 1
            click.echo(f"partner-insights: {error}", err=True)
    return checked, refused


def _report(checked: list[FileResult], refused: int, profile: Profile, json_file: Path | None) -> int:
    from partner_insights.files import write_report
    from partner_insights.verify.report.github import IN_GITHUB, workflow_commands
    from partner_insights.verify.report.terminal import console, show, show_verdict
    from partner_insights.verify.report.verdict import counted, json_report, tally

    screen = console()
    for each in checked:
        unanswered = f"; no answer: {counted(each.unanswered, 'request')}" if each.unanswered else ""
        screen.print(f"{each.name}: {each.subject}, {tally(each.severities)}{unanswered}", soft_wrap=True)
        show(screen, _judgement([each], profile, tested=True), each.counts)
    judgement = _judgement(checked, profile, tested=bool(checked) and not refused)
    if json_file is not None:
        write_report(json_file, json_report(judgement))
    judged = sum(each.judged for each in checked)
    words = f"{counted(judged, 'recording')} judged by the {profile.value} contract, {refused} not judged"
    show_verdict(screen, judgement, words)
    for each in checked if os.environ.get(IN_GITHUB) == "true" else ():
        for line in workflow_commands(_judgement([each], profile, tested=True), Path(each.name).as_posix()):
            click.echo(line)
    return 2 if refused else judgement.verdict.exit_code


def _judgement(checked: list[FileResult], profile: Profile, *, tested: bool) -> Judgement:
    from partner_insights.verify.report.verdict import Judgement

    return Judgement(
        profile=profile,
        target=", ".join(each.name for each in checked),
        requests=0,
        operations=tuple(sorted({operation for each in checked for operation in each.operations})),
        violations=tuple(violation for each in checked for violation in each.violations),
        observations=tuple(observation for each in checked for observation in each.observations),
        tested=tested,
    )
