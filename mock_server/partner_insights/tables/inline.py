"""Turns the Markdown of one cell, heading or paragraph into its visible text and its links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt

# Text without any of these is its own visible text: no need to parse it.
_MARKUP = re.compile(r"[\[\]*_`\\<>&!]")
# Nobody writes such a cell; left as it is, so that no text can cost more than its length.
_LONGEST_PARSED = 20_000
_BREAKS = {"softbreak", "hardbreak"}
_LINE_BREAK_TAG = re.compile(r"</?br\s*/?>", re.IGNORECASE)


@dataclass(frozen=True)
class Link:
    """A link: the text one sees and where it leads, as written (a leading `./` left out)."""

    text: str
    target: str


@dataclass(frozen=True)
class Inline:
    """Visible text, white space folded, without the marks of bold, code and the like; and its links."""

    text: str
    links: tuple[Link, ...] = ()


def read_inline(markdown: str) -> Inline:
    """The visible text and the links of a piece of Markdown without block structure."""
    if not _MARKUP.search(markdown) or len(markdown) > _LONGEST_PARSED:
        return Inline(fold(markdown))
    return _parsed(markdown)


def fold(text: str) -> str:
    """The text with every run of white space made one space, and none at its ends."""
    return " ".join(text.split())


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark")


@lru_cache(maxsize=4096)
def _parsed(markdown: str) -> Inline:
    (inline,) = _parser().parseInline(markdown)
    visible: list[str] = []
    links: list[Link] = []
    target, start = "", 0
    for token in inline.children or ():
        if token.type == "link_open":
            target, start = str(token.attrs.get("href", "")), len(visible)
        elif token.type == "link_close":
            links.append(Link(fold("".join(visible[start:])), target.removeprefix("./")))
        elif token.type in _BREAKS or (
            token.type == "html_inline" and _LINE_BREAK_TAG.fullmatch(token.content)
        ):
            visible.append(" ")
        elif token.type not in ("html_inline", "image"):
            visible.append(token.content)
    return Inline(fold("".join(visible)), tuple(links))
