"""Two lanes, one semantics: what the front repeats is what Flask would have said, byte by byte."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from partner_insights.contract import Catalogue
from partner_insights.server import AuthMode, Settings, create_app, response_cache
from partner_insights.server.auth.tokens import PARTNER_CENTER, Subject, Tokens
from partner_insights.server.middleware import ApiMiddleware
from partner_insights.server.response_cache import CACHE_KEY_HEADERS
from partner_insights.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

CATALOGUE = Catalogue.load()
WORLD = World(CATALOGUE, seed=7, customers=23, as_of=date(2026, 11, 22))
KEY = b"the key of the tests, 32 bytes.."
TOKENS = Tokens(KEY)
USER = Subject("contoso.example", "app", "admin@contoso.example")
USAGE = "/v1/analytics/licenses/usage"
CUSTOMERS = "/v1/customers"
ID = "11111111-2222-3333-4444-{:012d}"
GOOD = f"Bearer {TOKENS.access(USER, PARTNER_CENTER)}"
FRESH = {"MS-CV", "MS-RequestId", "MS-CorrelationId"}
CONTROLS = {"CONTENT_TYPE": "application/json", "HTTP_HOST": "127.0.0.1"}


@dataclass(frozen=True)
class Answered:
    status: str
    headers: list[tuple[str, str]]
    body: bytes

    def apart_from(self, asked: Mapping[str, str]) -> Answered:
        """Without what each answer has for itself: ids made up where none were sent, and MS-CV."""
        echoed = {asked.get("HTTP_MS_REQUESTID"), asked.get("HTTP_MS_CORRELATIONID")}
        headers = [(name, "*" if name in FRESH and value not in echoed else value)
                   for name, value in self.headers]  # fmt: skip
        return Answered(self.status, headers, self.body)


@dataclass
class Lane:
    """One application, asked without a socket."""

    app: Flask
    again: int = field(default=0, init=False)
    """How many answers did not pass through Flask."""

    @classmethod
    def open(cls, *, fast: bool, **options: Any) -> Lane:
        lane = cls(create_app(WORLD, CATALOGUE, Settings(token_key=KEY, **options)))
        middleware = lane.app.wsgi_app
        assert isinstance(middleware, ApiMiddleware)
        known_answer = middleware.known_answer

        def counted(environ: Any) -> Any:
            known = known_answer(environ) if fast else None
            lane.again += known is not None
            return known

        middleware.known_answer = counted  # type: ignore[method-assign]
        return lane

    def ask(self, path: str, method: str, asked: Mapping[str, str], body: bytes = b"") -> Answered:
        environ = EnvironBuilder(path=path, method=method, input_stream=None, data=body).get_environ()
        chunks, status, headers = run_wsgi_app(self.app, environ | {"REMOTE_ADDR": "127.0.0.1"} | asked)
        return Answered(status, list(headers), b"".join(chunks))

    def control(self, what: str, content: Any) -> Answered:
        answered = self.ask(f"/_admin/{what}", "POST", CONTROLS, json.dumps(content).encode())
        assert answered.status[:2] == "20", answered
        return answered

    def journal(self) -> list[dict[str, Any]]:
        """The entries, but for what time and chance put in."""
        entries: list[dict[str, Any]] = json.loads(self.ask("/_admin/journal", "GET", CONTROLS).body)[
            "entries"
        ]
        chance = {"time", "milliseconds", "plan"} | {"requestId"}
        return [
            {name: value for name, value in entry.items() if name not in chance}
            | {"echoed": entry["requestId"] in ECHOED}
            for entry in entries
        ]


ECHOED = {ID.format(number) for number in range(4)}

CASINGS = (str.lower, str.upper, str.title)
PATHS = st.one_of(
    st.sampled_from(
        [USAGE, "/v1/analytics/licenses/deployment", CUSTOMERS, f"{CUSTOMERS}?size=2", f"{CUSTOMERS}?size=0"]
    ),
    st.sampled_from([f"{USAGE}/", "/v1//customers", "/v1/nowhere", f"{USAGE}?top=1"]),
    st.builds(
        lambda index, casing, rest: f"{CUSTOMERS}/{casing(WORLD.customer_id(index))}{rest}",
        st.integers(0, 1),
        st.sampled_from(CASINGS),
        st.sampled_from(["", "/analytics/licenses/usage", "/analytics/licenses/deployment"]),
    ),
    st.sampled_from([f"{CUSTOMERS}/{ID.format(9)}", f"{CUSTOMERS}/x/analytics/licenses/usage"]),
)
AUTHORIZATIONS = (
    GOOD,
    f"bearer  {TOKENS.access(USER, PARTNER_CENTER)} ",
    f"Bearer {TOKENS.access(Subject('contoso.example', 'app'), PARTNER_CENTER)}",
    f"Bearer {TOKENS.access(USER, PARTNER_CENTER, lifetime=-10)}",
    f"Bearer {GOOD[:-4]}",
    "",
)
HEADERS: dict[str, list[str]] = {
    "HTTP_ACCEPT": ["application/json", "text/html", "*/*;q=0", ""],
    "HTTP_ACCEPT_ENCODING": ["gzip, deflate", "gzip;q=0", "identity"],
    "HTTP_X_LOCALE": ["de-DE", "en-US", "no locale"],
    "HTTP_MS_REQUESTID": [ID.format(0), ID.format(1), ID.format(2).upper(), "x", ""],
    "HTTP_MS_CORRELATIONID": [ID.format(2), ID.format(3), "x"],
    "HTTP_MS_CONTINUATIONTOKEN": ["AAAA"],
    "HTTP_MS_CONTRACT_VERSION": ["v1"],
    "HTTP_USER_AGENT": ["a client", "x" * 600],
    "HTTP_PREFER": ["code=404", "fault=empty-body"],
    "HTTP_HOST": ["api.example", "x" * 300],
    "HTTP_UPGRADE": ["websocket"],
    "HTTP_CONNECTION": ["Upgrade", "keep-alive"],
    "CONTENT_LENGTH": ["0"],
}
REQUEST = st.tuples(
    st.just("request"),
    PATHS,
    st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "OPTIONS"]),
    st.sampled_from([GOOD, *AUTHORIZATIONS]),
    st.lists(st.sampled_from(sorted(HEADERS)), max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: st.sampled_from(HEADERS[name]) for name in names})
    ),
)
FAULTS = [{"operation": "*", "code": 503}, {"operation": "customers", "fault": "empty-body"}]
SCENARIOS = ["healthy", "silent-empty", "stale", "as-published", "one-customer", "bom", "app-only-500"]
SCENARIOS += ["outage"]
CONTROL = st.one_of(
    st.tuples(
        st.just("scenario"),
        st.sampled_from(SCENARIOS).map(lambda name: {"scenario": name}),
    ),
    st.tuples(st.just("clock"), st.sampled_from([{"days": 1}, {"asOf": "2026-11-20"}])),
    st.tuples(st.just("faults"), st.lists(st.sampled_from(FAULTS), min_size=1).map(
        lambda faults: {"faults": faults, "all": True})),
    st.tuples(st.just("reset"), st.none()),
)  # fmt: skip
# A step is followed by the numbers of earlier requests to come again: that is what the front is for.
STEPS = st.lists(
    st.tuples(
        st.one_of(REQUEST, REQUEST, REQUEST, CONTROL), st.lists(st.integers(0, 5), min_size=1, max_size=4)
    ),
    min_size=1,
    max_size=8,
)


def differences(steps: Any, **options: Any) -> tuple[list[str], int]:
    """Where the two lanes part, in words; and how many answers were given without Flask."""
    quick, slow = Lane.open(fast=True, **options), Lane.open(fast=False, **options)
    asked: list[Any] = []
    found = []
    for step, repeats in steps:
        if step[0] == "request":
            asked.append(step)
        else:
            quick.control(*step)
            slow.control(*step)
        for request in [*asked[-1:], *(asked[-1 - place % len(asked)] for place in repeats if asked)]:
            _, path, method, authorization, headers = request
            headers = headers | ({"HTTP_AUTHORIZATION": authorization} if authorization else {})
            one, other = (lane.ask(path, method, headers).apart_from(headers) for lane in (quick, slow))
            if one != other:
                found.append(f"{request}: {one} is not {other}")
    if quick.journal() != slow.journal():
        found.append("the journals differ")
    return found, quick.again


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_both_lanes_answer_alike(steps: Any) -> None:
    """The same requests and controls in the same order: the same bytes, headers and journal."""
    found, _ = differences(steps)
    assert found == []


def get(path: str = USAGE, method: str = "GET", authorization: str = GOOD, **headers: str) -> Any:
    return ("request", path, method, authorization, headers)


def test_an_ordinary_request_that_comes_again_does_not_pass_through_flask() -> None:
    """Every operation, GET and HEAD, whatever ids are sent and whether it is compressed or not."""
    first = WORLD.customer_id(0)
    paths = [each.path.replace("{customer-id}", first) for each in CATALOGUE.operations.values()]
    requests = [get(path, method, **headers) for path in paths for method in ("GET", "HEAD")
                for headers in ({}, {"HTTP_ACCEPT_ENCODING": "gzip", "HTTP_X_LOCALE": "de-DE"})]  # fmt: skip
    found, again = differences([(request, [0]) for request in requests])
    assert (found, again) == ([], len(requests))
    anew = [get(HTTP_MS_REQUESTID=ID.format(n), HTTP_MS_CORRELATIONID=ID.format(n + 1)) for n in (0, 2)]
    assert differences([(request, [0, 1]) for request in anew]) == ([], 5)


@pytest.mark.parametrize("auth", [AuthMode.ANY, AuthMode.OFF])
def test_it_is_the_same_without_tokens_of_ours(auth: AuthMode) -> None:
    """Any token, or none where none is wanted; and none where one is."""
    requests = [get(authorization=each) for each in ("Bearer x", "Basic x", "", GOOD)]
    found, again = differences([(request, [0]) for request in requests], auth=auth)
    assert found == []
    assert again == (4 if auth == AuthMode.OFF else 2)


OTHERWISE = {
    "PATH_INFO": (get(), get(CUSTOMERS)),
    "HTTP_AUTHORIZATION": (get(), get(authorization=GOOD[:20] + "x" + GOOD[21:])),
    "REQUEST_METHOD": (get(), get(method="HEAD")),
    "QUERY_STRING": (get(CUSTOMERS), get(f"{CUSTOMERS}?size=2")),
    "HTTP_MS_CONTINUATIONTOKEN": (get(CUSTOMERS), get(CUSTOMERS, HTTP_MS_CONTINUATIONTOKEN="AAAA")),
    "HTTP_HOST": (get(), get(HTTP_HOST="x" * 300)),
    "HTTP_UPGRADE": (
        get(HTTP_CONNECTION="Upgrade"),
        get(HTTP_CONNECTION="Upgrade", HTTP_UPGRADE="websocket"),
    ),
    "HTTP_CONNECTION": (
        get(HTTP_UPGRADE="websocket"),
        get(HTTP_UPGRADE="websocket", HTTP_CONNECTION="Upgrade"),
    ),
    "REMOTE_ADDR": (get(), get(REMOTE_ADDR="127.0.0.2")),
    **{
        name: (get(), get(**{name: value}))
        for name, value in {
            "HTTP_ACCEPT": "text/html",
            "HTTP_ACCEPT_ENCODING": "gzip",
            "HTTP_X_LOCALE": "de-DE",
            "HTTP_PREFER": "code=404",
            "HTTP_X_FAULT_PLAN": "none",
            "HTTP_USER_AGENT": "a client",
            "HTTP_MS_CONTRACT_VERSION": "v1",
        }.items()
    },
}
"""Two requests that differ in nothing else, and are answered or noted otherwise."""
BODIES = {"CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"}
"""Matter when too many bodies are awaited: a test of their own."""


@pytest.mark.parametrize("name", OTHERWISE)
def test_whatever_matters_is_looked_at(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests that differ in one thing are told apart; the lanes part where it is not looked at."""
    steps = [(request, [0, 1]) for request in OTHERWISE[name]]
    assert differences(steps)[0] == []
    monkeypatch.setattr(
        response_cache, "CACHE_KEY_HEADERS", tuple(each for each in CACHE_KEY_HEADERS if each != name)
    )
    if name == "PATH_INFO":
        monkeypatch.setattr(response_cache, "_place", lambda _: ("", ""))
    assert differences(steps)[0] != []


def test_everything_looked_at_is_tried() -> None:
    """No header is looked at for nothing."""
    assert OTHERWISE.keys() | BODIES == {"PATH_INFO", *CACHE_KEY_HEADERS}


def test_a_request_with_a_body_is_not_ordinary() -> None:
    """It waits for its body, or is turned away: never answered from what one without a body got."""
    lane = Lane.open(fast=True)
    asked = {"HTTP_AUTHORIZATION": GOOD}
    for extra in ({}, {"CONTENT_LENGTH": "5"}, {"HTTP_TRANSFER_ENCODING": "chunked"}):
        lane.ask(USAGE, "GET", asked | extra)
    assert lane.again == 0


@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("scenario", {"scenario": "outage"}),
        ("scenario", {"scenario": "healthy"}),
        ("scenario", {"scenario": "flaky"}),
        ("clock", {"days": 1}),
        ("faults", {"faults": [{"operation": "*", "code": 500}], "all": True}),
        ("reset", None),
    ],
)
def test_a_control_holds_for_the_very_next_request(what: str, content: Any) -> None:
    """Whatever was turned, the next request is answered by the application, which knows of it."""
    lane = Lane.open(fast=True)
    asked = {"HTTP_AUTHORIZATION": GOOD}
    lane.ask(USAGE, "GET", asked)
    lane.ask(USAGE, "GET", asked)
    assert lane.again == 1
    lane.control(what, content)
    lane.ask(USAGE, "GET", asked)
    assert lane.again == 1


def test_a_token_that_expires_is_refused_at_once() -> None:
    """An answer is not repeated for a token that has expired since."""
    lane = Lane.open(fast=True)
    began = time.time()
    asked = {"HTTP_AUTHORIZATION": f"Bearer {TOKENS.access(USER, PARTNER_CENTER, lifetime=1)}"}
    expires = int(began) + 1
    while time.time() < expires - 0.02:
        assert lane.ask(USAGE, "GET", asked).status == "200 OK"
        time.sleep(0.01)
    time.sleep(max(0, expires - time.time()))
    assert lane.ask(USAGE, "GET", asked).status == "401 UNAUTHORIZED"


def kept(middleware: ApiMiddleware) -> list[response_cache.CachedResponse]:
    """All the answers that are remembered; their cost is what it is said to be."""
    memory = middleware.cache._memory
    answers = [known for alike in memory.answers.values() for known in alike]
    assert memory.bytes == sum(known.cost for known in answers)
    return answers


def test_one_place_has_a_bound() -> None:
    """Of one caller at one path the last answers are kept, each once: never many to look through."""
    lane = Lane.open(fast=True)
    middleware = lane.app.wsgi_app
    assert isinstance(middleware, ApiMiddleware)
    for number in (*range(40), 39):
        lane.ask(USAGE, "GET", {"HTTP_AUTHORIZATION": GOOD, "HTTP_USER_AGENT": f"client {number}"})
    agents = [known.entry.asked["userAgent"] for known in kept(middleware)]
    assert agents == [f"client {number}" for number in range(39, 39 - response_cache._MAX_ALIKE, -1)]
    lane.ask(USAGE, "GET", {"HTTP_AUTHORIZATION": GOOD, "HTTP_USER_AGENT": "client 10"})
    assert lane.again == 2
    lane.ask(USAGE, "GET", {"HTTP_AUTHORIZATION": GOOD, "HTTP_USER_AGENT": "client 1"})
    assert lane.again == 2


def test_what_is_kept_has_a_bound() -> None:
    """Callers who never ask the same twice, or ask at length, do not fill the memory."""
    lane = Lane.open(fast=True)
    middleware = lane.app.wsgi_app
    assert isinstance(middleware, ApiMiddleware)
    middleware.cache._bound = 100_000
    for number in range(30):
        lane.ask(USAGE, "GET", {"HTTP_AUTHORIZATION": GOOD, "HTTP_USER_AGENT": f"{number}" * 1000})
        assert middleware.cache._memory.bytes <= 100_000
    assert 0 < len(kept(middleware)) < 30
    lane.ask(USAGE, "GET", {"HTTP_AUTHORIZATION": GOOD, "HTTP_USER_AGENT": "x" * 100_000})
    assert middleware.cache._memory.bytes <= 100_000
