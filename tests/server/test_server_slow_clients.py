"""Clients that are slow to send or to read, and responses that are held back: nobody else waits for them."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from partner_insights.server.http.request import BODY_SECONDS, MAX_BODY
from partner_insights.server.process.connection import HEAD_SECONDS, READ_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import SimpleNamespace

    from conftest import Ask
    from partner_insights.child_server import RunningFake

USAGE = "/v1/analytics/licenses/usage"
FORM = b"grant_type=client_credentials&client_id=a&client_secret=b&resource=c"
TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
HEAD = (
    b"POST /t/oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
)
HALVES = (b"Content-Length: 500\r\n\r\ngrant", b"Transfer-Encoding: chunked\r\n\r\n5\r\ngrant")
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of open files as on POSIX")


@pytest.fixture
def connect(fake: RunningFake) -> Iterator[Callable[[bytes], socket.socket]]:
    """Connections that stay open, and what each begins with."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    where = urlsplit(fake.url)
    with contextlib.ExitStack() as stack:

        def connect(sent: bytes) -> socket.socket:
            connection = stack.enter_context(
                socket.create_connection((where.hostname, where.port), timeout=20)
            )
            connection.sendall(sent)
            return connection

        yield connect
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def slowest(ask: Ask, times: int = 40) -> float:
    """Seconds that the slowest of some ordinary requests takes."""
    taken = []
    for _ in range(times):
        began = time.monotonic()
        assert ask(USAGE).status == 200
        taken.append(time.monotonic() - began)
    return max(taken)


def test_half_sent_bodies_hold_up_nobody(ask: Ask, connect: Callable[[bytes], socket.socket]) -> None:
    """While hundreds of forms are half sent, by length and in chunks, responses and tokens come."""
    for number in range(400):
        connect(HEAD + HALVES[number % 2])
    assert slowest(ask) < 1
    assert ask("/t/oauth2/token", "POST", TYPE, body=FORM, token=None).status == 200


def held(fake: RunningFake, fault: str) -> bytes:
    lines = [f"GET {USAGE} HTTP/1.1", "Host: localhost", f"Prefer: fault={fault}; seconds=600"]
    return "\r\n".join([*lines, f"Authorization: Bearer {fake.token}", "", ""]).encode()


def test_a_response_held_back_holds_back_no_other(
    ask: Ask, fake: RunningFake, connect: Callable[[bytes], socket.socket]
) -> None:
    """While a thousand wait, old requests and new ones, good and refused, are answered whole."""
    before = ask(USAGE)
    waiting = [connect(held(fake, fault)) for fault in ("stall", "delay", "timeout", "delay") * 250]
    deadline = time.monotonic() + 30
    while pending(ask) < 750:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert slowest(ask) < 1
    assert ask(USAGE).body == before.body
    assert ask("/v1/customers").status == 200
    assert ask(USAGE, token=None).status == 401
    for connection in waiting:
        connection.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            assert not connection.recv(65536).endswith(before.body[-40:])


def pending(ask: Ask) -> int:
    """How many requests the journal knows of that are not answered yet."""
    entries: list[Any] = json.loads(ask("/_admin/journal").body)["entries"]
    return sum(entry.get("pending", False) for entry in entries)


def test_a_body_too_long_is_refused(ask: Ask) -> None:
    """A form has a bound: one that announces more is refused before any of it has come."""
    announced = TYPE | {"Content-Length": str(MAX_BODY + 1)}
    refused = ask("/t/oauth2/token", "POST", announced, token=None)
    assert (refused.status, refused.json["error_codes"]) == (413, [90015])


def test_a_body_too_long_is_refused_in_chunks(connect: Callable[[bytes], socket.socket]) -> None:
    """One that does not announce its length is refused once it is too long, while it still comes."""
    piece = b"10000\r\n" + b"a" * 2**16 + b"\r\n"
    connection = connect(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + piece * (MAX_BODY // 2**16 + 1))
    assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


@pytest.fixture(scope="module")
def hasty(patched_fake: Callable[..., Any]) -> Iterator[SimpleNamespace]:
    """A fake whose patience with slow clients is half a second."""
    constants = (
        "request.BODY_SECONDS = connection.HEAD_SECONDS = 0.5"
        "; connection.READ_SECONDS = 1; connections._SWEEP_SECONDS = 0.1"
    )
    with patched_fake(constants, "--customers", "600") as fake:
        yield fake


def until_the_end(hasty: SimpleNamespace, begin: bytes, drip: bytes = b"") -> tuple[bytes, float]:
    """What comes back until the server ends the connection, while one byte after the other is sent."""
    where = urlsplit(hasty.url)
    received, began = b"", time.monotonic()
    with socket.create_connection((where.hostname, where.port)) as connection:
        connection.sendall(begin)
        connection.settimeout(0.05)
        while time.monotonic() - began < 10:
            with contextlib.suppress(TimeoutError):
                piece = connection.recv(65536)
                if not piece:
                    return received, time.monotonic() - began
                received += piece
            with contextlib.suppress(OSError):
                connection.sendall(drip)
    raise AssertionError("the connection was left open")


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("drip", [b"", b"a"])
def test_a_body_has_its_time(hasty: SimpleNamespace, half: bytes, drip: bytes) -> None:
    """One that does not come, or by the byte, is answered with 408, and the connection ends."""
    if half is HALVES[1] and drip:
        drip = b"\r\n1\r\na"
    received, took = until_the_end(hasty, HEAD + half, drip)
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b'"error_codes":[90023]' in received
    assert 0.45 < took < 5


@pytest.mark.parametrize("begin", [b"", b"GET /v1/customers HTTP/1.1\r\nX-Sl"])
@pytest.mark.parametrize("drip", [b"", b"x"])
def test_a_head_has_its_time(hasty: SimpleNamespace, begin: bytes, drip: bytes) -> None:
    """A connection that says nothing, half a head, or one byte after the other, ends without a word."""
    received, took = until_the_end(hasty, begin, drip if begin else b"")
    assert received == b""
    assert 0.45 < took < 5


@pytest.mark.parametrize(("pause", "has_all"), [(2.5, False), (0.3, True)])
def test_a_large_response_has_its_time(hasty: SimpleNamespace, pause: float, has_all: bool) -> None:
    """A client that reads nothing is cut off; one that reads late, but in time, has all of it.

    What the system had taken of it by then still comes: some megabytes.
    """
    where, path = urlsplit(hasty.url), b"/v1/customers?size=500"
    line = b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + hasty.token.encode()
    received = bytearray()
    with socket.create_connection((where.hostname, where.port)) as connection:
        connection.sendall((line + b"\r\n\r\n") * 40)
        time.sleep(pause)
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(2**20):
                received += piece
    whole = received.count(b"HTTP/1.1 200 ") == 40 and received.endswith(b"}")
    assert whole is has_all, len(received)


def test_who_sends_no_more_waits_no_longer_than_for_a_head(hasty: SimpleNamespace) -> None:
    """Of a client that shut down its sending side nobody knows whether it still reads."""
    where = urlsplit(hasty.url)
    line = f"GET {USAGE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {hasty.token}\r\n"
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall(f"{line}Prefer: fault=delay; seconds=60\r\n\r\n".encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(65536) == b""


def test_a_request_that_was_late_is_in_the_journal(hasty: SimpleNamespace) -> None:
    """A body that did not come is answered in the journal, too."""
    half = b"GET /v1/customers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1"
    assert until_the_end(hasty, half)[0].startswith(b"HTTP/1.1 408 ")
    where = urlsplit(hasty.url)
    asked = b"GET /_admin/journal?last=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with socket.create_connection((where.hostname, where.port)) as connection:
        connection.sendall(asked)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    (entry,) = json.loads(received.partition(b"\r\n\r\n")[2])["entries"]
    assert (entry["operation"], entry["status"]) == ("customers", 408)


def test_the_times_are_documented() -> None:
    """docs/wire.md says how long a head and a body may take."""
    documented = (ROOT / "docs" / "wire.md").read_text("utf-8")
    assert f"after {HEAD_SECONDS} s" in documented
    assert f"408 after {BODY_SECONDS:g} s" in documented
    assert f"not read within {READ_SECONDS} s" in documented
    assert READ_SECONDS > HEAD_SECONDS
