"""Origins that may → answers a browser lets their pages read (the Fetch standard's CORS protocol).

The real API serves no browsers: without an origin allowed, nothing of this is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from partner_insights.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from partner_insights.server.middleware import ApiMiddleware

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


@dataclass(frozen=True)
class Cors:
    """The layer around an application that lets pages of some origins use it."""

    application: ApiMiddleware
    origins: frozenset[str]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; a preflight is answered here, and reaches nothing."""
        if _OURS.fullmatch(environ.get("PATH_INFO", "")):
            return self.application(environ, start_response)
        granted = self._granted(environ)
        if environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            start_response(
                "204 No Content", self._vary([*granted, *(_preflight(environ) if granted else [])])
            )
            return []

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, self._open(headers, granted), *error)

        return self.application(environ, start)

    def known_answer(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes] | None:
        """The application's known answer, if it knows one, with the permission of this request's origin."""
        known = self.application.known_answer(environ)
        if known is None:
            return None
        status, headers, body = known
        return status, self._open(headers, self._granted(environ)), body

    def _open(self, headers: list[tuple[str, str]], granted: list[tuple[str, str]]) -> list[tuple[str, str]]:
        exposed = [("Access-Control-Expose-Headers", _EXPOSED)] if granted else []
        return self._vary([*headers, *granted, *exposed])

    def _granted(self, environ: WSGIEnvironment) -> list[tuple[str, str]]:
        """The permission for the origin of a request; none where it has none."""
        origin = environ.get("HTTP_ORIGIN", "")
        if ANY in self.origins:
            return [("Access-Control-Allow-Origin", ANY)]
        return [("Access-Control-Allow-Origin", origin)] if origin.lower() in self.origins else []

    def _vary(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        # What one origin was answered is not what another is; caches must know.
        return headers if ANY in self.origins else [*headers, ("Vary", "Origin")]


def _preflight(environ: WSGIEnvironment) -> list[tuple[str, str]]:
    """Leave for what is asked: the API itself decides on methods and headers."""
    permissions = [
        ("Access-Control-Allow-Methods", "GET, HEAD, POST"),
        ("Access-Control-Max-Age", _REMEMBERED),
    ]
    wanted = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")
    if _HEADERS.fullmatch(wanted):
        permissions.append(("Access-Control-Allow-Headers", wanted))
    return permissions
