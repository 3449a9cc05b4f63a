"""A request that was answered before → the same answer, without Flask: only its ids are new.

The front decides nothing by itself. It keeps what the application answered under everything the application
may have looked at, so that an equal request can be given the same bytes; any other request is not known here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from operator import itemgetter
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from partner_insights.server.http.response import BODY_KEY, id_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIEnvironment

    from partner_insights.server.auth.bearer import Authenticator
    from partner_insights.server.journal.journal import Entry
    from partner_insights.server.state import Snapshot, State

CACHE_KEY_HEADERS: Final = (
    "HTTP_AUTHORIZATION",
    "REQUEST_METHOD",
    "QUERY_STRING",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_X_LOCALE",
    "HTTP_MS_CONTINUATIONTOKEN",
    "HTTP_HOST",
    "HTTP_PREFER",
    "HTTP_X_FAULT_PLAN",
    # A body is read, and an upgrade refused.
    "CONTENT_LENGTH",
    "HTTP_TRANSFER_ENCODING",
    "HTTP_CONNECTION",
    "HTTP_UPGRADE",
    # In no answer, but in the journal.
    "HTTP_USER_AGENT",
    "HTTP_MS_CONTRACT_VERSION",
    "REMOTE_ADDR",
)
"""What equal requests to one path have in common; MS-RequestId and MS-CorrelationId are each one's own."""

MAX_BYTES: Final = 8 * 2**20
_OVERHEAD: Final = 4096
"""Bytes an answer costs besides its body: what was looked at, the headers, the objects around them."""
_MAX_ALIKE: Final = 32
"""Answers kept for one token at one path; looking through them must not take longer than Flask does."""
_TAIL: Final = 24
"""Characters of a token that tell it from most others."""


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """An answer as it was given, parted where the ids stand, and what was asked."""

    asked: tuple[str, ...]
    values: Callable[[WSGIEnvironment], tuple[str, ...]]
    """Takes from a request what is to be equal to `asked`; KeyError where it has less."""
    lacked: frozenset[str]
    """What was looked for and not there."""
    status: str
    before: tuple[tuple[str, str], ...]
    after: tuple[tuple[str, str], ...]
    body: bytes
    good_until: float
    """When its token expires, by `time.time()`."""
    entry: Entry
    """What the journal has of it."""

    @property
    def cost(self) -> int:
        """Bytes it is counted as."""
        return len(self.body) + sum(map(len, self.asked)) + _OVERHEAD


CacheKey: TypeAlias = tuple[str, str]
"""The path, and the end of the token."""


@dataclass
class _Generation:
    """What was answered from one scene; another scene, another memory."""

    scene: Snapshot
    answers: dict[CacheKey, tuple[CachedResponse, ...]] = field(default_factory=dict)
    bytes: int = 0

    def keep(self, place: CacheKey, known: CachedResponse) -> None:
        before = self.answers.get(place, ())
        others = [each for each in before if (each.asked, each.lacked) != (known.asked, known.lacked)]
        kept = (known, *others[: _MAX_ALIKE - 1])
        self.bytes += sum(each.cost for each in kept) - sum(each.cost for each in before)
        self.answers[place] = kept


@dataclass(frozen=True)
class RequestSnapshot:
    """A request about to be answered, and the scene it finds."""

    place: CacheKey
    asked: dict[str, str]
    scene: Snapshot


class ResponseCache:
    """The answers that were given lately, within a bound on memory."""

    def __init__(self, state: State, gate: Authenticator, bound: int = MAX_BYTES) -> None:
        self._state = state
        self._gate = gate
        self._bound = bound
        self._memory = _Generation(state.scene)
        self._lock = Lock()

    def find(self, environ: WSGIEnvironment, now: float) -> CachedResponse | None:
        """The answer to an equal request under the scene in force; None: ask the application."""
        memory = self._memory
        if memory.scene is not self._state.scene:
            return None
        for known in memory.answers.get(_place(environ), ()):
            try:
                if known.lacked.isdisjoint(environ) and known.values(environ) == known.asked:
                    return known if known.good_until > now else None
            except KeyError:
                continue
        return None

    def look(self, environ: WSGIEnvironment) -> RequestSnapshot:
        """Take down a request, before the application changes anything about it."""
        asked: dict[str, str] = {name: environ[name] for name in CACHE_KEY_HEADERS if name in environ}
        return RequestSnapshot(_place(environ), asked, self._state.scene)

    def keep(
        self, asked: RequestSnapshot, status: str, headers: Any, environ: WSGIEnvironment, entry: Entry
    ) -> None:
        """Remember a good answer that the application gave to an ordinary request."""
        scene, body = self._state.scene, environ.get(BODY_KEY)
        # A scene that changed meanwhile: nobody knows which of them was answered from.
        if asked.scene is not scene or scene.conditions.per_request or body is None:
            return
        method = environ["REQUEST_METHOD"]
        if not status.startswith("200 ") or method not in ("GET", "HEAD"):
            return
        parts = _parted(headers)
        until = self._gate.good_until(environ.get("HTTP_AUTHORIZATION"))
        if parts is None or until <= time.time():
            return
        sent = b"" if method == "HEAD" else body
        what = (
            tuple(asked.asked.values()),
            itemgetter(*asked.asked),
            frozenset(CACHE_KEY_HEADERS) - asked.asked.keys(),
        )
        self._store(asked, CachedResponse(*what, status, *parts, sent, until, entry))

    def _store(self, asked: RequestSnapshot, known: CachedResponse) -> None:
        with self._lock:
            memory = self._memory
            # Forgetting everything at once is seldom, and costs each request one way through the application.
            if memory.scene is not asked.scene or memory.bytes + known.cost > self._bound:
                memory = _Generation(asked.scene)
            if known.cost <= self._bound:
                memory.keep(asked.place, known)
            self._memory = memory


def _place(environ: WSGIEnvironment) -> CacheKey:
    return environ["PATH_INFO"], environ.get("HTTP_AUTHORIZATION", "")[-_TAIL:]


_FRESH: Final = tuple(name for name, _ in id_headers("", ""))


def _parted(headers: Any) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]] | None:
    """The headers before and after the fresh ones; None where those are not as they are made."""
    names = tuple(name for name, _ in headers)
    if _FRESH[0] not in names:
        return None
    place = names.index(_FRESH[0])
    stop = place + len(_FRESH)
    return (tuple(headers[:place]), tuple(headers[stop:])) if names[place:stop] == _FRESH else None
