"""A file or folder of given rows → chunks: JSON, NDJSON, CSV and Parquet, each in bounded memory."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from partner_insights.errors import InputError
from partner_insights.recording_folder import INDEX, Recording
from partner_insights.world.own.chunk import MISSING, Chunk
from partner_insights.world.own.columns_of_data import LICENSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

CHUNK: Final = 16_384
"""Rows at a time."""
MAX_LINE: Final = 16 * 2**20
"""Bytes of one line of NDJSON."""
MAX_DOCUMENT: Final = 64 * 2**20
"""Bytes of JSON that is not a row a line."""
_CONTAINERS: Final = (LICENSES, "items", "customers", "data")
"""Members of an object that is no row, but has some in it."""
BOM: Final = b"\xef\xbb\xbf"
_NOT_ROWS: Final = ("manifest.json",)
"""What a written world has beside its rows."""
_BODY: Final = ("totalCount", "items")


def chunks_of(path: Path) -> Iterator[Chunk]:
    """The rows of a file, or of all files of a folder in the order of their names. InputError."""
    if not path.is_dir():
        yield from _file(path)
        return
    if (path / INDEX).exists():
        yield from _recording(path)
        return
    found = sorted(
        (each for each in path.rglob("*") if _suffix(each) in READERS and each.name not in _NOT_ROWS),
        key=lambda each: (not each.name.startswith("Customer."), str(each)),  # who they are, first
    )
    if not found:
        raise InputError(
            "the folder holds no data", where=str(path), remedy=f"name files of {', '.join(READERS)}"
        )
    for each in found:
        yield from _file(each)


def chunks_in(content: bytes, content_type: str, where: str = "") -> Iterator[Chunk]:
    """The rows of a request's body, by its media type; JSON where that says nothing else. InputError."""
    for media, suffix in _MEDIA.items():
        if content_type.partition(";")[0].strip().lower() == media:
            yield from READERS[suffix](io.BytesIO(content), where)
            return
    yield from _json(io.BytesIO(content), where)


def chunks_of_value(value: Any, where: str = "") -> Iterator[Chunk]:
    """The rows of a JSON value."""
    rows = list(_rows(value, ""))
    for start in range(0, len(rows), CHUNK):
        yield _of_objects(rows[start : start + CHUNK], where)


def _recording(folder: Path) -> Iterator[Chunk]:
    """The rows that a recording has of customers; a row without an id is of the customer its path named."""
    recording = Recording.read(folder)
    for (operation, values, *_), answer in recording.answers.items():
        if answer.status != 200:
            continue
        where = f"{folder / answer.file} ({operation})"
        rows = list(_rows(_parsed(recording.body(answer), where, ""), "", where))
        if values:
            rows = [
                (pointer, {"customerId": values[0], **row} if "id" not in row else row)
                for pointer, row in rows
            ]
        if rows:
            yield replace(_of_objects(rows, where), partial=True)


def _file(path: Path) -> Iterator[Chunk]:
    reader = READERS.get(_suffix(path))
    if reader is None:
        raise InputError(
            f"no data is read from {path.suffix or 'a file without a suffix'}",
            where=str(path),
            remedy=f"name it {', '.join(READERS)}",
        )
    try:
        with path.open("rb") as file:
            yield from reader(file, str(path))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error


def _suffix(path: Path) -> str:
    return path.suffix.lower()


def _csv(file: BinaryIO, where: str) -> Iterator[Chunk]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if not any(header):
            raise InputError("the file is empty", where=where or None)
        line = reader.line_num
        while rows := list(islice(reader, CHUNK)):
            plain = reader.line_num - line == len(rows)
            numbers = range(line + 1, line + 1 + len(rows)) if plain else _line_numbers(rows, line)
            line = reader.line_num
            if not set(map(len, rows)) <= {0, len(header)}:
                short = next(at for at, row in enumerate(rows) if row and len(row) != len(header))
                words = f"{len(rows[short])} cells under {len(header)} columns"
                raise InputError(words, where=_at(where, f"line {numbers[short]}"))
            if not all(rows):
                kept = [at for at, row in enumerate(rows) if row]
                rows, numbers = [rows[at] for at in kept], [numbers[at] for at in kept]
            columns = dict(zip(header, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}
            if rows and len(columns) < len(header):
                twice = next(name for name in header if header.count(name) > 1)
                raise InputError(f"two columns are named {twice!r}", where=_at(where, "line 1"))
            yield Chunk(columns, _by_line(where, numbers), is_text=True)
    except csv.Error as error:
        raise InputError(f"is no CSV ({error})", where=_at(where, f"line {reader.line_num}")) from error
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 ({error.reason})", where=where or None) from error
    finally:
        text.detach()


def _line_numbers(rows: Sequence[Sequence[str]], before: int) -> list[int]:
    """The line each row begins on, where a cell has line breaks."""
    numbers = []
    for row in rows:
        numbers.append(before + 1)
        before += 1 + sum(cell.count("\n") or cell.count("\r") for cell in row)
    return numbers


def _by_line(where: str, numbers: Sequence[int]) -> Callable[[int, str | None], str]:
    def place(row: int, column: str | None) -> str:
        line = f"line {numbers[row]}" if 0 <= row < len(numbers) else "line 1"
        return _at(where, line if column is None else f"{line}, {column}")

    return place


def _ndjson(file: BinaryIO, where: str) -> Iterator[Chunk]:
    rows: list[tuple[str, dict[str, Any]]] = []
    for number, line in enumerate(_lines(file, where), 1):
        content = line.removeprefix(BOM) if number == 1 else line
        if content := content.strip():
            value = _parsed(content, where, f"line {number}")
            if type(value) is dict and value.keys().isdisjoint(_CONTAINERS):
                rows.append((f"line {number}, ", value))
            else:
                rows += [(f"line {number}, {pointer}", row) for pointer, row in _rows(value, "", where)]
            if len(rows) >= CHUNK:
                yield _of_objects(rows, where)
                rows = []
    if rows:
        yield _of_objects(rows, where)


def _lines(file: BinaryIO, where: str) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise InputError(f"a line is longer than {MAX_LINE // 2**20} MiB", where=where or None)
        yield line


def _json(file: BinaryIO, where: str) -> Iterator[Chunk]:
    """A row, an array of rows or a body; of any length where it is an array with a row a line."""
    head = file.readline(MAX_DOCUMENT + 1).removeprefix(BOM)
    if head.strip() == b"[":
        following = file.readline(MAX_DOCUMENT + 1)
        if following.rstrip().endswith((b"},", b"}")) and following.lstrip().startswith(b"{"):
            yield from _row_a_line(following, file, where)
            return
        head += following
    content = head + file.read(MAX_DOCUMENT + 1 - len(head))
    if len(content) > MAX_DOCUMENT:
        words = f"is larger than {MAX_DOCUMENT // 2**20} MiB and no row a line"
        raise InputError(words, where=where or None, remedy="write it as NDJSON")
    if not content.strip():
        raise InputError("the file is empty", where=where or None)
    rows = list(_rows(_parsed(content, where, ""), "", where))
    for start in range(0, len(rows), CHUNK):
        yield _of_objects(rows[start : start + CHUNK], where)


def _row_a_line(first: bytes, file: BinaryIO, where: str) -> Iterator[Chunk]:
    rows: list[tuple[str, dict[str, Any]]] = []
    index, ended = 0, False
    for line in _chained(first, _lines(file, where)):
        content = line.strip()
        if content == b"]":
            ended = True
            continue
        if ended and content:
            raise InputError("is no JSON: more after the end of the array", where=_at(where, f"/{index}"))
        if not content:
            continue
        rows += _rows(_parsed(content.removesuffix(b","), where, f"/{index}"), f"/{index}", where)
        index += 1
        if len(rows) >= CHUNK:
            yield _of_objects(rows, where)
            rows = []
    if not ended:
        raise InputError("is no JSON: the array has no end", where=_at(where, f"/{index}"))
    if rows:
        yield _of_objects(rows, where)


def _chained(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _parsed(content: bytes, where: str, place: str) -> Any:
    try:
        return orjson.loads(content.removeprefix(BOM))
    except orjson.JSONDecodeError as error:
        try:  # numbers and depths that are JSON and too much for orjson
            value = json.loads(content)
            json.dumps(value, ensure_ascii=False).encode()  # half a character is no text
            return value
        except (ValueError, RecursionError):
            raise InputError(f"is no JSON ({error})", where=_at(where, place) or None) from error


def _rows(value: Any, pointer: str, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows in a JSON value, each under its pointer, with dotted names for what is nested."""
    if isinstance(value, list):
        for at, each in enumerate(value):
            yield from _rows(each, f"{pointer}/{at}", where)
        return
    if not isinstance(value, dict):
        raise InputError("is no row: an object belongs here", where=_at(where, pointer) or None)
    if value.keys().isdisjoint(_CONTAINERS):
        yield pointer, value
        return
    for member in _CONTAINERS[1:]:
        if isinstance(value.get(member), list):
            yield from _rows(value[member], f"{pointer}/{member}", where)
            return
    licences = value.get(LICENSES, MISSING)
    if licences is MISSING:
        yield pointer, value
        return
    customer = _flat({name: member for name, member in value.items() if name != LICENSES})
    if not isinstance(licences, list):
        raise InputError("is no array of licences", where=_at(where, f"{pointer}/{LICENSES}"))
    if not licences:
        yield pointer, {**customer, LICENSES: 0}
    for at, each in enumerate(licences):
        if not isinstance(each, dict):
            raise InputError("is no licence: an object belongs here", where=f"{pointer}/{LICENSES}/{at}")
        yield f"{pointer}/{LICENSES}/{at}", {**customer, **_flat(each)}


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    if not any(isinstance(member, dict) for member in row.values()):
        return row
    flat: dict[str, Any] = {}
    for name, member in row.items():
        if isinstance(member, dict) and member:
            flat |= {f"{name}.{inner}": each for inner, each in member.items()}
        else:
            flat[name] = member
    return flat


def _spread(name: str, column: list[Any]) -> dict[str, list[Any]]:
    """A column with objects in it as a column for each of their members, with dotted names."""
    members = dict.fromkeys(inner for cell in column if type(cell) is dict for inner in cell)
    spread = {
        f"{name}.{inner}": [cell.get(inner, MISSING) if type(cell) is dict else MISSING for cell in column]
        for inner in members
    }
    # What is no object, or has no member, stands under the name itself.
    rest = [MISSING if type(cell) is dict and cell else cell for cell in column]
    return spread if all(cell is MISSING for cell in rest) else {name: rest, **spread}


def _of_objects(rows: Sequence[tuple[str, dict[str, Any]]], where: str) -> Chunk:
    names: dict[str, None] = {}
    for _, row in rows:
        if not row.keys() <= names.keys():
            names |= dict.fromkeys(row)
    columns: dict[str, list[Any]] = {}
    for name in names:
        column = [row.get(name, MISSING) for _, row in rows]
        columns |= _spread(name, column) if dict in set(map(type, column)) else {name: column}
    pointers = [pointer for pointer, _ in rows]

    def place(row: int, column: str | None) -> str:
        pointer = pointers[row]
        if column is None or column == LICENSES:
            return _at(where, pointer)
        before, dot, after = column.replace("~", "~0").replace("/", "~1").partition(".")
        return _at(where, f"{pointer}/{before}{'/' if dot else ''}{after}")

    return Chunk(columns, place)


def _plain(cell: Any) -> Any:
    """A cell of Parquet as JSON would have it: a moment as the API writes it, MISSING for null."""
    if isinstance(cell, datetime):
        clock, fraction, rest = cell.isoformat().partition(".")
        return f"{clock}.{rest[:6].rstrip('0')}{rest[6:]}" if fraction else clock
    return MISSING if cell is None else cell


def _parquet(file: BinaryIO, where: str) -> Iterator[Chunk]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise InputError(
            "Parquet is read by PyArrow, which is not installed",
            where=where or None,
            remedy='install "partner-insights[parquet]"',
        ) from error
    begin = 1
    try:
        for batch in pyarrow.parquet.ParquetFile(file).iter_batches(CHUNK):
            while any(pyarrow.types.is_struct(each.type) for each in batch.schema):
                batch = pyarrow.Table.from_batches([batch]).flatten().combine_chunks().to_batches()[0]
            columns = {
                name: [_plain(cell) for cell in column.to_pylist()]
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
            }
            columns = {name: each for name, each in columns.items() if not all(c is MISSING for c in each)}
            yield Chunk(columns, _by_row(where, begin))
            begin += batch.num_rows
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"is no Parquet ({error})", where=where or None) from error


def _by_row(where: str, begin: int) -> Callable[[int, str | None], str]:
    def place(row: int, column: str | None) -> str:
        return _at(where, f"row {begin + row}" if column is None else f"row {begin + row}, {column}")

    return place


def _at(where: str, place: str) -> str:
    return f"{where}, {place}" if where and place else where or place


READERS: Final[dict[str, Callable[[BinaryIO, str], Iterator[Chunk]]]] = {
    ".csv": _csv,
    ".ndjson": _ndjson,
    ".jsonl": _ndjson,
    ".json": _json,
    ".parquet": _parquet,
}
"""By the suffix of the file."""
_MEDIA: Final = {
    "text/csv": ".csv",
    "application/x-ndjson": ".ndjson",
    "application/ndjson": ".ndjson",
    "application/vnd.apache.parquet": ".parquet",
}
