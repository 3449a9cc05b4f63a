"""Claims ↔ signed tokens of this run: access tokens like the directory's, and refresh tokens.

PyJWT is imported at the first token, or by `warm_up`: it brings cryptography along where that is installed, a
tenth of a second that the start of a fake need not take.
"""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from typing import Any, Final

ALGORITHM: Final = "HS256"
LIFETIME: Final = 3599
"""Seconds; what the directory gives."""

PARTNER_CENTER: Final = "https://api.partnercenter.microsoft.com"
DIRECTORY_GRAPH: Final = "https://graph.windows.net"
AUDIENCES: Final = tuple(base + slash for base in (PARTNER_CENTER, DIRECTORY_GRAPH) for slash in ("", "/"))
"""Whose tokens the API takes. The published app-only example asks for the directory graph's
(partner-center-authentication.md, heading REST (app-only authentication))."""

_REFRESH: Final = "urn:partner-insights:refresh"
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:partner-insights")


class InvalidToken(Exception):
    """Not a token that is good for what it was shown for; str() says why, in words for a developer."""


class Caller(StrEnum):
    """Whom a token speaks for, in the words of the operations' `auth`."""

    APP_USER = "app+user"
    APP_ONLY = "app-only"


@dataclass(frozen=True)
class Subject:
    """Who asks for a token, through which application, at which tenant."""

    tenant: str
    """As it stands in the token endpoint's path: a GUID, a domain or `common`."""
    client_id: str
    user: str | None = None
    """None: the application itself (app-only)."""

    @property
    def caller(self) -> Caller:
        """Whom a token for this subject speaks for."""
        return Caller.APP_ONLY if self.user is None else Caller.APP_USER

    @property
    def tenant_id(self) -> str:
        """The tenant's GUID; made from the name where the path has a name."""
        try:
            return str(uuid.UUID(self.tenant))
        except ValueError:
            return str(uuid.uuid5(_NAMESPACE, self.tenant.lower()))


@dataclass(frozen=True)
class Tokens:
    """Issues and reads the tokens of one run; the key is the run's, so another run's tokens are refused."""

    key: bytes = field(repr=False)

    def access(
        self,
        subject: Subject,
        audience: str,
        *,
        scope: str = "",
        lifetime: int = LIFETIME,
        issued: int | None = None,
    ) -> str:
        """A signed access token with the claims a real one has (version 1.0); `issued` is now by default."""
        now = int(time.time()) if issued is None else issued
        tenant = subject.tenant_id
        claims: dict[str, Any] = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{tenant}/",
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "appid": subject.client_id,
            "appidacr": "1",
            "tid": tenant,
            "ver": "1.0",
        }
        who = subject.user or subject.client_id
        claims["oid"] = claims["sub"] = str(uuid.uuid5(_NAMESPACE, f"{tenant}/{who.lower()}"))
        if subject.user is None:
            claims |= {"idtyp": "app", "roles": []}
        else:
            claims |= {
                "idtyp": "user",
                "scp": scope or "user_impersonation",
                "upn": subject.user,
                "unique_name": subject.user,
                "amr": ["pwd", "mfa"],
            }
        return self._signed(claims)

    def caller(self, token: str) -> Caller:
        """Whom a token speaks for; InvalidToken where it is not a valid one for the API."""
        return self.read(token)[0]

    def refresh(self, subject: Subject, audience: str) -> str:
        """A refresh token: any worker of the run can redeem it, as everything it says is inside."""
        claims = {
            "aud": _REFRESH,
            "iat": int(time.time()),
            "tenant": subject.tenant,
            "client": subject.client_id,
            "user": subject.user,
            "audience": audience,
        }
        return self._signed(claims)

    def redeem(self, refresh_token: str) -> tuple[Subject, str]:
        """The subject and audience of a refresh token; InvalidToken where it is not ours."""
        claims = self._claims(refresh_token, audience=_REFRESH)
        return Subject(claims["tenant"], claims["client"], claims["user"]), claims["audience"]

    def read(self, token: str) -> tuple[Caller, float]:
        """As `caller`, with the time the token expires."""
        claims = self._claims(token, audience=AUDIENCES, options={"require": ["exp", "aud"]})
        # The real service tells them apart the same way: only a token with a user in it has delegated scopes.
        caller = Caller.APP_USER if "scp" in claims else Caller.APP_ONLY
        return caller, float(claims["exp"])

    def _signed(self, claims: dict[str, Any]) -> str:
        import jwt

        return jwt.encode(claims, self.key, algorithm=ALGORITHM)

    def _claims(self, token: str, **demands: Any) -> dict[str, Any]:
        import jwt

        reasons = (  # the most specific first
            (jwt.ExpiredSignatureError, "the token has expired"),
            (jwt.InvalidAudienceError, "the token is for another audience"),
            (jwt.InvalidSignatureError, "the token was not issued by this run of the fake"),
            (jwt.ImmatureSignatureError, "the token is not valid yet"),
            (jwt.MissingRequiredClaimError, "the token lacks exp or aud"),
            (jwt.InvalidTokenError, "the token is not a signed JWT of the token endpoint"),
        )
        try:
            claims: dict[str, Any] = jwt.decode(token, self.key, algorithms=[ALGORITHM], **demands)
        except jwt.InvalidTokenError as error:
            raise InvalidToken(next(words for kind, words in reasons if isinstance(error, kind))) from error
        return claims


def warm_up() -> None:
    """Import what the first token needs."""
    import jwt  # noqa: F401


class CheckedTokens:
    """Tokens found good before → whom they speak for, until they expire: a signature is checked once."""

    SIZE: Final = 1024
    """How many are remembered."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._checked: OrderedDict[str, tuple[Caller, float]] = OrderedDict()
        self._lock = Lock()

    def caller(self, token: str) -> Caller:
        """As `Tokens.caller`, remembering the outcome of a good one."""
        return self.read(token)[0]

    def read(self, token: str) -> tuple[Caller, float]:
        """As `caller`, with the time the token expires."""
        known = self._checked.get(token)
        if known is None or known[1] <= time.time():
            known = self._tokens.read(token)
            with self._lock:
                self._checked[token] = known
                if len(self._checked) > self.SIZE:
                    self._checked.popitem(last=False)
        return known

    def __len__(self) -> int:
        return len(self._checked)
