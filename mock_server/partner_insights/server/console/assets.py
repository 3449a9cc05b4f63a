"""A name under `/_console` → the file a browser is to have: our own, or one of Swagger UI's."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Final

from flask import Response, send_from_directory
from werkzeug.exceptions import NotFound

_OWN: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
"""Ours to say: what the platform says of a suffix can be anything."""
_SWAGGER_UI: Final = ("swagger-ui.css", "swagger-ui-bundle.js")


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
