"""The verdict's laws, for any requests: how fast a client may be, what it tries again, under which ids."""

from __future__ import annotations

from itertools import accumulate, pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partner_insights.server.http.response import Note
from partner_insights.server.http.routes import TOKEN, RouteMatch
from partner_insights.server.journal.client_verdict import (
    MAX_PER_SECOND,
    NO_PAUSE,
    came_back_early,
    changed_its_request_id,
    did_not_give_up,
    hammered,
    requested_another_token,
    resent_a_refused_token,
    stopped_half_way,
    used_an_id_twice,
)

GAPS = st.integers(0, 40)
"""Between two requests, in 64ths of a second, which floating point has exactly."""


FAULTS = st.sampled_from([None, "delay", "stall", "timeout", "truncate", "reset"])


def requests_at(moments: list[float], status: int = 200) -> list[Any]:
    """The same request at each of these moments, answered at once."""
    route = RouteMatch("partner-licenses-usage")
    rest = {"url": "/v1/u", "continuation": None, "fault": None, "retry_after": None, "status": status}
    return [
        SimpleNamespace(route=route, began=each, answered=each, has_left=False, **rest) for each in moments
    ]


def moments(gaps: list[int]) -> list[float]:
    return [1 + each / 64 for each in accumulate(gaps)]


@given(gaps=st.lists(GAPS, max_size=3 * MAX_PER_SECOND))
@example(gaps=[0, 63, *[0] * (MAX_PER_SECOND - 1)])
@example(gaps=[0, 64, *[0] * (MAX_PER_SECOND - 1)])
@example(gaps=[*[0] * MAX_PER_SECOND, 64])
def test_hammering_is_too_many_within_one_second(gaps: list[int]) -> None:
    """So many and one more within less than a second, wherever they are; as many in a longer time are not."""
    at = moments(gaps)
    windows = zip(at, at[MAX_PER_SECOND:], strict=False)
    expected = any(last - first < 1 for first, last in windows)
    found = [each.code for each in hammered(requests_at(at), {})]
    assert found == ["hammered"] * expected


@given(gaps=st.lists(GAPS, min_size=1, max_size=MAX_PER_SECOND))
def test_one_retry_without_a_pause_is_forgiven(gaps: list[int]) -> None:
    """Two are told, each by its request; those that waited are not among them."""
    at = moments(gaps)
    soon = [two for one, two in pairwise(at) if two - one < NO_PAUSE]
    found = {each.code: each for each in hammered(requests_at(at, 503), {})}
    assert ("retried-without-pause" in found) == (len(soon) > 1)
    if len(soon) > 1:
        assert [each.began for each in found["retried-without-pause"].entries] == soon


@given(gaps=st.lists(st.integers(0, 30), min_size=3, max_size=MAX_PER_SECOND), fault=FAULTS)
def test_who_gives_up_on_a_response_held_back_tries_again(gaps: list[int], fault: str | None) -> None:
    """Requests sent while the one before is unanswered retry where it was held back, else are parallel."""
    asked = requests_at(moments(gaps), 503)
    for each in asked:
        each.fault, each.answered = fault, each.began + 9
    found = {each.code for each in hammered(asked, {})}
    soon = [gap for gap in gaps[1:] if gap / 64 < NO_PAUSE]
    assert ("retried-without-pause" in found) == (fault in ("delay", "stall", "timeout") and len(soon) > 1)


@given(gaps=st.lists(st.integers(0, 30), min_size=3, max_size=MAX_PER_SECOND))
def test_who_has_left_has_waited(gaps: list[int]) -> None:
    """A client that hangs up and tries again at once paused for as long as it had waited."""
    asked = requests_at(moments(gaps), 503)
    for one, two in pairwise(asked):
        one.status, one.has_left, one.answered = None, True, two.began
    found = {each.code for each in hammered(asked, {})}
    assert ("retried-without-pause" in found) == (len([gap for gap in gaps[1:] if gap / 64 < NO_PAUSE]) > 1)


API, DIRECTORY = RouteMatch("partner-licenses-usage"), RouteMatch(TOKEN)
STEPS = st.lists(
    st.tuples(st.just(API), st.sampled_from(["old", "new", None]), st.sampled_from([200, 401, 503]))
    | st.tuples(st.just(DIRECTORY), st.none(), st.sampled_from([200, 400])),
    max_size=8,
)


@given(steps=STEPS)
@example(steps=[(API, "old", 401), (API, "new", 200)])
@example(steps=[(API, "old", 401), (API, "old", 200)])
@example(steps=[(API, "old", 401), (DIRECTORY, None, 200)])
@example(steps=[(API, "old", 401), (API, None, 401)])
def test_after_a_401_comes_another_token(steps: list[tuple[RouteMatch, str | None, int]]) -> None:
    """A refused token is not sent again; it is the end where neither another nor the directory follows."""
    entries: list[Any] = [
        SimpleNamespace(
            number=at, began=2.0 * at, answered=2.0 * at + 1, route=route, token=token, status=status
        )
        for at, (route, token, status) in enumerate(steps, 1)
    ]
    refused = {
        token: next(each for each in entries if (each.token, each.status) == (token, 401))
        for token in ("old", "new")
        if any((each.token, each.status) == (token, 401) for each in entries)
    }
    resent = [each for each in entries if each.token in refused and each.number > refused[each.token].number]
    ends = [
        entry
        for token, entry in refused.items()
        if {each.token for each in entries[entry.number :] if each.route is API} <= {token, None}
        and not any(each.route is DIRECTORY for each in entries[entry.number :])
    ]
    found = list(resent_a_refused_token(entries, {}))
    again = [each for each in found if each.code == "refused-token-resent"]
    assert [each.entries for each in again] == [(refused[each.token], each) for each in resent]
    ended = [each.entries[0] for each in found if each.code == "token-not-refreshed"]
    assert sorted(each.number for each in ended) == sorted(each.number for each in ends)


def asked(began: float, answered: float | None, status: int | None = 200, **more: Any) -> Any:
    """A request, numbered by when it began."""
    names = ("continuation", "fault", "retry_after", "key", "sent_id", "correlation_id", "token", "note")
    rest = {"url": "/v1/u", "query": "", "route": API, "body_end": b"", **dict.fromkeys(names)}
    return SimpleNamespace(began=began, answered=answered, status=status, number=began, **rest | more)


OF_ONE, OF_OTHER = (RouteMatch("customer-licenses-usage", each) for each in "ab")


@given(
    late=st.integers(-300, 300),
    key=st.sampled_from(["partner", "customer", None]),
    route=st.sampled_from([OF_ONE, OF_OTHER, API, DIRECTORY]),
    url=st.sampled_from(["/v1/u", "/v1/other"]),
)
@example(late=-200, key=None, route=OF_ONE, url="/v1/u")
@example(late=-6, key=None, route=OF_ONE, url="/v1/u")
@example(late=-5, key=None, route=OF_ONE, url="/v1/u")
def test_who_is_to_wait_waits_to_the_end(late: int, key: str | None, route: RouteMatch, url: str) -> None:
    """A twentieth of a second is forgiven; what the quota is not on may be asked at once."""
    refused = asked(0, 1, 429, retry_after=2, key=key, route=OF_ONE)
    again = asked(3 + late / 100, 9, route=route, url=url)
    waits = {"partner": route is not DIRECTORY, "customer": route is OF_ONE, None: url == "/v1/u"}[key]
    found = list(came_back_early([refused, again], {}))
    is_early = 1 < again.began < 2.95 - 1e-9
    assert [each.entries for each in found] == [(refused, again)] * (waits and is_early)
    whose = {"partner": "the partner", "customer": "this customer", None: "this request"}[key]
    after = f"asked to wait 2 s before anything more for {whose}, it came back after {again.began - 1:.2f} s"
    assert all(each.message == after for each in found)


def test_no_one_waits_for_what_was_not_said() -> None:
    """Neither without Retry-After nor before the answer; what was asked before is not early."""
    again = asked(2, 3)
    for before in (asked(0, 1, 429), asked(0, None, 429, retry_after=9)):
        assert not list(came_back_early([before, again], {}))
    assert not list(came_back_early([again, asked(0, 1, 429, retry_after=9)], {}))


@given(
    status=st.sampled_from([200, 399, 400, 404, 408, 429, 500, 503, None]),
    pause=st.sampled_from([0, 59, 60, 61, 64, 65]),
    wait=st.sampled_from([None, 5]),
    fault=FAULTS,
    ids=st.tuples(*[st.sampled_from(["a", "A", "b", None])] * 2),
)
def test_a_retry_keeps_the_id_of_the_first_try(
    status: int | None, pause: int, wait: int | None, fault: str | None, ids: tuple[str | None, str | None]
) -> None:
    """Within a minute of what failed for now, and of the time it was to wait; later it is a new call."""
    first = asked(0, 1, status, sent_id=ids[0], fault=fault, retry_after=wait)
    second = asked(1 + pause, 99, sent_id=ids[1])
    soon = pause < 60 + (wait or 0)
    is_retry = soon and (status in (None, 408, 429, 500, 503))
    found = [(each.code, each.entries) for each in changed_its_request_id([first, second], {})]
    missing, same = None in ids, str(ids[0]).lower() == str(ids[1]).lower()
    code = "request-id-missing" if missing else "request-id-changed"
    assert found == [(code, (first, second))] * (is_retry and (missing or not same))


@given(statuses=st.lists(st.sampled_from([400, 401, 404, 429, 503, None]), min_size=1, max_size=9))
@example(statuses=[404] * 2)
@example(statuses=[404] * 3)
@example(statuses=[503] * 6)
@example(statuses=[503] * 7)
@example(statuses=[499] * 3)
def test_retries_end(statuses: list[int | None]) -> None:
    """Two of what is refused for good, six of what may come right."""
    entries = [asked(2 * at, 2 * at + 1, status) for at, status in enumerate(statuses)]
    vain = [each for each in entries if each.status in (400, 404, 499)]
    found = [(each.code, each.entries) for each in did_not_give_up(entries, {})]
    if len(vain) > 2 and len({each.status for each in vain}) == 1:
        assert found == [("retried-in-vain", tuple(vain))]
    else:
        assert found == [("retried-too-often", tuple(entries))] * (len(entries) > 6)


CALLS = st.tuples(
    st.sampled_from(["/v1/u", "/v1/w"]),
    st.sampled_from([None, "next"]),
    st.sampled_from([None, "r", "R", "s"]),
    st.sampled_from([None, "c", "C"]),
    st.sampled_from([200, 399, 400, 503, None]),
    st.sampled_from([None, "truncate"]),
)


@given(st.lists(CALLS, max_size=5))
def test_an_id_is_of_one_request_and_of_one_call(calls: list[tuple[Any, ...]]) -> None:
    """Only a retry has the ids of an earlier request: of the same one, and before any try succeeded."""
    names = ("url", "continuation", "sent_id", "correlation_id", "status", "fault")
    entries = [asked(at, at + 0.5, **dict(zip(names, call, strict=True))) for at, call in enumerate(calls, 1)]
    expected = []
    for at, entry in enumerate(entries):
        for name in ("sent_id", "correlation_id"):
            ids = [(getattr(each, name) or "").lower() for each in entries]
            first = entries[ids.index(ids[at])]
            if not ids[at] or first is entry:
                continue
            requests = [(each.url, (each.sent_id or "").lower()) for each in entries]
            tries = [each for each, of in zip(entries[:at], requests, strict=False) if of == requests[at]]
            other = (first.url, first.continuation) != (entry.url, entry.continuation)
            if name == "sent_id":
                other |= any(each.status in (200, 399) and not each.fault for each in tries)
            else:
                other |= (first.sent_id or "").lower() != (entry.sent_id or "").lower()
            if other:
                code = "request-id-reused" if name == "sent_id" else "correlation-id-reused"
                expected.append((code, (first, entry)))
    assert [(each.code, each.entries) for each in used_an_id_twice(entries, {})] == expected


@pytest.mark.parametrize(("left", "found"), [(600.0, []), (600.5, ["token-not-kept"]), (-1, [])])
def test_a_token_may_be_renewed_ten_minutes_before_its_end(left: float, found: list[str]) -> None:
    """Not earlier, unless one was refused; a token of somebody else is another matter."""
    first = asked(1, 2, route=DIRECTORY, note=Note("issued", "me", 1000.0), time=0)
    second = asked(3, 4, route=DIRECTORY, note=Note("issued", "me", 9000.0), time=1000.0 - left)
    assert [each.code for each in requested_another_token([first, second], {})] == found
    for between in (asked(2, 3, 401), asked(2, 3, 200, note=Note("other", "me", 5000.0), time=0)):
        codes = [each.code for each in requested_another_token([first, between, second], {})]
        assert codes == ([] if between.status == 401 else found)
    second.note = Note("issued", "you", 9000.0)
    assert not list(requested_another_token([first, second], {}))


NEXT = b'"next":{"uri":"/v1/u","headers":[{"key":"MS-ContinuationToken","value":"more"}]}'


@pytest.mark.parametrize(
    ("status", "end", "then", "found"),
    [
        (200, NEXT, None, ["paging-abandoned"]),
        (200, NEXT, "more", []),
        (200, b"", None, []),
        (500, NEXT, None, []),
    ],
)
def test_a_list_is_read_to_its_last_page(status: int, end: bytes, then: str | None, found: list[str]) -> None:
    """Whoever has a page that names the next asks for that."""
    entries = [asked(1, 2, status, body_end=end), asked(3, 4, continuation=then)]
    assert [each.code for each in stopped_half_way(entries, {})] == found
