"""The content of a success → what is wrong with it, found once for the same bytes of the same request."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from partner_insights.verify.judge.http_checks import http_finding
from partner_insights.verify.judge.rule_registry import rule_findings
from partner_insights.verify.judge.schema_checks import schema_findings, without_null_links

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.verify.judge.rows import JudgedResponse
    from partner_insights.verify.judge.violation import Finding

CACHE_SIZE = 200
"""Bodies whose findings are remembered."""


class BodyChecks:
    """Schema and rules of bodies already seen: a suite gets the same answer many times."""

    def __init__(self) -> None:
        self._findings: dict[tuple[Any, ...], tuple[Finding, ...]] = {}

    def findings(self, found: JudgedResponse) -> Iterator[Finding]:
        """All that is wrong with the content; what depends on headers or time is looked at each time."""
        if found.unread:
            length = len(found.content) // found.unread
            words = f"rows, of {length} bytes on the average: too many or too short, and none is judged"
            yield http_finding("PI311", f"the body has {found.unread:,} {words}")
            return
        # A body may have 64 MiB: its digest is enough to know it by.
        key = (found.operation.id, found.url, found.customer, blake2b(found.content).digest())
        if key not in self._findings:
            if len(self._findings) >= CACHE_SIZE:
                self._findings.clear()
            self._findings[key] = (*_schema_findings(found), *rule_findings(found, of_request=False))
        yield from self._findings[key]
        yield from rule_findings(found, of_request=True)


def _schema_findings(found: JudgedResponse) -> Iterator[Finding]:
    schema = found.catalogue.response_schema(found.operation, found.form)
    body = without_null_links(found.body) if b"null" in found.content else found.body
    return schema_findings(body, schema, found.catalogue)
