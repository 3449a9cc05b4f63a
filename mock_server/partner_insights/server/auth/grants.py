"""Grant type → what a form is granted: whom its token speaks for, for which audience and scope."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from partner_insights.server.auth.client_proof import proven_app
from partner_insights.server.auth.directory import REFRESH_DAYS
from partner_insights.server.auth.errors import DirectoryError
from partner_insights.server.auth.tokens import PARTNER_CENTER, Caller, InvalidToken, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partner_insights.server.auth.device_code import DeviceCodes
    from partner_insights.server.auth.directory import Directory
    from partner_insights.server.auth.fields import Fields


class TokenRequest(Struct, frozen=True):
    """A form posted to a token endpoint."""

    directory: Directory
    devices: DeviceCodes
    tenant: str
    """As it stands in the path."""
    version: int
    fields: Fields


class Granted(Struct, frozen=True):
    """What a form was granted."""

    subject: Subject
    scope: str = ""
    """As granted before, where it was."""
    audience: str | None = None
    """As granted before, where it was."""
    renewable: bool = False
    """Whether a refresh token comes along, asked for or not."""
    claims: Mapping[str, Any] = {}
    """What the id token says besides, of how the user signed in."""


def granted(request: TokenRequest) -> Granted:
    """What the form is granted; DirectoryError says what is wrong with it."""
    name = request.fields.required("grant_type")
    if name not in GRANTS:
        raise DirectoryError("grant-type", name)
    grant = GRANTS[name]
    for needed in grant.needs:
        request.fields.required(needed)
    directory, user = request.directory, request.fields.get("username")
    tenant = directory.identity.tenant(request.tenant, user)
    app = proven_app(directory.identity, request.fields, tenant, request.tenant, wanted=grant.confidential)
    request.fields["client_id"] = app.id  # as it is listed, in whatever case it was sent
    return grant.decide(request)


def _client_credentials(request: TokenRequest) -> Granted:
    tenant = request.directory.identity.tenant(request.tenant)
    return Granted(Subject(tenant.id, request.fields["client_id"]))


def _password(request: TokenRequest) -> Granted:
    fields, directory = request.fields, request.directory
    tenant = directory.identity.tenant(request.tenant, fields["username"])
    user = directory.identity.user(fields["username"], tenant)
    sent = fields["password"].encode()
    if user.password is not None and not hmac.compare_digest(sent, user.password.encode()):
        raise DirectoryError("password")
    return Granted(directory.subject(tenant, fields["client_id"], user))


def _redeemed(request: TokenRequest, kind: str, name: str) -> tuple[Subject, Mapping[str, Any]] | None:
    """What was sealed in the field, and for whom: the application that asks. None: anything will do."""
    directory = request.directory
    try:
        subject, content = directory.unseal(kind, request.fields[name], name)
    except DirectoryError:
        if directory.takes_any_grant:
            return None
        raise
    if subject.client_id != request.fields["client_id"]:
        raise DirectoryError("grant", name)
    return subject, content


def _authorization_code(request: TokenRequest) -> Granted:
    fields, directory = request.fields, request.directory
    sealed = _redeemed(request, "code", "code")
    if sealed is None:
        return _anybody(request)
    subject, code = sealed
    if directory.days_since(code) > 0:
        raise DirectoryError("expired", "code")
    if _is_elsewhere(request, subject.tenant_id, subject.user):
        raise DirectoryError("code-tenant")
    # Who named it when asking for the code names it again (RFC 6749, section 4.1.3).
    sent = fields.required("redirect_uri") if code["named"] else fields.get("redirect_uri")
    if sent not in (None, code["redirect_uri"]):
        raise DirectoryError("redirect-changed")
    _check_verifier(code["challenge"], code["method"], fields)
    if not directory.grants.first_time(code["jti"]):
        raise DirectoryError("code-redeemed")
    return Granted(subject, code["scope"], code["audience"], claims=code["claims"])


def _refresh_token(request: TokenRequest) -> Granted:
    directory = request.directory
    sealed = _redeemed(request, "refresh", "refresh_token")
    if sealed is None:
        return _anybody(request)
    subject, before = sealed
    if _is_elsewhere(request, subject.tenant_id, subject.user):
        raise DirectoryError("foreign-user", subject.user or "")
    if directory.days_since(before) > REFRESH_DAYS:
        raise DirectoryError("refresh-inactive")
    # Who was signed in may have been removed since, or the tenant.
    tenant = directory.identity.tenant(subject.tenant)
    directory.identity.user(subject.user or "", tenant)
    if not directory.grants.first_time(before["jti"]):
        raise DirectoryError("refresh-redeemed")
    return Granted(subject, before["scope"], before["audience"], renewable=True)


def _device_code(request: TokenRequest) -> Granted:
    fields = request.fields
    name = "device_code" if "device_code" in fields else "code"
    subject, device = request.devices.redeem(fields.required(name), fields["client_id"], request.tenant)
    return Granted(subject, device["scope"], device["audience"], renewable=request.version == 1)


def _on_behalf_of(request: TokenRequest) -> Granted:
    fields, directory = request.fields, request.directory
    if fields["requested_token_use"] != "on_behalf_of":  # noqa: S105 - what it is asked for
        raise DirectoryError("invalid", "requested_token_use")
    client = fields["client_id"]
    try:
        token = directory.tokens.read(fields["assertion"], (client, f"api://{client}"))
    except InvalidToken as error:
        raise DirectoryError("on-behalf-of", str(error)) from error
    if token.caller is not Caller.APP_USER or token.user is None:
        raise DirectoryError("on-behalf-of", "it speaks for no user")
    if _is_elsewhere(request, token.tenant_id, token.user):
        raise DirectoryError("on-behalf-of", "it is of another tenant")
    return Granted(Subject(token.tenant_id, client, token.user, token.mfa))


def _is_elsewhere(request: TokenRequest, tenant_id: str, user: str | None) -> bool:
    """Whether a request is made at another partner than the one that something was granted at."""
    identity = request.directory.identity
    return bool(identity.tenants) and identity.tenant(request.tenant, user).id != tenant_id


def _anybody(request: TokenRequest) -> Granted:
    """Whoever it may be for."""
    identity, client = request.directory.identity, request.fields["client_id"]
    user = identity.default_user(request.tenant)
    tenant = identity.tenant(request.tenant, user.name)
    renewable = request.fields["grant_type"] == "refresh_token"
    return Granted(request.directory.subject(tenant, client, user), renewable=renewable)


def code_challenge(verifier: str, method: str) -> str:
    """RFC 7636, section 4.2."""
    if method == "plain":
        return verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _check_verifier(challenge: str | None, method: str, fields: Fields) -> None:
    if challenge is None:
        if "code_verifier" in fields:
            raise DirectoryError("code-verifier")
        return
    made = code_challenge(fields.required("code_verifier"), method)
    if not hmac.compare_digest(made.encode(), challenge.encode()):
        raise DirectoryError("code-verifier")


class _Grant(Struct, frozen=True):
    decide: Callable[[TokenRequest], Granted]
    needs: tuple[str, ...] = ()
    """The fields it cannot do without, besides the version's own."""
    confidential: bool = False
    """Whether only an application that proves to be itself gets it."""


_DEVICE: Final = _Grant(_device_code)

GRANTS: Final[Mapping[str, _Grant]] = {
    "client_credentials": _Grant(_client_credentials, confidential=True),
    "password": _Grant(_password, ("username", "password")),
    "refresh_token": _Grant(_refresh_token, ("refresh_token",)),
    "authorization_code": _Grant(_authorization_code, ("code",)),
    "urn:ietf:params:oauth:grant-type:device_code": _DEVICE,
    "device_code": _DEVICE,
    "urn:ietf:params:oauth:grant-type:jwt-bearer": _Grant(
        _on_behalf_of, ("assertion", "requested_token_use"), confidential=True
    ),
}
"""Every grant type there is."""


def audience_of(scope: str) -> str | None:
    """The resource in front of the first permission that names one (`https://…/user_impersonation`)."""
    named = (word.rpartition("/")[0] for word in scope.split())
    return next((resource for resource in named if resource), None)


def audience_and_scope(request: TokenRequest, answer: Granted) -> tuple[str, str]:
    """Audience and scope of the token; what the form asks for goes before what was granted earlier."""
    fields: Mapping[str, Any] = request.fields
    if request.version == 1:
        audience = fields.get("resource", answer.audience) or request.fields.required("resource")
        return audience, ""
    scope: str = fields.get("scope", answer.scope)
    if not scope and answer.audience is None and not answer.renewable:
        request.fields.required("scope")
    if answer.subject.user is None and not (scope.endswith("/.default") and " " not in scope):
        raise DirectoryError("default-scope", scope)
    return audience_of(scope) or answer.audience or PARTNER_CENTER, scope
