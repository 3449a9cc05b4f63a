"""JSON as documentation prints it → its value, the line of each part, and what no strict reader would take.

Comments, ellipses, placeholders, trailing or missing commas and brackets that are never closed are read over,
each with a defect; a value that cannot be known is left out.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, Final

JsonPath = tuple[str | int, ...]

_TOKEN: Final = re.compile(
    r"""(?P<space>[\s\ufeff\u00a0]+)
      |(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z)|\#[^\n]*)
      |(?P<ellipsis>\.{2,}|…)
      |(?P<string>"(?:[^"\\\n]|\\.)*")
      |(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w-]))
      |(?P<mark>[{}\[\]:,])
      |(?P<word>[^\s{}\[\]:,"]+|")""",
    re.VERBOSE | re.DOTALL,
)
_LITERALS: Final = {"true": True, "false": False, "null": None}
_MAX_DEPTH: Final = 60


class _Unknown:
    """The value that a placeholder stands for."""


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True)
class Defect:
    """Where a text falls short of JSON; `line` counts from 1 within the text."""

    line: int
    code: str
    """`comment`, `ellipsis`, `placeholder`, `comma`, `bracket`, `cut-off`, `text`."""
    found: str


@dataclass
class LenientJson:
    """A text that was read."""

    value: Any
    """`UNKNOWN` where nothing of it can be known."""
    lines: dict[JsonPath, int] = field(default_factory=dict)
    """The line of each member and item, by its path."""
    defects: list[Defect] = field(default_factory=list)


def parse_lenient(text: str) -> LenientJson:
    """Read a text; never raises, and takes time in proportion to its length."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self.breaks = [found.start() for found in re.finditer("\n", text)]
        self.reading = LenientJson(UNKNOWN)
        self.tokens = self._tokens(text)
        self.at = 0

    def read(self) -> LenientJson:
        self.reading.value = self._value((), 0)
        if self.at < len(self.tokens):
            self._defect("text" if self._kind() != "mark" else "bracket", self._text())
        return self.reading

    def _tokens(self, text: str) -> list[tuple[str, str, int]]:
        tokens = []
        for found in _TOKEN.finditer(text):
            kind, line = found.lastgroup or "", bisect_right(self.breaks, found.start()) + 1
            if kind in ("comment", "ellipsis"):
                self.reading.defects.append(Defect(line, kind, found[0][:60]))
            elif kind == "space":
                if found[0].strip(" \t\r\n"):
                    self.reading.defects.append(Defect(line, "text", repr(found[0])[1:-1][:60]))
            else:
                tokens.append((kind, found[0], line))
        return tokens

    def _kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else "end"

    def _text(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _line(self) -> int:
        if not self.tokens:
            return 1
        return self.tokens[min(self.at, len(self.tokens) - 1)][2]

    def _is_mark(self, marks: str) -> bool:
        """Whether one of these is next."""
        return self._kind() == "mark" and self._text() in marks

    def _defect_before(self, code: str, found: str) -> None:
        """A defect of the token that was read last."""
        self.reading.defects.append(Defect(self.tokens[self.at - 1][2], code, found[:60]))

    def _defect(self, code: str, found: str) -> None:
        self.reading.defects.append(Defect(self._line(), code, found[:60]))

    def _value(self, path: JsonPath, depth: int) -> Any:
        kind, text = self._kind(), self._text()
        self.reading.lines[path] = self._line()
        if kind == "end":
            self._defect("cut-off", "the end")
            return UNKNOWN
        if kind == "mark":
            return self._nested(text, path, depth)
        self.at += 1
        if kind == "string":
            return self._string(text)
        if kind == "number":
            return self._number(text)
        if text in _LITERALS:
            return _LITERALS[text]
        self.at -= 1
        self._defect("placeholder", text)
        while self._kind() == "word":
            self.at += 1
        return UNKNOWN

    def _number(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:  # 007, or thousands of digits
            self._defect_before("placeholder", text)
            return UNKNOWN

    def _string(self, text: str) -> str:
        try:
            return str(json.loads(text))
        except ValueError:  # an escape that JSON does not have, or a control character
            self._defect_before("text", text)
        try:
            return str(json.loads(text, strict=False))
        except ValueError:
            return text[1:-1]

    def _nested(self, text: str, path: JsonPath, depth: int) -> Any:
        if text not in "{[" or depth >= _MAX_DEPTH:
            self._defect("placeholder", text)
            self.at += depth >= _MAX_DEPTH or text in ":"
            return UNKNOWN
        self.at += 1
        return self._object(path, depth) if text == "{" else self._array(path, depth)

    def _object(self, path: JsonPath, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        while not self._closed("}", "]"):
            if self._kind() != "string":
                self._defect("placeholder" if self._kind() == "word" else "text", self._text())
                self.at += 1
                continue
            line = self._line()
            self.at += 1
            name = self._string(self.tokens[self.at - 1][1])
            if self._is_mark(":"):
                self.at += 1
            else:
                self._defect("comma", self._text())
                continue
            if self._is_mark(",}"):
                self._defect("placeholder", name)
                value: Any = UNKNOWN
            else:
                value = self._value((*path, name), depth + 1)
            self.reading.lines[*path, name] = line
            if value is not UNKNOWN:
                members[name] = value
            self._comma()
        return members

    def _array(self, path: JsonPath, depth: int) -> list[Any]:
        items: list[Any] = []
        while not self._closed("]", "}"):
            before = self.at
            value = self._value((*path, len(items)), depth + 1)
            if value is not UNKNOWN:
                items.append(value)
            self.at += self.at == before
            self._comma()
        return items

    def _closed(self, end: str, other: str) -> bool:
        """Whether the part ends here; a foreign bracket ends it, too, and is left to whom it belongs."""
        if self._kind() == "end":
            self._defect("cut-off", f"no {end}")
            return True
        if self._is_mark(other):
            self._defect("bracket", f"{other} in place of {end}")
            return True
        if self._is_mark(end):
            self.at += 1
            return True
        return False

    def _comma(self) -> None:
        if self._is_mark(","):
            line = self._line()
            self.at += 1
            if self._is_mark("}]"):
                self.reading.defects.append(Defect(line, "comma", f", before {self._text()}"))
            return
        if self._kind() in ("string", "number", "word") or self._is_mark("{["):
            self._defect("comma", f"none before {self._text()}")
