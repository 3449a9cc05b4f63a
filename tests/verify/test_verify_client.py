"""Laws of the client, over real HTTP: it reads what it should, waits when told to, and keeps the token."""

from __future__ import annotations

import contextlib
import gzip
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from partner_insights import http_reader
from partner_insights.verify import Failure, Response
from partner_insights.verify.judge.exchange import Request
from partner_insights.verify.run.client import Client, Secret, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

TOKEN = "eyJ-a-very-secret-token"


def reply(status: int = 200, body: bytes = b"{}", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def handle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    return handle


def get(url: str, **options: Any) -> Response | Failure:
    authorization = Secret(f"Bearer {TOKEN}")
    client = Client(url, [Secret(TOKEN)], **options)
    return client.send("GET", "/v1/x", (("Authorization", "Bearer $VAR"),), authorization)


def test_an_answer_comes_through(serving: Any) -> None:
    """Status, headers and bytes are the server's, freed of their encoding."""
    body = gzip.compress(b'{"a": 1}', mtime=0)
    answer = get(serving(reply(418, body, Content_Encoding="gzip", MS_CV="x")))
    assert isinstance(answer, Response)
    assert (answer.status, answer.body, answer.header("ms-cv")) == (418, b'{"a": 1}', "x")


def test_a_redirect_is_an_answer_and_is_not_followed(serving: Any) -> None:
    """The token goes to the server it was meant for and nowhere else."""
    asked: list[str] = []
    elsewhere = serving(lambda handler: (asked.append(handler.path), reply()(handler)))
    answer = get(serving(reply(302, Location=f"{elsewhere}/stolen")))
    assert isinstance(answer, Response)
    assert (answer.status, asked) == (302, [])


def test_a_token_that_is_no_secret_strikes_out_nothing(serving: Any) -> None:
    """Who has no token to give gives any word: the answers are judged as they came."""
    client = Client(serving(reply(200, b'{"next": "x"}')), [Secret("x")])
    answer = client.send("GET", "/", ())
    assert isinstance(answer, Response)
    assert answer.body == b'{"next": "x"}'


def test_an_echoed_token_is_struck_out(serving: Any) -> None:
    """A server that repeats the token cannot put it into a report."""

    def echo(handler: BaseHTTPRequestHandler) -> None:
        told = handler.headers["Authorization"]
        reply(200, f'{{"you": "{told}"}}'.encode(), X_You=told)(handler)

    answer = get(serving(echo))
    assert isinstance(answer, Response)
    assert TOKEN not in repr(answer)
    assert answer.body == b'{"you": "Bearer [token]"}'
    assert TOKEN not in repr(Secret(TOKEN))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl shows that its line can be read")
def test_the_line_to_repeat_a_request_shows_what_was_answered(serving: Any) -> None:
    """The request asked for gzip, and a person reads the answer in a terminal."""
    url = serving(reply(200, gzip.compress(b'{"a": 1}', mtime=0), Content_Encoding="gzip"))
    line = Request("GET", url, (("Accept-Encoding", "gzip"),)).curl
    ran = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True)
    assert ran.stdout.endswith('\n{"a": 1}')


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_endless_body_is_cut(serving: Any, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """PI311: over the limit nothing more is read, also where it is small before decompression."""
    monkeypatch.setattr(http_reader, "MAX_BODY", 2**18)
    body = b" " * 2**20
    sent = gzip.compress(body, mtime=0) if encoding == "gzip" else body
    failure = get(serving(reply(200, sent, Content_Encoding=encoding)))
    assert isinstance(failure, Failure)
    assert failure.code == "PI311"


def test_a_flood_of_headers_is_cut(serving: Any) -> None:
    """PI311: a hundred headers are enough."""
    failure = get(serving(reply(**{f"X_{number}": "x" for number in range(200)})))
    assert isinstance(failure, Failure)
    assert failure.code == "PI311", failure.reason


def test_a_dripping_answer_is_given_up(serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """PI315: a server that sends a byte now and then does not hold the run."""
    monkeypatch.setattr(http_reader, "ANSWER_SECONDS", 0.2)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for _ in range(30):
            handler.wfile.write(b"1\r\n \r\n")
            time.sleep(0.05)
        handler.wfile.write(b"0\r\n\r\n")

    failure = get(serving(drip))
    assert isinstance(failure, Failure)
    assert failure.code == "PI315"


def close_at_once(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    reply(200, b"{", Content_Length="100")(handler)
    handler.close_connection = True


@pytest.mark.parametrize("handle", [close_at_once, cut_short])
def test_a_broken_off_answer_is_a_failure(serving: Any, handle: Callable[[Any], None]) -> None:
    """PI315: closed without a reply, or in the middle of one."""
    failure = get(serving(handle))
    assert isinstance(failure, Failure)
    assert (failure.code, failure.unreached) == ("PI315", False)
    assert "0x" not in failure.reason


def raw(head: bytes, body: bytes = b"{}") -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer as it is written here; the connection stays open."""
    return lambda handler: handler.wfile.write(head.replace(b"\n", b"\r\n") + b"\r\n" + body)


GZIP = gzip.compress(b'{"a": 1}', mtime=0)
PLAIN = b"HTTP/1.1 200 OK\nContent-Length: 2\n"
CHUNKED = b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n"
GZIPPED = b"HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: %d\n"


@pytest.mark.parametrize(
    ("method", "head", "body", "words"),
    [
        ("GET", b"HTTP/1.1 200 OK\nContent-Length: 2\n", b"{}{}", "bytes follow the end"),
        ("HEAD", b"HTTP/1.1 200 OK\nContent-Length: 2\n", b"{}", "bytes follow the end"),
        ("GET", b"HTTP/1.1 200 OK\nContent-Length : 2\n", b"{}", "does not parse"),
        ("GET", b"HTTP/1.1 200 OK\nContent-Length: 2\nMS-CV: a\x01b\n", b"{}", "does not parse"),
        ("GET", b"HTTP/1.1 200 OK\nContent-Length: 2\nMS-CV: a\n folded\n", b"{}", "does not parse"),
        ("GET", b"HTTP/1.1 200 OK\nContent-Length: 2\nNo colon\n", b"{}", "does not parse"),
        ("GET", b"HTTP/1.0 200 OK\nTransfer-Encoding: chunked\n", b"2\r\n{}\r\n0\r\n\r\n", "of HTTP/1.0"),
        ("GET", CHUNKED, b"0x2\r\n{}\r\n0\r\n\r\n", "size of a chunk"),
        ("GET", CHUNKED, b"1\r\n{\r\n +1\r\n}\r\n0\r\n\r\n", "size of a chunk"),
        ("GET", CHUNKED, b"2\n{}\r\n0\r\n\r\n", "size of a chunk"),
        ("GET", CHUNKED, b"2\r\n{}  0\r\n\r\n", "longer than it says"),
        ("GET", CHUNKED + b"Connection: close\n", b"2\r\n{}\r\n0\r\n", "ends the chunks"),
        ("GET", CHUNKED, b'2 ;name="value"\r\n{}\r\n000;last\r\nTrailer: 0x1\r\n\r\n', None),
        ("GET", CHUNKED, b"A  \r\n{        }\r\n0\r\n\r\n", None),
        ("GET", GZIPPED % len(GZIP[:-1]), GZIP[:-1], "stops before its end"),
        ("GET", GZIPPED % len(GZIP[:-9]), GZIP[:-9], "stops before its end"),
        ("GET", GZIPPED % len(GZIP), GZIP, None),
        ("GET", GZIPPED % len(GZIP * 2), GZIP * 2, None),
        ("HEAD", GZIPPED % len(GZIP), b"", None),
        ("GET", b"HTTP/1.1 200 OK\nContent-Length: 2\n", b"{}", None),
        ("HEAD", b"HTTP/1.1 200 OK\nContent-Length: 2\n", b"", None),
        ("GET", CHUNKED, b"2\r\n{}\r\n0\r\n\r\n", None),
        ("GET", b"HTTP/1.1 200\nContent-Length: 2\nX: \xe9\n", b"{}", None),
        ("GET", b"HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 100 C\n\n" + PLAIN, b"{}", None),
        ("GET", b"HTTP/1.1 103 Early Hints\nLink : </a>\n\n" + PLAIN, b"{}", None),
        ("GET", b"HTTP/1.1 103 Early Hints\n\n" + PLAIN + b"No colon\n", b"{}", "does not parse"),
        ("GET", b"HTTP/1.1 200 OK\nContent-Length: 2\nConnection: close\n", b"{}", None),
    ],
)
def test_what_http_forbids_of_the_bytes_is_noted(
    serving: Any, method: str, head: bytes, body: bytes, words: str | None
) -> None:
    """PI321: a body where none may be, bytes behind the end, lines that are no fields."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        raw(head, body)(handler)
        handler.close_connection = b"close" in head or b" : " in head

    outcome = Client(serving(answer)).send(method, "/", ())
    assert isinstance(outcome, Response)
    assert [fault.code for fault in outcome.faults] == (["PI321"] if words else [])
    assert words is None or words in outcome.faults[0].reason


def test_blanks_around_a_value_are_none_of_it(serving: Any) -> None:
    """RFC 9110, section 5.5: nothing is wrong with them, and nobody sees them."""
    fields = b"HTTP/1.1 200 OK\nContent-Length: \t2 \t\nMS-CV:\t a b \nMS-ServerId:\n"
    outcome = Client(serving(raw(fields, b"{}"))).send("GET", "/", ())
    assert isinstance(outcome, Response)
    assert outcome.headers == (("Content-Length", "2"), ("MS-CV", "a b"), ("MS-ServerId", ""))
    assert outcome.faults == ()


def test_two_answers_that_do_not_end_are_enough(serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the server is given up, whatever came between: each takes a minute."""
    monkeypatch.setattr(http_reader, "ANSWER_SECONDS", 0.2)
    asked: list[str] = []

    def drip_every_second(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        if len(asked) % 2 == 0:
            reply()(handler)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(20):
                handler.wfile.write(b" ")
                time.sleep(0.05)

    client = Client(serving(drip_every_second))
    for _ in range(3):
        client.send("GET", "/", ())
    with pytest.raises(Stopped, match="did not end"):
        client.send("GET", "/", ())


def test_nobody_there_is_told_from_no_answer() -> None:
    """A refused connection is not a violation of the contract but a wrong address."""
    failure = get("http://127.0.0.1:9")
    assert isinstance(failure, Failure)
    assert failure.unreached


def test_a_dead_server_is_given_up(serving: Any) -> None:
    """After three requests without answer the fourth is not sent."""
    asked = Client(serving(close_at_once))
    for _ in range(3):
        assert isinstance(asked.send("GET", "/", ()), Failure)
    with pytest.raises(Stopped, match="in a row"):
        asked.send("GET", "/", ())


def test_the_ceiling_stops_the_run(serving: Any) -> None:
    """Exactly so many requests are sent, and then none."""
    seen: list[str] = []
    asked = Client(serving(lambda handler: (seen.append(handler.path), reply()(handler))), ceiling=2)
    asked.send("GET", "/1", ())
    asked.send("GET", "/2", ())
    with pytest.raises(Stopped, match="ceiling of 2"):
        asked.send("GET", "/3", ())
    assert seen == ["/1", "/2"]


def test_the_rate_is_kept(serving: Any) -> None:
    """Ten requests at fifty a second take a fifth of a second, less the first."""
    asked = Client(serving(reply()), rate=50)
    began = time.monotonic()
    for _ in range(10):
        asked.send("GET", "/", ())
    assert time.monotonic() - began >= 9 / 50


def test_retry_after_is_waited_out(serving: Any) -> None:
    """The request after a 429 is not sent before the named time."""
    asked = Client(serving(reply(429, Retry_After="1")))
    asked.send("GET", "/", ())
    began = time.monotonic()
    asked.send("GET", "/", ())
    assert time.monotonic() - began >= 0.95
    soon = Client(serving(reply(429, Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=2)))))
    soon.send("GET", "/", ())
    began = time.monotonic()
    soon.send("GET", "/", ())
    assert time.monotonic() - began >= 0.8


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_of_hours_ends_the_run(serving: Any, status: int) -> None:
    """The answer is judged, and no request follows it: neither the same again nor another."""
    asked = Client(serving(reply(status, Retry_After="3600")))
    answer = asked.send("GET", "/", ())
    assert isinstance(answer, Response)
    for _ in range(2):
        with pytest.raises(
            Stopped, match=f"answered {status} and asks to wait 3600 seconds; no more than 120"
        ):
            asked.send("GET", "/other", ())
    assert asked.sent == 1
