"""The parts of a page: headings, tables, and the lines meant for a table that are in none."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from partner_insights.tables.inline import Inline, read_inline

if TYPE_CHECKING:
    from collections.abc import Mapping

# The longest pages there are hold some thousands of each; ten megabytes of such pages in one keep within
# all of these. What is longer is generated, and wrong.
MAX_LINES = 300_000
MAX_PARTS = 80_000
MAX_MARKS = 700_000
MAX_DIFFERENT = 15_000
MAX_ORPHANS = 10_000

EnclosingBlock = Literal["paragraph", "html_block", "code_block", "unclosed", "wide"]
"""What a line belongs to that was meant for a table."""


@dataclass(frozen=True)
class Heading:
    """A heading; `anchor` is the fragment a link to it ends with.

    `aliases` are the anchors written in it (`<a name="sku"></a>`), and those of sites that put the anchor of
    a heading above it in front (`order-object-sku`). `spaced` is false for `##Name`, which the
    Markdown standard takes for text.
    """

    level: int
    text: str
    anchor: str
    line: int
    aliases: tuple[str, ...] = ()
    spaced: bool = True


@dataclass(frozen=True)
class TableRow:
    """A table row: as many cells (Markdown, trimmed) as the header has, and how many it was written with.

    `extra_cells` is what stands in cells beyond the header's, which the Markdown standard drops. `salvaged`
    is a row that the standard keeps out of the table; a diagnostic says so.
    """

    line: int
    cells: tuple[str, ...]
    written: int
    extra_cells: str = ""
    salvaged: bool = False


@dataclass(frozen=True)
class Table:
    """A table, the headings it stands under (outermost first), and the paragraphs around it.

    `lead` is the first paragraph under the last heading, `above` the last one before the table.
    """

    header: TableRow
    rows: tuple[TableRow, ...]
    headings: tuple[Heading, ...]
    lead: str
    above: str = ""

    @property
    def line(self) -> int:
        """The line of the header row."""
        return self.header.line

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The header's cells, as visible text."""
        return tuple(read_inline(cell).text for cell in self.header.cells)


@dataclass(frozen=True)
class OrphanLine:
    """A line that was meant for a table and by the Markdown standard is in none."""

    line: int
    text: str
    block: EnclosingBlock
    heading: Heading | None
    headless: bool  # the header row of a table whose delimiter row does not fit it


@dataclass
class Document:
    """What a page is made of, in the order of its lines (which count from 1, front matter included)."""

    metadata: Mapping[str, str]
    unclosed_front_matter: bool = False
    headings: list[Heading] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    orphans: list[OrphanLine] = field(default_factory=list)
    html_tables: list[tuple[int, str]] = field(default_factory=list)
    """The HTML tables that cannot be read: line, and why."""
    leads: dict[int, Inline] = field(default_factory=dict)
    """The first paragraph under each heading, by the heading's line."""
    too_long_at: int | None = None
    """The line at which it proved longer than any page, and the reading ended."""
