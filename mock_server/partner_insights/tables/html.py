"""Turns an HTML table among the lines of a page into rows of Markdown cells, or says why it cannot."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from partner_insights.tables.document import TableRow

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOKEN = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)([^<>]*)>|[^<]+|<")
_HREF = re.compile(r"\bhref\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_SPAN = re.compile(r"\b(?:row|col)span\s*=\s*[\"']?(\d+)", re.IGNORECASE)
_MARKS = re.compile(r"([\\`*_\[\]<>&|!])")
_COMMENT = re.compile(r"<!--.{0,500}?-->")
# What changes the meaning of what is in it: raised, it is no digit of a number; struck, it holds no longer.
_KEPT = ("sup", "sub", "s", "del", "strike")
# No real table is longer, and none that is longer is worth the memory.
_MAX_LINES = 5_000


def read_html_table(lines: Sequence[str], start: int) -> tuple[int, tuple[TableRow, ...], str]:
    """The table whose `<table` stands on the line of index `start`.

    Returns the index of the line after it, its rows (the header first; none where it cannot be read for
    certain), and why not.
    """
    reader = _Reader()
    for index in range(start, min(len(lines), start + _MAX_LINES)):
        text = lines[index]
        if index == start:
            text = text[text.casefold().index("<table") :]
        for token in _TOKEN.finditer(_COMMENT.sub("", text)):
            reader.take(token, index + 1)
            if reader.depth > 1:
                return max(index, start + 1), (), "it holds another table"
            if reader.closed:
                return (
                    index + 1,
                    (() if reader.fault else tuple(reader.rows)),
                    reader.fault or ("" if reader.rows else "it has no rows"),
                )
        reader.text(" ")
    return start + 1, (), "it is never closed"


class _Reader:
    """Gathers rows, one token after the other."""

    def __init__(self) -> None:
        self.rows: list[TableRow] = []
        self.cells: list[str] | None = None
        self.cell: list[str] | None = None
        self.line = 0
        self.target: str | None = None
        self.fault = ""
        self.depth = 0
        self.closed = False

    def take(self, token: re.Match[str], line: int) -> None:
        if token[2] is None:
            self.text(token[0])
            return
        self.tag(token[2].lower(), token[3], line, closing=bool(token[1]))

    def text(self, text: str) -> None:
        if self.cell is not None:
            self.cell.append(_MARKS.sub(r"\\\1", unescape(text)))

    def tag(self, name: str, attributes: str, line: int, *, closing: bool) -> None:
        if name == "table":
            self._table(closing)
        elif name in ("td", "th"):
            self._end_cell()
            if not closing:
                self._begin_cell(attributes, line)
        elif name == "tr":
            self._end_row()
            if not closing:
                self.cells, self.line = [], line
        elif name == "a" and self.cell is not None:
            self._anchor(attributes, closing=closing)
        elif name in _KEPT and self.cell is not None:
            self.cell.append(f"<{'/' * closing}{name}>")
        elif name in ("br", "p", "li", "div") and self.cell is not None:
            self.cell.append("<br>")

    def _table(self, closing: bool) -> None:
        self.depth += -1 if closing else 1
        if self.depth == 0:
            self._end_row()
            self.closed = True

    def _begin_cell(self, attributes: str, line: int) -> None:
        if any(int(span[:4]) > 1 for span in _SPAN.findall(attributes)):
            self.fault = self.fault or "it has a cell over several rows or columns"
        if self.cells is None:
            self.cells, self.line = [], line
        self.cell = []

    def _end_cell(self) -> None:
        if self.cell is not None and self.cells is not None:
            if self.target is not None:
                self._anchor("", closing=True)
            text = " ".join("".join(self.cell).split())
            while text.startswith("<br>") or text.endswith("<br>"):
                text = text.removeprefix("<br>").removesuffix("<br>").strip()
            self.cells.append(text)
        self.cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self.cells:
            self.rows.append(TableRow(self.line, tuple(self.cells), len(self.cells)))
        self.cells = None

    def _anchor(self, attributes: str, *, closing: bool) -> None:
        assert self.cell is not None  # noqa: S101 - the callers have looked
        if closing and self.target is not None:
            self.cell.append(f"]({self.target})")
            self.target = None
        elif not closing and (href := _HREF.search(attributes)):
            self.target = unescape(next(filter(None, href.groups()), "")).replace(" ", "%20")
            self.cell.append("[")
