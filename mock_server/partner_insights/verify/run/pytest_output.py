"""What `pytest contract_tests` shows: a broken contract in a few lines, and the warnings in a section."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from partner_insights.contract import Severity
from partner_insights.verify.judge.violation import pointer_pattern, shortened
from partner_insights.verify.report.verdict import counted
from partner_insights.verify.run.results import ContractViolated, Results

if TYPE_CHECKING:
    from collections.abc import Generator

    from partner_insights.verify.judge.violation import Violation

RESULTS: Final = pytest.StashKey[Results]()
"""Where the suite's fixture leaves what was found."""


@dataclass(frozen=True)
class _Crash:
    """What the last lines of pytest say of a failure."""

    message: str
    path: str = ""
    lineno: int = 0


class FewLines:
    """A failure as pytest prints it, without the frames of the suite: they say nothing of the service."""

    def __init__(self, failure: ContractViolated) -> None:
        self.text = str(failure)
        first = failure.violations[0]
        self.code = first.code
        place = " ".join(part for part in (first.operation, first.pointer) if part)
        self.reprcrash = _Crash(shortened(f"{first.code} {place}: {first.message}"))

    def toterminal(self, terminal: object) -> None:
        """Print it."""
        for line in self.text.splitlines():
            terminal.line(line)  # type: ignore[attr-defined]

    def __str__(self) -> str:
        return self.text


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A broken contract is told in its own words."""
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, ContractViolated):
        report.longrepr = FewLines(call.excinfo.value)  # type: ignore[assignment]
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """The code beside the word FAILED: behind the name of a test, a narrow terminal has no room for it."""
    if report.failed and isinstance(report.longrepr, FewLines):
        return "failed", "F", f"FAILED {report.longrepr.code}"
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The warnings, which fail no test and would be seen nowhere else; and what was not tried, and why."""
    results = config.stash.get(RESULTS, None)
    if results is None:
        return
    warnings = [each for each in results.violations if each.severity is Severity.WARNING]
    if warnings:
        terminalreporter.section("warnings of the contract")
        for each in warnings:
            terminalreporter.line(_line(each))
    reasons = Counter(_reason(each) for each in terminalreporter.stats.get("skipped", ()))
    if reasons:
        terminalreporter.section("not tried")
        for reason, number in reasons.most_common():
            terminalreporter.line(f"{counted(number, 'test')}: {reason}")
    if results.stopped is not None:
        terminalreporter.section("stopped early")
        terminalreporter.line(results.stopped)


def _reason(report: pytest.TestReport) -> str:
    """Why a test was skipped: pytest has it behind the place of the code that said so."""
    skipped = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return skipped.removeprefix("Skipped: ")


def _line(violation: Violation) -> str:
    place = " ".join(part for part in (violation.operation, pointer_pattern(violation.pointer)) if part)
    return f"{violation.code} {place}: {violation.message}"
