"""Install the lowest versions that pyproject.toml allows, and run the main flows with them.

In a virtual environment of its own, made fresh and thrown away: python .ci/lowest.py
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("parquet", "tls", "dask")
CLIENTS = ("requests", "httpx")
"""Of the extra `dev`: what the fakes in a test's own process are for."""
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(?P<extra>\[[\w,]+\])?>=(?P<version>[\w.]+)(?:;.*)?")

TEST = """
import json
from urllib.request import Request, urlopen

from hypothesis import given, settings

from partner_insights.fixtures import customer_usage, strategies


def test_running_fake(insights_server, insights_token, insights_world):
    headers = {"Authorization": f"Bearer {insights_token}"}
    with urlopen(Request(f"{insights_server.url}/v1/analytics/licenses/usage", headers=headers)) as response:
        assert json.load(response)["items"] == insights_world.rows("PartnerLicensesUsageInsights")


def test_in_process(insights_requests, insights_httpx):
    url = "https://api.partnercenter.microsoft.com/v1/customers"
    assert insights_requests.get(url).json() == insights_httpx.get("/v1/customers").json()


def test_factory():
    assert customer_usage(licensesActive=3)["licensesActive"] == 3


@settings(max_examples=10, deadline=None)
@given(strategies.response("customer-licenses-usage"))
def test_strategy(body):
    assert body["totalCount"] == len(body["items"])
"""
FLOWS = (
    "derive --check",
    "fixtures refresh --check",
    "fixtures write customer-licenses-usage --out {folder}/body.json",
    "check {folder}/body.json --operation customer-licenses-usage",
    "fixtures write world --customers 9 --format parquet --out {folder}/parquet",
    "fixtures write world --customers 9 --parts 2 --workers 2 --format csv --out {folder}/csv",
    "fixtures write world --customers 3 --as har --out {folder}/world.har",
    "check {folder}/world.har --json {folder}/report.json",
    "fixtures invalid Customer --out {folder}/invalid",
    "explain CustomerLicensesUsageInsights.usagePercent",
    "verify --html {folder}/report.html --junit {folder}/report.xml --markdown {folder}/report.md",
)
"""Verbs of the command line; `verify` starts the fake and calls it."""


def lowest(project: dict[str, object]) -> list[str]:
    """`name==version` for each requirement; ValueError for one without a lower bound."""
    optional: dict[str, list[str]] = project["optional-dependencies"]  # type: ignore[assignment]
    required: list[str] = [*project["dependencies"]]  # type: ignore[misc]
    required += [each for extra in EXTRAS for each in optional[extra]]
    required += [each for each in optional["dev"] if each.startswith(CLIENTS)]
    found = []
    for each in required:
        parts = REQUIREMENT.fullmatch(each)
        if parts is None:
            raise ValueError(f"pyproject.toml: {each!r} has no lower bound of the form name>=version")
        found.append(f"{parts['name']}=={parts['version']}")
    return found


def main() -> int:
    """Run everything up to the first command that fails; a yanked version is a failure, too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with tempfile.TemporaryDirectory(prefix="partner-insights-lowest-") as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        constraints = folder / "lowest.txt"
        constraints.write_text("\n".join(lowest(project)) + "\n", encoding="utf-8")
        (folder / "test_lowest.py").write_text(TEST, encoding="utf-8")
        install = f"pip install --quiet --no-input -c {constraints} {ROOT}[{','.join(EXTRAS)}]"
        commands = [
            [*install.split(), *CLIENTS],
            *(["partner_insights", *flow.format(folder=folder).split()] for flow in FLOWS),
            ["pytest", "-q", "-p", "no:cacheprovider", str(folder / "test_lowest.py")],
        ]
        for command in commands:
            print("──", *command, flush=True)
            done = subprocess.run(
                [python, "-P", "-m", *command], cwd=folder, check=False, stderr=subprocess.PIPE, text=True
            )
            print(done.stderr, end="", file=sys.stderr)
            if done.returncode != 0 or "is a yanked version" in done.stderr:
                print(f"lowest: failed ({done.returncode}): {' '.join(command)}", file=sys.stderr)
                return done.returncode or 1
    print("lowest: every flow ran with the lowest versions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
