"""Two lanes, one semantics: what the asynchronous front does is what Flask would have said, byte by byte."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from dataclasses import dataclass, replace
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from partner_insights.contract import Catalogue
from partner_insights.server import AuthMode, Settings, create_app, response_cache
from partner_insights.server.auth.tokens import PARTNER_CENTER, Subject, Tokens
from partner_insights.server.http import delivery
from partner_insights.server.middleware import ApiMiddleware, Repeat
from partner_insights.server.process import connection
from partner_insights.server.process.connection import Connection
from partner_insights.server.process.connections import Connections
from partner_insights.server.process.front import Front
from partner_insights.server.response_cache import CACHE_KEY_HEADERS, ResponseCache
from partner_insights.server.scenarios import SCENARIOS
from partner_insights.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

CATALOGUE = Catalogue.load()
WORLD = World(CATALOGUE, seed=7, customers=23, as_of=date(2026, 11, 22))
KEY = b"the key of the tests, 32 bytes.."
TOKENS = Tokens(KEY, WORLD.seed)
USER = Subject("contoso.example", "app", "admin@contoso.example")
USAGE = "/v1/analytics/licenses/usage"
CUSTOMERS = "/v1/customers"
ID = "11111111-2222-3333-4444-{:012d}"
GOOD = f"Bearer {TOKENS.access(USER, PARTNER_CENTER)}"
WAITS: list[float] = []
LOOP = asyncio.new_event_loop()
# In a thread of its own: in this one, a browser of other tests may have a loop running.
threading.Thread(target=LOOP.run_forever, daemon=True).start()
FRESH = {"MS-CV", "MS-RequestId", "MS-CorrelationId"}
CONTROLS = {"CONTENT_TYPE": "application/json", "HTTP_HOST": "127.0.0.1"}


@dataclass(frozen=True)
class Answered:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    waits: tuple[float, ...] = ()
    """Seconds for which nothing happened."""
    ending: str = ""
    """How the connection ended, where it did not go on."""

    def apart_from(self, asked: Mapping[str, str]) -> Answered:
        """Without what each answer has for itself: ids made up where none were sent, and MS-CV."""
        echoed = {asked.get("HTTP_MS_REQUESTID"), asked.get("HTTP_MS_CORRELATIONID")}
        headers = [(name, "*" if name in FRESH and value not in echoed else value)
                   for name, value in self.headers]  # fmt: skip
        return replace(self, headers=headers)


class Transport:
    """A transport without a socket: takes down what a connection does with it."""

    def __init__(self) -> None:
        self.sent = b""
        self.ending = ""
        self.peer = ""

    def get_extra_info(self, name: str) -> Any:
        return {"peername": (self.peer, 4711), "sockname": ("localhost", 80), "socket": self}.get(name)

    def write(self, data: bytes) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.ending != ""

    def close(self) -> None:
        self.ending = self.ending or "closed"

    def setsockopt(self, *_: Any) -> None:
        self.ending = "reset"

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None:
        """Nothing more comes than what came."""

    resume_reading = pause_reading


class Lane:
    """One application, asked without a socket: by bytes over a connection, or as a WSGI application."""

    def __init__(self, *, fast: bool, **options: Any) -> None:
        self.app = create_app(WORLD, CATALOGUE, Settings(token_key=KEY, **options))
        assert isinstance(self.app.wsgi_app, ApiMiddleware)
        self.middleware = self.app.wsgi_app
        self.front = Front(self.middleware) if fast else None
        self.connections = Connections(10)
        if not fast:
            self.middleware.cache.find = lambda _: None  # type: ignore[method-assign]
        self.middleware.chooser.rate_limiter.clock = lambda: 0.0
        self.again = 0
        """How many answers did not pass through Flask, nor a thread."""
        repeat = self.middleware.repeat

        def counted(*arguments: Any) -> Any:
            found = repeat(*arguments)
            self.again += isinstance(found, Repeat)
            return found

        self.middleware.repeat = counted  # type: ignore[method-assign]

    def ask(self, path: str, method: str, asked: Mapping[str, str], body: bytes = b"") -> Answered:
        environ = EnvironBuilder(path=path, method=method, input_stream=None, data=body).get_environ()
        environ = environ | {"REMOTE_ADDR": "127.0.0.1"} | asked
        WAITS.clear()
        answered = self.over_wsgi(environ) if self.front is None else self.over_bytes(environ, body)
        return replace(answered, waits=tuple(WAITS))

    def over_wsgi(self, environ: dict[str, Any]) -> Answered:
        heard: list[Any] = [0, []]

        def start_response(status: str, headers: Any, _: Any = None) -> Any:
            heard[:] = int(status[:3]), list(headers)

        body, ending = b"", ""
        try:
            for piece in self.app(environ, start_response):
                body += piece
        except ConnectionAbortedError:
            ending = "closed"
        except ConnectionResetError:
            ending = "reset"
        return Answered(*heard, body, ending=ending)

    def over_bytes(self, environ: dict[str, Any], body: bytes) -> Answered:
        plain = {"CONTENT_TYPE", "CONTENT_LENGTH"}
        fields = {
            name.removeprefix("HTTP_").replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith("HTTP_") or (name in plain and value)
        }
        target = quote(environ["PATH_INFO"]) + ("?" * bool(query := environ["QUERY_STRING"])) + query
        if fields.get("TRANSFER-ENCODING") == "chunked":
            fields.pop("CONTENT-LENGTH", None)
            body = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
        lines = [f"{environ['REQUEST_METHOD']} {target} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items())]
        sent = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
        transport = Transport()
        transport.peer = environ["REMOTE_ADDR"]
        asyncio.run_coroutine_threadsafe(self.exchange(transport, sent), LOOP).result(60)
        head, _, received = transport.sent.partition(b"\r\n\r\n")
        status, *names = head.decode("latin-1").split("\r\n")
        headers = [(name, value) for name, _, value in (each.partition(": ") for each in names)]
        date = ("Date", self.connections.date.decode()[6:-2])
        ours = [each for each in headers if each != date and each[0] != "Connection"]
        number = int(status.split()[1]) if status else 0
        # What comes short of its length ends there in either lane.
        ending = "" if status and transport.ending == "closed" else transport.ending
        return Answered(number, ours, received, ending=ending)

    async def exchange(self, transport: Transport, sent: bytes) -> None:
        assert self.front is not None
        one = Connection(self.front, self.connections)
        one.connection_made(transport)  # type: ignore[arg-type]
        one.data_received(sent)
        while one.is_busy:
            await asyncio.sleep(0.0005)
        await asyncio.sleep(0)
        one.connection_lost(None)

    def control(self, what: str, content: Any) -> Answered:
        answered = self.ask(f"/_admin/{what}", "POST", CONTROLS, json.dumps(content).encode())
        assert 200 <= answered.status < 210, answered
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


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits and resets are taken down, and not carried out."""

    async def wait(_: Connection, seconds: float) -> None:
        WAITS.append(seconds)

    def later(seconds: float, callback: Any) -> None:
        WAITS.append(seconds)
        LOOP.call_soon(callback)

    monkeypatch.setattr(Connection, "wait", wait)
    timeless = SimpleNamespace(create_task=LOOP.create_task, call_soon=LOOP.call_soon, call_later=later)
    monkeypatch.setattr(connection, "asyncio", SimpleNamespace(get_running_loop=lambda: timeless))
    monkeypatch.setattr(delivery, "time", SimpleNamespace(sleep=WAITS.append))


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
    "HTTP_VALIDATEMFA": ["true", "false"],
    "HTTP_X_INSIGHTS_CONSOLE": ["1"],
    "HTTP_USER_AGENT": ["a client", "x" * 600],
    "HTTP_PREFER": ["code=404", "fault=empty-body"],
    "HTTP_HOST": ["api.example", "login.windows.net", "x" * 300],
    "HTTP_ORIGIN": ["https://api.example", "http://localhost", "null"],
    "HTTP_SEC_FETCH_SITE": ["same-origin", "cross-site"],
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
WITHOUT_CHANCE = ["healthy", "silent-empty", "stale", "as-published", "one-customer", "bom", "app-only-500"]
WITHOUT_CHANCE += ["outage"]
CONTROL = st.one_of(
    st.tuples(
        st.just("scenario"),
        st.sampled_from(WITHOUT_CHANCE).map(lambda name: {"scenario": name}),
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
    quick, slow = Lane(fast=True, **options), Lane(fast=False, **options)
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


@settings(max_examples=25)
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
    "HTTP_ORIGIN": (get(), get(HTTP_ORIGIN="https://api.example")),
    "HTTP_SEC_FETCH_SITE": (get(), get(HTTP_SEC_FETCH_SITE="cross-site")),
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
            "HTTP_X_INSIGHTS_CONSOLE": "1",
            "HTTP_X_LOCALE": "de-DE",
            "HTTP_USER_AGENT": "a client",
            "HTTP_MS_CONTRACT_VERSION": "v1",
            "HTTP_VALIDATEMFA": "true",
        }.items()
    },
}
"""Two requests that differ in nothing else, and are answered or noted otherwise."""
FIRST = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR")
"""Where a key begins."""
NOT_STORED = {"CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_PREFER", "HTTP_X_FAULT_PLAN"}
"""A request that has one is never stored, nor found: tests of their own."""


@pytest.mark.parametrize("name", OTHERWISE)
def test_whatever_matters_is_looked_at(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests that differ in one thing are told apart; the lanes part where it is not looked at."""
    steps = [(request, [0, 1]) for request in OTHERWISE[name]]
    assert differences(steps)[0] == []
    place = [*FIRST, *CACHE_KEY_HEADERS].index(name)
    for method in ("find", "store"):
        original = getattr(ResponseCache, method)

        def blind(cache: Any, key: Any, *rest: Any, original: Any = original) -> Any:
            return original(cache, (*key[:place], "GET", *key[place + 1 :]), *rest)

        monkeypatch.setattr(ResponseCache, method, blind)
    assert differences(steps)[0] != []


def test_everything_looked_at_is_tried() -> None:
    """No header is looked at for nothing."""
    assert OTHERWISE.keys() | NOT_STORED == {*FIRST, *CACHE_KEY_HEADERS}
    assert len(response_cache.key_of({"REQUEST_METHOD": "GET"})) == len(FIRST) + len(CACHE_KEY_HEADERS)


def test_a_request_with_a_body_is_not_ordinary() -> None:
    """It waits for its body, or is turned away: never answered from what one without a body got."""
    lane = Lane(fast=True)
    asked = {"HTTP_AUTHORIZATION": GOOD}
    for extra in ({"CONTENT_LENGTH": "5"}, {"HTTP_TRANSFER_ENCODING": "chunked"}):
        for _ in range(2):
            lane.ask(USAGE, "GET", asked | extra, b"12345")
    assert lane.again == 0


def faulty(name: str, path: str = USAGE, method: str = "GET", **headers: str) -> Any:
    return get(path, method, HTTP_PREFER=f"fault={name}; seconds=3", **headers)


def test_both_lanes_go_wrong_alike() -> None:
    """Every fault, and each tenth of those of one keyword, at GET and HEAD, compressed and not.

    The same bytes, waits, endings.
    """
    known = [each["name"] for each in Lane(fast=False).middleware.chooser.names.faults()]
    of_a_keyword = [each for each in known if ":" in each]
    names = [*(each for each in known if ":" not in each), *of_a_keyword[::10]]
    assert len(names) > 150
    kinds = (
        (USAGE, "GET", {}, [0]),
        (CUSTOMERS, "HEAD", {}, []),
        (CUSTOMERS, "GET", {"HTTP_ACCEPT_ENCODING": "gzip"}, []),
    )
    steps = [
        (faulty(name, path, method, **more), again) for name in names for path, method, more, again in kinds
    ]
    found, _ = differences(steps)
    assert found == []


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_both_lanes_have_the_same_bad_day(name: str) -> None:
    """Every scenario: the same requests fail, wait and are refused in both lanes."""
    requests = [get(), get(CUSTOMERS), get(f"{CUSTOMERS}/{WORLD.customer_id(0)}")]
    found, _ = differences(
        [(("scenario", {"scenario": name}), [0])] + [(each, [0, 1, 2]) for each in requests * 8]
    )
    assert found == []


def test_both_lanes_follow_a_plan_alike() -> None:
    """Each fault of a plan for all meets one request, in both lanes the same."""
    faults = [{"operation": "*", "fault": each} for each in ("delay", "close", "reset", "stall", "truncate")]
    plan = {"faults": [{"operation": "*", "code": 429, "retryAfter": 3}, *faults], "all": True}
    found, _ = differences([(("faults", plan), []), *[(get(), [0])] * 6])
    assert found == []


EACH_TIME = {"all": True, "repeat": True}


@pytest.mark.parametrize(
    ("what", "content", "again"),
    [
        ("scenario", {"scenario": "slow"}, 19),
        ("scenario", {"scenario": "throttled"}, 9),  # each of the ten refused is told a longer wait
        ("faults", EACH_TIME | {"faults": [{"operation": "*", "code": 503}]}, 19),
        ("faults", EACH_TIME | {"faults": [{"operation": "customers", "code": 503}]}, 19),
        ("faults", EACH_TIME | {"faults": [{"operation": "*", "fault": "bom"}]}, 0),
    ],
)
def test_what_touches_every_request_costs_no_pass_through_flask(what: str, content: Any, again: int) -> None:
    """A response or a failure that was given before is given again, late or not; alike in both lanes."""
    one = f"{CUSTOMERS}/{WORLD.customer_id(0)}/analytics/licenses/usage"
    found, counted = differences([((what, content), []), (get(one), [0] * 19)])
    assert found == []
    assert counted == again


@pytest.mark.parametrize("preference", ["respond-async", "code=503"])
def test_a_preference_is_no_part_of_what_is_asked_of_the_application(preference: str) -> None:
    """A known answer is given without Flask, too, where somebody asks for a fault, or for nothing."""
    lane = Lane(fast=True)
    lane.ask(USAGE, "GET", {"HTTP_AUTHORIZATION": GOOD})
    lane.middleware.application = lambda *_: pytest.fail("the application was asked")
    preferring = lane.ask(USAGE, "GET", {"HTTP_AUTHORIZATION": GOOD, "HTTP_PREFER": preference})
    assert preferring.status == (503 if preference == "code=503" else 200)


def test_a_response_held_back_is_pending_until_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal tells of a repeated request when it comes, and of its answer when that begins."""
    lane = Lane(fast=True)
    lane.control("scenario", {"scenario": "slow"})
    lane.ask(USAGE, "GET", {"HTTP_AUTHORIZATION": GOOD})
    meanwhile: list[Any] = []

    def later(_: float, callback: Any) -> None:
        meanwhile.append(lane.middleware.journal.content(lane.middleware.journal.entries()[-1]))
        LOOP.call_soon(callback)

    monkeypatch.setattr(connection.asyncio.get_running_loop(), "call_later", later)
    lane.ask(USAGE, "GET", {"HTTP_AUTHORIZATION": GOOD})
    assert lane.again == 1
    (pending,) = meanwhile
    assert (pending["pending"], pending["status"], pending.get("response")) == (True, None, None)
    told = lane.middleware.journal.content(lane.middleware.journal.entries()[-1])
    assert (told["number"], told["status"], "pending" in told) == (pending["number"], 200, False)


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
    lane = Lane(fast=True)
    asked = {"HTTP_AUTHORIZATION": GOOD}
    lane.ask(USAGE, "GET", asked)
    lane.ask(USAGE, "GET", asked)
    assert lane.again == 1
    lane.control(what, content)
    lane.ask(USAGE, "GET", asked)
    assert lane.again == 1


def test_a_token_that_expires_is_refused_at_once() -> None:
    """An answer is not repeated for a token that has expired since."""
    lane = Lane(fast=True)
    began = time.time()
    asked = {"HTTP_AUTHORIZATION": f"Bearer {TOKENS.access(USER, PARTNER_CENTER, lifetime=1)}"}
    expires = int(began) + 1
    while time.time() < expires - 0.02:
        assert lane.ask(USAGE, "GET", asked).status == 200
        time.sleep(0.05)
    time.sleep(max(0, expires - time.time()))
    assert lane.ask(USAGE, "GET", asked).status == 401


def test_what_many_requests_have_in_common_is_kept_once() -> None:
    """The body of one response under several headers, and the token of many requests in the journal."""
    lane = Lane(fast=True)
    token = TOKENS.access(USER, PARTNER_CENTER)
    for agent in ("a", "b"):
        asked = {"HTTP_AUTHORIZATION": f"Bearer {token}", "HTTP_USER_AGENT": agent}
        assert lane.ask(USAGE, "GET", asked).status == 200
    known = lane.middleware.cache._generation.requests.values()
    one, other = (each for request in known for each in request.responses.values())
    assert (one.entry.asked, one.body) != (other.entry.asked, b"")
    assert one.body is other.body
    assert one.entry.authorization is other.entry.authorization is not None


def test_what_is_kept_has_a_bound() -> None:
    """Callers who never ask the same twice, or ask at length, do not fill the memory."""
    lane = Lane(fast=True)
    cache = lane.middleware.cache
    cache._bound = 40_000

    def stored() -> list[response_cache.CachedResponse]:
        generation = cache._generation
        kept = [each for known in generation.requests.values() for each in known.responses.values()]
        assert generation.size == sum(each.cost for each in kept) <= 40_000
        return kept

    for number in range(30):
        lane.ask(USAGE, "GET", {"HTTP_AUTHORIZATION": GOOD, "HTTP_USER_AGENT": f"{number}" * 1000})
        assert stored()
    assert len(stored()) < 30
    lane.ask(USAGE, "GET", {"HTTP_AUTHORIZATION": GOOD, "HTTP_USER_AGENT": "x" * 60_000})
    assert all(each.cost < 40_000 for each in stored())
