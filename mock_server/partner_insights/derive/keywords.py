"""The facts of a row → keywords of its schema, each with the standing of the cell that states it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from partner_insights.contract.model import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partner_insights.tables import Enumeration, Facts, TypeExpression

_NUMERIC = ("number", "integer")
_OF_NUMBERS = {
    **{"minimum": "minimum", "maximum": "maximum"},
    **{"exclusiveMinimum": "above", "exclusiveMaximum": "below"},
}
_BOUNDS: Mapping[str, Mapping[str, str]] = {
    "string": {"minLength": "min_length", "maxLength": "max_length"},
    "number": _OF_NUMBERS,
    "integer": _OF_NUMBERS,
}
"""Type → the keywords of its bounds, and the facts that they come from."""


@dataclass(frozen=True)
class EnumSource:
    """An enumeration table and the page it stands on."""

    page: str
    enumeration: Enumeration


@dataclass
class Keywords:
    """Keywords, and the note of each."""

    keywords: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, keyword: str, value: Any, note: dict[str, Any]) -> None:
        """File one keyword and its note."""
        self.keywords[keyword] = value
        self.notes[keyword] = note


def documented(column: str) -> dict[str, Any]:
    """The standing of a keyword that a cell states."""
    return {"standing": Standing.DOCUMENTED.value, "column": column}


def fact_keywords(
    facts: Facts,
    schema: Mapping[str, Any],
    description: str,
    listed: EnumSource | None,
    resolve: Callable[[TypeExpression], str | EnumSource | None],
) -> Keywords:
    """What the facts of a row say of a value of this schema; facts that do not suit its type say nothing."""
    stated = Keywords()
    json_type = _single(schema.get("type"))
    examples = [coerced(example, json_type) for example in facts.examples]
    if examples:
        stated.add("examples", examples, documented(facts.columns.get("examples", description)))
    if "format" not in schema or json_type in _NUMERIC:
        _values(stated, facts, json_type, description, listed or _referred(facts, resolve))
    if facts.constant is not None and "enum" not in stated.keywords:
        constant = coerced(facts.constant, json_type)
        if _suits(constant, json_type):
            stated.add("const", constant, documented(description))
    _bounds(stated, facts, json_type, description)
    return stated


def coerced(example: Any, json_type: Any) -> Any:
    """A value as one of the property's type: prose writes a number or a truth value like any word."""
    if not isinstance(example, str):
        return example
    if json_type == "boolean" and example.casefold() in ("true", "false"):
        return example.casefold() == "true"
    if json_type in _NUMERIC:
        for kind in (int, float):
            try:
                return kind(example)
            except ValueError:
                continue
    return example


def _single(json_type: Any) -> Any:
    return json_type[0] if isinstance(json_type, list) else json_type


def _suits(value: Any, json_type: Any) -> bool:
    if isinstance(value, bool):
        return bool(json_type == "boolean")
    if isinstance(value, int):
        return json_type in _NUMERIC
    if isinstance(value, float):
        return bool(json_type == "number")
    return bool(json_type == "string")


def _referred(
    facts: Facts, resolve: Callable[[TypeExpression], str | EnumSource | None]
) -> EnumSource | None:
    """The list of values that the description links to."""
    from partner_insights.tables import TypeExpression

    for link in facts.enumerations:
        found = resolve(TypeExpression("reference", name=link.text, target=link.target))
        if isinstance(found, EnumSource):
            return found
    return None


def _values(
    stated: Keywords, facts: Facts, json_type: Any, description: str, listed: EnumSource | None
) -> None:
    if listed is not None:
        values, note = list(listed.enumeration.values), documented(description)
        note["from"] = {
            "page": listed.page,
            "line": listed.enumeration.line,
            "heading": listed.enumeration.name,
        }
    else:
        values, note = list(facts.values), documented(facts.columns.get("values", description))
    members = [coerced(value, json_type) for value in values]
    if members and json_type != "boolean" and all(_suits(member, json_type) for member in members):
        stated.add("enum", list(dict.fromkeys(members)), note)


def _bounds(stated: Keywords, facts: Facts, json_type: Any, description: str) -> None:
    for keyword, fact in _BOUNDS.get(json_type, {}).items():
        value = getattr(facts, fact)
        if value is not None:
            stated.add(keyword, value, documented(facts.columns.get(fact, description)))
