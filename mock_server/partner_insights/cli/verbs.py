"""Arguments → one verb called, and an exit code.

A verb is a module beside this one with a `command`. Its one-line help stands here too, so that `--help` need
import no verb (one may bring NumPy, Flask and Faker); a test holds the two lines together.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

import partner_insights
from partner_insights.cli.stop_signals import ended_as_by_ctrl_c
from partner_insights.cli.streams import prepare_streams
from partner_insights.errors import InputError, names_there_are

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "partner-insights"

VERBS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "serve": "Serve a fake of the licence analytics API, or of any pages with --page and --operations.",
        "verify": "Judge a server by the contract: the fake, or the one at --url.",
        "check": "Judge recorded answers by the contract.",
        "record": "Pass GETs on to a server, judge its answers, and store them without its customers.",
        "explain": "Explain a violation code, or where a property's contract comes from.",
        "fixtures": "Write fixtures, or keep the committed ones true.",
        "derive": "Derive JSON Schemas from documentation pages, or from our own.",
        "diff": "Tell what changed between two editions: pages, folders of pages, or derived folders.",
        "openapi": "Write the OpenAPI description of the API.",
        "types": "Write the API's types for a client in another language.",
        "health": "Ask whether a fake answers at a URL.",
        "mcp": "Serve tools to an agent over the Model Context Protocol, on standard input and output.",
    }
)
"""Verb → its one-line help, in the order of `--help`; the module is `partner_insights.cli.<verb>`."""

CRASHED: Final = 70
"""A fault of ours, shown with its traceback (EX_SOFTWARE of sysexits.h); 1 would read as a violation."""
INTERRUPTED: Final = 130
READER_GONE: Final = 141
"""What a shell reports for a process that SIGINT or SIGPIPE ended."""

_NO_VERB: Final = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""Of click from 8.2 on; before, it shows the help at once."""


class Verbs(click.Group):
    """All verbs: imports the module of the one that is called, and turns its end into an exit code."""

    def main(self, *args: Any, **settings: Any) -> Any:
        """Run as a program, whatever its standard streams are."""
        prepare_streams()
        with ended_as_by_ctrl_c():
            return super().main(*args, **settings)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The options before a verb; what is wrong with them is said as everything else is."""
        try:
            return super().parse_args(ctx, args)
        except (click.UsageError, OSError) as error:
            ctx.exit(_ended_by(error))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in the order of VERBS."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, or None where there is no such verb."""
        if cmd_name not in VERBS:
            return None
        command = import_module(f"partner_insights.cli.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101 - each verb's module keeps this promise, by test
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the verbs there are when the one given is none of them."""
        if args[0] not in VERBS and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}: {names_there_are(args[0], VERBS)}.")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them, which is what click's own listing does."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; an integer it returns is the exit code, and bad input is one paragraph on stderr."""
        try:
            status = super().invoke(ctx)
            sys.stdout.flush()
        except (click.Abort, click.exceptions.Exit):
            raise
        except (Exception, KeyboardInterrupt) as error:
            status = _ended_by(error)
        if isinstance(status, int):
            ctx.exit(status)
        return status


def _ended_by(error: BaseException) -> int:
    """The exit code of what ended a verb; on stderr, what is to be said of it."""
    match error:
        case InputError():
            return _refuse(str(error), error.exit_code)
        case click.UsageError():
            return _refuse_usage(error)
        case click.ClickException():
            raise error
        case KeyboardInterrupt():
            return INTERRUPTED
        case BrokenPipeError():
            # `partner-insights … | head`: what is still buffered goes nowhere, so that the interpreter's own
            # flush at the end does not complain either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return READER_GONE
        case OSError(errno=errno.EINVAL, filename=None) if sys.platform == "win32":
            return READER_GONE  # what Windows says of a pipe that nobody reads
        case OSError():
            where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
            return _refuse(f"{where}{error.strerror or error}")
    sys.excepthook(type(error), error, error.__traceback__)
    return CRASHED


def _refuse_usage(error: click.UsageError) -> int:
    """Wrong usage in one line, with where to read what is right; a group without a verb shows its help."""
    if isinstance(error, _NO_VERB):
        raise error
    where = error.ctx.command_path if error.ctx is not None else NAME
    message = " ".join(error.format_message().split()).rstrip(".")  # choices stand on lines of their own
    stop = "" if message.endswith("?") else "."
    return _refuse(f"{message}{stop} See `{where} --help`.", error.exit_code)


def _refuse(message: str, exit_code: int = InputError.exit_code) -> int:
    with suppress(OSError):  # stderr may be on a full disk, too; the exit code stays what it is
        click.echo(f"{NAME}: {message}", err=True)
    return exit_code


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=(
        "Exit codes: 0 the contract held; 1 a violation, or --check found a difference; "
        "2 wrong usage, unreadable input or nothing tested; 3 the server could not be reached; "
        "130 ended by Ctrl-C, what was done by then reported."
    ),
)
@click.version_option(partner_insights.__version__, prog_name=NAME, message="%(prog)s %(version)s")
def main() -> None:
    """A fake of the Partner Center licence analytics API, its contract, and fixtures for your tests."""
