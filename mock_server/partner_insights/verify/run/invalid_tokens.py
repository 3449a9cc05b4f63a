"""A valid token → what a service has to refuse: the token changed in one way each, and none at all.

They are always sent, to every operation: what a service lets in must not be left to a draw. They hold claims
of the real token, so reports say in words what was sent.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from partner_insights.documents import json_value
from partner_insights.verify.run.client import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FAR_AHEAD: Final = 4_102_444_800
"""The year 2100, in seconds since 1970."""
LONG_AGO: Final = 1_000_000_000
OTHER_AUDIENCE: Final = "https://graph.windows.net"
_SIGNATURE: Final = "A" * 43


@dataclass(frozen=True)
class ChangedToken:
    """What stands in the place of a token."""

    words: str
    """How a report names it."""
    sent: Secret | None
    """The whole value of Authorization; None: no such header."""


def claims_of(token: str) -> Mapping[str, Any] | None:
    """What a JSON web token says, unproven; None for a text that is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json_value(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return claims if isinstance(claims, dict) else None


def is_of_a_user(token: str) -> bool | None:
    """Whether a token is for an application with a user; None where it does not say."""
    claims = claims_of(token)
    if claims is None:
        return None
    if claims.get("idtyp") == "app":
        return False
    return True if claims.keys() & {"scp", "upn", "unique_name", "preferred_username"} else None


def _no_token(_: str) -> str | None:
    return None


def _unsigned(token: str) -> str:
    claims = {**(claims_of(token) or {}), "exp": FAR_AHEAD}
    return f"Bearer {_encoded({'alg': 'none', 'typ': 'JWT'})}.{_encoded(claims)}."


def _resigned(token: str) -> str:
    head, dot, signature = token.rpartition(".")
    changed = signature.translate(_OTHER_LETTERS)
    return f"Bearer {head}{dot}{changed}"


def _with_claims(**changed: Any) -> Callable[[str], str]:
    """The token with other claims, under its old signature."""

    def change(token: str) -> str:
        claims = claims_of(token)
        if claims is None:
            claims, token = {}, f"{_encoded({'alg': 'RS256', 'typ': 'JWT'})}..{_SIGNATURE}"
        head, _, signature = token.split(".")
        return f"Bearer {head}.{_encoded({**claims, **changed})}.{signature}"

    return change


def _encoded(value: Mapping[str, Any]) -> str:
    content = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


_OTHER_LETTERS: Final = str.maketrans("ABCDEFGHIJKLMabcdefghijklm", "NOPQRSTUVWXYZnopqrstuvwxyz")

INVALID_TOKENS: Final[Mapping[str, tuple[str, Callable[[str], str | None]]]] = {
    "no-token": ("no token", _no_token),
    "basic": ("another scheme, Basic", lambda _: "Basic dXNlcjpwYXNzd29yZA=="),
    "empty": ("Bearer without a token", lambda _: "Bearer"),
    "unsigned": ("the token without a signature (alg none), of the year 2100", _unsigned),
    "other-signature": ("the token with another signature", _resigned),
    "other-audience": ("the token with another audience", _with_claims(aud=OTHER_AUDIENCE, exp=FAR_AHEAD)),
    "expired": (
        "the token with an exp of 2001",
        _with_claims(exp=LONG_AGO, nbf=LONG_AGO - 3600, iat=LONG_AGO - 3600),
    ),
}
"""What is always tried: how a report names it, and how it is made of the token."""


def invalid_token(kind: str, token: str) -> ChangedToken:
    """One of `INVALID_TOKENS`, made of a token that is valid."""
    words, make = INVALID_TOKENS[kind]
    sent = make(token)
    return ChangedToken(words, None if sent is None else Secret(sent))
