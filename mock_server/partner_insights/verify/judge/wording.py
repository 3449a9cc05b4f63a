"""A constraint → what it says, who says so and why: the first half of a violation's message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partner_insights.contract import Standing
from partner_insights.verify.judge.violation import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partner_insights.contract import Catalogue, Constraint

STATED: Mapping[str, Callable[[Any], str]] = {
    # What a keyword says, as the second half of "the page says …".
    "type": lambda value: " or ".join(value) if isinstance(value, list) else str(value),
    "required": lambda name: f"that {name!r} is there",
    "const": shown,
    "format": lambda value: f"a {value}",
    "minimum": lambda value: f"at least {value}",
    "maximum": lambda value: f"at most {value}",
    "exclusiveMinimum": lambda value: f"more than {value}",
    "exclusiveMaximum": lambda value: f"less than {value}",
    "multipleOf": lambda value: "a whole number" if value == 1 else f"a multiple of {value}",
    "enum": lambda value: f"one of {', '.join(shown(member) for member in value)}",
    "minLength": lambda value: f"at least {value} characters",
    "maxLength": lambda value: f"at most {value} characters",
    "pattern": lambda value: f"a text like {value}",
    "anyOf": lambda forms: " or ".join(_form(form) for form in forms),
}


def _form(form: Mapping[str, Any]) -> str:
    return str(form.get("$ref", form.get("type", "something"))).removesuffix(".schema.json")


def claim(constraint: Constraint, stated: Any, catalogue: Catalogue) -> str:
    """What the contract says; `stated` is the keyword's value, for `required` the missing property's name."""
    says = STATED[constraint.keyword]
    source = constraint.source
    place = f" ({source.page}:{source.line})" if source is not None else ""
    if constraint.standing is Standing.DOCUMENTED:
        return f"the page says {says(stated)}{place}"
    erratum = catalogue.errata.get(constraint.erratum or "")
    because = f", because {_clause(erratum.reason)}" if erratum is not None else ""
    if constraint.standing is Standing.ASSUMED:
        who = f"assumption {erratum.id} says" if erratum is not None else "we assume"
        return f"no page says so{place}; {who} {says(stated)}{because}"
    who = f"erratum {erratum.id} says" if erratum is not None else "we say"
    # What a presence was is no name of a property, and an addition was nothing before.
    before = (
        says(constraint.was)
        if constraint.was is not None and constraint.keyword != "required"
        else "otherwise"
    )
    return f"the page says {before}{place}; {who} {says(stated)}{because}"


def _clause(sentence: str) -> str:
    """A reason's sentence as the end of another one."""
    first, rest = sentence[:1], sentence[1:].removesuffix(".")
    return (first.lower() if rest[:1].islower() or rest[:1] == " " else first) + rest
