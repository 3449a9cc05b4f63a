"""Clients that give up on a response that is held back: nothing is kept for them, and the journal says so."""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
import time
import weakref
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from werkzeug.exceptions import ClientDisconnected

from partner_insights.server.process.connection import Connection
from partner_insights.server.process.connections import Connections

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ask
    from partner_insights.child_server import RunningFake

USAGE = "/v1/analytics/licenses/usage"


def opened() -> Connection:
    """A connection that nothing has come over."""
    connection = Connection(SimpleNamespace(), Connections(10))  # type: ignore[arg-type]
    connection.connection_made(SimpleNamespace(get_extra_info=lambda _: None))  # type: ignore[arg-type]
    return connection


class Held:
    """The entry of a response that is held back."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def answer(self) -> None:
        self.told.append("answered")

    def leave(self) -> None:
        self.told.append("left")


def test_a_response_to_nobody_is_forgotten() -> None:
    """Once the client is gone the connection is, too; what was to be sent never begins."""
    entry = Held()

    async def leave() -> Any:
        connection = opened()
        connection.later(600, entry, 200, b"", b"")  # type: ignore[arg-type]
        connection.connection_lost(None)
        return weakref.ref(connection)

    async def forgotten() -> bool:
        left = await leave()
        gc.collect()
        return left() is None

    assert asyncio.run(forgotten())
    assert entry.told == ["left"]


@pytest.mark.parametrize("is_late", [True, False])
def test_a_wait_ends_when_the_client_leaves(is_late: bool) -> None:
    """Be it meanwhile, or before."""

    async def wait() -> None:
        loop, connection = asyncio.get_running_loop(), opened()
        if is_late:
            loop.call_later(0.05, connection.connection_lost, None)
        else:
            connection.connection_lost(None)
        with pytest.raises(ClientDisconnected):
            await connection.wait(600)
        timers: list[asyncio.TimerHandle] = loop._scheduled  # type: ignore[attr-defined]
        assert not [each for each in timers if each.when() > loop.time() + 60 and not each.cancelled()]

    asyncio.run(asyncio.wait_for(wait(), 5))


def test_a_wait_ends_once() -> None:
    """By its time, and by the client that leaves in the same turn of the loop: nothing is said of it."""
    said: list[Any] = []

    async def wait() -> None:
        loop, connection = asyncio.get_running_loop(), opened()
        loop.set_exception_handler(lambda _, context: said.append(context))
        waiting = asyncio.create_task(connection.wait(0.01))
        await asyncio.sleep(0)
        time.sleep(0.02)  # its time is over before the loop can look
        loop.call_soon(connection.connection_lost, None)
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(wait())
    assert not said


@pytest.mark.parametrize("fault", ["delay", "timeout"])
def test_the_journal_says_when_it_left(fake: RunningFake, ask: Ask, fault: str) -> None:
    """A reset ends the request at once: it has no response, and took as long as the client waited."""
    where, path = urlsplit(fake.url), f"{USAGE}?left={fault}"

    def seen(until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for _ in range(500):
            entries = ask("/_admin/journal?last=50").json["entries"]
            found = [each for each in entries if f"{each['path']}?{each['query']}" == path]
            if found and until(found[-1]):
                return found[-1]  # type: ignore[no-any-return]
            time.sleep(0.02)
        raise AssertionError(found)

    line = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {fake.token}\r\n"
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall(f"{line}Prefer: fault={fault}; seconds=600\r\n\r\n".encode())
        seen(lambda entry: "pending" in entry)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    left = seen(lambda entry: "pending" not in entry)
    assert left["status"] is None
    assert left["milliseconds"] < 60_000
    assert "the client left before it was answered" in left["notes"]
