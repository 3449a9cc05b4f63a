"""One resource's typed rows → its JSON Schema, every keyword knowing its cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from partner_insights.contract.model import PROVENANCE
from partner_insights.contract.schema_files import file_name, reference_to
from partner_insights.derive.keywords import EnumSource, documented, fact_keywords
from partner_insights.tables import Facts, Property, Resource, TypeExpression

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]
_NULLABLE = "nullable"  # where a list of values has null among them, likewise
_LISTED = "listed"  # where a reference leads to a list of values, until they have become an enum
ResolveReference = Callable[[TypeExpression], "str | EnumSource | None"]
"""From a reference cell to the name of the resource it means, or a list of values; None where
no page has it."""


def resource_schema(
    page: str, resource: Resource, resolve: ResolveReference, name: str | None = None
) -> Schema:
    """The schema that the table alone states, before any erratum; `name` where it is not the resource's."""
    return {
        "$schema": DIALECT,
        "$id": file_name(name or resource.name),
        "title": name or resource.name,
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


def _property_schema(page: str, row: Property, resolve: ResolveReference) -> Schema:
    title = {role: row.titles.get(role, role.capitalize()) for role in ("type", "description")}
    place = {"page": page, "line": row.line, "cells": dict(row.cells)}
    schema = {} if row.type is None else _type_keywords(row.type, resolve, has_values=bool(row.facts.values))
    listed = schema.pop(_LISTED, None)
    if listed is not None and listed.enumeration.nullable:
        schema[_NULLABLE] = True
    notes: dict[str, dict[str, Any]] = {
        name: documented(title["type"]) for name in schema if name != _NULLABLE
    }
    if description := row.cells.get(title["description"], ""):
        schema = {"description": description} | schema
    # What is said of an array's values binds the values, and stands with them.
    inner = schema.get("items") if schema.get("type") == "array" else None
    facts = fact_keywords(
        row.facts, schema if inner is None else inner, title["description"], listed, resolve
    )
    if inner is None:
        schema, notes = schema | facts.keywords, notes | facts.notes
    elif facts.keywords:
        members = {name: documented(title["type"]) for name in inner}
        schema["items"] = inner | facts.keywords | {PROVENANCE: place | {"keywords": members | facts.notes}}
    if description:
        notes["description"] = documented(title["description"])
    schema, notes = _about(row.facts, schema, notes, title["description"])
    provenance = place | {"keywords": notes}
    if row.facts.constants:
        schema |= _constants(row.facts.constants, provenance, title["description"])
        notes["required"] = documented(title["description"])
    return schema | {PROVENANCE: provenance}


def _about(
    facts: Facts, schema: Schema, notes: dict[str, dict[str, Any]], description: str
) -> tuple[Schema, dict[str, dict[str, Any]]]:
    """The schema with what is said of the property itself: null, presence, read-only, deprecated, unit."""

    def note(fact: str) -> dict[str, Any]:
        return documented(facts.columns.get(fact, description))

    if facts.nullable or schema.pop(_NULLABLE, False):
        schema, notes = _nullable(schema, notes, note("nullable"))
    if facts.optional or facts.required:
        present = facts.required
        notes["presence"] = note("required" if present else "optional") | {"present": present}
        if facts.relation:
            notes["presence"]["relation"] = True
    for fact, keyword in (("read_only", "readOnly"), ("deprecated", "deprecated")):
        if getattr(facts, fact):
            schema[keyword] = True
            notes[keyword] = note(fact)
    if facts.unit is not None and schema.get("type") in ("number", "integer"):
        notes["unit"] = note("unit") | {"value": facts.unit}
    return schema, notes


def _nullable(
    schema: Schema, notes: dict[str, dict[str, Any]], note: dict[str, Any]
) -> tuple[Schema, dict[str, dict[str, Any]]]:
    """The schema with null allowed besides; the notes say that the description does so."""
    if "$ref" in schema:
        reference = schema["$ref"]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        others = {key: value for key, value in notes.items() if key != "$ref"}
        return rest | {"anyOf": [{"$ref": reference}, {"type": "null"}]}, others | {"anyOf": note}
    if isinstance(schema.get("type"), str):
        schema = schema | {"type": [schema["type"], "null"]}
        notes = notes | {"type": notes["type"] | {"null": note["column"]}}
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema, notes


def _type_keywords(expression: TypeExpression, resolve: ResolveReference, *, has_values: bool) -> Schema:
    """The keywords of a type cell; `has_values` where the description lists the values."""
    if expression.kind == "any":
        return {}
    if expression.kind == "reference":
        found = resolve(expression)
        if isinstance(found, EnumSource):
            numbers = all(re.fullmatch(r"-?\d{1,15}", value) for value in found.enumeration.values)
            return {"type": "integer" if numbers else "string", _LISTED: found}
        if found is None:
            # What no page defines is left open, but for a type whose values the description lists.
            return {"type": "string"} if has_values else {}
        reference: Schema = {**reference_to(found)}
        return {"anyOf": [reference, {"type": "null"}]} if expression.nullable else reference
    json_type: str = (
        expression.json_type if expression.kind == "scalar" and expression.json_type else expression.kind
    )
    schema: Schema = {"type": [json_type, "null"] if expression.nullable else json_type}
    if expression.format is not None:
        schema["format"] = expression.format
    if expression.pattern is not None:
        schema["pattern"] = expression.pattern
    if expression.items is not None:
        schema["items"] = _type_keywords(expression.items, resolve, has_values=has_values)
        if (listed := schema["items"].pop(_LISTED, None)) is not None:
            schema[_LISTED] = listed
    return schema


def _constants(constants: Mapping[str, str], provenance: Mapping[str, Any], column: str) -> Schema:
    """The prose "Includes "objectType": "X"": the property is there and has this value."""
    place = {key: provenance[key] for key in ("page", "line", "cells")}
    stated = {"presence": documented(column) | {"present": True}, "const": documented(column)}
    return {
        "properties": {
            name: {"const": value, PROVENANCE: place | {"keywords": stated}}
            for name, value in constants.items()
        },
        "required": list(constants),
    }
