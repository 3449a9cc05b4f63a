"""Turns the prose of a description into the list of values it allows, where it gives such a list."""

from __future__ import annotations

import re
from dataclasses import dataclass

from partner_insights.tables.prose import BEGIN, TERM


@dataclass(frozen=True)
class Choices:
    """Values a property may have; `closed` where the prose says that there are no others."""

    values: tuple[str, ...]
    closed: bool


_VALUES = (
    r"(?:possible|supported|accepted|allowed|allowable|valid|permitted|permissible|acceptable|available|legal)"
    r"(?: enum(?:eration)?| string| input)? (?:values?|options?)"
)
# "Possible values for this property are:", "The current supported values include", "accepted values:"
_LEAD = re.compile(
    rf"(?P<strong>\b{_VALUES}\b[^.:;,\n{BEGIN}]{{0,60}}?"
    r"(?::|\s[-–—](?=\s)|\b(?:are|is|include|includes|can be|may be)\b:?)"
    r"|\b(?:(?:can|must|may|should|will) (?:only )?be|is|are|has)(?: only)? (?:one|any) of"
    r"(?: the)?(?: following)?(?: string)?(?: values?| options?)?:?"
    r"|\b(?:one|any) of (?:the following|these)(?: string)?(?: values?| options?)?:"
    r"|\b(?:can|must|may|should) (?:only )?be(?: set to)?(?: either)?(?= (?:an? )?\x01)"
    r"|\b(?:is|are)(?: set to)? either(?= (?:an? )?\x01)"
    r"|\b(?:values? |types? (?=can|may))(?:(?:can|may|could) )?include:?|^values?:)"
    r"(?:[ ]*(?:one of|either|any of)?(?: the following)?(?: values?)?[ ]*:?)",
    re.IGNORECASE,
)
_INCLUDE = re.compile(r"\binclud", re.IGNORECASE)
_OPEN = re.compile(
    r"\b(?:for example|e\.g\.|such as|for instance|among others|etc\b|and so on|and others?|or others?|more)|"
    r"\b(?:multiple|several) (?:values|of them)\b|\bcombin|\bcomma-separated",
    re.IGNORECASE,
)
_NEXT = rf"(?:\s|,|;|/|\||&|•|\band/or\b|\band\b|\bor\b|\beither\b)*(?:\b(?:an?|the) )?{TERM}"
_ITEM = re.compile(_NEXT, re.IGNORECASE)
_REMARK = re.compile(r"\s*\((?:[^()]|\([^()]*\))*\)")
_END = re.compile(r"\s*(?:$|[.;)\n]|,? (?:which|where|when|depending|based)\b)")
_SENTENCE_END = re.compile(r"\s*(?:\([^()]*\))?\s*(?:$|[.\n])")
_BARE = re.compile(r"[A-Za-z0-9][\w.+-]*")
_BARE_WORDS = re.compile(r"[A-Z0-9][\w+-]*(?: [\w+-]+){0,2}")
_BULLET = re.compile(
    rf"\s*(?:[•*–-]\s*|\d+[.)]\s+)?(?:{TERM}|([A-Za-z0-9][\w.+-]*))(?=\s*(?:[-–—:=(]|[.,;]?\s*$))"
)
# Any list that is announced has one of these words before it.
_LEAD_SIGNS = ("value", "option", " of", "be ", "either", "include")
# "The status: "none", "open", or "closed".": nothing but terms between the colon and the full stop.
_COLON = re.compile(rf":(?=\s*{BEGIN})")
_NO_LIST = re.compile(
    r"\b(?:includ\w*|example|such|instance|contain\w*|note|format\w*|see|follow\w*|like|combin\w*|keys|link\w*|e\.g)\b",
    re.IGNORECASE,
)
_WHETHER = re.compile(rf"\bwhether\b[^.\n{BEGIN}]{{0,200}}?(?=\s(?:an? |the )?{BEGIN})", re.IGNORECASE)
_NOT_VALUES = {
    "the",
    "a",
    "an",
    "listed",
    "defined",
    "found",
    "described",
    "in",
    "see",
    "as",
    "these",
    "those",
    "member",
}


def read_choices(prose: str) -> Choices | None:
    """The values that marked prose (see `mark`) gives as the ones allowed."""
    low = prose.casefold()
    announced = any(map(low.__contains__, _LEAD_SIGNS))
    for lead in _LEAD.finditer(prose) if announced else ():
        tail = prose[lead.end() :]
        if _OPEN.match(tail.lstrip(" ,:(")):
            return None
        found = _after_lead(tail, colon=lead[0].rstrip().endswith(":"))
        if found is not None:
            values, rest = found
            closed = not _INCLUDE.search(lead[0]) and not _OPEN.match(rest.lstrip(" ,;.…("))
            return Choices(
                tuple(dict.fromkeys(values)), closed and not rest.lstrip().startswith(("…", "..."))
            )
    return _unannounced(prose) if BEGIN in prose or "\n" in prose else None


def _after_lead(tail: str, *, colon: bool) -> tuple[list[str], str] | None:
    if tail.lstrip(" :").startswith("\n"):
        lines = _lines(tail)
        return (lines, "") if lines else None
    values, rest = _terms(tail)
    if values and (len(values) > 1 or colon or _END.match(rest)):
        return values, rest
    return None if values else _bare(tail, colon=colon)


def _terms(text: str) -> tuple[list[str], str]:
    """The terms that follow one another, remarks in parentheses passed over; and the text after them."""
    values: list[str] = []
    place = 0
    while item := _ITEM.match(text, place):
        between = text[place : item.start(1)]
        if values and not re.search(r"[,;/|&•\n]|\b(?:and|or)\b", between):
            break
        values.append(item[1])
        place = item.end()
        while remark := _REMARK.match(text, place):
            place = remark.end()
        line_end = text.find("\n", place)
        if line_end >= 0 and re.match(r"\s*[-–—:]", text[place:]) and _ITEM.match(text, line_end):
            place = line_end
    return values, text[place:]


def _bare(tail: str, *, colon: bool) -> tuple[list[str], str] | None:
    """Values that are set apart by commas only; each must be a single word (or few, after a colon)."""
    sentence = re.split(r"\.(?:\s|$)|\n", tail, maxsplit=1)[0]
    if BEGIN in sentence:
        return None
    items = re.split(r"\s*[,;]\s*(?:(?:and|or|&)\s+)?|\s+(?:and|or|&)\s+", _REMARK.sub("", sentence).strip())
    several = len(items) > 1
    shape = _BARE_WORDS if colon and several else _BARE
    if not all(shape.fullmatch(item) and item.casefold() not in _NOT_VALUES for item in items):
        return None
    if not several and not (colon and items[0][0].isupper()):
        return None
    return items, tail[len(sentence) :]


def _lines(text: str) -> list[str]:
    """The values of a list with a line for each: the term at its beginning, a dash or nothing after it."""
    values: list[str] = []
    for line in filter(None, (line.strip(" ") for line in text.split("\n"))):
        if line == ":":
            continue
        item = _BULLET.match(line)
        if item is None:
            break
        values.append(item[1] or item[2])
    return values if len(values) > 1 else []


def _unannounced(prose: str) -> Choices | None:
    for colon in _COLON.finditer(prose):
        values, rest = _terms(prose[colon.end() :])
        if len(values) < 2 or not _SENTENCE_END.match(rest):
            continue
        sentence = prose[max(map(prose[: colon.start()].rfind, ".:\n")) + 1 : colon.start()]
        if BEGIN not in sentence and not _NO_LIST.search(sentence):
            return Choices(tuple(dict.fromkeys(values)), closed=True)
    if "hether" in prose and (whether := _WHETHER.search(prose)):
        values, rest = _terms(prose[whether.end() :])
        if len(values) > 1 and _SENTENCE_END.match(rest):
            return Choices(tuple(dict.fromkeys(values)), closed=True)
    head, _, below = prose.partition("\n")
    lines = _lines(below)
    dashed = re.findall(rf"^\s*(?:[•*-]\s*)?{TERM}\s*[-–—:]", below, re.MULTILINE)
    if head and len(lines) > 1 and len(dashed) == len(lines) and not _NO_LIST.search(head):
        return Choices(tuple(dict.fromkeys(lines)), closed=False)
    return None
