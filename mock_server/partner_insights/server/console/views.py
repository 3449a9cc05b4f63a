"""The running fake → a page for people at `/`, its parts, and the API's description at `/openapi.json`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import orjson
from flask import Blueprint, Flask, Response, render_template, request, send_from_directory
from werkzeug.exceptions import NotFound

from partner_insights import __version__
from partner_insights.server.auth.examples import curl_line, example_token, token_line
from partner_insights.server.http.response import JSON, PRIVATE, ApiResponse, respond
from partner_insights.world.openapi_examples import openapi_with_examples

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue
    from partner_insights.server.admin.admin import Admin
    from partner_insights.server.auth.tokens import Tokens
    from partner_insights.server.settings import Settings
    from partner_insights.server.state import State

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page asks no other host for anything, and runs no script but its own files."""
_ALONE: Final = (
    ("Content-Security-Policy", POLICY),
    ("Referrer-Policy", "no-referrer"),
    *PRIVATE,  # it holds a working token
)
_HTML: Final = "text/html; charset=utf-8"
_OWN: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
"""Ours to say: what the platform says of a suffix can be anything."""
_DESCRIBING: Final = Lock()
"""One description at a time: it takes megabytes until it is JSON."""
_SWAGGER_UI: Final = ("swagger-ui.css", "swagger-ui-bundle.js")


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
        """Put the page at `/`, its parts under `/_console` and the description beside them."""
        pages = Blueprint("console", __name__, template_folder="templates")
        pages.add_url_rule("/", view_func=self.page, methods=["GET"])
        pages.add_url_rule("/_console/<path:name>", view_func=asset, methods=["GET"])
        pages.add_url_rule("/openapi.json", view_func=self.description, methods=["GET"])
        app.register_blueprint(pages)

    def page(self) -> Response:
        """The page; strangers, whom the admin API refuses, are asked for the admin token if there is one."""
        refused = self._admin.refuse_strangers()
        if refused is None:
            html = render_template("console.html", **self._content())
            return respond(ApiResponse(200, html.encode(), _ALONE, _HTML))
        if self._settings.admin_token is None:
            return refused
        return respond(ApiResponse(403, render_template("locked.html").encode(), _ALONE, _HTML))

    def description(self) -> Response:
        """The OpenAPI description, with examples of the world in force and the address it was asked at."""
        url = request.root_url.rstrip("/")
        with _DESCRIBING:
            body = orjson.dumps(openapi_with_examples(self._catalogue, self._state.scene.world, url))
        return respond(ApiResponse(200, body, content_type=JSON))

    def _content(self) -> dict[str, Any]:
        """What the template tells."""
        settings, world = self._settings, self._state.scene.world
        url = request.root_url.rstrip("/")
        token = example_token(settings.auth, self._tokens, self._state.scene.identity)
        customer = world.customer_id(0) if world.customers else "{customer-id}"
        operations = [
            (operation, curl_line(url + operation.path.replace("{customer-id}", customer), token))
            for operation in self._catalogue.operations.values()
        ]
        return {
            "auth": str(settings.auth),
            "curl": next((line for each, line in operations if not each.parameters), operations[0][1]),
            "facts": self._facts(),
            "holdings": self._admin.holdings.shown,
            "operations": operations,
            "secure": request.is_secure,
            "subject": self._subject(),
            "token_line": token_line(url),
            "version": __version__,
            "workers": settings.workers,
        }

    def _facts(self) -> list[tuple[str, str, str]]:
        """Key, name and value of what tells this fake from others."""
        settings, scene = self._settings, self._state.scene
        shared = [
            ("scenario", "scenario", ", ".join(scene.scenarios)),
            ("auth", "tokens wanted", str(settings.auth)),
            ("workers", "workers", str(settings.workers)),
            ("uptime", "up for", ""),
        ]
        if settings.recording is not None:
            return [("recording", "recording", settings.recording.name), *shared]
        world = scene.world
        return [
            ("seed", "seed", str(world.seed)),
            ("asOf", "as of", self._state.as_of.isoformat()),
            ("customers", "customers", f"{world.customers:,}"),
            ("scale", "percents up to", str(world.percent_scale)),
            *shared,
        ]

    def _subject(self) -> str:
        """What is faked, in words."""
        if self._settings.recording is not None:
            return "A replay of recorded answers"
        if any(operation.synthetic for operation in self._catalogue.operations.values()):
            return f"A fake of {len(self._catalogue.operations)} operations by pages of your own"
        return "A fake of the Partner Center licence analytics API"


def asset(name: str) -> Response:
    """The file, to be asked after again by its ETag; NotFound for any other name."""
    suffix = PurePosixPath(name).suffix
    if suffix not in _TYPES:
        raise NotFound
    folder = _swagger_ui() if name in _SWAGGER_UI else _OWN
    response = send_from_directory(folder, name, mimetype=_TYPES[suffix])
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _swagger_ui() -> Path:
    """The folder of the package that brings Swagger UI; found, not imported."""
    spec = find_spec("flask_swagger_ui")
    if spec is None or not spec.submodule_search_locations:
        raise NotFound
    return Path(spec.submodule_search_locations[0]) / "dist"
