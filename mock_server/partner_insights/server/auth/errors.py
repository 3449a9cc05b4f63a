"""A name of an error → the directory's answer: OAuth's error, the AADSTS number, and ids to trace it by.

Numbers and errors are those of the directory's published list of AADSTS codes.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


UNCACHED: Final = (("Cache-Control", "no-store, no-cache"), ("Pragma", "no-cache"), ("Expires", "-1"))
"""The headers of answers that hold something for one client alone."""


class ErrorRow(NamedTuple):
    """One of the directory's errors; `words` may name what was wrong."""

    number: int
    error: str
    words: str
    status: int = 400


ERRORS: Final[Mapping[str, ErrorRow]] = {
    # The form of a request
    "missing": ErrorRow(900144, "invalid_request", "The request must contain the following parameter: '{}'."),
    "repeated": ErrorRow(90023, "invalid_request", "The parameter '{}' is included more than once."),
    "invalid": ErrorRow(90023, "invalid_request", "The value of the parameter '{}' is not valid."),
    "unsupported": ErrorRow(901002, "invalid_request", "The '{}' request parameter is not supported."),
    "too-long": ErrorRow(90015, "invalid_request", "The value of '{}' is too long."),
    "body-too-long": ErrorRow(90015, "invalid_request", "The request is too long.", 413),
    "body-late": ErrorRow(90023, "invalid_request", "The body of the request did not come in time.", 408),
    "post-only": ErrorRow(900561, "invalid_request", "The endpoint only accepts {} requests.", 405),
    "no-endpoint": ErrorRow(90023, "invalid_request", "The fake's directory has no endpoint '{}'.", 404),
    "grant-type": ErrorRow(
        70003, "unsupported_grant_type", "The app requested an unsupported grant type '{}'."
    ),
    "scope": ErrorRow(70011, "invalid_scope", "The value of the parameter 'scope' is not valid: '{}'."),
    "default-scope": ErrorRow(
        1002012, "invalid_scope", "The scope '{}' is not valid: client credentials want RESOURCE/.default."
    ),
    "response-type": ErrorRow(70005, "unsupported_response_type", "The response type '{}' is not supported."),
    "response-mode": ErrorRow(70007, "invalid_request", "The response mode '{}' is not supported here."),
    "code-challenge": ErrorRow(
        501491, "invalid_request", "The parameter 'code_challenge' has no valid size."
    ),
    "instance": ErrorRow(50049, "invalid_instance", "Unknown or invalid instance: '{}'."),
    # Who asks
    "tenant": ErrorRow(
        90002, "invalid_request", "Tenant '{}' not found: it is none of this fake's partners."
    ),
    "app": ErrorRow(
        700016, "unauthorized_client", "Application with identifier '{}' was not found in the directory."
    ),
    "secret-missing": ErrorRow(
        7000218,
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        401,
    ),
    "secret": ErrorRow(7000215, "invalid_client", "Invalid client secret provided.", 401),
    "assertion-signature": ErrorRow(
        700027,
        "invalid_client",
        "The certificate the client assertion is signed with is not registered.",
        401,
    ),
    "assertion-time": ErrorRow(
        700024, "invalid_client", "The client assertion is not within its valid time range.", 401
    ),
    "assertion-form": ErrorRow(50027, "invalid_client", "The client assertion is malformed: {}.", 401),
    "assertion-audience": ErrorRow(
        700023, "invalid_client", "The client assertion is for another audience than this tenant.", 401
    ),
    "redirect-missing": ErrorRow(900971, "invalid_request", "No reply address provided."),
    "redirect-changed": ErrorRow(
        500112, "invalid_grant", "The reply address is not the one the authorization code was asked for with."
    ),
    "redirect": ErrorRow(
        50011,
        "invalid_request",
        "The redirect URI '{}' is neither loopback nor one of those registered for the application.",
    ),
    # Who signs in
    "user": ErrorRow(50034, "invalid_grant", "The user account '{}' does not exist in the directory."),
    "foreign-user": ErrorRow(50020, "invalid_grant", "The user account '{}' does not exist in this tenant."),
    "password": ErrorRow(50126, "invalid_grant", "Invalid username or password."),
    "declined": ErrorRow(65004, "access_denied", "The user declined to consent to access the app."),
    "sign-in-needed": ErrorRow(
        50058, "login_required", "A silent sign-in was sent but no user is signed in."
    ),
    # What was granted before
    "grant": ErrorRow(70000, "invalid_grant", "The provided value for the parameter '{}' is not valid."),
    "expired": ErrorRow(70008, "invalid_grant", "The provided '{}' has expired."),
    "code-redeemed": ErrorRow(54005, "invalid_grant", "The authorization code was already redeemed."),
    "refresh-redeemed": ErrorRow(
        50173, "invalid_grant", "The refresh token was redeemed before: the new one is to be used."
    ),
    "refresh-inactive": ErrorRow(700082, "invalid_grant", "The refresh token has expired due to inactivity."),
    "code-tenant": ErrorRow(
        700005, "invalid_grant", "The authorization code is of another tenant than it is redeemed at."
    ),
    "code-verifier": ErrorRow(
        501481, "invalid_grant", "The 'code_verifier' does not match the 'code_challenge'."
    ),
    "token": ErrorRow(
        50027,
        "invalid_token",
        "The access token is missing from the Authorization header, or not of this directory.",
        401,
    ),
    "on-behalf-of": ErrorRow(50013, "invalid_grant", "The assertion is not valid: {}."),
    # Device code
    "pending": ErrorRow(70016, "authorization_pending", "The user has not signed in yet."),
    "slow-down": ErrorRow(50196, "slow_down", "The client asked again before the interval was over."),
    "device-declined": ErrorRow(65004, "authorization_declined", "The user declined to sign in."),
    "device-expired": ErrorRow(70019, "expired_token", "The device code has expired."),
    "device-unknown": ErrorRow(70018, "bad_verification_code", "The device code is not known."),
}


class DirectoryError(Exception):
    """The directory refuses; `name` is one of `ERRORS`."""

    def __init__(self, name: str, *what: str) -> None:
        self.name = name
        self.row = ERRORS[name]
        self.words = self.row.words.format(*(text[:200] for text in what))
        super().__init__(self.words)

    @property
    def description(self) -> str:
        """In one line."""
        return f"AADSTS{self.row.number}: {self.words}"

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        details = f"Trace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {stamp}"
        return {
            "error": self.row.error,
            "error_description": f"{self.description}\r\n{details}",
            "error_codes": [self.row.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
        }
