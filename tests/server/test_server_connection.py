"""A connection: however bytes arrive, the same requests are answered in their order, and it ends well."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.child_server import running_fake
from partner_insights.server.http.request import MAX_BODY, HttpRequest, target_parts
from partner_insights.server.process.connection import Connection
from partner_insights.server.process.connections import Connections
from partner_insights.server.process.request_reader import KnownRequests, RequestReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ask
    from partner_insights.child_server import RunningFake

USAGE = "/v1/analytics/licenses/usage"


class Transport:
    """Takes down what is sent, and whether the connection has ended."""

    def __init__(self, peer: str = "127.0.0.1") -> None:
        self.sent, self.peer, self.ended = b"", peer, False
        self.calls: list[str] = []

    def get_extra_info(self, name: str) -> Any:
        return {"peername": (self.peer, 4711), "sockname": ("127.0.0.1", 80)}.get(name)

    def write(self, data: bytes) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.ended

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self.ended = True

    abort = close

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")


class Handler:
    """Answers with what it was asked, at once or a little later."""

    def __init__(self, *, late: bool = False) -> None:
        self.seen: list[tuple[str, str, str, bytes]] = []
        self.clients: list[str] = []
        self._late = late

    def handle(self, request: HttpRequest, connection: Connection) -> None:
        if request.body is None and not self._late:
            self._answer(request, connection, b"")
        else:
            connection.run(self._later(request, connection))

    async def _later(self, request: HttpRequest, connection: Connection) -> None:
        body = b"" if request.body is None else await connection.read_body(request.body)
        await asyncio.sleep(0)
        self._answer(request, connection, body)

    def _answer(self, request: HttpRequest, connection: Connection, body: bytes) -> None:
        assert "x-behind" not in request.headers
        self.seen.append((request.method, request.path, request.query, body))
        self.clients.append(request.client)
        connection.respond(200, b"Content-Length: 0\r\n", b"")


async def exchange(
    handler: Handler, pieces: list[bytes], peer: str = "127.0.0.1", wait: bool = True
) -> bytes:
    """What a connection sends back to pieces that arrive one after the other."""
    transport, connection = Transport(), Connection(handler, Connections(10))
    connection.connection_made(transport)  # type: ignore[arg-type]
    for piece in pieces:
        connection.data_received(piece)
        if wait:
            await asyncio.sleep(0)
    while connection.is_busy or connection._reader.requests:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    connection.connection_lost(None)
    return transport.sent


def chunked(body: bytes) -> bytes:
    return b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\nX-Behind: a\r\n\r\n"


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
"""What Java's HttpClient sends with every request, those with a body among them."""
REQUESTS = st.one_of(
    st.binary(max_size=9).map(lambda body: (
        b"POST /u HTTP/1.1\r\nHost: a\r\n" + UPGRADE + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        ("POST", "/u", "", body))),
    st.binary(max_size=9).map(lambda body: (
        b"POST /v HTTP/1.1\r\n" + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body),
        ("POST", "/v", "", body))),
    st.just((b"GET /w HTTP/1.1\r\nHost: a\r\n" + UPGRADE + b"\r\n", ("GET", "/w", "", b""))),
    st.integers(0, 3).map(lambda n: (b"GET /%d?q=%d HTTP/1.1\r\nHost: a\r\n\r\n" % (n, n),
                                     ("GET", f"/{n}", f"q={n}", b""))),
    st.binary(max_size=9).map(lambda body: (
        b"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
        ("POST", "/b", "", body))),
    st.binary(max_size=9).map(lambda body: (
        b"PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body),
        ("PUT", "/c", "", body))),
)  # fmt: skip


@given(
    requests=st.lists(REQUESTS, min_size=1, max_size=40),
    cuts=st.lists(st.integers(0, 3000), max_size=12),
    late=st.booleans(),
    wait=st.booleans(),
)
def test_however_bytes_arrive(requests: Any, cuts: list[int], late: bool, wait: bool) -> None:
    """Cut anywhere, in one go or apart: each request is answered once, in its order, with its body."""
    sent = b"".join(raw for raw, _ in requests)
    places = sorted({0, len(sent), *(cut % (len(sent) + 1) for cut in cuts)})
    pieces = [sent[start:stop] for start, stop in pairwise(places)]
    handler = Handler(late=late)
    answered = asyncio.run(exchange(handler, pieces, wait=wait))
    assert handler.seen == [expected for _, expected in requests]
    assert answered.count(b"HTTP/1.1 200 OK\r\n") == len(requests)


def test_the_same_bytes_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that comes again is known by its bytes; from another address it is another's."""
    parsed: list[bytes] = []
    parse = RequestReader._parse
    monkeypatch.setattr(RequestReader, "_parse", lambda self, data: (parsed.append(data), parse(self, data)))
    handler = Handler()
    one = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

    async def talk() -> None:
        connections = Connections(10)
        for peer in ("127.0.0.1", "127.0.0.1", "127.0.0.2"):
            connection = Connection(handler, connections)
            connection.connection_made(Transport(peer))  # type: ignore[arg-type]
            for _ in range(3):
                connection.data_received(one)
            connection.connection_lost(None)

    asyncio.run(talk())
    assert parsed == [one, one]
    assert handler.clients == ["127.0.0.1"] * 6 + ["127.0.0.2"] * 3
    assert handler.seen == [("GET", "/a", "", b"")] * 9


@pytest.mark.parametrize(
    "parts",
    [
        [b"GET /a HTTP/1.1\r\nHost: a\r\nX: ", b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n"],
        [b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\n", b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n"],
    ],
    ids=["in a field", "in a body"],
)
def test_known_bytes_in_another_place_are_no_request(parts: list[bytes]) -> None:
    """What is a request by itself is none within the head or the body of another."""
    handler = Handler()

    async def talk() -> None:
        connections = Connections(10)
        for pieces in ([parts[1]], parts):
            connection = Connection(handler, connections)
            connection.connection_made(Transport())  # type: ignore[arg-type]
            for piece in pieces:
                connection.data_received(piece)
            while connection.is_busy:
                await asyncio.sleep(0)
            connection.connection_lost(None)

    asyncio.run(talk())
    assert [path for _, path, *_ in handler.seen] == ["/b", "/a"]


@pytest.mark.parametrize(
    ("pieces", "answers"),
    [
        ([b"GET /a HTTP/1.1\r\nHost: a\r\n", b"X: b\r\n\r\n"], 0),
        ([b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"], 2),
        ([b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\n"], 1),
        ([b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"], 1),
    ],
    ids=["the rest of a request", "two requests", "one and a part", "a body"],
)
def test_only_a_whole_request_is_known_by_its_bytes(pieces: list[bytes], answers: int) -> None:
    """The last of what came before, sent alone over a new connection, is read for what it is."""
    handler = Handler()

    async def talk() -> bytes:
        connections, transport = Connections(10), Transport()
        for sent in (pieces, pieces[-1:]):
            connection, transport = Connection(handler, connections), Transport()
            connection.connection_made(transport)  # type: ignore[arg-type]
            for piece in sent:
                connection.data_received(piece)
            while connection.is_busy or connection._reader.requests:
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            connection.connection_lost(None)
        return transport.sent

    assert asyncio.run(talk()).count(b"HTTP/1.1 200 ") == answers


def test_responses_of_one_turn_are_sent_together() -> None:
    """Responses of one turn of the loop go out at its end; a large one, or many of them, at once."""

    class Large(Handler):
        def handle(self, request: HttpRequest, connection: Connection) -> None:
            size = int(request.path[1:])
            connection.respond(200, b"Content-Length: %d\r\n" % size, b"x" * size)

    async def talk() -> None:
        connections = Connections(100)

        def ask(size: int) -> Transport:
            transport, connection = Transport(), Connection(Large(), connections)
            connection.connection_made(transport)  # type: ignore[arg-type]
            connection.data_received(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % size)
            return transport

        small = [ask(1), ask(2)]
        assert [each.sent for each in small] == [b"", b""]
        large = ask(100_000)
        assert len(large.sent) > 100_000
        assert all(each.sent for each in small)  # in their order
        many = [ask(1) for _ in range(20)]
        assert [bool(each.sent) for each in many] == [True] * 16 + [False] * 4
        await asyncio.sleep(0)
        assert all(each.sent for each in many)

    asyncio.run(talk())


def test_what_comes_ahead_is_bounded() -> None:
    """A client that sends a megabyte of requests while one is under way is read no further, and later on."""
    handler, transport = Handler(late=True), Transport()
    one = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    async def talk() -> None:
        connection = Connection(handler, Connections(10))
        connection.connection_made(transport)  # type: ignore[arg-type]
        connection.data_received(one * 5000)
        assert len(connection._reader.requests) < 1000
        assert transport.calls == ["pause"]
        while connection.is_busy or connection._reader.requests:
            await asyncio.sleep(0)

    asyncio.run(talk())
    assert len(handler.seen) == 5000
    assert transport.calls == ["pause", "resume"]


def test_one_body_ahead_is_enough() -> None:
    """Of large bodies that come while a request is under way, one is read; the others in their turn."""
    handler, transport = Handler(late=True), Transport()
    size = 500_000
    one = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size

    async def talk() -> None:
        connection = Connection(handler, Connections(10))
        connection.connection_made(transport)  # type: ignore[arg-type]
        connection.data_received(one * 10)
        bodies = [each.body for each in connection._reader.requests if isinstance(each, HttpRequest)]
        assert sum(len(each._content) for each in bodies if each is not None) <= size + 2**14
        assert transport.calls == ["pause"]
        while connection.is_busy or connection._reader.requests:
            await asyncio.sleep(0)

    asyncio.run(talk())
    assert [len(body) for *_, body in handler.seen] == [size] * 10
    assert transport.calls == ["pause", "resume"]


@pytest.mark.parametrize("sent", [40_000, 39_999], ids=["whole", "a byte short"])
def test_what_came_before_the_end_is_read(sent: int) -> None:
    """A client that asks for much and then shuts down its side is answered what was whole by then."""
    handler, transport = Handler(late=True), Transport()
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n"

    async def talk() -> None:
        connection = Connection(handler, Connections(10))
        connection.connection_made(transport)  # type: ignore[arg-type]
        connection.data_received((head + b"x" * 40_000) * 3 + head + b"x" * sent)
        connection.eof_received()
        while connection.is_busy or connection._reader.requests:
            await asyncio.sleep(0)

    asyncio.run(talk())
    assert len(handler.seen) == (4 if sent == 40_000 else 3)
    assert transport.ended


@pytest.mark.parametrize("size", [300, 600])
def test_many_pieces_ahead_are_bounded_too(size: int) -> None:
    """Requests that come piece by piece while one is under way are read no further than those in one go."""
    handler, transport = Handler(late=True), Transport()

    async def talk() -> None:
        connection = Connection(handler, Connections(10))
        connection.connection_made(transport)  # type: ignore[arg-type]
        for _ in range(20):
            connection.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * size)
        assert len(connection._reader.requests) < 1000
        assert transport.calls == ["pause"]
        while connection.is_busy or connection._reader.requests:
            await asyncio.sleep(0)

    asyncio.run(talk())
    assert len(handler.seen) == 20 * size


def test_a_client_that_leaves_amid_responses_is_not_told_of(capfd: pytest.CaptureFixture[str]) -> None:
    """The loop's warnings of writes to whom has left are no news; its others are."""
    child = """
        import asyncio, socket
        from partner_insights.server.process.event_loop import filter_warnings
        async def talk():
            ours, theirs = socket.socketpair()
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
            theirs.close()
            for _ in range(20):
                transport.write(b"a")
            asyncio.log.logger.warning("another")
        filter_warnings()
        asyncio.run(talk())
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(child)], check=True)
    assert capfd.readouterr().err == "another\n"


def test_a_connection_that_has_ended_is_not_reset() -> None:
    """Its file may be another connection's by then."""

    class Resetting(Handler):
        def handle(self, request: HttpRequest, connection: Connection) -> None:
            connection.run(self._reset(connection))

        async def _reset(self, connection: Connection) -> None:
            await asyncio.sleep(0.01)
            connection.cut(reset=True)

    class File(Transport):
        def get_extra_info(self, name: str) -> Any:
            return self if name == "socket" else super().get_extra_info(name)

        def setsockopt(self, *_: object) -> None:
            self.calls.append("reset")

    async def talk(*, leaves: bool) -> list[str]:
        transport, connection = File(), Connection(Resetting(), Connections(10))
        connection.connection_made(transport)  # type: ignore[arg-type]
        connection.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        if leaves:
            connection.connection_lost(None)
        await asyncio.sleep(0.05)
        return transport.calls

    assert asyncio.run(talk(leaves=False)) == ["reset"]
    assert asyncio.run(talk(leaves=True)) == []


@pytest.mark.parametrize("endless", [b"0\r\nX: ", b"1;x="], ids=["fields behind", "an extension"])
def test_what_comes_beside_a_body_is_bounded(endless: bytes) -> None:
    """Of fields behind a body, and of extensions of chunks, no more is read than of a head."""
    requests: list[HttpRequest] = []

    class Reading(Handler):
        def handle(self, request: HttpRequest, connection: Connection) -> None:
            requests.append(request)

    async def talk() -> None:
        connection = Connection(Reading(), Connections(10))
        connection.connection_made(Transport())  # type: ignore[arg-type]
        head = b"POST /_admin/data HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.data_received(head + endless)
        for _ in range(6):
            connection.data_received(b"a" * 2**14)

    asyncio.run(talk())
    (request,) = requests
    assert request.body is not None
    assert not request.body.is_wanted


def test_an_upgrade_is_passed_over() -> None:
    """Nobody speaks anything else here: the request is answered, and what follows is a request."""
    upgrade = b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    handler = Handler()
    asyncio.run(exchange(handler, [upgrade + b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n" + upgrade]))
    assert [path for _, path, *_ in handler.seen] == ["/a", "/b", "/a"]


def test_what_is_known_has_a_bound() -> None:
    """Clients that never ask the same twice, or ask at length, do not fill the memory."""
    known = KnownRequests()

    async def talk() -> None:
        connections = Connections(10)
        connections.known = known
        connection = Connection(Handler(), connections)
        connection.connection_made(Transport())  # type: ignore[arg-type]
        for number in range(1000):
            connection.data_received(b"GET /%d HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n" % (number, b"x" * 500))
        connection.data_received(b"GET /x HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n" % (b"x" * 5000))

    asyncio.run(talk())
    sizes = [len(data) for data, _ in known._known]
    assert 0 < sum(sizes) <= 2**18
    assert max(sizes) <= 4096


def test_a_connection_that_has_ended_is_freed() -> None:
    """Nothing holds it but what it answers: no garbage to be looked for."""

    async def talk() -> weakref.ref[Connection]:
        connection = Connection(Handler(), Connections(10))
        connection.connection_made(Transport())  # type: ignore[arg-type]
        connection.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.connection_lost(None)
        return weakref.ref(connection)

    gc.disable()
    try:
        assert asyncio.run(talk())() is None
    finally:
        gc.enable()


def test_more_than_can_be_borne_are_turned_away() -> None:
    """A connection beyond the limit ends at once; those before it go on."""

    async def talk() -> list[bool]:
        connections = Connections(2)
        transports = [Transport() for _ in range(3)]
        for transport in transports:
            Connection(Handler(), connections).connection_made(transport)  # type: ignore[arg-type]
        return [transport.ended for transport in transports]

    assert asyncio.run(talk()) == [False, False, True]


def test_a_handler_that_fails_is_a_500(capsys: pytest.CaptureFixture[str]) -> None:
    """The log has the cause, the client a status, and the connection ends; the next one is served."""

    class Failing(Handler):
        def handle(self, request: HttpRequest, connection: Connection) -> None:
            if request.path == "/late":
                connection.run(self._fail())
            else:
                raise ZeroDivisionError("at once")

        async def _fail(self) -> None:
            raise ZeroDivisionError("later")

    for path in (b"/", b"/late"):
        answered = asyncio.run(exchange(Failing(), [b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path]))
        assert answered.startswith(b"HTTP/1.1 500 ")
        assert b"Connection: close\r\n" in answered
    assert capsys.readouterr().err.count("ZeroDivisionError: ") == 2


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("/a?b=c?d", ("/a", "b=c?d", None)),
        ("/a%20b%C3%A9?c=%20", ("/a b\u00e9", "c=%20", None)),
        ("*", ("*", "", None)),
        ("http://a.example:8/b?c", ("/b", "c", "a.example:8")),
        ("http://a.example", ("/", "", "a.example")),
        ("http://a.example?b=/c", ("/", "b=/c", "a.example")),
        ("a.example:443", ("a.example:443", "", None)),
    ],
)
def test_a_target_in_each_of_its_forms(target: str, parts: tuple[str, str, str | None]) -> None:
    """RFC 9112, 3.2: path, query and authority of a target."""
    assert target_parts(target) == parts


@pytest.fixture
def talk(fake: RunningFake) -> Callable[..., bytes]:
    """All that comes back, where the client sends and then shuts down its sending side."""

    def talk(sent: bytes, *, half_close: bool = True) -> bytes:
        where = urlsplit(fake.url)
        with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
            connection.sendall(sent.replace(b"TOKEN", fake.token.encode()))
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            received = b""
            while piece := connection.recv(65536):
                received += piece
        return received

    return talk


def get(*fields: str, target: str = USAGE) -> bytes:
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", "Authorization: Bearer TOKEN", *fields]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize("fields", [(), ("Prefer: fault=delay; seconds=0.3",), ("Prefer: code=503",)])
def test_a_client_that_sends_no_more_is_answered(talk: Callable[..., bytes], fields: tuple[str, ...]) -> None:
    """Shutting down the sending side says that all was asked, not that nobody reads: new, known, and late."""
    for _ in range(2):
        received = talk(get(*fields) * 3)
        assert received.count(b"HTTP/1.1 ") == 3


def test_half_a_body_and_no_more_is_no_request(talk: Callable[..., bytes], ask: Ask) -> None:
    """A client that leaves amid a body is not answered, and the journal does not wait for that."""
    half = b"POST /left/oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nabc"
    assert talk(half) == b""
    entries = json.loads(ask("/_admin/journal").body)["entries"]
    (left,) = [each for each in entries if each["path"] == "/left/oauth2/token"]
    assert left["status"] is None
    assert "pending" not in left


def test_requests_far_ahead_are_answered(talk: Callable[..., bytes]) -> None:
    """Five hundred in one go, delayed ones among them: all, in their order."""
    delayed = get("Prefer: fault=delay; seconds=0.05", "MS-RequestId: 11111111-2222-3333-4444-000000000000")
    asked = [
        delayed if number % 100 == 0 else get(f"MS-RequestId: 11111111-2222-3333-4444-{number:012d}")
        for number in range(500)
    ]
    received = talk(b"".join(asked))
    ids = [line.split()[1] for line in received.split(b"\r\n") if line.startswith(b"MS-RequestId:")]
    assert [int(each[-12:]) for each in ids] == [0 if n % 100 == 0 else n for n in range(500)]


def test_a_refusal_is_read_although_more_is_sent(fake: RunningFake) -> None:
    """A client that sends a body to its end before it reads gets the reason for its refusal."""
    where = urlsplit(fake.url)
    for size in (MAX_BODY + 1, 8 * MAX_BODY):
        with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
            head = b"POST /t/oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size
            connection.sendall(head)
            for _ in range(0, size, 2**16):
                connection.sendall(b"a" * 2**16)
            received = b""
            while piece := connection.recv(65536):
                received += piece
        assert received.startswith(b"HTTP/1.1 413 ")
        assert b'"error_codes":[90015]' in received


def test_a_response_under_way_is_finished_at_the_end() -> None:
    """SIGTERM while a response is held back: it is sent, and then the fake ends."""
    with running_fake("--customers", "2") as fake:
        where = urlsplit(fake.url)
        with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
            sent = get("Prefer: fault=delay; seconds=0.3").replace(b"TOKEN", fake.token.encode())
            connection.sendall(sent)
            time.sleep(0.1)
            threading.Thread(target=fake.stop).start()
            received = b""
            while piece := connection.recv(65536):
                received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"Connection: close" in head
    assert json.loads(body)["items"]


def test_workers_share_an_address() -> None:
    """With two workers, connections are answered one after the other."""
    with running_fake("--customers", "2", "--workers", "2") as fake:
        where = urlsplit(fake.url)
        for _ in range(20):
            with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
                connection.sendall(get().replace(b"TOKEN", fake.token.encode()))
                assert connection.recv(12) == b"HTTP/1.1 200"
