"""A request of the fake → the curl line a person pastes to send it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from uuid import UUID

from partner_insights.server.auth.errors import DirectoryError
from partner_insights.server.auth.identity import User
from partner_insights.server.auth.tokens import PARTNER_CENTER, Subject, Tokens
from partner_insights.server.settings import AuthMode

if TYPE_CHECKING:
    from pathlib import Path

    from partner_insights.server.auth.identity import Identity

A_DAY = 24 * 3600


def curl_line(url: str, token: str | None, ca_file: Path | None = None) -> str:
    """A GET of the URL, with a bearer token where there is one, trusting `ca_file` where that is needed."""
    header = f"-H {shlex.quote(f'Authorization: Bearer {token}')} " if token else ""
    trust = f"--cacert {shlex.quote(str(ca_file))} " if ca_file else ""
    return f"curl {trust}{header}{shlex.quote(url)}"


def example_token(
    auth: AuthMode, tokens: Tokens, identity: Identity, lifetime: int = A_DAY, issued: int | None = None
) -> str | None:
    """An App+User token that works under the auth mode, good for so long on any of the fake's dates.

    None where no token is needed.
    """
    if auth == AuthMode.OFF:
        return None
    return tokens.access(example_subject(identity), PARTNER_CENTER, lifetime=lifetime, issued=issued)


def example_subject(identity: Identity) -> Subject:
    """The first partner's first user, through an application of no name."""
    home = identity.home
    try:
        user = identity.default_user(home.name)
    except DirectoryError:  # nobody may sign in as yet
        user = User(f"you@{home.name}")
    return Subject(home.id, str(UUID(int=0)), user.name, mfa=user.mfa)


def token_line(url: str) -> str:
    """The request that gets an App+User token of the fake at this URL, from its own token endpoint."""
    form = ("grant_type=password", "client_id=any", "username=you@partner.example", "password=any")
    fields = " ".join(f"-d {shlex.quote(field)}" for field in (*form, f"resource={PARTNER_CENTER}"))
    return f"curl {fields} {shlex.quote(url + '/common/oauth2/token')}"
