"""The fields and the framing of an answer → what RFC 9110 and 9112 forbid, and a library may trip over."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from partner_insights.contract import Standing
from partner_insights.header_values import moment_of, number_of
from partner_insights.verify.judge.caching import FORMS, cache_findings
from partner_insights.verify.judge.http_checks import THROTTLED, http_finding
from partner_insights.verify.judge.percents import is_number
from partner_insights.verify.judge.rules import A_MONTH
from partner_insights.verify.judge.violation import Finding, display_value, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from partner_insights.contract import JsonValue
    from partner_insights.verify.judge.exchange import Request, Response

SINGLE: Final = (
    *("Content-Type", "Content-Length", "Content-Location", "Content-Range", "Retry-After"),
    *("Location", "ETag", "Last-Modified", "MS-RequestId", "MS-CorrelationId", "MS-CV", "MS-ServerId"),
)
"""Fields of one value: RFC 9110, section 5.3, forbids a sender to write them twice.

Date and Server are not among them: a proxy that adds its own to that of the service is common, and harmless.
"""
DECODED: Final = ("identity", "gzip", "x-gzip", "deflate")
"""Codings that any client reads."""
CACHE_FIELDS: Final = frozenset({"cache-control", *map(str.lower, FORMS)})
_HTTP_DATE: Final = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
    r"|[A-Z][a-z]+day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}",
    re.ASCII,
)
_A_LITTLE: Final = timedelta(seconds=2)
"""How far two clocks, or two seconds cut off, may be apart."""
_IN_SECONDS: Final = re.compile(r"\b(\d{1,6}) seconds?\b", re.ASCII)
_FIELD: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\x0a-\x1f\x7f]*\r\n")
_TRANSFER: Final = re.compile(rb"Transfer-Encoding\s*:", re.IGNORECASE)
_STATUS: Final = re.compile(rb"HTTP/\d\.\d [1-5]\d\d( [^\x00-\x08\x0a-\x1f\x7f]*)?\r\n")


def field_findings(request: Request, response: Response) -> Iterator[Finding]:
    """Fields whose value is none, and fields that contradict each other."""
    yield from _dates(response)
    stated = moment_of(response.header("Date"))
    # A cache hands on the Date of what it kept, and says in Age how long it did.
    kept = timedelta(seconds=number_of(response.header("Age")) or 0)
    if request.sent and stated is not None and abs(response.received - stated - kept) > A_MONTH:
        words = (
            f"{shortened(response.header('Date') or '')!r} is more than a month from the judge's own clock"
        )
        yield http_finding("PI320", f"the Date {words}")
    counts = Counter(name.lower() for name, _ in response.headers)
    for name in SINGLE if max(counts.values(), default=0) > 1 else ():
        values = [value for key, value in response.headers if key.lower() == name.lower()]
        if len(values) > 1:
            contradicts = "" if len(set(values)) == 1 else ", with other values"
            yield http_finding("PI321", f"{name} comes {len(values)} times{contradicts}")
    length, transfer = response.header("Content-Length"), response.header("Transfer-Encoding")
    if length is not None and transfer is not None:
        yield http_finding("PI321", "both Content-Length and Transfer-Encoding say where the body ends")
    if length is not None and number_of(length) is None:
        yield http_finding("PI321", f"the Content-Length {shortened(length)!r} is no number")
    if response.status == 204 and (length is not None or transfer is not None):
        yield http_finding("PI321", "a 204 has no body, and a field about one")
    yield from _transfer_codings(response)
    yield from _codings(request, response)
    if counts.keys() & CACHE_FIELDS:
        yield from cache_findings(request, response)


def _transfer_codings(response: Response) -> Iterator[Finding]:
    """RFC 9112, section 6.1: chunked once; any other coding only for a request that says it takes it."""
    stated = [value for name, value in response.headers if name.lower() == "transfer-encoding"]
    codings = [each.strip().lower() for value in stated for each in value.split(",")]
    if codings not in ([], ["chunked"]):
        yield http_finding("PI321", f"the Transfer-Encoding is {shortened(', '.join(stated))!r}, not chunked")


def _dates(response: Response) -> Iterator[Finding]:
    date, after = response.header("Date"), response.header("Retry-After")
    for name in ("Date", "Last-Modified"):
        stated = response.header(name)
        if stated is not None and not is_date(stated):
            yield http_finding("PI320", f"the {name} {shortened(stated)!r} is none of HTTP")
    if is_changed_later(response.header("Last-Modified"), date):
        words = f"the Last-Modified {shortened(response.header('Last-Modified') or '')!r} is after the Date"
        yield http_finding("PI320", f"{words} {shortened(date or '')!r}", certain=False)
    if after is None or number_of(after) is not None:
        return
    if not is_date(after):
        words = "is neither a number of seconds nor a date"
        yield http_finding("PI320", f"the Retry-After {shortened(after)!r} {words}")
        return
    until, now = moment_of(after), moment_of(date) or response.received
    if until is None or until + _A_LITTLE < now:
        yield http_finding("PI320", f"the Retry-After {shortened(after)!r} is past")


def is_changed_later(modified: str | None, date: str | None) -> bool:
    """Whether an answer was changed after it was sent, which RFC 9110, section 8.8.2.1, forbids to say."""
    changed = None if modified is None else moment_of(modified)
    sent = None if changed is None else moment_of(date)
    return changed is not None and sent is not None and changed > sent + _A_LITTLE


def throttle_findings(value: JsonValue, response: Response) -> Iterator[Finding]:
    """Where the body of a throttled request contradicts its status, or how long it is to wait."""
    if response.status != THROTTLED or not isinstance(value, dict):
        return
    status, message = value.get("statusCode"), value.get("message")
    if is_number(status) and status != THROTTLED:
        words = f"the statusCode is {display_value(status)} in an answer of {THROTTLED}"
        yield http_finding("PI405", words, "/statusCode", Standing.DOCUMENTED)
    stated, said = number_of(response.header("Retry-After")), _IN_SECONDS.search(str(message))
    if stated is not None and said is not None and abs(stated - int(said[1])) > _A_LITTLE.seconds:
        words = f"the message says to try again in {said[1]} seconds, Retry-After in {stated}"
        yield http_finding("PI320", words, "/message", certain=False)


@lru_cache(maxsize=1_000)
def is_date(value: str) -> bool:
    """Whether a field's value is a date in one of the forms of HTTP."""
    return _HTTP_DATE.fullmatch(value.strip()) is not None and moment_of(value) is not None


def _codings(request: Request, response: Response) -> Iterator[Finding]:
    """RFC 9110, section 12.5.3: a coding that the client does not take should not be sent."""
    accepted = request.header("Accept-Encoding")
    if accepted is None:
        return
    taken = {part.partition(";")[0].strip().lower() for part in accepted.split(",")}
    for coding in (response.header("Content-Encoding") or "").split(","):
        name = coding.strip().lower()
        if name and name != "identity" and not {name, "*"} & taken:
            words = f"the body is in {shortened(name)}, and the request takes {shortened(accepted)}"
            yield http_finding("PI321", words, certain=name not in DECODED)


def is_encoded(response: Response) -> bool:
    """Whether a body may still be in a coding that is not decoded here, so that its bytes say nothing."""
    stated = (response.header("Content-Encoding") or "").lower().split(",")
    return bool({each.strip() for each in stated} - {"", *DECODED})


def head_faults(lines: Iterable[bytes]) -> Iterator[str]:
    """What is wrong with the status line and the field lines of an answer, as they came."""
    status, *fields = lines or (b"",)
    if not _STATUS.fullmatch(status):
        yield f"the status line is none: {_shown(status)}"
    if status.startswith(b"HTTP/1.0") and any(_TRANSFER.match(line) for line in fields):
        yield "Transfer-Encoding stands in an answer of HTTP/1.0, which has none"
    for line in fields:
        if line in (b"\r\n", b"\n", b""):
            continue
        if not _FIELD.fullmatch(line):
            yield f"a field line does not parse: {_shown(line)}"


def _shown(line: bytes) -> str:
    return repr(shortened(line.decode("latin-1").rstrip("\r\n")))
