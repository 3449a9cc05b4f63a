"""Files and folders → recorded answers, one by one: bodies, lines of NDJSON, entries of HAR files."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from partner_insights.errors import InputError
from partner_insights.http_reader import MAX_BODY
from partner_insights.verify.judge.exchange import Exchange, Headers, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from partner_insights.contract import Catalogue, Operation

LINES = (".ndjson", ".jsonl")
BROWSER = ".har"
KNOWN = (".json", *LINES, BROWSER)
"""Names that are taken for recordings when a folder is read."""

MAX_ARCHIVE = 512 * 2**20
"""Bytes of a HAR file, which can only be read whole."""


BLOCK_BYTES = 2**16
"""Bytes of lines that are looked at together: so much fits into the caches of a processor."""


@dataclass(frozen=True)
class RecordedResponse:
    """One recorded answer."""

    file: str
    place: str
    """Which one of its file, in words; empty where the file holds only this."""
    content: bytes
    line: bool = False
    """Whether it is a line, which may be a row without an envelope."""
    exchange: Exchange | None = None
    """Where the recording has the request and the whole response."""

    @property
    def name(self) -> str:
        """File and place."""
        return f"{self.file}, {self.place}" if self.place else self.file


@dataclass(frozen=True)
class LineBlock:
    """Lines that follow each other, none of them empty."""

    file: str
    lines: list[bytes] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def entries(self, places: Iterable[int]) -> Iterator[RecordedResponse]:
        """The lines at some places, each by itself."""
        for place in places:
            yield RecordedResponse(self.file, f"line {self.numbers[place]}", self.lines[place], line=True)


def recordings(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that are named, and in place of a folder all recordings in it, in the order of their names.

    InputError where a folder holds none.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(each for each in path.rglob("*") if each.suffix.lower() in KNOWN and each.is_file())
        if not found:
            raise InputError(
                "the folder holds no recording", where=str(path), remedy=f"name files of {', '.join(KNOWN)}"
            )
        yield from found


def entries(path: Path, catalogue: Catalogue) -> Iterator[RecordedResponse | LineBlock | InputError]:
    """What a file holds; an InputError in place of an entry that cannot be judged.

    InputError, raised, where the file as a whole is none. NDJSON is read block by block, whatever its length.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in LINES:
            yield from _lines(path)
        elif suffix == BROWSER:
            yield from _archive(path, catalogue)
        else:
            yield RecordedResponse(str(path), "", _content(path, MAX_BODY))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error


def _content(path: Path, maximum: int) -> bytes:
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory")
    if path.stat().st_size > maximum:
        raise InputError(f"the file is larger than {maximum // 2**20} MiB", where=str(path))
    return path.read_bytes()


def _lines(path: Path) -> Iterator[LineBlock | InputError]:
    name, empty = str(path), True
    with path.open("rb", buffering=2**16) as file:
        block, number, size = LineBlock(name), 0, 0
        while line := file.readline(MAX_BODY + 1):
            number += 1
            if len(line) > MAX_BODY:
                while line and not line.endswith(b"\n"):
                    line = file.readline(2**20)
                if block.lines:
                    yield block
                    block, size = LineBlock(name), 0
                yield InputError(
                    f"the line is larger than {MAX_BODY // 2**20} MiB", where=f"{name}, line {number}"
                )
            elif content := line.strip():
                empty = False
                size += len(content)
                if size > BLOCK_BYTES and block.lines:
                    yield block
                    block, size = LineBlock(name), len(content)
                block.lines.append(content)
                block.numbers.append(number)
        if block.lines:
            yield block
    if empty:
        raise InputError("the file is empty", where=name)


def _archive(path: Path, catalogue: Catalogue) -> Iterator[RecordedResponse | InputError]:
    """The entries of a HAR file whose URL is an operation's; other traffic of the browser is passed over."""
    name = str(path)
    try:
        document = json.loads(_content(path, MAX_ARCHIVE).decode("utf-8-sig"))
        log = document["log"]["entries"]
        if not isinstance(log, list):
            raise TypeError("log.entries is no list")
    except (ValueError, RecursionError, LookupError, TypeError) as error:
        raise InputError(f"the file is no HAR archive ({error})", where=name) from error
    paths = [(_pattern(operation), operation) for operation in catalogue.operations.values()]
    any_of_ours = False
    for number, recorded in enumerate(log, 1):
        place = f"entry {number}"
        try:
            made = _entry(name, place, recorded, paths)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            made = InputError(f"is no HAR entry ({error})", where=f"{name}, {place}")
        if made is not None:
            any_of_ours = True
            yield made
    if not any_of_ours:
        raise InputError("no entry is of an operation of this API", where=name)


def _entry(
    name: str, place: str, recorded: Any, paths: Iterable[tuple[re.Pattern[str], Operation]]
) -> RecordedResponse | InputError | None:
    """None for a request that is not of these operations, or whose answer is in a cache of the browser."""
    requested, answered = recorded["request"], recorded["response"]
    url = str(requested["url"])
    parts = urlsplit(url)
    found = next(
        ((match, operation) for pattern, operation in paths if (match := pattern.fullmatch(parts.path))), None
    )
    status = int(answered["status"])
    if found is None or status in (0, 304) or requested["method"] not in ("GET", "HEAD"):
        return None
    match, operation = found
    content = _body(answered.get("content") or {})
    if content is None:
        return InputError("the archive holds no body of it", where=f"{name}, {place}")
    if len(content) > MAX_BODY:
        return InputError(f"the body is larger than {MAX_BODY // 2**20} MiB", where=f"{name}, {place}")
    customer = unquote(match["customer"]) if "customer" in match.groupdict() else None
    request = Request(
        method=requested["method"],
        url=url,
        headers=tuple(each for each in _fields(requested) if each[0].lower() != "authorization"),
        operation=operation.id,
        customer=customer,
        customer_known=True if customer is not None else None,
        query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
        sent=False,
    )
    response = Response(status, _fields(answered), content, received=_moment(recorded))
    return RecordedResponse(name, place, content, exchange=Exchange(request, response))


def _fields(message: Any) -> Headers:
    return tuple((str(field["name"]), str(field["value"])) for field in message.get("headers") or ())


def _body(content: Any) -> bytes | None:
    """The body; None where the archive left it out, as browsers do with what they consider large."""
    text = content.get("text")
    if text is None:
        return None if content.get("size") else b""
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError(f"its body is no base64: {error}") from error
    return str(text).encode("utf-8", "surrogatepass")


def _moment(recorded: Any) -> datetime:
    """When it was recorded: an answer of last year may not speak of this one."""
    try:
        moment = datetime.fromisoformat(str(recorded.get("startedDateTime")))
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _pattern(operation: Operation) -> re.Pattern[str]:
    """The operation's path under any prefix, with doubled and trailing slashes."""
    steps = (
        r"(?P<customer>[^/]+)" if step == "{customer-id}" else "[^/]+" if "{" in step else re.escape(step)
        for step in operation.path.strip("/").split("/")
    )
    return re.compile("(?:/[^/]+)*?/+" + "/+".join(steps) + "/*")
