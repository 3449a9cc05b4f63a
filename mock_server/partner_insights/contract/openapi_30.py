"""A description in OpenAPI 3.1 → the same in 3.0, whose schemas are of an older JSON Schema.

For tools that read no later version: generators and validators in many languages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.contract.model import SchemaObject


def openapi_30(document: dict[str, Any]) -> dict[str, Any]:
    """The description with every schema in the words of 3.0.3, which have the same meaning."""
    components = document["components"]
    return {
        **document,
        "openapi": "3.0.3",
        "paths": {
            path: {method: _operation(each) for method, each in item.items()}
            for path, item in document["paths"].items()
        },
        "components": {
            **components,
            "schemas": {name: _schema(each) for name, each in components["schemas"].items()},
            **{
                kind: {name: _with_schema(each) for name, each in components[kind].items()}
                for kind in ("headers", "parameters")
            },
        },
    }


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    responses = {
        status: {
            **response,
            "content": {media: _with_schema(each) for media, each in response["content"].items()},
        }
        for status, response in operation["responses"].items()
    }
    parameters = [_with_schema(each) for each in operation["parameters"]]
    return {**operation, "parameters": parameters, "responses": responses}


def _with_schema(holder: dict[str, Any]) -> dict[str, Any]:
    """A parameter, a header or a body; one that is referred to has no schema here."""
    return {**holder, "schema": _schema(holder["schema"])} if "schema" in holder else holder


def _schema(schema: SchemaObject) -> dict[str, Any]:
    if "$ref" in schema and len(schema) > 1:  # where 3.0 passes over all that stands beside it
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {**_schema(beside), "allOf": [{"$ref": schema["$ref"]}]}
    return dict(pair for key, value in schema.items() for pair in _keyword(key, value))


def _keyword(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    match key, value:
        case "type", list():
            yield from _types(value)
        case (("exclusiveMinimum" | "exclusiveMaximum"), _):
            yield key.removeprefix("exclusive").lower(), value
            yield key, True
        case "const", _:
            yield "enum", [value]
        case "examples", [first, *_]:
            yield "example", first
        case (("required" | "examples"), []):
            pass  # it says nothing, and an empty list is none of 3.0
        case "properties", dict():
            yield key, {name: _schema(each) for name, each in value.items()}
        case (("items" | "additionalProperties"), dict()):
            yield key, _schema(value)
        case "anyOf", list():
            yield key, [_schema(each) for each in value]
        case _:
            yield key, value


def _types(types: list[str]) -> Iterator[tuple[str, Any]]:
    """One type, or a choice of several; null goes with a type that is stated beside it."""
    stated: list[dict[str, Any]] = [{"type": each} for each in types if each != "null"]
    if len(stated) < len(types):
        stated[0]["nullable"] = True
    yield from stated[0].items() if len(stated) == 1 else [("anyOf", stated)]
