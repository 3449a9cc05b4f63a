"""JSON, and rows of JSON a line → chunks; a row is an object, and what is nested in it has dotted names."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from partner_insights.errors import InputError
from partner_insights.world.own.chunk import BLOCK, BOM, CHUNK, MAX_LINE, MISSING, Chunk, within
from partner_insights.world.own.columns_of_data import LICENSES
from partner_insights.world.own.row_decoder import RowDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

MAX_DOCUMENT: Final = 64 * 2**20
"""Bytes of JSON that is not a row a line."""
_CONTAINERS: Final = (LICENSES, "items", "Value", "value", "customers", "data")
"""Members of an object that is no row, but has some in it."""


def ndjson_chunks(file: BinaryIO, where: str) -> Iterator[Chunk]:
    """A row, a customer or a body a line. InputError."""
    decoder, number = RowDecoder(lines=True, others=frozenset(_CONTAINERS)), 1
    for block in _blocks(file, where):
        columns = decoder.columns(block)
        if columns is None:
            lines = block.split(b"\n")
            yield from _of_lines(lines, "line {}, ", number, where)
            number += len(lines) - 1
        else:
            chunk = _of_cells(columns, "line {}, ", number, where)
            yield chunk
            number += len(chunk)


def _blocks(file: BinaryIO, where: str) -> Iterator[bytes]:
    """The lines of a file from here on, some whole ones at a time, a mark at their beginning left out."""
    rest, is_first = b"", True
    while block := file.read(BLOCK):
        end = block.rfind(b"\n") + 1
        lines, rest = (rest + block[:end], block[end:]) if end else (b"", rest + block)
        if len(rest) > MAX_LINE:
            raise InputError(f"a line is longer than {MAX_LINE // 2**20} MiB", where=where or None)
        if lines:
            yield lines.removeprefix(BOM) if is_first else lines
            is_first = False
    yield rest.removeprefix(BOM) if is_first else rest


def json_chunks(file: BinaryIO, where: str, remedy: str | None = None) -> Iterator[Chunk]:
    """A row, an array of rows or a body; of any length where it is an array with a row a line.

    `remedy`: what to do where it is no JSON.
    """
    head = file.readline(MAX_DOCUMENT + 1).removeprefix(BOM)
    if head.strip() == b"[":
        following = file.readline(MAX_DOCUMENT + 1)
        if following.rstrip().endswith((b"},", b"}")) and following.lstrip().startswith(b"{"):
            yield from _items(chain([following], _blocks(file, where)), where)
            return
        head += following
    content = head + file.read(MAX_DOCUMENT + 1 - len(head))
    if len(content) > MAX_DOCUMENT:
        words = f"is larger than {MAX_DOCUMENT // 2**20} MiB and no row a line"
        raise InputError(words, where=where or None, remedy="write it as NDJSON")
    if not content.strip():
        raise InputError("the file is empty", where=where or None)
    yield from of_rows(rows_in(parsed(content, where, "", remedy), "", where), where)


def _items(blocks: Iterable[bytes], where: str) -> Iterator[Chunk]:
    """The items of an array with an item a line."""
    decoder, count, ended = RowDecoder(lines=False, others=frozenset(_CONTAINERS)), 0, False
    for block in blocks:
        columns = None if ended else decoder.columns(block)
        if columns is not None:
            chunk = _of_cells(columns, "/{}", count, where)
            yield chunk
            count += len(chunk)
            continue
        contents = [content for line in block.split(b"\n") if (content := line.strip())]
        if contents and contents[-1] == b"]" and not ended:
            ended, contents = True, contents[:-1]
        elif ended and contents:
            raise InputError("is no JSON: more after the end of the array", where=within(where, f"/{count}"))
        yield from _of_lines([each.removesuffix(b",") for each in contents], "/{}", count, where)
        count += len(contents)
    if not ended:
        raise InputError("is no JSON: the array has no end", where=within(where, f"/{count}"))


def _of_lines(lines: list[bytes], place: str, first: int, where: str) -> Iterator[Chunk]:
    """Chunks of lines that have a row each, numbered from `first` on; blank ones are passed over."""
    for start in range(0, len(lines), CHUNK):
        yield from _of_some_lines(lines[start : start + CHUNK], place, first + start, where)


def _of_some_lines(lines: list[bytes], place: str, first: int, where: str) -> Iterator[Chunk]:
    columns = _columns(_plain_rows(lines))
    if columns and columns.keys().isdisjoint(_CONTAINERS):
        yield _of_columns(columns, lambda row: place.format(first + row), where)
        return
    places = ((place.format(number), line.strip()) for number, line in enumerate(lines, first))
    yield from of_rows(
        (
            each
            for pointer, line in places
            if line
            for each in rows_in(parsed(line, where, pointer.rstrip(", ")), pointer, where)
        ),
        where,
    )


def _plain_rows(lines: list[bytes]) -> list[dict[str, Any]]:
    """The rows; none where a line is not one row."""
    try:
        rows: list[Any] = list(map(orjson.loads, lines))
    except orjson.JSONDecodeError:
        return []
    return rows if set(map(type, rows)) == {dict} else []


def parsed(content: bytes, where: str, place: str, remedy: str | None = None) -> Any:
    """The value that JSON is. InputError."""
    try:
        return orjson.loads(content.removeprefix(BOM))
    except orjson.JSONDecodeError as error:
        try:  # numbers and depths that are JSON and too much for orjson
            value = json.loads(content, parse_int=_whole)
            json.dumps(value, ensure_ascii=False).encode()  # half a character is no text
            return value
        except (ValueError, RecursionError):
            where = within(where, place)
            raise InputError(f"is no JSON ({error})", where=where or None, remedy=remedy) from error


def _whole(digits: str) -> float:
    """A whole number as orjson has it: one beyond 64 bits, which it cannot write, is a float."""
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else float(digits)


def rows_in(value: Any, pointer: str, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows in a JSON value, each under its pointer, with dotted names for what is nested."""
    if isinstance(value, list):
        for at, each in enumerate(value):
            yield from rows_in(each, f"{pointer}/{at}", where)
        return
    if not isinstance(value, dict):
        raise InputError("is no row: an object belongs here", where=within(where, pointer) or None)
    if value.keys().isdisjoint(_CONTAINERS):
        yield pointer, value
        return
    for member in _CONTAINERS[1:]:
        if isinstance(value.get(member), list):
            yield from rows_in(value[member], f"{pointer}/{member}", where)
            return
    licences = value.get(LICENSES, MISSING)
    if licences is MISSING:
        yield pointer, value
        return
    customer = _flat({name: member for name, member in value.items() if name != LICENSES})
    if not isinstance(licences, list):
        raise InputError("is no array of licences", where=within(where, f"{pointer}/{LICENSES}"))
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
    if set(map(type, column)) == {dict} and all(column):
        return {f"{name}.{inner}": cells for inner, cells in _columns(column).items()}
    spread = _columns([cell if type(cell) is dict else {} for cell in column])
    # What is no object, or has no member, stands under the name itself.
    rest = [MISSING if type(cell) is dict and cell else cell for cell in column]
    own = {} if set(map(id, rest)) == {id(MISSING)} else {name: rest}
    return own | {f"{name}.{inner}": cells for inner, cells in spread.items()}


def of_rows(rows: Iterable[tuple[str, dict[str, Any]]], where: str = "") -> Iterator[Chunk]:
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


def _of_cells(columns: dict[str, list[Any]], place: str, first: int, where: str) -> Chunk:
    return Chunk(columns, _by_pointer(lambda row: place.format(first + row), where))


def _of_columns(members: dict[str, list[Any]], pointer_of: Callable[[int], str], where: str) -> Chunk:
    columns: dict[str, list[Any]] = {}
    for name, column in members.items():
        columns |= _spread(name, column) if dict in set(map(type, column)) else {name: column}
    return Chunk(columns, _by_pointer(pointer_of, where))


def _by_pointer(pointer_of: Callable[[int], str], where: str) -> Callable[[int, str | None], str]:
    def place(row: int, column: str | None) -> str:
        pointer = pointer_of(row)
        if column is None or column == LICENSES:
            return within(where, pointer)
        before, dot, after = column.replace("~", "~0").replace("/", "~1").partition(".")
        return within(where, f"{pointer}/{before}{'/' if dot else ''}{after}")

    return place
