"""The README's sessions are real: each command is run, and what it printed is what the README shows."""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from partner_insights import __version__
from partner_insights.cli.verbs import VERBS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVE = "partner-insights serve"
DEFAULT_PORT = "8010"
TOKEN = re.compile(r"eyJ[\w.-]+")
ELISION = "…"


class Block(NamedTuple):
    language: str
    text: str


class Step(NamedTuple):
    command: str
    output: str


def blocks(page: str) -> list[Block]:
    return [Block(*match) for match in FENCE.findall(page)]


def steps(session: str) -> list[Step]:
    """The commands of a console block, each with the output shown below it; `\\` continues one."""
    found = re.split(r"^\$ ((?:.*\\\n)*.*)\n", session, flags=re.MULTILINE)
    assert found[0] == "", "a console block begins with a command"
    return [Step(command, output) for command, output in zip(found[1::2], found[2::2], strict=True)]


def shows(shown: str, printed: str) -> bool:
    """Whether the output shown is the one printed; `…` stands for any text of a line, alone for any lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == ELISION else re.escape(line).replace(ELISION, ".*?") + r"\n"
        for line in tidy(shown).splitlines()
    )
    return re.fullmatch(pattern, tidy(printed)) is not None


def tidy(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.strip().splitlines())


class Shell:
    """A folder where commands run one after the other; `serve` keeps running beside those that follow."""

    def __init__(self, folder: Path, known: dict[str, str]) -> None:
        """`known`: commands that were run before, with what they print in any folder."""
        self.folder = folder
        self.known = known
        self.server: subprocess.Popen[str] | None = None
        self.token = ""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])

    def run(self, command: str) -> str:
        """What the command prints, in the README's terms: at its port."""
        if command in self.known:
            return self.known[command]
        # The README serves on the default port and shortens the token; here the port must be a free one.
        real = TOKEN.sub(self.token, command.replace(f"Bearer eyJ{ELISION}", f"Bearer {self.token}"))
        real = real.replace(DEFAULT_PORT, self.port)
        if real.startswith(SERVE):
            return self._serve(real.replace(SERVE, f"exec {SERVE} --port {self.port}", 1))
        done = subprocess.run(
            ["bash", "-c", real], cwd=self.folder, env=self._environment(), text=True, timeout=120,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.stdout.replace(self.port, DEFAULT_PORT)

    def _serve(self, command: str) -> str:
        self.close()
        log = self.folder / "serve.log"
        with log.open("w", encoding="utf-8") as out:
            self.server = subprocess.Popen(
                ["bash", "-c", command], cwd=self.folder, env=self._environment(), text=True,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while not re.search(r"^curl .*\n", printed := log.read_text(encoding="utf-8"), re.MULTILINE):
            assert self.server.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, "the fake showed no command to try"
            time.sleep(0.05)
        self.token = "".join(TOKEN.findall(printed)[:1])
        return printed.replace(self.port, DEFAULT_PORT)

    def close(self) -> None:
        if self.server is not None:
            self.server.send_signal(signal.SIGINT)
            assert self.server.wait(10) == 0
            self.server = None

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COLUMNS"))
        }
        path = os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]])
        return {**kept, "PATH": path, "NO_COLOR": "1"}


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path, {})
    yield shell
    shell.close()


def differing_steps(page: str, shell: Shell) -> list[str]:
    """Run all sessions of a page, in order, in one folder; the steps that print something else than shown."""
    differing = []
    for language, text in blocks(page):
        if language == "python":
            # A program starts with a comment that names its file.
            name = text.splitlines()[0].removeprefix("# ")
            (shell.folder / name).write_text(text, encoding="utf-8")
        for command, output in steps(text) if language == "console" else []:
            printed = shell.run(command)
            if not shows(output, printed):
                differing.append(f"$ {command}\nshown:\n{output}\nprinted:\n{printed}")
    return differing


def missing_imports(program: str) -> set[str]:
    """What a program imports that neither Python nor `pip install .` brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = set()
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    brought = {re.split(r"[^\w-]", each, maxsplit=1)[0].replace("-", "_") for each in project["dependencies"]}
    return names - sys.stdlib_module_names - brought - {"partner_insights"}


def test_programs_need_no_other_package() -> None:
    """The README's programs run with what its first command installed."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    programs = [text for language, text in blocks(page) if language == "python"]
    assert programs
    assert [missing_imports(program) for program in programs] == [set()] * len(programs)


def test_another_package_is_found() -> None:
    """A program that needs more than the first command installed is found, however it imports it."""
    assert missing_imports("import requests, json") == {"requests"}
    assert missing_imports("def f():\n    from httpx._client import Client") == {"httpx"}
    assert missing_imports("import pytest, partner_insights.fixtures") == set()


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")), reason="the sessions use bash and curl"
)
def test_sessions_are_real(shell: Shell, verified: tuple[int, str, str, Path]) -> None:
    """Every command of the README prints what the README shows."""
    shell.known["partner-insights verify"] = verified[1]
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert sum(len(steps(text)) for language, text in blocks(page) if language == "console") >= 5
    assert differing_steps(page, shell) == []


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")), reason="the sessions use bash and curl"
)
def test_sessions_with_any_page_are_real(shell: Shell) -> None:
    """Every command of docs/any-page.md prints what it shows, on the pages that it names."""
    for page in (ROOT / "tests" / "pages").glob("*.*"):
        if page.suffix != ".py":
            shutil.copy(page, shell.folder)
    page_text = (ROOT / "docs" / "any-page.md").read_text(encoding="utf-8")
    # The whole suite takes its time; tests/pages runs it on the same pages.
    assert (
        differing_steps(re.sub(r"^\$ partner-insights verify .*\n.*\n", "", page_text, flags=re.M), shell)
        == []
    )


@pytest.mark.parametrize(
    ("session", "differs"),
    [
        ("$ echo one two\none two\n", False),
        ("$ echo one two\none …\n", False),
        ("$ echo one two\none\n", True),
        ("$ seq 5\n1\n…\n5\n", False),
        ("$ seq 5\n1\n…\n", False),
        ("$ seq 5\n…\n4\n", True),
        ("$ seq 2\n1\n…\n2\n", False),
        ("$ echo one \\\n    two\none two\n", False),
        ("$ partner-insights --version\npartner-insights 9.9.9\n", True),
        ("$ partner-insights no-such-verb\n", True),
        ("$ true\n", False),
        ("$ true\nsomething\n", True),
    ],
)
def test_made_up_output_is_found(session: str, differs: bool, shell: Shell) -> None:
    """A session whose output is not what the command prints is reported, and one that elides is not."""
    assert bool(differing_steps(f"text\n\n```console\n{session}```\n", shell)) == differs


def test_set_up_commands_are_what_ci_runs() -> None:
    """The README's two commands install and serve, and install and test; the second is what .ci/run runs."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [
        line.split("  #")[0].rstrip()
        for language, text in blocks(page)
        if language == "sh"
        for line in text.splitlines()
    ]
    (test_command,) = [command for command in commands if "pytest" in command]
    assert f'step "{test_command} ' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert [command for command in commands if command.endswith(SERVE)] != []


def undocumented_verbs(readme: str, reference: str) -> list[str]:
    """The verbs that the README does not mention or the reference has no section for."""
    return [
        verb
        for verb in VERBS
        if not re.search(rf"partner-insights {verb}\b|`{verb}[` ]", readme)
        or f"## partner-insights {verb}\n" not in reference
    ]


def dead_links(page: Path) -> list[str]:
    """The relative links and pictures of a page, outside its code, that are no file beside it."""
    prose = re.sub(r"(?ms)^```.*?^```", "", page.read_text(encoding="utf-8"))
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose)
    return [target for target in targets if "://" not in target and not (page.parent / target).exists()]


def test_every_verb_is_documented() -> None:
    """The README mentions every verb, and the reference has a section for each."""
    readme, reference = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/cli.md"))
    assert undocumented_verbs(readme, reference) == []


def test_undocumented_verb_is_found() -> None:
    """A verb that either page leaves out is reported."""
    readme = "".join(f"`{verb}` " for verb in VERBS)
    reference = "".join(f"## partner-insights {verb}\n" for verb in VERBS)
    assert undocumented_verbs(readme, reference) == []
    assert undocumented_verbs(readme.replace("`check`", "checks"), reference) == ["check"]
    assert undocumented_verbs(readme, reference.replace("insights serve", "insights server")) == ["serve"]


def test_changelog_has_this_version() -> None:
    """The version that is installed has an entry with its date."""
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d$", changes, re.MULTILINE)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/cli.md"])
def test_links_lead_somewhere(name: str) -> None:
    """Every relative link and picture of the documents is a file of the tree."""
    assert dead_links(ROOT / name) == []


def test_dead_link_is_found(tmp_path: Path) -> None:
    """A link to a file that is not there is reported; addresses and links within the page are not."""
    page = tmp_path / "page.md"
    page.write_text(
        "[a](page.md#top) ![b](images/b.svg) [c](https://example.com/) [d](#d)\n", encoding="utf-8"
    )
    assert dead_links(page) == ["images/b.svg"]
