"""A tenant and the directory's own address → what libraries ask for before they sign in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from partner_insights.server.auth.errors import DirectoryError
from partner_insights.server.auth.fields import MAX_CHARACTERS
from partner_insights.server.auth.identity import ANY_TENANT, is_readable
from partner_insights.server.auth.signing_key import ALGORITHM
from partner_insights.server.auth.tokens import version_1_issuer, version_2_issuer

if TYPE_CHECKING:
    from partner_insights.server.auth.identity import Identity
    from partner_insights.server.auth.tokens import AccessToken

PUBLIC_HOSTS: Final = (
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "sts.windows.net",
)
"""Names of the real directory, which may be led to the fake."""
_ENDPOINT: Final = re.compile(r"https?://[^/\s?#@]+/(?P<tenant>[\w.~-]+)(?:/[^\s]*)?")
_MICROSOFT_ONLINE: Final = "microsoftonline.com"
_CLAIMS: Final = ("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "name", "tid", "ver", "oid")


def openid_configuration(identity: Identity, base: str, tenant: str, version: int) -> dict[str, Any]:
    """The document of OpenID Connect Discovery 1.0, section 3; DirectoryError for an unknown tenant."""
    own = f"{base}/{tenant}"
    oauth2 = f"{own}/oauth2" if version == 1 else f"{own}/oauth2/v2.0"
    # Of the tenants that stand for any, the directory names none: clients put the token's in place.
    issued_by = "{tenantid}" if tenant.lower() in ANY_TENANT else identity.tenant(tenant).id
    issuer = version_1_issuer(issued_by) if version == 1 else version_2_issuer(base, issued_by)
    name = "upn" if version == 1 else "preferred_username"
    return {
        "token_endpoint": f"{oauth2}/token",
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "client_secret_basic",
            "private_key_jwt",
        ],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256"],
        "jwks_uri": f"{own}/discovery/keys" if version == 1 else f"{own}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "response_types_supported": ["code", "id_token", "code id_token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "grant_types_supported": [
            "authorization_code",
            "client_credentials",
            "password",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ],
        "code_challenge_methods_supported": ["plain", "S256"],
        "issuer": issuer,
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": f"{base}/{tenant}/openid/userinfo",
        "authorization_endpoint": f"{oauth2}/authorize",
        "device_authorization_endpoint": f"{oauth2}/devicecode",
        "end_session_endpoint": f"{oauth2}/logout",
        "claims_supported": [*_CLAIMS, name],
        "tenant_region_scope": None,
        "cloud_instance_name": _MICROSOFT_ONLINE,
    }


def instance_discovery(base: str, host: str, endpoint: str) -> dict[str, Any]:
    """Whether an authority is one, as clients ask it: the directory's other names, and where to go on.

    DirectoryError where the endpoint to authorize at is no address of a tenant; any host is taken.
    """
    found = _ENDPOINT.fullmatch(endpoint)
    if found is None:
        raise DirectoryError("instance", endpoint)
    own = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
    public = {
        "preferred_network": PUBLIC_HOSTS[0],
        "preferred_cache": PUBLIC_HOSTS[1],
        "aliases": list(PUBLIC_HOSTS),
    }
    return {
        "tenant_discovery_endpoint": f"{base}/{found['tenant']}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [public] if host in PUBLIC_HOSTS else [public, own],
    }


def user_realm(user: str) -> dict[str, Any]:
    """That the directory itself checks the user's password; DirectoryError for what nobody is called."""
    if len(user) > MAX_CHARACTERS:
        raise DirectoryError("too-long", "user")
    if not is_readable(user):
        raise DirectoryError("invalid", "user")
    return {
        "ver": "1.0",
        "account_type": "Managed",
        "domain_name": user.rpartition("@")[2],
        "cloud_instance_name": _MICROSOFT_ONLINE,
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    }


def user_info(token: AccessToken) -> dict[str, Any]:
    """Who an access token speaks for (OpenID Connect Core 1.0, section 5.3.2)."""
    return {"sub": token.object_id} | ({} if token.user is None else {"email": token.user})
