"""A request that was answered before → the same answer, without Flask: only its ids are new.

The front decides nothing by itself. It keeps what the application answered under everything the application
may have looked at, so that an equal request can be given the same bytes; any other request is not known here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from partner_insights.server.respond import BODY
from partner_insights.server.wire import fresh

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from partner_insights.server.auth import Gate
    from partner_insights.server.journal import Entry
    from partner_insights.server.state import Scene, State

LOOKED_AT: Final = (
    "PATH_INFO",
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
"""What two equal requests have in common; MS-RequestId and MS-CorrelationId are each request's own."""

BOUND: Final = 16 * 2**20
_OVERHEAD: Final = 4096
"""Bytes an answer costs besides its body: what was looked at, the headers, the objects around them."""

Key: TypeAlias = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """An answer as it was given, parted where the ids stand."""

    status: str
    before: tuple[tuple[str, str], ...]
    after: tuple[tuple[str, str], ...]
    body: bytes
    good_until: float
    """When its token expires, by `time.time()`."""
    entry: Entry
    """What the journal has of it."""


@dataclass
class _Memory:
    """What was answered from one scene; another scene, another memory."""

    scene: Scene
    answers: dict[Key, Known] = field(default_factory=dict)
    bytes: int = 0


@dataclass(frozen=True)
class Look:
    """A request about to be answered, and the scene it finds."""

    key: Key
    scene: Scene


class Front:
    """The answers that were given lately, within a bound on memory."""

    def __init__(self, state: State, gate: Gate, bound: int = BOUND) -> None:
        self._state = state
        self._gate = gate
        self._bound = bound
        self._memory = _Memory(state.scene)
        self._lock = Lock()

    def find(self, environ: WSGIEnvironment, now: float) -> Known | None:
        """The answer to an equal request under the scene in force; None: ask the application."""
        memory = self._memory
        if memory.scene is not self._state.scene:
            return None
        known = memory.answers.get(tuple(map(environ.get, LOOKED_AT)))
        return known if known is not None and known.good_until > now else None

    def look(self, environ: WSGIEnvironment) -> Look:
        """Take down a request, before the application changes anything about it."""
        return Look(tuple(map(environ.get, LOOKED_AT)), self._state.scene)

    def keep(self, asked: Look, status: str, headers: Any, environ: WSGIEnvironment, entry: Entry) -> None:
        """Remember a good answer that the application gave to an ordinary request."""
        scene, body = self._state.scene, environ.get(BODY)
        # A scene that changed meanwhile: nobody knows which of them was answered from.
        if asked.scene is not scene or scene.conditions.troubled or body is None:
            return
        method = environ["REQUEST_METHOD"]
        if not status.startswith("200 ") or method not in ("GET", "HEAD"):
            return
        parts = _parted(headers)
        until = self._gate.good_until(environ.get("HTTP_AUTHORIZATION"))
        if parts is None or until <= time.time():
            return
        sent = b"" if method == "HEAD" else body
        self._store(asked, Known(status, *parts, sent, until, entry))

    def _store(self, asked: Look, known: Known) -> None:
        cost = len(known.body) + sum(len(text) for text in asked.key if text is not None) + _OVERHEAD
        with self._lock:
            memory = self._memory
            # Forgetting everything at once is seldom, and costs each request one way through the application.
            if memory.scene is not asked.scene or memory.bytes + cost > self._bound:
                memory = _Memory(asked.scene)
            if cost <= self._bound:
                memory.bytes += 0 if asked.key in memory.answers else cost
                memory.answers[asked.key] = known
            self._memory = memory


_FRESH: Final = tuple(name for name, _ in fresh("", ""))


def _parted(headers: Any) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]] | None:
    """The headers before and after the fresh ones; None where those are not as they are made."""
    names = tuple(name for name, _ in headers)
    if _FRESH[0] not in names:
        return None
    place = names.index(_FRESH[0])
    stop = place + len(_FRESH)
    return (tuple(headers[:place]), tuple(headers[stop:])) if names[place:stop] == _FRESH else None
