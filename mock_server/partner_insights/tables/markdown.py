"""Turns Markdown text into its front matter, headings and tables, each with the line it stands on."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from markdown_it import MarkdownIt

from partner_insights.tables.inline import fold, read_inline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from markdown_it.token import Token

# No-break spaces are spaces to an author but not to a parser; the rest shows nothing and breaks names.
_INVISIBLE = str.maketrans(
    {0xA0: " ", 0x202F: " ", 0x00: "\N{REPLACEMENT CHARACTER}"}
    | dict.fromkeys((0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF), "")
)
_FENCE = re.compile(r"---\s*")
_FENCE_END = re.compile(r"(?:---|\.\.\.)\s*")
_METADATA = re.compile(r"([A-Za-z_][\w.-]*)\s*:(?:\s+(.*))?")
_CELL_EDGE = re.compile(r"(?<!\\)\|")
_DELIMITER_ROW = re.compile(r"[\s|:-]*-[\s|:-]*")
_CONTAINER_MARKS = re.compile(r"(?:\s|>|[-*+]\s|\d{1,9}[.)]\s)*")
_SLUG_DROPS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Heading:
    """A heading; `anchor` is the fragment a link to it ends with."""

    level: int
    text: str
    anchor: str
    line: int


@dataclass(frozen=True)
class Row:
    """A table row: as many cells (Markdown, trimmed) as the header has, and how many it was written with.

    `surplus` is what stands in cells beyond the header's, which the Markdown standard drops.
    """

    line: int
    cells: tuple[str, ...]
    written: int
    surplus: str = ""


@dataclass(frozen=True)
class Table:
    """A table, the headings it stands under (outermost first), and the first paragraph under the last."""

    header: Row
    rows: tuple[Row, ...]
    headings: tuple[Heading, ...]
    lead: str

    @property
    def line(self) -> int:
        """The line of the header row."""
        return self.header.line


@dataclass(frozen=True)
class Stray:
    """A line that was meant for a table and by the Markdown standard is in none."""

    line: int
    text: str
    block: Literal["paragraph", "html_block", "code_block"]
    heading: Heading | None
    headless: bool  # the header row of a table whose delimiter row does not fit it


@dataclass
class Document:
    """What a page is made of, in the order of its lines (which count from 1, front matter included)."""

    metadata: Mapping[str, str]
    unclosed_front_matter: bool = False
    headings: list[Heading] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    html_tables: list[int] = field(default_factory=list)


def read_document(text: str) -> Document:
    """The parts of a page; any text is a page."""
    lines = re.split(r"\r\n|\r|\n", text.translate(_INVISIBLE))
    metadata, body_start, unclosed = _front_matter(lines)
    document = Document(metadata, unclosed)
    body = [""] * body_start + lines[body_start:]
    _Walk(document, body).over(_block_parser().parse("\n".join(body)))
    return document


@lru_cache(maxsize=1)
def _block_parser() -> MarkdownIt:
    """Blocks only: the text of a cell is parsed where somebody wants to know it."""
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _front_matter(lines: Sequence[str]) -> tuple[dict[str, str], int, bool]:
    """The metadata, the index of the first line after it, and whether it was opened but never closed."""
    if not _FENCE.fullmatch(lines[0]):
        return {}, 0, False
    metadata: dict[str, str] = {}
    for index, line in enumerate(lines[1:], start=1):
        if _FENCE_END.fullmatch(line):
            return metadata, index + 1, False
        if entry := _METADATA.fullmatch(line):
            metadata[entry[1]] = (entry[2] or "").strip().strip("\"'")
    opened = len(lines) > 1 and _METADATA.fullmatch(lines[1]) is not None
    return {}, 0, opened


class _Walk:
    """Goes over the blocks of a page once and files them in a document."""

    def __init__(self, document: Document, lines: Sequence[str]) -> None:
        self.document = document
        self.lines = lines
        self.path: list[Heading] = []
        self.lead = ""
        self.slugs: Counter[str] = Counter()

    def over(self, tokens: Sequence[Token]) -> None:
        stream = iter(tokens)
        for token in stream:
            if token.type == "heading_open":
                self._heading(token, next(stream).content)
            elif token.type == "paragraph_open":
                self._paragraph(token, next(stream).content)
            elif token.type == "table_open":
                self._table(token, stream)
            elif token.type in ("html_block", "code_block"):
                self._swallowed(token)

    def _heading(self, token: Token, markdown: str) -> None:
        text = read_inline(markdown).text
        slug = _SLUG_DROPS.sub("", text.lower()).replace(" ", "-")
        anchor = f"{slug}-{self.slugs[slug]}" if self.slugs[slug] else slug
        self.slugs[slug] += 1
        heading = Heading(int(token.tag[1:]), text, anchor, _lines_of(token)[0] + 1)
        self.path = [above for above in self.path if above.level < heading.level] + [heading]
        self.lead = ""
        self.document.headings.append(heading)

    def _paragraph(self, token: Token, markdown: str) -> None:
        if token.level == 0:  # a paragraph in a quote or list introduces nothing
            self.lead = self.lead or read_inline(markdown).text
        if "|" in markdown:
            self._strays("paragraph", *_lines_of(token))

    def _swallowed(self, token: Token) -> None:
        start, end = _lines_of(token)
        block: Literal["html_block", "code_block"] = (
            "html_block" if token.type == "html_block" else "code_block"
        )
        if block == "html_block" and "<table" in token.content.casefold():
            self.document.html_tables.append(start + 1)
        elif "|" in token.content:
            self._strays(block, start, end)

    def _strays(self, block: Literal["paragraph", "html_block", "code_block"], start: int, end: int) -> None:
        heading = self.path[-1] if self.path else None
        for index in range(start, end):
            line = _CONTAINER_MARKS.sub("", self.lines[index], count=1)
            below = _CONTAINER_MARKS.sub("", self.lines[index + 1], count=1) if index + 1 < end else ""
            headless = "|" in line and "|" in below and _DELIMITER_ROW.fullmatch(below) is not None
            if headless or (
                line.startswith("|") and len(_split(line)) > 1 and not _DELIMITER_ROW.fullmatch(line)
            ):
                self.document.strays.append(Stray(index + 1, fold(line), block, heading, headless))

    def _table(self, opening: Token, stream: Iterator[Token]) -> None:
        rows: list[Row] = []
        cells: list[str] = []
        for token in stream:
            if token.type == "inline":
                cells.append(token.content)
            elif token.type == "tr_open":
                cells, row_index = [], _lines_of(token)[0]
            elif token.type == "tr_close":
                rows.append(self._row(row_index, tuple(cells), nested=opening.level > 0))
            elif token.type == "table_close":
                break
        self.document.tables.append(Table(rows[0], tuple(rows[1:]), tuple(self.path), self.lead))

    def _row(self, index: int, cells: tuple[str, ...], *, nested: bool) -> Row:
        line = self.lines[index]
        written = _split(_CONTAINER_MARKS.sub("", line, count=1) if nested else line)
        return Row(index + 1, cells, len(written), " | ".join(filter(None, written[len(cells) :])))


def _split(line: str) -> list[str]:
    """The cells of a row as it is written, by the rule of the GFM standard."""
    cells = _CELL_EDGE.split(line.strip())
    if cells and not cells[0]:
        cells = cells[1:]
    if cells and not cells[-1]:
        cells = cells[:-1]
    return [cell.strip() for cell in cells]


def _lines_of(token: Token) -> tuple[int, int]:
    """The indices of the token's first line and of the line after its last."""
    start, end = token.map or (0, 0)
    return start, end
