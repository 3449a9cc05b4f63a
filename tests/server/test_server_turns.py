"""Who asked for nothing waits for nobody: answers held back by faults do not hold back others."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from partner_insights.child_server import running_fake
from partner_insights.server.faults import connection_faults as wire
from partner_insights.server.http import body_timeout as bodies
from partner_insights.server.process.leader_follower import MOST, Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conftest import Ask
    from partner_insights.child_server import RunningFake

USAGE = "/v1/analytics/licenses/usage"
ROOT = Path(__file__).resolve().parents[2]
LONG = 600
"""Seconds no test will wait."""


def held(fake: RunningFake, fault: str) -> socket.socket:
    """A request whose answer is held back; a stalled one has begun."""
    where = urlsplit(fake.url)
    connection = socket.create_connection((where.hostname, where.port), timeout=10)
    lines = [f"GET {USAGE} HTTP/1.1", "Host: x", f"Prefer: fault={fault}; seconds={LONG}"]
    lines.append(f"Authorization: Bearer {fake.token}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    if fault == "stall":
        came = b""
        while b'"items":' not in came:
            came += connection.recv(65536)
    return connection


@pytest.mark.parametrize(("stalls", "delays"), [(1, 0), (0, 1), (50, 40)])
def test_an_answer_held_back_holds_back_no_other(
    asking: Callable[[RunningFake], Ask], stalls: int, delays: int
) -> None:
    """While all of them wait, requests old and new, good and refused, are answered whole."""
    with ExitStack() as stack:
        fake = stack.enter_context(running_fake("--seed", "7", "--customers", "23"))
        ask = asking(fake)
        before = ask(USAGE)
        waiting = [
            stack.enter_context(held(fake, fault)) for fault in ("stall",) * stalls + ("delay",) * delays
        ]
        assert ask(USAGE).body == before.body
        assert ask("/v1/customers").status == 200
        assert ask(USAGE, token=None).status == 401
        entries: list[Any] = json.loads(ask("/_admin/journal").body)["entries"]
        assert sum(entry.get("pending", False) for entry in entries) >= delays
        assert not any(arrived(connection).endswith(before.body[-40:]) for connection in waiting)


def test_there_are_threads_left() -> None:
    """However many answers are held back and bodies awaited, and as the documentation says."""
    waiting = wire.MAX_HELD + bodies.MOST_AWAITED + bodies._MOST_QUEUEING
    assert waiting < MOST
    documented = [(ROOT / "docs" / name).read_text("utf-8") for name in ("faults.md", "wire.md")]
    assert f"At most {wire.MAX_HELD} answers are held back" in documented[0]
    assert f"elsewhere {bodies.MOST_AWAITED} of them end in 503" in documented[1]


def arrived(connection: socket.socket) -> bytes:
    """What has come in the meantime; the first half may still have been on its way."""
    connection.setblocking(False)
    came = b""
    with suppress(BlockingIOError):
        while piece := connection.recv(65536):
            came += piece
    return came


class Server:
    """Threads that take requests from a queue, as Granian's do; a path says what is to be answered."""

    def __init__(self, threads: int) -> None:
        self.requests: Queue[str | None] = Queue()
        self.answered: Queue[str] = Queue()
        self.go_on = Event()
        self.turns = Turns(self.work_out, lambda environ: environ["known"])
        for _ in range(threads):
            self.add_thread()

    def add_thread(self) -> None:
        Thread(target=self.serve, daemon=True).start()

    def work_out(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["path"] == "crash":
            raise RuntimeError("planted")
        if environ["path"] == "wait":
            self.go_on.wait(10)
        return [b""]

    def serve(self) -> None:
        while (path := self.requests.get()) is not None:
            known = ("200 OK", [], b"") if path == "known" else None
            try:
                chunks = self.turns({"path": path, "known": known}, lambda *_: None)
            except RuntimeError:
                self.answered.put(path)
                continue
            list(chunks)
            self.answered.put(path)
            getattr(chunks, "close", lambda: None)()

    def ask(self, path: str) -> None:
        """Until it is answered."""
        self.requests.put(path)
        assert self.answered.get(timeout=5) == path

    def sets(self, *, free: int, resting: int) -> bool:
        """Whether it comes to that; the last answer is heard of before its thread rests."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if (self.turns._free, len(self.turns._resting)) == (free, resting):
                return True
            time.sleep(0.001)
        return False


def test_one_thread_is_free_and_the_others_rest() -> None:
    """Whatever was asked, crashes too: in the end one thread takes requests, no other is in its way."""
    server = Server(threads=5)
    for path in ("known", "new", "crash", "new", "known") * 20 + ("known",) * 100:
        server.ask(path)
    assert server.sets(free=1, resting=4)


def test_who_waits_calls_another() -> None:
    """Before a thread waits it calls one that rests; when all wait, a new one is as good."""
    server = Server(threads=3)
    for _ in range(20):
        server.ask("known")
    assert server.sets(free=1, resting=2)
    for waiting in (1, 2):
        server.requests.put("wait")
        server.ask("known")
        assert server.sets(free=1, resting=2 - waiting)
    server.requests.put("wait")
    assert server.sets(free=0, resting=0)
    server.add_thread()
    server.ask("known")
    assert server.sets(free=1, resting=0)
    server.go_on.set()
    assert server.sets(free=4, resting=0)
    assert {server.answered.get(timeout=5) for _ in range(3)} == {"wait"}
    for _ in range(100):
        server.ask("known")
    assert server.sets(free=1, resting=3)


def test_a_thread_that_ends_is_not_counted_on() -> None:
    """An idle thread may end: the next one that comes does not rest for its sake."""
    server = Server(threads=1)
    server.ask("known")
    assert server.sets(free=1, resting=0)
    server.requests.put(None)
    assert server.sets(free=0, resting=0)
    server.add_thread()
    for _ in range(3):
        server.ask("known")
    assert server.sets(free=1, resting=0)
