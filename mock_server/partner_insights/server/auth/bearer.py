"""An Authorization header → whom the request speaks for, or the documented refusal."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from partner_insights.server.auth.tokens import (
    AUDIENCES,
    PARTNER_CENTER,
    AccessToken,
    Caller,
    CheckedTokens,
    InvalidToken,
    Tokens,
)
from partner_insights.server.http.errors import ApiError
from partner_insights.server.settings import AuthMode

if TYPE_CHECKING:
    from collections.abc import Collection

    from partner_insights.server.state import State

_BEARER: Final = re.compile(r"\s*bearer\s+(\S+)\s*", re.IGNORECASE)
REALM: Final = f'Bearer realm="{PARTNER_CENTER}"'
ANYBODY: Final = AccessToken(Caller.APP_USER, "", None, mfa=True, expires=math.inf)
"""Whom tokens that nobody looks at speak for."""


class Authenticator:
    """Admits callers as the run's auth mode says."""

    def __init__(self, mode: AuthMode, tokens: Tokens, state: State) -> None:
        self.mode, self.tokens, self.state = mode, tokens, state
        self._checked = CheckedTokens(tokens)

    def authenticate(
        self, authorization: str | None, audiences: Collection[str] | None = AUDIENCES
    ) -> AccessToken:
        """Whom the request speaks for; ApiError("unauthenticated") with a challenge (RFC 6750) otherwise.

        `audiences`: whose tokens will do; None is anybody's.
        """
        if self.mode == AuthMode.OFF:
            return ANYBODY
        match = _BEARER.fullmatch(authorization or "")
        if match is None:
            # Without credentials RFC 6750, section 3.1, wants no error code in the challenge.
            raise ApiError("unauthenticated", headers={"WWW-Authenticate": REALM})
        if self.mode == AuthMode.ANY:
            return ANYBODY
        try:
            checked = audiences is AUDIENCES
            token = self._checked.read(match[1]) if checked else self.tokens.read(match[1], audiences)
            self._check_now(token)
        except InvalidToken as error:
            # Why, for the developer who reads it.
            challenge = f'{REALM}, error="invalid_token", error_description="{error}"'
            headers = {"WWW-Authenticate": challenge}
            raise ApiError("unauthenticated", headers=headers, reason=f"token-{error.reason}") from error
        return token

    def _check_now(self, token: AccessToken) -> None:
        """What the fake's own date and directory say of a token that is good by itself."""
        if token.fake_date is not None and token.fake_date < self.state.as_of.isoformat():
            raise InvalidToken(
                f"the token has expired: it is of {token.fake_date}, by the fake's date", "outdated"
            )
        if self.state.scene.identity.partner(token.tenant_id) is None:
            raise InvalidToken("the token is of a tenant that is none of this fake's partners")

    def partner(self, authorization: str | None) -> int:
        """Which partner an Authorization header speaks for; 0, the first, where it is none that will do."""
        identity = self.state.scene.identity
        if len(identity.tenants) < 2:
            return 0
        try:
            return identity.partner(self.authenticate(authorization).tenant_id) or 0
        except ApiError:
            return 0

    def good_until(self, authorization: str | None) -> float:
        """When an Authorization header that was admitted will not be any more, by `time.time()`."""
        if self.mode != AuthMode.JWT:
            return math.inf
        match = _BEARER.fullmatch(authorization or "")
        try:
            return 0.0 if match is None else self._checked.read(match[1]).expires
        except InvalidToken:
            return 0.0
