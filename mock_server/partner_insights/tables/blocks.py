"""Turns the lines of a page into headings, tables and strays, in one pass over the lines.

A Markdown parser would do, but for three things that documentation needs: a page of ten megabytes in
seconds, the line of all that the standard drops in silence, and the rows it drops although they are clear.
What is a table by the GFM standard is one here; a law in the tests holds this reader against a parser.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from partner_insights.tables.document import Document, Heading, Row, Stray, Swallower, Table
from partner_insights.tables.html import read_html_table
from partner_insights.tables.inline import fold, read_inline
from partner_insights.tables.rows import delimiter_width, row_of, split_row

_ATX = re.compile(r" {0,3}(#{1,6})([ \t].*|)")
_UNSPACED = re.compile(r"(#{2,6})(\w.*)")
_CLOSING_HASHES = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_MARKER = re.compile(r"( *)([-*+]|\d{1,9}[.)])(?=[ \t]|$)")
_SLUG_DROPS = re.compile(r"[^\w\- ]")
_ANCHOR = re.compile(r"<a\s+(?:id|name)=[\"']?([\w.-]+)[\"']?\s*/?>", re.IGNORECASE)
_VERBATIM = re.compile(r"<(script|pre|style|textarea)\b", re.IGNORECASE)
_HTML = re.compile(
    r"</?(?:address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|"
    r"dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|"
    r"main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|"
    r"title|tr|track|ul)(?:[\s>]|/>|$)",
    re.IGNORECASE,
)
_LONE_TAG = re.compile(r"</?[A-Za-z][\w-]*(?:\s[^<>]*)?/?>\s*")
# More columns than this are no table of properties; rows filled up to its width could cost any memory.
_WIDEST = 128


class Blocks:
    """Goes over the lines of a page once and files what they hold in a document."""

    def __init__(self, document: Document, lines: list[str]) -> None:
        self.document = document
        self.lines = lines
        self.path: list[Heading] = []
        self.lead = self.above = ""
        self.slugs: Counter[str] = Counter()
        self.offsets: list[int] = []  # how far the content of the list items around is indented
        self.after_blank = True
        self.salvaged: list[Row] = []

    def read(self, start: int) -> None:
        """File everything from the line of index `start` on."""
        index = start
        while index < len(self.lines):
            index = self._block(index)
        self._restore()

    def _block(self, index: int) -> int:
        """File the block that begins on a line; returns the index of the line after it."""
        depth, line = self._content(index)
        if not line or line.isspace():
            self.after_blank = True
            return index + 1
        self.after_blank = False
        first = line.lstrip()[0]
        if line.startswith("    ") or line[0] == "\t":
            self._strays("code_block", index, index + 1)
            return index + 1
        if first == "#" and self._heading(index, line):
            return index + 1
        if first in "`~" and (fence := _FENCE.match(line)):
            return self._fenced(index, fence[1])
        if first == "<" and (end := self._html(index, line)) is not None:
            return end
        if _RULE.fullmatch(line):
            return index + 1
        if "|" in line or ("|" in self._below(index) and index + 1 < len(self.lines)):
            end = self._table(index, depth, line)
            if end > index:
                return end
        return self._paragraph(index, depth, line)

    def _content(self, index: int) -> tuple[int, str]:
        """How deep in quotes a line stands, and its text without the marks of quotes and lists."""
        line = self.lines[index]
        if not line or (line[0] in "|#" and not self.offsets):
            return 0, line
        depth = 0
        if "\t" in line[: len(line) - len(line.lstrip()) + 1]:
            line = line.expandtabs(4)
        while line.startswith((">", " >", "  >", "   >")):
            depth += 1
            line = line.lstrip()[1:].removeprefix(" ")
            if depth > 100:
                break
        return depth, self._item_content(line)

    def _item_content(self, line: str) -> str:
        indent = len(line) - len(line.lstrip())
        if indent == len(line):
            return ""
        if self.after_blank or _MARKER.match(line):
            while self.offsets and indent < self.offsets[-1]:
                self.offsets.pop()
        cut = min(self.offsets[-1], indent) if self.offsets else 0
        text = line[cut:]
        for _ in range(20):
            marker = _MARKER.match(text)
            if not marker or len(marker[1]) > 3 or _RULE.fullmatch(text):
                break
            rest = text[marker.end() :]
            gap = len(rest) - len(rest.lstrip())
            gap = gap if 1 <= gap <= 4 else 1
            cut += marker.end() + gap
            self.offsets.append(cut)
            text = rest[gap:]
            if text.startswith(">"):
                text = text.lstrip("> ")
        return text

    def _below(self, index: int) -> str:
        return self.lines[index + 1] if index + 1 < len(self.lines) else ""

    # Headings

    def _heading(self, index: int, line: str) -> bool:
        spaced = _ATX.fullmatch(line)
        found = spaced or _UNSPACED.fullmatch(line)
        if not found:
            return False
        self._file_heading(len(found[1]), _CLOSING_HASHES.sub("", found[2].strip()), index, bool(spaced))
        return True

    def _file_heading(self, level: int, markdown: str, index: int, spaced: bool = True) -> None:
        text = read_inline(markdown).text
        slug = _SLUG_DROPS.sub("", text.lower()).replace(" ", "-")
        anchor = f"{slug}-{self.slugs[slug]}" if self.slugs[slug] else slug
        self.slugs[slug] += 1
        aliases = tuple(_ANCHOR.findall(markdown)) if "<" in markdown else ()
        heading = Heading(level, text, anchor, index + 1, aliases, spaced)
        self.path = [above for above in self.path if above.level < level] + [heading]
        self.lead = self.above = ""
        self.document.headings.append(heading)

    # Paragraphs

    def _paragraph(self, start: int, depth: int, line: str) -> int:
        """File a paragraph, or the setext heading that it turns out to be."""
        text = [line]
        index = start + 1
        while index < len(self.lines):
            here, below = self._content(index)
            if not below or below.isspace():
                break
            if (mark := _SETEXT.fullmatch(below)) and here == depth:
                self._file_heading(1 if mark[1][0] == "=" else 2, fold(" ".join(text[:20])), start)
                return index + 1
            if here != depth or self._interrupts(index, below):
                break
            text.append(below)
            index += 1
        self._strays("paragraph", start, index)
        if depth == 0 and not self.offsets:  # a paragraph in a quote or list introduces nothing
            self.above = "\n".join(text[:100])
            self.lead = self.lead or read_inline(self.above).text
        return index

    def _interrupts(self, index: int, line: str) -> bool:
        """Whether a line ends the paragraph above it."""
        text = line.lstrip()
        first = text[0]
        if first == "#":
            return _ATX.fullmatch(line) is not None or _UNSPACED.fullmatch(line) is not None
        if first in "`~":
            return _FENCE.match(line) is not None
        if first == "<":
            return text.startswith("<!--") or bool(_HTML.match(text) or _VERBATIM.match(text))
        if first in "-*+_" and _RULE.fullmatch(line):
            return True
        if first in "-*+0123456789" and _MARKER.match(self.lines[index]):
            return True
        if "|" in line or "|" in self._below(index):
            _, below = self._content(index + 1) if index + 1 < len(self.lines) else (0, "")
            return delimiter_width(below) == len(split_row(line)) != 0 and ("|" in line or "|" in below)
        return False

    # Code and HTML

    def _fenced(self, start: int, mark: str) -> int:
        closing = re.compile(rf" *{re.escape(mark[0])}{{{len(mark)},}}[ \t]*")
        for index in range(start + 1, len(self.lines)):
            line = self.lines[index]
            if mark[0] in line and closing.fullmatch(self._content(index)[1] if line[0] != mark[0] else line):
                return index + 1
        self._strays("unclosed", start + 1, len(self.lines))
        return len(self.lines)

    def _html(self, start: int, line: str) -> int | None:
        """File an HTML block; None where a line begins with `<` and is text all the same."""
        text = line.lstrip()
        if text.startswith("<!--"):
            return self._until(start, "-->")
        if verbatim := _VERBATIM.match(text):
            return self._until(start, f"</{verbatim[1].lower()}>")
        if not _HTML.match(text) and not _LONE_TAG.fullmatch(text):
            return None
        end = start
        while end < len(self.lines) and self.lines[end].strip():
            if "<table" in self.lines[end].casefold():
                return self._html_table(start, end)
            end += 1
        self._strays("html_block", start, end)
        return end

    def _html_table(self, block: int, start: int) -> int:
        self._strays("html_block", block, start)
        end, table, fault = read_html_table(self.lines, start)
        if table and not fault:
            header, *rows = table
            width = len(header.cells)
            fitted = tuple(row_of(row.line, row.cells, width) for row in rows)
            self._file(Table(header, fitted, tuple(self.path), self.lead, self._above()))
        else:
            self.document.html_tables.append((start + 1, fault))
        return end

    def _until(self, start: int, closing: str) -> int:
        for index in range(start, len(self.lines)):
            if closing in self.lines[index].lower():
                return index + 1
        self._strays("unclosed", start + 1, len(self.lines))
        return len(self.lines)

    # Tables

    def _above(self) -> str:
        return read_inline(self.above).text if self.above else ""

    def _table(self, start: int, depth: int, line: str) -> int:
        """File the table that begins on a line; returns `start` where none does."""
        if start + 1 >= len(self.lines):
            return start
        before = list(self.offsets)
        below_depth, below = self._content(start + 1)
        self.offsets = before
        written = delimiter_width(below)
        cells = split_row(line)
        if not written or below_depth != depth or not ("|" in line or "|" in below):
            return start
        fits = written == len(cells) and len(cells) <= _WIDEST
        if not fits:
            if "|" not in line or "|" not in below or len(cells) < 2:
                return start
            heading = self.path[-1] if self.path else None
            wide: Swallower = "wide" if len(cells) > _WIDEST else "paragraph"
            self.document.strays.append(Stray(start + 1, fold(line), wide, heading, headless=True))
            if wide == "wide":
                return start + 2
        header = Row(start + 1, tuple(cells), len(cells))
        rows: list[Row] = []
        end = self._rows(start + 2, depth, len(cells), rows, salvaged=not fits)
        self._file(Table(header, tuple(rows), tuple(self.path), self.lead, self._above()))
        return end

    def _rows(self, index: int, depth: int, width: int, rows: list[Row], *, salvaged: bool) -> int:
        while index < len(self.lines):
            here, line = self._content(index)
            if here != depth or not line or line.isspace() or self._ends_table(line, index):
                break
            row = row_of(index + 1, split_row(line), width)
            if salvaged:
                row = replace(row, salvaged=True)
            rows.append(row)
            index += 1
        return index

    def _ends_table(self, line: str, index: int) -> bool:
        first = line[0]
        if first == "|":
            return False
        if line.startswith("    "):
            return True
        text = line.lstrip()
        first = text[0]
        if first == "#":
            return _ATX.fullmatch(line) is not None or _UNSPACED.fullmatch(line) is not None
        if first == "<":
            return text.startswith("<!--") or bool(_HTML.match(text) or _VERBATIM.match(text))
        if first in "`~":
            return _FENCE.match(line) is not None
        if first in "-*+_0123456789":
            return bool(_RULE.fullmatch(line)) or _MARKER.match(self.lines[index]) is not None
        return False

    def _strays(self, block: Swallower, start: int, end: int) -> None:
        heading = self.path[-1] if self.path else None
        for index in range(start, end):
            if "|" not in self.lines[index]:
                continue
            _, line = self._content(index)
            line = line.strip()
            if not line.startswith("|"):
                continue
            if len(split_row(line)) > 1 and not delimiter_width(line):
                self.document.strays.append(Stray(index + 1, fold(line), block, heading, headless=False))
                if block == "paragraph":
                    self._salvage(index, line)

    def _salvage(self, index: int, line: str) -> None:
        """Give an orphan row back to the table above it, where it fits: the stray says that it was one."""
        table = self.document.tables[-1] if self.document.tables else None
        if table is None or table.headings != tuple(self.path):
            return
        cells = split_row(line)
        if len(cells) == len(table.header.cells) and index + 1 > table.line:
            self.salvaged.append(Row(index + 1, tuple(cells), len(cells), salvaged=True))

    def _restore(self) -> None:
        """Put the salvaged rows behind the table they follow, before the next one is filed."""
        if self.salvaged:
            table = self.document.tables[-1]
            self.document.tables[-1] = replace(table, rows=(*table.rows, *self.salvaged))
            self.salvaged.clear()

    def _file(self, table: Table) -> None:
        self._restore()
        self.document.tables.append(table)
