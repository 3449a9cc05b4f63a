"""Turns a sentence behind a constraint into the answer whether it leaves the constraint as it is.

What may follow is open without end: "Synonyms are accepted", "System shelves are exempt", "The sandbox has
more". So what is known to change nothing is listed here, and anything else takes the constraint back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from partner_insights.tables.sentences import T

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_insights.tables.sentences import Statement

_IT = r"(?:(?:it|this|(?:this|the) (?:property|field|value|attribute|element|member|parameter|setting)) )?"
_LEFT_OUT = (
    r"(?:omitted|unspecified|undefined|unset|missing|absent|null|left out|"
    r"not (?:set|specified|given|provided|present|supplied|defined))"
)
_ONE = r"(?! (?!(?:is|as|was|its|this|always|has)\b)\w+s\b)"  # "Used in …", not "Used copies are …"
_NOT = rf"{_IT}(?:cannot|can't|(?:must|may|should|will|can) not|mustn't) (?:be )?"
_HOLD = (
    r"(?:contain|include|start|begin|end|consist|match|conform|"
    r"be (?:unique|(?:lower|upper) ?case|(?:a )?valid))\b"
)
_ASIDES = (
    # what it does
    rf"{_IT}(?:describes|controls|determines|indicates|specifies|identifies|shows|tells|defines|represents|"
    r"sets|helps|inherits|(?:refers|corresponds|relates) to)\b",
    rf"{_IT}(?:supports?|requires?) (?:the |filter|sort|search|\$|{T})",
    rf"(?:{_IT}(?:is|was) )?(?:(?:also|not|no longer|only) )?(?:used|set(?! to)|calculated|generated|"
    r"assigned|included|inherited|introduced|added|available|counted|measured|stored|part of|"
    rf"(?:shown|returned)(?! (?:as|in (?:upper|lower))))\b{_ONE}",
    rf"includes (?={T}:)",
    # how it stands
    rf"(?:{_IT}(?:is|was) )?(?:read[- ]?only|write[- ]?only|required|mandatory|optional|nullable|immutable|"
    rf"deprecated|obsolete|unique|case[- ]?sensitive|not (?:used|read|required|nullable))\b{_ONE}",
    # what it may not be, and what it may hold not
    rf"{_NOT}(?:empty|blank|changed|updated|modified|edited|null|{_HOLD})|{_IT}can be null\b",
    r"(?:do not|don't|never) (?:use|include|send|change)\b",
    # what a value within means, or none
    rf"{T} (?:is|means|stands for|has|for)\b|(?:if|when) set to {T}",
    r"(?:if set to |a value of )?\d[\d.,]*\b(?! ?(?:%|percent|times|char))",
    rf"(?:if|when) (?:[\w'’]+ ){{0,4}}{_LEFT_OUT}\b|(?:leave|omit) \w+ ",
    r"[^.,;:()]{1,80} \((?:for example|e\.?g\b)",
    rf"(?:the |its |by )?default(?:s|ed)?\b{_ONE}",
    # where more is said, labels, units and bounds
    r"(?:see|read|refer|learn|details|(?:for )?more (?:about|details|information)|for (?:details|further))\b",
    r"(?:type|pattern|format|units?|examples?|required|nullable|since|requires)\s*[:=]|since \S+$",
    r"in (?:\w+ )?\w+s$|"
    r"(?:must be |can be )?(?:max|min|up to|at most|at least|between|no more than)\b[^.]{0,40}\d",
)
_ASIDE = re.compile(rf"(?:(?:note|important):? )?(?:{'|'.join(_ASIDES)})", re.IGNORECASE)
# What else a text is said to hold is beside a length, and beside no list.
_OF_TEXT = re.compile(
    rf"{_IT}(?:must|should|can only) {_HOLD}|"
    r"(?:only )?(?:letters|digits|numbers|alphanumeric|hyphens|(?:upper|lower)case)(?:,| and| or| only|$)",
    re.IGNORECASE,
)
# Whatever a sentence begins with, it speaks of more, or of cases.
_MORE = re.compile(
    r"\b(?:own|others?|another|additional|further|extra|exceptions?|differ\w*|var(?:y|ies)|custom|"
    r"(?<=, )up to|(?<!for )more(?! (?:about|details|information|than)))\b",
    re.IGNORECASE,
)


def unsettling(
    statements: Iterable[Statement], known: Iterable[Statement], *, bounds: bool = False
) -> list[Statement]:
    """The statements behind the first known one that may change what the known ones state.

    `bounds` says that these are bounds, not values.
    """
    known = tuple(known)
    found: list[Statement] = []
    behind = False
    for statement in statements:
        if any(statement is each for each in known):
            behind = True
        elif behind and not _is_aside(statement.text, bounds=bounds):
            found.append(statement)
    return found


def _is_aside(text: str, *, bounds: bool) -> bool:
    aside = _ASIDE.match(text) or (bounds and _OF_TEXT.match(text))
    return bool(aside) and not _MORE.search(text)
