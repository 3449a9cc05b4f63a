"""The journal → a verdict on the client: habits the real service would not forgive, and where they show.

Everybody who talks to the fake is judged as one client. The same request again within a minute of its
failure is a retry; later, it is a new call.
"""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from partner_insights.errors import InputError, names_there_are
from partner_insights.server.auth.tokens import Caller
from partner_insights.server.http.response import ISSUED
from partner_insights.server.journal.paging_habits import paging_habits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from partner_insights.contract import Operation
    from partner_insights.server.journal.journal import Entry, Journal

TOLERANCE: Final = 0.05
"""Seconds a client may be early: its clock and ours do not start together."""
SOON: Final = 60.0
"""Seconds after a failure within which the same request is a retry and not a new call."""
MAX_TRIES: Final = 6
"""Of one request; the real service's own library gives up earlier."""
MAX_IN_VAIN: Final = 2
"""Tries of a request that the same client error answers every time."""
MAX_PER_SECOND: Final = 10
"""Times the same request may be made in a second."""
RENEWAL: Final = 600.0
"""Seconds before its end from when on a token may be renewed; libraries do it five minutes before."""
NO_PAUSE: Final = 0.1
"""Seconds: a retry sooner than this was not waited for; one such is forgiven."""

_NEXT: Final = re.compile(
    rb'"next":\{"uri":"[^"?]*\??([^"]*)".*?"key":"MS-ContinuationToken","value":"([^"]+)"'
)
"""The query of the link to the next page, and its token."""
_HELD: Final = frozenset({"delay", "stall", "timeout"})
_CUT: Final = frozenset({"truncate", "reset", "stall"})
_FAILED_FOR_NOW: Final = frozenset({408, 429, 500, 502, 503, 504})


class Habit(Struct, frozen=True):
    """One bad habit, once seen."""

    code: str
    message: str
    entries: tuple[Entry, ...]

    def content(self) -> dict[str, Any]:
        """To read: the entries by their numbers, and what they were in a line each."""
        return {
            "code": self.code,
            "severity": REMARK if self.code in REMARKS else FAULT,
            "title": TITLES[self.code],
            "message": self.message,
            "entries": [entry.number for entry in self.entries],
            "requests": [_line(entry) for entry in self.entries],
        }


def verdict(
    journal: Journal, operations: Mapping[str, Operation], allowed: Collection[str] = ()
) -> dict[str, Any]:
    """`{"verdict": "well-behaved" | "misbehaved" | "nothing-judged", "judged", "forgotten", "findings"}`.

    Remarks do not count against the client, nor do the codes that are `allowed`. What the console asks is
    not the client's.
    """
    entries = [entry for entry in journal.entries() if not entry.is_console]
    judged = [entry for entry in entries if not entry.route.is_directory]
    found = [finding for habit in CHECKS for finding in habit(entries, operations)]
    findings = [finding for finding in found if finding.code not in allowed]
    misbehaved = any(finding.code not in REMARKS for finding in findings)
    words = "misbehaved" if misbehaved else "well-behaved" if judged else "nothing-judged"
    return {
        "verdict": words,
        "judged": len(judged),
        "forgotten": journal.forgotten,
        "findings": [finding.content() for finding in findings],
    }


def came_back_early(entries: Sequence[Entry], operations: Mapping[str, Operation]) -> Iterator[Habit]:
    """Retry-After is waited out: for the key the quota is on, otherwise for the request itself."""
    for place, refused in enumerate(entries):
        if refused.retry_after is None or refused.answered is None:
            continue
        until = refused.answered + refused.retry_after
        early = [
            entry
            for entry in entries[place + 1 :]
            if refused.answered < entry.began < until - TOLERANCE and _waits(entry, refused)
        ]
        if early:
            whose = {"partner": "the partner", "customer": "this customer"}.get(
                refused.key or "", "this request"
            )
            yield Habit(
                "retry-after-ignored",
                f"asked to wait {refused.retry_after} s before anything more for {whose}, it came back after "
                f"{early[0].began - refused.answered:.2f} s",
                (refused, early[0]),
            )


def _waits(entry: Entry, refused: Entry) -> bool:
    """Whether the request is one that was to wait."""
    if refused.key == "partner":
        return not entry.route.is_directory
    if refused.key == "customer":
        return entry.route.customer == refused.route.customer
    return entry.url == refused.url


def changed_its_request_id(entries: Sequence[Entry], operations: Mapping[str, Operation]) -> Iterator[Habit]:
    """A retry carries the MS-RequestId of the first try (headers.md, heading Request headers)."""
    for first, second in _retries(entries):
        if first.sent_id is None or second.sent_id is None:
            yield Habit(
                "request-id-missing",
                "a request and its retry cannot be told from two requests",
                (first, second),
            )
        elif first.sent_id.lower() != second.sent_id.lower():
            yield Habit(
                "request-id-changed",
                f"the retry of {first.sent_id} is called {second.sent_id}",
                (first, second),
            )


def used_an_id_twice(entries: Sequence[Entry], operations: Mapping[str, Operation]) -> Iterator[Habit]:
    """A new call has new ids: MS-RequestId is of one request, MS-CorrelationId of one call."""
    first_of: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        for name, value in (("request", entry.sent_id), ("correlation", entry.correlation_id)):
            if value is None:
                continue
            first = first_of.setdefault((name, value.lower()), entry)
            if first is not entry and _another(name, first, entry, entries):
                yield Habit(f"{name}-id-reused", f"{value} is of an earlier call", (first, entry))


def _another(name: str, first: Entry, entry: Entry, entries: Sequence[Entry]) -> bool:
    """Whether it is another call than that which used the id first, and no retry of it."""
    if first.url != entry.url or first.continuation != entry.continuation:
        return True
    if name == "correlation":
        return (first.sent_id or "").lower() != (entry.sent_id or "").lower()
    return _succeeded_between(entries, first, entry)


def _succeeded_between(entries: Sequence[Entry], first: Entry, last: Entry) -> bool:
    """Whether a try under the id of both had been answered well before the last one."""
    tries = [each for each in entries if first.number <= each.number < last.number and each.url == first.url]
    same = [each for each in tries if (each.sent_id or "").lower() == (first.sent_id or "").lower()]
    return any(each.status is not None and each.status < 400 and not each.fault for each in same)


def did_not_give_up(entries: Sequence[Entry], operations: Mapping[str, Operation]) -> Iterator[Habit]:
    """Retries end: soon where the same client error comes again, within reason where the service fails."""
    for tries in _series(entries):
        refused = [each for each in tries if each.status is not None and 400 <= each.status < 500]
        vain = [each for each in refused if each.status not in (401, *_FAILED_FOR_NOW)]
        if len(vain) > MAX_IN_VAIN and len({each.status for each in vain}) == 1:
            yield Habit(
                "retried-in-vain",
                f"{len(vain)} times the same request, each answered {vain[0].status}",
                tuple(vain),
            )
        elif len(tries) > MAX_TRIES:
            words = f"{len(tries)} tries of one request, no more than {MAX_TRIES} make sense"
            yield Habit("retried-too-often", words, tuple(tries))


def hammered(entries: Sequence[Entry], operations: Mapping[str, Operation]) -> Iterator[Habit]:
    """The data change once a day: nobody needs an answer ten times a second, or retries without pause."""
    for same in _by_url(entries).values():
        for last in range(MAX_PER_SECOND, len(same)):
            burst = same[last - MAX_PER_SECOND : last + 1]
            if burst[-1].began - burst[0].began < 1:
                yield Habit("hammered", f"{len(burst)} times the same request within a second", tuple(burst))
                break
    for tries in _series(entries):
        hasty = [two for one, two in pairwise(tries) if two.began - _waited_from(one, two) < NO_PAUSE]
        if len(hasty) > 1:
            words = f"{len(hasty)} retries within {NO_PAUSE:g} s of the failure before"
            yield Habit("retried-without-pause", words, tuple(hasty))


def used_the_wrong_token(entries: Sequence[Entry], operations: Mapping[str, Operation]) -> Iterator[Habit]:
    """The analytics operations want App+User; an application alone is refused."""
    for entry in entries:
        operation = operations.get(entry.route.operation or "")
        if operation is None:
            continue
        if entry.caller is Caller.APP_ONLY and Caller.APP_ONLY not in operation.auth:
            yield Habit("app-only-token", f"{operation.id} is refused to an application alone", (entry,))
        if entry.authorization is None and entry.status == 401:
            yield Habit("no-token", f"{operation.id} was asked for without a token", (entry,))


def resent_a_refused_token(entries: Sequence[Entry], operations: Mapping[str, Operation]) -> Iterator[Habit]:
    """After 401 the client gets a new token, and never sends the old one again."""
    refused: dict[str, Entry] = {}
    for entry in entries:
        token = entry.token
        before = None if token is None else refused.get(token)
        if before is not None and before.answered is not None and entry.began > before.answered:
            if not entry.route.is_directory:
                yield Habit(
                    "refused-token-resent", "a token that was answered 401 was sent again", (before, entry)
                )
        elif entry.status == 401 and token is not None and not entry.route.is_directory:
            refused[token] = entry
    for token, entry in refused.items():
        later = [each for each in entries if each.number > entry.number]
        if not any(each.route.is_directory or each.token not in (None, token) for each in later):
            yield Habit(
                "token-not-refreshed", "401 was the end: no new token was asked for or used", (entry,)
            )


def signed_in_carelessly(entries: Sequence[Entry], operations: Mapping[str, Operation]) -> Iterator[Habit]:
    """What the directory, or the API about a token, would not forgive a second time."""
    for entry in entries:
        if entry.note is not None and entry.note.code in _CARELESS:
            yield Habit(*_CARELESS[entry.note.code], (entry,))


def requested_another_token(entries: Sequence[Entry], operations: Mapping[str, Operation]) -> Iterator[Habit]:
    """A token is used until it expires or is refused."""
    issued: dict[str, Entry] = {}
    for entry in entries:
        if entry.status == 401 and not entry.route.is_directory:
            issued.clear()  # a new one is right, whichever was refused
        if entry.note is None or entry.note.code != ISSUED:
            continue
        before = issued.get(entry.note.token)
        if before is not None and before.note is not None:
            left = before.note.good_until - entry.time
            if left > RENEWAL:
                words = f"a token was asked for although the one before was good for another {left:.0f} s"
                yield Habit("token-not-kept", words, (before, entry))
        issued[entry.note.token] = entry


_CARELESS: Final[Mapping[str, tuple[str, str]]] = {
    "refresh-redeemed": ("refresh-token-resent", "a refresh token was sent again after it had been replaced"),
    "slow-down": ("interval-ignored", "a device code was asked about before the interval was over"),
    "token-expired": ("expired-token", "a token was sent after it had expired"),
    "token-audience": ("wrong-audience", "a token was sent that is for another audience"),
}
"""What the directory or the API noted about a refusal → the habit it is a sign of, and its words."""


def stopped_half_way(entries: Sequence[Entry], operations: Mapping[str, Operation]) -> Iterator[Habit]:
    """A client that reads a list reads it to its last page, at the address of the list."""
    followed = {entry.continuation for entry in entries if entry.status != 404}
    for place, entry in enumerate(entries):
        link = _NEXT.search(entry.body_end) if entry.status == 200 else None
        if link is None or link[2].decode() in followed:
            continue
        query = link[1].decode()
        astray = next(
            (each for each in entries[place + 1 :] if (each.status, each.query) == (404, query)), None
        )
        if astray is None:
            yield Habit("paging-abandoned", "the list goes on after this page", (entry,))
        else:
            words = f"the next link was joined to {astray.path}, where nothing is: it is relative to /v1"
            yield Habit("next-link-misjoined", words, (entry, astray))


def read_pages_wrongly(entries: Sequence[Entry], operations: Mapping[str, Operation]) -> Iterator[Habit]:
    """The pages of a query are read to the last, by the link that each has, in pages that the page allows."""
    for code, message, shown in paging_habits(entries, operations):
        yield Habit(code, message, shown)


CHECKS: Final[tuple[Callable[[Sequence[Entry], Mapping[str, Operation]], Iterable[Habit]], ...]] = (
    came_back_early,
    changed_its_request_id,
    used_an_id_twice,
    did_not_give_up,
    hammered,
    used_the_wrong_token,
    resent_a_refused_token,
    signed_in_carelessly,
    requested_another_token,
    stopped_half_way,
    read_pages_wrongly,
)

TITLES: Final[Mapping[str, str]] = {
    "retry-after-ignored": "came back before Retry-After was over",
    "request-id-missing": "retried without an MS-RequestId",
    "request-id-changed": "retried under another MS-RequestId",
    "request-id-reused": "used an MS-RequestId for more than one request",
    "correlation-id-reused": "used an MS-CorrelationId for more than one call",
    "retried-in-vain": "repeated a request that cannot succeed",
    "retried-too-often": "did not stop retrying",
    "retried-without-pause": "retried without a pause",
    "hammered": "asked the same thing over and over",
    "app-only-token": "sent an app-only token where App+User is needed",
    "no-token": "sent no token",
    "refused-token-resent": "sent a token again that had been refused",
    "token-not-refreshed": "did not get a new token after 401",
    "refresh-token-resent": "sent a refresh token that had been replaced",
    "interval-ignored": "asked about a device code too soon",
    "expired-token": "sent a token that had expired",
    "wrong-audience": "sent a token for another audience",
    "token-not-kept": "asked for a token while it had a good one",
    "paging-abandoned": "did not follow the list to its end",
    "next-link-misjoined": "asked for the next page at another path than the page's",
    "page-too-large": "asked for more rows than a page can have",
}
"""Every code a finding can have."""

FAULT: Final = "fault"
REMARK: Final = "remark"
REMARKS: Final[Mapping[str, str]] = {
    "correlation-id-reused": "headers.md asks for a new one; the Java and .NET client libraries keep one for "
    "all calls of an object",
}
"""The codes that are worth a word and no fault, with the reason; all others are faults."""


def check_codes(codes: Collection[str]) -> None:
    """InputError for a code that no finding can have: a misspelt one would allow nothing."""
    for code in sorted(set(codes) - TITLES.keys()):
        raise InputError(f"{code!r} is no code of a finding", remedy=names_there_are(code, sorted(TITLES)))


def _by_url(entries: Iterable[Entry]) -> dict[Any, list[Entry]]:
    by_url: dict[Any, list[Entry]] = defaultdict(list)
    for entry in entries:
        if not entry.route.is_directory:
            by_url[entry.url, entry.continuation].append(entry)
    return by_url


def _series(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Tries of one request, one after the other, each soon after the failure of the one before."""
    for same in _by_url(entries).values():
        tries = same[:1]
        for before, entry in pairwise(same):
            if not _retried(before, entry):
                yield tries
                tries = []
            tries.append(entry)
        yield tries


def _retries(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """A request that failed for now, and its retry; not the one after 401, which is another request."""
    for tries in _series(entries):
        for first, second in pairwise(tries):
            if first.status is None or first.status in _FAILED_FOR_NOW:
                yield first, second


def _waited_from(before: Entry, entry: Entry) -> float:
    """When a client that tries again saw that it has to; when it began to wait, where it gave up waiting."""
    if before.has_left or before.answered is None or entry.began < before.answered:
        return before.began
    return before.answered


def _retried(before: Entry, entry: Entry) -> bool:
    if before.answered is None or entry.began < before.answered:
        return before.fault in _HELD  # the client gave up waiting
    failed = before.status is None or before.status >= 400 or before.fault in _CUT
    return failed and entry.began - before.answered < SOON + (before.retry_after or 0)


def _line(entry: Entry) -> str:
    status = "no reply" if entry.status is None else entry.status
    query = "?…" if entry.query else ""
    return f"#{entry.number} {entry.method} {entry.path}{query} → {status}"
