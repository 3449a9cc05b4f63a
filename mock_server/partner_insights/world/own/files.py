"""A file or folder of given rows → chunks: JSON, NDJSON, CSV and Parquet, each in bounded memory."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import suppress
from datetime import datetime
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson
from msgspec.structs import replace

from partner_insights.errors import InputError
from partner_insights.recording_folder import INDEX, Recording
from partner_insights.world.own.chunk import MISSING, Chunk
from partner_insights.world.own.columns_of_data import LICENSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

CHUNK: Final = 16_384
"""Rows at a time."""
MAX_LINE: Final = 16 * 2**20
"""Bytes of one line of NDJSON."""
MAX_DOCUMENT: Final = 64 * 2**20
"""Bytes of JSON that is not a row a line."""
_CONTAINERS: Final = (LICENSES, "items", "customers", "data")
"""Members of an object that is no row, but has some in it."""
_BLOCK: Final = 4 * 2**20
"""Bytes of lines that are read together."""
_BETWEEN: Final = re.compile(rb"\}\s*,\s*\{")
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
    yield from _of_rows(_rows(value, ""), where)


def _recording(folder: Path) -> Iterator[Chunk]:
    """The rows that a recording has of customers; a row without an id is of the customer its path named."""
    recording = Recording.read(folder)
    for (operation, values, *_), answer in recording.answers.items():
        if answer.status != 200:
            continue
        where = f"{folder / answer.file} ({operation})"
        rows = _rows(_parsed(recording.body(answer), where, ""), "", where)
        for chunk in _of_rows(
            (pointer, {"customerId": values[0], **row} if values and "id" not in row else row)
            for pointer, row in rows
        ):
            yield replace(chunk, partial=True)


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
    yield from _row_a_line(_lines(file, where), 1, "line {}, ", where)


def _lines(file: BinaryIO, where: str) -> Iterator[list[bytes]]:
    """The lines of a file from here on, a block of them at a time, a mark at their beginning left out."""
    rest, is_first = b"", True
    while block := file.read(_BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > MAX_LINE:
            raise InputError(f"a line is longer than {MAX_LINE // 2**20} MiB", where=where or None)
        if is_first and lines:
            lines[0], is_first = lines[0].removeprefix(BOM), False
        yield lines
    yield [rest.removeprefix(BOM) if is_first else rest]


def _json(file: BinaryIO, where: str) -> Iterator[Chunk]:
    """A row, an array of rows or a body; of any length where it is an array with a row a line."""
    head = file.readline(MAX_DOCUMENT + 1).removeprefix(BOM)
    if head.strip() == b"[":
        following = file.readline(MAX_DOCUMENT + 1)
        if following.rstrip().endswith((b"},", b"}")) and following.lstrip().startswith(b"{"):
            yield from _row_a_line(_items(chain([[following]], _lines(file, where)), where), 0, "/{}", where)
            return
        head += following
    content = head + file.read(MAX_DOCUMENT + 1 - len(head))
    if len(content) > MAX_DOCUMENT:
        words = f"is larger than {MAX_DOCUMENT // 2**20} MiB and no row a line"
        raise InputError(words, where=where or None, remedy="write it as NDJSON")
    if not content.strip():
        raise InputError("the file is empty", where=where or None)
    yield from _of_rows(_rows(_parsed(content, where, ""), "", where), where)


def _items(blocks: Iterable[list[bytes]], where: str) -> Iterator[list[bytes]]:
    """The items of an array with an item a line."""
    count, ended = 0, False
    for lines in blocks:
        contents = [content for line in lines if (content := line.strip())]
        if contents and contents[-1] == b"]" and not ended:
            ended, contents = True, contents[:-1]
        elif ended and contents:
            raise InputError("is no JSON: more after the end of the array", where=_at(where, f"/{count}"))
        count += len(contents)
        yield [each.removesuffix(b",") for each in contents]
    if not ended:
        raise InputError("is no JSON: the array has no end", where=_at(where, f"/{count}"))


def _row_a_line(blocks: Iterable[list[bytes]], number: int, place: str, where: str) -> Iterator[Chunk]:
    """Chunks of lines that have a row each, numbered from `number` on; blank ones are passed over."""
    for lines in blocks:
        for start in range(0, len(lines), CHUNK):
            some = lines[start : start + CHUNK]
            yield from _of_lines(some, place, number, where)
            number += len(some)


def _of_lines(lines: list[bytes], place: str, first: int, where: str) -> Iterator[Chunk]:
    columns = _columns(_plain_rows(lines))
    if columns and columns.keys().isdisjoint(_CONTAINERS):
        yield _of_columns(columns, lambda row: place.format(first + row), where)
        return
    places = ((place.format(number), line.strip()) for number, line in enumerate(lines, first))
    yield from _of_rows(
        (
            each
            for pointer, line in places
            if line
            for each in _rows(_parsed(line, where, pointer.rstrip(", ")), pointer, where)
        ),
        where,
    )


def _plain_rows(lines: list[bytes]) -> list[dict[str, Any]]:
    """The rows, read all at once; none where a line is not surely one row."""
    text = b",".join(lines)
    # As many objects as lines, and none that ends and another that begins within a line: a line is a row.
    if len(_BETWEEN.findall(text)) != len(lines) - 1:
        return []
    try:
        rows: list[Any] = orjson.loads(b"[%b]" % text)
    except orjson.JSONDecodeError:
        return []
    return rows if len(rows) == len(lines) and set(map(type, rows)) == {dict} else []


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
    spread = _columns([cell if type(cell) is dict else {} for cell in column])
    # What is no object, or has no member, stands under the name itself.
    rest = [MISSING if type(cell) is dict and cell else cell for cell in column]
    own = {} if set(map(id, rest)) == {id(MISSING)} else {name: rest}
    return own | {f"{name}.{inner}": cells for inner, cells in spread.items()}


def _of_rows(rows: Iterable[tuple[str, dict[str, Any]]], where: str = "") -> Iterator[Chunk]:
    """Chunks of rows, each under its pointer."""
    rest = iter(rows)
    while some := list(islice(rest, CHUNK)):
        pointers = [pointer for pointer, _ in some]
        yield _of_columns(_columns([row for _, row in some]), pointers.__getitem__, where)


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """The members of all rows by their names; most often all rows have the same."""
    names = list(rows[0]) if rows else []
    if names and set(map(len, rows)) == {len(names)}:
        with suppress(KeyError):
            values: Iterable[Any] = map(itemgetter(*names), rows)
            values = values if len(names) > 1 else zip(values, strict=True)
            return dict(zip(names, map(list, zip(*values, strict=True)), strict=True))
    every = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name, MISSING) for row in rows] for name in every}


def _of_columns(members: dict[str, list[Any]], pointer_of: Callable[[int], str], where: str) -> Chunk:
    columns: dict[str, list[Any]] = {}
    for name, column in members.items():
        columns |= _spread(name, column) if dict in set(map(type, column)) else {name: column}

    def place(row: int, column: str | None) -> str:
        pointer = pointer_of(row)
        if column is None or column == LICENSES:
            return _at(where, pointer)
        before, dot, after = column.replace("~", "~0").replace("/", "~1").partition(".")
        return _at(where, f"{pointer}/{before}{'/' if dot else ''}{after}")

    return Chunk(columns, place)


def _cells(column: Any) -> list[Any]:
    """A column of Parquet as JSON would have it: moments as the API writes them, MISSING for null."""
    from pyarrow.types import is_timestamp

    if is_timestamp(column.type):  # few of them are distinct, and each takes long to tell
        coded = column.dictionary_encode()
        texts = list(map(_moment, coded.dictionary.to_pylist()))
        return [MISSING if at is None else texts[at] for at in coded.indices.to_pylist()]
    cells: list[Any] = column.to_pylist()
    return [MISSING if cell is None else cell for cell in cells] if column.null_count else cells


def _moment(moment: datetime) -> str:
    clock, fraction, rest = moment.isoformat().partition(".")
    return f"{clock}.{rest[:6].rstrip('0')}{rest[6:]}" if fraction else clock


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
        whole = pyarrow.parquet.ParquetFile(file, pre_buffer=False)
        for batch in whole.iter_batches(CHUNK, use_threads=False):
            while any(pyarrow.types.is_struct(each.type) for each in batch.schema):
                batch = pyarrow.Table.from_batches([batch]).flatten().combine_chunks().to_batches()[0]
            columns = {
                name: _cells(column)
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
                if column.null_count < len(column)
            }
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
