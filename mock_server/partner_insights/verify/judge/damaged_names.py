"""A name → the damage it shows; two names → whether one is the other, damaged on its way."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_PLAIN: Final = re.compile(
    r"(?! )[^\x00-\x1f&%?\\"
    r"\x7f-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2000-\u21ff"
    r"\u1680\u3000\ud800-\udfff\ufeff\ufffd]+(?<! )"
)
"""What no damage could be made of: no mark of it, nothing that a byte within a UTF-8 sequence was read as
(in Latin-1 or Windows-1252), no other blanks, nothing lost."""
_PLAIN_NAMES: Final = re.compile(f"{_PLAIN.pattern}(?:\n{_PLAIN.pattern})*")
_LONE_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ENTITY: Final = re.compile(r"&(#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z]+[0-9]*);")
_ESCAPE: Final = re.compile(r"\\u[0-9a-fA-F]{4}|%[0-9A-F]{2}")
_LOST_LETTER: Final = re.compile(r"\w\?\w")
_TYPED: Final = frozenset("\t\r\n")
"""Control characters that a person may have typed."""
_LOST: Final = frozenset({"?", REPLACEMENT})
MIN_PART: Final = 3
"""Letters that a name which was cut off has left."""


def are_plain(names: Collection[str]) -> bool:
    """Whether no name shows damage, looked at as one text; some that show none are not plain."""
    text = "\n".join(names)
    return text.count("\n") == len(names) - 1 and _PLAIN_NAMES.fullmatch(text) is not None


@lru_cache(maxsize=10_000)
def damage(name: str) -> tuple[str, bool] | None:
    """What is wrong with a name, and whether only a fault can leave it behind; None for a whole name."""
    if _PLAIN.fullmatch(name):
        return None
    if "\ufeff" in name:
        return "it has a byte order mark", True
    if REPLACEMENT in name or _LONE_SURROGATE.search(name):
        return "a character in it was lost", True
    if _decoded(name) != name:
        return "it is UTF-8 that was read in another encoding", True
    if html.unescape(name) != name and _ENTITY.search(name):
        return "it has an HTML entity", True
    if _ESCAPE.search(name):
        return "it has an escape sequence", True
    if not name.strip():
        return "it is blank", True
    controls = set(_CONTROL.findall(name))
    if controls:
        return "it has a control character", not controls <= _TYPED
    if _LOST_LETTER.search(name):
        return "a question mark stands within a word", False
    return ("it has blanks around it", False) if name != name.strip() else None


def is_damaged_form(name: str, other: str) -> bool:
    """Whether two names are one but for case, blanks, marks, lost characters or a cut within a word."""
    first, second = _folded(name), _folded(other)
    if not first or not second:
        return True
    if first == second or _cut(first, second) or _cut(second, first):
        return True
    return len(name) == len(other) and all(
        one == two or one in _LOST or two in _LOST for one, two in zip(name, other, strict=True)
    )


def folded(text: str) -> str:
    """A text without what a repeat of it may differ in: case, and blanks around and within."""
    return " ".join(text.split()).casefold()


def _folded(name: str) -> str:
    """Letters and digits alone, with no more marks than a plain keyboard writes."""
    plain = unicodedata.normalize("NFKD", html.unescape(_decoded(name)).casefold())
    return "".join(each for each in plain if each.isalnum() or each.isspace()).strip()


def _cut(whole: str, part: str) -> bool:
    """Whether a name ends in the middle of a word of another."""
    rest = whole[len(part) :]
    return len(part) >= MIN_PART and whole.startswith(part) and not rest[:1].isspace() and bool(rest)


def _decoded(name: str) -> str:
    """The name that was in UTF-8, where it was read as Windows-1252 or Latin-1."""
    for encoding in ("cp1252", "latin-1"):
        try:
            return name.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return name
