"""A request → every answer the documentation allows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from partner_insights.contract.formats import GUID
from partner_insights.contract.query.parameters import is_valid
from partner_insights.verify.judge.exchange import Request, Token

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from partner_insights.contract import Catalogue, ErrorCase, JsonValue, Operation

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

ALTERNATIVE_CODES: Mapping[str, frozenset[int]] = {
    # Documented for the same case beside the one the fake answers (Partner Center REST error codes).
    "unknown-customer": frozenset({1000, 2032, 20002}),
    "malformed-customer": frozenset({1000, 60003}),
}

NO_RELATIONSHIP = "20002"
"""The error code of a listed customer with whom the partner has no commerce relationship."""
QUERY_CASES = ("invalid-query", "invalid-analytics-query")
"""What answers a query that is refused, each in its own dialect."""

SERVICE_FAILURES = ("throttled", "internal-error", "unavailable")
"""The service's own bad days: documented, but never what a request was owed."""


@dataclass(frozen=True)
class Expectation:
    """What a request is owed: success where `refusals` is empty, else one of these refusals."""

    operation: Operation | None
    refusals: tuple[ErrorCase, ...]

    @property
    def succeeds(self) -> bool:
        """Whether only a success keeps the contract."""
        return not self.refusals

    def case_for(self, status: int, body: JsonValue = None) -> ErrorCase | None:
        """The expected refusal that this status means; of several, the one whose code the body has."""
        cases = [case for case in self.refusals if status in case.accepted]
        code = body.get("code") if isinstance(body, dict) else None
        return next((case for case in cases if str(case.code) == code), cases[0] if cases else None)

    def describe(self) -> str:
        """What was to come, in words."""
        if self.succeeds:
            return "200"
        return " or ".join(
            f"{'/'.join(str(status) for status in case.accepted)} ({case.case})" for case in self.refusals
        )


def expectation(request: Request, catalogue: Catalogue) -> Expectation:
    """What the documentation says must answer this request.

    Where several things are wrong with a request, no page says which is reported first: each may be.
    """
    operation = catalogue.operations.get(request.operation or "")
    if operation is None:
        return Expectation(None, (catalogue.error_cases["not-found"],))
    return Expectation(operation, tuple(operation.error(name) for name in _refusals(request, operation)))


def _refusals(request: Request, operation: Operation) -> Iterator[str]:
    if request.token in (Token.ABSENT, Token.INVALID):
        yield "unauthenticated"
    if request.token is Token.APP_ONLY and Token.APP_ONLY.value not in operation.auth:
        yield "app-only"
    if request.method not in (*SAFE_METHODS, operation.method):
        yield "method-not-allowed"
    if not accepts_json(request.header("Accept")):
        yield "not-acceptable"
    if operation.per_customer and request.customer is not None:
        if not GUID.fullmatch(request.customer):
            yield "malformed-customer"
        elif request.customer_known is False:
            yield "unknown-customer"
    if operation.options and request.parsed_query(operation.options) is None:
        yield from (each.case for each in operation.errors if each.case in QUERY_CASES)
        return
    documented = (
        (operation.query[name], text)
        for name, text in request.query
        if name in operation.query and operation.options.named(name) is None
    )
    if not all(is_valid(schema, text) for schema, text in documented):
        yield "invalid-query"


def accepts_json(accept: str | None) -> bool:
    """Whether an Accept header lets the service answer with JSON (RFC 9110, section 12.5.1)."""
    if accept is None or not accept.strip():
        return True
    return any(_admits(media_range) for media_range in accept.split(","))


def _admits(media_range: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in media_range.split(";"))
    return kind in ("application/json", "application/*", "*/*") and not any(
        re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters
    )
