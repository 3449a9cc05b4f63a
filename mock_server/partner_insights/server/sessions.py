"""Sessions: fakes of their own at the address of one, each with its world, conditions, journal and verdict.

A request belongs to the session that its header names, or its path begins with. A session is an application
of its own; what it shares with the others is the contract and the key of the tokens.
"""

from __future__ import annotations

import re
import secrets
import time
from threading import Lock
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from msgspec import Struct, field

from partner_insights.errors import InputError
from partner_insights.server.http.response import json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_insights.server.http.buffered import BufferedResponse

_Fake = TypeVar("_Fake")
"""What answers for a session."""

HEADER: Final = "X-Insights-Session"
ENVIRON_HEADER: Final = "HTTP_X_INSIGHTS_SESSION"
PREFIX: Final = "/_sessions/"
_ROOT: Final = re.compile(re.escape(PREFIX) + "[^/]*")
_CONTROL: Final = "/_admin/sessions"
"""Where sessions begin and end, whatever session a client says it is in."""

MAX_SESSIONS: Final = 500
IDLE_SECONDS: Final = 1800.0
CACHE_BYTES: Final = 192 * 1024
JOURNAL_ENTRIES: Final = 200
"""A session costs less than a megabyte: it is one test's."""


def root_of(path: str) -> str:
    """What stands before the paths of a session, where a request names it by its path; else nothing."""
    named = _ROOT.match(path)
    return "" if named is None else named.group()


class UnknownSession(Exception):
    """A request names a session there is not."""


class _Session(Struct, Generic[_Fake]):
    fake: _Fake
    idle_seconds: float
    used: float


class Sessions(Struct, Generic[_Fake]):
    """All sessions of a fake."""

    _known: dict[str, _Session[_Fake]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def route(self, path: str, session_id: str | None) -> tuple[_Fake | None, str]:
        """Whose a request is, None for the fake's own, and its path there; UnknownSession."""
        if path.startswith(PREFIX):
            session_id, slash, rest = path[len(PREFIX) :].partition("/")
            path = slash + rest
        if session_id is None or path.startswith(_CONTROL):
            return None, path
        session = self._known.get(session_id)
        if session is None or session.used + session.idle_seconds < time.monotonic():
            raise UnknownSession(session_id)
        session.used = time.monotonic()
        return session.fake, path

    def begin(self, make: Callable[[], _Fake], idle_seconds: float = IDLE_SECONDS) -> str:
        """A new session; its id. InputError where there are too many."""
        self._end_idle()
        self._refuse_too_many()
        session = _Session(make(), idle_seconds, time.monotonic())
        session_id = secrets.token_hex(8)
        with self._lock:
            self._refuse_too_many()  # others may have begun meanwhile
            self._known[session_id] = session
        return session_id

    def end(self, session_id: str) -> bool:
        """Whether there was one of this id."""
        with self._lock:
            return self._known.pop(session_id, None) is not None

    @property
    def ids(self) -> list[str]:
        """Those in use, the oldest first."""
        self._end_idle()
        return list(self._known)

    def _refuse_too_many(self) -> None:
        if len(self._known) >= MAX_SESSIONS:
            raise InputError(
                f"there are {MAX_SESSIONS} sessions already", remedy="end some: DELETE /_admin/sessions/ID"
            )

    def _end_idle(self) -> None:
        now = time.monotonic()
        with self._lock:
            for session_id in [
                each for each, one in self._known.items() if one.used + one.idle_seconds < now
            ]:
                del self._known[session_id]


def unknown_session(session_id: str) -> BufferedResponse:
    """What is said to a request of a session there is not: no other may answer it."""
    from partner_insights.server.http.buffered import BufferedResponse
    from partner_insights.server.http.request_headers import RequestHeaders

    words = f"there is no session {session_id[:40]!r}: it was ended, or idle too long"
    return BufferedResponse.of(json_response({"error": words}, status=404), RequestHeaders.of({}))
