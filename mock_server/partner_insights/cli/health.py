"""`health`: a URL → whether a fake answers there, for containers and scripts that wait for one."""

from __future__ import annotations

import http.client
import ssl
import time
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

import click

from partner_insights.errors import InputError, TargetUnreachable

_TIMEOUT: Final = 5.0
_POLL: Final = 0.05
_SERVER_ID: Final = "partner-insights"
"""The MS-ServerId of each answer of a fake; not imported from the server, which would take long."""


@click.command("health")
@click.argument("url", default="http://127.0.0.1:8010", metavar="[URL]", envvar="PARTNER_INSIGHTS_URL")
@click.option(
    "--wait",
    type=click.FloatRange(0, 3600),
    default=0,
    metavar="SECONDS",
    help="Wait so long for it to answer.  [default: 0]",
)
def command(url: str, wait: float) -> int:
    """Ask whether a fake answers at a URL.

    URL is http://127.0.0.1:8010, or what the variable PARTNER_INSIGHTS_URL names, unless it is given. Exits 0
    where a fake answers, 1 where something else does, 3 where nothing does. No token is sent, and any
    certificate is taken.
    """
    server = _server(url)
    deadline = time.monotonic() + wait
    while True:
        try:
            healthy = _is_fake(server)
        except (OSError, http.client.HTTPException) as error:
            if time.monotonic() + _POLL > deadline:
                raise TargetUnreachable(f"nothing answers ({error})", where=_named(server)) from error
            time.sleep(_POLL)
            continue
        if not healthy:
            click.echo(f"what answers at {_named(server)} is no fake", err=True)
        return 0 if healthy else 1


def _server(url: str) -> SplitResult:
    """The URL, if it can be one of a server; InputError otherwise."""
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            parts.hostname.encode("idna")
            return parts
    except ValueError:
        pass
    raise InputError("is no URL of a server", where="URL", remedy="give one like http://127.0.0.1:8010")


def _named(server: SplitResult) -> str:
    """Without what may be secret in it."""
    return f"{server.scheme}://{server.netloc.rpartition('@')[2]}"


def _is_fake(server: SplitResult) -> bool:
    """Whether the server says that it is a fake; OSError or HTTPException without an answer."""
    host, port = server.hostname or "", server.port
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    if server.scheme == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing secret is sent
        connection = http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=context)
    try:
        connection.request("GET", f"{quote(server.path.rstrip('/'), safe='/%')}/_admin/health")
        answer = connection.getresponse()
        # Without the admin token a caller may be refused; the fake says all the same who it is.
        return answer.status in (200, 403) and answer.headers["MS-ServerId"] == _SERVER_ID
    finally:
        connection.close()
