"""A rule is added as CONTRIBUTING says, with and without a fast check, and everything knows it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("mock_server/partner_insights")
CODE, NAME, MUTANT = "PI230", "named-products", "blank-product"
USAGE = "CustomerLicensesUsageInsights"

FACTORIES = """
from partner_insights.fixtures import ContractBroken, customer_usage

print(customer_usage(productName="A product")["productName"])
try:
    customer_usage(productName=" ")
except ContractBroken as error:
    print(*(each.code for each in error.violations))
"""
RECORDING = """
import json
import pathlib
from partner_insights.fixtures import response

body = response("customer-licenses-usage")
wrong = {**body, "items": [{**body["items"][0], "productName": " "}, *body["items"][1:]]}
lines = map(json.dumps, [body, body, wrong, body, body["items"][0], wrong["items"][0]])
pathlib.Path("recording.ndjson").write_text("\\n".join(lines))
"""
STRATEGY = f"""
from random import Random
from hypothesis import Phase, find, settings
from partner_insights.fixtures import strategies

quick = settings(database=None, max_examples=2000, phases=[Phase.generate])
drawn = strategies.invalid({USAGE!r})
soon = Random(10)  # most seeds take a hundred examples and more, which is seconds
print(find(drawn, lambda each: each.rule == {NAME!r}, settings=quick, random=soon).code)
"""
VERIFY = """
import json
import os
import subprocess
import sys
import urllib.request
from partner_insights.child_server import running_fake

with running_fake("--customers", "3") as fake:
    plan = {"faults": [{"operation": "*", "fault": "blank-product"}], "all": True, "repeat": True}
    request = urllib.request.Request(
        fake.url + "/_admin/faults", json.dumps(plan).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request).close()
    command = ["-m", "partner_insights", "verify", "--url", fake.url, "--profile", "strict"]
    options = ["--max-requests", "40", "--json", "verify.json"]
    environment = os.environ | {"PARTNER_INSIGHTS_TOKEN": fake.token}
    subprocess.run([sys.executable, *command, *options], env=environment, check=False)
"""


def recipe() -> tuple[str, str, str, str, str]:
    """The recipe's code in CONTRIBUTING.md: rule, function, line, fast check, mutant."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text[text.index("**… add a rule.**") : text.index("**… add an operation.**")]
    rule, function, line, fast, mutant = re.findall(r"^```\w+\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    return rule, function, line, fast, mutant


def insert(path: Path, code: str, before: str | None = None) -> None:
    """Put code into a file, before a text that stands there once, or at the end."""
    text = path.read_text(encoding="utf-8")
    if before is None:
        path.write_text(f"{text}\n\n{code}", encoding="utf-8")
    else:
        assert text.count(before) == 1
        path.write_text(text.replace(before, code + before), encoding="utf-8")


RUNS = ("judge alone", "fast check")


@pytest.fixture(scope="module", params=RUNS)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the recipe's rule."""
    project = tmp_path_factory.mktemp("project")
    for name in ("mock_server", "schemas", "fixtures", "contract_tests"):
        shutil.copytree(ROOT / name, project / name)
    rule, function, line, fast, mutant = recipe()
    judge = project / PACKAGE / "verify/judge"
    insert(project / "schemas/rules.toml", rule)
    insert(judge / "rules.py", function)
    if request.param == "fast check":
        insert(judge / "fast_checks.py", fast)
        line = line.replace("fast=None", "fast=fast_checks.named")
    place = '    "partner-groups": SumRule('
    insert(judge / "rule_registry.py", textwrap.indent(line, " " * 4), before=place)
    insert(project / PACKAGE / "mutants/numbers.py", mutant)
    return project


def run(project: Path, *command: object) -> subprocess.CompletedProcess[str]:
    """Run the package of the copy, not the installed one."""
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project / "mock_server")},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_factories_refuse_an_override_that_breaks_it(project: Path) -> None:
    """An override that keeps the new rule is accepted, one that breaks it is named by its code."""
    result = run(project, "-c", FACTORIES)
    assert (result.stdout, result.stderr) == (f"A product\n{CODE}\n", "")


def test_check_reports_it(project: Path) -> None:
    """Of six recorded lines the two that break the rule are reported, behind lines that pass fast."""
    assert run(project, "-c", RECORDING).returncode == 0
    result = run(
        project,
        "-m",
        "partner_insights",
        "check",
        "recording.ndjson",
        "--profile",
        "strict",
        "--json",
        "c.json",
    )
    assert (result.returncode, result.stderr) == (1, "")
    found = violations(project / "c.json")
    assert [(each["code"], each["pointer"], each["request"]["entry"]) for each in found] == [
        (CODE, "/items/0/productName", "line 3"),
        (CODE, "/productName", "line 6"),
    ]


@pytest.mark.parametrize("project", RUNS[:1], indirect=True)  # `verify` never asks the fast check
def test_verify_reports_it(project: Path) -> None:
    """A fake with the new mutant breaks the new rule, for both operations it is about.

    Beside it, the product has no more the name that the newer analytics know it by (PI220).
    """
    result = run(project, "-c", VERIFY)
    assert result.returncode == 0, result.stderr
    found = violations(project / "verify.json")
    told = {(each["code"], each["operation"]) for each in found}
    assert {each for each in told if each[0] != "PI220"} == {
        (CODE, "customer-licenses-deployment"),
        (CODE, "customer-licenses-usage"),
    }


@pytest.mark.parametrize("project", RUNS[:1], indirect=True)
def test_invalid_fixtures_offer_it(project: Path) -> None:
    """`fixtures invalid` writes a row that breaks the new rule, and a strategy draws one."""
    result = run(project, "-m", "partner_insights", "fixtures", "invalid", USAGE, "--out", "invalid")
    assert (result.returncode, result.stderr) == (0, "")
    manifest = json.loads((project / "invalid/manifest.json").read_bytes())
    (entry,) = [each for each in manifest["files"] if each["rule"] == NAME]
    assert (entry["codes"], entry["pointer"], entry["file"]) == ([CODE], "/productName", f"{MUTANT}.json")
    assert json.loads((project / "invalid" / entry["file"]).read_bytes())["productName"] == " "
    drawn = run(project, "-c", STRATEGY)
    assert (drawn.stdout, drawn.returncode) == (f"{CODE}\n", 0), drawn.stderr


def violations(report: Path) -> list[Any]:
    found: list[Any] = json.loads(report.read_bytes())["violations"]
    return found
