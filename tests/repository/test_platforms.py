"""What the package needs of a system is what Windows has, too."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest

from partner_insights.child_server import running_fake
from partner_insights.cli.verbs import VERBS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "mock_server" / "partner_insights"
WINDOWS = Path(__file__).parent / "windows"

LACKING = tomllib.loads((WINDOWS / "lacking.toml").read_text(encoding="utf-8"))
POSIX_ONLY = frozenset(LACKING["modules"])


def complaints(source: str) -> Iterator[str]:
    """What a module does that another system does otherwise, with its line."""
    waiting: list[tuple[ast.AST, bool]] = [(ast.parse(source), False)]
    while waiting:
        node, deferred = waiting.pop()
        deferred = deferred or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        waiting += [(child, deferred) for child in ast.iter_child_nodes(node)]
        if isinstance(node, ast.Import | ast.ImportFrom) and not deferred:
            plain = isinstance(node, ast.Import)
            for name in [each.name for each in node.names] if plain else [node.module or ""]:
                if name.partition(".")[0] in POSIX_ONLY:
                    yield f"{node.lineno}: {name} is imported when the module is"
        elif (
            isinstance(node, ast.Attribute)
            and node.attr in ("name", "system")
            and ast.unparse(node) in ("os.name", "platform.system")
        ):
            yield f"{node.lineno}: {ast.unparse(node)} is not what a type checker reads: use sys.platform"
        elif isinstance(node, ast.Call):
            yield from _text_without_encoding(node)


def _text_without_encoding(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    given = {each.arg for each in call.keywords}
    if name == "write_text" and not {"encoding", "newline"} <= given:
        yield f"{call.lineno}: write_text needs encoding and newline"
    elif name == "read_text" and "encoding" not in given and len(call.args) < 1:
        yield f"{call.lineno}: read_text needs an encoding"
    elif name in ("open", "fdopen") and "encoding" not in given:
        modes = [each for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if any(re.fullmatch(r"[rwax+t]+", str(each.value)) for each in modes):
            yield f"{call.lineno}: a text file needs an encoding"


def test_no_module_needs_posix() -> None:
    """No POSIX-only import when a module is loaded, no text file in a system's encoding or line ends."""
    found = {
        str(path.relative_to(PACKAGE)): wrong
        for path in PACKAGE.rglob("*.py")
        if (wrong := list(complaints(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "import fcntl",
        "if sys.platform != 'win32':\n    import resource",
        "from termios import tcgetattr",
        "try:\n    import pwd\nexcept ImportError:\n    pass",
        "if os.name == 'nt': pass",
        "path.write_text(text, encoding='utf-8')",
        "path.read_text()",
        "path.open('w')",
        "open(name, 'r')",
    ],
)
def test_planted_need_is_found(source: str) -> None:
    """Each of them is found, and nothing is where it is done well."""
    assert len(list(complaints(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    import resource",
        "path.open('rb')",
        "path.read_text(encoding='utf-8')",
        "path.write_text(text, encoding='utf-8', newline='\\n')",
    ],
)
def test_what_all_systems_do_alike_is_left_alone(source: str) -> None:
    """The measure objects to nothing that is the same everywhere."""
    assert list(complaints(source)) == []


def needs_to_be_collected(source: str) -> Iterator[str]:
    """What Windows lacks of that a module of tests takes when it is imported, with its line."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            waiting += [*defaults, *getattr(node, "decorator_list", [])]
            continue
        waiting += ast.iter_child_nodes(node)
        taken = []
        if isinstance(node, ast.Import):
            taken = [each.name for each in node.names if each.name.partition(".")[0] in POSIX_ONLY]
        elif isinstance(node, ast.ImportFrom):
            lacking = LACKING["names"].get(node.module, ())
            taken = [each.name for each in node.names if node.module in POSIX_ONLY or each.name in lacking]
        elif isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            taken = [name] if node.attr in LACKING["names"].get(ast.unparse(node.value), ()) else []
        yield from (f"{node.lineno}: {each}" for each in taken)


def test_every_test_can_be_collected_on_windows() -> None:
    """Where one module cannot be imported none is run, whatever would be skipped in it."""
    found = {
        str(path.relative_to(ROOT)): wrong
        for folder in ("tests", "contract_tests")
        for path in (ROOT / folder).rglob("*.py")
        if WINDOWS not in path.parents
        and (wrong := list(needs_to_be_collected(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "import resource",
        "from pwd import getpwuid",
        "from os import fork, path",
        "@pytest.mark.parametrize('sent', [signal.SIGINT, signal.SIGHUP])\ndef test_it(sent): pass",
        "pytestmark = pytest.mark.skipif(os.geteuid() == 0, reason='')",
        "class Test:\n    way = socket.AF_UNIX",
        "def f(number=signal.SIGKILL): pass",
    ],
)
def test_what_windows_cannot_collect_is_found(source: str) -> None:
    """Each takes one thing, in a decorator or a default, too; within a function it is left alone."""
    assert len(list(needs_to_be_collected(source))) == 1
    within = "def outer():\n" + "".join(f"    {line}\n" for line in source.splitlines())
    assert list(needs_to_be_collected(within)) == []


def test_the_name_of_every_tracked_file_is_one_on_windows() -> None:
    """No reserved character or name, no trailing dot or blank, no two that differ in case alone."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in listing.stdout.split("\0") if name]
    reserved = re.compile(r'[<>:"|?*\\]|[. ](/|$)|(^|/)(con|prn|aux|nul|com\d|lpt\d)(\.|/|$)', re.IGNORECASE)
    assert [name for name in names if reserved.search(name)] == []
    assert len({name.casefold() for name in names}) == len(names)


def test_every_text_is_checked_out_as_it_was_written() -> None:
    """Git turns no line end around: `derive --check` and the digests compare bytes."""
    assert "* text=auto eol=lf" in (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()


def windows(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run by a Python whose package finds what Windows has, on a console of code page 1252."""
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=folder,
        env=environment(),
        input=stdin,
        capture_output=True,
        encoding="cp1252",
        timeout=120,
        check=False,
    )


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(WINDOWS), "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}


# With the line ends of an editor there.
BODY = '{"totalCount": 0, "items": [],\r\n "attributes": {"objectType": "Collection"}}\r\n'

RUNS: dict[str, tuple[tuple[str, ...], int]] = {
    "verify": (("--max-requests", "8"), 0),
    "check": (("body.json", "--operation", "partner-licenses-usage"), 0),
    "explain": (("CustomerLicensesUsageInsights.workloadName",), 0),
    "fixtures": (
        ("write", "world", "--customers", "3", "--parts", "2", "--workers", "2", "--out", "world"),
        0,
    ),
    "derive": (("--check",), 0),
    "diff": (("page.md", "page.md"), 0),
    "openapi": (("--out", "openapi.json"), 0),
    "types": (("--language", "csharp", "--out", "types"), 0),
    "record": (("--url", "http://127.0.0.1:1", "--out", "body.json", "--port", "0"), 2),
    "mcp": ((), 0),
}
"""Verb → arguments and the exit code they end with; `serve` and `health` have a test of their own."""


PROGRAM = """
import json
import sys
from partner_insights.__main__ import main

ended = {}
for verb, arguments in json.loads(sys.argv[1]).items():
    sys.argv[1:] = [verb, *arguments]
    print(f"── {verb}", file=sys.stderr)
    try:
        ended[verb] = main()
    except SystemExit as exit:
        ended[verb] = exit.code
with open("ended.json", "w") as file:
    json.dump(ended, file)
"""
"""All of them in one process: to start ten takes ten times as long, and shows no more."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, int], str]:
    """What each verb ended with, and what all of them printed."""
    folder = tmp_path_factory.mktemp("verbs")
    (folder / "body.json").write_bytes(BODY.encode())
    page = (ROOT / "schemas/tables/analytics-resources.md").read_bytes()
    (folder / "page.md").write_bytes(page.replace(b"\n", b"\r\n"))
    arguments = {verb: arguments for verb, (arguments, _) in RUNS.items()}
    done = windows(folder, "-c", PROGRAM, json.dumps(arguments))
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "ended.json").read_bytes()), done.stdout + done.stderr


@pytest.mark.parametrize("verb", RUNS)
def test_every_verb_runs_without_posix(verb: str, ran: tuple[dict[str, int], str]) -> None:
    """No verb needs what Windows lacks, nor fails on its line ends or its console's encoding."""
    ended, printed = ran
    assert "Traceback" not in printed
    assert ended[verb] == RUNS[verb][1], printed


def test_every_verb_is_tried() -> None:
    """A new verb needs a line above."""
    assert {*RUNS, "serve", "health"} == VERBS.keys()


def test_serve_runs_without_posix(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake starts, is seen by `health`, resets a connection for who asks, and ends when told."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    with running_fake("--customers=2", "--auth=off") as fake:
        seen = windows(ROOT, "-m", "partner_insights", "health", fake.url)
        assert (seen.returncode, seen.stderr) == (0, "")
        asks = Request(f"{fake.url}/v1/customers", headers={"Prefer": "fault=reset"})
        with pytest.raises(ConnectionResetError), urlopen(asks) as answer:
            answer.read()
    assert windows(ROOT, "-m", "partner_insights", "health", fake.url).returncode == 3


def test_what_windows_lacks_is_not_found(tmp_path: Path) -> None:
    """The hook refuses: a module of the package that needed POSIX would fail."""
    package = tmp_path / "partner_insights"
    package.mkdir()
    (package / "__init__.py").write_text("")
    program = "import importlib, sys; importlib.import_module('partner_insights.needy')"
    for line in (
        "import fcntl",
        "import os; os.O_NOFOLLOW",
        "from os import fork",
        "import select; select.poll",
    ):
        (package / "needy.py").write_text(line)
        path = os.pathsep.join([str(WINDOWS), str(tmp_path)])
        run = subprocess.run(
            [sys.executable, "-S", "-c", f"import sitecustomize; {program}"],
            env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "on Windows" in run.stderr or "cannot import name" in run.stderr, line
