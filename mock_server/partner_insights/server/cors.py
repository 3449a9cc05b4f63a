"""Origins that may → answers a browser lets their pages read (the Fetch standard's CORS protocol).

The real API serves no browsers: without an origin allowed, nothing of this is there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from partner_insights.errors import InputError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from partner_insights.server.http.delivery import Headers

ANY: Final = "*"
_ORIGIN: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE
)
_OURS: Final = re.compile(r"/*(?:_.*)?", re.DOTALL)
"""The console and the controls, no other site's business, whatever it may read of the API."""
_EXPOSED: Final = (
    "MS-RequestId, MS-CorrelationId, MS-CV, MS-ServerId, X-Locale, Retry-After, WWW-Authenticate"
)
_HEADERS: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: *, *[!#$%&'*+.^_`|~0-9A-Za-z-]+)*", re.ASCII)
_REMEMBERED: Final = "600"
"""Seconds a browser need not ask again."""


def read_origin(text: str) -> str:
    """An origin as browsers send it, or `*`; InputError for anything else."""
    if text == ANY or text == "null":
        return text
    if not _ORIGIN.fullmatch(text):
        remedy = "give scheme, host and port as in https://app.example:3000, without a path, or *"
        raise InputError(f"{text!r} is no origin", where="--cors-origin", remedy=remedy)
    return text.lower()


class Cors(Struct, frozen=True):
    """What lets pages of some origins read the responses."""

    origins: frozenset[str]

    def is_for(self, environ: WSGIEnvironment) -> bool:
        """Whether the path is one that pages elsewhere may have to do with."""
        return not _OURS.fullmatch(environ.get("PATH_INFO", ""))

    def is_preflight(self, environ: WSGIEnvironment) -> bool:
        """Whether a browser asks for leave: it is answered here, and reaches nothing."""
        asks = "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
        return asks and environ["REQUEST_METHOD"] == "OPTIONS" and self.is_for(environ)

    def preflight(self, environ: WSGIEnvironment) -> tuple[tuple[str, str], ...]:
        """The headers of the response to a preflight."""
        granted = self._granted(environ.get("HTTP_ORIGIN"))
        return tuple(self._vary([*granted, *(_permissions(environ) if granted else [])]))

    def open(self, headers: Headers, origin: str | None) -> Headers:
        """The headers of a response, with the permission of the origin that made the request."""
        granted = self._granted(origin)
        exposed = [("Access-Control-Expose-Headers", _EXPOSED)] if granted else []
        return self._vary([*headers, *granted, *exposed])

    def grants(self, origin: str | None) -> bool:
        """Whether pages of this origin, or of one not told, may use the API."""
        return bool(self._granted(origin))

    def _granted(self, origin: str | None) -> Headers:
        """The permission of an origin; none where it has none."""
        if ANY in self.origins:
            return [("Access-Control-Allow-Origin", ANY)]
        return (
            [("Access-Control-Allow-Origin", origin)]
            if origin is not None and origin.lower() in self.origins
            else []
        )

    def _vary(self, headers: Headers) -> Headers:
        # What one origin was answered is not what another is; caches must know.
        return headers if ANY in self.origins else [*headers, ("Vary", "Origin")]


def _permissions(environ: WSGIEnvironment) -> Headers:
    """Leave for what is asked: the API itself decides on methods and headers."""
    permissions = [
        ("Access-Control-Allow-Methods", "GET, HEAD, POST"),
        ("Access-Control-Max-Age", _REMEMBERED),
    ]
    wanted = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")
    if _HEADERS.fullmatch(wanted):
        permissions.append(("Access-Control-Allow-Headers", wanted))
    return permissions
