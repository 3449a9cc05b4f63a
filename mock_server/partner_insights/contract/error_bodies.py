"""A documented failure → the body that reports it, in the API's dialects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_insights.contract.model import ErrorCase

SOURCE: Final = "PartnerFD"
"""What the service calls the part of it that refuses; no page documents the values of `source`."""
ANALYTICS_SOURCE: Final = "AnalyticsAPI"
RETRY_AFTER: Final = 57
"""Seconds, as in the published example (api-throttling-guidance.md, heading Error code response)."""


def refusal_body(case: ErrorCase, data: Sequence[str] = (), retry_after: int = RETRY_AFTER) -> dict[str, Any]:
    """The body of a documented failure; `data` says what about the request was refused."""
    if case.body == "ThrottledResponse":
        return {
            "statusCode": case.status,
            "message": f"{case.description} Try again in {retry_after} seconds.",
        }
    if case.body == "AnalyticsErrorResponse":
        return _analytics_error(str(case.code), case.description, data)
    return error_body(str(case.code or case.status), case.description, data)


def _analytics_error(code: str, description: str, data: Sequence[str]) -> dict[str, Any]:
    """The error of the analytics service, as the sister service shows it; `data` has the reasons."""
    return {
        "code": code,
        "data": [],
        "details": [],
        "innererror": {
            "code": "InvalidQueryParameters",
            "data": list(data),
            "details": [],
            "message": description,
            "source": ANALYTICS_SOURCE,
        },
        "message": "The calling client sent a bad request to the service.",
        "source": ANALYTICS_SOURCE,
    }


def error_body(code: str, description: str, data: Sequence[str] = ()) -> dict[str, Any]:
    """An ErrorResponse. `data` is left out when empty: null breaks one known client, a non-array two."""
    body: dict[str, Any] = {"code": code, "description": description}
    if data:
        body["data"] = list(data)
    body["source"] = SOURCE
    return body
