"""Mutants of HTTP: status, headers or bytes are wrong, whatever the content."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final

from partner_insights.contract.error_bodies import error_body
from partner_insights.mutants.dates import day_before
from partner_insights.mutants.mutant import (
    ASSUMED,
    DOCUMENTED,
    Behaviour,
    BehaviourTable,
    Change,
    MutableResponse,
    RequestContext,
)
from partner_insights.mutants.operation_groups import per_customer
from partner_insights.mutants.response_edits import (
    DATE,
    affects,
    of_body,
    of_head,
    of_response,
    of_success,
    of_throttled,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HTTP: Final = BehaviourTable()
mutant = HTTP.mutant

PAGE: Final = (
    b"<!DOCTYPE html><html><head><title>Service unavailable</title></head><body>Try later.</body></html>"
)
_ONE_ID: Final = "00000000-0000-4000-8000-000000000001"
_TYPE: Final = "Content-Type"
_REQUEST: Final = "MS-RequestId"
_CORRELATION: Final = "MS-CorrelationId"
_LATIN: Final = "application/json; charset=iso-8859-1"


def _header(name: str, value: str | Callable[[str], str] | None) -> Change:
    """A header of every response that has it: another value, or none."""

    def change(response: MutableResponse, _: RequestContext) -> MutableResponse:
        before = response.header(name)
        if before is None:
            return response
        return response.with_header(name, value(before) if callable(value) else value)

    return change


def other_id(given: str) -> str:
    """Another GUID for each: one that the service makes up stays new."""
    return ("1" if given[:1] == "0" else "0") + given[1:]


_HEADERS: Final = (
    ("wrong-content-type", "answers say they are HTML", "PI302", _TYPE, "text/html; charset=utf-8"),
    ("missing-content-type", "answers have no Content-Type", "PI302", _TYPE, None),
    ("missing-charset", "the Content-Type names no charset", "PI303", _TYPE, "application/json"),
    ("wrong-charset", "the Content-Type names another charset", "PI303", _TYPE, _LATIN),
    ("unheard-charset", "the Content-Type names UTF-16", "PI303", _TYPE, "application/json; charset=utf-16"),
    ("missing-request-id", "answers have no MS-RequestId", "PI304", _REQUEST, None),
    ("unechoed-request-id", "MS-RequestId is another than was sent", "PI304", _REQUEST, other_id),
    ("missing-correlation-id", "answers have no MS-CorrelationId", "PI304", _CORRELATION, None),
    ("unechoed-correlation-id", "MS-CorrelationId is another than was sent", "PI304", _CORRELATION, other_id),
    ("request-id-is-no-guid", "MS-RequestId is a number", "PI319 PI304", _REQUEST, "17"),
    ("constant-correlation-id", "MS-CorrelationId is always the same", "PI319 PI304", _CORRELATION, _ONE_ID),
    ("missing-correlation-vector", "answers have no MS-CV", "PI305", "MS-CV", None),
    ("missing-server-id", "answers have no MS-ServerId", "PI305", "MS-ServerId", None),
)
"""Id, title, code, header and value of what is wrong with one header."""

HTTP.extend(
    Behaviour(
        name, title, code, ASSUMED if code in ("PI303", "PI305") else DOCUMENTED, _header(header, value)
    )
    for name, title, code, header, value in _HEADERS
)


def of_bytes(edit: Callable[[bytes], bytes]) -> Change:
    """An edit of the bytes of every 200."""
    return of_success(lambda response: replace(response, body=edit(response.body)))


def _beside(content: bytes) -> Callable[[bytes], bytes]:
    """An edit that adds an undocumented property, so that nothing else is wrong."""
    return lambda body: (
        body.replace(b'"attributes":', content + b',"attributes":', 1)
        if b'"attributes":' in body
        else body.replace(b"{", b"{" + content + b",", 1)
    )


def _named_twice(body: bytes) -> bytes:
    """The first time with another value: a lenient reader takes the last, and sees nothing wrong."""
    if b'"attributes":' not in body:
        return body.replace(b'"TotalCount":', b'"TotalCount":null,"TotalCount":', 1)
    return _beside(b'"attributes":null')(body)


def _named_twice_alike(body: bytes) -> bytes:
    if b'"objectType":' not in body:
        return body.replace(b'"TotalCount":', b'"TotalCount":0,"TotalCount":', 1)
    return body.replace(b'"objectType":', b'"objectType":"Collection","objectType":', 1)


_NEST: Final = b'"nest":' + b"[" * 400 + b"]" * 400
_BYTES: Final[tuple[tuple[str, str, str, Callable[[bytes], bytes]], ...]] = (
    ("empty-body", "a success carries nothing", "PI306", lambda _: b""),
    ("blank-body", "a success carries white space", "PI306", lambda _: b" \r\n"),
    ("truncated-body", "the JSON stops half-way", "PI307", lambda body: body[: len(body) // 2]),
    ("invalid-json", "a comma too many", "PI307", lambda body: body[:-1] + b",}"),
    ("trailing-garbage", "something follows the JSON", "PI307", lambda body: body + b"\n{}"),
    ("single-quotes", "strings are in single quotes", "PI307", lambda body: body.replace(b'"', b"'")),
    ("html-page", "a page in place of JSON", "PI307", lambda _: PAGE),
    ("not-utf8", "bytes that are no UTF-8", "PI308", _beside(b'"motto":"\xe9l\xe0n"')),
    ("duplicate-keys", "a property is named twice", "PI309", _named_twice),
    ("duplicate-keys-of-one-value", "a property is named twice with one value", "PI309", _named_twice_alike),
    ("not-a-number", "NaN stands for a value", "PI310", _beside(b'"load":NaN')),
    ("infinity", "Infinity stands for a value", "PI310", _beside(b'"load":Infinity')),
    ("too-deep", "an undocumented property nests without end", "PI311", _beside(_NEST)),
)
"""Id, title, code and edit of what is wrong with the bytes of a success."""

HTTP.extend(
    Behaviour(name, title, code, ASSUMED if code == "PI309" else DOCUMENTED, of_bytes(edit))
    for name, title, code, edit in _BYTES
)


@mutant("PI301", DOCUMENTED, of_response, per_customer)
def error_for_some_customers(response: MutableResponse, request: RequestContext) -> MutableResponse:
    """500 for about every third customer."""
    if response.status != 200 or not affects(request):
        return response
    return replace(response, status=500).with_content(error_body("500", "Internal server error"))


@mutant("PI301", DOCUMENTED, of_success)
def no_content(response: MutableResponse) -> MutableResponse:
    """204 in place of 200."""
    return replace(response, status=204, body=b"").with_header(_TYPE, None)


@mutant("PI301", DOCUMENTED, of_success)
def created(response: MutableResponse) -> MutableResponse:
    """201 in place of 200."""
    return replace(response, status=201)


@mutant("PI301", DOCUMENTED, of_success)
def redirected(response: MutableResponse) -> MutableResponse:
    """302 to another place."""
    return replace(response, status=302).with_header("Location", "http://127.0.0.1:9/")


@mutant("PI313", DOCUMENTED, of_throttled)
def throttled_without_retry_after(response: MutableResponse) -> MutableResponse:
    """A 429 does not say how long to wait."""
    return response.with_header("Retry-After", None)


def _throttled_for(value: str) -> Change:
    return of_throttled(lambda response: response.with_header("Retry-After", value))


def _throttled_saying(**members: Any) -> Change:
    return of_throttled(lambda response: response.with_content({**response.content, **members}))


def _answered_with(name: str, value: str) -> Change:
    return of_success(lambda response: response.with_header(name, value))


def _kept_for(seconds: str, control: str) -> Change:
    return of_success(
        lambda response: response.with_header("Age", seconds).with_header("Cache-Control", control)
    )


HTTP.extend(
    Behaviour(f"cache-{name}", title, "PI324", ASSUMED, _answered_with(*field))
    for name, title, field in (
        ("tag-without-quotes", "the ETag stands in no quotes", ("ETag", "5c7f")),
        ("age-below-zero", "the Age is a number below zero", ("Age", "-5")),
        ("age-of-a-word", "max-age of Cache-Control is a word", ("Cache-Control", "max-age=soon")),
        ("for-others", "Cache-Control lets a shared cache keep it", ("Cache-Control", "public, max-age=60")),
        ("of-many", "Cache-Control has an age for shared caches", ("Cache-Control", "s-maxage=60")),
    )
)
HTTP.extend(
    Behaviour(f"cache-{name}", title, "PI324", ASSUMED, _kept_for(seconds, control))
    for name, title, seconds, control in (
        ("past-its-age", "the Age is more than Cache-Control says", "3601", "private, max-age=3600"),
        ("of-what-is-never-kept", "an answer was kept that no cache may keep", "5", "no-store"),
        (
            "without-asking",
            "an answer is handed on that is stale",
            "61",
            "private, max-age=60, must-revalidate",
        ),
    )
)
HTTP.extend(
    Behaviour(f"clock-{name}", f"the Date {title}", "PI320", ASSUMED, _answered_with("Date", value))
    for name, title, value in (
        ("of-another-year", "is of 2015", "Fri, 27 Nov 2015 15:19:24 GMT"),
        ("far-ahead", "is of 2099", "Fri, 27 Nov 2099 15:19:24 GMT"),
        ("without-a-zone", "is none of HTTP", "2026-11-27 10:00"),
    )
)


def _from_moment(name: str, moment: Callable[[datetime], datetime]) -> Change:
    """A header with a date, made from the moment of the request."""
    return lambda response, request: response.with_header(
        name, format_datetime(moment(request.moment), usegmt=True)
    )


HTTP.extend(
    Behaviour(name, title, "PI320", ASSUMED, _from_moment(header, moment))
    for name, title, header, moment in (
        (
            "clock-of-the-hour",
            "the Date stands still for an hour",
            "Date",
            lambda moment: moment.replace(minute=0, second=0),
        ),
        (
            "clock-of-the-day",
            "the Date stands still for a day",
            "Date",
            lambda moment: moment.replace(hour=0, minute=0, second=0),
        ),
        (
            "changed-in-an-hour",
            "the Last-Modified is an hour after the Date",
            "Last-Modified",
            lambda moment: moment + timedelta(hours=1),
        ),
        (
            "changed-next-year",
            "the Last-Modified is a year after the Date",
            "Last-Modified",
            lambda moment: moment + timedelta(days=365),
        ),
    )
)

_PAST: Final = "Sun, 06 Nov 1994 08:49:37 GMT"
HTTP.extend(
    Behaviour(f"retry-{name}", f"Retry-After {title}", "PI320", ASSUMED, _throttled_for(value))
    for name, title, value in (
        ("soon", "is a word", "soon"),
        ("before", "is a date that is past", _PAST),
        ("below-zero", "is a number below zero", "-1"),
        ("in-a-fraction", "is half a second", "0.5"),
    )
)
HTTP.extend(
    (
        Behaviour("retry-against-its-message", "Retry-After is another time than the message says", "PI320",
                  ASSUMED, _throttled_saying(message="Rate limit is exceeded. Try again in 57 seconds.")),
        Behaviour("throttled-by-another-status", "the statusCode of a 429 is 503", "PI405", DOCUMENTED,
                  _throttled_saying(statusCode=503)),
    )
)  # fmt: skip


@mutant("PI321", ASSUMED, of_success)
def doubled_content_type(response: MutableResponse) -> MutableResponse:
    """Content-Type comes twice, and contradicts itself."""
    return replace(response, headers=(*response.headers, (_TYPE, "text/html; charset=utf-8")))


@mutant("PI321", ASSUMED, of_success)
def doubled_request_id(response: MutableResponse) -> MutableResponse:
    """MS-RequestId comes twice."""
    value = response.header("MS-RequestId") or _ONE_ID
    return replace(response, headers=(*response.headers, ("MS-RequestId", value)))


@mutant("PI312 PI301", ASSUMED, of_head)
def head_of_another_status(response: MutableResponse) -> MutableResponse:
    """HEAD is answered with another status than GET."""
    return replace(response, status=404)


@mutant("PI312 PI302", ASSUMED, of_head)
def head_of_another_type(response: MutableResponse) -> MutableResponse:
    """HEAD is answered with another Content-Type than GET."""
    return response.with_header(_TYPE, "text/plain; charset=utf-8")


@mutant("PI312", ASSUMED, of_head)
def head_of_another_length(response: MutableResponse) -> MutableResponse:
    """HEAD is answered with another Content-Length than GET."""
    return replace(response, body=response.body + _ONE_ID.encode())


@mutant("PI314 PI218", ASSUMED, of_body)
def different_answer(body: Any, request: RequestContext) -> Any:
    """The same request is answered otherwise every second time.

    All rows are of the day before, or a property comes and goes: nothing that is wrong by itself.
    """
    if request.ordinal % 2 == 0:
        return None
    rows = None if request.operation is None else request.operation.layout.rows_of(body)
    if request.operation is None or rows is None or not all(DATE in row for row in rows):
        return reordered_names(body, request)
    return request.operation.layout.with_rows(body, [{**row, DATE: day_before(row[DATE])} for row in rows])


@mutant("PI314", ASSUMED, of_body)
def reordered_names(body: Any, request: RequestContext) -> Any:
    """A name changes its spelling every second time."""
    return {**body, "weather": "fine"} if request.ordinal % 2 and isinstance(body, dict) else None
