"""Turns the Markdown of one cell, heading or paragraph into its visible text and its links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt

# Text without any of these is its own visible text: no need to parse it.
_MARKUP = re.compile(r"[\[\]*_`\\<>&!]")
# The marks that nearly all cells make do with: code, bold words, links of plain words, names_with_underscores
# and line breaks. Whatever else there is, is left to the parser.
_PLAIN_MARKUP = re.compile(
    r"(?P<text>[^\[\]*_`\\<>&!]+|!(?!\[)|(?<=[A-Za-z0-9])_(?=[A-Za-z0-9]))"
    r"|(?<!`)`(?P<code>[^`\\]+)`(?!`)"
    r"|(?<![\w*])\*\*(?P<bold>[A-Za-z0-9](?:[A-Za-z0-9 .-]*[A-Za-z0-9])?)\*\*(?![\w*])"
    r"|(?<!!)\[(?P<label>[^\[\]*_`\\<>&!]+)\]\((?P<target>[\w./#?=-]*)\)"
    r"|(?P<break><br ?/?>)"
)
_OTHER_MARKUP = re.compile(r"[\[\]_\\<>&!]")
_BOLD_WORDS = re.compile(r"(?<![\w*])\*\*([A-Za-z0-9](?:[A-Za-z0-9 .-]*[A-Za-z0-9])?)\*\*(?![\w*])")
# Nobody writes such a cell; left as it is, so that no text can cost more than its length.
_LONGEST_PARSED = 8_000
_MOST_MARKS = 600
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
    if not _MARKUP.search(markdown):
        return Inline(fold(markdown))
    simple = _code_and_bold(markdown) or _simple(markdown)
    if simple is not None:
        return simple
    if len(markdown) > _LONGEST_PARSED or len(_MARKUP.findall(markdown)) > _MOST_MARKS:
        return Inline(fold(markdown))
    return parsed(markdown)


def fold(text: str) -> str:
    """The text with every run of white space made one space, and none at its ends."""
    return " ".join(text.split())


def _code_and_bold(markdown: str) -> Inline | None:
    """The same for text with code and bold words only, which most cells with marks are."""
    if _OTHER_MARKUP.search(markdown):
        return None
    parts = markdown.split("`")
    if (
        not len(parts) % 2
        or "``" in markdown
        or any(not code or code[0] == " " or code[-1] == " " for code in parts[1::2])
    ):
        return None
    if "*" in markdown:
        parts[::2] = ["".join(_BOLD_WORDS.split(part)) if "*" in part else part for part in parts[::2]]
        if "*" in "".join(parts):
            return None
    return Inline(fold("".join(parts)))


def _simple(markdown: str) -> Inline | None:
    """What a parser would say of text with simple marks only; None where there are others."""
    if "``" in markdown:
        return None
    visible: list[str] = []
    links: list[Link] = []
    place = 0
    for piece in _PLAIN_MARKUP.finditer(markdown):
        if piece.start() != place:
            return None
        place = piece.end()
        kind = piece.lastgroup
        if kind == "target":
            target = piece["target"]
            visible.append(piece["label"])
            links.append(Link(fold(piece["label"]), target.removeprefix("./")))
        else:
            visible.append(" " if kind == "break" else piece[kind or 0])
    return Inline(fold("".join(visible)), tuple(links)) if place == len(markdown) else None


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark")


@lru_cache(maxsize=4096)
def parsed(markdown: str) -> Inline:
    """The same by the CommonMark parser, which knows every mark there is."""
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
