"""An answer → Flask's response to the request at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, g, request

from partner_insights.server.asked import Asked
from partner_insights.server.wire import dress

if TYPE_CHECKING:
    from partner_insights.server.answer import Answer


def respond(answer: Answer) -> Response:
    """The answer in the common headers."""
    body, headers = dress(answer, asked())
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
