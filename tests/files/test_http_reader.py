"""The time for an answer is a total, whatever its framing, for the judge and for the recorder."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest

from partner_insights import http_reader
from partner_insights.errors import InputError
from partner_insights.record.upstream import Upstream, UpstreamError
from partner_insights.verify import Failure, Response
from partner_insights.verify.run.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

HEAD = b"HTTP/1.1 200 OK\r\n"

DRIPPING: dict[str, tuple[bytes, bytes]] = {
    "a body by its length": (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    "a body in chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a chunk of a body": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n", b" "),
    "a size of a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "a body up to the end": (HEAD + b"\r\n", b" "),
    "a status line": (b"", b"H"),
    "a header field": (HEAD + b"X: ", b"x"),
    "interim responses": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
"""What begins an answer, and what then comes bit by bit without end."""


@pytest.fixture
def answering() -> Iterator[Callable[[Iterable[bytes]], str]]:
    """A server that sends pieces of an answer with a pause after each."""
    ended = threading.Event()
    servers: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(server: socket.socket, pieces: Iterable[bytes]) -> None:
        with suppress(OSError):
            connection, _ = server.accept()
            with connection:
                connection.recv(2**16)
                for piece in pieces:
                    connection.sendall(piece)
                    if ended.wait(0.02):
                        return

    def start(pieces: Iterable[bytes]) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        server.settimeout(10)
        servers.append(server)
        threads.append(threading.Thread(target=serve, args=(server, pieces), daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield start
    ended.set()
    for server in servers:
        server.close()
    for thread in threads:
        thread.join(10)


@pytest.mark.parametrize(("head", "drip"), DRIPPING.values(), ids=DRIPPING)
def test_dripping_answer_is_given_up_in_time(
    answering: Callable[[Iterable[bytes]], str], monkeypatch: pytest.MonkeyPatch, head: bytes, drip: bytes
) -> None:
    """No part of an answer that drips without end holds up the judge or the recorder beyond the time."""
    monkeypatch.setattr(http_reader, "ANSWER_SECONDS", 0.2)
    began = time.monotonic()
    failure = Client(answering(chain([head], repeat(drip)))).send("GET", "/", ())
    assert isinstance(failure, Failure)
    assert failure.code == "PI315"
    assert "not complete after" in failure.reason
    with pytest.raises(UpstreamError, match="took longer") as given_up:
        Upstream(answering(chain([head], repeat(drip)))).get("/", ())
    assert given_up.value.status == 504
    assert 0.4 <= time.monotonic() - began < 10


def test_silence_is_told_from_slowness(
    answering: Callable[[Iterable[bytes]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that falls silent is given up after the shorter time for that, and in other words."""
    monkeypatch.setattr(http_reader, "READ_SECONDS", 0.1)
    hanging = chain([HEAD], (time.sleep(0.5) or b"" for _ in range(1)))
    failure = Client(answering(hanging)).send("GET", "/", ())
    assert isinstance(failure, Failure)
    assert failure.code == "PI315"
    assert "timed out" in failure.reason


def test_slow_answer_within_the_time_is_read(answering: Callable[[Iterable[bytes]], str]) -> None:
    """An answer that comes in small pieces, interim responses before it, is read to its end."""
    whole = b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 5\r\n\r\nhello"
    pieces = [whole[start : start + 7] for start in range(0, len(whole), 7)]
    answer = Client(answering(pieces)).send("GET", "/", ())
    assert isinstance(answer, Response)
    assert (answer.status, answer.body) == (200, b"hello")
    assert Upstream(answering(pieces)).get("/", ()).body == b"hello"


@pytest.mark.parametrize("reader", [Client, Upstream])
def test_another_library_of_urllib3s_name_is_told_apart(
    reader: type[Client | Upstream], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes the place of urllib3 has nothing that bounds an answer: that is said, before any request."""
    monkeypatch.setattr(http_reader, "HTTPConnection", type("HTTPConnection", (), {}))
    with pytest.raises(InputError, match="installed as urllib3 is another library"):
        reader("http://127.0.0.1:9")
