"""The pages of docs/clients: their code is compiled and run, in the language's test runner, too.

A block whose first line names a file is that file. Compilers are looked for on PATH, tools of npm in the
folder that PARTNER_INSIGHTS_NODE_BIN names, and jars where Debian puts them. A test whose tools are missing
is skipped; only Python's need none.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner

from partner_insights.child_server import running_fake
from partner_insights.cli.verbs import main
from partner_insights.fixtures.testing.settings import WorldSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from partner_insights.child_server import RunningFake

pytestmark = pytest.mark.external
PAGES = Path(__file__).resolve().parents[2] / "docs" / "clients"
NODE = os.environ.get("PARTNER_INSIGHTS_NODE_BIN", "")
PATHS = os.pathsep.join(filter(None, [str(Path(sys.executable).parent), NODE, os.environ.get("PATH", "")]))
JARS = Path("/usr/share/java")
JAVA = ("javac", "-encoding", "utf-8", "-d", "out", "-cp")
TSC = (
    *("tsc", "--strict", "--target", "es2022", "--module", "commonjs", "--lib", "es2022,dom,dom.iterable"),
    *("--types", "node", "--esModuleInterop", "--skipLibCheck", "--outDir", "built"),
)
TITLE = re.compile(r"^(?://|#) (\S+\.\w+)\n")


def blocks(page: str) -> dict[str, str]:
    """File → its text, of a page."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    found = re.findall(r"^```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return {title[1]: block for block in found if (title := TITLE.match(block))}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningFake]:
    with running_fake("--as-of=2026-01-01") as fake:
        yield fake


@pytest.fixture
def fake(running: RunningFake) -> RunningFake:
    urlopen(Request(f"{running.url}/_admin/reset", method="POST")).close()
    return running


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The page's files and the types, as `types` writes them."""
    language = request.param
    for name, block in blocks(language).items():
        (tmp_path / name).write_text(block, encoding="utf-8")
    out = tmp_path / "partnerinsights" if language == "java" else tmp_path
    arguments = ["types", "--language", language, "--out", str(out)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    return tmp_path


def run(folder: Path, *command: str, url: str = "") -> str:
    program = shutil.which(command[0], path=PATHS)
    if program is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        [program, *command[1:]],
        cwd=folder,
        env=os.environ | {"PATH": PATHS, "PARTNER_INSIGHTS_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def expected() -> str:
    """The customers, and the rows of the four answers."""
    world = WorldSettings().world()
    partner = [len(world.rows(f"PartnerLicenses{each}Insights")) for each in ("Deployment", "Usage")]
    customer = [len(world.rows(f"CustomerLicenses{each}Insights", 0)) for each in ("Deployment", "Usage")]
    return " ".join(map(str, [world.customers, *partner, *customer]))


def jars(*names: str) -> str:
    found = [JARS / f"{name}.jar" for name in names]
    if missing := [each.name for each in found if not each.exists()]:
        pytest.skip(f"no {missing[0]} is installed")
    return os.pathsep.join(map(str, found))


def python(folder: Path, url: str) -> str:
    return run(folder, "python", "main.py", url=url)


def typescript(folder: Path, url: str) -> str:
    with_modules(folder)
    run(folder, *TSC, "client.ts", "main.ts")
    return run(folder, "node", "built/main.js", url=url).removesuffix(" well-behaved\n")


def java(folder: Path, url: str) -> str:
    path = jars("jackson-databind", "jackson-core", "jackson-annotations")
    run(folder, *JAVA, f"{path}:.", "Main.java")
    return run(folder, "java", "-cp", f"{path}:out", "Main", url=url)


def csharp(folder: Path, url: str) -> str:
    references = ("-r:System.Net.Http", "-r:System.Runtime.Serialization")
    run(folder, "mcs", *references, "-out:program.exe", "PartnerInsights.cs", "Client.cs", "Program.cs")
    return run(folder, "mono", "program.exe", url=url)


def with_modules(folder: Path) -> None:
    if NODE:
        (folder / "node_modules").symlink_to(Path(NODE).parent, target_is_directory=True)
    if not (folder / "node_modules/@types/node").is_dir():
        pytest.skip("PARTNER_INSIGHTS_NODE_BIN names no folder with typescript, vitest and @types/node")


PROGRAMS: dict[str, Callable[[Path, str], str]] = {
    each.__name__: each for each in (python, typescript, java, csharp)
}


@pytest.mark.parametrize(("folder", "program"), [(name, name) for name in PROGRAMS], indirect=["folder"])
def test_the_program_of_the_page(folder: Path, program: str, fake: RunningFake) -> None:
    """It reads the four operations and all customers, gets over the fault, and is well-behaved."""
    assert PROGRAMS[program](folder, fake.url).strip() == expected()
    with urlopen(f"{fake.url}/_admin/verdict") as verdict:
        assert b'"verdict":"well-behaved"' in verdict.read()
    with urlopen(f"{fake.url}/_admin/journal?status=429") as journal:
        assert b'"status":429' in journal.read()


@pytest.mark.parametrize("folder", ["python"], indirect=True)
def test_pytest_of_the_page(folder: Path) -> None:
    """Its test passes."""
    printed = run(folder, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_insights.py")
    assert "1 passed" in printed


@pytest.mark.parametrize("folder", ["python"], indirect=True)
def test_the_types_of_python_hold(folder: Path) -> None:
    """Module and program pass mypy's strict reading."""
    run(folder, "mypy", "--strict", "--no-site-packages", "--ignore-missing-imports", "main.py")


@pytest.mark.parametrize("folder", ["typescript"], indirect=True)
def test_vitest_of_the_page(folder: Path) -> None:
    """Its test starts a fake of its own and passes."""
    with_modules(folder)
    assert re.search(r"Tests .*1 passed", run(folder, "vitest", "run", "--no-color"))


@pytest.mark.parametrize("folder", ["java"], indirect=True)
def test_junit_of_the_page(folder: Path) -> None:
    """Its test starts a fake of its own and passes."""
    jackson = ("jackson-databind", "jackson-core", "jackson-annotations")
    platform = ("commons", "engine", "launcher", "console", "reporting")
    others = ("opentest4j", "opentest4j-reporting-events", "apiguardian-api", "picocli")
    jupiter = ("junit-jupiter-api", "junit-jupiter-engine")
    path = jars(*jackson, *jupiter, *(f"junit-platform-{each}" for each in platform), *others)
    run(folder, *JAVA, f"{path}:.", "ClientTest.java")
    launcher = "org.junit.platform.console.ConsoleLauncher"
    printed = run(folder, "java", "-cp", f"{path}:out", launcher, "--disable-banner", "-c", "ClientTest")
    assert re.search(r"1 tests successful", printed)


def test_each_page_says_what_of_it_was_run() -> None:
    """A page whose code no test runs says so, and the others what runs them."""
    for name in PROGRAMS:
        assert re.search(r"\bby a test\b|\bA test\b", (PAGES / f"{name}.md").read_text(encoding="utf-8"))
    assert (
        (PAGES / "powershell.md")
        .read_text(encoding="utf-8")
        .splitlines()[2]
        .startswith("Not run by our tests")
    )
    assert {each.stem for each in PAGES.glob("*.md")} == {*PROGRAMS, "powershell", "README"}
