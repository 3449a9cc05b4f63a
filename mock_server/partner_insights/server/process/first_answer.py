"""A server that starts → a token to try it with, once it answers.

In a process of its own: what it takes to make a token and to send a request would otherwise stay in the
supervisor's memory as long as the server runs.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from partner_insights.server.process.child import end_with_parent, take_own_signals

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from partner_insights.server.process.listen import ListenAddress
    from partner_insights.server.settings import Settings

_POLL: Final = 0.01
"""Seconds between two looks."""


def await_first_answer(result: Connection, endpoint: ListenAddress, settings: Settings, seed: int) -> None:
    """Send the token, or None where none is needed, and end; before, ask until the server answers."""
    take_own_signals()
    end_with_parent()
    endpoint.socket.close()  # who serves nothing must not hold the port
    from partner_insights.server.auth.examples import example_token
    from partner_insights.server.auth.tokens import Tokens

    token = example_token(settings.auth, Tokens(settings.token_key, seed), settings.identity)
    while not _answers(endpoint, settings):
        time.sleep(_POLL)
    result.send(token)


def _answers(endpoint: ListenAddress, settings: Settings) -> bool:
    import http.client
    import ssl

    where = endpoint.reachable, endpoint.port
    connection = http.client.HTTPConnection(*where, timeout=5)
    if endpoint.scheme == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # we only call ourselves
        connection = http.client.HTTPSConnection(*where, timeout=5, context=context)
    headers = {"Host": "localhost"}
    if settings.admin_token:
        headers["X-Admin-Token"] = settings.admin_token
    try:
        connection.request("GET", "/_admin/health", headers=headers)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
