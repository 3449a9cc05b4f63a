"""A form posted to a token endpoint → the directory's answer, in the first or the second version's dialect.

Any tenant, client, secret, user, password and authorization code is taken: the fake knows none to compare with. What
is checked is the form of the request, as a client that forgets a field finds out only from the real directory.
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

import jwt

from partner_insights.server.answer import Answer, json_answer
from partner_insights.server.tokens import LIFETIME, PARTNER_CENTER, Subject, Tokens

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
class TokenEndpoint:
    """`/{tenant}/oauth2/token` (version 1) and `/{tenant}/oauth2/v2.0/token` (version 2) of one run."""

    tokens: Tokens
    foreign_refresh_tokens: bool = False
    """Whether refresh tokens of other issuers are taken, as where access tokens are not checked either."""

    def answer(
        self, tenant: str, version: int, method: str, form: Mapping[str, str], authorization: str | None
    ) -> Answer:
        """The token, or what is wrong with the request."""
        try:
            if method != "POST":
                raise _Denied("invalid_request", 900561, "The endpoint only accepts POST requests.", 405)
            return json_answer(self._grant(tenant, version, form, authorization), headers=_UNCACHED)
        except _Denied as denied:
            allow = (("Allow", "OPTIONS, POST"),) if denied.status == 405 else ()
            return json_answer(_body(denied), status=denied.status, headers=_UNCACHED + allow)

    def _grant(
        self, tenant: str, version: int, form: Mapping[str, str], authorization: str | None
    ) -> dict[str, Any]:
        form = {**_basic(authorization), **{name: value for name, value in form.items() if value}}
        grant = _required(form, "grant_type")
        if grant not in _GRANTS:
            raise _Denied(
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type: {_GRANTS_TEXT}",
            )
        for name in _GRANTS[grant]:
            _required(form, name)
        if grant == "client_credentials" and not ({"client_secret", "client_assertion"} & form.keys()):
            words = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            raise _Denied("invalid_client", 7000218, words, 401)
        subject, granted = self._subject(grant, tenant, form)
        audience, scope = _audience(version, grant, form, granted)
        return self._body(version, subject, audience, scope)

    def _subject(self, grant: str, tenant: str, form: Mapping[str, str]) -> tuple[Subject, str | None]:
        if grant == "client_credentials":
            return Subject(tenant, form["client_id"]), None
        if grant == "password":
            return Subject(tenant, form["client_id"], form["username"]), None
        if grant == "refresh_token":
            try:
                return self.tokens.redeem(form["refresh_token"])
            except jwt.InvalidTokenError as error:
                if not self.foreign_refresh_tokens:
                    words = "The refresh token is not one of this run of the fake: ask for a new one by password or code."
                    raise _Denied("invalid_grant", 9002313, words) from error
        return Subject(tenant, form["client_id"], _USER), None

    def _body(self, version: int, subject: Subject, audience: str, scope: str) -> dict[str, Any]:
        now = int(time.time())
        refresh = subject.user is not None and (version == 1 or "offline_access" in scope.split())
        delegated = "user_impersonation" if subject.user is not None else None
        body: dict[str, Any] = {"token_type": "Bearer"}
        if delegated:
            body["scope"] = delegated if version == 1 else scope or f"{audience}/{delegated}"
        if version == 1:
            # Version 1 writes numbers as strings (partner-center-authentication.md, heading REST response).
            body |= {"expires_in": str(LIFETIME), "ext_expires_in": str(LIFETIME)}
            body |= {"expires_on": str(now + LIFETIME), "not_before": str(now), "resource": audience}
        else:
            body |= {"expires_in": LIFETIME, "ext_expires_in": LIFETIME}
        body["access_token"] = self.tokens.access(subject, audience)
        if refresh:
            body["refresh_token"] = self.tokens.refresh(subject, audience)
        return body


_GRANTS_TEXT: Final = "the fake knows " + ", ".join(_GRANTS) + "."


def _required(form: Mapping[str, str], name: str) -> str:
    if name not in form:
        raise _Denied(
            "invalid_request", 900144, f"The request body must contain the following parameter: '{name}'."
        )
    return form[name]


def _audience(version: int, grant: str, form: Mapping[str, str], granted: str | None) -> tuple[str, str]:
    """Whom the token is for, and the scope as asked: version 1 names a `resource`, version 2 a `scope`."""
    if version == 1:
        if granted is None:
            return _required(form, "resource"), ""
        return form.get("resource", granted), ""
    scope = (
        form.get("scope", "")
        if granted is not None or grant == "authorization_code"
        else _required(form, "scope")
    )
    named = [word for word in scope.split() if "/" in word]
    if grant == "client_credentials" and not (len(named) == 1 and named[0].endswith("/.default")):
        words = "The provided value for the input parameter 'scope' is not valid: it has to end in /.default."
        raise _Denied("invalid_scope", 1002012, words)
    if named:
        return named[0].rpartition("/")[0], scope
    return granted or PARTNER_CENTER, scope


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


def _body(denied: _Denied) -> dict[str, Any]:
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    words = f"AADSTS{denied.number}: {denied.words}"
    return {
        "error": denied.error,
        "error_description": f"{words}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {stamp}",
        "error_codes": [denied.number],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
    }
