"""Turns the blocks a Markdown parser finds into headings, tables and strays, each with its line.

pulldown-cmark (through pyromark) says what is a block and what a table by the GFM standard, ten megabytes
in seconds. What the standard drops in silence, a row that a blank line cut off or a table whose delimiter
row does not fit, is looked for in the lines between, and reported with its line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pyromark

from partner_insights.tables.document import (
    MAX_ORPHANS,
    MAX_PARTS,
    Document,
    EnclosingBlock,
    Heading,
    OrphanLine,
    Table,
    TableRow,
)
from partner_insights.tables.html import read_html_table
from partner_insights.tables.inline import fold, read_inline
from partner_insights.tables.rows import delimiter_width, row_of, split_row

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNSPACED = re.compile(r"(#{2,6})(?=\w)")
_CLOSING_HASHES = re.compile(r"(?:^|[ \t])#+$")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_CONTAINER_MARKS = re.compile(r"(?:\s|>|[-*+]\s|\d{1,9}[.)]\s)*")
_DEFINITION = re.compile(r" {0,3}\[([^\[\]]+)\]:\s*<?([^\s<>]+)>?\s*(?:[\"'(].*)?")
_REFERENCE = re.compile(r"\[([^\[\]]+)\](?:\[([^\[\]]*)\])?(?![\[(:])")
_SLUG_DROPS = re.compile(r"[^\w\- ]")
_ANCHOR = re.compile(r"<(?:a|span)\s+(?:id|name)=[\"']?([\w.-]+)[\"']?\s*/?>", re.IGNORECASE)
_TAG_ANCHOR = re.compile(r"\s*<\w+\s+(?:id|name)=([\"'])([^\"'<>]+)\1\s*/>\s*")
_HTML_HEADING = re.compile(r"<(/?)h([1-6])(?:\s[^<>]*)?>", re.IGNORECASE)
_BOLD = re.compile(r"\s*(\*\*|__)([^*_]+)\1:?\s*")
_HTML_ID = re.compile(r"\sid=[\"']?([\w.-]+)", re.IGNORECASE)
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)\s*")
_DASHES = re.compile(r"-{2,}")
_NAMESPACE = re.compile(r"Namespace: ")
_VERBATIM = re.compile(r"<(?:!--|script\b|pre\b|style\b|textarea\b)", re.IGNORECASE)
_VERBATIM_END = re.compile(r"-->|</(?:script|pre|style|textarea)>", re.IGNORECASE)
# More columns than this are no table of properties; rows filled up to its width could cost any memory.
_WIDEST = 128
# What introduces a table is a sentence or two.
_MAX_LEAD = 100
_BELOW_ALL = 7
"""The level of a heading that is a paragraph in bold: those of the standard have 1 to 6."""
_CONTAINERS = frozenset({"BlockQuote", "List"})
_BLOCKS = frozenset({"Heading", "Paragraph", "Table", "CodeBlock", "HtmlBlock"})
_ROWS = frozenset({"TableHead", "TableRow"})


# The parser is to see no marks within rows: only their lines are needed, and each mark is an event.
_WITHOUT_MARKS = str.maketrans("*_`[]<>!&~", "x" * 10)


def _name(tag: Any) -> str:
    """What an event opens or closes: pyromark gives a name, or a name with its attributes."""
    return tag if isinstance(tag, str) else next(iter(tag), "") if isinstance(tag, dict) else ""


def _shown(line: str) -> str:
    """A line as the parser is to see it, as many bytes long but for one space, or nothing of an anchor.

    `##Name` is text by the standard and a heading to its author; a tab between cells is a space to both.
    """
    if "|" in line:
        if "\t" in line:
            indent = line[: len(line) - len(line.lstrip())]
            line = indent + line[len(indent) :].replace("\t", " ")
        if line.startswith("|"):
            return line.translate(_WITHOUT_MARKS)
    if line.endswith("/>") and _TAG_ANCHOR.fullmatch(line):
        return ""  # by the standard the heading right below would be part of the HTML
    return _UNSPACED.sub(r"\1 ", line, count=1) if "##" in line else line


def _definitions(lines: Sequence[str]) -> dict[str, str]:
    """Where the links lead that are written `[text][label]`, by label; the first definition counts."""
    targets: dict[str, str] = {}
    for line in lines:
        if "]:" in line and (found := _DEFINITION.fullmatch(line)):
            targets.setdefault(fold(found[1]).casefold(), found[2])
    return targets


def _offsets(lines: Sequence[str], *, ascii: bool) -> list[int]:
    """Where each line begins, in bytes."""
    sizes = map(len, lines) if ascii else (len(line.encode("utf-8", "replace")) for line in lines)
    return [0, *accumulate(size + 1 for size in sizes)]


class Blocks:
    """Goes over the blocks of a page once and files what they hold in a document."""

    def __init__(self, document: Document, lines: list[str]) -> None:
        self.document = document
        self.lines = lines
        self.path: list[Heading] = []
        self.lead = self.above = ""
        self.above_ends = 0
        self.slugs: Counter[str] = Counter()
        self.targets = _definitions(lines)
        self.salvaged: list[TableRow] = []
        self.swept = 0  # the index of the first line that nothing has been made of yet
        self.parts = 0

    def read(self, start: int) -> None:
        """File everything from the line of index `start` on."""
        shown = [*[""] * start, *map(_shown, self.lines[start:])]
        text = "\n".join(shown).encode("utf-8", "replace").decode()
        offsets = _offsets(shown, ascii=text.isascii())
        parser = pyromark.Markdown(options=pyromark.Options.ENABLE_TABLES)
        self.swept, depth, rows = start, 0, list[int]()
        for event, place in parser.events_with_range(text):
            if isinstance(event, str):
                continue
            ((kind, tag),) = event.items()
            if tag == "TableCell" or (kind != "Start" and kind != "End"):
                continue
            name = _name(tag)
            if name in _CONTAINERS:
                depth += 1 if kind == "Start" else -1
            elif kind == "Start" and name in _BLOCKS:
                first, end = (
                    bisect_right(offsets, place["start"]) - 1,
                    bisect_right(offsets, place["end"] - 1),
                )
                self._block(name, tag, first, end, nested=depth > 0)
            elif kind == "Start" and name in _ROWS:
                rows.append(bisect_right(offsets, place["start"]) - 1)
                self._count(1, rows[-1])
            elif name == "Table":
                self._table(rows, nested=depth > 0)
                rows = []
            if self.document.too_long_at is not None:
                return
        self._sweep(len(self.lines))
        self._restore()

    def _count(self, parts: int, index: int) -> None:
        """Take note of so many parts, the first on the line of this index; too many end the reading."""
        self.parts += parts
        if self.parts > MAX_PARTS:
            self._too_long(index)

    def _too_long(self, index: int) -> None:
        """Say that the page proved too long at the line of this index."""
        if self.document.too_long_at is None:
            self.document.too_long_at = index + 1

    def _block(self, name: str, opened: Any, start: int, end: int, *, nested: bool) -> None:
        """File what begins at the line of index `start` and ends before that of index `end`."""
        if start < self.swept:
            return  # an HTML table has taken these lines
        self._count(name != "Table", start)
        if name == "Paragraph" and nested:
            return  # one in a quote or list introduces nothing
        self._sweep(start)
        if name == "Heading":
            self._heading(int(opened["Heading"]["level"][1:]), start, end)
            self.swept = end
        elif name == "Paragraph":
            self.above, self.above_ends = "\n".join(self.lines[start : min(end, start + _MAX_LEAD)]), end
            if not self.lead and not _NAMESPACE.match(self.above):
                lead = read_inline(self._with_target(self.above) if self.targets else self.above)
                self.lead = lead.text
                if self.path:
                    self.document.leads[self.path[-1].line] = lead
        elif name == "CodeBlock":
            self._code(opened["CodeBlock"] == "Indented", start, end)
            self.swept = end
        elif name == "HtmlBlock":
            self._html(start, end)

    # Headings

    def _heading(self, level: int, start: int, end: int) -> None:
        line = self._content(start)
        if line.lstrip().startswith("#"):
            spaced = _UNSPACED.match(line) is None
            markdown = _CLOSING_HASHES.sub("", line.strip()[level:].strip())
        else:
            spaced = True
            markdown = fold(
                " ".join(self._content(index) for index in range(start, min(end - 1, start + 20)))
            )
        aliases = tuple(_ANCHOR.findall(markdown)) if "<" in markdown else ()
        if start and (tag := _TAG_ANCHOR.fullmatch(self.lines[start - 1])):
            aliases = (*aliases, tag[2])
        self._enter(level, markdown, start, aliases, spaced=spaced)

    def _enter(
        self, level: int, markdown: str, start: int, aliases: tuple[str, ...], *, spaced: bool = True
    ) -> None:
        """File a heading on the line of index `start`, whatever marks it is written with."""
        text = read_inline(markdown).text
        slug = _SLUG_DROPS.sub("", text.lower()).replace(" ", "-")
        anchor = f"{slug}-{self.slugs[slug]}" if self.slugs[slug] else slug
        self.slugs[slug] += 1
        self.path = [above for above in self.path if above.level < level]
        for above in reversed(self.path):
            firsts = (above.anchor, above.anchor.replace("_", ""), above.anchor.replace("_", "-"))
            aliases += tuple(f"{first}-{last}" for first in firsts for last in (slug, _DASHES.sub("-", slug)))
        heading = Heading(level, text, anchor, start + 1, tuple(dict.fromkeys(aliases)), spaced)
        self.path.append(heading)
        self.lead = self.above = ""
        self.document.headings.append(heading)

    # Code and HTML

    def _code(self, indented: bool, start: int, end: int) -> None:
        if indented:
            self._strays("code_block", start, end)
            return
        mark, last = _FENCE.match(self._content(start)), self._content(end - 1).strip()
        if mark and not (end - 1 > start and last.startswith(mark[1]) and not last.strip(mark[1][0])):
            self._strays("unclosed", start + 1, end)

    def _html(self, start: int, end: int) -> None:
        if _VERBATIM.match(self._content(start)):
            if not any(_VERBATIM_END.search(self.lines[index]) for index in range(start, end)):
                self._strays("unclosed", start + 1, end)
            self.swept = end
            return
        index = start
        while index < end and self.document.too_long_at is None:
            self._html_headings(index)
            if "<table" in self.lines[index].casefold():
                index = self._html_table(index)
            else:
                self._strays("html_block", index, index + 1)
                index += 1
        self.swept = index

    def _html_headings(self, index: int) -> None:
        """File the headings of a line of HTML, up to a table in it."""
        line, opened = self.lines[index], None
        table = line.casefold().find("<table")
        for tag in _HTML_HEADING.finditer(line, 0, len(line) if table < 0 else table):
            if not tag[1]:
                opened = tag
            elif opened is not None and opened[2] == tag[2]:
                self._count(1, index)
                content = line[opened.end() : tag.start()]
                self._enter(int(tag[2]), content, index, tuple(_HTML_ID.findall(opened[0])))
                opened = None
            if self.document.too_long_at is not None:
                return

    def _html_table(self, start: int) -> int:
        end, table, fault = read_html_table(self.lines, start)
        self._count(max(1, len(table)), start)
        if table and not fault:
            header, *rows = table
            self._file(header, [row_of(row.line, row.cells, len(header.cells)) for row in rows])
        else:
            self.document.html_tables.append((start + 1, fault))
        return end

    # Tables

    def _table(self, rows: list[int], *, nested: bool) -> None:
        """File the table whose rows stand on the lines of these indexes, the header first."""
        if rows[0] < self.swept:
            return  # an HTML table has taken these lines
        last = rows[-1]
        rows = rows if nested else self._unindented(rows)
        cells = self._cells(rows[0])
        if len(cells) > _WIDEST:
            self._orphan("wide", rows[0], headless=True)
        else:
            header = TableRow(rows[0] + 1, tuple(cells), len(cells))
            self._file(header, [self._row(index, len(cells)) for index in rows[1:]])
        self.swept = max(self.swept, rows[-1] + 1, rows[0] + 2)
        if rows[-1] < last:
            self._underlined(last)

    def _underlined(self, last: int) -> None:
        """File the headings among the lines below code in a table, which the parser took for rows."""
        for index in range(self.swept + 1, min(last + 2, len(self.lines))):
            line = self.lines[index]
            if index > self.swept and _UNDERLINE.fullmatch(line):
                self._heading(1 if "=" in line else 2, self.swept, index + 1)
                self.swept = index + 1
            elif delimiter_width(line) == len(split_row(self.lines[index - 1])):
                return  # another table

    def _unindented(self, rows: list[int]) -> list[int]:
        """The rows up to the first that is indented as code is: there a table ends by the standard."""
        indented = [self.lines[index].startswith(("    ", "\t")) for index in rows]
        if True not in indented[1:]:
            return rows
        first = indented.index(True, 1)
        code = [*indented, False].index(False, first) - first
        self.swept = rows[first] + code  # what follows the code may be another table
        self._strays("code_block", rows[first], self.swept)
        return rows[:first]

    def _row(self, index: int, width: int) -> TableRow:
        return row_of(index + 1, self._cells(index), width)

    def _cells(self, index: int) -> list[str]:
        cells = split_row(self._content(index))
        return [self._with_target(cell) for cell in cells] if self.targets else cells

    def _with_target(self, cell: str) -> str:
        """The cell with links by reference written out: what they refer to stands outside the table."""

        def written_out(link: re.Match[str]) -> str:
            target = self.targets.get(fold(link[2] or link[1]).casefold())
            return link[0] if target is None else f"[{link[1]}]({target})"

        return _REFERENCE.sub(written_out, cell) if "]" in cell else cell

    def _file(self, header: TableRow, rows: Sequence[TableRow]) -> None:
        self._restore()
        self._bold_heading(header.line - 1)
        above = read_inline(self.above).text if self.above else ""
        self.document.tables.append(Table(header, tuple(rows), tuple(self.path), self.lead, above))

    def _bold_heading(self, index: int) -> None:
        """File the paragraph right above a table as its heading where all of it is bold, below all others."""
        bold = _BOLD.fullmatch(self.above)
        if bold is not None and not any(map(str.strip, self.lines[self.above_ends : index])):
            if self.path and self.document.leads.get(self.path[-1].line) == read_inline(self.above):
                del self.document.leads[self.path[-1].line]  # it introduces nothing
            self._enter(_BELOW_ALL, bold[2], self.above_ends - 1, ())

    # What the standard drops

    def _sweep(self, end: int) -> None:
        """Look for rows and headless tables in the lines before `end` that no table has taken."""
        index = self.swept
        while index < end:
            if "|" not in self.lines[index]:
                index += 1
            elif self._headless(index, end):
                index = self._unfit_table(index, end)
            else:
                self._strays("paragraph", index, index + 1)
                index += 1
        self.swept = max(self.swept, end)

    def _headless(self, index: int, end: int) -> bool:
        """Whether a line heads a table the parser saw none in: mostly, its delimiter row does not fit."""
        if index + 1 >= end or "|" not in self.lines[index + 1]:
            return False
        return bool(delimiter_width(self._content(index + 1))) and len(split_row(self._content(index))) > 1

    def _unfit_table(self, start: int, end: int) -> int:
        """File such a table, its rows as salvaged; returns the index of the line after it."""
        cells = self._cells(start)
        if len(cells) > _WIDEST:
            self._orphan("wide", start, headless=True)
            return start + 2
        # A fitting header right below other words with pipes is a table to GFM, though not to this parser.
        fits = delimiter_width(self._content(start + 1)) == len(cells)
        if not fits:
            self._orphan("paragraph", start, headless=True)
        stop = start + 2
        while stop < end and self._content(stop):
            stop += 1
        rows = [replace(self._row(index, len(cells)), salvaged=not fits) for index in range(start + 2, stop)]
        self._file(TableRow(start + 1, tuple(cells), len(cells)), rows)
        return stop

    def _content(self, index: int) -> str:
        """A line without the marks of the quotes and lists around it."""
        line = self.lines[index]
        return line if line.startswith(("|", "#")) else _CONTAINER_MARKS.sub("", line, count=1)

    def _orphan(self, block: EnclosingBlock, index: int, *, headless: bool) -> None:
        if len(self.document.orphans) == MAX_ORPHANS:
            self._too_long(index)
            return
        heading = self.path[-1] if self.path else None
        self.document.orphans.append(
            OrphanLine(index + 1, fold(self._content(index)), block, heading, headless=headless)
        )

    def _strays(self, block: EnclosingBlock, start: int, end: int) -> None:
        for index in range(start, end):
            line = self._content(index) if "|" in self.lines[index] else ""
            if line.startswith("|") and len(split_row(line)) > 1 and not delimiter_width(line):
                self._orphan(block, index, headless=False)
                if block == "paragraph":
                    self._salvage(index)

    def _salvage(self, index: int) -> None:
        """Give an orphan line back to the table above it, where it fits as a row; it stays reported."""
        table = self.document.tables[-1] if self.document.tables else None
        if table is None or table.headings != tuple(self.path):
            return
        cells = self._cells(index)
        if len(cells) == len(table.header.cells) and index + 1 > table.line:
            self.salvaged.append(TableRow(index + 1, tuple(cells), len(cells), salvaged=True))

    def _restore(self) -> None:
        """Put the salvaged rows behind the table they follow, before the next one is filed."""
        if self.salvaged:
            table = self.document.tables[-1]
            self.document.tables[-1] = replace(table, rows=(*table.rows, *self.salvaged))
            self.salvaged.clear()
