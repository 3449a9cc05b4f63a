"""A file or folder of given rows → chunks: JSON, NDJSON, CSV and Parquet, each in bounded memory."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from msgspec.structs import replace

from partner_insights.errors import InputError
from partner_insights.file_reader import in_utf8, opened
from partner_insights.recording_folder import INDEX, Recording
from partner_insights.world.own.csv_chunks import csv_chunks
from partner_insights.world.own.day_folders import of_newest_day
from partner_insights.world.own.json_chunks import json_chunks, ndjson_chunks, of_rows, parsed, rows_in
from partner_insights.world.own.parquet_chunks import parquet_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from partner_insights.world.own.chunk import Chunk

_NOT_ROWS: Final = ("manifest.json",)
"""What a written world has beside its rows."""
_RECORDED: Final = (
    "customers",
    "customer",
    "partner-licenses-deployment",
    "partner-licenses-usage",
    "customer-licenses-deployment",
    "customer-licenses-usage",
    "licenses-deployment-analytics",
    "licenses-usage-analytics",
)
"""The operations whose recorded rows are of customers and their licences."""
_GROUPED: Final = "groupby"
"""The parameter of a query whose rows are sums."""


def chunks_of(path: Path, as_of: date = date.max) -> Iterator[Chunk]:
    """The rows of a file, or of all files of a folder in the order of their names. InputError.

    Of files in folders of days only those of the newest day up to `as_of` are read.
    """
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
    for each in of_newest_day(found, path, as_of):
        yield from _file(each)


def chunks_in(content: bytes, content_type: str) -> Iterator[Chunk]:
    """The rows of a request's body, by its media type; JSON where that says nothing else. InputError."""
    content = in_utf8(content, "")
    for media, suffix in _MEDIA.items():
        if content_type.partition(";")[0].strip().lower() == media:
            yield from READERS[suffix](io.BytesIO(content), "")
            return
    yield from json_chunks(io.BytesIO(content), "", f"say by Content-Type if it is {', '.join(_MEDIA)}")


def chunks_of_value(value: Any, where: str = "") -> Iterator[Chunk]:
    """The rows of a JSON value."""
    yield from of_rows(rows_in(value, ""), where)


def _recording(folder: Path) -> Iterator[Chunk]:
    """The rows that a recording has of customers, no sums; one without an id is of its path's."""
    recording = Recording.read(folder)
    for (operation, values, query, _), answer in recording.answers.items():
        if answer.status != 200 or operation not in _RECORDED or _GROUPED in dict(query):
            continue
        where = f"{folder / answer.file} ({operation})"
        rows = rows_in(parsed(recording.body(answer), where, ""), "", where)
        for chunk in of_rows(
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
            remedy=f"save it as {', '.join(READERS)}",
        )
    try:
        with opened(path) as file:
            yield from reader(file, str(path))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error


def _suffix(path: Path) -> str:
    return path.suffix.lower()


READERS: Final[dict[str, Callable[[BinaryIO, str], Iterator[Chunk]]]] = {
    ".csv": csv_chunks,
    ".ndjson": ndjson_chunks,
    ".jsonl": ndjson_chunks,
    ".json": json_chunks,
    ".parquet": parquet_chunks,
}
"""By the suffix of the file."""
_MEDIA: Final = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".csv",
    "application/x-ndjson": ".ndjson",
    "application/ndjson": ".ndjson",
    "application/jsonl": ".ndjson",
    "application/vnd.apache.parquet": ".parquet",
}
