"""Turns a description, or a Length cell, into lengths, ranges and units, where a sentence says just that.

A bound is read from a whole sentence, or from what a comma or parentheses set apart at the end of one.
A sentence that says it on a condition, of a part or with a unit of its own states nothing; neither does
one that another sentence contradicts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Literal, TypeAlias

from partner_insights.tables.asides import unsettling
from partner_insights.tables.subjects import SUBJECT, is_subject

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from partner_insights.tables.sentences import Prose, Statement
    from partner_insights.tables.subjects import Name

Number: TypeAlias = int | float
Kind: TypeAlias = Literal["length", "range"]


@dataclass(frozen=True)
class Limits:
    """Lengths in characters, and bounds of a number.

    `bounds` has those that are stated, by the field of `Facts`; `said` are the sentences that state them,
    `bounded` one for each kind; `doubts` are those that speak of one in no form that is certain.
    """

    bounds: Mapping[str, Number] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    doubts: Mapping[Kind, tuple[str, ...]] = field(default_factory=dict)
    bounded: Mapping[Kind, str] = field(default_factory=dict)


_UNLIMITED = Limits()
_DIGITS = r"-?(?:\d{1,3}(?:,\d{3}){1,9}|\d{1,30})(?:\.\d{1,15})?"
_N = rf"({_DIGITS})(?![\w^]|,\d)"
_TO = r"\s*(?:-|–|—|\bto\b|\bthrough\b|\.\.)\s*"
_AND = r"\s*(?:-|–|—|\bto\b|\bthrough\b|\band\b|\.\.)\s*"
_CASE = r"(?: and (?:is |are )?case[- ](?:in)?sensitive)?"
_CHARS = (
    r"[- ]?(?:unicode |alphanumeric |ascii |utf-8 )?char(?:acter)?s?(?: long| in length| inclusive|, "
    r"inclusive)*" + _CASE
)
_MOST = (
    r"(?:up to|at most|not? (?:more|longer|greater|higher|larger) than|limited to|a "
    r"maximum of|max(?:imum|\.)?(?: of)?:?|less than or equal to|≤|<=)"
)
_LEAST = (
    r"(?:at least|no less than|not less than|no fewer than|no shorter than|a minimum of|"
    r"min(?:imum|\.)?(?: of)?:?|greater than or equal to|≥|>=)"
)
_IS = r"(?:(?: is| are| of|:| =)|(?= \d))(?: set to)? ?"
_SHARED = r"(?: (?:allowed|permitted|supported|possible))?"
_OF = rf"(?: (?:of|for) (?:it|this(?: \w+)?|(?:the )?(?P<subject>{SUBJECT})))?"

_Patterns = tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]


def _compiled(*patterns: tuple[str, str]) -> _Patterns:
    return tuple((re.compile(pattern, re.IGNORECASE), tuple(fields.split())) for pattern, fields in patterns)


# What a clause says, whoever it says it of.
_LENGTH_CLAUSES = _compiled(
    (rf"{_N}{_TO}{_N}{_CHARS}", "min_length max_length"),
    (rf"(?:a )?(?:length )?(?:between|from) {_N}{_AND}{_N}{_CHARS}", "min_length max_length"),
    (rf"min(?:imum)?:? {_N},? (?:and )?max(?:imum)?:? {_N}{_CHARS}", "min_length max_length"),
    (rf"{_LEAST} {_N}(?:{_CHARS})?,? (?:and )?{_MOST} {_N}{_CHARS}", "min_length max_length"),
    (rf"{_MOST} {_N}{_CHARS}", "max_length"),
    (rf"{_N}{_CHARS},? (?:max(?:imum)?|or (?:less|fewer)|at most|limit)", "max_length"),
    (rf"{_LEAST} {_N}{_CHARS}", "min_length"),
    (rf"{_N}{_CHARS},? (?:min(?:imum)?|or more|at least)", "min_length"),
    (rf"(?:exactly|always) {_N}{_CHARS}", "min_length max_length same"),
    (rf"{_N} char(?:acter)?s long{_CASE}", "min_length max_length same"),
)
_LENGTH_SENTENCES = _compiled(
    (
        rf"(?:the |its )?max(?:imum|\.)?{_SHARED}(?: string| character| text)? ?"
        rf"length{_SHARED}{_OF}{_IS}{_N}(?:{_CHARS})?",
        "max_length",
    ),
    (
        rf"(?:the |its )?min(?:imum|\.)?{_SHARED}(?: string| character| text)? ?"
        rf"length{_SHARED}{_OF}{_IS}{_N}(?:{_CHARS})?",
        "min_length",
    ),
    (
        rf"(?:the |its )?(?:length|number of characters){_OF}(?: must be| is| can be| may be|:)? "
        rf"(?:(?:between |from ){_N}{_AND}|{_N}{_TO}){_N}(?:{_CHARS})?",
        "min_length max_length",
    ),
    (
        rf"(?:the |its )?(?:(?:max(?:imum)?|character|length) )?(?:allowed )?(?:limit|size) (?:is|of|:) "
        rf"?{_N}{_CHARS}",
        "max_length",
    ),
)
# "It must not exceed 5": a number of characters where it says so, or says "longer" or "have".
_IT = rf"(?:(?:it|this|(?:this |the )?(?P<subject>{SUBJECT})) )?"
_MAY_NOT = rf"{_IT}(?:must not|cannot|can't|can not|mustn't|may not) "
_EXCEED = r"(?:exceed|be (?:more|greater|higher|larger) than)"
_FORBIDDEN = _compiled(
    (rf"{_MAY_NOT}{_EXCEED} {_N}", "maximum"),
    (rf"{_MAY_NOT}{_EXCEED} {_N}{_CHARS}", "max_length"),
    (rf"{_MAY_NOT}(?:be longer than|have more than|contain more than) {_N}(?:{_CHARS})?", "max_length"),
    (rf"{_MAY_NOT}be (?:less|lower|smaller|fewer) than {_N}", "minimum"),
    (rf"{_IT}(?:must not|cannot|can't|is never) (?:be )?negative", "minimum"),
)
_RANGE_CLAUSES = _compiled(
    (
        rf"(?:an? |the )?(?:whole |decimal |positive |integer )?(?:number |value |integer |range |"
        rf"percentage |percent |fraction |ratio |score )?"
        rf"(?:between|from|in the range(?: of| from)?|ranging from) {_N}{_AND}{_N}(?:,? ?\(?inclusive\)?)?",
        "minimum maximum",
    ),
    (rf"min(?:imum)?:? {_N},? (?:and )?max(?:imum)?:? {_N}", "minimum maximum"),
    (rf"{_LEAST} {_N}", "minimum"),
    (rf"{_MOST} {_N}", "maximum"),
    (
        rf"(?:an? )?(?:whole |integer )?(?:number |value |integer )?(?:greater|more|higher|larger) than {_N}",
        "above",
    ),
    (rf"(?:an? )?(?:whole |integer )?(?:number |value |integer )?(?:less|lower|smaller) than {_N}", "below"),
)
_RANGE_SENTENCES = _compiled(
    (rf"(?:the )?max(?:imum)?{_SHARED} value{_SHARED}{_OF}{_IS}{_N}", "maximum"),
    (rf"(?:the )?min(?:imum)?{_SHARED} value{_SHARED}{_OF}{_IS}{_N}", "minimum"),
    (rf"{_LEAST} {_N} and {_MOST} {_N}", "minimum maximum"),
    (
        rf"(?:the )?(?:(?:possible|allowed|valid|accepted|permitted|supported|acceptable|legal) "
        rf")?(?:values?|range)(?: of values?)?"
        rf"(?: (?:are|is|range|ranges))*(?::? (?:between|from):? ?{_N}{_AND}|:? ?{_N}{_TO}){_N}"
        r"(?:,? ?\(?inclusive\)?)?",
        "minimum maximum",
    ),
)
_MODAL = re.compile(
    rf"(?:it['’]s|(?:(?:it|this|(?:this |the )?(?P<subject>{SUBJECT})) )?(?:(?:must|can|may|will|shall|"
    rf"has to|needs to)(?: only)?"
    r"(?: be| have| contain| consist of| range)(?: set(?: to)?)?|is(?: always)?|are|has|ranges))(?: "
    r"an?(?= (?:length|number|integer|value|whole)))?"
    r"(?: value| length)?(?: of)? ",
    re.IGNORECASE,
)
# "It can be greater than 5" allows, and bounds nothing.
_PERMITTED = re.compile(
    rf"(?:(?:it|this|(?:this |the )?{SUBJECT}) )?(?:can|may|might|could) be\b", re.IGNORECASE
)
_SIGN = _compiled(
    (r"(?:an? )?(?:positive (?:whole |integer |decimal )?(?:number|integer|value)|positive)", "above"),
    (
        r"(?:an? )?(?:non-?negative (?:whole |integer |decimal )?(?:number|integer|value)|non-?negative)",
        "minimum",
    ),
)
# What a sentence is about, and the clause it ends with: "The name, up to 5 characters".
_LABEL = re.compile(r"(?:(?:length |value )?constraints?|valid range): (?=[a-z])", re.IGNORECASE)
_HEADED = re.compile(
    r"(?P<head>[^,;:()]{2,120}?)(?:(?P<comma>[,;] )(?P<clause>[^()]+?)| \((?P<aside>[^()]+)\))(?:, in "
    r"[a-z]+)?",
    re.IGNORECASE,
)
# "A code of at most 5 characters".
_OF_LENGTH = re.compile(rf"(?:an? |the )(?P<subject>{SUBJECT}) of (?=\D{{2,20}}\d)", re.IGNORECASE)
_NUMBERED = re.compile(rf"(?:an? )?{_N}[-–]{_N}{_CHARS} (?P<head>[\w' -]{{2,80}})", re.IGNORECASE)
_UNSURE_HEAD = re.compile(
    r"^[\[~]|\d| [-–—] |\be\.?g\b|\bnever\b|"
    r"^(?:since|until|till|before|after|in|on|at|with|without|during|while|once|from|under|though|"
    r"although|because|"
    r"optionally|currently|today|now|then|otherwise|instead|only|also|both|some|many|few|all|no|other)\b|"
    r"\b(?:whose|which|that|each|every|first|last|per|prefix\w*|suffix\w*|by|than|if|when|where|unless|"
    r"for|contain\w*|"
    r"consist\w*|follow\w*|start\w*|list|array|set|collection|number of|total|combin\w*|sum|and|or|any|"
    r"see|as|"
    r"together|along|jointly|messages?|entries|users?|items|maximum|minimum|max|min|not|excluding|default\w*|"
    r"usual\w*|normal\w*|typical\w*|often|most\w*|general\w*|recommend\w*|about|approximate\w*|around|"
    r"should|ideal\w*|previous\w*|former\w*|alternativ\w*|preferabl\w*|suggest\w*|estimat\w*|expected|planned|"
    r"targets?|goals?)\b",
    re.IGNORECASE,
)
_SPEAKS_LENGTH = re.compile(
    r"\d[- ]?(?:unicode |alphanumeric |ascii |utf-8 )?char(?:acter)?s?\b|\blengths?\b[^.]{0,300}\d|"
    r"\d[^.]{0,300}\blength\b",
    re.IGNORECASE,
)
_SPEAKS_RANGE = re.compile(
    r"\b(?:between|at least|at most|(?:greater|less|more|lower|higher) than|maximum|minimum|max|min|up "
    r"to|ranges?|exceed|"
    r"from|values?|number)\b[^.]{0,300}(?<!\w)\d|\d\s*(?:<=?|>=?)\s*\w|\bpositive\b|\bnegative\b|"
    r"\(\d+\s*[-–]\s*\d+\)",
    re.IGNORECASE,
)
_LONG = 31  # characters of a whole number; no bound has more
_PLAIN_NUMBER = re.compile(r"(?<![\w.:/-])-?\d[\d,]*(?:\.\d+)?(?![\w:/.-]*\w)")
_ZERO = re.compile(r"\bzero\b", re.IGNORECASE)
# What another sentence says of values beyond the bounds.
_ELSE = re.compile(
    r"(?: ;|^)\W*otherwise\b|\b(?:not|isn['’]t) enforced\b|\b(?:no|without) (?:\w+ )?limit\b|\bunlimited\b|"
    r"\blimit(?:s|ed|ations?)?\b|\brestrict\w*|\bexcept(?:ions?)?\b|\brecommend\w*|(?:^| ;)\W*(?:by "
    r"default|examples?)\W*(?:;|$)|"
    r"\bno longer appl|(?<!no )\b(?:longer|shorter|higher|lower|larger|smaller|bigger|greater)\b(?! than)"
    r"(?![- ]?case)|\b(?:outside|beyond)\b|\bany (?:value|number|length)\b",
    re.IGNORECASE,
)
# The same, where it stands behind the bound: before it, it may be about the property.
_ONLY = re.compile(
    r"\bappl(?:y|ies)\b[^;]{0,60}\bonly\b|\bonly (?:appl(?:y|ies)|if|for|when|in)\b|"
    r"\bnot (?:appl(?:y|ies)|count\w*)\b",
    re.IGNORECASE,
)
_BESIDE = {"minimum": lt, "maximum": gt, "above": le, "below": ge}
_DIGIT = re.compile(r"\d")
# Not "in percent": that leaves open whether all is 1 or 100.
_UNIT = re.compile(
    r"\bin (?:whole |units of )?(USD|U\.S\. dollars|US dollars|EUR|GBP|bytes|kilobytes|megabytes|"
    r"gigabytes|terabytes|KB|MB|GB|TB|"
    r"milliseconds|seconds|minutes|hours|days|weeks|months|years|cents)\b(?! of\b)",
    re.IGNORECASE,
)
_LENGTH_CELL = re.compile(
    r"[(\[]?\s*(?:min(?:imum)?[:= ]*)?(\d{1,18})\s*(?:[,;–-]|to|\.\.)\s*"
    r"(?:max(?:imum)?[:= ]*)?(\d{1,18})\s*[)\]]?",
    re.IGNORECASE,
)
_LONGEST_CELL = re.compile(
    r"(?:(?:max(?:imum)?|up to|<=|≤)[:= ]*)?(\d{1,18})(?: char(?:acter)?s?)?(?: max(?:imum)?)?", re.IGNORECASE
)
_LENGTHS = ("min_length", "max_length")


def read_limits(prose: Prose, name: Name, spent: Collection[str] = ()) -> Limits:
    """The lengths and the range that the prose of a property of this name states, without contradiction.

    `spent` are sentences that are known to say something else.
    """
    low = prose.words(prose.text).casefold()
    if not _DIGIT.search(low) and "positive" not in low and "negative" not in low:
        return _UNLIMITED
    found: dict[str, Number] = {}
    said: list[str] = []
    known: list[Statement] = []
    bounded: dict[Kind, str] = {}
    doubts: dict[Kind, list[str]] = {"length": [], "range": []}
    contradicted: set[Kind] = set()
    for statement in prose.statements:
        text = prose.words(statement.text)
        if text in spent:
            known += [statement] if said else []
            continue
        sure = statement.items is None and not statement.labelled
        read = _read(text, prose, name) if sure else None
        if read is None:
            if _SPEAKS_LENGTH.search(text):
                doubts["length"].append(text)
            elif statement.items is None and _SPEAKS_RANGE.search(text):
                doubts["range"].append(text)
            continue
        said.append(text)
        known.append(statement)
        for bound, number in read:
            bounded.setdefault(_kind(bound), text)
            if found.setdefault(bound, number) != number:
                contradicted.add(_kind(bound))
    unsaid = " ; ".join(prose.words(each.text) for each in prose.statements)
    behind = unsaid.partition(said[0])[2] if said else ""
    for text in said:
        unsaid = unsaid.replace(text, "")
    if _ONLY.search(behind) or unsettling(prose.statements, known, bounds=True):
        contradicted |= {"length", "range"}
    contradicted |= _contradictions(found, unsaid)
    contradicted |= {_kind(bound) for bound in found if doubts[_kind(bound)]}
    for kind in contradicted:
        doubts[kind] = doubts[kind] or said
    kept = {bound: number for bound, number in found.items() if _kind(bound) not in contradicted}
    stated = [text for text in said if not contradicted]
    return Limits(
        kept,
        said=tuple(stated),
        doubts={kind: tuple(texts) for kind, texts in doubts.items()},
        bounded=bounded,
    )


def _kind(bound: str) -> Kind:
    return "length" if bound in _LENGTHS else "range"


def _read(text: str, prose: Prose, name: Name) -> tuple[tuple[str, Number], ...] | None:
    """The bounds one sentence states; None where it states none in a certain form."""
    text = _LABEL.sub("", text, count=1)
    permitted = _PERMITTED.match(text)
    for subject, clause in _clauses(text, name):
        if not is_subject(subject, prose, name):
            continue
        for pattern, fields in (*_LENGTH_CLAUSES, *_RANGE_CLAUSES, *_SIGN):
            if match := pattern.fullmatch(clause):
                return None if permitted and {"above", "below"} & {*fields} else _fields(match, fields)
    for pattern, fields in (*_LENGTH_SENTENCES, *_RANGE_SENTENCES, *_FORBIDDEN):
        match = pattern.fullmatch(text)
        if match and is_subject(match.groupdict().get("subject"), prose, name):
            return _fields(match, fields)
    return None


def _clauses(text: str, name: Name) -> Iterator[tuple[str | None, str]]:
    """What a sentence may say of the property, with whom it says it of: None for the property itself."""
    yield None, text
    if modal := _MODAL.match(text):
        yield modal["subject"], text[modal.end() :]
    if of := _OF_LENGTH.match(text):
        yield of["subject"], text[of.end() :]
    if headed := _HEADED.fullmatch(text):
        clause = headed["clause"] or headed["aside"]
        if not _UNSURE_HEAD.search(headed["head"]):
            yield None, clause.strip()
    if numbered := _NUMBERED.fullmatch(text):
        head = numbered["head"]
        if not _UNSURE_HEAD.search(head) and name.ends(head):
            yield None, text[: numbered.start("head")].strip().removeprefix("a ").removeprefix("an ")


def _fields(match: re.Match[str], fields: tuple[str, ...]) -> tuple[tuple[str, Number], ...]:
    named = {match[group] for group in match.re.groupindex}
    numbers = [_number(group) for group in match.groups() if group is not None and group not in named]
    if "same" in fields:
        numbers, fields = numbers * 2, fields[:2]
    if not numbers:  # "a positive number", "never negative"
        numbers = [0]
    return tuple(zip(fields, numbers, strict=True))


def read_length_cell(cell: str) -> tuple[int | None, int | None] | None:
    """Least and greatest length as a Length cell gives them; None where it cannot be read."""
    if both := _LENGTH_CELL.fullmatch(cell):
        least, most = int(both[1]), int(both[2])
        return (least, most) if least <= most and most else None
    if (only := _LONGEST_CELL.fullmatch(cell)) and int(only[1]):  # 0 may be "unlimited"
        return None, int(only[1])
    return None


def read_unit(text: str) -> str | None:
    """The unit a number is said to be in."""
    found = _UNIT.search(text) if "in " in text else None
    return found[1] if found else None


def _number(text: str) -> Number:
    plain = text.replace(",", "")
    return float(plain) if "." in plain or len(plain) > _LONG else int(plain)


def _contradictions(found: Mapping[str, Number], unsaid: str) -> set[Kind]:
    """The kinds of bounds that cannot all hold, or beside which another sentence names a number."""
    low, high = found.get("minimum", found.get("above")), found.get("maximum", found.get("below"))
    least, most = found.get("min_length"), found.get("max_length")
    kinds: set[Kind] = {"length", "range"} if _ELSE.search(unsaid) else set()
    if least is not None and most is not None and least > most:
        kinds.add("length")
    if (low is not None and high is not None and low > high) or _outside(unsaid, found):
        kinds.add("range")
    return kinds


def _outside(text: str, found: Mapping[str, Number]) -> bool:
    """Whether a text names a number beside the range, as in "-1 means that there is no limit"."""
    numbers = [_number(number) for number in _PLAIN_NUMBER.findall(_ZERO.sub("0", text))]
    return any(
        test(number, found[bound]) for bound, test in _BESIDE.items() if bound in found for number in numbers
    )
