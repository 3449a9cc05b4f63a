"""Bodies that never come: they hold up nobody who sends none."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from partner_insights.server.bodies import MOST_READ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ask
    from partner_insights.running import RunningFake

USAGE = "/v1/analytics/licenses/usage"
FORM = b"grant_type=client_credentials&client_id=a&client_secret=b&resource=c"
TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


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


def test_half_sent_bodies_hold_up_nobody(ask: Ask, half_send: Callable[[int], None]) -> None:
    """While many forms are half sent, answers and tokens come; with too many, answers still do."""
    half_send(MOST_READ - 8)
    assert ask("/t/oauth2/token", "POST", TYPE, body=FORM, token=None).status == 200
    assert ask(USAGE).status == 200
    half_send(100)
    began = time.monotonic()
    assert ask(USAGE).status == 200
    assert time.monotonic() - began < 2
    refused = ask("/t/oauth2/token", "POST", TYPE, body=FORM, token=None)
    assert (refused.status, refused.json["code"]) == (503, "503")


def test_half_sent_bodies_are_let_go(ask: Ask) -> None:
    """Once those clients are gone, forms are taken again."""
    deadline = time.monotonic() + 10
    while ask("/t/oauth2/token", "POST", TYPE, body=FORM, token=None).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
