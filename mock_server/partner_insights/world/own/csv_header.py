"""The first line of a CSV → what stands between its cells, and the names of its columns."""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from partner_insights.errors import InputError
from partner_insights.world.own.chunk import within
from partner_insights.world.own.columns_of_data import is_known, is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

DELIMITERS: Final = (",", ";", "\t")
"""Where a comma is in decimals, spreadsheets write one of the others."""
_DECIMAL: Final = re.compile(r"(-?[0-9]+),([0-9]+)", re.ASCII)


class Header(Struct, frozen=True):
    """How the rows of a CSV are read."""

    delimiter: str
    names: Sequence[str]
    """Of the columns; empty for one without a name."""
    lines: int

    def columns(self, cells: Sequence[list[str]]) -> dict[str, list[str]]:
        """The columns that have a name, by it; one without has no cell, as `unnamed` has seen to."""
        named = {name: column for name, column in zip(self.names, cells, strict=True) if name}
        if self.delimiter == ",":
            return named
        return {name: _with_points(name, column) for name, column in named.items()}

    def unnamed(self, cells: Sequence[list[str]]) -> tuple[int, str] | None:
        """The first row with a cell under a column without a name, and the cell; None where there is none."""
        columns = [column for name, column in zip(self.names, cells, strict=True) if not name]
        found = ((row, cell) for column in columns for row, cell in enumerate(column) if cell.strip())
        return next(found, None)


def delimiter_of(line: str) -> str:
    """What stands between the names of a header: that by which most of them are known."""

    def known(delimiter: str) -> int:
        with suppress(csv.Error):
            names: list[str] = next(csv.reader([line], delimiter=delimiter), [])
            return sum(is_known(name.strip()) for name in names)
        return 0

    return max(DELIMITERS, key=known)


def header_of(delimiter: str, reader: Any, where: str) -> Header:
    """The header, by a reader of CSV at its beginning. InputError."""
    try:
        names = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise InputError(f"is no CSV ({error})", where=within(where, f"line {reader.line_num}")) from error
    if not any(names):
        raise InputError("the file is empty", where=where or None)
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two columns are named {twice!r}", where=within(where, "line 1"))
    return Header(delimiter, names, reader.line_num)


def _with_points(name: str, column: list[str]) -> list[str]:
    """Decimals as JSON has them."""
    if not is_number(name) or not any("," in cell for cell in column):
        return column
    return [_DECIMAL.sub(r"\1.\2", cell) if _DECIMAL.fullmatch(cell) else cell for cell in column]
