"""A finished run or a set of recordings → its verdict, its exit code and the JSON report."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from partner_insights.contract import Profile, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from partner_insights.verify.judge.violation import Observation, Violation
    from partner_insights.verify.report.baseline import Comparison


MAX_REASONS = 3
"""Reasons for which tests were skipped that a line has room for."""


class Verdict(StrEnum):
    """What a run says of the contract."""

    HELD = "held"
    BROKEN = "broken"
    UNTESTED = "untested"

    @property
    def exit_code(self) -> int:
        """0 held, 1 a violation, 2 nothing was tested."""
        return {Verdict.HELD: 0, Verdict.BROKEN: 1, Verdict.UNTESTED: 2}[self]


_SENTENCES = {
    Verdict.HELD: "The contract held",
    Verdict.BROKEN: "The contract was broken",
    Verdict.UNTESTED: "The contract was not tested",
}


@dataclass(frozen=True)
class Judgement:
    """What the reports say, whatever their form."""

    profile: Profile
    target: str
    requests: int
    operations: tuple[str, ...]
    violations: tuple[Violation, ...]
    observations: tuple[Observation, ...]
    tested: bool
    comparison: Comparison | None = None
    """Against a baseline, where one was given: `violations` are then the new ones alone."""
    stopped: str | None = None
    """Why the run ended before its end; then the rest was not tried."""
    tests: Mapping[str, int] = field(default_factory=dict)
    """How many tests had which outcome; empty for recordings."""
    not_tried: Mapping[str, int] = field(default_factory=dict)
    """How many of them were skipped for which reason."""

    @property
    def verdict(self) -> Verdict:
        """Broken by any error or expired baseline entry; held only where something was tested."""
        if any(violation.severity is Severity.ERROR for violation in self.violations):
            return Verdict.BROKEN
        if self.comparison is not None and self.comparison.expired:
            return Verdict.BROKEN
        return Verdict.HELD if self.tested else Verdict.UNTESTED

    @property
    def tally(self) -> str:
        """How many violations of each severity, in words."""
        return tally(self._counts)

    @property
    def headline(self) -> str:
        """The verdict in words: a run that ended early has not held the rest."""
        partly = self.verdict is Verdict.HELD and self.stopped is not None
        return f"{self.verdict.value} as far as it was tried" if partly else self.verdict.value

    @property
    def sentence(self) -> str:
        """The same as a sentence."""
        partly = self.headline.removeprefix(self.verdict.value)
        return f"{_SENTENCES[self.verdict]}{partly}"

    def _of_run(self) -> dict[str, Any]:
        """What recordings have not: tests, and an end before the end."""
        findings = {severity.value: self._counts.get(severity, 0) for severity in Severity}
        return {
            "stopped": self.stopped,
            "tests": dict(self.tests),
            "notTried": dict(self.not_tried),
            "findings": findings,
        }

    @property
    def _counts(self) -> Counter[Severity]:
        return Counter(violation.severity for violation in self.violations)

    def to_json(self) -> dict[str, Any]:
        """The report of `--json`."""
        return {
            "verdict": self.verdict.value,
            "profile": self.profile.value,
            "target": self.target,
            "requests": self.requests,
            "operations": list(self.operations),
            **(self._of_run() if self.tests else {}),
            "violations": [violation.to_json() for violation in self.violations],
            "observations": [observation.to_json() for observation in self.observations],
            **({"baseline": self.comparison.to_json()} if self.comparison is not None else {}),
        }


def tally(severities: Mapping[Severity, int]) -> str:
    """How many violations of each severity, in words."""
    errors, warnings = severities.get(Severity.ERROR, 0), severities.get(Severity.WARNING, 0)
    return f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"


def not_tried_lines(reasons: Mapping[str, int]) -> Iterator[str]:
    """Why tests were skipped, in words: the most common reasons, and how many there are for others."""
    for reason, number in list(reasons.items())[:MAX_REASONS]:
        yield f"{counted(number, 'test')} not tried: {reason}"
    others = sum(list(reasons.values())[MAX_REASONS:])
    if others:
        yield f"{counted(others, 'test')} not tried for other reasons"


def counted(number: int, noun: str) -> str:
    """A number of things, in words: 1 error, 2 errors."""
    return f"{number} {noun_for(number, noun)}"


def noun_for(number: int, noun: str) -> str:
    """The noun as it stands behind a number: error after 1, errors after any other."""
    return noun if number == 1 else f"{noun}s"


def json_report(judgement: Judgement) -> str:
    """The text of the JSON report."""
    return json.dumps(judgement.to_json(), indent=2, ensure_ascii=False) + "\n"
