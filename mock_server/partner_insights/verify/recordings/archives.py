"""A browser's archive (HAR), or a cassette → the recorded answers in it that are of our operations.

An archive is full of other people's traffic and of entries that a browser left unfinished. So the URL decides
first whether an entry is ours, and nothing else is read of one that is not.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import orjson

from partner_insights.errors import InputError
from partner_insights.http_reader import is_local
from partner_insights.verify.judge.exchange import Exchange, Request, Response
from partner_insights.verify.judge.json_body import has_more_values, more_values
from partner_insights.verify.judge.rules import FIRST_DAY
from partner_insights.verify.recordings.archived_body import Room, archived_body
from partner_insights.verify.recordings.archived_url import OperationUrl, UrlReader
from partner_insights.verify.recordings.cassettes import cassette_entries
from partner_insights.verify.recordings.entry import RecordedResponse, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from partner_insights.contract import Catalogue
    from partner_insights.verify.judge.exchange import Headers

MAX_VALUES: Final = 20_000_000
"""Commas and brackets in an archive, those in its bodies among them."""


_TOGETHER: Final = 32
"""Entries that are looked at together, fewer at first: those show what the rest may be like."""


class ArchivedEntry(NamedTuple):
    """An entry that is of an operation."""

    path: Path
    number: int
    recorded: dict[str, Any]
    url: OperationUrl
    room: Room
    """Of the whole archive."""

    @property
    def place(self) -> str:
        """Which one it is, in words."""
        return f"entry {self.number}"

    def read(self) -> RecordedResponse | Unanswered | InputError | None:
        """None for an answer that is in a cache of the browser; an InputError for what cannot be judged."""
        try:
            return _entry(self)
        except InputError as error:
            return InputError(error.what, where=f"{self.path}, {self.place}", remedy=error.remedy)


class CleanAnswer(NamedTuple):
    """An entry that is certainly a clean answer of its operation."""

    entry: ArchivedEntry
    size: int
    """Bytes of its body."""


Clean: TypeAlias = "Callable[[list[ArchivedEntry]], Mapping[int, CleanAnswer]]"
"""Some entries → those that are clean, by number."""


def archive_entries(
    path: Path, content: bytes, catalogue: Catalogue, clean: Clean
) -> Iterator[RecordedResponse | Unanswered | InputError | CleanAnswer]:
    """The entries of operations, one by one, those that are `clean` as what they are.

    InputError, raised, for what is no archive, or has no entry of them.
    """
    any_of_ours = False
    service = _of_the_service(path, _log(str(path), content), catalogue, Room(len(content)))
    for entry, known in _looked_at(service, clean):
        found = known or entry.read()
        if found is not None:
            any_of_ours = True
            yield found
    if not any_of_ours:
        raise InputError("no entry is of an operation of this API", where=str(path))


def _looked_at(
    entries: Iterator[ArchivedEntry], clean: Clean
) -> Iterator[tuple[ArchivedEntry, CleanAnswer | None]]:
    size = 1
    while some := list(islice(entries, size)):
        known, size = clean(some), min(2 * size, _TOGETHER)
        yield from ((entry, known.get(entry.number)) for entry in some)


def _of_the_service(
    path: Path, log: Iterable[Any], catalogue: Catalogue, room: Room
) -> Iterator[ArchivedEntry]:
    """The entries of operations.

    Other services have such paths, too: where the service's own host or this machine is asked, no other
    host's entries are ours.
    """
    urls, found = UrlReader(catalogue), []
    for number, recorded in enumerate(log, 1):
        request = _object(_object(recorded).get("request"))
        url = urls.read(request.get("url"))
        if url is not None and _method(request) in ("GET", "HEAD"):
            found.append(ArchivedEntry(path, number, recorded, url, room))
    own = urlsplit(catalogue.base_url).hostname
    ours = {host for host in {each.url.host for each in found} if _known(host, own)}
    yield from (each for each in found if each.url.host in ours) if ours else found


def _known(host: str | None, own: str | None) -> bool:
    return host is not None and (host == own or is_local(host))


def _log(name: str, content: bytes) -> Iterable[Any]:
    if has_more_values(content, MAX_VALUES):
        raise InputError(f"the archive has {more_values(MAX_VALUES)}", where=name)
    try:
        document = _document(content)
    except json.JSONDecodeError as error:
        reason = f"it is not JSON at line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not valid UTF-8"
    except (RecursionError, ValueError):
        reason = "it nests too deeply, or holds a number of thousands of digits"
    else:
        archive = _object(document)
        log = _object(archive.get("log")).get("entries")
        entries = log if isinstance(log, list) else cassette_entries(archive)
        if entries is not None:
            return entries
        reason = "log.entries is missing or no array"
    raise InputError(f"the file is no HAR archive: {reason}", where=name)


def _document(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except ValueError:
        return json.loads(content.decode("utf-8-sig"))  # it takes more, or tells what is wrong


def _object(value: Any) -> dict[str, Any]:
    """The value where it is an object; else one without members."""
    return value if isinstance(value, dict) else {}


def _entry(entry: ArchivedEntry) -> RecordedResponse | Unanswered | None:
    name, place, recorded, url = str(entry.path), entry.place, entry.recorded, entry.url
    requested, answered = _object(recorded.get("request")), _object(recorded.get("response"))
    status, method = _status(answered.get("status")), _method(requested)
    if status == 304:
        return None
    # Aborted, blocked or failed: browsers write 0, -1 or -999. Redirects they also make up themselves.
    if status < 200 or 300 <= status < 400:
        return Unanswered(name, place)
    headers = _fields(answered)
    content, before = b"", entry.room.left
    if method != "HEAD" and status != 204:
        content = archived_body(answered, headers, entry.path.parent, entry.room)
    request = Request(
        method=method,
        url=url.text,
        headers=tuple(each for each in _fields(requested) if each[0].lower() != "authorization"),
        operation=url.operation.id,
        customer=url.customer,
        customer_known=True if url.customer is not None else None,
        query=tuple(parse_qsl(url.query, keep_blank_values=True)),
        sent=False,
        file=name,
        entry=place,
    )
    response = Response(status, headers, content, received=moment_of_entry(recorded))
    unpacked = before - entry.room.left
    return RecordedResponse(name, place, content, exchange=Exchange(request, response), unpacked=unpacked)


def _status(value: Any) -> int:
    """The status; 0 where there is none."""
    if value in (None, ""):
        return 0
    if isinstance(value, bool) or not re.fullmatch(r"(-[0-9]{1,9}|[0-5]?[0-9]{1,2})(\.0)?", str(value)):
        raise InputError("it is no HAR entry: its status is none of HTTP")
    return int(float(value))


def _method(request: dict[str, Any]) -> str:
    return str(request.get("method")).upper()


def _fields(message: dict[str, Any]) -> Headers:
    """The header; some tools write it as one object of names and values."""
    fields = message.get("headers")
    if isinstance(fields, dict):
        fields = [{"name": name, "value": value} for name, value in fields.items()]
    found = map(_object, fields if isinstance(fields, list) else ())
    return tuple(
        (each["name"], str(each["value"]))
        for each in found
        if isinstance(each.get("name"), str) and each.get("value") is not None
    )


def moment_of_entry(recorded: dict[str, Any]) -> datetime:
    """When it was recorded: an answer of last year may not speak of this one.

    A time before there was the service says that it was made, not recorded.
    """
    stated = recorded.get("startedDateTime")
    try:
        moment = datetime.fromisoformat(stated) if isinstance(stated, str) else datetime.now(UTC)
    except ValueError:
        return datetime.now(UTC)
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return moment if moment >= FIRST_DAY else datetime.now(UTC)
