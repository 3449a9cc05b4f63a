"""An Authorization header → whom the request speaks for, or the documented refusal."""

from __future__ import annotations

import math
import re
from typing import Final

from partner_insights.server.auth.tokens import PARTNER_CENTER, Caller, CheckedTokens, InvalidToken, Tokens
from partner_insights.server.http.errors import ApiError
from partner_insights.server.settings import AuthMode

_BEARER: Final = re.compile(r"\s*bearer\s+(\S+)\s*", re.IGNORECASE)
_REALM: Final = f'Bearer realm="{PARTNER_CENTER}"'


class Authenticator:
    """Admits callers as the run's auth mode says."""

    def __init__(self, mode: AuthMode, tokens: Tokens) -> None:
        self._mode = mode
        self._tokens = CheckedTokens(tokens)

    def authenticate(self, authorization: str | None) -> Caller:
        """Whom the request speaks for; Refused("unauthenticated") with a challenge (RFC 6750) otherwise."""
        if self._mode == AuthMode.OFF:
            return Caller.APP_USER
        match = _BEARER.fullmatch(authorization or "")
        if match is None:
            # Without credentials RFC 6750, section 3.1, wants no error code in the challenge.
            raise ApiError("unauthenticated", headers={"WWW-Authenticate": _REALM})
        if self._mode == AuthMode.ANY:
            return Caller.APP_USER
        try:
            return self._tokens.caller(match[1])
        except InvalidToken as error:
            # Why, for the developer who reads it.
            challenge = f'{_REALM}, error="invalid_token", error_description="{error}"'
            raise ApiError("unauthenticated", headers={"WWW-Authenticate": challenge}) from error

    def good_until(self, authorization: str | None) -> float:
        """When an Authorization header that was admitted will not be any more, by `time.time()`."""
        if self._mode != AuthMode.JWT:
            return math.inf
        match = _BEARER.fullmatch(authorization or "")
        try:
            return 0.0 if match is None else self._tokens.read(match[1])[1]
        except InvalidToken:
            return 0.0
