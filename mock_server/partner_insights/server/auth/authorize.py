"""A request to the authorize endpoint → where the browser goes next: with a code, an id token or an error."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from partner_insights.server.auth.directory import CODE_SECONDS
from partner_insights.server.auth.errors import DirectoryError
from partner_insights.server.auth.grants import audience_of
from partner_insights.server.auth.tokens import client_info

if TYPE_CHECKING:
    from partner_insights.server.auth.directory import Directory
    from partner_insights.server.auth.fields import Fields
    from partner_insights.server.auth.identity import App, User

RESPONSE_TYPES: Final = (frozenset({"code"}), frozenset({"id_token"}), frozenset({"code", "id_token"}))
RESPONSE_MODES: Final = ("query", "fragment", "form_post")
PROMPTS: Final = {
    1: ("login", "none", "consent", "select_account", "admin_consent"),
    2: ("login", "none", "consent", "select_account", "create"),
}
"""By version; the directory takes one of them, and no list as OpenID Connect would."""
_CHALLENGE_SIZES: Final = range(43, 129)
"""RFC 7636, section 4.2."""


class AuthorizeRequest(Struct, frozen=True):
    """A request whose answer may go to its redirect URI, be it an error."""

    tenant: str
    """As it stands in the path."""
    version: int
    app: App
    redirect_uri: str
    fields: Fields

    @property
    def response_types(self) -> frozenset[str]:
        """What is asked for, whether known or not."""
        return frozenset(self.fields.get("response_type", "").split())

    @property
    def response_mode(self) -> str:
        """How the answer travels; an unknown way, and one not allowed, as the response type's usual one."""
        mode = self.fields.get("response_mode")
        usual = "query" if "id_token" not in self.response_types else "fragment"
        allowed = mode in RESPONSE_MODES and not (mode == "query" and usual == "fragment")
        return mode if mode is not None and allowed else usual

    def location(self, parameters: dict[str, str]) -> str:
        """The redirect URI with the answer in its query or fragment."""
        if self.response_mode == "fragment":
            return f"{self.redirect_uri}#{urlencode(parameters)}"
        return with_parameters(self.redirect_uri, parameters)


def addressed(directory: Directory, tenant: str, version: int, fields: Fields) -> AuthorizeRequest:
    """The request, of a known application with a redirect URI of its own.

    DirectoryError otherwise, for the browser's user alone: nobody is sent to an address nobody vouches for.
    """
    app = directory.identity.app(fields.required("client_id"))
    given = fields.get("redirect_uri")
    if given is None and len(app.redirectUris) != 1:
        raise DirectoryError("redirect-missing")
    redirect_uri = app.redirectUris[0] if given is None else given
    if redirect_uri not in app.redirectUris and not is_loopback(redirect_uri):
        raise DirectoryError("redirect", redirect_uri)
    return AuthorizeRequest(tenant, version, app, redirect_uri, fields)


def check(directory: Directory, request: AuthorizeRequest) -> None:
    """DirectoryError, to be told to the application, where something is wrong with the request."""
    fields = request.fields
    fields.required("response_type")
    if request.response_types not in RESPONSE_TYPES:
        raise DirectoryError("response-type", fields["response_type"])
    if fields.get("response_mode", request.response_mode) != request.response_mode:
        raise DirectoryError("response-mode", fields["response_mode"])
    if "prompt" in fields:
        fields.one_of("prompt", PROMPTS[request.version], "")
    if not fields.get("max_age", "0").isdecimal():
        raise DirectoryError("invalid", "max_age")
    if request.version == 2:
        if "resource" in fields:
            raise DirectoryError("unsupported", "resource")
        scope = fields.required("scope")
        if "id_token" in request.response_types and "openid" not in scope.split():
            raise DirectoryError("scope", scope)
    if "id_token" in request.response_types:
        fields.required("nonce")
    method = fields.one_of("code_challenge_method", ("plain", "S256"), "plain")
    if method == "S256":
        fields.required("code_challenge")
    if "code_challenge" in fields and len(fields["code_challenge"]) not in _CHALLENGE_SIZES:
        raise DirectoryError("code-challenge")
    directory.identity.tenant(request.tenant)


def signed_in(directory: Directory, base: str, request: AuthorizeRequest, user: User) -> dict[str, str]:
    """The parameters of the answer when the user has signed in and consented."""
    fields, types = request.fields, request.response_types
    tenant = directory.identity.tenant(request.tenant, user.name)
    subject = directory.subject(tenant, request.app.id, user)
    answer: dict[str, str] = {}
    scope = fields.get("scope", "")
    claims: dict[str, Any] = {"nonce": fields["nonce"]} if "nonce" in fields else {}
    if "max_age" in fields:  # then the id token says when (OpenID Connect Core 1.0, section 2)
        claims["auth_time"] = int(time.time())
    if "code" in types:
        answer["code"] = directory.seal(
            "code",
            subject,
            CODE_SECONDS,
            redirect_uri=request.redirect_uri,
            named="redirect_uri" in fields,
            challenge=fields.get("code_challenge"),
            method=fields.get("code_challenge_method", "plain"),
            audience=audience_of(scope) or fields.get("resource"),
            scope=scope,
            claims=claims,
        )
    if "id_token" in types:
        answer["id_token"] = directory.tokens.identity(
            subject, request.version, base, claims, answer.get("code")
        )
    if fields.get("client_info") == "1":
        answer["client_info"] = client_info(subject)
    answer["session_state"] = subject.object_id
    return with_state(fields, answer)


def refused(request: AuthorizeRequest, error: DirectoryError) -> dict[str, str]:
    """The parameters of the answer when something is wrong, or the user declined."""
    told = error.body()
    # Who cannot sign in has no grant as yet (RFC 6749, section 4.1.2.1, knows no such error).
    name = "access_denied" if told["error"] == "invalid_grant" else told["error"]
    return with_state(request.fields, {"error": name, "error_description": told["error_description"]})


def with_state(fields: Fields, answer: dict[str, str]) -> dict[str, str]:
    """The answer with the state that was sent, which the client knows its request by."""
    return answer | {name: value for name, value in fields.items() if name == "state"}


def with_parameters(uri: str, parameters: dict[str, str]) -> str:
    """An address with some more in its query."""
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(parameters)}" if parameters else uri


def is_loopback(uri: str) -> bool:
    """Whether an address is this machine's own, on any port (RFC 8252, section 7.3)."""
    if not uri.isprintable() or not uri.isascii() or any(mark in uri for mark in ' "<>\\^`{|}'):
        return False
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or parts.fragment or "#" in uri or "@" in parts.netloc:
        return False
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
