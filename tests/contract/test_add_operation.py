"""An operation is added as CONTRIBUTING says: a table and a row of data, and everything knows it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ID, PATH = "customer-tickets", "/v1/customers/{customer-id}/tickets"
ASK = """
import json
from datetime import date
from partner_insights.contract import Catalogue
from partner_insights.fixtures import response
from partner_insights.server import AuthMode, Settings, create_app
from partner_insights.world import World

catalogue = Catalogue.load()
world = World(catalogue, seed=0, customers=5, as_of=date(2026, 11, 22), percent_scale=100)
client = create_app(world, catalogue, Settings(auth=AuthMode.OFF)).test_client()
answer = client.get(f"/v1/customers/{world.customer_id(0)}/tickets")
again = client.get(f"/v1/customers/{world.customer_id(0)}/tickets")
print(json.dumps([answer.status_code, answer.get_json(), again.get_json(), response("customer-tickets")]))
"""
WRITE_AND_CHECK = """
import re
from pathlib import Path
from click.testing import CliRunner
from partner_insights.cli import main

def ended(*arguments):
    return CliRunner().invoke(main, arguments).exit_code

written = ended("fixtures", "write", "customer-tickets", "--out", "tickets.json")
right = ended("check", "tickets.json")
recorded = Path("tickets.json")
recorded.write_text(re.sub('"(Open|Closed)"', '"Lost"', recorded.read_text(encoding="utf-8"), count=1))
print([written, right, ended("check", "tickets.json", "--json", "report.json")])
"""


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run the package of the copy, not the installed one."""
    environment = os.environ | {"PYTHONPATH": str(folder / "mock_server")}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the recipe's operation, derived anew."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("mock_server", "schemas", "fixtures", "contract_tests"):
        shutil.copytree(ROOT / name, folder / name)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text[text.index("**… add an operation.**") : text.index("**… add a scenario.**")]
    table, operation = re.findall(r"^```\w+\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    for path, added in (("tables/customer-resources.md", table), ("operations.toml", operation)):
        with (folder / "schemas" / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{added}")
    derived = run(folder, "-m", "partner_insights", "derive")
    assert derived.returncode == 0, derived.stderr
    return folder


def test_the_description_has_it(project: Path) -> None:
    """The OpenAPI description has its path, and its rows with every property of the table."""
    described = json.loads((project / "schemas/openapi.json").read_text(encoding="utf-8"))
    assert PATH in described["paths"]
    schema = json.loads((project / "schemas/SupportTicket.schema.json").read_text(encoding="utf-8"))
    assert schema["properties"]["state"]["enum"] == ["Open", "Closed"]


def test_the_fake_and_the_fixtures_know_it(project: Path) -> None:
    """The fake answers it with rows of its schema, the same each time; a fixture of it can be had."""
    result = run(project, "-c", ASK)
    assert result.returncode == 0, result.stderr
    status, body, again, fixture = json.loads(result.stdout)
    assert (status, body) == (200, again)
    for each in (body, fixture):
        assert each["totalCount"] == len(each["items"]) > 0
        assert {row["state"] for row in each["items"]} <= {"Open", "Closed"}


def test_check_judges_it(project: Path) -> None:
    """A recorded response of it is judged by its table: a state that the table does not have is an error."""
    judged = run(project, "-c", WRITE_AND_CHECK)
    assert judged.stdout == "[0, 0, 1]\n", judged.stderr
    (found,) = json.loads((project / "report.json").read_text(encoding="utf-8"))["violations"]
    assert found["pointer"].endswith("/state")


def test_the_suite_asks_it(project: Path) -> None:
    """The contract suite has tests of the new operation, and the fake passes them."""
    judged = run(project, "-m", "pytest", "-q", "contract_tests", "-k", ID, "-p", "no:cacheprovider")
    assert judged.returncode == 0, judged.stdout + judged.stderr
    passed = re.search(r"(\d+) passed", judged.stdout)
    assert passed is not None
    assert int(passed[1]) >= 5
