"""The way to the upstream: one host, within a size and a time."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_insights import http_reader
from partner_insights.contract import Catalogue
from partner_insights.errors import InputError
from partner_insights.record.recorder import request_of
from partner_insights.record.upstream import Upstream, UpstreamError, forwarded_headers
from partner_insights.verify import Failure, Response
from partner_insights.verify.run.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator


class Endless(BaseHTTPRequestHandler):
    """An answer of any size, in pieces, as slowly as the path says; and what was asked."""

    asked: Any = None

    def do_GET(self) -> None:
        type(self).asked = (self.path, dict(self.headers.items()))
        _, pieces, pause = self.path.strip("/").split("/")
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in range(int(pieces)):
            self.wfile.write(b"x" * 1000)
            time.sleep(float(pause))

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # we hang up on purpose
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/base"
        server.shutdown()


def test_request_goes_under_the_base_with_the_callers_headers(url: str) -> None:
    """The path is put behind the base's; the token goes on, what speaks of the connection does not."""
    sent = (("Authorization", "Bearer t"), ("Connection", "keep-alive"), ("Host", "evil.example"))
    assert Upstream(url).get("/1/0", sent).body == b"x" * 1000
    path, headers = Endless.asked
    assert path == "/base/1/0"
    assert headers["Authorization"] == "Bearer t"
    assert headers["Host"] == url.removeprefix("http://").removesuffix("/base")
    assert headers["Accept-Encoding"] == "identity"


def test_answer_beyond_the_size_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer larger than the bound is a bad gateway, however it comes."""
    monkeypatch.setattr(http_reader, "MAX_BODY", 10_000)
    assert len(Upstream(url).get("/10/0", ()).body) == 10_000
    with pytest.raises(UpstreamError, match="larger") as given_up:
        Upstream(url).get("/200/0", ())
    assert given_up.value.status == 502


def test_answer_beyond_the_time_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that drips longer than the bound is a timeout of the gateway."""
    monkeypatch.setattr(http_reader, "ANSWER_SECONDS", 0.3)
    with pytest.raises(UpstreamError, match="longer") as given_up:
        Upstream(url).get("/500/0.01", ())
    assert given_up.value.status == 504


@given(st.sampled_from(["Connection", "HOST", "transfer-encoding", "Upgrade"]), st.text(max_size=5))
def test_fields_of_the_connection_stay_here(name: str, value: str) -> None:
    """No field that speaks of one connection is passed on, in any case; all others are."""
    assert forwarded_headers([(name, value), ("X", value)]) == [("X", value)]


@pytest.mark.parametrize("url", ["ftp://h", "h:80", "http://", "file:///etc/passwd", "http://h?x=1", ""])
def test_upstream_is_http(url: str) -> None:
    """What is no plain http or https URL is refused before anything is asked."""
    with pytest.raises(InputError, match="URL"):
        Upstream(url)


class Coded(BaseHTTPRequestHandler):
    """A body under the label that the path gives, whatever was asked for; and each target it was asked."""

    targets: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.targets.append(self.path)
        self.send_response(200)
        self.send_header("Content-Encoding", self.path.rpartition("/")[2])
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def coded() -> Iterator[str]:
    Coded.targets.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Coded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("coding", "said"),
    [("compress", "answered in compress"), ("gzip", "is labelled gzip, and is not"), ("x-odd", "in x-odd")],
)
def test_a_coding_that_is_not_read_is_refused_by_name(coded: str, coding: str, said: str) -> None:
    """502: never a body without the label that says how to read it."""
    with pytest.raises(UpstreamError, match=said) as raised:
        Upstream(coded).get(f"/{coding}", ())
    assert raised.value.status == 502


def test_identity_is_no_coding(coded: str) -> None:
    """A body that says of itself that it is plain is passed on."""
    assert Upstream(coded).get("/identity", ()).body == b"{}"


@pytest.mark.parametrize("proxy", ["{}", "http://user:pass%21@{}"])
def test_the_proxy_of_the_environment_is_used(
    coded: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By `record` and `verify`, for hosts elsewhere; not for this machine, nor for what NO_PROXY names."""
    monkeypatch.setenv("HTTP_PROXY", proxy.format(coded.removeprefix("http://")))
    monkeypatch.setenv("NO_PROXY", "direct.invalid")
    assert Upstream("http://partner.invalid/base").get("/a/identity", ()).body == b"{}"
    answer = Client("http://partner.invalid", []).send("GET", "/b/identity", ())
    assert isinstance(answer, Response)
    assert Coded.targets == ["http://partner.invalid/base/a/identity", "http://partner.invalid/b/identity"]
    with pytest.raises(UpstreamError):
        Upstream("http://direct.invalid").get("/c/identity", ())
    assert isinstance(Client("http://direct.invalid", []).send("GET", "/d/identity", ()), Failure)
    assert Upstream(coded).get("/e/identity", ()).body == b"{}"
    assert Coded.targets[2:] == ["/e/identity"]


@pytest.mark.parametrize("url", ["http://x.invalid", "https://x.invalid"])
def test_a_proxy_that_does_not_lead_there_is_no_fault_of_the_service(
    coded: str, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """Nobody listens there, or it makes no tunnel: the server was not reached, whatever it is like."""
    silent = "http://127.0.0.1:9"
    for proxy in (silent, coded) if url.startswith("https") else (silent,):
        monkeypatch.setenv("ALL_PROXY", proxy)
        answer = Client(url, []).send("GET", "/gone", ())
        assert isinstance(answer, Failure)
        assert answer.unreached, answer
        assert answer.reason.startswith("the server could not be reached: Unable to connect to proxy: ")
        assert "Connection(" not in answer.reason  # no object of Python


def test_a_proxy_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """InputError, before the first request."""
    monkeypatch.setenv("HTTPS_PROXY", "socks9://127.0.0.1:1")
    with pytest.raises(InputError, match="the proxy of the environment"):
        Upstream("https://partner.invalid")


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v1/customers?size=1", "customers"),
        ("/v1.0/customers", "customers"),
        ("//v1.0//analytics/licenses/usage/", "partner-licenses-usage"),
        ("/v1.1/customers", None),
        ("/customers/v1.0", None),
    ],
)
def test_the_version_is_read_in_either_spelling(path: str, operation: str | None) -> None:
    """`/v1.0/`, as clients made from the published description write it, is an operation's path."""
    response = Response(200, (), b"{}")
    assert request_of(path, (), response, "http://127.0.0.1:9", Catalogue.load()).operation == operation


def test_what_to_try_again_asks_the_upstream() -> None:
    """The host and the connection that a caller named are the proxy's own, and would lead nowhere there."""
    sent = (("Host", "127.0.0.1:8011"), ("Connection", "close"), ("TE", "trailers"), ("Accept", "*/*"))
    upstream = "https://api.example"
    request = request_of("/v1/customers", sent, Response(200, (), b"{}"), upstream, Catalogue.load())
    assert request.curl == "curl -i -H 'Accept: */*' https://api.example/v1/customers"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v1/customers?size=2&access_token=secret&sig=secret%2F", "?size=2&access_token=hidden&sig=hidden"),
        ("/v1/customers?secret", "?hidden"),
        ("/v1/customers?%73ize=2", "?%73ize=2"),
        ("/v1/analytics/licenses/usage?size=secret", "?size=hidden"),
        ("/somewhere?code=secret", "?code=hidden"),
    ],
)
def test_secrets_in_a_query_are_hidden(path: str, shown: str) -> None:
    """Only documented parameters of the operation are shown; the judge is told all of them."""
    request = request_of(path, (), Response(200, (), b"{}"), "http://127.0.0.1:9", Catalogue.load())
    assert request.url == f"http://127.0.0.1:9{path.partition('?')[0]}{shown}"
    assert "secret" not in request.curl
    assert request.query


def test_other_secrets_of_callers_are_hidden() -> None:
    """Any header that nobody knows may be a key; what a terminal would obey is written as an escape."""
    sent = (
        ("Authorization", "Bearer secret-1"),
        ("Proxy-Authorization", "Basic secret-2"),
        ("X-Api-Key", "secret-3"),
        ("Cookie", "secret-4"),
        ("Accept", "application/json\x1b[31m'"),
    )
    catalogue = Catalogue.load()
    path = "/v1/analytics/licenses/usage"
    request = request_of(path, sent, Response(200, (), b"{}"), "http://127.0.0.1:9", catalogue)
    assert "secret" not in request.curl
    assert request.curl.isprintable()
    shown = subprocess.run(
        ["bash", "-c", request.curl.replace("curl", "printf '%s|'", 1)], capture_output=True, check=True
    )
    assert b"Accept: application/json\x1b[31m'|" in shown.stdout


def test_an_answer_that_ends_no_exchange_is_a_bad_gateway() -> None:
    """A caller told of 101 would speak another protocol to the proxy; what is quoted of a coding is short."""
    for head, words in (
        (b"101 Switching Protocols\r\nUpgrade: x", "answered 101"),
        (b"200 OK\r\nContent-Length: 1\r\nContent-Encoding: " + b"gzip," * 200 + b"gzip", "gzip,gzip"),
    ):
        with socket.create_server(("127.0.0.1", 0)) as server:

            def answer(server: socket.socket = server, head: bytes = head) -> None:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 " + head + b"\r\n\r\nx")

            threading.Thread(target=answer, daemon=True).start()
            with pytest.raises(UpstreamError, match=words) as told:
                Upstream(f"http://127.0.0.1:{server.getsockname()[1]}").get("/", ())
            assert (told.value.status, len(told.value.words) < 200) == (502, True)
