"""The first line of a CSV → what stands between its cells, and the names of its columns."""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from partner_insights.errors import InputError
from partner_insights.world.own.chunk import within
from partner_insights.world.own.columns_of_data import is_number, known_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DELIMITERS: Final = (",", ";", "\t")
"""Where a comma is in decimals, spreadsheets write one of the others."""
_HINT: Final = re.compile(r"sep=([,;\t|])\s*")
"""What Excel takes before the header: what stands between cells."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_DIGITS: Final = frozenset("0123456789,")
_DECIMAL: Final = re.compile(r"(-?[0-9]+),([0-9]+)", re.ASCII)


class Header(Struct, frozen=True):
    """How the rows of a CSV are read."""

    delimiter: str
    is_padded: bool
    """Whether there are spaces around the cells, as around the names."""
    names: Sequence[str]
    """Of the columns; empty for one without a name."""
    lines: int

    def reader(self, text: Iterable[str]) -> Any:
        """What reads the rows."""
        return csv.reader(text, strict=True, delimiter=self.delimiter, skipinitialspace=self.is_padded)

    def columns(self, cells: Sequence[list[str]]) -> dict[str, list[str]]:
        """The columns that have a name, by it; one without has no cell, as `unnamed` has seen to."""
        named = {name: column for name, column in zip(self.names, cells, strict=True) if name}
        if self.is_padded:
            named = {name: [cell.strip(" ") for cell in column] for name, column in named.items()}
        if self.delimiter == ",":
            return named
        return {name: _with_points(name, column) for name, column in named.items()}

    def unnamed(self, cells: Sequence[list[str]]) -> tuple[int, str] | None:
        """The first row with a cell under a column without a name, and the cell; None where there is none."""
        columns = [column for name, column in zip(self.names, cells, strict=True) if not name]
        found = ((row, cell) for column in columns for row, cell in enumerate(column) if cell.strip())
        return next(found, None)


def read_header(text: Iterable[str], lines: Sequence[str], where: str) -> Header:
    """The header at the beginning of a text, which begins with those lines. InputError."""
    first, second, *_ = *lines[:2], "", ""
    hint = _HINT.fullmatch(first)
    delimiter, line = (_delimiter_of(first), first) if hint is None else (hint[1], second)
    is_padded = any(part != part.strip(" ") for part in line.split(delimiter))
    reader = csv.reader(text, strict=True, delimiter=delimiter, skipinitialspace=is_padded)
    try:
        if hint is not None:
            next(reader)
        names = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise InputError(f"is no CSV ({error})", where=within(where, f"line {reader.line_num}")) from error
    if not any(names):
        words = "the header names no column" if names else "the file is empty"
        raise InputError(words, where=where or None)
    if _CONTROL.search("".join(names)):
        words = "is no CSV: there are control characters in the header"
        raise InputError(words, where=within(where, "line 1"), remedy="save it as CSV in UTF-8")
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two columns are named {twice!r}", where=within(where, f"line {reader.line_num}"))
    return Header(delimiter, is_padded, names, reader.line_num)


def _delimiter_of(line: str) -> str:
    """What stands between the names of a header: that by which most of them are known."""

    def known(delimiter: str) -> int:
        with suppress(csv.Error):
            names: list[str] = next(csv.reader([line], delimiter=delimiter), [])
            return sum(known_name(name.strip()) is not None for name in names)
        return 0

    return max(DELIMITERS, key=known)


def _with_points(name: str, column: list[str]) -> list[str]:
    """Decimals as JSON has them."""
    signs = set("".join(column)) if is_number(name) else set()
    if "," not in signs:
        return column
    if signs <= _DIGITS:
        return [cell.replace(",", ".") if cell.count(",") == 1 else cell for cell in column]
    return [_DECIMAL.sub(r"\1.\2", cell) if _DECIMAL.fullmatch(cell) else cell for cell in column]
