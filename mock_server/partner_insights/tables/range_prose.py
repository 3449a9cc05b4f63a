"""Turns the prose of a description, or a Length cell, into lengths, ranges and units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

Number: TypeAlias = int | float


@dataclass(frozen=True)
class Limits:
    """Lengths in characters, and bounds of a number; None where nothing is said."""

    min_length: int | None = None
    max_length: int | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    above: Number | None = None
    below: Number | None = None


_UNLIMITED = Limits()
_DIGIT = re.compile(r"\d")
_N = r"(-?\d[\d,]*(?:\.\d+)?)"
_CHARS = r"[- ]?(?:unicode |alphanumeric |alphabetic |numeric |utf-8 )?char(?:acter)?s?\b"
_TO = r"\s*(?:-|–|—|to|through|and|,|\.\.)\s*"

_LENGTHS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), fields)
    for pattern, fields in (
        (rf"\b(?:between |from )?{_N}{_TO}{_N}{_CHARS}", ("min_length", "max_length")),
        (
            rf"\blength\b[^.\d]{{0,30}}?(?:between|from|:|is|of)\s*{_N}{_TO}{_N}(?![\w-])",
            ("min_length", "max_length"),
        ),
        (
            rf"\b(?:exactly|must be|should be|always) {_N}{_CHARS}(?! or)",
            ("min_length", "max_length", "same"),
        ),
        (rf"(?:\bis|\bare|'s) {_N}{_CHARS} long\b", ("min_length", "max_length", "same")),
        (
            rf"\b(?:max(?:imum|\.)?(?: of| is|:)?|up to|at most|no more than|no longer than|(?:not|"
            rf"n't) exceed|cannot exceed|"
            rf"not be longer than|limited to|limit of|limit is|limit:|less than or equal to) {_N}{_CHARS}",
            ("max_length",),
        ),
        (rf"\b{_N}{_CHARS} (?:max(?:imum)?\b|limit\b|or (?:less|fewer)\b|at most\b)", ("max_length",)),
        (
            rf"\bmax(?:imum|\.)?(?: allowed| permitted| string| character)? length(?: is| of|:| =)*\s*{_N}",
            ("max_length",),
        ),
        (rf"\b(?:at least|min(?:imum|\.)?(?: of| is|:)?|no fewer than) {_N}{_CHARS}", ("min_length",)),
        (rf"\b{_N}{_CHARS} (?:min(?:imum)?\b|or more\b|at least\b)", ("min_length",)),
        (rf"\bmin(?:imum|\.)?(?: allowed| string)? length(?: is| of|:| =)*\s*{_N}", ("min_length",)),
    )
)
_MUST = (
    r"\b(?:must|should|can|may|has to|needs to|value is|value of|values are)\b"
    r"(?: only)?(?: be)?(?: an?)?(?: integer| number)?"
)
_MUST_NOT = r"\b(?:must|should|can|may)(?: not|not|n't)(?: be)?"
_RANGES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), fields)
    for pattern, fields in (
        (rf"\bbetween {_N} and {_N}(?![\w%-]*[A-Za-z])", ("minimum", "maximum")),
        (rf"\brang(?:e|es|ing)\b(?: is| are| of|:| from)*\s*\(?\[?{_N}{_TO}{_N}", ("minimum", "maximum")),
        (rf"(?:{_MUST}|\b(?:number|integer)) from {_N} to {_N}", ("minimum", "maximum")),
        (rf"\b(?:the )?max(?:imum)?(?: allowed| permitted)? value(?: is| of|:| =)+\s*{_N}", ("maximum",)),
        (rf"\b(?:the )?min(?:imum)?(?: allowed| permitted)? value(?: is| of|:| =)+\s*{_N}", ("minimum",)),
        (rf"{_MUST} (?:greater than or equal to|at least|no less than|>=) {_N}", ("minimum",)),
        (rf"{_MUST} (?:less than or equal to|at most|no more than|no greater than|<=) {_N}", ("maximum",)),
        (rf"{_MUST_NOT} (?:exceed|greater than|more than) {_N}", ("maximum",)),
        (rf"{_MUST_NOT} (?:less than|lower than|below) {_N}", ("minimum",)),
        (rf"{_MUST} (?:greater|more|higher) than {_N}", ("above",)),
        (rf"{_MUST} (?:less|lower|smaller) than {_N}", ("below",)),
    )
)
_RANGE_SIGNS = (
    "between",
    "rang",
    "value",
    "from",
    "must",
    "should",
    "can",
    "may",
    "to be",
    "has to",
    "needs to",
)
_POSITIVE = re.compile(
    r"\b(?:must be (?:a )?|an? )positive (?:whole |integer |decimal )?(?:number|integer|value)|"
    r"\bmust be positive\b",
    re.IGNORECASE,
)
_NOT_NEGATIVE = re.compile(r"\bnon-?negative\b|\b(?:must not|cannot|can't) be negative\b", re.IGNORECASE)
# Not "in percent": that leaves open whether all is 1 or 100.
_UNIT = re.compile(
    r"\bin (?:whole |units of )?(USD|U\.S\. dollars|US dollars|EUR|GBP|bytes|kilobytes|megabytes|"
    r"gigabytes|terabytes|KB|MB|GB|TB|"
    r"milliseconds|seconds|minutes|hours|days|weeks|months|years|cents)\b(?! of\b)",
    re.IGNORECASE,
)
_LENGTH_CELL = re.compile(
    r"[(\[]?\s*(?:min(?:imum)?[:= ]*)?(\d+)\s*(?:[,;–-]|to|\.\.)\s*(?:max(?:imum)?[:= ]*)?(\d+)\s*[)\]]?",
    re.IGNORECASE,
)
_LONGEST_CELL = re.compile(
    r"(?:(?:max(?:imum)?|up to|<=|≤)[:= ]*)?(\d+)(?: char(?:acter)?s?)?(?: max(?:imum)?)?", re.IGNORECASE
)


def read_limits(text: str) -> Limits:
    """The lengths and the range that visible text states; a contradiction states nothing."""
    low = text.casefold()
    if not _DIGIT.search(low) and "positive" not in low and "negative" not in low:
        return _UNLIMITED
    found: dict[str, Number] = {}
    spent = text
    for patterns, signs in ((_LENGTHS, ("char", "length")), (_RANGES, _RANGE_SIGNS)):
        if not any(map(low.__contains__, signs)):
            continue
        for pattern, fields in patterns:
            if match := pattern.search(spent):
                numbers = [_number(group) for group in match.groups()]
                if "same" in fields:
                    numbers, fields = numbers * 2, fields[:2]
                for field, number in zip(fields, numbers, strict=True):
                    found.setdefault(field, number)
                spent = spent[: match.start()] + " ; " + spent[match.end() :]
    if "positive" in low and _POSITIVE.search(text):
        found.setdefault("above", 0)
    if "negative" in low and _NOT_NEGATIVE.search(text):
        found.setdefault("minimum", 0)
    return _sound(found) if found else _UNLIMITED


def read_length_cell(cell: str) -> tuple[int | None, int | None] | None:
    """Least and greatest length as a Length cell gives them; None where it cannot be read."""
    if both := _LENGTH_CELL.fullmatch(cell):
        least, most = int(both[1][:9]), int(both[2][:9])
        return (least, most) if least <= most else None
    if only := _LONGEST_CELL.fullmatch(cell):
        return None, int(only[1][:9])
    return None


def read_unit(text: str) -> str | None:
    """The unit a number is said to be in."""
    found = _UNIT.search(text) if "in " in text else None
    return found[1] if found else None


def _number(text: str) -> Number:
    plain = text.replace(",", "")[:18]
    return float(plain) if "." in plain else int(plain)


def _sound(found: dict[str, Number]) -> Limits:
    least, most = found.get("min_length"), found.get("max_length")
    if least is not None and most is not None and least > most:
        del found["min_length"], found["max_length"]
    low, high = found.get("minimum"), found.get("maximum")
    if low is not None and high is not None and low > high:
        del found["minimum"], found["maximum"]
    shortest, longest = found.pop("min_length", None), found.pop("max_length", None)
    return Limits(
        None if shortest is None else int(shortest), None if longest is None else int(longest), **found
    )
