"""`check`: recorded response bodies → violations of the contract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from partner_insights.cli.options import OUTPUT_FILE
from partner_insights.cli.pages import or_pages
from partner_insights.errors import InputError

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue, Profile
    from partner_insights.verify.recording import Checked
    from partner_insights.verify.verdict import Judgement


@click.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--operation",
    metavar="ID",
    help="Operation that the bodies answer; without it, the objectType of their items tells.",
)
@click.option(
    "--profile",
    type=click.Choice(["corrected", "literal", "strict"]),
    default="corrected",
    show_default=True,
    help="Contract to judge by.",
)
@click.option("--json", "json_file", metavar="FILE", type=OUTPUT_FILE, help="Write the report as JSON.")
@or_pages
def command(files: tuple[Path, ...], operation: str | None, profile: str, json_file: Path | None) -> int:
    """Judge recorded response bodies by the contract.

    Each FILE holds one body as it came over the wire, with or without a byte order mark. A file that is no
    recording is named, the others are judged all the same. Exits 0 where the contract held, 1 where it was
    broken, 2 where a file could not be judged.
    """
    from partner_insights.contract import Catalogue, Profile
    from partner_insights.verify.verdict import ensure_writable

    ensure_writable([json_file])
    catalogue = Catalogue.load(profile)
    if operation is not None and operation not in catalogue.operations:
        raise InputError(
            f"there is no operation {operation!r}",
            where="--operation",
            remedy=f"there are {', '.join(catalogue.operations)}",
        )
    checked, refused = _check_all(files, catalogue, Profile(profile), operation)
    return _report(checked, refused, Profile(profile), json_file)


def _check_all(
    files: tuple[Path, ...], catalogue: Catalogue, profile: Profile, operation: str | None
) -> tuple[list[Checked], int]:
    from partner_insights.verify.recording import check_recording

    checked: list[Checked] = []
    refused = 0
    for path in files:
        try:
            checked.append(check_recording(path, catalogue, profile, operation))
        except InputError as error:
            refused += 1
            click.echo(f"partner-insights: {error}", err=True)
    return checked, refused


def _report(checked: list[Checked], refused: int, profile: Profile, json_file: Path | None) -> int:
    from partner_insights.verify.display import console, show, show_verdict
    from partner_insights.verify.verdict import write_json

    screen = console()
    for each in checked:
        one = _judgement([each], profile, tested=True)
        screen.print(f"{each.name}: {each.subject}, {one.tally}", soft_wrap=True)
        show(screen, one)
    judgement = _judgement(checked, profile, tested=bool(checked) and not refused)
    if json_file is not None:
        write_json(json_file, judgement)
    words = f"{len(checked)} recordings judged by the {profile.value} contract, {refused} not judged"
    show_verdict(screen, judgement.verdict, words)
    return 2 if refused else judgement.verdict.exit_code


def _judgement(checked: list[Checked], profile: Profile, *, tested: bool) -> Judgement:
    from partner_insights.verify.verdict import Judgement

    return Judgement(
        profile=profile,
        target=", ".join(each.name for each in checked),
        requests=0,
        operations=tuple(sorted({each.operation for each in checked if each.operation is not None})),
        violations=tuple(violation for each in checked for violation in each.violations),
        observations=tuple(observation for each in checked for observation in each.observations),
        tested=tested,
    )
