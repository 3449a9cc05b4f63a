"""Schemathesis, called on a running fake with our OpenAPI description → the checks that failed.

It is given what a careful user would give it: the description, an App+User token, and the id of a customer
that exists, as the example of the path's parameter. What it reports of the fake without a mutant is its
baseline (its own option); after that a run ends at the first failure that is not in it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_insights.child_server import RunningFake

TIMEOUT = 300
"""Seconds for one run, of which there are as many a mutant as columns."""

SLOW = "(did not end)"

COLUMNS = {"Schemathesis": (), "all checks": ("--checks", "all")}
"""Title → the options of a run: as it comes, and with every check it has switched on."""


@dataclass
class Rival:
    """Schemathesis at a command, with a folder of its own."""

    command: str
    options: tuple[str, ...] = ()
    """For every run, beside those of the column."""
    baseline: dict[str, list[str]] = field(default_factory=dict)
    """Column → what it reports of a fake without a mutant: false alarms, or gaps in our description."""

    def __post_init__(self) -> None:
        found = shutil.which(self.command)
        if found is None:
            raise SystemExit(
                f"there is no command {self.command!r}; benchmarks/README.md says how to get Schemathesis"
            )
        self._command = str(Path(found).absolute())  # it is run from another folder
        self._scratch = tempfile.TemporaryDirectory(prefix="partner-insights-")
        self._folder = Path(self._scratch.name)
        version = subprocess.run([self._command, "--version"], capture_output=True, text=True, check=True)
        self.version = version.stdout.strip()

    def learn(self, fake: RunningFake) -> None:
        """Accept what it reports of this fake without a mutant."""
        (self._folder / "openapi.json").write_text(json.dumps(_description(fake)), encoding="utf-8")
        for column in COLUMNS:
            self.baseline[column] = self._run(fake, column, "--baseline-update", "--continue-on-failure")

    def judge(self, fake: RunningFake, operations: Iterable[str]) -> dict[str, list[str]]:
        """Column → the checks that failed at one of the operations; `SLOW` alone where it ran out of time."""
        only = [word for name in sorted(operations) for word in ("--include-operation-id", name)]
        verdict = {}
        for column in COLUMNS:
            try:
                verdict[column] = self._run(fake, column, "--max-failures", "1", *only)
            except subprocess.TimeoutExpired:
                verdict[column] = [SLOW]
        return verdict

    def _run(self, fake: RunningFake, column: str, *options: str) -> list[str]:
        report = self._folder / "report.json"
        report.unlink(missing_ok=True)
        subprocess.run(
            [
                *(self._command, "run", "openapi.json", "--url", fake.url, *COLUMNS[column]),
                *("--header", f"Authorization: Bearer {fake.token}", "--seed", "1"),
                *("--baseline", f"{column}.baseline".replace(" ", "-")),
                *("--report", "json", "--report-json-path", str(report), *self.options, *options),
            ],
            cwd=self._folder,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,  # 1 is what we hope for
        )
        return failures(json.loads(report.read_text(encoding="utf-8")))


def _description(fake: RunningFake) -> Any:
    """Our description, with the id of the first customer."""
    with urllib.request.urlopen(f"{fake.url}/openapi.json") as answer:
        description = json.load(answer)
    request = urllib.request.Request(
        f"{fake.url}/v1/customers?size=1", headers={"Authorization": f"Bearer {fake.token}"}
    )
    with urllib.request.urlopen(request) as answer:
        customer = json.load(answer)["items"][0]["id"]
    for path in description["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if parameter.get("name") == "customer-id":
                    parameter["example"] = customer
    return description


def failures(report: Any) -> list[str]:
    """The kinds of failure of a JSON report, and of errors, which are of the tool itself."""
    kinds = {failure["type"] for failure in report["failures"]}
    kinds |= {f"error: {error.get('title', error.get('type'))}" for error in report["errors"]}
    return sorted(kinds)
