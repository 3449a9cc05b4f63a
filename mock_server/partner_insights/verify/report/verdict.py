"""A finished run or a set of recordings → its verdict, its exit code and the JSON report."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partner_insights.contract import Profile, Severity
from partner_insights.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from partner_insights.verify.judge.violation import Observation, Violation
    from partner_insights.verify.report.baseline import Comparison


class Verdict(StrEnum):
    """What a run says of the contract."""

    HELD = "held"
    BROKEN = "broken"
    UNTESTED = "untested"

    @property
    def exit_code(self) -> int:
        """0 held, 1 a violation, 2 nothing was tested."""
        return {Verdict.HELD: 0, Verdict.BROKEN: 1, Verdict.UNTESTED: 2}[self]


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
        return tally(Counter(violation.severity for violation in self.violations))

    def to_json(self) -> dict[str, Any]:
        """The report of `--json`."""
        return {
            "verdict": self.verdict.value,
            "profile": self.profile.value,
            "target": self.target,
            "requests": self.requests,
            "operations": list(self.operations),
            "violations": [violation.to_json() for violation in self.violations],
            "observations": [observation.to_json() for observation in self.observations],
            **({"baseline": self.comparison.to_json()} if self.comparison is not None else {}),
        }


def tally(severities: Mapping[Severity, int]) -> str:
    """How many violations of each severity, in words."""
    errors, warnings = severities.get(Severity.ERROR, 0), severities.get(Severity.WARNING, 0)
    return f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"


def counted(number: int, noun: str) -> str:
    """A number of things, in words: 1 error, 2 errors."""
    return f"{number} {noun_for(number, noun)}"


def noun_for(number: int, noun: str) -> str:
    """The noun as it stands behind a number: error after 1, errors after any other."""
    return noun if number == 1 else f"{noun}s"


def write_json(path: Path, judgement: Judgement) -> None:
    """Write the JSON report."""
    write_report(path, json.dumps(judgement.to_json(), indent=2, ensure_ascii=False) + "\n")


def write_report(path: Path, text: str) -> None:
    """Write a report aside and put it in its place whole; InputError where that cannot be done."""
    aside: str | None = None
    try:
        handle, aside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        Path(aside).chmod(0o666 & ~umask)  # a temporary file is its owner's alone; a report is not
        Path(aside).replace(path)
    except OSError as error:
        if aside is not None:
            Path(aside).unlink(missing_ok=True)
        raise InputError(
            f"the report cannot be written ({error.strerror or error})", where=str(path)
        ) from error


def ensure_writable(paths: Iterable[Path | None]) -> None:
    """InputError, before a long run, where a report could not be written after it."""
    for path in paths:
        if path is not None and (path.is_dir() or not os.access(path.parent, os.W_OK)):
            raise InputError(
                "the report cannot be written there",
                where=str(path),
                remedy="name a file in a folder that exists",
            )
