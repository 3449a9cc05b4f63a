"""A scenario is added as CONTRIBUTING says: a function and a row, and everything knows it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
ASK = """
import json
from datetime import date
from partner_insights.contract import Catalogue
from partner_insights.server import AuthMode, Settings, create_app
from partner_insights.world import World

catalogue = Catalogue.load()
world = World(catalogue, seed=0, customers=5, as_of=date(2026, 11, 22), percent_scale=100)
client = create_app(world, catalogue, Settings(auth=AuthMode.OFF)).test_client()
path = "/v1/analytics/licenses/deployment"
before = client.get(path).get_json()["items"]
chosen = client.post("/_admin/scenario", json={"scenario": ["no-licences", "bom"]}).get_json()
after = json.loads(client.get(path).data.removeprefix(b"\\xef\\xbb\\xbf"))["items"]
print(json.dumps({"before": before, "after": after, **chosen}))
"""


def recipe() -> list[str]:
    """The pieces of code of the recipe, as they stand in CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text[text.index("add a scenario") :]
    found = re.findall(r"^( *)```python\n(.*?)^ *```", section, re.DOTALL | re.MULTILINE)[:2]
    return [textwrap.dedent(code) for _, code in found]


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder / "mock_server")}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=100
    )


def test_the_recipe_adds_a_scenario(tmp_path: Path) -> None:
    """The new scenario changes the rows, combines, is listed with its line, and `serve --help` names it."""
    for name in ("mock_server", "schemas"):
        shutil.copytree(ROOT / name, tmp_path / name)
    module = tmp_path / "mock_server/partner_insights/server/scenarios.py"
    function, row = recipe()
    text = module.read_text(encoding="utf-8")
    for place, code in (
        ("SCENARIOS: Final", f"{function}\n\n"),
        ("    )\n}\n", textwrap.indent(row.rstrip() + ",\n", " " * 8)),
    ):
        assert text.count(place) == 1
        text = text.replace(place, code + place)
    module.write_text(text, encoding="utf-8")
    result = run("-c", ASK, folder=tmp_path)
    assert result.stderr == ""
    answer = json.loads(result.stdout)
    assert [row | {"licensesSold": 0} for row in answer["before"]] == answer["after"] != answer["before"]
    assert answer["active"] == ["no-licences", "bom"]
    assert {"no-licences": "nobody has sold a licence"}.items() <= {
        each["name"]: each["description"] for each in answer["scenarios"]
    }.items()
    shown = run("-m", "partner_insights", "serve", "--help", folder=tmp_path).stdout
    assert "no-licences" in "".join(shown.split())  # lines are broken at hyphens, too
