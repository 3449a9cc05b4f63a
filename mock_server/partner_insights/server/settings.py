"""How one run of the fake behaves; what it holds is the world's business."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from partner_insights.contract.query.next_link import NextLink
from partner_insights.errors import InputError
from partner_insights.server.auth.identity import Identity
from partner_insights.server.scenarios import combine

if TYPE_CHECKING:
    from pathlib import Path


class AuthMode(StrEnum):
    """Which bearer tokens are good enough."""

    JWT = "jwt"
    """A token of this run's own token endpoint: signature, expiry and audience are checked."""
    ANY = "any"
    """Any bearer token that is not empty, taken for App+User."""
    OFF = "off"
    """No token at all, every caller taken for App+User."""


class SignIn(StrEnum):
    """What the sign-in pages do."""

    AUTO = "auto"
    """A user is signed in at once."""
    ASK = "ask"
    """A person chooses whom to sign in, and whether to."""


class ErrorDialect(StrEnum):
    """How the newer analytics operations refuse a query; no page of theirs shows it."""

    ANALYTICS = "analytics"
    """As the analytics service of the sister does, the reason in `innererror`."""
    PARTNER_CENTER = "partner-center"
    """As the other operations do: code 3000, the reason in `data`."""


class ValueCase(StrEnum):
    """Whether a filter compares values with regard to case; the pages' examples do not."""

    IGNORE = "ignore"
    EXACT = "exact"


class QueryReading(Struct, frozen=True):
    """How the fake takes what the pages of the newer analytics leave open (S-07, and the sister's pages)."""

    next_link: NextLink = NextLink.RELATIVE
    error_dialect: ErrorDialect = ErrorDialect.ANALYTICS
    value_case: ValueCase = ValueCase.IGNORE


class LogFormat(StrEnum):
    """How each request is told of on standard output."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True)
class Settings:
    """The behaviour of one run; every worker of a run gets equal settings, so every worker answers alike."""

    auth: AuthMode = AuthMode.JWT
    bom: bool = False
    """Start every API body with a UTF-8 byte order mark, as the real service did."""
    scenarios: tuple[str, ...] = ()
    """Names of `scenarios.SCENARIOS`, together in force from the start."""
    token_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """Seals what only this run redeems; new for every run, shared by its workers."""
    admin_token: str | None = field(default=None, repr=False)
    """Opens the admin API to callers that are not local."""
    trust_loopback: bool = True
    """Whether local callers need no admin token; false where the fake is bound to an outside address."""
    identity: Identity = field(default_factory=Identity)
    """Who may sign in, from the start."""
    sign_in: SignIn = SignIn.AUTO
    allowed_hosts: tuple[str, ...] = ()
    """Names in Host that are answered besides loopback's and the real services'; `*` is any."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages browsers let read the answers; `*` is any."""
    workers: int = 1
    grant_store: Path | None = None
    """A file in which several workers remember what became of codes and tokens."""
    history: int = 30
    """Days that the history tells of."""
    recording: Path | None = None
    """A folder of recorded answers to replay, in place of a world."""
    reading: QueryReading = field(default_factory=QueryReading)
    """What the pages of the newer analytics leave open."""
    request_log: LogFormat | None = None
    """How to tell of each request; None: not at all."""

    def __post_init__(self) -> None:
        """InputError where each of several workers would count for itself what is to be counted together."""
        if self.workers > 1 and combine(self.scenarios).per_request:
            raise InputError(
                f"the scenarios {', '.join(self.scenarios)} count requests, which several workers do apart",
                where="--workers",
                remedy="use one worker with throttled, flaky and slow",
            )
        if self.workers > 1 and self.sign_in is SignIn.ASK:
            raise InputError(
                "what a person decides at one worker the others do not hear of",
                where="--workers",
                remedy="use one worker with --sign-in ask",
            )
