"""An answer's status, headers and bytes → what is wrong with them before its content is looked at."""

from __future__ import annotations

import re
from email.message import Message
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from partner_insights._data import schemas_dir
from partner_insights.contract import Catalogue, ErrorCase, Standing
from partner_insights.contract.formats import GUID
from partner_insights.contract.toml_files import read_codes
from partner_insights.verify.judge.violation import Finding, display_value, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from partner_insights.verify.judge.exchange import Exchange, Request, Response
    from partner_insights.verify.judge.expected import Expectation

ECHOED = ("MS-RequestId", "MS-CorrelationId")

ANSWERED_INSTEAD = {
    # What it is called when a request that had to be refused is answered.
    "unauthenticated": "PI401",
    "app-only": "PI402",
    "unknown-customer": "PI403",
    "malformed-customer": "PI404",
}

THROTTLED = 429
"""Its published example has none of the service's own headers, and no charset: a gateway sends it."""

_BEARER = re.compile(r"(?:^|,)\s*Bearer(?=\s|,|$)", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')

HEAD_REFUSED = (404, 405, 501)
"""How a service says that it has no HEAD, which no page documents."""


@cache
def _stated() -> Mapping[str, tuple[Standing, bool]]:
    """Code → its standing, and whether breaking it is an error in every profile, as codes.toml says."""
    codes = read_codes(schemas_dir() / "codes.toml", {}).values()
    return {code.code: (code.standing, code.weight.certain) for code in codes if code.standing is not None}


def http_finding(
    code: str,
    message: str,
    pointer: str = "",
    standing: Standing | None = None,
    *,
    certain: bool | None = None,
) -> Finding:
    """A finding about the answer as a whole; `standing` and `certain` override what codes.toml says."""
    known, sure = _stated()[code]
    return Finding(code, pointer, message, standing or known, certain=sure if certain is None else certain)


def status_findings(exchange: Exchange, response: Response, expected: Expectation) -> Iterator[Finding]:
    """Whether this status may answer this request."""
    status = response.status
    if status == 429:
        return  # documented for any request at any time; its form is judged, and the client waits
    if expected.succeeds:
        allowed = (200, 204) if exchange.request.method == "OPTIONS" else (200,)
        if status not in allowed:
            yield http_finding("PI301", f"this request is owed {allowed[0]}; the answer is {status}")
    elif 200 <= status < 300:
        code = next(
            (ANSWERED_INSTEAD[case.case] for case in expected.refusals if case.case in ANSWERED_INSTEAD),
            "PI301",
        )
        # RFC 9110, section 15.5.7: a service may disregard Accept, so refusing is an assumption of ours.
        lenient = all(case.case == "not-acceptable" for case in expected.refusals)
        yield http_finding(
            code,
            f"this request must be refused with {expected.describe()}; the answer is {status}",
            standing=Standing.ASSUMED if lenient else None,
        )
    elif expected.case_for(status) is None:
        # A user reported 500, and a gateway may refuse a token that it does not take with 401.
        lenient = all(case.case == "app-only" for case in expected.refusals) and status in (401, 500)
        yield http_finding(
            "PI301",
            f"this request is owed {expected.describe()}; the answer is {status}",
            standing=Standing.ASSUMED if lenient else None,
        )


def header_findings(
    exchange: Exchange, response: Response, catalogue: Catalogue, case: ErrorCase | None
) -> Iterator[Finding]:
    """Content type, request ids, the service's own headers, and those the case demands."""
    if exchange.request.method != "OPTIONS" and response.status != 204:
        yield from _content_type_findings(exchange.request, response, catalogue)
    for name in catalogue.common_headers if response.status != THROTTLED else ():
        if name in ECHOED:
            yield from _echo_findings(name, exchange.request, response)
        elif not response.header(name):
            yield http_finding("PI305", f"the answer has no {name} header")
    yield from _case_header_findings(response, case)
    if exchange.request.method == "OPTIONS" and response.status < 300 and not response.header("Allow"):
        yield http_finding("PI313", "an answer to OPTIONS must carry an Allow header")


def _case_header_findings(response: Response, case: ErrorCase | None) -> Iterator[Finding]:
    """The headers that a refusal demands."""
    for name in case.headers if case is not None else ():
        stated = response.header(name)
        if not stated:
            standing = Standing.DOCUMENTED if name == "Retry-After" else Standing.ASSUMED
            yield http_finding("PI313", f"a {response.status} must carry a {name} header", standing=standing)
        elif name == "WWW-Authenticate" and not _asks_for_bearer(response):
            words = f"the {name} {shortened(stated)!r} does not name Bearer, so that no client sends a token"
            yield http_finding("PI313", words, certain=True)


def _asks_for_bearer(response: Response) -> bool:
    """Whether one of the challenges is of the scheme that takes tokens, as RFC 6750, section 3, demands."""
    challenges = (value for name, value in response.headers if name.lower() == "www-authenticate")
    return any(_BEARER.search(_QUOTED.sub('""', value)) for value in challenges)


def _content_type_findings(request: Request, response: Response, catalogue: Catalogue) -> Iterator[Finding]:
    promised = _content_type(catalogue.content_type)
    stated = response.header("Content-Type")
    if stated is None:
        if request.method != "HEAD":  # which has no content: that it differs from GET is PI312's
            yield http_finding(
                "PI302", f"the answer has no Content-Type; {catalogue.content_type} is promised"
            )
        return
    found = _content_type(stated)
    if found[0] != promised[0]:
        yield http_finding(
            "PI302", f"the Content-Type is {shortened(stated)!r}; {catalogue.content_type} is promised"
        )
    elif found[1] != promised[1]:
        # RFC 8259, section 11, defines no charset: another one than that of JSON misleads who heeds it.
        misleads = found[1] not in ("", "utf8", "us-ascii")
        words = f"the Content-Type is {shortened(stated)!r}, without charset=utf-8"
        if misleads or response.status != THROTTLED:
            yield http_finding("PI303", words, certain=misleads)


@lru_cache(maxsize=100)
def _content_type(value: str) -> tuple[str, str]:
    """The media type and the charset."""
    message = Message()
    message["Content-Type"] = value
    return message.get_content_type(), str(message.get_param("charset", "")).lower()


def _echo_findings(name: str, request: Request, response: Response) -> Iterator[Finding]:
    sent, answered = request.header(name), response.header(name)
    if not answered:
        yield http_finding("PI304", f"the answer has no {name} header")
    elif sent is None and not GUID.fullmatch(answered.strip()):
        yield http_finding(
            "PI319", f"the {name} that the service made up, {shortened(answered)!r}, is no GUID"
        )
    elif sent is not None and sent.strip().lower() != answered.strip().lower():
        yield http_finding(
            "PI304", f"the request's {name} was {shortened(sent)!r}, the answer's is {shortened(answered)!r}"
        )


COMPARED = ("Content-Type", "Content-Length", "WWW-Authenticate", "Allow", "Retry-After", "Content-Encoding")
"""Headers that a HEAD shares with its GET; ids and dates are new for every answer."""


FROM_CONTENT = frozenset({"Content-Length", "Content-Encoding"})
"""RFC 9110, section 9.3.2: fields that are only known once there is content may be left out."""


def head_findings(get: Response, head: Response) -> Iterator[Finding]:
    """Where the answer to HEAD is not the answer to GET without its body."""
    if get.status != head.status:
        yield http_finding("PI312", f"HEAD is answered {head.status}, GET {get.status}")
        return
    for name in COMPARED:
        with_body, without = get.header(name), head.header(name)
        if with_body != without and not (name in FROM_CONTENT and None in (with_body, without)):
            yield http_finding(
                "PI312",
                f"HEAD says {name}: {display_value(without)}, GET says {display_value(with_body)}",
            )
