"""Claims ↔ signed tokens: access and id tokens like the directory's, and what only the fake itself reads.

PyJWT is imported at the first token, or by `warm_up`: with cryptography it takes a tenth of a second that
whoever starts a fake need not wait for.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
import uuid
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from partner_insights.server.auth.signing_key import ALGORITHM, SigningKey

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LIFETIME: Final = 3599
"""Seconds; what the directory gives."""

PARTNER_CENTER: Final = "https://api.partnercenter.microsoft.com"
PARTNER_CENTER_APP: Final = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"
"""Partner Center's own application id, by which it may be asked for in place of its address."""
DIRECTORY_GRAPH: Final = "https://graph.windows.net"
AUDIENCES: Final = (PARTNER_CENTER, f"{PARTNER_CENTER}/", PARTNER_CENTER_APP)
"""Whose tokens the API takes."""
EXCHANGED: Final = (*AUDIENCES, DIRECTORY_GRAPH, f"{DIRECTORY_GRAPH}/")
"""Whose tokens the first `/generatetoken` takes (generate-access-token-legacy, heading Request Header)."""

_SEALED: Final = "urn:partner-insights:"
_SEALED_ALGORITHM: Final = "HS256"
_KINDS: Final = {"tid": str, "upn": str, "amr": list, "fake_date": str}
"""Claims that are looked at → of which type they are."""
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:partner-insights")


class InvalidToken(Exception):
    """Not a token that is good for what it was shown for; str() says why, in words for a developer."""

    def __init__(self, words: str, reason: str = "invalid") -> None:
        super().__init__(words)
        self.reason = reason
        """`expired`, `outdated` (by the fake's date), `audience` or `invalid`."""


class Caller(StrEnum):
    """Whom a token speaks for, in the words of the operations' `auth`."""

    APP_USER = "app+user"
    APP_ONLY = "app-only"


class Subject(Struct, frozen=True):
    """Who asks for a token, through which application, at which tenant."""

    tenant: str
    """A GUID or a domain."""
    client_id: str
    user: str | None = None
    """None: the application itself (app-only)."""
    mfa: bool = True
    """Whether the user signed in with a second factor."""

    @property
    def caller(self) -> Caller:
        """Whom a token for this subject speaks for."""
        return Caller.APP_ONLY if self.user is None else Caller.APP_USER

    @property
    def tenant_id(self) -> str:
        """The tenant's GUID; made from the name where it is a name."""
        return tenant_id(self.tenant)

    @property
    def object_id(self) -> str:
        """The GUID of the user, or of the application, in the tenant."""
        who = self.user or self.client_id
        return str(uuid.uuid5(_NAMESPACE, f"{self.tenant_id}/{who.lower()}"))


class AccessToken(Struct, frozen=True):
    """What a good token says."""

    caller: Caller
    tenant_id: str
    user: str | None
    mfa: bool
    expires: float
    """By `time.time()`."""
    fake_date: str | None = None
    """The fake's date when it was issued; None for a token that is good on any date."""
    client_id: str = ""
    object_id: str = ""


@dataclass(frozen=True)
class Tokens:
    """Issues and reads the tokens of one run."""

    key: bytes = field(repr=False)
    """The run's own; seals what only this run redeems."""
    seed: int = 0

    @cached_property
    def signing(self) -> SigningKey:
        """Signs what clients and resource servers read."""
        return SigningKey(self.seed)

    def access(
        self,
        subject: Subject,
        audience: str,
        *,
        lifetime: int = LIFETIME,
        issued: int | None = None,
        fake_date: str | None = None,
    ) -> str:
        """A signed access token with the claims a real one has (version 1.0).

        `issued` is now by default; with a `fake_date` it is good as long as that is the fake's date.
        """
        tenant = subject.tenant_id
        claims = _times(lifetime, issued) | {
            "aud": audience,
            "iss": version_1_issuer(tenant),
            "appid": subject.client_id,
            "appidacr": "1",
            "oid": subject.object_id,
            "sub": subject.object_id,
            "tid": tenant,
            "uti": secrets.token_urlsafe(16),  # no two tokens are alike, not even of one second
            "ver": "1.0",
        }
        if subject.user is None:
            claims |= {"idtyp": "app", "roles": []}
        else:
            claims |= {"idtyp": "user", "scp": "user_impersonation", **_named(subject)}
        if fake_date is not None:
            claims["fake_date"] = fake_date
        return self._signed(claims)

    def identity(
        self,
        subject: Subject,
        version: int,
        base: str,
        further: Mapping[str, Any],
        code: str | None = None,
    ) -> str:
        """The id token of a user who signed in (OpenID Connect Core 1.0, section 2), with further claims."""
        tenant = subject.tenant_id
        user = subject.user or ""
        claims = _times(LIFETIME) | {
            "aud": subject.client_id,
            "iss": version_1_issuer(tenant) if version == 1 else version_2_issuer(base, tenant),
            "name": user.partition("@")[0].replace(".", " ").title(),
            "oid": subject.object_id,
            "sub": subject.object_id,
            "tid": tenant,
            "ver": f"{version}.0",
            **further,
        }
        claims |= _named(subject) if version == 1 else {"preferred_username": user}
        if code is not None:
            claims["c_hash"] = _base64(hashlib.sha256(code.encode()).digest()[:16])
        return self._signed(claims)

    def read(self, token: str, audiences: Collection[str] | None = AUDIENCES) -> AccessToken:
        """What an access token says; InvalidToken where it is none for the audiences (None: any)."""
        public = self.signing.private.public_key()
        options = {"require": ["exp", "aud"], "verify_aud": audiences is not None}
        demands = {"audience": audiences, "options": options}
        claims = _verified(token, public, ALGORITHM, **demands)
        # Anybody can sign with a test key.
        if any(not isinstance(claims.get(name, kind()), kind) for name, kind in _KINDS.items()):
            raise InvalidToken("a claim of the token is of another type")
        tenant = claims.get("tid", "")
        if claims.get("iss") != version_1_issuer(tenant):
            raise InvalidToken("the token is of another issuer")
        # The real service tells them apart the same way: only a token with a user in it has delegated scopes.
        caller = Caller.APP_USER if "scp" in claims else Caller.APP_ONLY
        return AccessToken(
            caller=caller,
            tenant_id=tenant,
            user=claims.get("upn"),
            mfa="mfa" in claims.get("amr", ()),
            expires=float(min(int(claims["exp"]), 2**53)),
            fake_date=claims.get("fake_date"),
            client_id=str(claims.get("appid", "")),
            object_id=str(claims.get("oid", "")),
        )

    def seal(self, kind: str, content: Mapping[str, Any], lifetime: int) -> str:
        """Content that only this run opens: any of its workers can, as everything is inside."""
        import jwt

        claims = {"aud": _SEALED + kind, "jti": secrets.token_urlsafe(9), **_times(lifetime), **content}
        return jwt.encode(claims, self.key, algorithm=_SEALED_ALGORITHM)

    def unseal(self, kind: str, sealed: str) -> dict[str, Any]:
        """What was sealed, with its `jti`; InvalidToken where it is not ours or too old."""
        return _verified(sealed, self.key, _SEALED_ALGORITHM, audience=_SEALED + kind)

    def _signed(self, claims: dict[str, Any]) -> str:
        import jwt

        key, headers = self.signing, {"kid": self.signing.id, "x5t": self.signing.id}
        return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers=headers)


def warm_up() -> None:
    """Import what the first token needs; where there is no file to read it from as yet, that one does it."""
    with suppress(ImportError, OSError):
        import jwt  # noqa: F401


def tenant_id(name: str) -> str:
    """The GUID of the tenant of that name; a GUID is its own."""
    try:
        return str(uuid.UUID(name))
    except ValueError:
        return str(uuid.uuid5(_NAMESPACE, name.lower()))


def version_1_issuer(tenant: str) -> str:
    """Who issues tokens of version 1 for the tenant, wherever the directory is."""
    return f"https://sts.windows.net/{tenant}/"


def version_2_issuer(base: str, tenant: str) -> str:
    """Who issues tokens of version 2 for the tenant, at the directory's own address."""
    return f"{base}/{tenant}/v2.0"


def client_info(subject: Subject) -> str:
    """What MSAL knows an account by."""
    content = {"uid": subject.object_id, "utid": subject.tenant_id}
    return _base64(json.dumps(content, separators=(",", ":")).encode())


def _times(lifetime: int, issued: int | None = None) -> dict[str, Any]:
    now = int(time.time()) if issued is None else issued
    return {"iat": now, "nbf": now, "exp": now + lifetime}


def _named(subject: Subject) -> dict[str, Any]:
    amr = ["pwd", "mfa"] if subject.mfa else ["pwd"]
    return {"upn": subject.user, "unique_name": subject.user, "amr": amr}


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _verified(token: str, key: Any, algorithm: str, **demands: Any) -> dict[str, Any]:
    import jwt

    # Older versions raise the second for a time of Infinity; the third is JSON that is nested too deep.
    unreadable = (jwt.InvalidTokenError, OverflowError, RecursionError)
    reasons = (  # the most specific first
        (jwt.ExpiredSignatureError, "the token has expired", "expired"),
        (jwt.InvalidAudienceError, "the token is for another audience", "audience"),
        (jwt.InvalidSignatureError, "the token was not issued by this fake", "invalid"),
        (jwt.ImmatureSignatureError, "the token is not valid yet", "invalid"),
        (jwt.MissingRequiredClaimError, "the token lacks exp or aud", "invalid"),
        (unreadable, "the token is not a signed JWT of the token endpoint", "invalid"),
    )
    try:
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=[algorithm], **demands)
    except unreadable as error:
        words, reason = next((words, reason) for kind, words, reason in reasons if isinstance(error, kind))
        raise InvalidToken(words, reason) from error
    return claims


class CheckedTokens:
    """Tokens found good before → what they say, until they expire: a signature is checked once."""

    MAX: Final = 1024
    """How many are remembered."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._checked: OrderedDict[str, AccessToken] = OrderedDict()
        self._lock = Lock()

    def read(self, token: str) -> AccessToken:
        """As `Tokens.read`, remembering the outcome of a good one."""
        known = self._checked.get(token)
        if known is None or known.expires <= time.time():
            known = self._tokens.read(token)
            with self._lock:
                self._checked[token] = known
                if len(self._checked) > self.MAX:
                    self._checked.popitem(last=False)
        return known

    def __len__(self) -> int:
        return len(self._checked)
