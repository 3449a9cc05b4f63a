"""`/generatetoken`: a directory's token → one of Partner Center's own, for its older clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partner_insights.server.auth.tokens import LIFETIME, PARTNER_CENTER, Subject
from partner_insights.server.http.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Collection

    from partner_insights.server.auth.bearer import Authenticator
    from partner_insights.server.auth.directory import Directory


def generated_token(
    directory: Directory,
    authenticator: Authenticator,
    authorization: str | None,
    grant_type: object,
    audiences: Collection[str],
) -> dict[str, Any]:
    """The token; ApiError without a token of one of the audiences, or for another grant type."""
    token = authenticator.authenticate(authorization, audiences)
    if grant_type != "jwt_token":
        raise ApiError("invalid-query", data=["grant_type"])
    identity = directory.identity
    tenant = token.tenant_id or identity.home.id
    subject = Subject(tenant, token.client_id or "any", token.user, token.mfa)
    access = directory.tokens.access(subject, PARTNER_CENTER, fake_date=directory.today)
    return {"access_token": access, "token_type": "bearer", "expires_in": LIFETIME}
