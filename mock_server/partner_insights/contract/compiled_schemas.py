"""Derived schemas → validators of jsonschema-rs, which say at once whether a value fits, and never why.

`schema_errors` explains, and takes far longer. Where the two might disagree there is no validator here: what
fits is certain, and the rest is for the other to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from partner_insights.contract.formats import ANNOTATIONS, LOCAL_TIME, TEXTS, WIDTHS, is_local_time
from partner_insights.contract.model import PROVENANCE
from partner_insights.contract.schema_files import resource_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from partner_insights.contract.model import JsonValue, SchemaObject

SHARED_KEYWORDS: Final = frozenset(
    {
        *("type", "const", "enum", "format", "minimum", "maximum", "multipleOf", "minLength", "maxLength"),
        *("properties", "items", "required", "additionalProperties", "$ref"),
        *("deprecated", "readOnly", "writeOnly", "default"),
    }
)
"""Keywords that both validators read alike."""

MAX_COMPILED: Final = 1_000
"""Schemas whose validators are remembered: each query that groups rows has one of its own."""
_EXACT: Final = (1 - 2**63, 2**64 - 1)
"""Within them orjson reads an integer as it is written; further out it may be rounded onto a bound."""
_DEFINITIONS: Final = "#/$defs/"
_IGNORED: Final = ("$id", "$schema", PROVENANCE, "description", "examples", "title")


class CompiledSchemas:
    """The schemas of one catalogue, in one document."""

    def __init__(self, resources: Mapping[str, SchemaObject]) -> None:
        self._definitions = {name: in_one_document(schema) for name, schema in resources.items()}
        self._compiled: dict[bytes, Callable[[JsonValue], bool] | None] = {}

    def fits(self, value: JsonValue, schema: SchemaObject) -> bool:
        """Whether a value certainly fits a schema; False says nothing."""
        key = orjson.dumps(schema)
        if key not in self._compiled:
            if len(self._compiled) >= MAX_COMPILED:
                self._compiled.clear()
            self._compiled[key] = self._validator(in_one_document(schema))
        is_valid = self._compiled[key]
        try:
            return is_valid is not None and is_valid(value)
        except (ValueError, TypeError, OverflowError):
            return False  # it cannot hold half a character, or a number of many digits

    def _validator(self, schema: SchemaObject) -> Callable[[JsonValue], bool] | None:
        definitions = definitions_read_alike(schema, self._definitions)
        return None if definitions is None else compiled({**schema, "$defs": definitions})


def compiled(schema: SchemaObject) -> Callable[[JsonValue], bool]:
    """Whether a value is valid, formats included, to a validator that does not say why."""
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(
        dict(schema), validate_formats=True, formats={LOCAL_TIME: is_local_time}
    ).is_valid


def in_one_document(schema: SchemaObject) -> dict[str, Any]:
    """A derived schema as a document has it that holds all others under `$defs`; bounds in place of widths.

    The library checks formats of texts alone. Bounds are drawn in to where numbers are exact.
    """
    return dict(_in_one_document(schema))


def definitions_read_alike(
    schema: SchemaObject, definitions: Mapping[str, SchemaObject]
) -> dict[str, SchemaObject] | None:
    """The definitions that a schema refers to; None where the validators are not known to read all alike."""
    pending: list[SchemaObject] = [schema]
    found: dict[str, SchemaObject] = {}
    while pending:
        for keyword, value in keywords(pending.pop()):
            if keyword == "$ref":
                name = value.removeprefix(_DEFINITIONS)
                if name not in found:
                    found[name] = definitions[name]
                    pending.append(found[name])
            elif not _is_read_alike(keyword, value):
                return None
    return found


def _is_read_alike(keyword: str, value: Any) -> bool:
    if keyword == "format":
        return value in (*TEXTS, LOCAL_TIME, *ANNOTATIONS)
    if keyword in ("const", "enum"):
        return all(map(_is_exact, value if keyword == "enum" else [value]))
    return keyword in SHARED_KEYWORDS and (keyword != "additionalProperties" or isinstance(value, bool))


def _is_exact(value: object) -> bool:
    return not isinstance(value, int | float) or _EXACT[0] <= value <= _EXACT[1]


def keywords(schema: SchemaObject) -> Iterator[tuple[str, Any]]:
    """Every keyword of a schema and of those within it."""
    for keyword, value in schema.items():
        yield keyword, value
        nested = value.values() if keyword == "properties" else [value] if keyword == "items" else []
        for each in nested:
            yield from keywords(each)


def _in_one_document(schema: SchemaObject) -> Iterator[tuple[str, Any]]:
    for keyword, value in _bounded(schema).items():
        if keyword == "$ref":
            yield keyword, f"{_DEFINITIONS}{resource_of(value)}"
        elif keyword == "properties":
            yield keyword, {name: in_one_document(nested) for name, nested in value.items()}
        elif keyword == "items":
            yield keyword, in_one_document(value)
        elif keyword not in _IGNORED:
            yield keyword, value


def _bounded(schema: SchemaObject) -> SchemaObject:
    has_width = schema.get("format") in WIDTHS
    lowest, highest = WIDTHS[schema["format"]] if has_width else _EXACT
    both = has_width or "multipleOf" in schema
    bounds = {}
    if both or "minimum" in schema:
        bounds["minimum"] = max(lowest, schema.get("minimum", lowest), _EXACT[0])
    if both or "maximum" in schema:
        bounds["maximum"] = min(highest, schema.get("maximum", highest), _EXACT[1])
    kept = {keyword: value for keyword, value in schema.items() if not (has_width and keyword == "format")}
    return kept | bounds
