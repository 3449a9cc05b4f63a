"""One resource's typed rows → its JSON Schema, every keyword knowing its cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from partner_insights.contract.model import PROVENANCE, Standing
from partner_insights.tables import Facts, Property, Resource, TypeExpression

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]
ResolveReference = Callable[[TypeExpression], str | None]
"""From a reference cell to the name of the resource it means; None where no page defines it."""


def file_name(resource: str) -> str:
    """The file, and so the `$id`, of a resource's schema."""
    return f"{resource}.schema.json"


def resource_schema(page: str, resource: Resource, resolve: ResolveReference) -> Schema:
    """The schema that the table alone states, before any erratum."""
    return {
        "$schema": DIALECT,
        "$id": file_name(resource.name),
        "title": resource.name,
        "description": resource.description,
        "type": "object",
        "properties": {row.name: _property_schema(page, row, resolve) for row in resource.properties},
        PROVENANCE: {
            "page": page,
            "line": resource.line,
            "cells": {"Heading": resource.name},
            "keywords": {"type": documented("Heading")},
        },
    }


def documented(column: str) -> dict[str, Any]:
    """The standing of a keyword that a cell states."""
    return {"standing": Standing.DOCUMENTED.value, "column": column}


def _property_schema(page: str, row: Property, resolve: ResolveReference) -> Schema:
    constraints = {} if row.type is None else _type_keywords(row.type, resolve)
    facts = _fact_keywords(row.facts, constraints.get("type"))
    description = row.cells.get("Description", "")
    keywords: dict[str, dict[str, Any]] = {name: documented("Type") for name in constraints}
    keywords |= {name: documented("Description") for name in facts}
    if description:
        facts = {"description": description} | facts
        keywords["description"] = documented("Description")
    if row.facts.optional:
        keywords["presence"] = documented("Description") | {"present": False}
    provenance = {"page": page, "line": row.line, "cells": dict(row.cells), "keywords": keywords}
    schema = constraints | facts
    if row.facts.constants:
        schema |= _constants(row.facts.constants, provenance)
        keywords["required"] = documented("Description")
    return schema | {PROVENANCE: provenance}


def _type_keywords(expression: TypeExpression, resolve: ResolveReference) -> Schema:
    """The keywords of a type cell; a reference that no page defines is left without constraint."""
    if expression.kind == "reference":
        name = resolve(expression)
        return {} if name is None else {"$ref": file_name(name)}
    json_type: str = (
        expression.json_type if expression.kind == "scalar" and expression.json_type else expression.kind
    )
    schema: Schema = {"type": [json_type, "null"] if expression.nullable else json_type}
    if expression.format is not None:
        schema["format"] = expression.format
    if expression.items is not None:
        schema["items"] = _type_keywords(expression.items, resolve)
    return schema


def _fact_keywords(facts: Facts, json_type: Any) -> Schema:
    examples = [_coerced(example, json_type) for example in facts.examples]
    return {"examples": examples} if examples else {}


def _coerced(example: Any, json_type: Any) -> Any:
    """An example as a value of the property's type: prose writes a number like any word."""
    if json_type in ("number", "integer") and isinstance(example, str):
        try:
            return int(example)
        except ValueError:
            try:
                return float(example)
            except ValueError:
                return example
    return example


def _constants(constants: Mapping[str, str], provenance: Mapping[str, Any]) -> Schema:
    """The prose "Includes "objectType": "X"": the property is there and has this value."""
    place = {key: provenance[key] for key in ("page", "line", "cells")}
    stated = {"presence": documented("Description") | {"present": True}, "const": documented("Description")}
    return {
        "properties": {
            name: {"const": value, PROVENANCE: place | {"keywords": stated}}
            for name, value in constants.items()
        },
        "required": list(constants),
    }
