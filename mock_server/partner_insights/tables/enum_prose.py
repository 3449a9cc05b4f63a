"""Turns a description into the list of values it allows, where a sentence of a certain form gives it whole.

A list is read from a whole sentence, or from a sentence and the list below it. A sentence that says more,
or less, or says it on a condition, states nothing; neither does one that another sentence opens again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from partner_insights.tables.asides import unsettling
from partner_insights.tables.prose import BEGIN
from partner_insights.tables.sentences import Prose, Statement, T
from partner_insights.tables.subjects import SUBJECT, is_subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_insights.tables.subjects import Name


@dataclass(frozen=True)
class Choices:
    """The values a property may have; `shown` are values of a list that may go on.

    `said` are the sentences that state it; `doubts` those that speak of values in no form that is certain.
    """

    values: tuple[str | None, ...] = ()
    shown: tuple[str, ...] = ()
    constant: str | None = None
    said: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


NOTHING_SAID = Choices()

_VALUES = (
    r"(?:(?:possible|supported|accepted|allowed|allowable|valid|permitted|permissible|acceptable|"
    r"available|legal)"
    r"(?: and (?:supported|valid|allowed))?"
    r"(?: enum(?:eration)?| string| input| member)? (?:values?|options?|choices|members?)|"
    r"(?:supported|allowed|permitted|accepted)(?=:| are))"
)
_THE = r"(?:(?:the|its|all|these|currently|current|only|following) )*"
_FOR = (
    r"(?: (?:of|for) (?:it|this(?: (?:property|field|attribute|parameter|value))?|"
    rf"(?:the )?(?P<subject>{SUBJECT})(?: property| field| attribute)?))?"
)
_ONE_OF = r"(?:(?:one|any|either) of )?(?:the )?(?:following)?(?: (?:string )?(?:values?|options?))?"
_ARE = (
    rf"(?: currently)?(?:: ?| [-–—] | (?:are|is|can be|may be|must be|are limited to)(?: "
    rf"currently)?:? ?){_ONE_OF}:? ?"
)
_MODAL = (
    rf"(?:(?:it|this|(?:this |the )?(?P<subject>{SUBJECT})) )?"
    r"(?:(?:must|can|may|will|shall|has to)(?: only| always)? be|is(?: always)?)(?: set to)?"
)
_LISTED = re.compile(rf"{_THE}{_VALUES}{_FOR}{_ARE}", re.IGNORECASE)
_MODAL_LEAD = re.compile(
    rf"(?:{_MODAL}(?: (?:either|one of|any one of|any of)(?: the)?(?: following)?(?: values?| "
    rf"options?)?)?:? ?|"
    rf"(?:either|one of)(?: the)?(?: following)?(?: values?| options?)?:? ?|values?: ?)",
    re.IGNORECASE,
)
_OPEN_LEAD = re.compile(
    rf"{_THE}(?:{_VALUES}{_FOR}|values?|types?)(?: currently)?(?: (?:can|may|could))? includ(?:e|es|"
    rf"ing):? ?{_ONE_OF}:? ?",
    re.IGNORECASE,
)
# "The kind of the box, can be `a` or `b`", "The kind: `a` or `b`": what the property is, and its values.
_HEADED = re.compile(
    r"(?P<head>(?:the|a|an|where|what|how|which|specifies|indicates|says|defines|describes|type|kind|"
    r"one)\b[^,:;.()\x01\x02]{0,100})"
    r"(?:[,;] (?:which |it |and )?(?:(?:can|must|may|will)(?: only)? be|is)(?: either| one of)?:? |"
    r"(?:[,;:] )(?:either|one of)(?: the following)?(?: values)?:? |(?P<colon>: ?))",
    re.IGNORECASE,
)
_UNSURE_HEAD = re.compile(
    r"\b(?:not?|whose|which|that|if|when|unless|except|for example|such as|includ\w*|contain\w*|keys?|links?|"
    r"note|format\w*|like|combin\w*|default|list|set|characters?|example\w*|previous\w*|former\w*|"
    r"usual\w*|normal\w*|typical\w*|often|most\w*|general\w*|recommend\w*|should|ideal\w*)\b",
    re.IGNORECASE,
)
_CONSTANT = re.compile(
    rf"(?:(?:it|this|(?:this |the )?(?P<subject>{SUBJECT})) )?(?:is always|always|must always be|is "
    rf"fixed to|returns as)"
    rf"(?: (?:set to|be|is|returns?|(?:has|contains)(?= the value)))?(?: as)?"
    rf"(?: the value)? (?P<term>{T})",
    re.IGNORECASE,
)
_SEPARATOR = r"\s*(?:,|;|\||/|&)?\s*(?:\b(?:or|and)\b)?\s*"
_REMARK = r"(?:\s*\((?:[^()]|\([^()]*\))*\))*(?:\s*(?:=|:|[-–—](?=\s))\s*[^,;\x01\x02]{1,80}(?=,|;))?"
_TERM_ITEM = re.compile(rf"(?:(?:either|an?|the|also) )?(?P<value>{T}|\bnull\b){_REMARK}", re.IGNORECASE)
_BARE_ITEM = re.compile(
    rf"(?P<value>null|\d+(?:\.\d+)?|[A-Z][\w+]*(?: [A-Z][\w+]*){{0,2}}|[a-z]+[A-Z0-9_]\w*)(?![\w.-]){_REMARK}"
)
_BETWEEN = re.compile(_SEPARATOR, re.IGNORECASE)
# A list that has one of these beside it goes on, or is one of several.
_OPENS = re.compile(
    r"\b(?:can|may|might|could) also\b|\bcustom\b|\b(?:any )?other (?:\w+ )?(?:values?|strings?|text|"
    r"names?)\b|"
    r"\badditional (?:\w+ )?values?\b|\barbitrary\b|\buser[- ]defined\b(?! settings)|\bamong others\b|"
    r"\betc\b|"
    r"\band so on\b|\band (?:others?|more)\b|\bor others?\b|\bnot limited to\b|…|\.\.\.|\bcombin|"
    r"\b\w+[- ](?:separated|delimited)\b|\b(?:separated|delimited) (?:by|with)\b|\bexhaustive\b|"
    r"\bempty string\b|(?<!not )(?<!cannot )\b(?:be|left) (?:empty|blank)\b|(?:^|[.;:] )(?:empty|blank)\b|"
    r"\bmore (?:\w+ )?(?:may|might|could|can|will)\b|\b(?:in)?complete list\b|\bunknown (?:\w+ )?values?\b|"
    r"\b(?:return|be|send|add|use|see|accept|take|allow|contain|include)(?:s|ed|d)? others?\b(?! \w)|"
    r"\bothers (?:may|might|can|could|will|are)\b|"
    r"\b(?:multiple|several|more than one)\b[^.]{0,30}\bvalues?\b|\bmultiple of\b|"
    r"\b(?:case[- ]?insensitive(?:ly)?|(?:not|in)[- ]?case[- ]?sensitive|any case|case is ignored)\b|"
    r"\b(?:multi-?valued?|flagged|flags)\b|"
    r"\bone or more\b|\bbit(?:mask| ?flags?|wise)\b|\bnew values?\b|\bfree[- ]?(?:form|text)\b|"
    r"\bsubject to change\b|"
    r"\b(?:values?|they|these|flags) (?:can|may|could) be (?:added|summed|or[- ']?ed|joined|mixed)\b|"
    r"\b(?:more than one|several) (?:can|may|could)\b|\ball that apply\b|\b(?:can|may) be repeated\b|"
    r"\b(?:can|may|might|will) be extended\b|(?:^|[.;] )(?:it is )?extensible(?=\W*$|[.;])|"
    r"\b(?:may|might|will|can) grow\b|\bnot all\b|"
    r"\bfurther values?\b|\bthere (?:are|may be|might be) (?:others?|more)\b|"
    r"\b(?:these|those) are (?:only |just )?examples\b|\b(?:full|complete|whole) list\b|"
    r"(?:^|[.;(] ?)(?:for (?:example|instance)|e\.g|examples?)(?: only)?(?=\W*$|[.;)])|"
    r"\b(?:in|not )complete\b|\bamong other|(?:^|[.;] )or more\b|\b(?:suffix|prefix)\w*|\bfollowed by\b|"
    r"\bmay follow\b|\blists? (?:is|are) (?:allowed|accepted|possible)\b|"
    r"\b(?:is|are) (?:empty|blank) (?:when|if|for)\b|\bempty value\b|\botherwise,? (?:empty|blank)\b|"
    r"\bmore values?\b|\bor any\b|\bany other\b|\bvalues? (?:may|might|could) be added\b|\bany "
    r"(?:string|text|value)\b|\btheir own\b|\bopen (?:enum|list|set)\w*|"
    r"\bevolv\w*|\ban empty\b|\bone or several\b|"
    r"\bjson (?:array|list|object)\b|\bor (?:its|an?|the) (?:id|identifier|name|number|key|url)\b|"
    r"\b(?:the|a) locali[sz]ed\b|['’]s language\b",
    re.IGNORECASE,
)
# "0 = off", "1 means on", "2 for both", "3 (neither)": a value and what it stands for.
_EXPLAINED = (
    rf"(?:{T}(?: ?[=:] ?(?!\d)| (?:[-–—]|means|stands for)| \((?=[a-z]))|"
    rf"(?<![\w.,:/-])-?\d{{1,9}}(?: ?[=:] ?(?!\d)| (?:[-–—]|means|stands for|for|when|if) | \((?=[a-z]))|"
    rf"\b\w{{1,40}} ?(?:= ?| means ))(?=[^\s\d=])"
)
_SPEAKS = re.compile(
    rf"\b(?:possible|supported|accepted|allowed|valid|permitted|acceptable|available|legal) (?:\w+ )?"
    rf"(?:values?|options?|choices)\b|\b(?:one|any|either) of (?:the following|these)\b|"
    rf"\b(?:must|can|may|should)(?: only| not| always)? be(?: set to)?(?: either| one of)? (?:an? |the )?{T}|"
    rf"\b(?:is|are)(?: set to)? (?:either|one of) (?:an? |the )?{T}|\bvalues? (?:are|is|includes?|can "
    rf"be)\b[^.]{{0,300}}{T}|"
    rf"\b(?:can|must|may) be(?: set to)?(?::| [\"“])|\bsupported are\b|\balways (?:\w+ ){{0,3}}{T}|"
    rf"\bwhether\b[^.]{{0,300}}{T}[^.]{{0,300}}\bor\b[^.]{{0,300}}{T}|"
    rf"{_EXPLAINED}[^=]{{1,120}}?{_EXPLAINED}",
    re.IGNORECASE,
)
_NO_VALUE = re.compile(r", | or | and |\||[{}<>*†]|^\[|\]$|YYYY|yyyy|HH:|hh:|X\.Y|%[ds]|^\$\w|###|xxx|XXX")
# Words of a list that are set apart by nothing, and are no values but kinds of values or of signs.
_KINDS = frozenset(
    {
        *("string", "strings", "text", "number", "numbers", "integer", "integers", "int", "boolean", "bool"),
        *("array", "object", "float", "double", "decimal", "date", "datetime", "letters", "digits"),
        *("underscores", "hyphens", "dashes", "periods", "dots", "spaces", "characters", "alphanumeric"),
        *("underscore", "hyphen", "dash", "period", "dot", "space", "letter", "digit", "alphabetic"),
        *("uuid", "guid", "url", "uri", "email", "id", "name"),
    }
)
_NO_CONSTANT = frozenset(
    {"required", "optional", "mandatory", "read-only", "present", "returned", "set", "empty"}
)
_THOUSANDS = re.compile(r"\d,\d{3}(?!\d)")
# A sentence that takes back that it is always so.
_NOT_ALWAYS = re.compile(
    r"\b(?:formerly|previously|currently|before|except|unless|if|when|otherwise|chang\w*|will|was|null|"
    r"more to come)\b",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(?<![\w.,:/-])-?\d{1,9}(?![\w%:/-]|[.,]\d)")
_NULL = "null"


def read_choices(prose: Prose, name: Name) -> Choices:
    """The values that the prose of a property of this name gives as the ones allowed."""
    found: list[tuple[Choices, Statement]] = []
    doubts: list[Statement] = []
    for statement in prose.statements:
        read = _read(statement, prose, name)
        if read is not None and not statement.labelled:
            found.append((read, statement))
        elif read is not None or _speaks(statement, prose):
            doubts.append(statement)
    if not found:
        return Choices(doubts=_words(doubts, prose)) if doubts else NOTHING_SAID
    choices, statement = found[0]
    listed = {value for value in (*choices.values, choices.constant) if value is not None}
    others = [*doubts, *(other for read, other in found[1:] if read != choices)]
    opened = _OPENS.search(prose.words(prose.text)) is not None
    foreign = [other for other in others if not _spoken_of(other, prose) <= listed]
    if choices.constant is not None:
        foreign += [other for other in prose.statements if _is_taken_back(other, statement, prose, listed)]
    foreign += [other for other in prose.statements if _is_strange(other, statement, prose, listed)]
    listing = [other for other in doubts if _spoken_of(other, prose)]
    foreign += unsettling(prose.statements, (*(other for _, other in found), *listing))
    if choices.shown or opened or foreign:
        shown = choices.shown or (tuple(filter(None, choices.values)) if opened else ())
        return Choices(shown=shown, doubts=_words(foreign or [statement], prose))
    return replace(choices, said=_words([statement, *others], prose))


def _speaks(statement: Statement, prose: Prose) -> bool:
    """Whether a sentence may say which values there are; null alone is none."""
    if not _SPEAKS.search(statement.text):
        return False
    terms = prose.terms_of(statement.text)
    return not terms or any(term != _NULL for term in terms)


def _words(statements: Iterable[Statement], prose: Prose) -> tuple[str, ...]:
    return tuple(prose.words(statement.text) for statement in statements)


def _spoken_of(statement: Statement, prose: Prose) -> set[str]:
    """The terms that a sentence gives as values: those behind "must be" and the like, and in its list."""
    place = _SPEAKS.search(statement.text)
    text = statement.text[place.start() :] if place else statement.text
    return {term for term in prose.terms_of(text + " ".join(statement.items or ())) if term != _NULL}


_ALSO = rf"[^.{BEGIN}]{{0,40}}"
_TOLD_OF = r"(?:is|was|are|were|has|have|means|stands|may|can|could|might|must|will)\b"
# What names one more value: a default, "also `c`", "the value `c` was used", "`c` is deprecated".
_MORE = re.compile(
    rf"\bdefault(?:s| value)?\b(?: is| to| value|:| of| setting)*:? ({T})|"
    rf"(?:\bdefault(?: value)?(?:s to| to| is|:| =)+ |^default )([\w.-]+)$|"
    rf"\b(?:usually|often|normally|typically|mostly)\b{_ALSO}({T})|"
    rf"\b(?:also|additionally|in addition|as well as)\b{_ALSO}({T})|({T}){_ALSO}\b(?:also|as well|too)\b|"
    rf"\b(?:values?|options?) ({T}) {_TOLD_OF}|^({T}) {_TOLD_OF}",
    re.IGNORECASE,
)

# What names one more value by its place: "Plays have `c`", "If lost, `c`", "Use `c` for plays".
_NAMED = re.compile(
    rf"(?:\b(?:it|this|value|that) is|\bset to|\b(?:have|has|had|returns?|add|sends?|gives?)|^or) ({T})"
    rf"(?=\W*$| (?:if|for|when|in|is)\b)|"
    rf"\buse ({T})(?= (?:if|for|when)\b)|^({T}) (?:in|for|if|when)\b|"
    rf"^(?:if|when|in|for|on|before|after|since|until|unless|otherwise)\b[^:,]{{0,60}}[:,] ({T})"
    rf"(?=\W*$| is\b)",
    re.IGNORECASE,
)
_SUPPORTS = re.compile(
    rf"(?:supports?|requires?|see|inherit\w*|used (?:by|with|in)|includes (?={T}:))(?=\W)", re.IGNORECASE
)
# "If `other` is set, …": the terms of a condition are another property and its values.
_CONDITION = re.compile(r"(?:if|when|unless|while)\b[^,]*,", re.IGNORECASE)
_ZERO = re.compile(r"\bzero\b", re.IGNORECASE)


def _is_strange(other: Statement, statement: Statement, prose: Prose, listed: set[str]) -> bool:
    """Whether another sentence names one more value, that is none of the list."""
    if other is statement or not listed:
        return False
    named = {prose.words(found[found.lastindex or 1]) for found in _MORE.finditer(other.text)}
    if not _SUPPORTS.match(other.text):
        named |= {prose.words(found[found.lastindex or 1]) for found in _NAMED.finditer(other.text)}
        if prose.statements.index(other) > prose.statements.index(statement):
            named |= set(prose.terms_of(_CONDITION.sub("", other.text)))
    if other.items is not None:  # a second list, or one that cannot be read
        named |= {prose.words(item) for item in other.items} or {""}
    if all(map(_NUMBERS.fullmatch, listed)):
        named |= set(_NUMBERS.findall(_ZERO.sub("0", prose.words(other.text))))
    return not {name for name in named if not name.startswith("$")} <= {*listed, _NULL}


def _is_taken_back(other: Statement, statement: Statement, prose: Prose, listed: set[str]) -> bool:
    """Whether another sentence says that a constant is not always there, or names anything else."""
    if other is statement:
        return False
    later = prose.statements.index(other) > prose.statements.index(statement)
    return (
        bool((_NOT_ALWAYS.search if later else _NOT_ALWAYS.match)(other.text))
        or not set(prose.terms_of(other.text)) <= listed
    )


_LEADS = ((_OPEN_LEAD, False), (_LISTED, True), (_MODAL_LEAD, True), (_HEADED, True))


def _read(statement: Statement, prose: Prose, name: Name) -> Choices | None:
    """What one statement says of the values; None where it is in no certain form."""
    text = statement.text
    if constant := _CONSTANT.fullmatch(text):
        value = prose.words(constant["term"])
        if statement.items is None and is_subject(constant["subject"], prose, name) and _is_constant(value):
            return Choices(constant=value)
        return None
    for lead, closed in _LEADS:
        if (start := lead.match(text)) is None:
            continue
        if lead is _HEADED:
            if _UNSURE_HEAD.search(start["head"]) or (start["colon"] and not name.is_phrase(start["head"])):
                continue
        elif not is_subject(start["subject"], prose, name):
            continue
        rest = text[start.end() :]
        if statement.items is not None and not rest.strip(" :"):
            values: Iterable[str] | None = statement.items or None
        elif statement.items is None:
            values = _list(rest, bare=start[0].rstrip().endswith((":", "are", "is", "include")))
        else:
            values = None
        members = _members(values or (), prose)
        # A word set apart in a remark may be one more value, as in "`a` (formerly `c`)".
        if (
            members
            and statement.items is None
            and any(" " not in term and term not in members for term in prose.terms_of(rest) if term != _NULL)
        ):
            return None
        if members:
            shown = () if closed else tuple(member for member in members if member is not None)
            return Choices(values=members) if closed else Choices(shown=shown)
    return None


def _is_constant(value: str) -> bool:
    return value.casefold() not in {_NULL, *_NO_CONSTANT} and not _NO_VALUE.search(value)


def _list(text: str, *, bare: bool) -> list[str] | None:
    """The values of a list that is the whole of a text: terms, or (where `bare`) words of no prose."""
    bare = bare and not _THOUSANDS.search(text)
    for item in (_TERM_ITEM, _BARE_ITEM) if bare else (_TERM_ITEM,):
        values: list[str] = []
        signs: set[str] = set()
        place = 0
        while found := item.match(text, place):
            values.append(found["value"])
            place = found.end()
            if place == len(text):
                kinds = item is _BARE_ITEM and {value.casefold() for value in values} <= _KINDS
                return None if kinds or len(signs) > 1 else values
            between = _BETWEEN.match(text, place)
            if between is None or not between[0].strip():
                break
            place = between.end()
            signs |= {sign for sign in ",;|/" if sign in between[0]}
    return None


def _members(values: Iterable[str], prose: Prose) -> tuple[str | None, ...]:
    """The values in their words, null for `null`; none where one is no value, or there is one only."""
    words = [prose.words(value) for value in values]
    if any(_NO_VALUE.search(word) for word in words):
        return ()
    members = tuple(dict.fromkeys(None if word.casefold() == _NULL else word for word in words))
    return members if len(members) > 1 and members != (None,) else ()
