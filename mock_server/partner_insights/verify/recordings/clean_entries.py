"""An entry of an archive → whether it is certainly a clean answer, found without the judge.

The body says so by the fast path. Of the rest, entries that differ in ids and times alone are judged once. It
says yes or nothing: whatever else there is, the judge reads from the start.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from partner_insights.contract.formats import GUID
from partner_insights.header_values import moment_of, number_of
from partner_insights.http_reader import MAX_BODY
from partner_insights.verify.judge.caching import FORMS
from partner_insights.verify.judge.fast_checks import Requested
from partner_insights.verify.judge.framing import is_changed_later, is_date
from partner_insights.verify.judge.http_checks import ECHOED
from partner_insights.verify.judge.judge import has_clean_head
from partner_insights.verify.recordings.archives import CleanAnswer, moment_of_entry
from partner_insights.verify.recordings.entry import RecordedResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping
    from datetime import datetime

    from partner_insights.contract import Catalogue
    from partner_insights.verify.recordings.archives import ArchivedEntry
    from partner_insights.verify.recordings.fast_path import FastPath

_REMEMBERED: Final = 1_000
"""Heads of which it is remembered whether they are clean."""
_ASKED: Final = frozenset({"accept", "accept-encoding", *map(str.lower, ECHOED)})
"""Fields of a request that the judge reads."""
_ECHOES: Final = tuple(map(str.lower, ECHOED))
_SAID: Final[Mapping[str, Callable[[str], Hashable]]] = {
    **dict.fromkeys(_ECHOES, lambda value: (bool(value), GUID.fullmatch(value.strip()) is not None)),
    "date": is_date,
    "last-modified": is_date,
    "content-length": lambda value: number_of(value) is not None,
    "etag": lambda value: FORMS["ETag"][0].fullmatch(value.strip()) is not None,
}
"""Fields of an answer that are new each time, and all that the judge takes from their value."""
_UNREAD: Final = "x-"
"""How the names of fields begin that the judge does not read."""
_AFTER: Final = "retry-after"
"""The field that the judge holds against the time of the answer."""
_Fields: TypeAlias = "list[tuple[str, str]]"


class _Candidate(NamedTuple):
    """An entry whose head is clean."""

    entry: ArchivedEntry
    asked: Requested
    body: bytes


class CleanEntries:
    """Knows the heads of clean answers to one catalogue's operations."""

    def __init__(self, catalogue: Catalogue, fast_path: FastPath) -> None:
        self._catalogue = catalogue
        self._fast_path = fast_path
        opaque = dict.fromkeys((name.lower() for name in catalogue.common_headers), bool)
        self._said: Mapping[str, Callable[[str], Hashable]] = {**opaque, **_SAID}
        self._heads: dict[Hashable, bool] = {}

    def among(self, entries: Iterable[ArchivedEntry]) -> dict[int, CleanAnswer]:
        """Those of some entries that are certainly clean, by number; the judge has to look at the others."""
        groups: defaultdict[str, list[_Candidate]] = defaultdict(list)
        for candidate in filter(None, map(self._candidate, entries)):
            groups[candidate.entry.url.operation.id].append(candidate)
        clean: dict[int, CleanAnswer] = {}
        for operation, found in groups.items():
            asked, bodies = [each.asked for each in found], [each.body for each in found]
            answers = self._fast_path.answers_to(asked, bodies)
            for each, answered in zip(found, answers, strict=True):
                if answered == operation:
                    clean[each.entry.number] = CleanAnswer(each.entry, len(each.body))
        return clean

    def _candidate(self, entry: ArchivedEntry) -> _Candidate | None:
        recorded, url = entry.recorded, entry.url
        answered = recorded.get("response")
        asks = recorded["request"].get("method") == "GET"
        if not (asks and isinstance(answered, dict) and answered.get("status") == 200):
            return None
        text = _text(answered)
        sent, said = _fields(recorded["request"].get("headers", ())), _fields(answered.get("headers"))
        if text is None or sent is None or not said or not self._is_clean(entry, sent, said):
            return None
        if url.customer is not None and not GUID.fullmatch(url.customer):
            return None
        body = text.encode("utf-8", "surrogatepass")
        if len(body) > MAX_BODY:
            return None
        return _Candidate(entry, Requested(url.customer, _moment(recorded, said)), body)

    def _is_clean(self, entry: ArchivedEntry, sent: _Fields, said: _Fields) -> bool:
        """Whether the judge finds nothing in the head of an entry, or of one that is the same to it."""
        head = self._head(entry, sent, said)
        known = self._heads.get(head)
        if known is None:
            if len(self._heads) >= _REMEMBERED:
                self._heads.clear()
            known = self._heads[head] = _AFTER not in dict(said) and self._judge(entry)
        return known

    def _judge(self, entry: ArchivedEntry) -> bool:
        found = entry.read()
        exchange = found.exchange if isinstance(found, RecordedResponse) else None
        return exchange is not None and has_clean_head(exchange, self._catalogue)

    def _head(self, entry: ArchivedEntry, sent: _Fields, said: _Fields) -> Hashable:
        """All that the judge goes by."""
        url, known = entry.url, self._said
        shown = tuple([
            (name, known[name](value) if name in known else value)
            for name, value in said
            if not name.startswith(_UNREAD)
        ])  # fmt: skip
        asked = {name: value for name, value in reversed(sent) if name in _ASKED} if sent else {}
        ids = tuple([_echo(asked.pop(name, None), name, said) for name in _ECHOES]) if asked else ()
        later = is_changed_later(_first(said, "last-modified"), _first(said, "date"))
        return url.operation.id, url.query, tuple(asked.items()), ids, shown, later


def _echo(sent: str | None, name: str, said: _Fields) -> Hashable:
    """All that the judge takes from an id that an answer repeats, or makes up."""
    if sent is None:
        return None  # what is made up is a field of the answer as others are
    answered = _first(said, name)
    return answered is not None and sent.strip().lower() == answered.strip().lower()


def _first(fields: _Fields, name: str) -> str | None:
    return next((value for field, value in fields if field == name), None)


def _text(answered: dict[str, Any]) -> str | None:
    """The body where it stands in the archive as it is."""
    content = answered.get("content")
    if not isinstance(content, dict) or content.get("encoding"):
        return None
    text = content.get("text")
    return text if isinstance(text, str) else None


def _fields(stated: Any) -> _Fields | None:
    """Names in small letters, and values; None for what is no list of texts."""
    try:
        fields = [(each["name"].lower(), each["value"]) for each in stated]
    except (TypeError, KeyError, AttributeError):
        return None
    return fields if all(type(value) is str for _, value in fields) else None


def _moment(recorded: dict[str, Any], said: _Fields) -> datetime:
    """The latest moment that an answer can speak of, as the judge takes it."""
    received = moment_of_entry(recorded)
    stated = _first(said, "date")
    moment = _date(stated) if stated is not None else None
    return received if moment is None else max(received, moment)


_date = lru_cache(maxsize=_REMEMBERED)(moment_of)
