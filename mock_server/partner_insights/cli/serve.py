"""`serve`: options → a running fake, announced to the person and to the script that started it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from partner_insights.cli.completion import offer
from partner_insights.cli.options import CUSTOMERS, DAY, EXISTING_FILE, PORT, SEED, choice, day
from partner_insights.cli.page_options import page_options, read_custom
from partner_insights.cli.sections import SectionedCommand, section
from partner_insights.contract.query.next_link import NextLink
from partner_insights.errors import InputError
from partner_insights.file_reader import opened
from partner_insights.server.auth.identity import MAX_PARTNERS, Identity, read_identity, with_partners
from partner_insights.server.scenarios import SCENARIOS, combine
from partner_insights.server.settings import (
    AuthMode,
    ErrorDialect,
    LogFormat,
    QueryReading,
    Settings,
    SignIn,
    ValueCase,
)

if TYPE_CHECKING:
    from datetime import date

    from partner_insights.contract import Catalogue
    from partner_insights.derive.custom_pages import CustomContract
    from partner_insights.recording_folder import Recording


_MAX_ADMIN_TOKEN: Final = 1000
"""Characters: more than any secret, and few enough for a header."""


@click.command("serve", cls=SectionedCommand)
@section(
    "The world",
    click.option(
        "--seed", type=SEED, default=0, show_default=True, help="Which world: same seed, same bytes."
    ),
    click.option(
        "--customers",
        type=CUSTOMERS,
        default=50,
        show_default=True,
        help="How many customers the partner has.",
    ),
    click.option(
        "--as-of", type=day, metavar=DAY, default="today", show_default=True, help="The world's date."
    ),
    click.option(
        "--percent-scale",
        type=click.Choice(["100", "1"]),
        default="100",
        show_default=True,
        help="Percents from 0 to 100, or fractions from 0 to 1.",
    ),
    click.option(
        "--catalogue",
        "products",
        metavar="FILE",
        type=EXISTING_FILE,
        help="What is sold: a file like products.json, in place of that.",
    ),
    click.option(
        "--history",
        type=click.IntRange(1, 3660),
        metavar="DAYS",
        default=30,
        show_default=True,
        help="How many days the history tells of.",
    ),
    click.option(
        "--from",
        "recording",
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Replay what `record` stored there, in place of a world; takes any token unless --auth says.",
    ),
)
@section(
    "Data of your own",
    click.option(
        "--data",
        metavar="FILE|DIR",
        multiple=True,
        type=click.Path(exists=True, path_type=Path),
        help="Customers and licences of your own: JSON, NDJSON, CSV or Parquet; repeat for more.",
    ),
    click.option("--only-data", is_flag=True, help="The rows of --data are all there is."),
    click.option(
        "--allow-invalid", is_flag=True, help="Take rows that break the contract, too, and mark them."
    ),
)
@section(
    "The answers",
    click.option(
        "--scenario",
        "scenarios",
        metavar="NAME",
        multiple=True,
        shell_complete=offer(lambda _: SCENARIOS),
        help=f"A kind of day; repeat to combine: {', '.join(SCENARIOS)}.",
    ),
    click.option("--bom", is_flag=True, help="Start every body with a UTF-8 byte order mark."),
    choice(
        "--next-link",
        NextLink.RELATIVE,
        "The form of the newer analytics' link to the next page, which no page of theirs shows.",
    ),
    choice(
        "--error-dialect",
        ErrorDialect.ANALYTICS,
        "How the newer analytics refuse a query: as the analytics service, or as the other operations.",
    ),
    choice(
        "--value-case",
        ValueCase.IGNORE,
        "Whether a filter of the newer analytics compares values with regard to case.",
    ),
)
@section(
    "Signing in",
    choice(
        "--auth", AuthMode.JWT, "Which bearer tokens are good: the token endpoint's own, any, or none at all."
    ),
    click.option(
        "--identity",
        metavar="FILE",
        type=EXISTING_FILE,
        help="Who may sign in: tenants, users and applications, as TOML or JSON; without it everybody may.",
    ),
    choice("--sign-in", SignIn.AUTO, "Sign browsers in at once, or show a page to choose user and consent."),
    click.option(
        "--partners",
        type=click.IntRange(1, MAX_PARTNERS),
        default=1,
        show_default=True,
        help="How many partners there are, each with customers of its own: partner1.example, "
        "partner2.example, …",
    ),
)
@section(
    "Other pages",
    page_options,
)
@section(
    "The server",
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at."),
    click.option(
        "--port", type=PORT, default=8010, show_default=True, help="Port to listen at; 0 takes a free one."
    ),
    click.option(
        "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer."
    ),
    click.option(
        "--ready-file",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Written once the fake answers: url, token, pid, seed and asOf as JSON.",
    ),
    click.option(
        "--until-eof", is_flag=True, help="End when standard input ends: with the program that started it."
    ),
    click.option("-q", "--quiet", is_flag=True, help="Do not tell of each request."),
    choice(
        "--log-format",
        LogFormat.TEXT,
        "How each request is told of; with json, standard output has nothing else.",
    ),
)
@section(
    "Access from elsewhere",
    click.option(
        "--admin-token",
        metavar="T",
        envvar="PARTNER_INSIGHTS_ADMIN_TOKEN",
        show_envvar=True,
        help="Opens the admin API to other machines; in the variable or a file no list of processes "
        "shows it.",
    ),
    click.option(
        "--admin-token-file",
        metavar="FILE",
        type=EXISTING_FILE,
        help="Read the admin token from this file, in place of --admin-token.",
    ),
    click.option(
        "--allow-host",
        "allowed_hosts",
        metavar="NAME",
        multiple=True,
        help="Answer under this name in Host, too, as another machine or a container may call this one.",
    ),
    click.option(
        "--cors-origin",
        "cors_origins",
        metavar="ORIGIN",
        multiple=True,
        help="Let pages of this origin read the answers in a browser; repeat for more, * for any.",
    ),
    click.option(
        "--tls-cert",
        metavar="FILE",
        type=EXISTING_FILE,
        help="Speak HTTPS with this certificate chain (PEM).",
    ),
    click.option(
        "--tls-key", metavar="FILE", type=EXISTING_FILE, help="The certificate's private key (PEM)."
    ),
    click.option(
        "--tls-self-signed",
        is_flag=True,
        help="Speak HTTPS with a certificate made for this run; the ready file's caFile is what to trust.",
    ),
)
def command(
    host: str,
    port: int,
    seed: int,
    customers: int,
    data: tuple[Path, ...],
    only_data: bool,
    allow_invalid: bool,
    products: Path | None,
    history: int,
    as_of: date,
    scenarios: tuple[str, ...],
    auth: AuthMode,
    identity: Path | None,
    sign_in: SignIn,
    partners: int,
    next_link: NextLink,
    error_dialect: ErrorDialect,
    value_case: ValueCase,
    bom: bool,
    percent_scale: str,
    workers: int,
    allowed_hosts: tuple[str, ...],
    cors_origins: tuple[str, ...],
    admin_token: str | None,
    admin_token_file: Path | None,
    ready_file: Path | None,
    until_eof: bool,
    quiet: bool,
    log_format: LogFormat,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_self_signed: bool,
    recording: Path | None,
    custom: CustomContract | None,
) -> int:
    """Serve a fake of the licence analytics API, or of any pages with --page and --operations."""
    try:
        combine(scenarios)
    except InputError as error:
        raise click.BadParameter(f"{error}.", param_hint="'--scenario'") from error
    from partner_insights.server.cors import read_origin
    from partner_insights.server.http.request_headers import read_host
    from partner_insights.server.process.listen import is_loopback
    from partner_insights.server.process.ready import StartupMessage
    from partner_insights.server.process.ready_file import ReadyFile
    from partner_insights.server.process.serve import serve
    from partner_insights.server.process.tls import tls_from_options
    from partner_insights.server.process.worker import WorldOptions

    replayed = None
    if recording is not None:
        replayed, auth = _replayed(recording, auth)
        customers = 0
    local, given_token = is_loopback(host), _admin_token(admin_token, admin_token_file)
    # Any machine that reaches an outside address could otherwise change what the fake answers.
    made_token = None if given_token is not None or local else secrets.token_urlsafe(16)
    settings = Settings(
        auth=auth,
        bom=bom,
        reading=QueryReading(next_link, error_dialect, value_case),
        scenarios=scenarios,
        admin_token=given_token or made_token,
        trust_loopback=local,
        identity=_identity(identity, partners),
        sign_in=sign_in,
        allowed_hosts=_with_own(host, tuple(map(read_host, allowed_hosts)), local=local),
        cors_origins=tuple(map(read_origin, cors_origins)),
        workers=workers,
        history=history,
        recording=recording,
        request_log=None if quiet else log_format,
    )
    catalogue = None if custom is None else read_custom(custom)
    if (only_data or allow_invalid) and not data:
        raise click.UsageError("--only-data and --allow-invalid say something about --data: give it, too.")
    world = WorldOptions(seed, customers, as_of, int(percent_scale), data, only_data, allow_invalid, products)
    ready = None if ready_file is None else ReadyFile.prepare(ready_file)
    try:
        with tls_from_options(tls_cert, tls_key, host, self_signed=tls_self_signed) as tls:
            words = _words(custom, catalogue, replayed)
            announcement = StartupMessage(world, settings, ready, **words, tls=tls, made_token=made_token)
            return serve(
                world, settings, host, port, announcement, catalogue, tls, ready, until_eof=until_eof
            )
    finally:
        if ready is not None:
            ready.remove(os.getpid())


def _with_own(host: str, allowed: tuple[str, ...], *, local: bool) -> tuple[str, ...]:
    """The names in Host that are answered; none means any, as other machines may have names of their own."""
    from partner_insights.server.process.listen import own_names

    return (*own_names(host), *allowed) if allowed or local else ()


def _identity(file: Path | None, partners: int) -> Identity:
    identity = Identity() if file is None else read_identity(file)
    if partners == 1:
        return identity
    if identity.tenants:
        raise click.UsageError("--partners makes tenants up, and the identity file names them: use one.")
    return with_partners(identity, partners)


def _replayed(recording: Path, auth: AuthMode) -> tuple[Recording, AuthMode]:
    """What is replayed, and its auth mode; InputError for no recording, UsageError for options of a world."""
    from partner_insights.recording_folder import Recording

    given = click.get_current_context().get_parameter_source
    for name in ("seed", "customers", "as_of", "percent_scale", "data", "products", "history", "custom"):
        if given(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--from replays what was recorded: --{name.replace('_', '-')} has no say in it."
            )
    asked = given("auth") is click.core.ParameterSource.COMMANDLINE
    return Recording.read(recording), auth if asked else AuthMode.ANY


def _words(
    custom: CustomContract | None, catalogue: Catalogue | None, recording: Recording | None
) -> dict[str, Any]:
    """What a replay, or a fake of any pages, is called, and a request to try first."""
    if recording is not None:
        return _words_of_replay(recording)
    if custom is None or catalogue is None:
        return {}
    paths = [each.path for each in catalogue.operations.values()]
    words = {"title": f"{len(paths)} operations by {', '.join(page.name for page in custom.pages)}"}
    return words | {"first_request": next((path for path in paths if "{" not in path), paths[0])}


def _words_of_replay(recording: Recording) -> dict[str, Any]:
    from partner_insights.contract import Catalogue

    number = len(recording.answers)
    operations = sorted({key[0] for key in recording.answers})
    answers = "1 recorded answer" if number == 1 else f"{number:,} recorded answers"
    words: dict[str, Any] = {
        "title": f"what was recorded in {recording.folder}",
        "facts": (f"{answers} of {', '.join(operations)}" if operations else answers,),
    }
    paths = {name: operation.path for name, operation in Catalogue.load().operations.items()}
    first = recording.first_request(paths)
    return words if first is None else words | {"first_request": first}


def _admin_token(given: str | None, file: Path | None) -> str | None:
    option = "'--admin-token'"
    if file is not None:
        source = click.get_current_context().get_parameter_source("admin_token")
        if source is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError("--admin-token and --admin-token-file both give the admin token: use one.")
        with opened(file) as content:
            # Its mark and line end are the editor's; what is not ASCII is refused below.
            given = content.read(_MAX_ADMIN_TOKEN + 5).decode("utf-8-sig", "replace").strip("\r\n")
        option = "'--admin-token-file'"
    if given is not None and len(given) > _MAX_ADMIN_TOKEN:
        raise click.BadParameter(f"give at most {_MAX_ADMIN_TOKEN} characters.", param_hint=option)
    if given is not None and not (
        given.isascii() and given.isprintable() and given.strip() == given and given
    ):
        raise click.BadParameter("give printable ASCII without blanks around it.", param_hint=option)
    return given
