"""A form posted for a token or a device code → the answer, in the first or the second version's dialect."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from partner_insights.server.auth.device_code import INTERVAL, user_code
from partner_insights.server.auth.device_code import LIFETIME as DEVICE_LIFETIME
from partner_insights.server.auth.directory import REFRESH_DAYS
from partner_insights.server.auth.errors import UNCACHED
from partner_insights.server.auth.grants import (
    Granted,
    TokenRequest,
    audience_and_scope,
    audience_of,
    granted,
)
from partner_insights.server.auth.tokens import LIFETIME, PARTNER_CENTER, Subject, client_info
from partner_insights.server.http.errors import ApiError
from partner_insights.server.http.response import ISSUED, ApiResponse, Note, json_response

if TYPE_CHECKING:
    from partner_insights.server.auth.device_code import DeviceCodes
    from partner_insights.server.auth.directory import Directory
    from partner_insights.server.auth.fields import Fields
    from partner_insights.server.auth.tokens import AccessToken


class TokenEndpoint(Struct, frozen=True):
    """`/{tenant}/oauth2/token` and `…/devicecode` (version 1), and both under `…/v2.0` (version 2)."""

    directory: Directory
    devices: DeviceCodes

    def token(self, base: str, tenant: str, version: int, fields: Fields) -> ApiResponse:
        """What is granted; DirectoryError says what is wrong with the request."""
        request = TokenRequest(self.directory, self.devices, tenant, version, fields)
        answer = granted(request)
        audience, scope = audience_and_scope(request, answer)
        body = self._issued(base, request, answer, audience, scope)
        return json_response(body, headers=UNCACHED, note=self._note(answer.subject, audience, scope))

    def exchanged(self, token: AccessToken, grant_type: object) -> ApiResponse:
        """`/generatetoken`: one of Partner Center's own for a directory's, for its older clients.

        ApiError for another grant type.
        """
        if grant_type != "jwt_token":
            raise ApiError("invalid-query", data=["grant_type"])
        tenant = token.tenant_id or self.directory.identity.home.id
        subject = Subject(tenant, token.client_id or "any", token.user, token.mfa)
        access = self.directory.tokens.access(subject, PARTNER_CENTER, fake_date=self.directory.today)
        body = {"access_token": access, "token_type": "bearer", "expires_in": LIFETIME}
        return json_response(body, headers=UNCACHED)

    def _note(self, subject: Subject, audience: str, scope: str) -> Note:
        whose = repr((subject, audience, sorted(scope.split()), self.directory.today))
        token = hashlib.sha256(whose.encode()).hexdigest()[:10]
        return Note(ISSUED, token, time.time() + LIFETIME)

    def _issued(
        self, base: str, request: TokenRequest, answer: Granted, audience: str, scope: str
    ) -> dict[str, Any]:
        subject, tokens, version = answer.subject, self.directory.tokens, request.version
        now, words = int(time.time()), scope.split()
        body: dict[str, Any] = {"token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME}
        if version == 1:
            body |= {"expires_on": now + LIFETIME, "not_before": now, "resource": audience}
            # Version 1 writes numbers as strings (partner-center-authentication.md, heading REST response).
            body = {name: str(value) for name, value in body.items()}
        body["access_token"] = tokens.access(subject, audience, fake_date=self.directory.today)
        if subject.user is None:
            return body
        # Version 1 knows no scopes to ask for.
        body["scope"] = " ".join(w for w in words if w != "offline_access") or "user_impersonation"
        if answer.renewable or version == 1 or "offline_access" in words:
            lifetime = REFRESH_DAYS * 24 * 3600
            body["refresh_token"] = self.directory.seal(
                "refresh", subject, lifetime, audience=audience, scope=scope
            )
        if version == 1 or "openid" in words:
            body["id_token"] = tokens.identity(subject, version, base, answer.claims)
        if request.fields.get("client_info") == "1":
            body["client_info"] = client_info(subject)
        return body

    def device_code(self, base: str, tenant: str, version: int, fields: Fields) -> ApiResponse:
        """A code to sign in with on another device; DirectoryError says what is wrong with the request."""
        identity = self.directory.identity
        identity.tenant(tenant)
        app = identity.app(fields.required("client_id"))
        scope = "" if version == 1 else fields.required("scope")
        audience = fields.required("resource") if version == 1 else audience_of(scope)
        device_code = self.devices.begin(tenant, app.id, scope, audience)
        code, url = user_code(device_code), f"{base}/common/oauth2/deviceauth"
        body: dict[str, Any] = {
            "user_code": code,
            "device_code": device_code,
            "expires_in": DEVICE_LIFETIME,
            "interval": INTERVAL,
        }
        if version == 1:
            body = {name: str(value) for name, value in body.items()}
        body["verification_url" if version == 1 else "verification_uri"] = url
        body["message"] = f"To sign in, open {url} and enter the code {code}."
        return json_response(body, headers=UNCACHED)
