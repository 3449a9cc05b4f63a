"""Requests and their answers → a bounded journal, without secrets in what is read from it."""

from __future__ import annotations

import base64
import copy
import hashlib
import time
from collections import deque
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct

from partner_insights.documents import json_value
from partner_insights.header_values import number_of
from partner_insights.server.auth.tokens import Caller
from partner_insights.server.http.routes import not_faked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.server.http.response import Note
    from partner_insights.server.http.routes import PathTable, RouteMatch

MAX_ENTRIES: Final = 2000
_MAX_TEXT: Final = 500
"""Characters kept of anything a caller sent, and bytes of a body."""
_LINK: Final = 16_384
"""Bytes of the end of a body in which a link is looked for."""
_MAX_TOKEN: Final = 4096
_SECRET: Final = ("token", "secret", "password", "code", "assertion", "sig", "key", "credential")
"""What the name of a query parameter with a secret has in it."""
CONSOLE_HEADER: Final = "HTTP_X_INSIGHTS_CONSOLE"
"""What the console sends with requests of the API, so that they are not taken for the client's."""
_ASKED: Final = {
    "userAgent": "HTTP_USER_AGENT",
    "accept": "HTTP_ACCEPT",
    "contractVersion": "HTTP_MS_CONTRACT_VERSION",
    "locale": "HTTP_X_LOCALE",
    "prefer": "HTTP_PREFER",
    "plan": "HTTP_X_FAULT_PLAN",
    "peer": "REMOTE_ADDR",
    "console": CONSOLE_HEADER,
}
"""Name in the journal → key of the environ."""


class Entry(Struct, eq=False):
    """One request, and its answer once it has begun: only taken down; what it means is found out later."""

    number: int
    route: RouteMatch
    request_id: str
    """MS-RequestId of the answer."""
    method: str
    path: str
    query: str
    sent_id: str | None
    correlation_id: str | None
    authorization: str | None
    continuation: str | None
    asked: dict[str, str]
    """Further headers, by their names in the journal."""
    time: float
    began: float
    answered: float | None = None
    """When the answer began (None: not yet); by the clock of `began`."""
    status: int | None = None
    """None: no reply, or not yet."""
    fault: str | None = None
    """What was done to the request on purpose."""
    key: str | None = None
    """The quota it exceeded."""
    retry_after: int | None = None
    note: Note | None = None
    length: int | None = None
    content_type: str | None = None
    body: bytes = b""
    """The beginning."""
    body_end: bytes = b""
    """The end of a list that has a link to the next page there."""
    has_left: bool = False
    """Whether the client was gone before the answer began."""

    @classmethod
    def of(cls, number: int, environ: Mapping[str, Any], route: RouteMatch, request_id: str) -> Entry:
        """That of a request which arrives now."""
        return cls(
            number,
            route,
            request_id,
            method=environ["REQUEST_METHOD"][:_MAX_TEXT],
            path=environ.get("PATH_INFO", "")[:_MAX_TEXT],
            query=environ.get("QUERY_STRING", "")[:_MAX_TEXT],
            sent_id=_short(environ.get("HTTP_MS_REQUESTID")),
            correlation_id=_short(environ.get("HTTP_MS_CORRELATIONID")),
            authorization=_same(_short(environ.get("HTTP_AUTHORIZATION"), _MAX_TOKEN)),
            continuation=_short(environ.get("HTTP_MS_CONTINUATIONTOKEN")),
            asked={name: environ[key][:_MAX_TEXT] for name, key in _ASKED.items() if key in environ},
            time=time.time(),
            began=time.monotonic(),
        )

    def answer(self, status: int, headers: Any, content: bytes | None, note: Note | None = None) -> None:
        """Take down how it is answered; `content` is the body before compression, where that is known."""
        self.answered = time.monotonic()
        self.status = status
        self.note = note
        for name, value in headers:
            if name == "Content-Length":
                self.length = number_of(value)
            elif name == "Content-Type":
                self.content_type = value
            elif name == "Retry-After":
                self.retry_after = number_of(value)
        if content is not None:
            # A copy: a short body made by orjson takes several kilobytes, and a slice of all of it is itself.
            self.body = bytes(memoryview(content)[:_MAX_TEXT])
            self.body_end = _end(content)

    def no_reply(self) -> None:
        """Take down that no reply comes."""
        self.answered = time.monotonic()
        self.status = self.length = None

    def leave(self) -> None:
        """Take down that the client is gone; nothing where the answer had begun."""
        if self.answered is None:
            self.has_left = True
            self.no_reply()

    @property
    def is_console(self) -> bool:
        """Whether somebody asked from the fake's own console."""
        return "console" in self.asked

    @property
    def token(self) -> str | None:
        """What tells one token from another without giving it away."""
        if not self.authorization:
            return None
        return hashlib.sha256(self.authorization.encode("utf-8", "replace")).hexdigest()[:10]

    @property
    def caller(self) -> Caller | None:
        """Whom the token claims to speak for; None where it is none of ours."""
        try:
            claims = self.authorization.split(".")[1] if self.authorization else ""
            content = json_value(base64.urlsafe_b64decode(claims + "=="))
        except (ValueError, IndexError):
            return None
        if not isinstance(content, dict):
            return None
        return Caller.APP_USER if "scp" in content else Caller.APP_ONLY

    @property
    def url(self) -> tuple[str, str, str]:
        """What makes two requests the same request."""
        return self.method, self.path, self.query


RepeatedEntry: TypeAlias = tuple[int, Entry, float, float, str, str | None, str | None]
"""A request like an earlier one, answered alike and at once; only taken down, as each request pays for it.

Its number, the entry of the earlier one, and what is its own: `time`, `began`, `request_id`, `sent_id` and
`correlation_id`.
"""


class HeldEntry(Struct, eq=False):
    """A request like an earlier one, whose answer is held back; only taken down, too."""

    again: RepeatedEntry
    answered: float | None = None
    """When the answer began (None: not yet)."""
    has_left: bool = False

    def answer(self) -> None:
        """Take down that the answer begins."""
        self.answered = time.monotonic()

    def leave(self) -> None:
        """Take down that the client is gone before."""
        self.has_left = True
        self.answer()


_Kept: TypeAlias = Entry | RepeatedEntry | HeldEntry


def _number(each: _Kept) -> int:
    if isinstance(each, Entry):
        return each.number
    return each[0] if isinstance(each, tuple) else each.again[0]


def _entry(each: _Kept) -> Entry:
    if isinstance(each, Entry):
        return each
    again = each if isinstance(each, tuple) else each.again
    number, first, when, began, request_id, sent_id, correlation_id = again
    entry = copy.copy(first)
    entry.number, entry.time, entry.began = number, when, began
    entry.request_id, entry.sent_id, entry.correlation_id = request_id, sent_id, correlation_id
    if isinstance(each, tuple):
        entry.answered = began
    else:
        entry.answered, entry.has_left = each.answered, each.has_left
    if entry.answered is None or entry.has_left:
        entry.status = entry.length = entry.content_type = None
        entry.body = entry.body_end = b""
    return entry


class Journal:
    """The last requests of one fake; older ones are forgotten and counted."""

    def __init__(self, paths: PathTable, bound: int = MAX_ENTRIES) -> None:
        self.paths = paths
        self._entries: deque[_Kept] = deque(maxlen=bound)
        self._numbers = count(1)
        self._first = 1

    def open(self, environ: Mapping[str, Any], route: RouteMatch, request_id: str) -> Entry:
        """A new entry, at the end."""
        entry = Entry.of(next(self._numbers), environ, route, request_id)
        self._entries.append(entry)
        return entry

    def add_repeat(
        self, first: Entry, request_id: str, sent_id: str | None, correlation_id: str | None
    ) -> None:
        """A new entry like one there was, answered at once."""
        self._entries.append(self._repeated(first, request_id, sent_id, correlation_id))

    def hold_repeat(
        self, first: Entry, request_id: str, sent_id: str | None, correlation_id: str | None
    ) -> HeldEntry:
        """A new entry like one there was, to be answered later."""
        held = HeldEntry(self._repeated(first, request_id, sent_id, correlation_id))
        self._entries.append(held)
        return held

    def _repeated(self, first: Entry, *ids: Any) -> RepeatedEntry:
        return next(self._numbers), first, time.time(), time.monotonic(), *ids

    def entries(self) -> list[Entry]:
        """All that is kept, the oldest first."""
        return sorted(map(_entry, self._entries.copy()), key=lambda entry: entry.number)

    def since(self, number: int, most: int) -> tuple[list[Entry], int, int]:
        """The first entries after that number, how many more there were, and the last one's number."""
        newer: list[_Kept] = []
        for each in reversed(self._entries.copy()):
            if _number(each) <= number:
                break
            newer.append(each)
        if not newer:
            return [], 0, number
        newer.sort(key=_number)
        forgotten = max(0, _number(newer[0]) - max(number + 1, self._first))
        entries = [_entry(each) for each in newer[:most]]
        return entries, len(newer) - len(entries) + forgotten, _number(newer[-1])

    @property
    def forgotten(self) -> int:
        """How many entries there were before the oldest one kept."""
        entries = self.entries()
        return entries[0].number - self._first if entries else 0

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._first = next(self._numbers) + 1

    def content(self, entry: Entry) -> dict[str, Any]:
        """An entry to read: secrets taken out, what is worth knowing added in words."""
        told: dict[str, Any] = {
            "number": entry.number,
            "time": datetime.fromtimestamp(entry.time, UTC).isoformat(timespec="milliseconds"),
            "method": entry.method,
            "path": entry.path,
            "query": _redacted(entry.query),
            "operation": entry.route.operation,
            "customer": entry.route.customer,
            "requestId": entry.request_id,
            "correlationId": entry.correlation_id,
            "token": entry.token,
            "caller": entry.caller,
            **entry.asked,
            "status": entry.status,
            "fault": entry.fault,
            "retryAfter": entry.retry_after,
            "notes": [*self.hints(entry), *self._id_notes(entry)],
        }
        if entry.answered is None:
            told["pending"] = True
        else:
            told["milliseconds"] = round((entry.answered - entry.began) * 1000, 1)
            told["response"] = {
                "contentType": entry.content_type,
                "bytes": entry.length,
                "body": _readable(entry),
            }
        return told

    def hints(self, entry: Entry) -> list[str]:
        """What the caller seems to have meant, where it is not what it asked for."""
        left = ["the client left before it was answered"] if entry.has_left else []
        return [*left, *self._misunderstandings(entry)]

    def _misunderstandings(self, entry: Entry) -> list[str]:
        operation = self.paths.operations.get(entry.route.operation or "")
        if operation is None:
            if entry.route.operation is not None:
                return []
            if (resource := not_faked(entry.path)) is not None:
                return [f"{resource[:80]!r} is a resource of the real service that this fake does not have"]
            nearest, difference = self.paths.closest(entry.path)
            return [f"no operation has this path; the nearest is {nearest.id} ({nearest.path}): {difference}"]
        notes = []
        if entry.method not in (operation.method, "HEAD", "OPTIONS"):
            notes.append(f"{operation.id} is asked by {operation.method}, not {entry.method}")
        if entry.status == 401 and entry.fault is None:
            if not entry.authorization:
                notes.append("no token was sent: Authorization: Bearer TOKEN")
            elif not entry.authorization.lower().startswith("bearer "):
                notes.append("Authorization does not say Bearer TOKEN")
        for name, _ in parse_qsl(entry.query, keep_blank_values=True):
            if name not in operation.query:
                notes.append(f"the query parameter {_short(name)!r} is unknown and was ignored")
        return notes

    def _id_notes(self, entry: Entry) -> list[str]:
        if entry.route.operation not in self.paths.operations:
            return []
        if entry.sent_id is None:
            return ["sent no MS-RequestId"]
        if entry.sent_id != entry.request_id:
            return ["the MS-RequestId sent is no GUID and was not echoed"]
        return []


def _end(content: bytes) -> bytes:
    """Of a page with a link to the next one the last bytes, or those around it; of any other nothing."""
    end = bytes(memoryview(content)[-_LINK:])
    at = end.rfind(b'Link":"')
    if at >= 0:
        return end[max(at - _MAX_TEXT // 2, 0) : at + _MAX_TEXT // 2]
    return end[-_MAX_TEXT:] if b"ext" in end else b""  # "next" or the like, under any other name


def _readable(entry: Entry) -> str | None:
    """The beginning of the body; None of an answer that hands out tokens."""
    if entry.route.is_directory:
        return None
    return entry.body.decode("utf-8", "replace")


def _redacted(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(secret in name.lower() for name, _ in pairs for secret in _SECRET):
        return query
    hidden = [(n, "***" if any(secret in n.lower() for secret in _SECRET) else v) for n, v in pairs]
    return urlencode(hidden, safe="*")


@lru_cache(maxsize=64)
def _same(token: str | None) -> str | None:
    """One object for all requests with that token, of which there may be thousands."""
    return token


def _short(text: str | None, longest: int = _MAX_TEXT) -> str | None:
    return None if text is None else text[:longest]
