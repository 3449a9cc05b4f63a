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
_MAY = rf"{_IT}(?:can(?:not|'t)?|may|must|will|should) (?:not )?"
_ASIDES = (
    # what it does
    rf"{_IT}(?:describes|controls|determines|indicates|specifies|identifies|shows|tells|defines|represents|"
    r"sets|helps|inherits|supports?|requires?|(?:applies|refers|corresponds|relates) to)\b",
    rf"(?:{_IT}(?:is|was) )?(?:(?:also|not|no longer) )?(?:used|set|calculated|generated|assigned|included|"
    r"inherited|introduced|added|available|counted|measured|shown|stored|part of|returned(?! (?:as|in)))\b",
    rf"includes (?={T}:)",
    # how it stands
    rf"(?:{_IT}(?:is|was) |)(?:read[- ]?only|write[- ]?only|required|mandatory|optional|nullable|immutable|"
    r"deprecated|obsolete|unique|case[- ]?sensitive|not (?:used|read|required|nullable))"
    r"(?= (?!\w+s\b)|[^\w ]|$)",
    # what a request may do with it, and what texts hold
    rf"{_IT}(?:must not|cannot|can't|may not) be (?:empty|blank)\b",
    rf"{_MAY}(?:be )?(?:changed|updated|modified|edited|null)\b",
    rf"{_MAY}(?:be (?:unique|(?:lower|upper) ?case|(?:a )?valid)|start|begin|end|contain|include|consist|"
    r"match|conform)\b",
    r"(?:only )?(?:letters|digits|numbers|alphanumeric|hyphens|(?:upper|lower)case)\b",
    r"(?:do not|don't|never) (?:use|include|send|change)\b",
    # what a value within means, or none
    rf"{T} (?:is|means|stands for|has|for)\b|(?:if|when) set to {T}",
    r"(?:if set to |a value of )?\d[\d.,]*\b(?! ?(?:%|percent|times|char))",
    rf"(?:if|when) (?:[\w'’]+ ){{0,4}}{_LEFT_OUT}\b|(?:leave|omit) \w+ ",
    r"[^.,;:()]{1,80} \((?:for example|e\.?g\b)",
    r"(?:the |its |by )?default\w*\b",
    # where more is said, labels, units and bounds
    r"(?:see|read|refer|learn|details|(?:for )?more (?:about|details|information)|for (?:details|further))\b",
    r"(?:type|pattern|format|units?|examples?|required|nullable|since|requires)\s*[:=]|since \S+$",
    r"in (?:\w+ )?\w+s$|(?:must be |can be )?(?:max|min|up to|at most|at least|between|no more than)\b",
)
_ASIDE = re.compile(rf"(?:(?:note|important):? )?(?:{'|'.join(_ASIDES)})", re.IGNORECASE)


def unsettling(statements: Iterable[Statement], known: Iterable[Statement]) -> list[Statement]:
    """The statements behind the first known one that may change what the known ones state."""
    known = tuple(known)
    found: list[Statement] = []
    behind = False
    for statement in statements:
        if any(statement is each for each in known):
            behind = True
        elif behind and not _ASIDE.match(statement.text):
            found.append(statement)
    return found
