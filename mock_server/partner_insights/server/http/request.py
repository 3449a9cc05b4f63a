"""A request as it came over a connection → the WSGI environ that it is for Flask, and its body in time."""

from __future__ import annotations

import asyncio
import sys
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote

from msgspec import Struct
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout

from partner_insights.header_values import number_of
from partner_insights.server.http.request_headers import names_host
from partner_insights.server.sessions import root_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MAX_BODY: Final = 2**20
"""Bytes of a body; longer ones are refused."""
MAX_DATA: Final = 16 * 2**20
"""Bytes of a body of customers and licences, some hundred thousand rows."""
_DATA: Final = "/_admin/data"
BODY_SECONDS: Final = 10.0
"""How long a body may take to come."""
_OVERHEAD: Final = 8
"""Bytes that may come for each byte of a body: chunks of one byte take six."""
_BESIDE: Final = 64 * 1024
"""Bytes that may come beside them: extensions of chunks, and the fields behind."""
_PLAIN: Final = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class RequestBody:
    """The body of a request, while it comes: no more of it is held than is taken."""

    def __init__(self, announced: str, path: str) -> None:
        """`announced` is Content-Length; empty where the body comes in chunks."""
        length = number_of(announced)
        self._most = MAX_DATA if path.endswith(_DATA) else MAX_BODY
        self._received = 0
        self._content = bytearray()
        self._is_too_long = (length or 0) > self._most or (length is None and announced.isdigit())
        self._is_whole = self._has_ended = False
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether it is read, as far as is known."""
        return not self._is_too_long

    @property
    def is_read(self) -> bool:
        """Whether nothing of it is left to come."""
        return self._is_whole and not self._is_too_long

    def feed(self, piece: bytes) -> None:
        """The next piece of it."""
        if not self._is_too_long:
            self._content += piece
            if len(self._content) > self._most:
                self._refuse()

    def takes(self, received: int) -> bool:
        """Whether more is taken, after so many bytes as they came: chunks have sizes, and fields behind."""
        self._received += received
        if self._received > _OVERHEAD * len(self._content) + _BESIDE:
            self._refuse()
        return not self._is_too_long

    def end(self, *, complete: bool) -> None:
        """There is no more of it: that is all, or the client has left."""
        self._has_ended, self._is_whole = True, complete
        self._wake()

    async def read(self) -> bytes:
        """All of it; RequestEntityTooLarge, RequestTimeout or ClientDisconnected instead."""
        if not (self._has_ended or self._is_too_long):
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await asyncio.wait_for(self._waiter, BODY_SECONDS)
            except TimeoutError as error:
                raise RequestTimeout from error
        if self._is_too_long:
            raise RequestEntityTooLarge
        if not self._is_whole:
            raise ClientDisconnected
        return bytes(self._content)

    def _refuse(self) -> None:
        self._is_too_long = True
        self._content.clear()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


LookedUp: TypeAlias = tuple[tuple[str | None, ...], str | None, str | None, str | None]
"""The key of a request in the response cache, the ids it was sent under, and its Origin."""


class HttpRequest(Struct):
    """The head of a request, and the body that comes with it, if any does."""

    method: str
    path: str
    """Its escapes decoded."""
    query: str
    authority: str | None
    """Of a target in absolute form (RFC 9112, 3.2.2)."""
    version: str
    headers: dict[str, str]
    """By name in lower case; a field that comes twice is one with both values (RFC 9110, 5.3)."""
    doubled: bool
    """Whether a field came twice."""
    keep_alive: bool
    """Whether the client means to send another request over the connection."""
    client: str
    """An IP address."""
    server: tuple[str, int]
    scheme: str
    body: RequestBody | None = None
    looked_up: LookedUp | None = None
    """What tells whether it was answered before, once that was asked for."""

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits to be told to send the body (RFC 9110, 10.1.1)."""
        return self.version == "1.1" and self.headers.get("expect", "").lower() == "100-continue"

    def environ(self) -> WSGIEnvironment:
        """The environ (PEP 3333), its body yet to come."""
        server, port = self.server
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": root_of(self.path),
            "PATH_INFO": self.path.encode().decode("latin-1"),
            "QUERY_STRING": self.query,
            "SERVER_NAME": server,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": f"HTTP/{self.version}",
            "REMOTE_ADDR": self.client,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.scheme,
            "wsgi.input": BytesIO(),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = _environ_name(name)
            environ[key] = f"{environ[key]},{value}" if key in environ else value  # x_a beside x-a
        if self.authority is not None and names_host(environ):
            environ["HTTP_HOST"] = self.authority  # it overrules Host
        return environ


@lru_cache(maxsize=256)
def _environ_name(name: str) -> str:
    return _PLAIN.get(name) or "HTTP_" + name.upper().replace("-", "_")


def target_parts(target: str) -> tuple[str, str, str | None]:
    """Path, query and, where it is in absolute form, authority of a target."""
    authority: str | None = None
    if not target.startswith(("/", "*")) and "://" in target:
        authority, slash, rest = target.partition("://")[2].partition("/")
        if "?" in authority:
            authority, question, query = authority.partition("?")
            slash, rest = "/", question + query + slash + rest
        target = (slash or "/") + rest
    path, _, query = target.partition("?")
    return unquote(path) if "%" in path else path, query, authority
