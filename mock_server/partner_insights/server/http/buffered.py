"""A response of a WSGI application, held whole before any of it goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from partner_insights.server.http.delivery import Head, Send
from partner_insights.server.http.response import RESPONSE_KEY, render

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    from partner_insights.server.http.delivery import Headers, Step
    from partner_insights.server.http.request_headers import RequestHeaders
    from partner_insights.server.http.response import ApiResponse, Note

LENGTH, ENCODING = "content-length", "content-encoding"


class BufferedResponse(Struct, frozen=True):
    """Status, headers and body; Content-Length is not among the headers: the body says it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    length: int | None = None
    """What Content-Length says where that is not the body's length, as in a response to HEAD."""
    content: bytes | None = None
    """The body before compression, where that is known."""
    note: Note | None = None
    """For the journal."""

    @classmethod
    def of(cls, answer: ApiResponse, asked: RequestHeaders) -> BufferedResponse:
        """A response of our own in the common headers."""
        body, headers = render(answer, asked)
        return cls(answer.status, _without_length(headers), body, content=answer.body, note=answer.note)

    @classmethod
    def from_app(cls, application: WSGIApplication, environ: WSGIEnvironment) -> BufferedResponse:
        """What the application answers."""
        heard: list[Any] = []

        def start_response(status: str, headers: Headers, _: Any = None) -> Any:
            heard[:] = status, headers

        chunks = application(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        status, headers = heard
        announced = next((int(value) for name, value in headers if name.lower() == LENGTH), len(body))
        answer = environ.get(RESPONSE_KEY)
        return cls(
            int(status.split(" ", 1)[0]),
            _without_length(headers),
            body,
            None if announced == len(body) else announced,
            None if answer is None else answer.body,
            None if answer is None else answer.note,
        )

    def header(self, name: str) -> str | None:
        """The value of a header, found in any case."""
        name = name.lower()
        return next((value for key, value in self.headers if key.lower() == name), None)

    def head(self) -> Head:
        """Status and headers, Content-Length first."""
        headers = list(self.headers)
        if self.header("transfer-encoding") is None and self.status not in (204, 304):
            headers.insert(0, ("Content-Length", str(len(self.body) if self.length is None else self.length)))
        return Head(self.status, headers)

    def steps(self, method: str = "GET") -> tuple[Step, ...]:
        """The whole response; without its body to HEAD."""
        return (self.head(),) if method == "HEAD" else (self.head(), Send(self.body))


def _without_length(headers: Headers) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in headers if name.lower() != LENGTH)
