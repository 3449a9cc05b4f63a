"""A request → the refusal of one that a page elsewhere makes, before it meets a fault or the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from partner_insights.contract.error_bodies import error_body
from partner_insights.request_source import host_name, is_cross_site, means_this_machine
from partner_insights.server.http.request_headers import ANY_HOST, names_host
from partner_insights.server.http.response import PRIVATE, ApiResponse, json_response
from partner_insights.server.http.routes import is_directory_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import WSGIEnvironment

    from partner_insights.server.cors import Cors

OTHER_CLOUDS: Final = (
    "partner.partnercenterapi.microsoftonline.cn",
    *("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
    *("login.microsoftonline.de", "login.microsoftonline.us"),
)
"""Names of the real services for one country or government (partner-center-rest-urls.md)."""
_NO_HOST: Final = "a request of HTTP/1.1 has one Host field, with a name or an address (RFC 9112, 3.2)"
_FOREIGN_HOST: Final = "the fake does not answer under the name in Host; serve --allow-host NAME allows it"
_CROSS_SITE: Final = "a page of another site may not use the fake; serve --cors-origin ORIGIN opens the API"


class Access(Struct, frozen=True):
    """Under which names the fake answers, and which pages of other origins may use it."""

    hosts: frozenset[str]
    """Besides those that mean this machine; with `*` under any."""
    cors: Cors | None = None

    @classmethod
    def of(cls, allowed: Iterable[str], real: Iterable[str], cors: Cors | None, *, local: bool) -> Access:
        """`real`: names of the real services. Without `local`, others reach it by names of their own."""
        names = frozenset(allowed)
        return cls(frozenset((ANY_HOST,)) if not (names or local) else names.union(real), cors)

    def refusal(self, environ: WSGIEnvironment) -> ApiResponse | None:
        """Why the request is not served; None where it is."""
        host = environ.get("HTTP_HOST")
        if not names_host(environ):
            return _refusal(environ, 400, _NO_HOST)
        if host is not None and not self._answers_to(host):
            return _refusal(environ, 421, _FOREIGN_HOST)
        origin, site = environ.get("HTTP_ORIGIN"), environ.get("HTTP_SEC_FETCH_SITE")
        if origin is None and site is None:
            return None  # no browser, or one at the page itself
        cors = self.cors
        if not is_cross_site(host, origin, site) or _opens_page(environ, framed=cors is not None):
            return None
        if cors is not None and cors.is_for(environ) and cors.grants(origin):
            return None
        return _refusal(environ, 403, _CROSS_SITE)

    def _answers_to(self, host: str) -> bool:
        if ANY_HOST in self.hosts:
            return True
        name = host_name(host)
        return name is not None and (name in self.hosts or means_this_machine(name))


def _opens_page(environ: WSGIEnvironment, *, framed: bool) -> bool:
    """Whether a link was followed to a page for people: to the console, or to sign in.

    `framed`: also in a frame, where pages of an origin allowed sign in without a word; it does not say whose.
    """
    path, place = environ.get("PATH_INFO", ""), environ.get("HTTP_SEC_FETCH_DEST")
    if environ["REQUEST_METHOD"] != "GET" or environ.get("HTTP_SEC_FETCH_MODE") != "navigate":
        return False
    if is_directory_path(path):
        return place == "document" or (framed and place == "iframe")
    return place == "document" and not path.strip("/")


def _refusal(environ: WSGIEnvironment, status: int, words: str) -> ApiResponse:
    controls = f"{environ.get('PATH_INFO', '')}/".startswith("/_admin/")
    content = {"error": words} if controls else error_body(str(status), words)
    return json_response(content, status=status, headers=PRIVATE)
