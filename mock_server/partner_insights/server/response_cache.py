"""A request that was answered before → the same response, without Flask: only its ids are new.

The cache decides nothing by itself. It stores what the application answered under everything the application
may have looked at, so that an equal request can be given the same bytes; any other request is not in it.
"""

from __future__ import annotations

import math
import time
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Struct, field

from partner_insights.server.http.buffered import BufferedResponse
from partner_insights.server.http.delivery import field_lines
from partner_insights.server.http.response import id_headers, id_lines

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from partner_insights.server.auth.bearer import Authenticator
    from partner_insights.server.faults.plan import Fault
    from partner_insights.server.http.delivery import Headers
    from partner_insights.server.http.routes import RouteMatch
    from partner_insights.server.journal.journal import Entry
    from partner_insights.server.state import Snapshot, State

CACHE_KEY_HEADERS: Final = (
    "HTTP_AUTHORIZATION",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_X_LOCALE",
    "HTTP_MS_CONTINUATIONTOKEN",
    "HTTP_VALIDATEMFA",
    # Who may not use the fake is refused, and stored never.
    "HTTP_HOST",
    "HTTP_ORIGIN",
    "HTTP_SEC_FETCH_SITE",
    "HTTP_PREFER",
    "HTTP_X_FAULT_PLAN",
    # A body is read, and an upgrade refused.
    "CONTENT_LENGTH",
    "HTTP_TRANSFER_ENCODING",
    "HTTP_CONNECTION",
    "HTTP_UPGRADE",
    # In no response, but in the journal.
    "HTTP_USER_AGENT",
    "HTTP_MS_CONTRACT_VERSION",
    "HTTP_X_INSIGHTS_CONSOLE",
)
"""What equal requests have in common besides method, path, query and client, in the names of a WSGI environ.

MS-RequestId and MS-CorrelationId are each one's own.
"""

AUTHORIZATION: Final = 4 + CACHE_KEY_HEADERS.index("HTTP_AUTHORIZATION")
"""Its place in a key."""

MAX_BYTES: Final = 6 * 2**20
_OVERHEAD: Final = 8 * 1024
"""Bytes a response costs besides its body: the key, the headers, the objects around them."""

CacheKey: TypeAlias = tuple[str | None, ...]
Meets: TypeAlias = "tuple[Fault, str | None] | None"
"""The failure that a request meets, and the quota it exceeded; None: nothing goes wrong."""


def key_of(environ: WSGIEnvironment) -> CacheKey:
    """What tells a request from others that may be answered otherwise."""
    return (
        environ["REQUEST_METHOD"],
        environ.get("PATH_INFO", ""),
        environ.get("QUERY_STRING", ""),
        environ.get("REMOTE_ADDR"),
        *map(environ.get, CACHE_KEY_HEADERS),
    )


def has_body(environ: WSGIEnvironment) -> bool:
    """Whether a request announces a body."""
    return environ.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in environ


class CachedResponse(Struct, frozen=True, dict=True):
    """A response as it was given; its headers, Content-Length first, in two parts where the ids stand."""

    status: int
    before: Headers
    after: Headers
    body: bytes
    length: int | None
    good_until: float
    """When its token expires, by `time.time()`; a failure that was asked for looks at none."""
    entry: Entry
    """What the journal says of it."""
    content: bytes | None
    """The body before compression."""
    cost: int
    """Bytes it is counted as."""

    @cached_property
    def _lines(self) -> tuple[bytes, bytes]:
        """The two parts of the headers, as they go over the wire."""
        return field_lines(self.before), field_lines(self.after)

    def lines(self, request_id: str, correlation_id: str) -> bytes:
        """All headers as they go over the wire."""
        before, after = self._lines
        return b"".join((before, id_lines(request_id, correlation_id), after))

    def headers(self, request_id: str, correlation_id: str) -> Headers:
        """All headers, the ids among them."""
        return [*self.before, *id_headers(request_id, correlation_id), *self.after]

    def response(self, request_id: str, correlation_id: str) -> BufferedResponse:
        """The response under new ids."""
        headers = self.headers(request_id, correlation_id)
        return BufferedResponse(self.status, tuple(headers[1:]), self.body, self.length, self.content)


class KnownRequest(Struct):
    """What equal requests were answered, by what they met."""

    route: RouteMatch
    responses: dict[Meets, CachedResponse] = field(default_factory=dict)

    def response(self, meets: Meets = None) -> CachedResponse | None:
        """The response that may be given again; None: ask the application."""
        cached = self.responses.get(meets)
        return cached if cached is not None and cached.good_until > time.time() else None


class _Generation(Struct):
    """What was answered from one snapshot of the state; another snapshot, another generation."""

    scene: Snapshot
    requests: dict[CacheKey, KnownRequest] = field(default_factory=dict)
    bodies: dict[bytes, bytes] = field(default_factory=dict)
    """Each kept once, under whatever headers it was asked for."""
    size: int = 0


class ResponseCache:
    """The responses that were given lately, within a bound on memory."""

    def __init__(self, state: State, gate: Authenticator, bound: int = MAX_BYTES) -> None:
        self._state = state
        self.gate = gate
        self._bound = bound
        self._generation = _Generation(state.scene)
        self._lock = Lock()

    def find(self, key: CacheKey) -> KnownRequest | None:
        """What equal requests were answered under the state in force; None: there were none."""
        generation = self._generation
        return generation.requests.get(key) if generation.scene is self._state.scene else None

    def store(
        self,
        key: CacheKey,
        scene: Snapshot,
        response: BufferedResponse,
        authorization: Any,
        entry: Entry,
        meets: Meets = None,
    ) -> None:
        """Remember the response, good or to what it `meets`, to a request that found `scene` in force."""
        # A scene that changed meanwhile: nobody knows which of them was answered from.
        if scene is not self._state.scene or key[0] not in ("GET", "HEAD"):
            return
        if meets is None and response.status != 200:
            return
        parts = _parted(response.head().headers)
        until = self.gate.good_until(authorization) if meets is None else math.inf
        if parts is None or until <= time.time():
            return
        content = response.content
        cost = len(response.body) + sum(len(part) for part in key if part) + _OVERHEAD
        if content is not None and content is not response.body:
            cost += len(content)
        with self._lock:
            generation = self._generation
            # Forgetting everything at once is seldom, and costs each request one way through the application.
            if generation.scene is not scene or generation.size + cost > self._bound:
                generation = _Generation(scene)
            if cost <= self._bound:
                known = generation.requests.setdefault(key, KnownRequest(entry.route))
                replaced = known.responses.get(meets)
                generation.size += cost - (replaced.cost if replaced is not None else 0)
                known.responses[meets] = CachedResponse(
                    response.status,
                    *parts,
                    generation.bodies.setdefault(response.body, response.body),
                    response.length,
                    until,
                    entry,
                    None if content is None else generation.bodies.setdefault(content, content),
                    cost,
                )
            self._generation = generation


_IDS: Final = tuple(name for name, _ in id_headers("", ""))


def _parted(headers: Headers) -> tuple[Headers, Headers] | None:
    """The headers before and after the ids; None where those are not as they are made."""
    names = tuple(name for name, _ in headers)
    if _IDS[0] not in names:
        return None
    place = names.index(_IDS[0])
    stop = place + len(_IDS)
    return (headers[:place], headers[stop:]) if names[place:stop] == _IDS else None
