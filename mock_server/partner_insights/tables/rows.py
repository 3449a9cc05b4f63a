"""Turns a line into the cells of a table row, by the rule of the GFM standard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from partner_insights.tables.document import TableRow

if TYPE_CHECKING:
    from collections.abc import Sequence

_CELL_EDGE = re.compile(r"(?<!\\)\|")
_DELIMITER_CELL = re.compile(r":?-+:?")
_DELIMITER_CHARACTERS = frozenset("|-: \t")


def split_row(line: str) -> list[str]:
    """The trimmed cells of a row as it is written; `\\|` is a pipe within one."""
    text = line.strip()
    if "\\|" in text:
        cells = [cell.replace("\\|", "|") for cell in _CELL_EDGE.split(text)]
    else:
        cells = text.split("|")
    if not cells[0]:
        del cells[0]
    if cells and not cells[-1]:
        del cells[-1]
    return [cell.strip() for cell in cells]


def delimiter_width(line: str) -> int:
    """How many columns a delimiter row announces; 0 for any other line."""
    if "-" not in line or line.lstrip()[0] not in "|-:" or not _DELIMITER_CHARACTERS.issuperset(line):
        return 0
    cells = split_row(line)
    return len(cells) if all(map(_DELIMITER_CELL.fullmatch, cells)) else 0


def row_of(line: int, cells: Sequence[str], width: int) -> TableRow:
    """The row of a table that is `width` columns wide: filled up where it is short, cut where it is long."""
    written = len(cells)
    if written == width:
        return TableRow(line, tuple(cells), written)
    shown = tuple(cells[:width]) + ("",) * (width - written)
    return TableRow(line, shown, written, " | ".join(filter(None, cells[width:])))
