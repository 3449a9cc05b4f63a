"""A WSGI application's answer, caught whole before it goes out, and sent on in the end."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from partner_insights.server.http.response import render

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from partner_insights.server.http.request_headers import RequestHeaders
    from partner_insights.server.http.response import ApiResponse

LENGTH, ENCODING = "content-length", "content-encoding"


@dataclass(frozen=True)
class BufferedResponse:
    """Status, headers and body of an answer; Content-Length is not among the headers: the body says it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    length: int | None = None
    """What Content-Length says where that is not the body's length."""

    @classmethod
    def of(cls, answer: ApiResponse, asked: RequestHeaders) -> BufferedResponse:
        """An answer of our own in the common headers."""
        body, headers = render(answer, asked)
        kept = tuple((name, value) for name, value in headers if name.lower() != LENGTH)
        return cls(answer.status, kept, body)

    @classmethod
    def from_app(cls, application: WSGIApplication, environ: WSGIEnvironment) -> BufferedResponse:
        """What the application answers."""
        heard: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            heard[:] = status, headers

        chunks = application(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        status, headers = heard
        kept = tuple((name, value) for name, value in headers if name.lower() != LENGTH)
        return cls(int(status.split(" ", 1)[0]), kept, body)

    def header(self, name: str) -> str | None:
        """The value of a header, found in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def start(self, start_response: StartResponse) -> None:
        """Say status and headers."""
        headers = list(self.headers)
        if self.header("transfer-encoding") is None and self.status not in (204, 304):
            headers.insert(0, ("Content-Length", str(len(self.body) if self.length is None else self.length)))
        start_response(f"{self.status} {_reason(self.status)}", headers)

    def send(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The whole answer; without its body to HEAD."""
        self.start(start_response)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
