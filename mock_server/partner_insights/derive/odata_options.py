"""The OData options of a page's operations → what they do to the rows, and the fields they may name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract.model import SchemaObject

_COMPARED: Final = ("eq", "ne", "in", "gt", "ge", "lt", "le")


def describe_options(document: Mapping[str, Any], schemas: Mapping[str, SchemaObject]) -> None:
    """Have the query options that every OData service reads alike do what they say, on a paged collection.

    Their fields are the properties of the resource that hold one value.
    """
    for entry in document["operation"]:
        layout = document["envelope"].get(entry.get("envelope"), {})
        for name, stated in entry.get("query", {}).items():
            shared = document["query"].get(name)
            if "next-link" not in layout or shared is None or stated.keys() & {"use", "kind"}:
                continue
            fields = _fields_of(schemas.get(entry["resource"], {}), shared["kind"])
            entry["query"][name] = {"use": name, **fields, **stated}


def _fields_of(schema: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What a filter, an order or a selection may name, and how its values are compared."""
    if kind not in ("filter", "order", "select"):
        return {}
    types = {name: _type_of(each) for name, each in schema.get("properties", {}).items()}
    if kind == "select":
        return {"fields": list(types)}
    single = {name: found for name, found in types.items() if found is not None}
    operators = {"booleans": _COMPARED[:2], "texts": (*_COMPARED, "contains", "startswith", "endswith")}
    compared = {name: operators.get(found, _COMPARED) for name, found in single.items()}
    by_type = {
        key: [name for name, found in single.items() if found == key]
        for key in ("dates", "booleans", "numbers")
    }
    return {"fields": compared if kind == "filter" else list(single), **by_type}


def _type_of(schema: Mapping[str, Any]) -> str | None:
    """How the values of a property are compared; None for what is no single value."""
    stated = schema.get("type")
    kinds = {stated} if isinstance(stated, str) else set(stated or ())
    if kinds & {"integer", "number"}:
        return "numbers"
    if "boolean" in kinds:
        return "booleans"
    if "string" not in kinds:
        return None
    return "dates" if str(schema.get("format", "")).startswith("date") else "texts"
