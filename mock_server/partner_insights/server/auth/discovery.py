"""A tenant and the fake's own address → the directory's metadata, by which MSAL finds the token endpoint."""

from __future__ import annotations

from typing import Any


def metadata(base: str, tenant: str, version: int) -> dict[str, Any]:
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
