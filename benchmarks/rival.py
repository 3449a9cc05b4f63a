"""Schemathesis, called on a running fake with our OpenAPI description → the checks that failed.

It is given what a careful user would give it: the description, an App+User token, and the id of a customer
that exists, as the example of the path's parameter. Then it runs with all its checks, its other settings as
they come.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from partner_insights.running import RunningFake

TIMEOUT = 600
QUICK_TIMEOUT = 180
"""Seconds for one run, of which there is one a mutant."""

SLOW = "(did not end)"

QUICK = ("--max-examples", "10", "--no-shrink", "--phases", "examples,coverage,fuzzing")


class Rival:
    """Schemathesis at a command."""

    def __init__(self, command: str, *, quick: bool = False) -> None:
        found = shutil.which(command)
        if found is None:
            raise SystemExit(
                f"there is no command {command!r}; benchmarks/README.md says how to get Schemathesis"
            )
        self._command = str(Path(found).absolute())  # it is run from another folder
        self._options = QUICK if quick else ()
        self._timeout = QUICK_TIMEOUT if quick else TIMEOUT
        self._description = ""
        self.baseline: frozenset[str] = frozenset()
        version = subprocess.run([self._command, "--version"], capture_output=True, text=True, check=True)
        self.version = version.stdout.strip()

    def learn(self, fake: RunningFake) -> None:
        """What it reports of a fake without a mutant: false alarms, or gaps in our description."""
        self._description = json.dumps(_description(fake))
        self.baseline = self._failures(fake)

    def judge(self, fake: RunningFake) -> list[str]:
        """The checks that failed at some operation, and did not on the fake without a mutant.

        `SLOW` alone where it ran out of time, and nothing can be told.
        """
        try:
            fresh = self._failures(fake) - self.baseline
        except subprocess.TimeoutExpired:
            return [SLOW]
        return sorted({failure.partition(" ")[0] for failure in fresh})

    def _failures(self, fake: RunningFake) -> frozenset[str]:
        with tempfile.TemporaryDirectory(prefix="partner-insights-") as scratch:
            folder = Path(scratch)
            description = folder / "openapi.json"
            report = folder / "report.json"
            description.write_text(self._description, encoding="utf-8")
            subprocess.run(
                [
                    *(self._command, "run", str(description), "--url", fake.url),
                    *("--checks", "all", "--continue-on-failure"),
                    *("--header", f"Authorization: Bearer {fake.token}", "--seed", "1"),
                    *("--report", "json", "--report-json-path", str(report), *self._options),
                ],
                cwd=folder,
                capture_output=True,
                timeout=self._timeout,
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


def failures(report: Any) -> frozenset[str]:
    """Each check of a JSON report that failed, with the operation it failed at; `Stateful tests` is one."""
    return frozenset(
        f"{failure['type']} {operation}"
        for failure in report["failures"]
        for operation in failure["operations"]
    )
