"""Everything a run of the suite saw: violations and observations, each kind of them once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from partner_insights.contract import Severity
from partner_insights.verify.report.causes import causes
from partner_insights.verify.report.census import Census
from partner_insights.verify.report.verdict import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_insights.verify.judge.violation import Observation, Violation, ViolationKey
    from partner_insights.verify.report.causes import Cause


class ContractViolated(AssertionError):
    """A request was not answered as the contract says; the message names every cause once."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        super().__init__()
        self.violations = tuple(violations)

    def __str__(self) -> str:
        return "\n".join(map(_lines, causes(self.violations)))


def _lines(cause: Cause) -> str:
    violation = cause.first
    place = f" at {violation.pointer}" if violation.pointer else ""
    more = f" and {counted(len(cause.others), 'more place')}" if cause.others else ""
    return f"{violation.code}{place}{more}: {violation.message}\n    {violation.request.curl}"


@dataclass
class Occurrence:
    """The simplest occurrence of a violation, and how often it was seen."""

    violation: Violation
    count: int = 0
    answers: int = 0
    """How many answers it was in."""


@dataclass
class Results:
    """What was sent and what was found; deduplicated by code, operation and pointer without its indexes."""

    requests: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    """How many answers of each operation, or of no operation, were read."""
    operations: set[str] = field(default_factory=set)
    """The operations that answered at least one request that could be judged."""
    customers: set[str] = field(default_factory=set)
    occurrences: dict[ViolationKey, Occurrence] = field(default_factory=dict)
    observations: dict[ViolationKey, Observation] = field(default_factory=dict)
    census: Census = field(default_factory=Census)
    stopped: str | None = None
    """Why the run ended before its end."""
    too_few_requests: str | None = None
    """Where a test was left out for that, and others went on."""
    token_lost: bool = False
    """Whether that was for the token, which was refused all at once: then nobody knows the rest."""

    def add(self, violations: Iterable[Violation]) -> None:
        """Keep each kind of violation of one answer once, in its simplest form."""
        here: set[ViolationKey] = set()
        for violation in violations:
            known = self.occurrences.setdefault(violation.key, Occurrence(violation))
            known.count += 1
            known.answers += violation.key not in here
            here.add(violation.key)
            if _complexity(violation) < _complexity(known.violation):
                known.violation = violation

    def observe(self, observations: Iterable[Observation]) -> None:
        """Keep each kind of observation once."""
        for observation in observations:
            self.observations.setdefault(observation.key, observation)

    @property
    def violations(self) -> list[Violation]:
        """Errors first, then by code, operation and place."""
        found = (occurrence.violation for occurrence in self.occurrences.values())
        return sorted(found, key=lambda violation: (violation.severity is not Severity.ERROR, violation.key))

    @property
    def counts(self) -> dict[ViolationKey, int]:
        """How often each kind of violation was seen."""
        return {place: occurrence.count for place, occurrence in self.occurrences.items()}

    @property
    def seen(self) -> dict[ViolationKey, str]:
        """In how many answers each kind of violation was seen, in words: 9 of 14 answers."""
        return {
            place: f"{occurrence.answers} of {max(occurrence.answers, self.answers[place[1]])} answers"
            for place, occurrence in self.occurrences.items()
        }


def _complexity(violation: Violation) -> tuple[bool, int, int, str, str]:
    """An error before a warning, then the shorter request; ties are broken the same way every time."""
    curl = violation.request.curl
    warns = violation.severity is not Severity.ERROR
    return warns, len(curl), len(violation.pointer), curl, violation.pointer
