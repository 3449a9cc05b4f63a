"""Bodies that never come: they hold up nobody who sends none."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from werkzeug.exceptions import RequestTimeout

from partner_insights.server.http.body_timeout import MOST_AWAITED, MOST_READ, TimelyBodies, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ask
    from partner_insights.child_server import RunningFake

USAGE = "/v1/analytics/licenses/usage"
FORM = b"grant_type=client_credentials&client_id=a&client_secret=b&resource=c"
TYPE = {"Content-Type": "application/x-www-form-urlencoded"}

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing tells whose connection it is")


@pytest.fixture
def half_send(fake: RunningFake) -> Iterator[Callable[[int], None]]:
    """Connections that announce a body and send a part of it, by length and in chunks."""
    where = urlsplit(fake.url)
    with contextlib.ExitStack() as stack:

        def half_send(number: int) -> None:
            for each in range(number):
                connection = stack.enter_context(socket.create_connection((where.hostname, where.port)))
                announced = (
                    b"Content-Length: 500\r\n\r\n" if each % 2 else b"Transfer-Encoding: chunked\r\n\r\n5\r\n"
                )
                head = b"POST /t/oauth2/token HTTP/1.1\r\nHost: x\r\n"
                kind = b"Content-Type: application/x-www-form-urlencoded\r\n"
                connection.sendall(head + kind + announced + b"grant")
            time.sleep(0.5)

        yield half_send


@linux
def test_half_sent_bodies_hold_up_nobody(ask: Ask, half_send: Callable[[int], None]) -> None:
    """While as many forms are half sent as are waited for, and many more, answers and tokens come."""
    half_send(MOST_AWAITED)
    assert ask("/t/oauth2/token", "POST", TYPE, body=FORM, token=None).status == 200
    assert ask(USAGE).status == 200
    half_send(100)
    began = time.monotonic()
    assert ask(USAGE).status == 200
    assert time.monotonic() - began < 2
    assert ask("/t/oauth2/token", "POST", TYPE, body=FORM, token=None).status == 200


def test_half_sent_bodies_are_let_go(ask: Ask) -> None:
    """Once those clients are gone, forms are taken again."""
    deadline = time.monotonic() + 10
    while ask("/t/oauth2/token", "POST", TYPE, body=FORM, token=None).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_body_too_long_is_refused(ask: Ask) -> None:
    """A form has a bound: one that announces more is refused before any of it has come."""
    announced = TYPE | {"Content-Length": str(MOST_READ + 1)}
    refused = ask("/t/oauth2/token", "POST", announced, token=None)
    assert (refused.status, refused.json["code"]) == (413, "413")


@contextlib.contextmanager
def connected() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client's end and a server's end."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0] as accepted,
    ):
        yield client, accepted


@linux
def test_a_body_has_a_deadline() -> None:
    """One that does not come ends, with 408 for its request; a connection that was answered stays open."""
    bodies = TimelyBodies(lambda *_: [], patience=0.3)
    with connected() as (client, accepted), connected() as (other, busy):
        client.sendall(b"grant")
        other.sendall(b"GET")
        answering = threading.Timer(0.15, lambda: busy.sendall(b"200"))
        answering.start()
        began = time.monotonic()
        with pytest.raises(RequestTimeout):
            bodies.read(accepted.makefile("rb"), Waiting(time.monotonic(), MOST_READ))
        assert 0.3 <= time.monotonic() - began < 2
        answering.join()
        assert other.recv(3) == b"200"
        other.sendall(b"GET")
        assert busy.recv(6) == b"GETGET"


@linux
def test_a_caller_gone_keeps_no_other_waiting() -> None:
    """A connection that is reset meanwhile cannot be shut: the others that are late end all the same."""
    bodies = TimelyBodies(lambda *_: [], patience=0.3)
    with connected() as (gone, _), connected() as (client, accepted):
        gone.sendall(b"grant")
        client.sendall(b"grant")
        arrived = time.monotonic()
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.close()
        accepted.settimeout(5)
        with pytest.raises(RequestTimeout):
            bodies.read(accepted.makefile("rb"), Waiting(arrived, MOST_READ))


def test_a_body_in_time_is_whole() -> None:
    """What comes in pieces, but comes, is read as it was sent."""
    bodies = TimelyBodies(lambda *_: [], patience=0.5)
    with connected() as (client, accepted):
        client.sendall(b"grant_type=")
        rest = threading.Timer(0.2, lambda: (client.sendall(b"password"), client.close()))
        rest.start()
        assert (
            bodies.read(accepted.makefile("rb"), Waiting(time.monotonic(), MOST_READ))
            == b"grant_type=password"
        )
        rest.join()
