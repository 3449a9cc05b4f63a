"""One run's directory: what its endpoints share, from who is known to what was redeemed."""

from __future__ import annotations

import time
from datetime import date
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from partner_insights.server.auth.errors import DirectoryError
from partner_insights.server.auth.tokens import InvalidToken, Subject

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

    from partner_insights.server.auth.identity import Identity, Tenant, User
    from partner_insights.server.auth.tokens import Tokens
    from partner_insights.server.state import State

CODE_SECONDS: Final = 600
REFRESH_DAYS: Final = 90
_DAY: Final = 24 * 3600


class Redeemed:
    """What may be redeemed once → whether it was; the latest are remembered."""

    MAX: Final = 10_000

    def __init__(self, file: Path | None = None) -> None:
        """`file`: where several workers remember it together."""
        self._file = file
        self._lock = Lock()

    @cached_property
    def _ids(self) -> sqlite3.Connection:
        import sqlite3

        file = self._file or ":memory:"
        ids = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        ids.execute("PRAGMA synchronous = OFF")  # nobody reads it after the run
        ids.execute("CREATE TABLE IF NOT EXISTS redeemed (id TEXT UNIQUE)")
        return ids

    def first_time(self, sealed_id: str) -> bool:
        """Whether it has not been redeemed; from now on it has."""
        with self._lock:
            added = self._ids.execute("INSERT OR IGNORE INTO redeemed (id) VALUES (?)", (sealed_id,))
            oldest = "(SELECT max(rowid) - ? FROM redeemed)"
            self._ids.execute(f"DELETE FROM redeemed WHERE rowid <= {oldest}", (self.MAX,))  # noqa: S608
            return added.rowcount == 1

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._ids.execute("DELETE FROM redeemed")


class Directory(Struct, frozen=True):
    """Who may sign in now, and what was handed out."""

    state: State
    tokens: Tokens
    takes_any_grant: bool = False
    """Whether codes and refresh tokens of others are taken, as where access tokens are not checked either."""
    redeemed: Redeemed = field(default_factory=Redeemed)

    @property
    def identity(self) -> Identity:
        """Who is known."""
        return self.state.scene.identity

    @property
    def today(self) -> str:
        """The fake's date."""
        return self.state.as_of.isoformat()

    def subject(self, tenant: Tenant, client_id: str, user: User) -> Subject:
        """A user who signs in, as the tokens name them."""
        mfa = user.mfa and self.state.scene.conditions.mfa
        return Subject(tenant.id, client_id, user.name, mfa=mfa)

    def seal(self, kind: str, subject: Subject, lifetime: int, **content: Any) -> str:
        """Something to redeem later for a subject."""
        who = {
            "tenant": subject.tenant,
            "client": subject.client_id,
            "user": subject.user,
            "mfa": subject.mfa,
        }
        return self.tokens.seal(kind, {**who, "date": self.today, **content}, lifetime)

    def unseal(self, kind: str, text: str, name: str) -> tuple[Subject, Mapping[str, Any]]:
        """Whom it was sealed for, and what else; DirectoryError where it is not ours or too old."""
        try:
            content = self.tokens.unseal(kind, text)
        except InvalidToken as error:
            raise DirectoryError("expired" if error.reason == "expired" else "grant", name) from error
        subject = Subject(content["tenant"], content["client"], content["user"], content["mfa"])
        return subject, content

    def days_since(self, content: Mapping[str, Any]) -> int:
        """How many days ago something was sealed, by the fake's date."""
        passed: int = (self.state.as_of - date.fromisoformat(content["date"])).days
        return max(passed, int(time.time() - content["iat"]) // _DAY)
