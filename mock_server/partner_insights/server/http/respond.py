"""An answer → Flask's response to the request at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Response, g, request

from partner_insights.server.http.request_headers import Asked
from partner_insights.server.http.wire import dress

if TYPE_CHECKING:
    from partner_insights.server.http.response import Answer


ANSWER: Final = "partner_insights.answer"
"""Where the environ of a request has the answer it was given."""
BODY: Final = "partner_insights.body"
"""And where that answer's body as it goes out to GET, compressed or not."""


def respond(answer: Answer) -> Response:
    """The answer in the common headers, and left in the environ for who keeps a journal."""
    request.environ[ANSWER] = answer
    body, headers = dress(answer, asked())
    request.environ[BODY] = body
    response = Response(body, status=answer.status)
    # Werkzeug presets a content type and a length of its own.
    response.headers.clear()
    response.headers.extend(headers)
    return response


def asked() -> Asked:
    """What was asked, read once a request: the ids made up for it must not change on the way."""
    if "asked" not in g:
        g.asked = Asked.of(request.environ)
    noted: Asked = g.asked
    return noted
