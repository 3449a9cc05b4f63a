"""Turns the Markdown of a description into prose in which the terms an author set apart are marked.

A term is set apart by code, bold, italics or quotes: which one differs from row to row,
what it means does not.
"""

from __future__ import annotations

import re
from html import unescape

BEGIN, END = "\x01", "\x02"
"""Around a term; neither occurs in a page otherwise."""
TERM = f"{BEGIN}([^{BEGIN}{END}]+){END}"

_CONTROL = re.compile("[\x01\x02]")
_BREAK = re.compile(r"<\s*/?\s*(?:br|p|/li|ul|ol|div)\s*/?\s*>", re.IGNORECASE)
_LIST_PART = re.compile(r"<\s*(/?)\s*(ul|ol|li)\s*>", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"<(?!\s*/?\s*(?:br|p|li|ul|ol|div|code|b|i|em|strong|a|span|sup|sub)\b)", re.IGNORECASE
)
_FOOTNOTE = re.compile(r"(?<=[\w`*])\\\*(?=\W|$)")
_STRUCK = re.compile(r"<(s|del|strike)>[^<]{0,500}</\1>|<!--.{0,500}?-->", re.IGNORECASE)
RAISED = re.compile(r"<su[bp]>(?=\s*\w)", re.IGNORECASE)
"""A footnote's mark, or a power: no digit of a number."""
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_LINK = re.compile(r"\[([^\[\]]{0,200})\]\([^()\s]{0,300}\)")
_CODE = re.compile(r"`+([^`]{1,200})`+")
_BOLD = re.compile(
    r"(?<!\*)(\*{1,3})(?=\S)([^*\n]{1,120}?)(?<=\S)\1(?!\*)|(?<!\w)__([^_\n]{1,120})__(?!\w)|"
    r"(?<![\w\x01])_(?=\S)((?:[^_\n\x01\x02]|(?<=\w)_(?=\w)){1,120})(?<=\S)_(?!\w)"
)
# "*Binary, Boolean* or *String*": several words set apart by one pair of marks.
_WORDS = re.compile(r"\w[\w.-]*(?:, \w[\w.-]*)+(?:,? (?:or|and) \w[\w.-]*)?")
_WORD = re.compile(r"(?!(?:or|and)\b)\w[\w.-]*")
_QUOTED = re.compile(
    r"\"([^\"\n]{1,80})\"|“([^”\n]{1,80})”|‘([^’\n]{1,80})’|(?<![\w'])'([^'\n]{1,60})'(?![\w'])"
)
_NOTATIONS = (("`",), _CODE), (("*", "_"), _BOLD), (('"', "'", "“", "‘"), _QUOTED)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_TRAILING = ",.;"
_MAX_TEXT = 8_000


def mark_terms(markdown: str) -> str:
    """The text with terms between `BEGIN` and `END`, line breaks as new lines, and no other markup."""
    text = _FOOTNOTE.sub("†", markdown[:_MAX_TEXT])
    if BEGIN in text or END in text:
        text = _CONTROL.sub("", text)
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    if "<" in text:
        if "`" in text:
            text = _CODE.sub(lambda code: _PLACEHOLDER.sub("&lt;", code[0]), text)
        text = _TAG.sub("", _BREAK.sub("\n", RAISED.sub("^", _bulleted(_STRUCK.sub("", text)))))
    if "[" in text:
        text = _LINK.sub(r"\1", text)
    if "&" in text:
        text = unescape(text)
    for signs, notation in _NOTATIONS:
        if any(map(text.__contains__, signs)):
            text = notation.sub(_marked, text)
    return "\n".join([" ".join(line.split()) for line in text.split("\n")]).strip()


def unmark_terms(text: str) -> str:
    """The text without the marks."""
    return _CONTROL.sub("", text)


def _bulleted(text: str) -> str:
    """The text with a bullet before each item of a list, two before one of a list in a list."""
    depth = 0

    def bullet(part: re.Match[str]) -> str:
        nonlocal depth
        if part[2].casefold() == "li":
            return part[0] if part[1] else f"\n{'•' * min(max(depth, 1), 2)} "
        depth += -1 if part[1] else 1
        return "\n"

    return _LIST_PART.sub(bullet, text)


def _unescaped(escape: re.Match[str]) -> str:
    # Only what no notation below would take for its own mark.
    return escape[1] if escape[1] in "_-.#()!+{}|<>[]&/:" else ("" if escape[1] in "*`" else escape[1])


def _marked(found: re.Match[str]) -> str:
    content = found[found.lastindex or 0]
    if found.re is _BOLD and _WORDS.fullmatch(content):
        return _WORD.sub(f"{BEGIN}\\g<0>{END}", content)
    if found.re is _QUOTED and content != content.strip():
        return f"{BEGIN} {END}" if content == " " else found[0]
    inner = content if content.isalnum() else _CONTROL.sub("", content).strip().strip("\"“”'`").strip()
    if not inner or (":" in inner and " " in inner):
        return found[0] if BEGIN not in found[0] else content
    term = inner.rstrip(_TRAILING)
    return f"{BEGIN}{term}{END}{inner[len(term) :]}" if term else found[0]
