"""Laws of `--errata FILE`: a user's errata correct the shipped contract; what is wrong in them is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from partner_insights.cli import main
from partner_insights.verify.options import SuiteOptions

if TYPE_CHECKING:
    from pathlib import Path

ERRATUM = """
[[erratum]]
id = "OWN-1"
title = "workloadName may be 3.14"
standing = "corrected"
reason = "Our partner's service sends numbers."
evidence = ["this test"]
targets = [{ resource = "CustomerLicensesUsageInsights", property = "workloadName" }]
page = "analytics-resources.md"
column = "Type"
cell = "number"
change = { type = ["string", "number"] }
"""


def check(folder: Path, body: Any, errata: str) -> Any:
    (folder / "own.toml").write_text(errata)
    (folder / "body.json").write_text(json.dumps(body))
    return CliRunner().invoke(
        main,
        ["check", str(folder / "body.json"), "--errata", str(folder / "own.toml"), "--profile", "strict"],
    )


def test_an_erratum_of_ones_own_is_applied(tmp_path: Path, good: Any) -> None:
    """What it allows is no violation any more; all else is judged as before."""
    body = good("customer-licenses-usage")
    body["items"][0]["workloadName"] = 3.14
    assert CliRunner().invoke(main, ["check", str(tmp_path)]).exit_code == 2
    result = check(tmp_path, body, ERRATUM)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    body["items"][0]["channel"] = 7
    result = check(tmp_path, body, ERRATUM)
    assert (result.exit_code, "PI101" in result.stdout) == (1, True)


def test_the_suite_goes_by_it(tmp_path: Path) -> None:
    """As an option of `verify` and of pytest: the catalogue has the erratum and what it changes."""
    (tmp_path / "own.toml").write_text(ERRATUM)
    options = SuiteOptions(errata=str(tmp_path / "own.toml"))
    assert f"--insights-errata={tmp_path / 'own.toml'}" in options.arguments()
    catalogue = options.catalogue("strict")  # type: ignore[arg-type]
    assert "OWN-1" in catalogue.errata
    schema = catalogue.schema("CustomerLicensesUsageInsights")["properties"]["workloadName"]
    assert schema["type"] == ["string", "number"]


@pytest.mark.parametrize(
    ("errata", "said"),
    [
        (ERRATUM.replace("OWN-1", "E-001"), "is the id of a shipped erratum"),
        (ERRATUM.replace('cell = "number"', 'cell = "text"'), "OWN-1"),
        ("", "holds no"),
        ("[[erratum]", "is not valid TOML"),
        (ERRATUM.replace("evidence = [", "evidences = ["), "OWN-1"),
    ],
)
def test_an_erratum_that_does_not_fit_is_told(tmp_path: Path, good: Any, errata: str, said: str) -> None:
    """Exit 2 and one line: an id that is taken, a cell that reads otherwise, a file that is none."""
    result = check(tmp_path, good("customer-licenses-usage"), errata)
    assert result.exit_code == 2
    assert said in result.stderr
