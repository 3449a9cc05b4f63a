"""An application's secret or signed assertion → the application, proven to be itself."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from partner_insights.server.auth.certificates import pem_of, public_key_of
from partner_insights.server.auth.errors import DirectoryError

if TYPE_CHECKING:
    from partner_insights.server.auth.fields import Fields
    from partner_insights.server.auth.identity import App, Identity, Tenant

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS: Final = ("RS256", "PS256")
"""With a certificate (MSAL signs by PS256 where it has the SHA-256 thumbprint)."""

_EXCHANGE: Final = "api://AzureADTokenExchange"
"""The audience of assertions by other issuers: those of Kubernetes, GitHub and other clouds."""
_CLOCK_SKEW: Final = 300
"""Seconds that a client's clock may differ, as the directory lets it; MSAL for Node rounds its own up."""


def proven_app(identity: Identity, fields: Fields, tenant: Tenant, path: str, *, wanted: bool) -> App:
    """The application of a request; `wanted` says whether this grant is for confidential ones alone.

    DirectoryError where the directory does not know it, or it does not prove to be the one it says. `path` is
    the tenant as the request's path has it.
    """
    app = identity.app(fields.required("client_id"))
    if "client_assertion" in fields:
        if fields.required("client_assertion_type") != ASSERTION_TYPE:
            raise DirectoryError("invalid", "client_assertion_type")
        _check_assertion(app, fields["client_assertion"], {tenant.id, tenant.name.lower(), path.lower()})
    elif "client_secret" in fields:
        sent = fields["client_secret"].encode()
        known = (app.secret or "").encode()
        anything = app.secret is None and app.certificate is None
        if not (anything or hmac.compare_digest(sent, known)):
            raise DirectoryError("secret")
    elif wanted or app.secret is not None or app.certificate is not None:
        raise DirectoryError("secret-missing")
    return app


def _check_assertion(app: App, assertion: str, tenants: set[str]) -> None:
    """RFC 7523, section 3: signed by the application's certificate, about itself, for the tenant, in time."""
    import jwt

    key, signed = _key(app, assertion)
    options: dict[str, Any] = {
        "require": ["exp", "aud", "iss", "sub"],
        "verify_signature": signed,
        "verify_aud": False,
        **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat"), True),
    }
    try:
        claims: dict[str, Any] = jwt.decode(
            assertion,
            key,
            algorithms=list(_ALGORITHMS),
            options=options,  # type: ignore[arg-type]
            leeway=_CLOCK_SKEW,
        )
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
        raise DirectoryError("assertion-time") from error
    except jwt.InvalidSignatureError as error:
        raise DirectoryError("assertion-signature") from error
    except (jwt.InvalidTokenError, OverflowError, RecursionError) as error:
        raise DirectoryError("assertion-form", "it is no signed JWT with exp, aud, iss and sub") from error
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if not signed and any(str(each).startswith(_EXCHANGE) for each in audiences):
        return  # of a workload, by an issuer of its own that the directory would be told to trust
    if not str(claims["iss"]).lower() == str(claims["sub"]).lower() == app.id.lower():
        raise DirectoryError("assertion-form", "iss and sub are not the application's id")
    if not any(_tenant_of(each) in tenants for each in audiences):
        raise DirectoryError("assertion-audience")


def _key(app: App, assertion: str) -> tuple[Any, bool]:
    """The public key to verify by, and whether there is one: where none is registered, any will do."""
    import jwt

    try:
        header = jwt.get_unverified_header(assertion)
    except (jwt.InvalidTokenError, RecursionError) as error:
        raise DirectoryError("assertion-form", "it is no JWT") from error
    if header.get("alg") not in _ALGORITHMS:
        raise DirectoryError("assertion-form", f"it is not signed by {' or '.join(_ALGORITHMS)}")
    certificate = None if app.certificate is None else app.certificate.encode()
    chain = header.get("x5c")
    if certificate is None and chain is not None:
        try:
            first = (chain.split(",") if isinstance(chain, str) else chain)[0]
            certificate = pem_of(base64.b64decode(first))
        except (ValueError, TypeError, LookupError) as error:
            raise DirectoryError("assertion-form", "its x5c holds no certificate") from error
    if certificate is None:
        return None, False
    try:
        return public_key_of(certificate), True
    except ValueError as error:
        raise DirectoryError("assertion-form", "its x5c holds no certificate of an RSA key") from error


def _tenant_of(audience: object) -> str:
    """The tenant in an address of the directory, as assertions name it for their audience."""
    try:
        return urlsplit(str(audience)).path.split("/")[1].lower()
    except (ValueError, IndexError):
        return ""
