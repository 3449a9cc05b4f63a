"""Files and folders → recorded answers, one by one: bodies, lines of NDJSON, entries of HAR files."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, BinaryIO, Final

from partner_insights.errors import InputError
from partner_insights.file_reader import opened
from partner_insights.http_reader import MAX_BODY
from partner_insights.recording_folder import INDEX
from partner_insights.verify.judge.json_body import BOM, read_body
from partner_insights.verify.recordings.archives import archive_entries
from partner_insights.verify.recordings.cassettes import CASSETTE
from partner_insights.verify.recordings.entry import LineBlock, RecordedResponse, Unanswered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from partner_insights.contract import Catalogue
    from partner_insights.verify.recordings.archives import Clean, CleanAnswer

LINES = (".ndjson", ".jsonl")
BROWSER = ".har"
KNOWN = (".json", *LINES, BROWSER)
"""Names that are taken for recordings when a folder is read."""

INDICES = ("manifest.json", INDEX)
"""What tells of the files in a folder of ours, and is no recording itself."""

MAX_ARCHIVE = 512 * 2**20
"""Bytes of a HAR file, which can only be read whole."""

ARCHIVES: Final = (re.compile(rb'\s*\{\s*"log"\s*:\s*\{'), CASSETTE)
"""How an archive begins, whatever its file is called."""

_ALONE: Final = "save a HAR archive, or each body alone"
NO_RECORDING: Final = tuple(
    (re.compile(beginning), what, remedy)
    for beginning, what, remedy in (
        (rb"\x1f\x8b", "is compressed by gzip", "unpack it first"),
        (rb"PK\x03\x04", "is a zip archive", "unpack it, and name what is in it"),
        (rb"HTTP/", "begins with the head of a response", "save the body alone: curl without -i"),
        (rb"[\[{]\0", "is in UTF-16 without a byte order mark", "save it in UTF-8"),
        (rb"(GET|HEAD) \S+ HTTP/|\* |> GET ", "begins with a request", _ALONE),
        (rb"WARC/", "is a WARC archive", _ALONE),
        (
            rb"[0-9]+:[0-9]+:",
            "has flows of mitmproxy",
            "save a HAR archive: mitmdump -nr FILE --set hardump=NEW.har",
        ),
        (
            rb"(---\s+)?((http_)?interactions|responses):\s",
            "is a cassette in YAML",
            "record it in JSON (vcrpy: serializer='json')",
        ),
        (rb'\{\s*"info"\s*:\s*\{[^}]*"(_postman_id|schema)"', "is a collection of Postman", _ALONE),
        (
            rb'\{\s*("(id|name|uuid)"[^,]*,\s*|"priority"[^,]*,\s*)*"request"\s*:\s*\{',
            "is a mapping of WireMock",
            "name the bodies: its folder __files, or each alone",
        ),
        (rb'\{\s*"mappings"\s*:\s*\[', "has mappings of WireMock", _ALONE),
        (rb'\{\s*"data"\s*:\s*\{\s*"pairs"', "is a simulation of Hoverfly", _ALONE),
        (rb'\[\s*\{\s*"scope"\s*:', "is a recording of nock", _ALONE),
        (rb'\{\s*"(openapi|swagger)"\s*:', "is a description of an API", _ALONE),
    )
)
"""Other things that people save: how they begin, what they are, and what to do."""

_PART = 2**20
BLOCK_BYTES = 2**16
"""Bytes of lines that are looked at together: so much fits into the caches of a processor."""


def recordings(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that are named, and in place of a folder all recordings in it, in the order of their names.

    InputError where a folder holds none.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        files = (each for each in path.rglob("*") if each.suffix.lower() in KNOWN and each.is_file())
        found = sorted(each for each in files if each.name not in INDICES)
        if not found:
            raise InputError(
                "the folder holds no recording", where=str(path), remedy=f"name files of {', '.join(KNOWN)}"
            )
        yield from found


def entries(
    path: Path, catalogue: Catalogue, clean: Clean
) -> Iterator[RecordedResponse | Unanswered | LineBlock | CleanAnswer | InputError]:
    """What a file holds; an InputError in place of an entry that cannot be judged.

    InputError, raised, where the file as a whole is none. NDJSON is read block by block, whatever its length.
    """
    suffix, name = path.suffix.lower(), str(path)
    try:
        with opened(path) as file:
            if suffix in LINES:
                yield from _lines(name, file)
                return
            content = _content(name, file, MAX_ARCHIVE if suffix == BROWSER else MAX_BODY)
            if suffix == BROWSER or any(each.match(content.removeprefix(BOM)) for each in ARCHIVES):
                yield from archive_entries(path, content, catalogue, clean)
            else:
                yield from _body_or_array(name, content)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=name) from error


def _content(name: str, file: BinaryIO, maximum: int) -> bytes:
    # In parts: a buffer of the greatest size there may be takes time, even for a small file.
    parts, length = [], 0
    while length <= maximum and (part := file.read(_PART)):
        parts.append(part)
        length += len(part)
    content = b"".join(parts)
    if length > maximum:
        raise InputError(f"the file is larger than {maximum // 2**20} MiB", where=name)
    text = content.removeprefix(BOM)
    for beginning, what, remedy in NO_RECORDING:
        if beginning.match(text):
            raise InputError(f"the file {what}", where=name, remedy=remedy)
    return content


def _body_or_array(name: str, content: bytes) -> Iterator[RecordedResponse | LineBlock]:
    """A body, or a row alone, as it is; rows or bodies in an array one by one."""
    values = read_body(content).value if content.removeprefix(BOM).lstrip().startswith(b"[") else None
    if values == []:
        raise InputError("the array is empty: nothing in it can be judged", where=name)
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        yield RecordedResponse(name, "", content)
        return
    lines: list[bytes] = []
    size, first = 0, 1
    for value in values:
        line = json.dumps(value).encode("ascii")
        size += len(line)
        if size > BLOCK_BYTES and lines:
            yield LineBlock(name, b"\n".join(lines), first, "item")
            lines, size, first = [], len(line), first + len(lines)
        lines.append(line)
    yield LineBlock(name, b"\n".join(lines), first, "item")


def _lines(name: str, file: BinaryIO) -> Iterator[LineBlock | InputError]:
    empty, number = True, 1
    while content := file.read(BLOCK_BYTES):
        if not content.endswith(b"\n"):
            content += file.readline(MAX_BODY + 1)
        last = content.rfind(b"\n", 0, -1) + 1
        too_long = len(content) - last > MAX_BODY
        block = LineBlock(name, content[:last] if too_long else content, number)
        if block.content and not block.content.isspace():
            empty = False
            yield block
        number += block.number if block.content else 0
        if too_long:
            empty = False
            yield InputError(
                f"the line is longer than {MAX_BODY // 2**20} MiB", where=f"{name}, line {number}"
            )
            while content and not content.endswith(b"\n"):
                content = file.readline(2**20)
            number += 1
    if empty:
        raise InputError("the file is empty", where=name)
