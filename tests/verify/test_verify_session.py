"""Laws of an session: what it asks, what it never asks, and how it copes with an unwell server."""

from __future__ import annotations

import json
import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import strategies as st

from partner_insights.contract import Catalogue
from partner_insights.errors import InputError
from partner_insights.verify.report.verdict import not_tried_lines
from partner_insights.verify.run import suite
from partner_insights.verify.run.client import Stopped
from partner_insights.verify.run.customer_list import MAX_PAGES
from partner_insights.verify.run.results import ContractViolated
from partner_insights.verify.run.session import SuiteSession
from partner_insights.verify.run.target import refuse_api_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler

GUIDS = [f"4d3cf487-70f4-4e1e-9ff1-{number:012d}" for number in range(8)]
USAGE = "/v1/analytics/licenses/usage"


def answer(handler: BaseHTTPRequestHandler, body: Any, status: int = 200, **headers: str) -> None:
    content = json.dumps(body).encode()
    fields = {
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(content)),
        "MS-RequestId": handler.headers.get("MS-RequestId", str(uuid.uuid4())),
        "MS-CorrelationId": handler.headers.get("MS-CorrelationId", str(uuid.uuid4())),
        "MS-CV": "x",
        "MS-ServerId": "x",
    }
    handler.send_response(status)
    for name, value in {
        **fields,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }.items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(content)


@pytest.fixture
def inspect(serving: Any, target_at: Any) -> Iterator[Callable[..., SuiteSession]]:
    """A session of a server made of one function."""
    opened: list[SuiteSession] = []

    def start(handle: Any, *, own: bool = True, ceiling: int | None = None) -> SuiteSession:
        target = target_at(serving(handle), own=own, ceiling=ceiling)
        opened.append(SuiteSession(target, Catalogue.load()))
        return opened[-1]

    yield start
    for session in opened:
        session.close()


def paged(
    good: Any,
    page: Callable[[int, int], tuple[list[str], int | None]],
    total: Callable[[list[str]], int] = len,
) -> Any:
    """A customer list: `page(size, offset)` gives the ids of a page and the offset of the next."""

    def handle(handler: BaseHTTPRequestHandler) -> None:
        size = int(parse_qs(urlsplit(handler.path).query)["size"][0])
        ids, following = page(size, int(handler.headers.get("MS-ContinuationToken", "0")))
        body = good("customers")
        (template,) = body["items"]
        body |= {
            "totalCount": total(ids),
            "items": [
                template | {"id": guid, "companyProfile": template["companyProfile"] | {"tenantId": guid}}
                for guid in ids
            ],
        }
        if following is not None:
            fields = [{"key": "MS-ContinuationToken", "value": str(following)}]
            body["links"]["next"] = {"uri": f"/customers?size={size}", "method": "GET", "headers": fields}
        answer(handler, body)

    return handle


def whole_list(size: int, offset: int) -> tuple[list[str], int | None]:
    following = offset + size
    return GUIDS[offset:following], following if following < len(GUIDS) else None


def test_a_list_is_read_to_its_end(inspect: Any, good: Any) -> None:
    """By its links and continuation tokens, whatever the size of a page."""
    session = inspect(paged(good, whole_list))
    assert (session.customers.read(3).ids, session.customers.read(3).complete) == (tuple(GUIDS), True)
    session.customers.compare_pages(5)
    assert not session.results.violations


def test_a_list_that_changes_with_the_size_of_its_pages_is_found(inspect: Any, good: Any) -> None:
    """PI317: a customer lost between two pages."""
    lossy = paged(good, lambda size, offset: (whole_list(size, offset)[0][: 7 if size < 100 else 8], None))
    with pytest.raises(ContractViolated, match="PI317"):
        inspect(lossy).customers.compare_pages(50)


def test_a_page_larger_than_asked_for_is_found(inspect: Any, good: Any) -> None:
    """PI317, although no customer is lost, and none is named twice."""
    session = inspect(paged(good, lambda size, offset: whole_list(size + 1, offset)))
    assert session.customers.read(3).ids == tuple(GUIDS)
    told = {violation.code: violation.message for violation in session.results.violations}
    assert told.keys() == {"PI317"}
    assert "pages of 3 were asked for, and this one has 4 customers" in told["PI317"]


@pytest.mark.parametrize(
    ("total", "is_right"),
    [
        (len, True),
        (lambda ids: 8, True),
        (lambda ids: 9, False),
        (lambda ids: 9 if GUIDS[0] in ids else 8, False),
    ],
)
def test_totals_are_of_each_page_or_of_the_whole(
    inspect: Any, good: Any, total: Callable[[list[str]], int], is_right: bool
) -> None:
    """PI317 where they are neither, on one page or on all."""
    session = inspect(paged(good, whole_list, total))
    session.customers.read(3)
    told = {violation.code: violation.pointer for violation in session.results.violations}
    assert told == ({} if is_right else {"PI317": "/totalCount"})


def test_a_list_that_leads_in_a_circle_ends(inspect: Any, good: Any) -> None:
    """PI316; and it is not taken for complete, so no sum is reckoned over it."""
    session = inspect(paged(good, lambda size, offset: (GUIDS[:2], 0)))
    assert (session.customers.ids, session.customers.complete) == (tuple(GUIDS[:2]), False)
    assert "PI316" in {violation.code for violation in session.results.violations}


def test_a_long_list_of_a_live_service_is_not_read_to_its_end(inspect: Any, good: Any) -> None:
    """Some pages are enough to find customers to ask for."""
    session = inspect(paged(good, lambda size, offset: ([GUIDS[offset]], offset + 1)), own=False)
    assert (len(session.customers.ids), session.customers.complete) == (MAX_PAGES, False)


def test_a_live_service_is_only_ever_read(inspect: Any) -> None:
    """Whatever a law asks for, nothing but GET and HEAD leaves, not even OPTIONS."""
    sent: list[str] = []
    session = inspect(lambda handler: sent.append(handler.command), own=False)
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "post", "get"):
        with pytest.raises(ValueError, match="never sent"):
            session.check("partner-licenses-usage", method=method)
    assert sent == []


def test_a_throttled_request_is_sent_again(inspect: Any, good: Any) -> None:
    """A 429 in its own dialect breaks nothing: the client waits and asks again."""
    asked: list[str] = []

    def throttle_first(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        if len(asked) == 1:
            answer(handler, {"statusCode": 429, "message": "Try again in 0 seconds."}, 429, Retry_After="0")
        else:
            answer(handler, good("partner-licenses-usage"))

    session = inspect(throttle_first)
    session.check("partner-licenses-usage")
    assert (len(asked), session.results.violations) == (2, [])
    assert [seen.kind for seen in session.results.observations.values()] == ["throttled"]


def test_a_service_that_only_throttles_ends_the_run(inspect: Any) -> None:
    """There is nothing to judge; the record says why."""
    body = {"statusCode": 429, "message": "Try again in 0 seconds."}
    session = inspect(lambda handler: answer(handler, body, 429, Retry_After="0"))
    with pytest.raises(Stopped):
        session.check("partner-licenses-usage")
    assert "throttled" in (session.results.stopped or "")


def test_the_simplest_request_that_breaks_is_reported(inspect: Any, good: Any) -> None:
    """A law broken by any text with an x is reported with the text x, in the error and in the record."""

    def broken_by_x(handler: BaseHTTPRequestHandler) -> None:
        body = good("partner-licenses-usage")
        body["totalCount"] += "x" in handler.headers.get("X-Word", "")
        answer(handler, body)

    session = inspect(broken_by_x)
    words = st.text("abcx", min_size=1, max_size=12)
    with pytest.raises(ContractViolated, match="PI201 at /totalCount"):

        @session.for_all(word=words)
        def holds(word: str) -> None:
            session.check("partner-licenses-usage", headers={"X-Word": word})

    (violation,) = session.results.violations
    assert violation.request.header("X-Word") == "x"
    assert session.results.counts[violation.key] > 1


def test_a_break_that_shows_now_and_then_is_no_crash(inspect: Any, good: Any) -> None:
    """What is broken once is broken, though the same request is answered well the next time."""
    asked: list[str] = []

    def broken_once(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        body = good("partner-licenses-usage")
        body["totalCount"] += len(asked) == 4
        answer(handler, body)

    session = inspect(broken_once)
    with pytest.raises(ContractViolated):

        @session.for_all(word=st.text("abc", max_size=12))
        def holds(word: str) -> None:
            session.check("partner-licenses-usage", headers={"X-Word": word})


def test_the_ceiling_does_not_hide_a_break(inspect: Any, good: Any) -> None:
    """A break found just before the ceiling is reported as a break, not as a skip."""
    session = inspect(
        lambda handler: answer(handler, good("partner-licenses-usage") | {"totalCount": 9}), ceiling=3
    )
    with pytest.raises(ContractViolated):

        @session.for_all(word=st.text("abc", max_size=12))
        def holds(word: str) -> None:
            session.check("partner-licenses-usage", headers={"X-Word": word})

    assert session.results.requests == 3


@pytest.mark.parametrize(("left", "may"), [(None, True), (11, True), (10, True), (9, False), (0, False)])
def test_a_test_leaves_as_many_requests_as_it_takes(left: int | None, may: bool) -> None:
    """To the very request; without a ceiling it may send any number."""
    session: Any = SimpleNamespace(sender=SimpleNamespace(client=SimpleNamespace(left=left)))
    assert SuiteSession.can_send(session, 5) is may


def test_a_run_with_too_few_requests_is_not_whole(inspect: Any, good: Any) -> None:
    """A test that is left out for the ceiling, while others went on, is told: the rest held, not all."""
    session = inspect(lambda handler: answer(handler, good("partner-licenses-usage")), ceiling=9)
    passed = suite.TestResult("test_an_answer", "passed", 0.1)
    run = suite.Run(session.target, session.results, session.catalogue, [passed])
    session.check("partner-licenses-usage")
    session.reserve(4)
    assert (run.whole, run.judgement.headline) == (True, "held")
    with pytest.raises(Stopped) as skipped:
        session.reserve(5)
    run.tests.append(suite.TestResult("test_sums", "skipped", 0.0, str(skipped.value)))
    assert (run.whole, run.judgement.headline) == (False, "held as far as it was tried")
    reason = "the ceiling of 9 requests does not suffice for all tests"
    assert run.judgement.to_json()["notTried"] == {reason: 1}
    assert f"1 test not tried: {reason}" in run.summary


def test_each_reason_counts_though_a_line_has_room_for_three() -> None:
    """The rest is told by its number; the JSON report has all."""
    assert list(not_tried_lines({"a": 9, "b": 3, "c": 1})) == [
        "9 tests not tried: a",
        "3 tests not tried: b",
        "1 test not tried: c",
    ]
    *_, last = not_tried_lines({"a": 9, "b": 3, "c": 2, "d": 1, "e": 1})
    assert last == "2 tests not tried for other reasons"


def test_a_failure_tells_each_cause_once(inspect: Any, good: Any) -> None:
    """Of many rows with one fault, the first is told, with one request and how many more there are."""
    body = good("customer-licenses-usage")
    rows = [dict(body["items"][0], productName=f"P{number}", licensesActive="1") for number in range(5)]
    session = inspect(lambda handler: answer(handler, body | {"items": rows, "totalCount": 4}))
    with pytest.raises(ContractViolated) as raised:
        session.check("customer-licenses-usage", customer=GUIDS[0])
    lines = str(raised.value).splitlines()
    assert [line.partition(":")[0] for line in lines[::2]] == [
        "PI101 at /items/0/licensesActive and 4 more places",
        "PI201 at /totalCount",
        "PI202 at /items/0/customerId and 4 more places",
    ]
    assert all("curl" in line for line in lines[1::2])


def test_options_has_to_name_the_methods(inspect: Any) -> None:
    """PI313: an answer to OPTIONS without Allow."""
    inspect(lambda handler: answer(handler, {}, Allow="GET")).check(
        "partner-licenses-usage", method="OPTIONS"
    )
    with pytest.raises(ContractViolated, match="PI313"):
        inspect(lambda handler: answer(handler, {})).check("partner-licenses-usage", method="OPTIONS")


@pytest.mark.parametrize("base", ["https://api.example", "https://api.example/gateway/of/ours"])
def test_a_url_that_ends_in_a_path_of_the_api_is_refused(base: str, catalogue: Catalogue) -> None:
    """The beginning of any operation's path behind a base is told, with the base to give; others pass."""
    paths = [each.path for each in catalogue.operations.values()]
    whole = [path.replace("{customer-id}", "4d3cf487-70f4-4e1e-9ff1-b2bfce8d9f04") for path in paths]
    for path in ("/v1", "/v1/", *whole):
        with pytest.raises(InputError) as refused:
            refuse_api_path(base + path, paths)
        assert refused.value.remedy == f"give the base URL alone: {base}"
    for path in ("", "/", "/v2", "/v1/of/another", "/customers"):
        refuse_api_path(base + path, paths)
    refuse_api_path(base, [*paths, "/{anything}/at-all"])
