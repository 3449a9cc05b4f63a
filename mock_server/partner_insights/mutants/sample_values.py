"""A schema → one value that it allows: what a mutant corrupts where a response has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from partner_insights.contract.formats import LOCAL_TIME
from partner_insights.contract.schema_files import reference_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract import Catalogue, SchemaObject

_FORMATTED: Final[Mapping[str, str]] = {
    "date-time": "2017-03-10T00:00:00+00:00",
    LOCAL_TIME: "2017-03-10T00:00:00",
    "date": "2017-03-10",
    "uuid": "4d3cf487-70f4-4e1e-9ff1-b2bfce8d9f04",
    "uri": "https://example.com/",
    "email": "someone@example.com",
}


def sample(catalogue: Catalogue, resource: str) -> dict[str, Any]:
    """A valid value of a resource with every property its schema lists; KeyError for an unknown one."""
    value: dict[str, Any] = sample_of(catalogue, reference_to(resource))
    return value


def sample_of(catalogue: Catalogue, schema: SchemaObject, above: frozenset[str] = frozenset()) -> Any:
    """A value the schema allows, objects with all their properties, arrays with one item.

    `above` are the resources it is part of: one of them inside itself is left out, or an empty array.
    """
    parts = list(catalogue.followed(schema))
    above |= {part["title"] for part in parts if "title" in part}
    stated = {name: value for part in reversed(parts) for name, value in part.items()}
    for keyword in ("const", "default"):
        if keyword in stated:
            return stated[keyword]
    for keyword in ("enum", "examples"):
        if stated.get(keyword):
            return stated[keyword][0]
    kind = stated.get("type", "object" if "properties" in stated else "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        return _object(catalogue, parts, above)
    if kind == "array":
        item = stated.get("items")
        if item is None or _within(catalogue, item, above):
            return []
        return [sample_of(catalogue, item, above)]
    return _scalar(kind, stated)


def _within(catalogue: Catalogue, schema: SchemaObject, above: frozenset[str]) -> bool:
    return any(part.get("title") in above for part in catalogue.followed(schema))


def _object(catalogue: Catalogue, parts: list[SchemaObject], above: frozenset[str]) -> dict[str, Any]:
    properties: dict[str, dict[str, Any]] = {}
    for part in parts:
        for name, member in part.get("properties", {}).items():
            properties[name] = {**member, **properties.get(name, {})}
    return {
        name: sample_of(catalogue, member, above)
        for name, member in properties.items()
        if not _within(catalogue, member, above)
    }


def _scalar(kind: str, stated: Mapping[str, Any]) -> Any:
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    if kind in ("number", "integer"):
        return max(int(stated.get("minimum", 1)), min(1, int(stated.get("maximum", 1))))
    text = _FORMATTED.get(stated.get("format", ""), "Contoso")
    return text.ljust(stated.get("minLength", 0), "o")[: stated.get("maxLength")]
