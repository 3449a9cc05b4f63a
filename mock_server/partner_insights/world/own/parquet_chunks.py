"""A Parquet file → chunks, by PyArrow."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from partner_insights.errors import InputError
from partner_insights.world.own.chunk import MISSING, Chunk, within
from partner_insights.world.own.columns_of_data import LICENSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

_ROWS = 4096
"""At a time: what PyArrow needs for more of them it keeps."""


def _cells(column: Any) -> list[Any]:
    """A column of Parquet as JSON would have it: moments as the API writes them, MISSING for null."""
    import pyarrow
    from pyarrow.types import is_boolean, is_dictionary, is_floating, is_integer, is_string, is_timestamp

    if column.type == pyarrow.float32():  # 66.67, not the number of 64 bits that is next to it
        column = column.cast(pyarrow.string()).cast(pyarrow.float64())
    elif is_timestamp(column.type) and column.type.unit == "ns":  # Python's moments have no nanoseconds
        column = column.cast(pyarrow.timestamp("us", column.type.tz), safe=False)
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
    if not (is_integer(column.type) or is_floating(column.type) or is_boolean(column.type)):
        cells = orjson.loads(orjson.dumps(cells, default=_as_json))
    return [MISSING if cell is None else cell for cell in cells] if column.null_count else cells


def _as_json(cell: Any) -> Any:
    """What JSON has in place of a cell that it does not know: a number of decimals, or a text."""
    if isinstance(cell, bytes):  # how some write texts
        return cell.decode(errors="backslashreplace")
    if not isinstance(cell, Decimal):
        return str(cell)
    return int(cell) if cell == cell.to_integral_value() and abs(cell) < 2**63 else float(cell)


def _moment(moment: datetime | None) -> Any:
    if moment is None:
        return MISSING
    moment = moment if moment.tzinfo is None else moment.astimezone(UTC)
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
        for batch in whole.iter_batches(_ROWS, use_threads=False):
            while any(pyarrow.types.is_struct(each.type) for each in batch.schema):
                batch = pyarrow.Table.from_batches([batch]).flatten().combine_chunks().to_batches()[0]
            place = _by_row(where, begin)
            _check_columns(batch.schema, where)
            yield Chunk(
                {
                    name: _read(column, name, place)
                    for name, column in zip(batch.schema.names, batch.columns, strict=True)
                    if column.null_count < len(column)
                },
                place,
            )
            begin += batch.num_rows
        # What it would keep for the next file is more than the columns of this one.
        pyarrow.default_memory_pool().release_unused()
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise InputError(f"is no Parquet ({error})", where=where or None) from error


def _check_columns(schema: Any, where: str) -> None:
    """No two of one name, and no licences within a customer's cell."""
    from pyarrow.types import is_nested

    for name in schema.names:
        if schema.names.count(name) > 1:
            raise InputError(f"two columns are named {name!r}", where=where or None)
        if name == LICENSES and is_nested(schema.field(name).type):
            words, remedy = "a cell of Parquet holds no licences", "give each a row, or save it as JSON"
            raise InputError(words, where=within(where, name), remedy=remedy)


def _read(column: Any, name: str, place: Callable[[int, str | None], str]) -> list[Any]:
    """The cells of a column; InputError for the first that cannot be read."""
    from pyarrow.types import is_dictionary

    try:
        return _cells(column)
    except (ValueError, OverflowError):
        cells: list[Any] = []
        for row in range(len(column)):
            cell = column.slice(row, 1)
            try:
                cells += _cells(cell.dictionary_decode() if is_dictionary(cell.type) else cell)
            except (ValueError, OverflowError) as error:
                raise InputError(f"cannot be read ({error})", where=place(row, name)) from error
        return cells


def _by_row(where: str, begin: int) -> Callable[[int, str | None], str]:
    def place(row: int, column: str | None) -> str:
        return within(where, f"row {begin + row}" if column is None else f"row {begin + row}, {column}")

    return place
