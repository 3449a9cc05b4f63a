"""An edit of a body, of its rows or of its first row → a change of the response that carries it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from partner_insights.contract import Envelope
from partner_insights.mutants.mutant import Change, MutableResponse, RequestContext
from partner_insights.mutants.sample_values import sample

Row = dict[str, Any]
Rows = list[Row]
EditRow = Callable[[Row, RequestContext], Row | None]
"""A row → another; None where there is nothing to edit."""
EditRows = Callable[[Rows, RequestContext], Rows | None]
"""Rows → other rows, as many or not; None where there is nothing to edit."""
EditBody = Callable[[Any, RequestContext], Any]
"""A parsed body → another; None where there is nothing to edit."""
Edit = Callable[[MutableResponse], MutableResponse]

DATE: Final = "processedDateTime"
THROTTLED: Final = "ThrottledResponse"
"""The resource that describes the body of a 429."""


def of_response(change: Change) -> Change:
    """A change of any response, written out."""
    return change


def of_success(edit: Edit) -> Change:
    """An edit of every 200."""
    return lambda response, request: (
        edit(response) if response.status == 200 and request.is_read else response
    )


def of_errors(edit: Edit) -> Change:
    """An edit of every error."""
    return lambda response, _: edit(response) if response.status >= 400 else response


def of_head(edit: Edit) -> Change:
    """An edit of what HEAD returns where GET succeeds."""
    return lambda response, request: (
        edit(response) if request.method == "HEAD" and response.status == 200 else response
    )


def of_throttled(edit: Edit) -> Change:
    """An edit of the documented 429 with nothing to wait for, which some requests get: never two in a row."""

    def change(response: MutableResponse, request: RequestContext) -> MutableResponse:
        if request.operation is None or request.ordinal % 5 != 2:
            return response
        throttled = (
            MutableResponse(429, response.headers, b"")
            .with_content({**sample(request.catalogue, THROTTLED), "statusCode": 429})
            .with_header("Content-Type", request.catalogue.content_type)
            .with_header("Retry-After", "0")
        )
        return edit(throttled)

    return change


def of_body(edit: EditBody) -> Change:
    """An edit of the parsed body of a success."""

    def change(response: MutableResponse, request: RequestContext) -> MutableResponse:
        if response.status != 200 or not response.body or not request.is_read:
            return response
        edited = edit(response.content, request)
        return response if edited is None else response.with_content(edited)

    return change


def of_rows(edit: EditRows) -> Change:
    """An edit of the rows; `totalCount` follows, so that it is no second fault."""

    def edit_body(body: Any, request: RequestContext) -> Any:
        layout = Envelope() if request.operation is None else request.operation.layout
        before = layout.rows_of(body)
        rows = edit(before, request) if before else None
        return None if rows is None else layout.with_rows(body, rows)

    return of_body(edit_body)


def of_first(edit: EditRow) -> Change:
    """An edit of the first row that has something to edit."""

    def edit_rows(rows: Rows, request: RequestContext) -> Rows | None:
        for index, row in enumerate(rows):
            edited = edit(row, request)
            if edited is not None:
                return [*rows[:index], edited, *rows[index + 1 :]]
        return None

    return of_rows(edit_rows)


def affects(request: RequestContext) -> bool:
    """Whether the customer is one of those that a mutant affects: about every third."""
    digits = (request.customer or "").replace("-", "").lower()
    try:
        return int(digits, 16) % 3 == 0
    except ValueError:
        return False


def in_clear_text(request: RequestContext) -> str:
    """The documented host, without TLS."""
    return request.catalogue.base_url.replace("https:", "http:", 1)
