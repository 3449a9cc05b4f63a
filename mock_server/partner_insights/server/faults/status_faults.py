"""A status that was asked for → the answer that reports it, in the dialect of the endpoint."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from partner_insights.contract.error_bodies import RETRY_AFTER, SOURCE, error_body, refusal_body
from partner_insights.server.auth.bearer import REALM
from partner_insights.server.http.response import json_response
from partner_insights.server.http.routes import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_insights.contract import Catalogue, ErrorCase
    from partner_insights.server.http.response import ApiResponse
    from partner_insights.server.http.routes import RouteMatch


def status_response(
    catalogue: Catalogue, route: RouteMatch, code: int, retry_after: int | None = None, *, bom: bool = False
) -> ApiResponse:
    """The failure as the operation documents it; one that nobody documents in the words of HTTP."""
    headers = [] if retry_after is None else [("Retry-After", str(retry_after))]
    if route.operation == TOKEN:
        return json_response(_directory_error(code), status=code, headers=headers)
    case = _documented(catalogue, route, code)
    if case is None:
        return json_response(error_body(str(code), _words(code)), status=code, headers=headers, bom=bom)
    if code == 401:
        headers.append(("WWW-Authenticate", REALM))
    if code == 405:
        headers.append(("Allow", "GET, HEAD, OPTIONS"))
    if code == 429 and retry_after is None:
        headers.append(("Retry-After", str(RETRY_AFTER)))
    body = refusal_body(case, retry_after=RETRY_AFTER if retry_after is None else retry_after)
    return json_response(body, status=code, headers=headers, bom=bom)


def _documented(catalogue: Catalogue, route: RouteMatch, code: int) -> ErrorCase | None:
    """The operation's own case of that status first: 404 about a customer is not 404 about a path."""
    operation = catalogue.operations.get(route.operation or "")
    own: Iterable[ErrorCase] = operation.errors if operation is not None else ()
    return next((case for case in (*own, *catalogue.error_cases.values()) if case.status == code), None)


def _directory_error(code: int) -> dict[str, str]:
    if code == 429 or code >= 500:
        error = "temporarily_unavailable"
    else:
        error = "invalid_client" if code == 401 else "invalid_request"
    return {"error": error, "error_description": f"{SOURCE}: {_words(code)} ({code}), as was asked for."}


def _words(code: int) -> str:
    try:
        return HTTPStatus(code).phrase.capitalize()
    except ValueError:
        return "Failure"
