"""The bytes of a body → its JSON value, with everything a lenient reader would have passed over."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from math import isinf
from typing import TYPE_CHECKING

import orjson

from partner_insights.verify.judge.http_checks import http_finding
from partner_insights.verify.judge.violation import pointer_of, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.contract import JsonValue
    from partner_insights.verify.judge.violation import Finding

BOM = b"\xef\xbb\xbf"
_MAX_DIGITS = 308
"""Of a whole number that a float of 64 bits holds."""
_ANY_DIGIT = bytes.maketrans(b"123456789", b"0" * 9)
_MANY_DIGITS = b"0" * 17
MAX_DEPTH = 100
"""Levels of nesting the judge follows; no documented body has more than six."""
MAX_VALUES = 4_000_000
"""Commas and brackets in a body: twice as many as rows of 64 MiB have."""


@dataclass(frozen=True)
class Body:
    """A decoded body. `value` means something only where `readable`."""

    value: JsonValue
    readable: bool
    bom: bool
    defects: tuple[Finding, ...]
    """Where it falls short of clean JSON."""


@lru_cache(maxsize=2)
def read_body(content: bytes) -> Body:
    """Decode a body; never raises, whatever the bytes. A BOM is tolerated, as the real service sends one.

    The last ones are remembered, for several parts of the judge read them: nobody may change a value.
    """
    bom = content.startswith(BOM)
    payload = content[len(BOM) :] if bom else content
    if has_more_values(payload, MAX_VALUES):
        return _unreadable(bom, http_finding("PI311", f"the body has {more_values(MAX_VALUES)}"))
    try:
        value = orjson.loads(payload)
    except ValueError:
        return _read_odd(payload, bom)
    if _MANY_DIGITS in payload.translate(_ANY_DIGIT):  # a whole number beyond 64 bits would be a float
        return _read_odd(payload, bom)
    # The depth first: what is written again may not nest as deep as what is read.
    if not (_may_be_too_deep(payload) and _is_too_deep(value)) and says_everything_once(payload, value):
        return Body(value, True, bom, ())
    return _read_odd(payload, bom)


def has_more_values(content: bytes, most: int) -> bool:
    """Whether JSON may hold more values than that, told without reading it: each takes some hundred bytes."""
    return len(content) > most and sum(map(content.count, (b",", b"{", b"["))) > most


def more_values(most: int) -> str:
    """What it has too many of, in words."""
    return f"more than {most:,} commas and brackets"


def says_everything_once(content: bytes, value: JsonValue) -> bool:
    """Whether no object names a property twice: the parser would have dropped one, and strings with it."""
    return _quotes(content) == _quotes(orjson.dumps(value))


def _quotes(content: bytes) -> int:
    if b"\\" in content:
        content = content.replace(b"\\\\", b"").replace(b'\\"', b"")
    return content.count(b'"')


def _read_odd(payload: bytes, bom: bool) -> Body:
    """Decode what a fast reader does not take, or took too much of: the slow one tells why."""
    if not payload.strip():
        return _unreadable(bom, http_finding("PI306", "the body is empty"))
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        words = f"byte {error.start + bom * len(BOM)} of the body is not valid UTF-8"
        return _unreadable(bom, http_finding("PI308", words))
    return _parse(text, bom)


def _parse(text: str, bom: bool) -> Body:
    reader = _Reader()
    try:
        value = reader.decode(text)
    except json.JSONDecodeError as error:
        offset = len(text[: error.pos].encode()) + bom * len(BOM)
        return _unreadable(bom, http_finding("PI307", _syntax_message(text, error, offset)))
    except RecursionError:
        return _unreadable(bom, _too_deep())
    if _is_too_deep(value):
        return _unreadable(bom, _too_deep())
    if reader.constants:
        return _unreadable(bom, *_constant_defects(value, reader.constants))
    return Body(value, True, bom, tuple(_duplicate_defects(value, reader.duplicates)))


def _unreadable(bom: bool, *defects: Finding) -> Body:
    return Body(None, False, bom, defects)


def _may_be_too_deep(content: bytes) -> bool:
    return content.count(b"{") + content.count(b"[") > MAX_DEPTH


def _is_too_deep(value: JsonValue) -> bool:
    """Whether anything lies more than MAX_DEPTH levels down, looked at level by level."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        containers = [each for each in level if isinstance(each, (dict, list))]
        level = [
            member for each in containers for member in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def _too_deep() -> Finding:
    return http_finding("PI311", f"the body nests deeper than {MAX_DEPTH} levels")


def _syntax_message(text: str, error: json.JSONDecodeError, offset: int) -> str:
    start = text.lstrip()
    if start[:1] == "<":
        return f"the body is markup, not JSON: it starts with {shortened(start)!r}"
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        end = offset + len(text[error.pos :].encode())
        return (
            f"the JSON is cut off: it ends at byte {end}, and more was to come ({error.msg}, byte {offset})"
        )
    return f"the body is not JSON: {error.msg} at byte {offset} (line {error.lineno}, column {error.colno})"


class _Reader:
    """The standard decoder, listening for what it would otherwise accept in silence."""

    def __init__(self) -> None:
        self.duplicates: list[tuple[dict[str, JsonValue], str]] = []
        self.constants: list[str] = []

    def decode(self, text: str) -> JsonValue:
        return json.loads(
            text,
            object_pairs_hook=self._object,
            parse_constant=self._constant,
            parse_int=self._integer,
            parse_float=self._float,
        )

    def _object(self, pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        members: dict[str, JsonValue] = {}
        for name, value in pairs:
            if name in members:
                self.duplicates.append((members, name))
            members[name] = value
        return members

    def _constant(self, name: str) -> float:
        self.constants.append(f"{name} is not a JSON number")
        return float("nan")

    def _integer(self, digits: str) -> int | float:
        return int(digits) if len(digits) <= _MAX_DIGITS else self._infinite(digits)

    def _float(self, digits: str) -> float:
        number = float(digits)
        return self._infinite(digits) if isinf(number) else number

    def _infinite(self, digits: str) -> float:
        self.constants.append(f"{shortened(digits)} is beyond a number of 64 bits: clients read Infinity")
        return float("nan")


def walk(value: JsonValue) -> Iterator[tuple[tuple[str | int, ...], JsonValue]]:
    """Every value inside a value, itself first, with its path; without recursion."""
    pending: list[tuple[tuple[str | int, ...], JsonValue]] = [((), value)]
    while pending:
        path, current = pending.pop()
        yield path, current
        if isinstance(current, dict):
            pending.extend(((*path, name), member) for name, member in reversed(current.items()))
        elif isinstance(current, list):
            pending.extend(((*path, index), current[index]) for index in reversed(range(len(current))))


def _constant_defects(value: JsonValue, messages: list[str]) -> Iterator[Finding]:
    """What is no number: the reader turned it into the only values that differ from themselves."""
    places = [path for path, found in walk(value) if isinstance(found, float) and found != found]
    for path, message in zip(places or [()], messages, strict=False):
        yield http_finding("PI310", message, pointer_of(*path))


def _duplicate_defects(
    value: JsonValue, duplicates: list[tuple[dict[str, JsonValue], str]]
) -> Iterator[Finding]:
    if not duplicates:
        return
    named = {(id(members), name) for members, name in duplicates}
    for path, found in walk(value):
        if isinstance(found, dict):
            for name in found:
                if (id(found), name) in named:
                    message = f"the object names {shortened(name)!r} twice"
                    yield http_finding("PI309", message, pointer_of(*path, name))
