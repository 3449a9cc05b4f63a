"""Mutants of error responses: a request is not rejected, or with a wrong status, header or body."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from partner_insights.documents import json_value
from partner_insights.mutants.http import PAGE, other_id
from partner_insights.mutants.mutant import (
    ASSUMED,
    DOCUMENTED,
    Behaviour,
    BehaviourTable,
    Change,
    MutableResponse,
    RequestContext,
    always,
)
from partner_insights.mutants.operation_groups import both, enveloped, rejects
from partner_insights.mutants.response_edits import of_errors, of_response
from partner_insights.mutants.sample_values import sample

ERROR_RESPONSES: Final = BehaviourTable()
mutant = ERROR_RESPONSES.mutant

_ADMITTED: Final = (
    ("answers-without-token", "200 without a valid token", "PI401", "unauthenticated"),
    ("answers-app-only", "200 for an app-only token", "PI402", "app-only"),
    ("answers-unknown-customer", "200 for an unknown customer", "PI403", "unknown-customer"),
    ("answers-malformed-customer", "200 for a malformed customer id", "PI404", "malformed-customer"),
    ("answers-any-method", "POST is answered like GET", "PI301", "method-not-allowed"),
    ("answers-any-accept", "JSON for who accepts none", "PI301", "not-acceptable"),
    ("answers-any-page-size", "200 for a page size out of bounds", "PI301", "invalid-query"),
)
"""Id, title, code and the error case that is answered as if nothing were wrong."""

_ADMITTED_BY_HEAD: Final = (
    ("head-of-unknown-customer", "HEAD: 200 for an unknown customer", "PI403", "unknown-customer"),
    ("head-of-malformed-customer", "HEAD: 200 for a malformed customer id", "PI404", "malformed-customer"),
    ("head-of-any-accept", "HEAD: 200 for who accepts no JSON", "PI301", "not-acceptable"),
)
"""The same, and GET is refused as it should be."""

ERROR_RESPONSES.extend(
    Behaviour(
        name,
        title,
        code,
        ASSUMED if case == "not-acceptable" else DOCUMENTED,
        on=rejects(case),
        admits=case,
        when=when,
    )
    for cases, when in ((_ADMITTED, always), (_ADMITTED_BY_HEAD, lambda request: request.method == "HEAD"))
    for name, title, code, case in cases
)


def _says(authorization: str | None, part: int, name: str, otherwise: Any = None) -> Any:
    """What a part of a JSON web token says, unproven."""
    parts = (authorization or "").removeprefix("Bearer ").split(".")
    try:
        content = parts[part] if len(parts) == 3 else ""
        said = json_value(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    except ValueError:
        return otherwise
    return said.get(name, otherwise) if isinstance(said, dict) else otherwise


def _of_another_audience(authorization: str | None) -> bool:
    audience = _says(authorization, 1, "aud")
    return isinstance(audience, str) and "partnercenter" not in audience


def _expires(authorization: str | None) -> Any:
    return _says(authorization, 1, "exp", 0)


LetIn = Callable[[str | None], bool]
"""Whether an Authorization is let in."""


def _lets_in(let_in: LetIn) -> Callable[[RequestContext], bool]:
    return lambda request: let_in(request.authorization)


_TOKENS: Final[tuple[tuple[str, str, LetIn], ...]] = (
    ("answers-no-token", "200 without any token", lambda sent: sent is None),
    ("answers-basic", "200 for another scheme", lambda sent: (sent or "").startswith("Basic")),
    ("answers-empty-bearer", "200 for a Bearer without token", lambda sent: (sent or "").strip() == "Bearer"),
    ("answers-unsigned-token", "200 for a token of alg none", lambda sent: _says(sent, 0, "alg") == "none"),
    ("answers-other-audience", "200 for a token of another audience", _of_another_audience),
    ("answers-expired-token", "200 for a token that has expired", lambda sent: 0 < _expires(sent) < 2e9),
    ("answers-any-signature", "200 for a token of any signature", lambda sent: _expires(sent) > 0),
)
"""Id, title, and which Authorization is let in that has to be refused."""

ERROR_RESPONSES.extend(
    Behaviour(
        name,
        title,
        "PI401",
        DOCUMENTED,
        on=rejects("unauthenticated"),
        admits="unauthenticated",
        when=_lets_in(let_in),
    )
    for name, title, let_in in _TOKENS
)


@mutant("PI401", DOCUMENTED, of_response, rejects("unauthenticated"))
def head_without_token(response: MutableResponse, request: RequestContext) -> MutableResponse:
    """HEAD is answered 200 whatever the token."""
    if request.method != "HEAD" or response.status != 401:
        return response
    return replace(response, status=200).with_header("WWW-Authenticate", None)


@mutant("PI403", DOCUMENTED, of_response, both(rejects("unknown-customer"), enveloped))
def empty_for_unknown_customer(response: MutableResponse, request: RequestContext) -> MutableResponse:
    """200 without rows for an unknown customer."""
    operation = request.operation
    if response.status != 404 or operation is None or operation.envelope is None:
        return response
    empty = {
        **sample(request.catalogue, operation.envelope),
        operation.layout.total: 0,
        operation.layout.rows: [],
    }
    return replace(response, status=200).with_content(empty)


@mutant("PI301", DOCUMENTED, of_response)
def answers_unknown_path(response: MutableResponse, request: RequestContext) -> MutableResponse:
    """200 for a path that there is not."""
    unknown = request.operation is None and response.status == 404
    return replace(response, status=200) if unknown else response


@mutant("PI301 PI401 PI402 PI403 PI404", DOCUMENTED, of_errors)
def errors_as_200(response: MutableResponse) -> MutableResponse:
    """Every refusal comes with status 200."""
    return replace(response, status=200)


def of_error_body(edit: Callable[[Any], Any]) -> Change:
    """An edit of the parsed body of every error."""
    return of_errors(lambda response: response.with_content(edit(response.content)))


_BODIES: Final[tuple[tuple[str, str, str, Callable[[Any], Any]], ...]] = (
    (
        "wrong-error-body",
        "errors are in another service's dialect",
        "PI102",
        lambda body: {"error": {"code": body["code"], "message": body["description"]}},
    ),
    (
        "throttle-dialect",
        "errors are in the dialect of the throttle",
        "PI102",
        lambda body: {"statusCode": 400, "message": body["description"]},
    ),
    ("error-data-null", "an error's data is null", "PI101", lambda body: {**body, "data": None}),
    (
        "error-data-object",
        "an error's data is an object",
        "PI101",
        lambda body: {**body, "data": {"0": "customer-id"}},
    ),
    ("wrong-error-code", "an error's code is another one", "PI405", lambda body: {**body, "code": "9999"}),
    ("error-in-a-list", "errors come in a list", "PI101", lambda body: [body]),
)
"""Id, title, code and edit of what is wrong with the body of every error."""

ERROR_RESPONSES.extend(
    Behaviour(name, title, code, DOCUMENTED if code == "PI101" else ASSUMED, of_error_body(edit))
    for name, title, code, edit in _BODIES
)


@mutant("PI401 PI402 PI403 PI404", DOCUMENTED, of_response, enveloped)
def error_with_rows(response: MutableResponse, request: RequestContext) -> MutableResponse:
    """Refusals carry the rows that they refuse."""
    if response.status not in (400, 401, 403, 404) or request.operation is None:
        return response
    return response.with_content({**response.content, request.operation.layout.rows: [{"licensesSold": 7}]})


@mutant("PI302 PI307", DOCUMENTED, of_errors)
def html_error(response: MutableResponse) -> MutableResponse:
    """Errors are HTML pages."""
    return html_error_called_json(response).with_header("Content-Type", "text/html")


@mutant("PI307", DOCUMENTED, of_errors)
def html_error_called_json(response: MutableResponse) -> MutableResponse:
    """Errors are HTML pages that say they are JSON."""
    return replace(response, body=PAGE)


@mutant("PI304", DOCUMENTED, of_errors)
def error_without_request_id(response: MutableResponse) -> MutableResponse:
    """Errors have no MS-RequestId."""
    return response.with_header("MS-RequestId", None)


@mutant("PI304", DOCUMENTED, of_errors)
def error_of_another_request(response: MutableResponse) -> MutableResponse:
    """MS-CorrelationId of errors is another than was sent."""
    return response.with_header("MS-CorrelationId", other_id(response.header("MS-CorrelationId") or ""))


@mutant("PI306", DOCUMENTED, of_errors)
def empty_error(response: MutableResponse) -> MutableResponse:
    """Errors carry nothing."""
    return replace(response, body=b"")


def _status(wrong: int, status: int) -> Change:
    return lambda response, _: replace(response, status=status) if response.status == wrong else response


def _with(status: int, header: str, value: str | None) -> Change:
    return lambda response, _: response.with_header(header, value) if response.status == status else response


_CHALLENGES: Final = (
    ("no-challenge", "401 has no WWW-Authenticate", None),
    ("basic-challenge", "401 asks for a password", 'Basic realm="Bearer"'),
    ("negotiate-challenge", "401 asks for Windows' own way of signing in", "Negotiate, NTLM"),
    ("challenge-without-scheme", "401 names no scheme", 'realm="", error="invalid_token"'),
)


_FORBIDDEN: Final = "500 where an app-only token is refused, as one user reported"
_APP_ONLY: Final = rejects("app-only")
_UNKNOWN: Final = rejects("unknown-customer")

ERROR_RESPONSES.extend(
    (
        Behaviour("unauthenticated-is-403", "403 where 401 belongs", "PI301", DOCUMENTED, _status(401, 403)),
        Behaviour("unauthenticated-is-500", "500 where 401 belongs", "PI301", DOCUMENTED, _status(401, 500)),
        Behaviour("forbidden-is-500", _FORBIDDEN, "PI301", DOCUMENTED, _status(403, 500), _APP_ONLY),
        Behaviour(
            "unknown-is-500", "500 for what is not found", "PI301", DOCUMENTED, _status(404, 500), _UNKNOWN
        ),
        Behaviour(
            "no-allow", "405 does not say what is allowed", "PI313", ASSUMED, _with(405, "Allow", None)
        ),
        *(
            Behaviour(name, title, "PI313", ASSUMED, _with(401, "WWW-Authenticate", value))
            for name, title, value in _CHALLENGES
        ),
    )
)
