"""A JSON value and a derived schema → every keyword that the value breaks, and where.

`jsonschema` judges each keyword; which of them apply where is followed here, and whatever certainly fits is
passed over: most of a broken body does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from partner_insights.contract.schema_files import resource_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jsonschema import Draft202012Validator

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


class Explainer(NamedTuple):
    """What is wrong with values, by the schemas of a catalogue."""

    fits: Callable[[JsonValue, SchemaObject], bool]
    """Whether a value certainly fits."""
    schema: Callable[[str], SchemaObject]
    """Of a resource."""
    validator: Draft202012Validator
    """What knows every keyword."""

    def errors(self, value: JsonValue, schema: SchemaObject, path: Path = ()) -> Iterator[SchemaError]:
        """In the order of the schema; none for a value that certainly fits."""
        if not self.fits(value, schema):
            yield from self._errors(value, schema, path)

    def _errors(self, value: JsonValue, schema: SchemaObject, path: Path) -> Iterator[SchemaError]:
        checks = self.validator.VALIDATORS
        for keyword, stated in schema.items():
            if keyword == "$ref":
                yield from self._errors(value, self.schema(resource_of(stated)), path)
            elif keyword in ("properties", "items"):
                for step, member, subschema in _below(keyword, stated, value):
                    yield from self.errors(member, subschema, (*path, step))
            elif keyword in checks and any(checks[keyword](self.validator, stated, value, schema) or ()):
                yield SchemaError(path, keyword, stated, value, schema)


def _below(
    keyword: str, stated: Any, value: JsonValue
) -> Iterator[tuple[str | int, JsonValue, SchemaObject]]:
    """The members that a keyword speaks of, and the schema of each."""
    if keyword == "properties" and isinstance(value, dict):
        yield from ((name, value[name], schema) for name, schema in stated.items() if name in value)
    elif keyword == "items" and isinstance(value, list):
        yield from ((index, item, stated) for index, item in enumerate(value))
