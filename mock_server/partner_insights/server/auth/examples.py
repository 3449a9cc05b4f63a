"""A request of the fake → the curl line a person pastes to send it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from partner_insights.server.auth.tokens import PARTNER_CENTER, Subject, Tokens
from partner_insights.server.settings import AuthMode

if TYPE_CHECKING:
    from pathlib import Path

A_DAY = 24 * 3600


def curl_line(url: str, token: str | None, ca_file: Path | None = None) -> str:
    """A GET of the URL, with a bearer token where there is one, trusting `ca_file` where that is needed."""
    header = f"-H {shlex.quote(f'Authorization: Bearer {token}')} " if token else ""
    trust = f"--cacert {shlex.quote(str(ca_file))} " if ca_file else ""
    return f"curl {trust}{header}{shlex.quote(url)}"


def example_token(
    auth: AuthMode, tokens: Tokens, lifetime: int = A_DAY, issued: int | None = None
) -> str | None:
    """An App+User token that works under the auth mode, good for so long; None where none is needed."""
    if auth == AuthMode.OFF:
        return None
    subject = Subject("partner.example", "00000000-0000-0000-0000-000000000000", "you@partner.example")
    return tokens.access(subject, PARTNER_CENTER, lifetime=lifetime, issued=issued)


def token_line(url: str) -> str:
    """The request that gets an App+User token of the fake at this URL, from its own token endpoint."""
    form = ("grant_type=password", "client_id=any", "username=you@partner.example", "password=any")
    fields = " ".join(f"-d {shlex.quote(field)}" for field in (*form, f"resource={PARTNER_CENTER}"))
    return f"curl {fields} {shlex.quote(url + '/common/oauth2/token')}"
