"""The fields of an answer that caches read → what RFC 9110 and 9111 do not allow in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from partner_insights.header_values import number_of
from partner_insights.verify.judge.exchange import Token
from partner_insights.verify.judge.http_checks import http_finding
from partner_insights.verify.judge.violation import Finding, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from partner_insights.verify.judge.exchange import Request, Response

CODE: Final = "PI324"
FORMS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "ETag": (re.compile(r'(W/)?"[^"\x00-\x20\x7f]*"'), "is no entity tag: those stand in quotes"),
    "Age": (re.compile(r"[0-9]+"), "is no number of seconds"),
}
"""Field → its form (RFC 9110, section 8.8.3; RFC 9111, section 5.1), and what is wrong otherwise."""
_SECONDS: Final = re.compile(r'[0-9]+|"[0-9]+"')
"""RFC 9111, section 5.2: a directive may quote its value."""
_OF_SECONDS: Final = ("max-age", "s-maxage")
_FOR_OTHERS: Final = ("public", "s-maxage")
"""RFC 9111, section 3.5: with these, a shared cache keeps the answer to a request with Authorization."""
_FOR_NOBODY: Final = ("private", "no-store")
_LONGER: Final = ("stale-while-revalidate", "stale-if-error")
"""RFC 5861: for how long an answer may be handed on that is fresh no more."""
_NEVER_STALE: Final = ("must-revalidate", "proxy-revalidate")
"""RFC 9111, section 4.2.4: with these, no answer is handed on that is fresh no more."""


def cache_findings(request: Request, response: Response) -> Iterator[Finding]:
    """Fields that do not parse, and an answer to a token that others may be given."""
    for name, (form, words) in FORMS.items():
        value = response.header(name)
        if value is not None and not form.fullmatch(value.strip()):
            yield http_finding(CODE, f"the {name} {shortened(value)!r} {words}")
    control = response.header("Cache-Control")
    if control is None:
        return
    directives = _directives(control)
    for name in _OF_SECONDS:
        if name in directives and not _SECONDS.fullmatch(directives[name]):
            yield http_finding(
                CODE, f"{name} of Cache-Control {shortened(control)!r} is no number of seconds"
            )
    shared = any(each in directives for each in _FOR_OTHERS)
    withheld = any(each in directives for each in _FOR_NOBODY)
    if request.token in (Token.USER, Token.APP_ONLY) and response.status == 200 and shared and not withheld:
        words = "lets a cache give the answer to this token to others"
        yield http_finding(CODE, f"the Cache-Control {shortened(control)!r} {words}")
    age = number_of(response.header("Age"))
    if age:
        yield from _age_findings(age, directives, shortened(control))


def _age_findings(age: int, directives: Mapping[str, str], control: str) -> Iterator[Finding]:
    """An answer that a cache has kept for longer than it may."""
    if "no-store" in directives:
        words = f"a cache has kept this answer for {age} s, and its Cache-Control {control!r} lets none"
        yield http_finding(CODE, words, certain=True)
        return
    fresh = _seconds(directives, _OF_SECONDS)
    if fresh is None:
        return
    never = any(name in directives for name in _NEVER_STALE)
    if age > fresh + (0 if never else _seconds(directives, _LONGER) or 0):
        words = f"a cache has kept this answer for {age} s, longer than its Cache-Control {control!r} says"
        yield http_finding(CODE, words, certain=never)


def _seconds(directives: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    """The longest of some directives; None where there is none of them, with a number."""
    stated = (number_of(directives.get(name, "").strip('"')) for name in names)
    return max((each for each in stated if each is not None), default=None)


def _directives(control: str) -> dict[str, str]:
    """The directives by their names in small letters; the value is empty where there is none."""
    parts = (part.partition("=") for part in control.split(","))
    return {name.strip().lower(): value.strip() for name, _, value in parts}
