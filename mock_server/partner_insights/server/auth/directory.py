"""One run's directory: what its endpoints share, from who is known to what was redeemed."""

from __future__ import annotations

import time
from datetime import date
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import asdict

from partner_insights.server.auth.errors import DirectoryError
from partner_insights.server.auth.tokens import InvalidToken, Subject

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from partner_insights.server.auth.identity import Identity, Tenant, User
    from partner_insights.server.auth.tokens import Tokens
    from partner_insights.server.state import State

CODE_SECONDS: Final = 600
REFRESH_DAYS: Final = 90
_DAY: Final = 24 * 3600

Numbers: TypeAlias = tuple[float, float]


class GrantStore:
    """What became of what was handed out, to all workers of a run together; the latest are remembered."""

    MAX: Final = 10_000

    def __init__(self, file: Path | None = None) -> None:
        """`file`: where several workers remember it together."""
        self._file = file
        self._lock = Lock()

    @cached_property
    def _rows(self) -> sqlite3.Connection:
        import sqlite3

        file = self._file or ":memory:"
        rows = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        rows.execute("PRAGMA synchronous = OFF")  # nobody reads it after the run
        rows.execute("CREATE TABLE IF NOT EXISTS grants (id TEXT UNIQUE, value REAL, more REAL)")
        return rows

    def first_time(self, sealed_id: str) -> bool:
        """Whether it has not been redeemed; from now on it has."""
        return self.update(f"redeemed {sealed_id}", lambda _: (1, 0)) is None

    def update(self, name: str, change: Callable[[Numbers | None], Numbers]) -> Numbers | None:
        """Put what `change` makes of the numbers under a name in their place; those that were there."""
        with self._lock:
            self._rows.execute("BEGIN IMMEDIATE")  # no other worker comes in between
            try:
                asked = self._rows.execute("SELECT value, more FROM grants WHERE id = ?", (name,))
                before: Numbers | None = asked.fetchone()
                self._rows.execute("INSERT OR REPLACE INTO grants VALUES (?, ?, ?)", (name, *change(before)))
                oldest = "(SELECT max(rowid) - ? FROM grants)"
                self._rows.execute(f"DELETE FROM grants WHERE rowid <= {oldest}", (self.MAX,))  # noqa: S608
            finally:
                self._rows.execute("COMMIT")
        return before

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._rows.execute("DELETE FROM grants")


class Directory(Struct, frozen=True):
    """Who may sign in now, and what was handed out."""

    state: State
    tokens: Tokens
    takes_any_grant: bool = False
    """Whether codes and refresh tokens of others are taken, as where access tokens are not checked either."""
    grants: GrantStore = field(default_factory=GrantStore)

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
        return self.tokens.seal(kind, {**asdict(subject), "date": self.today, **content}, lifetime)

    def unseal(self, kind: str, text: str, name: str) -> tuple[Subject, Mapping[str, Any]]:
        """Whom it was sealed for, and what else; DirectoryError where it is not ours or too old."""
        try:
            content = self.tokens.unseal(kind, text)
        except InvalidToken as error:
            raise DirectoryError("expired" if error.reason == "expired" else "grant", name) from error
        return Subject(**{name: content[name] for name in Subject.__struct_fields__}), content

    def days_since(self, content: Mapping[str, Any]) -> int:
        """How many days ago something was sealed, by the fake's date."""
        passed: int = (self.state.as_of - date.fromisoformat(content["date"])).days
        return max(passed, int(time.time() - content["iat"]) // _DAY)
