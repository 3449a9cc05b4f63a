"""A request as the server hands it over (RSGI) → the WSGI environ it is for Flask, and its body in time."""

from __future__ import annotations

import asyncio
import sys
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout

from partner_insights.header_values import number_of
from partner_insights.server.http.request_headers import names_host

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MAX_BODY: Final = 2**20
"""Bytes of a body; longer ones are refused."""
MAX_DATA: Final = 16 * 2**20
"""Bytes of a body of customers and licences, some hundred thousand rows."""
_DATA: Final = "/_admin/data"
BODY_SECONDS: Final = 10.0
"""How long a body may take to come."""
_PLAIN: Final = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


def environ_of(scope: Any) -> WSGIEnvironment:
    """The environ (PEP 3333) of a request, its body yet to come."""
    server, _, port = scope.server.rpartition(":")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": client_host(scope),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        key = _environ_name(name)
        # A field that comes twice is one with both values (RFC 9110, 5.3).
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    if scope.authority is not None and names_host(environ):
        environ["HTTP_HOST"] = scope.authority  # a target in absolute form overrules Host (RFC 9112, 3.2.2)
    return environ


@lru_cache(maxsize=256)
def _environ_name(name: str) -> str:
    return _PLAIN.get(name) or "HTTP_" + name.upper().replace("-", "_")


def client_host(scope: Any) -> str:
    """The client's IP address."""
    host: str = scope.client.rpartition(":")[0]
    return host.strip("[]")


async def read_body(protocol: Any, environ: WSGIEnvironment) -> None:
    """Put the body into the environ; RequestEntityTooLarge, RequestTimeout or ClientDisconnected instead."""
    announced = environ.get("CONTENT_LENGTH", "")
    length = number_of(announced)
    if length is None and announced.isdigit():
        raise RequestEntityTooLarge
    most = MAX_DATA if environ["PATH_INFO"].endswith(_DATA) else MAX_BODY
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            if (length or 0) <= most:
                async for piece in protocol:
                    body += piece
                    if len(body) > most:
                        break
    except TimeoutError as error:
        raise RequestTimeout from error
    if max(length or 0, len(body)) > most:
        raise RequestEntityTooLarge
    if length is not None and len(body) < length:
        raise ClientDisconnected
    environ["wsgi.input"] = BytesIO(body)
