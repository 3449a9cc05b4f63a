"""A report format is added as CONTRIBUTING says, and `verify` writes it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REPORT = Path("mock_server/partner_insights/verify/report")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the recipe's module and line."""
    project = tmp_path_factory.mktemp("project")
    for name in ("mock_server", "schemas", "fixtures", "contract_tests", "docs"):
        shutil.copytree(ROOT / name, project / name)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text[text.index("**… add a report format.**") : text.index("**… add a verb.**")]
    module, line = re.findall(r"^```python\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    (project / REPORT / "tap.py").write_text(module, encoding="utf-8")
    registry = project / REPORT / "formats.py"
    text = registry.read_text(encoding="utf-8")
    for place, code in (
        (
            "from partner_insights.verify.report.verdict",
            "from partner_insights.verify.report.tap import tap\n",
        ),
        ('    "github": ReportFormat(', textwrap.indent(line, " " * 4)),
    ):
        assert text.count(place) == 1
        text = text.replace(place, code + place)
    registry.write_text(text, encoding="utf-8")
    return project


def run(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run the package of the copy, not the installed one."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project / "mock_server")},
        capture_output=True,
        text=True,
        timeout=200,
    )


def test_verify_writes_the_new_format(project: Path) -> None:
    """The file holds a line for each test of the suite, those that were tried among them."""
    result = run(project, "-m", "partner_insights", "verify", "--max-requests", "12", "--tap", "report.tap")
    assert result.returncode == 0, result.stderr
    version, plan, *lines = (project / "report.tap").read_text(encoding="utf-8").splitlines()
    assert (version, plan) == ("TAP version 13", f"1..{len(lines)}")
    assert any(re.fullmatch(r"ok \d+ - test_an_operation_answers.*\]", line) for line in lines)
    assert all(line.startswith("ok ") for line in lines)


def test_a_file_that_cannot_be_written_is_refused_before_the_run(project: Path) -> None:
    """The new option is checked as all are: exit 2 at once, naming the file."""
    result = run(project, "-m", "partner_insights", "verify", "--tap", "nowhere/report.tap")
    assert (result.returncode, "nowhere/report.tap" in result.stderr) == (2, True)


def test_reference_of_the_options_names_it(project: Path) -> None:
    """The help of `verify` lists the format, so docs/cli.md is written again."""
    page = project / "docs/cli.md"
    assert "--tap FILE" not in page.read_text(encoding="utf-8")
    assert run(project, "docs/cli_reference.py").returncode == 0
    assert "--tap FILE" in page.read_text(encoding="utf-8")
