"""Turns the text of a page into its front matter and the parts of its body, each with its line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from partner_insights.tables.blocks import Blocks
from partner_insights.tables.document import MAX_LINES, MAX_MARKS, Document

if TYPE_CHECKING:
    from collections.abc import Sequence

# No-break spaces are spaces to an author but not to a parser; the rest shows nothing and breaks names.
_SPACES = re.compile("[\u00a0\u202f]")
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u200d\u2060\ufeff]")
_FENCE = re.compile(r"---\s*")
_FENCE_END = re.compile(r"(?:---|\.\.\.)\s*")
_MARKS = "[*`<|"
_METADATA = re.compile(r"([A-Za-z_][\w.-]*)\s*:(?:\s+(.*))?")


def read_document(text: str) -> Document:
    """The parts of a page; any text is a page."""
    visible = text if text.isascii() else _INVISIBLE.sub("", _SPACES.sub(" ", text))
    visible = visible.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    lines = visible.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    metadata, body_start, unclosed = _front_matter(lines)
    document = Document(metadata, unclosed, too_long_at=_too_long_at(lines))
    if document.too_long_at is None:
        Blocks(document, lines).read(body_start)
    return document


def _too_long_at(lines: Sequence[str]) -> int | None:
    """The line at which a page has more lines, or more characters that may mark something, than any page."""
    seen = 0
    for number, line in enumerate(lines, start=1):
        seen += sum(map(line.count, _MARKS))
        if seen > MAX_MARKS or number > MAX_LINES:
            return number
    return None


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
