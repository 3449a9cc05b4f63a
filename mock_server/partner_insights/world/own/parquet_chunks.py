"""A Parquet file → chunks, by PyArrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from partner_insights.errors import InputError
from partner_insights.world.own.chunk import CHUNK, MISSING, Chunk, within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime


def _cells(column: Any) -> list[Any]:
    """A column of Parquet as JSON would have it: moments as the API writes them, MISSING for null."""
    from pyarrow.types import is_dictionary, is_string, is_timestamp

    if is_string(column.type) or is_timestamp(column.type):  # few are distinct, and each takes long to tell
        column = column.dictionary_encode()
    if is_dictionary(column.type):
        values = column.dictionary.to_pylist()
        if is_timestamp(column.type.value_type):
            values = list(map(_moment, values))
        if not column.null_count:
            return list(map(values.__getitem__, column.indices.to_pylist()))
        return [MISSING if at is None else values[at] for at in column.indices.to_pylist()]
    cells: list[Any] = column.to_pylist()
    return [MISSING if cell is None else cell for cell in cells] if column.null_count else cells


def _moment(moment: datetime) -> str:
    clock, fraction, rest = moment.isoformat().partition(".")
    return f"{clock}.{rest[:6].rstrip('0')}{rest[6:]}" if fraction else clock


def parquet_chunks(file: BinaryIO, where: str) -> Iterator[Chunk]:
    """The rows of each batch. InputError."""
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
        return within(where, f"row {begin + row}" if column is None else f"row {begin + row}, {column}")

    return place
