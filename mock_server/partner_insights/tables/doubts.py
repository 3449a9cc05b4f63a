"""The facts of a row and its type → the facts that bind values of this type, and the sentences that may."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from partner_insights.tables.row_facts import Doubted, Facts
    from partner_insights.tables.type_expression import TypeExpression

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TIME = re.compile(r"\btime ?(?:stamp|zone)|\bdate[- ]?(?:and )?time\b|\dT\d\d:|\bhh:mm", re.IGNORECASE)
_AMBIGUOUS = {
    "number": re.compile(r"\d,\d"),
    "string": re.compile(r"^(?:an? |the )?(?:list|array|set|collection) of\b", re.IGNORECASE),
}
_BOUNDS = ("min_length", "max_length", "minimum", "maximum", "above", "below")


def with_time(expression: TypeExpression | None, description: str) -> TypeExpression | None:
    """What a date is whose description speaks of a time of day, a string of no form; None for any other."""
    if expression is None or expression.format != "date" or not _TIME.search(description):
        return None
    return replace(expression, format=None)


def binding(facts: Facts, expression: TypeExpression | None, description: str = "") -> Facts:
    """The facts without those that bind no value of this type for certain.

    What is said of an array's lengths may be about how many there are, or about each; numbers have no names,
    and "1,5" may be one of them; a text that is "a list of" values is none of them.
    """
    is_array = expression is not None and expression.kind == "array"
    if expression is not None and is_array:
        facts = _unbound(facts, [bound for bound in _BOUNDS if bound not in facts.columns])
        facts = replace(facts, constant=None)  # each item, or the only one
        expression = expression.items
    if (
        expression is not None
        and expression.json_type == "integer"
        and any(isinstance(getattr(facts, bound), float) for bound in _BOUNDS)
    ):
        facts = _unbound(facts, _BOUNDS)  # "1.000" may be a thousand, or one
    unfit = _is_number(expression) and not all(map(_NUMBER.fullmatch, facts.values))
    if expression is not None and expression.json_type in _AMBIGUOUS and not is_array:
        unfit = unfit or _AMBIGUOUS[expression.json_type].search(description) is not None
    if facts.values and (unfit or _has_form(expression)):
        facts = replace(facts, values=(), doubts={**facts.doubts, "values": ", ".join(facts.values)})
    return facts


def _unbound(facts: Facts, bounds: Iterable[str]) -> Facts:
    """The facts without these bounds; the sentences that state them are doubts."""
    open_now: dict[Doubted, str] = {**dict(facts.bounded.items()), **facts.doubts}
    return replace(facts, **dict.fromkeys(bounds), doubts=open_now)  # type: ignore[arg-type]


def doubts(facts: Facts, expression: TypeExpression | None) -> Iterator[tuple[Doubted, str]]:
    """What the description of a value of this type leaves open, and the sentence that does."""
    about: tuple[Doubted, ...] = ()
    if expression is not None and expression.kind == "array":
        expression = expression.items
    if _is_number(expression):
        about = ("values", "range")
    elif expression is not None and expression.kind == "scalar":
        about = ("values",) if expression.format else ("values", "length")
    if expression is not None and expression.json_type == "boolean":
        return
    settled = "values" if facts.enumerations else None  # a list elsewhere
    yield from ((each, facts.doubts[each]) for each in about if each in facts.doubts and each != settled)


def _has_form(expression: TypeExpression | None) -> bool:
    """Whether its values are strings of a form, such as dates."""
    return expression is not None and expression.json_type == "string" and expression.format is not None


def _is_number(expression: TypeExpression | None) -> bool:
    return expression is not None and expression.json_type in ("number", "integer")
