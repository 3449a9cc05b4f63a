"""A finished run → the one value that every form of report is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from partner_insights.contract import Catalogue, Severity
from partner_insights.verify.report.causes import causes
from partner_insights.verify.report.coverage import CellState, coverage, state_counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.verify.judge.violation import Violation, ViolationKey
    from partner_insights.verify.report.baseline import Comparison
    from partner_insights.verify.report.causes import Cause
    from partner_insights.verify.report.census import Census
    from partner_insights.verify.report.coverage import PropertyCoverage
    from partner_insights.verify.report.verdict import Judgement
    from partner_insights.verify.run.suite import Run, TestResult


@dataclass(frozen=True)
class Report:
    """What a run found, with all that explains it."""

    judgement: Judgement
    summary: str
    catalogue: Catalogue
    counts: Mapping[ViolationKey, int]
    """How often each kind of violation was seen."""
    seen: Mapping[ViolationKey, str]
    """In how many answers, in words."""
    coverage: tuple[PropertyCoverage, ...]
    census: Census
    tests: tuple[TestResult, ...]

    @property
    def comparison(self) -> Comparison | None:
        """The violations held against a baseline, where one was given."""
        return self.judgement.comparison

    @property
    def errors(self) -> int:
        """Violations that break the contract."""
        return sum(each.severity is Severity.ERROR for each in self.judgement.violations)

    @property
    def warnings(self) -> int:
        """Violations of what we only assume."""
        return len(self.judgement.violations) - self.errors

    @property
    def groups(self) -> list[tuple[str, list[Cause]]]:
        """The causes by their code, errors first."""
        found: dict[str, list[Cause]] = {}
        for cause in causes(self.judgement.violations):
            found.setdefault(cause.first.code, []).append(cause)
        return list(found.items())

    @property
    def shares(self) -> list[tuple[str, dict[CellState, int]]]:
        """Per resource, how many cells are in each state."""
        resources = dict.fromkeys(row.resource for row in self.coverage)
        return [
            (each, state_counts(row for row in self.coverage if row.resource == each)) for each in resources
        ]

    def erratum(self, violation: Violation) -> str:
        """The erratum behind a violation, in words; empty where there is none."""
        known = self.catalogue.errata.get(violation.erratum or "")
        return f"{known.id}: {known.title}" if known is not None else violation.erratum or ""


def report_of(run: Run, judgement: Judgement) -> Report:
    """The report of a run whose violations were held against a baseline, or were not."""
    found = run.results.violations
    return Report(
        judgement=judgement,
        summary=run.summary,
        catalogue=run.catalogue,
        counts=run.results.counts,
        seen=run.results.seen,
        coverage=tuple(coverage(run.catalogue, run.results.census, found)),
        census=run.results.census,
        tests=tuple(run.tests),
    )
