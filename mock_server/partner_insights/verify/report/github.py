"""A judgement → GitHub's workflow commands: one annotation for each cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partner_insights.contract import Severity
from partner_insights.verify.report.causes import causes, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.verify.judge.violation import Violation
    from partner_insights.verify.report.causes import Cause
    from partner_insights.verify.report.report import Report
    from partner_insights.verify.report.verdict import Judgement

IN_GITHUB: Final = "GITHUB_ACTIONS"
"""The environment variable that is `true` there."""
MAX_ANNOTATIONS = 10
"""Annotations of a level that GitHub shows for one step; more of them would only hide each other."""


def github(report: Report) -> str:
    """All workflow commands, a line each."""
    return "".join(f"{line}\n" for line in workflow_commands(report.judgement))


def workflow_commands(judgement: Judgement, file: str | None = None) -> Iterator[str]:
    """`::error …` and `::warning …` lines, one a cause: at most `MAX_ANNOTATIONS` each, then a count.

    `file`: where GitHub shows them, a path of the repository.
    """
    where = "" if file is None else f"file={_property(file)},"
    for severity in (Severity.ERROR, Severity.WARNING):
        found = causes(each for each in judgement.violations if each.severity is severity)
        for cause in found[:MAX_ANNOTATIONS]:
            yield _annotation(severity.value, _title(cause.first), _message(cause), where)
        more = sum(len(each.places) for each in found[MAX_ANNOTATIONS:])
        if more:
            yield _annotation("notice", "partner-insights", f"{more} more {severity.value}s", where)
    expired = judgement.comparison.expired if judgement.comparison is not None else ()
    for entry in expired:
        place = " ".join(part for part in (entry.code, entry.operation, entry.pointer) if part)
        yield _annotation("error", "expired baseline entry", f"{place} was accepted until {entry.expires}")


def _title(violation: Violation) -> str:
    return " ".join(part for part in (violation.code, violation.operation, violation.pointer) if part)


def _message(cause: Cause) -> str:
    curl = cause.first.request.curl
    also = [f"also at {place_of(each)}" for each in cause.others]
    return "\n".join([cause.first.message, *also, *([curl] if curl else [])])


def _annotation(level: str, title: str, message: str, where: str = "") -> str:
    return f"::{level} {where}title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
