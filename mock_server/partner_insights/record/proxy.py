"""GETs on loopback → the one upstream and back, each exchange handed to a recorder on its way."""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from partner_insights.contract.error_bodies import error_body
from partner_insights.errors import InputError
from partner_insights.record.upstream import CONNECTIONS, Upstream, UpstreamError, forwarded_headers
from partner_insights.request_source import host_name, is_cross_site, means_this_machine

if TYPE_CHECKING:
    from partner_insights.record.recorder import Recorder

LOOPBACK: Final = "127.0.0.1"
_CALLER_SECONDS: Final = 10.0
"""Silence of a caller before its connection is closed."""
_GRACE: Final = 5.0
"""Seconds that exchanges under way have at the end."""


class Proxy(ThreadingHTTPServer):
    """Answers on loopback until it is shut down."""

    daemon_threads = True

    def __init__(self, port: int, upstream: Upstream, recorder: Recorder) -> None:
        """InputError where the port is not to be had; 0 takes a free one."""
        self.upstream = upstream
        self.recorder = recorder
        self.turns = threading.BoundedSemaphore(CONNECTIONS)
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            raise InputError(
                f"port {port} of {LOOPBACK} cannot be had ({error.strerror})",
                where="--port",
                remedy="give another; 0 takes a free one",
            ) from error

    @property
    def url(self) -> str:
        """Where to send requests."""
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    def server_close(self) -> None:
        """Take no more, and let what is under way end."""
        super().server_close()
        end = time.monotonic() + _GRACE
        for _ in range(CONNECTIONS):
            self.turns.acquire(timeout=max(0.0, end - time.monotonic()))

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hung up is no error; anything else is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _CALLER_SECONDS
    server: Proxy

    def do_GET(self) -> None:
        """Pass one request on."""
        refused = self._refused()
        if refused is not None:
            self._refuse(*refused)
            return
        headers = tuple(self.headers.items())
        with self.server.turns:
            try:
                answer = self.server.upstream.get(self.path, headers)
            except UpstreamError as error:
                self.server.recorder.unanswered(self.path, headers, error)
                self._refuse(error.status, error.words)
                return
            self.server.recorder(self.path, headers, answer)
            self._send(answer.status, forwarded_headers(answer.headers), answer.body)

    def _refused(self) -> tuple[int, str] | None:
        """Why a request is not passed on."""
        if not self.path.startswith("/"):
            return 400, "the recording proxy has one upstream: ask it for a path, not for another server"
        host, get = self.headers.get("Host", LOOPBACK), self.headers.get
        if not means_this_machine(host_name(host) or ""):
            return 421, "the recording proxy answers to its own loopback address only"
        if is_cross_site(host, get("Origin"), get("Sec-Fetch-Site")):
            return 403, "a page of another site may not use the recording proxy"
        if self.headers.get("Transfer-Encoding") or self.headers.get("Content-Length", "0") != "0":
            return 400, "the recording proxy passes on no request with a body"
        return None

    def _other_method(self) -> None:
        self._refuse(405, "the recording proxy passes on GET alone", ("Allow", "GET"))

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = _other_method

    def _refuse(self, status: int, words: str, *headers: tuple[str, str]) -> None:
        body = json.dumps(error_body(str(status), words)).encode("ascii")
        self._send(status, [("Content-Type", "application/json; charset=utf-8"), *headers], body)

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        # Answers of the upstream keep its own Date and Server.
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the recorder tells of each exchange."""
