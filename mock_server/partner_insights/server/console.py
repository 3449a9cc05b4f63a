"""The running fake → a page for people at `/`, and the API's description at `/openapi.json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from flask import Flask, Response, render_template, request

from partner_insights.server.answer import JSON, Answer
from partner_insights.server.curl import curl_line, handed_token
from partner_insights.server.respond import respond
from partner_insights.world.described import described

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue
    from partner_insights.server.admin import Admin
    from partner_insights.server.settings import Settings
    from partner_insights.server.state import State
    from partner_insights.server.tokens import Tokens

_ALONE: Final = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)
"""The page asks no other host for anything, and nothing of it is kept: it holds a working token."""


class Console:
    """What is faked, for a person who opens the fake in a browser."""

    def __init__(
        self, catalogue: Catalogue, state: State, settings: Settings, tokens: Tokens, admin: Admin
    ) -> None:
        self._catalogue = catalogue
        self._state = state
        self._settings = settings
        self._tokens = tokens
        self._admin = admin

    def add_to(self, app: Flask) -> None:
        """Put the page at `/` and the description beside it."""
        app.add_url_rule("/", view_func=self.page, methods=["GET"])
        app.add_url_rule("/openapi.json", view_func=self.description, methods=["GET"])

    def page(self) -> Response:
        """The page; refused to strangers like the admin API, as it hands out a token."""
        refused = self._admin.refuse_strangers()
        if refused is not None:
            return refused
        world = self._state.scene.world
        facts = [
            ("seed", world.seed),
            ("customers", f"{world.customers:,}"),
            ("as of", world.as_of.isoformat()),
            ("scenario", ", ".join(self._state.scene.scenarios)),
            ("auth", self._settings.auth),
        ]
        token = handed_token(self._settings.auth, self._tokens)
        first = world.customer_id(0) if world.customers else "{customer-id}"
        operations = [
            (each, curl_line(request.host_url.rstrip("/") + each.path.replace("{customer-id}", first), token))
            for each in self._catalogue.operations.values()
        ]
        html = render_template("console.html", facts=facts, operations=operations)
        return respond(Answer(200, html.encode(), _ALONE, "text/html; charset=utf-8"))

    def description(self) -> Response:
        """The OpenAPI description, with examples of the world in force and the address it was asked at."""
        url = request.host_url.rstrip("/")
        document = described(self._catalogue, self._state.scene.world, url)
        return respond(Answer(200, json.dumps(document).encode(), content_type=JSON))
