"""The verdict's laws, for any requests: how fast a client may be, and what it does after a 401."""

from __future__ import annotations

from itertools import accumulate, pairwise
from types import SimpleNamespace
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from partner_insights.server.http.routes import TOKEN, RouteMatch
from partner_insights.server.journal.client_verdict import (
    MAX_PER_SECOND,
    NO_PAUSE,
    hammered,
    resent_a_refused_token,
)

GAPS = st.integers(0, 40)
"""Between two requests, in 64ths of a second, which floating point has exactly."""


FAULTS = st.sampled_from([None, "delay", "stall", "timeout", "truncate", "reset"])


def requests_at(moments: list[float], status: int = 200) -> list[Any]:
    """The same request at each of these moments, answered at once."""
    route = RouteMatch("partner-licenses-usage")
    rest = {"url": "/v1/u", "continuation": None, "fault": None, "retry_after": None, "status": status}
    return [SimpleNamespace(route=route, began=each, answered=each, **rest) for each in moments]


def moments(gaps: list[int]) -> list[float]:
    return [1 + each / 64 for each in accumulate(gaps)]


@given(gaps=st.lists(GAPS, max_size=3 * MAX_PER_SECOND))
@example(gaps=[0, 63, *[0] * (MAX_PER_SECOND - 1)])
@example(gaps=[0, 64, *[0] * (MAX_PER_SECOND - 1)])
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
    assert ("retried-without-pause" in found) == (fault in ("delay", "stall", "timeout"))


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
