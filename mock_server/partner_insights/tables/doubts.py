"""The facts of a row and its type → the facts that bind values of this type, and the sentences that may."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.tables.row_facts import Doubted, Facts
    from partner_insights.tables.type_expression import TypeExpression

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_BOUNDS = ("min_length", "max_length", "minimum", "maximum", "above", "below")


def binding(facts: Facts, expression: TypeExpression | None) -> Facts:
    """The facts without those that bind no value of this type for certain.

    What is said of an array's lengths may be about how many there are, or about each; numbers have no names.
    """
    if expression is not None and expression.kind == "array":
        stated = [bound for bound in _BOUNDS if bound not in facts.columns]
        facts = replace(facts, **dict.fromkeys(stated))  # type: ignore[arg-type]
        expression = expression.items
    if expression is not None and expression.json_type == "integer":
        # "1.000" may be a thousand, or one.
        unsure = [bound for bound in _BOUNDS if isinstance(getattr(facts, bound), float)]
        if unsure:
            said = {**facts.doubts, "range": " ".join(str(getattr(facts, bound)) for bound in unsure)}
            facts = replace(facts, **dict.fromkeys(_BOUNDS), doubts=said)  # type: ignore[arg-type]
    unfit = _is_number(expression) and not all(map(_NUMBER.fullmatch, facts.values))
    if facts.values and (unfit or _has_form(expression)):
        facts = replace(facts, values=(), doubts={**facts.doubts, "values": ", ".join(facts.values)})
    return facts


def doubts(facts: Facts, expression: TypeExpression | None) -> Iterator[tuple[Doubted, str]]:
    """What the description of a value of this type leaves open, and the sentence that does."""
    about: tuple[Doubted, ...] = ()
    if expression is not None and expression.kind == "array":
        expression = expression.items
        about = ("values",) if expression is not None and expression.kind == "scalar" else ()
    elif _is_number(expression):
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
