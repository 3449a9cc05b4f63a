"""A form posted to a token endpoint → the directory's answer, in the first or the second version's dialect.

Any tenant, client, secret, user, password and code is taken: the fake knows none to compare with. What is
checked is the form of the request: the real directory refuses a form that lacks a field, too.
"""

from __future__ import annotations

import base64
import binascii
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

from partner_insights.server.auth.tokens import LIFETIME, PARTNER_CENTER, InvalidToken, Subject, Tokens
from partner_insights.server.http.response import ApiResponse, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNCACHED: Final = (("Cache-Control", "no-store, no-cache"), ("Pragma", "no-cache"), ("Expires", "-1"))
_USER: Final = "partner.admin@partner.example"
"""Who signs in where the form names nobody (authorization code)."""

_GRANTS: Final[Mapping[str, tuple[str, ...]]] = {
    "client_credentials": ("client_id",),
    "password": ("client_id", "username", "password"),
    "refresh_token": ("client_id", "refresh_token"),
    "authorization_code": ("client_id", "code"),
}
"""Grant type → the fields it cannot do without, besides the version's own."""


class _Denied(Exception):
    """The directory's refusal: OAuth error, its AADSTS number and words."""

    def __init__(self, error: str, number: int, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.error, self.number, self.words, self.status = error, number, words, status


@dataclass(frozen=True)
class _Granted:
    """What a form was granted."""

    subject: Subject
    audience: str
    scope: str
    renewable: bool
    """Whether a refresh token comes along."""


@dataclass(frozen=True)
class TokenEndpoint:
    """`/{tenant}/oauth2/token` (version 1) and `/{tenant}/oauth2/v2.0/token` (version 2) of one run."""

    tokens: Tokens
    foreign_refresh_tokens: bool = False
    """Whether refresh tokens of other issuers are taken, as where access tokens are not checked either."""

    def answer(
        self, tenant: str, version: int, method: str, form: Mapping[str, str], authorization: str | None
    ) -> ApiResponse:
        """The token, or what is wrong with the request."""
        fields = _basic(authorization) | {name: value for name, value in form.items() if value}
        try:
            if method != "POST":
                raise _Denied("invalid_request", 900561, "The endpoint only accepts POST requests.", 405)
            granted = self._grant(tenant, version, fields)
        except _Denied as denied:
            allow = (("Allow", "OPTIONS, POST"),) if denied.status == 405 else ()
            return json_response(_refusal(denied), status=denied.status, headers=_UNCACHED + allow)
        return json_response(self._issue(version, granted), headers=_UNCACHED)

    def _grant(self, tenant: str, version: int, form: Mapping[str, str]) -> _Granted:
        grant = _required(form, "grant_type")
        if grant not in _GRANTS:
            words = f"The app requested an unsupported grant type; the fake knows {', '.join(_GRANTS)}."
            raise _Denied("unsupported_grant_type", 70003, words)
        for name in _GRANTS[grant]:
            _required(form, name)
        if grant == "client_credentials":
            _prove_client(form)
        subject, audience = self._subject(grant, tenant, form)
        if version == 1:
            audience = form.get("resource", audience) if audience else _required(form, "resource")
            return _Granted(subject, audience, "", renewable=subject.user is not None)
        scope = _scope(grant, form)
        renewable = subject.user is not None and (
            grant == "refresh_token" or "offline_access" in scope.split()
        )
        return _Granted(subject, _audience(scope) or audience or PARTNER_CENTER, scope, renewable)

    def _subject(self, grant: str, tenant: str, form: Mapping[str, str]) -> tuple[Subject, str | None]:
        """Whom the token is to speak for; with a refresh token also for which audience it was."""
        if grant == "client_credentials":
            return Subject(tenant, form["client_id"]), None
        if grant == "refresh_token":
            try:
                return self.tokens.redeem(form["refresh_token"])
            except InvalidToken as error:
                if not self.foreign_refresh_tokens:
                    words = "The refresh token is not of this run of the fake: get one by password or code."
                    raise _Denied("invalid_grant", 9002313, words) from error
        return Subject(tenant, form["client_id"], form.get("username", _USER)), None

    def _issue(self, version: int, granted: _Granted) -> dict[str, Any]:
        now = int(time.time())
        body: dict[str, Any] = {"token_type": "Bearer"}
        if granted.subject.user is not None:
            body["scope"] = granted.scope or "user_impersonation"
        if version == 1:
            # Version 1 writes numbers as strings (partner-center-authentication.md, heading REST response).
            body |= {"expires_in": str(LIFETIME), "ext_expires_in": str(LIFETIME)}
            body |= {"expires_on": str(now + LIFETIME), "not_before": str(now), "resource": granted.audience}
        else:
            body |= {"expires_in": LIFETIME, "ext_expires_in": LIFETIME}
        body["access_token"] = self.tokens.access(granted.subject, granted.audience)
        if granted.renewable:
            body["refresh_token"] = self.tokens.refresh(granted.subject, granted.audience)
        return body


def openid_configuration(base: str, tenant: str, version: int) -> dict[str, Any]:
    """The OpenID Connect discovery document of a tenant, in the first or the second version's dialect.

    MSAL wants an `authorization_endpoint`; the fake has none behind it, as nobody signs in to it.
    """
    own = f"{base}/{tenant}"
    oauth2 = f"{own}/oauth2" if version == 1 else f"{own}/oauth2/v2.0"
    return {
        "token_endpoint": f"{oauth2}/token",
        "authorization_endpoint": f"{oauth2}/authorize",
        "issuer": f"{own}/" if version == 1 else f"{own}/v2.0",
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "client_secret_basic",
            "private_key_jwt",
        ],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "tenant_region_scope": None,
    }


def _required(form: Mapping[str, str], name: str) -> str:
    if name not in form:
        words = f"The request body must contain the following parameter: '{name}'."
        raise _Denied("invalid_request", 900144, words)
    return form[name]


def _prove_client(form: Mapping[str, str]) -> None:
    if not {"client_secret", "client_assertion"} & form.keys():
        words = (
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        )
        raise _Denied("invalid_client", 7000218, words, 401)


def _scope(grant: str, form: Mapping[str, str]) -> str:
    """Version 2's `scope`; a refresh token and a code carry one already."""
    scope = (
        form.get("scope", "")
        if grant in ("refresh_token", "authorization_code")
        else _required(form, "scope")
    )
    if grant == "client_credentials" and not (scope.endswith("/.default") and " " not in scope):
        words = f"The value of the input parameter 'scope' is not valid: {scope!r} does not end in /.default."
        raise _Denied("invalid_scope", 1002012, words)
    return scope


def _audience(scope: str) -> str | None:
    """The resource in front of the first permission that names one (`https://…/user_impersonation`)."""
    named = (word.rpartition("/")[0] for word in scope.split())
    return next((resource for resource in named if resource), None)


def _basic(authorization: str | None) -> dict[str, str]:
    """Client id and secret from an Authorization: Basic header (RFC 6749, section 2.3.1)."""
    scheme, _, credentials = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client, _, secret = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return {}
    return {"client_id": unquote_plus(client), "client_secret": unquote_plus(secret)}


def _refusal(denied: _Denied) -> dict[str, Any]:
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    details = f"Trace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {stamp}"
    return {
        "error": denied.error,
        "error_description": f"AADSTS{denied.number}: {denied.words}\r\n{details}",
        "error_codes": [denied.number],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
    }
