"""The way to the upstream: one host, within a size and a time."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_insights import http_reader
from partner_insights.errors import InputError
from partner_insights.record.upstream import Upstream, UpstreamError, forwarded_headers

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
