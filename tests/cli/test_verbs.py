"""The command line finds its verbs without loading them, and ends each with the right exit code."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from partner_insights import cli
from partner_insights.cli.sections import SectionedCommand, section
from partner_insights.cli.verbs import VERBS, main
from partner_insights.errors import InputError, TargetUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Callback: TypeAlias = Callable[[], object]

PROGRAM = [sys.executable, "-m", "partner_insights"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callback], None]:
    """Put a function in the place of the verb `check`."""

    def plant(callback: Callback) -> None:
        module = ModuleType("partner_insights.cli.check")
        module.command = click.Command("check", callback=callback)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)

    return plant


def raising(error: BaseException) -> Callback:
    def callback() -> object:
        raise error

    return callback


def test_each_verb_has_its_module() -> None:
    """The table of verbs is the set of modules beside it that have a command."""
    modules = {path.stem for path in Path(cli.__file__).parent.glob("*.py") if path.stem != "__init__"}
    with_command = {name for name in modules if hasattr(import_module(f"{cli.__name__}.{name}"), "command")}
    assert with_command == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_short_help_is_the_verbs_own(verb: str) -> None:
    """What `--help` says of a verb is the first sentence of the verb's own help."""
    command = main.get_command(click.Context(main), verb)
    assert command is not None
    assert command.name == verb
    assert command.get_short_help_str(limit=1000).rstrip(".") == VERBS[verb].rstrip(".")


def commands(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for verb in command.list_commands(ctx):
            found = command.get_command(ctx, verb)
            assert found is not None
            yield from commands(found, f"{name} {verb}".strip())


def unsectioned(command: click.Command) -> list[str]:
    """The options of a command that its help shows under no heading."""
    options = [each for each in command.params if isinstance(each, click.Option)]
    return [each.opts[0] for each in options if not hasattr(each, "section")]


@pytest.mark.parametrize(("name", "command"), list(commands(main)))
def test_many_options_have_headings(name: str, command: click.Command) -> None:
    """A verb with more than eight options shows each of them under a heading of its help."""
    if sum(isinstance(each, click.Option) for each in command.params) > 8:
        assert isinstance(command, SectionedCommand)
        assert unsectioned(command) == []
        words = run(*name.split(), "--help").output
        assert words.partition("\nOptions:")[2].split()[:1] == ["-h,"], "an argument is no option"
        for option in command.params:
            if isinstance(option, click.Option):
                assert f"\n  {option.opts[0]}" in words


def test_option_without_heading_is_found() -> None:
    """The measure sees an option in no section, which the help still shows, behind those that are in one."""

    @click.command("x", cls=SectionedCommand)
    @click.option("--three")
    @section("A", click.option("--two"), click.option("--one"))
    def command() -> None:
        """Nothing."""

    assert unsectioned(command) == ["--three"]
    words = command.get_help(click.Context(command)).split()
    shown = [word for word in words if word.startswith("--") or word in ("A:", "Options:")]
    assert shown == ["A:", "--two", "--one", "Options:", "--three", "--help"]


def test_help_lists_every_verb_and_loads_none() -> None:
    """`--help` shows all verbs, each with its line, and imports no verb's module nor what it would bring."""
    program = (
        "import sys; from partner_insights.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print('LOADED', *sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    text, _, loaded = shown.partition("LOADED")
    folded = " ".join(text.split())
    assert all(f"{verb} {help_line}" in folded for verb, help_line in VERBS.items())
    modules = set(loaded.split())
    assert {"partner_insights.cli.verbs", "click"} <= modules
    assert not {f"partner_insights.cli.{verb}" for verb in VERBS} & modules
    assert not {"numpy", "flask", "faker", "jsonschema", "rich", "importlib.metadata"} & modules


@pytest.mark.parametrize(("error", "exit_code"), [(InputError, 2), (TargetUnreachable, 3)])
def test_bad_input_is_one_paragraph(
    planted: Callable[[Callback], None], error: type[InputError], exit_code: int
) -> None:
    """An InputError is said on stderr after the program's name, with its exit code and no traceback."""
    planted(raising(error("it is empty", where="a.json", remedy="record it again")))
    result = run("check")
    assert result.exit_code == exit_code
    assert result.stderr == "partner-insights: a.json: it is empty — record it again\n"
    assert result.stdout == ""


def test_file_trouble_is_one_paragraph(planted: Callable[[Callback], None], tmp_path: Path) -> None:
    """A file that cannot be read or written is named with the system's own reason, exit 2."""
    planted((tmp_path / "absent").read_text)
    result = run("check")
    assert (result.exit_code, result.stderr) == (
        2,
        f"partner-insights: {tmp_path / 'absent'}: No such file or directory\n",
    )


def test_full_disk_is_one_line(planted: Callable[[Callback], None]) -> None:
    """Trouble of the system that belongs to no named file is said in the system's words, exit 2."""
    planted(raising(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
    result = run("check")
    assert (result.exit_code, result.stderr) == (2, "partner-insights: No space left on device\n")


@pytest.mark.parametrize("error", [ZeroDivisionError("ours"), TypeError("ours")])
def test_a_fault_of_ours_is_no_violation(planted: Callable[[Callback], None], error: Exception) -> None:
    """What is not the user's doing keeps its traceback, and its exit code is none of the documented ones."""
    planted(raising(error))
    result = run("check")
    assert result.exit_code == 70
    assert result.stderr.startswith("Traceback")
    assert result.stderr.endswith(f"{type(error).__name__}: {error}\n")


def test_interrupt_is_quiet(planted: Callable[[Callback], None]) -> None:
    """Ctrl-C ends with 130, as a shell reports it, and without a word."""
    planted(raising(KeyboardInterrupt()))
    result = run("check")
    assert (result.exit_code, result.output) == (130, "")


INTERRUPTED_IMPORT = """
import runpy, sys

class Interrupt:
    def find_spec(self, name, path, target=None):
        if name == {name!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
sys.argv[1:] = ["--version"]
runpy.run_module("partner_insights", run_name="__main__")
"""


@pytest.mark.parametrize("name", ["partner_insights.cli", "click"])
def test_interrupt_is_quiet_while_it_is_loaded(name: str) -> None:
    """Ctrl-C may come before anything of ours is there."""
    command = [sys.executable, "-c", INTERRUPTED_IMPORT.format(name=name)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


@pytest.mark.parametrize(("returned", "exit_code"), [(0, 0), (1, 1), (2, 2), (3, 3), (None, 0)])
def test_a_verbs_integer_is_the_exit_code(
    planted: Callable[[Callback], None], returned: int | None, exit_code: int
) -> None:
    """A verb says how it ended by returning an exit code, or nothing where all is well."""
    planted(lambda: returned)
    assert run("check").exit_code == exit_code


@pytest.mark.parametrize("word", ["openapi", "--help"])
def test_reader_that_goes_away_is_quiet(word: str) -> None:
    """`partner-insights openapi | head -c 1` prints no traceback, and does not end as a violation would."""
    with subprocess.Popen([*PROGRAM, word], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 128 + signal.SIGPIPE


@given(st.text(min_size=1).filter(lambda word: word not in VERBS and not word.startswith("-")))
def test_unknown_verb_names_those_there_are(word: str) -> None:
    """A word that is no verb is wrong usage, and the message lists the verbs."""
    result = run(word)
    assert result.exit_code == 2
    assert ", ".join(VERBS) in result.stderr


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("verfy", "verify"),
        ("fixtures write partnerlicensesusageinsight", "PartnerLicensesUsageInsights"),
        ("fixtures write customer-licences-usage", "customer-licenses-usage"),
        ("fixtures invalid CUSTOMER", "customer"),
        ("check x.json --operation customer-licences-usage", "customer-licenses-usage"),
        ("serve --scenario throtled", "throttled"),
        ("explain Customer.companyprofile", "Customer.companyProfile"),
    ],
)
def test_a_misspelt_name_is_guessed(line: str, meant: str, tmp_path: Path) -> None:
    """The nearest verb, operation, resource or scenario is named, in whatever case."""
    out = ["--out", str(tmp_path / "out")] if line.startswith("fixtures") else []
    result = run(*line.split(), *out)
    assert result.exit_code == 2
    assert f"did you mean {meant}" in result.stderr


def test_what_resembles_nothing_is_not_guessed() -> None:
    """Only what there is is listed."""
    assert "did you mean" not in run("xyzzy").stderr


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("--colour", "--colour"),
        ("verify --colour", "--colour"),
        ("explain", "CODE"),
        ("serve --auth x", "--auth"),
        ("fixtures nope", "nope"),
        ("fixtures write world", "--out"),
        ("types", "--language"),
    ],
)
def test_wrong_usage_is_one_line_as_any_refusal(line: str, word: str) -> None:
    """What is wrong is named, and where to read what is right, with exit 2 and no word of another style."""
    result = run(*line.split())
    assert (result.exit_code, result.stdout) == (2, "")
    (told,) = result.stderr.splitlines()
    assert told.startswith("partner-insights: ")
    assert word in told
    assert told.endswith("--help`.")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("ver", "verify"),
        ("explain pi10", "PI101"),
        ("explain CustomerLicensesUsageInsights.chan", "CustomerLicensesUsageInsights.channel"),
        ("serve --scenario thr", "throttled"),
        ("check --operation customer-licenses-u", "customer-licenses-usage"),
        ("fixtures write PartnerLicensesU", "PartnerLicensesUsageInsights"),
        ("fixtures invalid PartnerLicensesU", "PartnerLicensesUsageInsights"),
        ("verify --profile lit", "literal"),
    ],
)
def test_a_shell_is_offered_values(typed: str, offered: str) -> None:
    """Completion knows the verbs, and the values of options and arguments."""
    *before, begun = typed.split()
    completion = ShellComplete(main, {}, "partner-insights", "_PARTNER_INSIGHTS_COMPLETE")
    assert offered in [each.value for each in completion.get_completions(before, begun)]
    assert completion.get_completions(before, "no such value") == []


def test_help_tells_every_exit_code() -> None:
    """Also that of Ctrl-C."""
    assert "130" in run("--help").output


def test_version_is_the_packages() -> None:
    """`--version` says the version that is installed."""
    shown = subprocess.run([*PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    assert shown == f"partner-insights {version('partner-insights')}\n"
