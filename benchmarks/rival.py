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
    from partner_insights.child_server import RunningFake

TIMEOUT = 600
"""Seconds for one run."""

SLOW = "(did not end)"

ERROR = "error: "
"""Before what the tool reports as an error, such as a request without an answer."""


@dataclass
class Rival:
    """Schemathesis at a command, with a folder of its own."""

    command: str
    options: tuple[str, ...] = ()
    """For every run."""
    _learnt: set[frozenset[str]] = field(default_factory=set)
    baseline: list[str] = field(default_factory=list)
    """What it reports of a fake without a mutant: false alarms, or gaps in our description."""

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

    def learn(self, fake: RunningFake, operations: frozenset[str]) -> None:
        """Accept what it reports of these operations of a fake without a mutant; once for them."""
        description = self._folder / "openapi.json"
        if not description.exists():
            description.write_text(json.dumps(_description(fake)), encoding="utf-8")
        if operations not in self._learnt:
            self._learnt.add(operations)
            found = self._run(fake, operations, "--baseline-update", "--continue-on-failure")
            self.baseline = sorted({*self.baseline, *found})

    def judge(self, fake: RunningFake, operations: frozenset[str]) -> list[str]:
        """The checks that failed at one of the operations; `SLOW` alone where it ran out of time.

        Where an error is all it reports it is asked again: on a busy machine its requests run out of time.
        """
        try:
            found = self._run(fake, operations, "--max-failures", "1")
            if found and all(kind.startswith(ERROR) for kind in found):
                found = self._run(fake, operations, "--max-failures", "1")
        except subprocess.TimeoutExpired:
            found = [SLOW]
        return found

    def _run(self, fake: RunningFake, operations: frozenset[str], *options: str) -> list[str]:
        """One run, which knows nothing of those before it but their baseline."""
        for memory in (".schemathesis", ".hypothesis/examples"):
            shutil.rmtree(self._folder / memory, ignore_errors=True)
        only = [word for name in sorted(operations) for word in ("--include-operation-id", name)]
        report = self._folder / "report.json"
        report.unlink(missing_ok=True)
        subprocess.run(
            [
                *(self._command, "run", "openapi.json", "--url", fake.url, "--checks", "all", "--no-shrink"),
                *("--header", f"Authorization: Bearer {fake.token}", "--seed", "1"),
                *("--baseline", "baseline"),
                *("--report", "json", "--report-json-path", str(report), *self.options, *options, *only),
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
    kinds |= {f"{ERROR}{error.get('title', error.get('type'))}" for error in report["errors"]}
    return sorted(kinds)
