"""Everything generated and committed is what generating it again gives."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "partner_insights"]


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the tree with a data folder each to spoil, and the package run from it."""
    for name in ("mock_server", "schemas", "fixtures", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)  # with their bytecode
    return tmp_path


def run_in(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the package of the copy, not the installed one."""
    begin = f"import sys; sys.path.insert(0, {str(checkout / 'mock_server')!r}); "
    if command[0] == "partner_insights":
        begin += (
            "import runpy; sys.argv[1:] = {!r}; runpy.run_module('partner_insights', run_name='__main__')"
        )
    else:
        begin += f"import runpy; sys.argv[1:] = {{!r}}; runpy.run_path({command[0]!r}, run_name='__main__')"
    return run(sys.executable, "-c", begin.format(list(command[1:])), cwd=checkout)


def test_schemas_are_derived() -> None:
    """The committed schemas and OpenAPI description are what the tables give: `derive --check`."""
    result = run(*PROGRAM, "derive", "--check")
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("name", ["CustomerLicensesUsageInsights.schema.json", "openapi.json"])
def test_edited_derived_file_is_found(checkout: Path, name: str) -> None:
    """`derive --check` exits 1 and names the file when a derived file was edited by hand."""
    path = checkout / "schemas" / name
    path.write_text(path.read_text(encoding="utf-8").replace("string", "number", 1), encoding="utf-8")
    result = run_in(checkout, "partner_insights", "derive", "--check")
    assert result.returncode == 1, result.stderr
    assert name in result.stdout


def test_reference_is_what_help_says() -> None:
    """docs/cli.md is the command line's own help."""
    result = run(sys.executable, "docs/cli_reference.py", "--check")
    assert (result.returncode, result.stderr) == (0, "")


def test_stale_reference_is_found(checkout: Path) -> None:
    """A reference that no longer is what `--help` says exits 1 and names the command that renews it."""
    with (checkout / "docs" / "cli.md").open("a", encoding="utf-8") as page:
        page.write("more\n")
    result = run_in(checkout, "docs/cli_reference.py", "--check")
    assert result.returncode == 1
    assert "run python docs/cli_reference.py" in result.stderr


def words_of(svg: str) -> str:
    """What a picture of a terminal says, however the drawing library draws it."""
    return " ".join(html.unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", svg, flags=re.DOTALL)).split())


def test_picture_shows_what_the_command_prints(tmp_path: Path) -> None:
    """The README's picture says what the command in it prints today."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    result = run(sys.executable, str(tmp_path / "docs" / "picture.py"))
    assert result.returncode == 0, result.stderr
    committed, fresh = (
        words_of((root / "docs" / "images" / "check.svg").read_text(encoding="utf-8"))
        for root in (ROOT, tmp_path)
    )
    assert "erratum E-001 says string" in committed
    assert committed == fresh


def test_other_words_in_a_picture_are_found() -> None:
    """Pictures that say something else differ, those that draw the same words otherwise do not."""
    assert words_of("<style>a</style><text x='1'>you&#160;sent</text><text>3.14</text>") == "you sent 3.14"
    assert words_of("<text>you sent</text> <g>3.14</g>") == "you sent 3.14"
    assert words_of("<text>you sent</text> <g>3.15</g>") != "you sent 3.14"
