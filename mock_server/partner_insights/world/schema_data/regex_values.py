"""A simple regular expression → texts that match it; None for one that is not simple.

Simple: literals, escapes of classes and characters, character classes and their counts in a row, anchored or
not; no groups, alternatives or look-around.
"""

from __future__ import annotations

import re
import string
from typing import Final

from msgspec import Struct

from partner_insights.contract.formats import matches
from partner_insights.world.hashing import GOLDEN, MASK, mix

_CLASSES: Final = {"d": string.digits, "w": string.ascii_letters + string.digits, "s": " "}
_ATOM: Final = re.compile(
    r"""(?:\[(?P<members>(?:\\.|[^\]\\^])(?:\\.|[^\]\\])*)\]
          |\\(?P<escape>.)
          |(?P<any>\.)
          |(?P<literal>[^\\\[\](){}|^$*+?.]))
        (?:\{(?P<least>\d{1,3})(?P<comma>,(?P<most>\d{0,3}))?\}|(?P<mark>[*+?]))?""",
    re.VERBOSE | re.DOTALL,
)
_FREE: Final = 4
"""How many more than the least there are where the expression sets no end."""


class Pattern(Struct, frozen=True):
    """A sequence of characters to choose from, each so many times."""

    atoms: tuple[tuple[str, int, int], ...]

    @classmethod
    def read(cls, pattern: str) -> Pattern | None:
        """The pattern of an expression; None where it is not simple, or its texts would not match."""
        body = pattern.removeprefix("^")
        body = body.removesuffix("$") if not body.endswith(r"\$") else body
        atoms: list[tuple[str, int, int]] = []
        at = 0
        while at < len(body):
            found = _ATOM.match(body, at)
            letters = _letters(found) if found is not None else ""
            if found is None or not letters:
                return None
            atoms.append((letters, *_counts(found)))
            at = found.end()
        read = cls(tuple(atoms))
        return read if matches(pattern, read.text(0)) and matches(pattern, read.text(MASK)) else None

    def text(self, word: int) -> str:
        """The text of one hash."""
        text: list[str] = []
        for letters, least, most in self.atoms:
            word = mix(word + GOLDEN & MASK)
            for _ in range(least + word % (most - least + 1)):
                word = mix(word + GOLDEN & MASK)
                text.append(letters[word % len(letters)])
        return "".join(text)


def _letters(found: re.Match[str]) -> str:
    if found["members"] is not None:
        return _members(found["members"])
    if found["escape"] is not None:
        escape = found["escape"]
        return _CLASSES.get(escape, "" if escape.isalnum() else escape)
    return string.ascii_lowercase if found["any"] else found["literal"]


def _members(text: str) -> str:
    """The characters of a class; none where it is not plain."""
    letters: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "\\":
            letters.append(_CLASSES.get(text[at + 1], text[at + 1]))
            at += 2
        elif text[at + 1 : at + 2] == "-" and at + 2 < len(text) and text[at + 2] != "\\":
            letters += [chr(code) for code in range(ord(text[at]), min(ord(text[at + 2]), 0x2FF) + 1)]
            at += 3
        else:
            letters.append(text[at])
            at += 1
    return "".join(letters)


def _counts(found: re.Match[str]) -> tuple[int, int]:
    if found["mark"] is not None:
        return {"*": (0, _FREE), "+": (1, 1 + _FREE), "?": (0, 1)}[found["mark"]]
    if found["least"] is None:
        return 1, 1
    least = int(found["least"])
    if found["comma"] is None:
        return least, least
    return least, max(least, int(found["most"])) if found["most"] else least + _FREE
