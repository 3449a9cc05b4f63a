"""What the judge finds: a violation of the contract, or an observation that breaks nothing."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from partner_insights.contract import JsonValue, Profile, Severity, Source, Standing
    from partner_insights.verify.judge.exchange import Request

ViolationKey: TypeAlias = tuple[str, str, str]
"""Code or kind, operation, and pointer with its indexes blanked: alike in these, findings are one."""

MAX_DISPLAY = 80
"""Characters of an offending value that a message shows."""


@dataclass(frozen=True)
class Violation:
    """One broken constraint, with where it comes from and how to see it again."""

    code: str
    severity: Severity
    standing: Standing
    operation: str | None
    pointer: str
    """JSON pointer into the body; empty for the answer as a whole."""
    message: str
    source: Source | None
    erratum: str | None
    value: str
    """The offending value, shortened; empty where a value is what is missing."""
    request: Request

    @property
    def key(self) -> ViolationKey:
        """Code, operation and pointer with its indexes blanked: violations alike in these are one."""
        return self.code, self.operation or "", pointer_pattern(self.pointer)

    def to_json(self) -> dict[str, Any]:
        """The violation as the reports write it."""
        source = self.source
        return {
            "code": self.code,
            "severity": self.severity.value,
            "standing": self.standing.value,
            "operation": self.operation,
            "pointer": self.pointer,
            "message": self.message,
            "source": None
            if source is None
            else {"page": source.page, "line": source.line, "cell": source.cell},
            "erratum": self.erratum,
            "request": self._request(),
        }

    def _request(self) -> dict[str, str]:
        request = self.request
        content = {"method": request.method, "url": request.url, "curl": request.curl}
        return content | ({"file": request.file, "entry": request.entry} if request.file else {})


@dataclass(frozen=True)
class Observation:
    """Something worth knowing that no page speaks of: never a failure."""

    kind: str
    """`bom`, `undocumented-property`, `empty-collection`, `extra-request-needed`, …"""
    operation: str | None
    pointer: str
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", printable(self.message))

    @property
    def key(self) -> ViolationKey:
        """Observations alike in kind, operation and blanked pointer are one."""
        return self.kind, self.operation or "", pointer_pattern(self.pointer)

    def to_json(self) -> dict[str, Any]:
        """The observation as the reports write it."""
        return asdict(self)


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
    certain: bool = False
    """Whether no honest service can break it: then it is an error in every profile."""


def violation(finding: Finding, request: Request, profile: Profile) -> Violation:
    """The finding as the violation of one request, weighed by the profile.

    What a server sent may be in its words, so that no control character leaves here, nor from an Observation.
    """
    return Violation(
        code=finding.code,
        severity=profile.severity(finding.standing, certain=finding.certain),
        standing=finding.standing,
        operation=request.operation,
        pointer=finding.pointer,
        message=printable(finding.message),
        source=finding.source,
        erratum=finding.erratum,
        value=finding.value,
        request=request,
    )


@lru_cache(maxsize=1_000)
def pointer_pattern(pointer: str) -> str:
    """A pointer with its array indexes blanked: `/items/3/channel` → `/items/*/channel`."""
    return re.sub(r"/\d+(?=/|$)", "/*", pointer)


def display_value(value: JsonValue) -> str:
    """A value as a message shows it: JSON, on one line, shortened, with nothing a terminal would obey."""
    return shortened(json.dumps(value, ensure_ascii=False, default=repr))


def shortened(text: str) -> str:
    """Printable text of at most `MAX_DISPLAY` characters."""
    text = printable(text[: MAX_DISPLAY * 2])
    return text if len(text) <= MAX_DISPLAY else text[: MAX_DISPLAY - 1] + "…"


def printable(text: str) -> str:
    """Text with control characters, lone surrogates and the like written as escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def pointer_of(*steps: str | int) -> str:
    """A JSON pointer (RFC 6901) from its steps."""
    return "".join([f"/{step}" if isinstance(step, int) else f"/{_escaped(step)}" for step in steps])


def _escaped(step: str) -> str:
    return printable(step).replace("~", "~0").replace("/", "~1")
