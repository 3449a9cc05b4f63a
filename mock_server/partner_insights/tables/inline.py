"""Turns the Markdown of one cell, heading or paragraph into its visible text and its links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyromark

# Text without any of these is its own visible text: no need to parse it.
_MARKUP = re.compile(r"[\[\]*_`\\<>&!~]")
# Longer than any cell that is written; left as it is, so that no text costs more than its length.
_MAX_PARSED = 8_000
# Behind this no mark begins a block: a cell that begins with a hash is no heading.
_GUARD = "x "
_LINE_END = re.compile(r" *\\?\n *")
_LINE_BREAK_TAG = re.compile(r"</?br\s*/?>", re.IGNORECASE)


@dataclass(frozen=True)
class InlineLink:
    """A link: the text one sees and where it leads, as written (a leading `./` left out)."""

    text: str
    target: str


@dataclass(frozen=True)
class Inline:
    """Visible text, white space folded, without the marks of bold, code and the like; and its links."""

    text: str
    links: tuple[InlineLink, ...] = ()


def read_inline(markdown: str) -> Inline:
    """The visible text and the links of a piece of Markdown without block structure."""
    if not _MARKUP.search(markdown) or len(markdown) > _MAX_PARSED:
        return Inline(fold(markdown))
    visible: list[str] = []
    links: list[InlineLink] = []
    # Of links and images that have begun: where they lead, and how much text and how many links came before.
    opened: list[tuple[str, int, int]] = []
    event: Any
    for event in _parser().events(_GUARD + _LINE_END.sub(" ", markdown)):
        if isinstance(event, str):  # a break
            visible.append(" ")
            continue
        kind, content = next(iter(event.items()))
        if kind == "Text" or kind == "Code":
            visible.append(content)
        elif kind == "InlineHtml" and _LINE_BREAK_TAG.fullmatch(content):
            visible.append(" ")
        elif kind == "Start" and isinstance(content, dict):
            (target,) = content.values()
            opened.append((target["dest_url"], len(visible), len(links)))
        elif kind == "End" and content == "Link":
            target, start, _ = opened.pop()
            links.append(InlineLink(fold("".join(visible[start:])), target.removeprefix("./")))
        elif kind == "End" and content == "Image":  # its text stands for it where it cannot be shown
            _, start, known = opened.pop()
            del visible[start:], links[known:]
    return Inline(fold("".join(visible)[len(_GUARD) :]), tuple(links))


def fold(text: str) -> str:
    """The text with one space for every run of white space, and none at its ends."""
    return " ".join(text.split())


@lru_cache(maxsize=1)
def _parser() -> pyromark.Markdown:
    return pyromark.Markdown()
