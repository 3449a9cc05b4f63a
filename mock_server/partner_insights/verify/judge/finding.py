"""What one layer of the judge found, before it is tied to a request and weighed by a profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from partner_insights.verify.judge.violation import Violation

if TYPE_CHECKING:
    from partner_insights.contract import Profile, Source, Standing
    from partner_insights.verify.judge.exchange import Request


@dataclass(frozen=True)
class Finding:
    """A broken constraint: which, where in the body, how it stands."""

    code: str
    pointer: str
    message: str
    standing: Standing
    source: Source | None = None
    erratum: str | None = None
    value: str = ""


def violation(finding: Finding, request: Request, profile: Profile) -> Violation:
    """The finding as the violation of one request, weighed by the profile."""
    return Violation(
        code=finding.code,
        severity=profile.severity(finding.standing),
        standing=finding.standing,
        operation=request.operation,
        pointer=finding.pointer,
        message=finding.message,
        source=finding.source,
        erratum=finding.erratum,
        value=finding.value,
        request=request,
    )
