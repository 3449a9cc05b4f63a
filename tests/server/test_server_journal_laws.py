"""The journal's laws: what it keeps and counts for any requests, and what of them it shows."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partner_insights.contract import Catalogue
from partner_insights.server.http.routes import TOKEN, PathTable, RouteMatch
from partner_insights.server.journal import journal as module
from partner_insights.server.journal.journal import Entry, Journal

PATHS = PathTable(Catalogue.load().operations.values())
USAGE = RouteMatch("partner-licenses-usage")
STEP = st.sampled_from(["open", "open", "repeat", "hold", "clear"])


def environ(**more: str) -> dict[str, str]:
    return {"REQUEST_METHOD": "GET", "PATH_INFO": "/v1/analytics/licenses/usage", **more}


@given(
    steps=st.lists(STEP, max_size=12),
    bound=st.integers(1, 5),
    seen=st.integers(0, 12),
    most=st.integers(1, 4),
)
def test_what_is_not_kept_is_counted(steps: list[str], bound: int, seen: int, most: int) -> None:
    """The newest are kept; every other one since the last clearing is counted, of all or since a number."""
    journal, numbers = Journal(PATHS, bound), []
    first = Entry.of(0, environ(), USAGE, "")
    for step in steps:
        if step == "clear":
            journal.clear()
            numbers = []
            continue
        before = [each.number for each in journal.entries()]
        if step == "open":
            journal.open(environ(), USAGE, "")
        elif step == "repeat":
            journal.add_repeat(first, "", None, None)
        else:
            journal.hold_repeat(first, "", None, None)
        last = journal.entries()[-1].number
        assert last > max(before, default=0)
        numbers.append(last)
    assert [each.number for each in journal.entries()] == numbers[-bound:]
    assert journal.forgotten == len(numbers[:-bound])
    newer = [number for number in numbers if number > seen]
    shown = [number for number in numbers[-bound:] if number > seen][:most]
    entries, more, last = journal.since(seen, most)
    assert [each.number for each in entries] == shown
    assert more == len(newer) - len(shown)
    assert last == (numbers[-1] if newer else seen)


def test_a_cleared_journal_counts_none_of_those_before() -> None:
    """Who had seen none before it was cleared has missed none of what was asked after."""
    journal = Journal(PATHS)
    journal.open(environ(), USAGE, "")
    journal.clear()
    entry = journal.open(environ(), USAGE, "")
    assert journal.since(0, 5) == ([entry], 0, entry.number)
    assert journal.forgotten == 0


PIECES = st.lists(
    st.sampled_from([b"x", b"y" * 249, b"z" * 250, b'"@nextLink":"', b'"next":{', b"w" * 16_380]), max_size=6
)


@given(PIECES.map(b"".join))
@example(b'Link":"' + b"x" * 16_377)
@example(b'Link":"' + b"x" * 16_378)
def test_a_link_near_the_end_of_a_body_is_kept(content: bytes) -> None:
    """With what stands around it, or the last bytes; nothing of a body without one, or with one far away."""
    entry = Entry.of(1, environ(), USAGE, "")
    entry.answer(200, [("Content-Length", "7"), ("Content-Type", "a/b"), ("Retry-After", "9")], content)
    assert entry.body == content[:500]
    begins = max(0, len(content) - 16_384)
    link = content.rfind(b'Link":"', begins)
    around = content[max(begins, link - 250) : link + 250]
    end = content[-500:] if b"ext" in content[begins:] else b""
    assert entry.body_end == (around if link >= 0 else end)
    assert (entry.length, entry.content_type, entry.retry_after) == (7, "a/b", 9)


NAMES = ["top", "filter", "client_secret", "CODE", "x-api-key", "sig", "id_token"]
SECRET = set(NAMES[2:])


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=3)), max_size=4))
@example([("filter", "a b"), ("top", "")])
def test_the_secrets_of_a_query_alone_are_hidden(pairs: list[tuple[str, str]]) -> None:
    """In their places; a query without any is shown as it was sent."""
    query = urlencode(pairs)
    shown = module._redacted(query)
    assert parse_qsl(shown, keep_blank_values=True) == [
        (name, "***" if name in SECRET else value) for name, value in pairs
    ]
    if SECRET.isdisjoint(name for name, _ in pairs):
        assert shown == query
        assert module._redacted(f"{query}&x=%41 b") == f"{query}&x=%41 b"


@pytest.mark.parametrize("kind", ["open", "answered", "token", "silent"])
def test_an_entry_is_shown_as_far_as_it_has_come(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until its answer begins it is pending; then it shows how long that took, and the body if it may."""
    clock = iter([10.0, 10.25])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    journal = Journal(PATHS)
    route = RouteMatch(TOKEN) if kind == "token" else USAGE
    ids = {"HTTP_MS_REQUESTID": "given", "HTTP_MS_CORRELATIONID": "its call"}
    entry = journal.open(environ(QUERY_STRING="a=b", HTTP_ACCEPT="*/*", **ids), route, "given")
    if kind == "silent":
        entry.no_reply()
    elif kind != "open":
        headers = [("Content-Length", "2"), ("Content-Type", "application/json"), ("Retry-After", "x")]
        entry.answer(200, headers, b"{\xff")
    shown = journal.content(entry)
    assert (shown["number"], shown["method"], shown["path"]) == (1, "GET", "/v1/analytics/licenses/usage")
    assert (shown["query"], shown["accept"], shown["correlationId"]) == ("a=b", "*/*", "its call")
    assert (shown["token"], shown["caller"], shown["retryAfter"]) == (None, None, None)
    if kind == "open":
        assert shown["pending"] is True
        assert "response" not in shown
    else:
        assert "pending" not in shown
        assert shown["milliseconds"] == 250
        body = {"answered": "{\ufffd", "token": None, "silent": ""}[kind]
        expected: dict[str, Any] = {"contentType": "application/json", "bytes": 2, "body": body}
        silent = {"contentType": None, "bytes": None, "body": ""}
        assert shown["response"] == (silent if kind == "silent" else expected)
    assert shown["status"] == (200 if kind in ("answered", "token") else None)
    assert ("the query parameter 'a' is unknown and was ignored" in shown["notes"]) == (kind != "token")


BASIC = {"HTTP_AUTHORIZATION": "Basic x"}
POST = {"REQUEST_METHOD": "POST", "HTTP_MS_REQUESTID": "same"}
TOLD: list[tuple[RouteMatch, dict[str, str], int, list[str]]] = [
    (USAGE, {}, 401, ["no token was sent: Authorization: Bearer TOKEN", "sent no MS-RequestId"]),
    (USAGE, {}, 200, ["sent no MS-RequestId"]),
    (USAGE, BASIC, 401, ["Authorization does not say Bearer TOKEN", "sent no MS-RequestId"]),
    (USAGE, {"HTTP_AUTHORIZATION": "bearer x"}, 401, ["sent no MS-RequestId"]),
    (USAGE, {"HTTP_MS_REQUESTID": "mine"}, 200, ["the MS-RequestId sent is no GUID and was not echoed"]),
    (USAGE, {"HTTP_MS_REQUESTID": "same"}, 200, []),
    (USAGE, {"REQUEST_METHOD": "HEAD", "HTTP_MS_REQUESTID": "same"}, 200, []),
    (USAGE, POST, 405, ["partner-licenses-usage is asked by GET, not POST"]),
    (RouteMatch(TOKEN), {}, 401, []),
]  # fmt: skip


@pytest.mark.parametrize(("route", "more", "status", "notes"), TOLD)
def test_what_a_request_lacks_is_noted(
    route: RouteMatch, more: dict[str, str], status: int, notes: list[str]
) -> None:
    """No more than that; of a failure that was planned nothing is the caller's."""
    journal = Journal(PATHS)
    entry = journal.open({**environ(), **more}, route, "same")
    entry.answer(status, [], b"")
    assert journal.content(entry)["notes"] == notes
    entry.fault = "code 401"
    assert journal.content(entry)["notes"] == [note for note in notes if "uthorization" not in note]
