"""A JSON value and a derived schema → every keyword that the value breaks, and where.

`jsonschema` judges each keyword; which of them apply where is followed here, and whatever certainly fits is
passed over: most of a broken body does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from partner_insights.contract.schema_files import resource_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.contract.catalogue import Catalogue
    from partner_insights.contract.model import JsonValue, SchemaObject

Path: TypeAlias = "tuple[str | int, ...]"


class SchemaError(NamedTuple):
    """One keyword that a value breaks."""

    path: Path
    """Of the value, in the whole one."""
    keyword: str
    stated: Any
    """What the keyword says."""
    value: JsonValue
    schema: SchemaObject
    """The one that has the keyword."""


def schema_errors(
    value: JsonValue, schema: SchemaObject, catalogue: Catalogue, path: Path = ()
) -> Iterator[SchemaError]:
    """The errors in the order of the schema; none for a value that certainly fits."""
    if not catalogue.fits(value, schema):
        yield from _errors(value, schema, catalogue, path)


def _errors(
    value: JsonValue, schema: SchemaObject, catalogue: Catalogue, path: Path
) -> Iterator[SchemaError]:
    known = catalogue.keyword_validator
    for keyword, stated in schema.items():
        if keyword == "$ref":
            yield from _errors(value, catalogue.schema(resource_of(stated)), catalogue, path)
        elif keyword in ("properties", "items"):
            for step, member, subschema in _below(keyword, stated, value):
                yield from schema_errors(member, subschema, catalogue, (*path, step))
        elif any(known.VALIDATORS.get(keyword, _no_error)(known, stated, value, schema) or ()):
            yield SchemaError(path, keyword, stated, value, schema)


def _no_error(*_: object) -> tuple[()]:
    """Of what is no keyword."""
    return ()


def _below(
    keyword: str, stated: Any, value: JsonValue
) -> Iterator[tuple[str | int, JsonValue, SchemaObject]]:
    """The members that a keyword speaks of, and the schema of each."""
    if keyword == "properties" and isinstance(value, dict):
        yield from ((name, value[name], schema) for name, schema in stated.items() if name in value)
    elif keyword == "items" and isinstance(value, list):
        yield from ((index, item, stated) for index, item in enumerate(value))
