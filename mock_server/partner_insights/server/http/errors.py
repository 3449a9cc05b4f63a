"""A documented failure → the answer that reports it, in the API's dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.http import HTTP_STATUS_CODES

from partner_insights.contract.error_bodies import error_body, refusal_body
from partner_insights.server.http.response import ApiResponse, Note, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.exceptions import HTTPException

    from partner_insights.contract import ErrorCase


def http_error_response(error: HTTPException) -> ApiResponse:
    """The response to a failure that HTTP has a status for and nobody documents, in the API's dialect."""
    code = error.code or 500
    words = HTTP_STATUS_CODES.get(code, "Bad Request").capitalize()
    return json_response(error_body(str(code), words), status=code)


class ApiError(Exception):
    """A request meets a documented failure; `case` names it in the catalogue."""

    def __init__(
        self,
        case: str,
        *,
        data: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(case)
        self.case = case
        self.data = tuple(data)
        self.headers = dict(headers or {})
        self.reason = reason
        """For the journal."""


def error_response(case: ErrorCase, refused: ApiError | None = None, *, bom: bool = False) -> ApiResponse:
    """The answer to a documented case; `refused` adds what is particular to the request."""
    data = refused.data if refused else ()
    headers = tuple(refused.headers.items()) if refused else ()
    return json_response(
        refusal_body(case, data),
        status=case.status,
        headers=headers,
        bom=bom,
        note=Note(refused.reason) if refused and refused.reason else None,
    )
