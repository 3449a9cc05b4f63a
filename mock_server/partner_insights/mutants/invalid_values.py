"""A keyword and a valid value → a value that breaks this keyword and no other of its schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from partner_insights.contract.formats import LOCAL_TIME, WIDTHS

if TYPE_CHECKING:
    from partner_insights.contract import SchemaObject

Break = Callable[[Any, "SchemaObject"], Any]
"""A valid value and the subschema that states the keyword → the broken value."""


def _wrong_type(value: Any, schema: SchemaObject) -> Any:
    """A number where a string belongs, and text everywhere else: as clients see it in practice."""
    stated = schema["type"]
    allowed = [stated] if isinstance(stated, str) else list(stated)
    if "string" not in allowed:
        return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else "text"
    return 3 if not {"number", "integer"} & set(allowed) else {}


def _wrong_constant(value: Any, schema: SchemaObject) -> Any:
    stated = schema["const"]
    return f"{stated}s" if isinstance(stated, str) else f"not {stated}"


def _wrong_format(value: Any, schema: SchemaObject) -> Any:
    """What is nearly of the format."""
    stated, text = schema["format"], str(value)
    if stated in WIDTHS:
        return WIDTHS[stated][1] + 1
    if stated == "date-time":
        return re.sub(r"([Zz]|[+-]\d\d:\d\d)$", "", text)
    if stated == LOCAL_TIME:
        return f"{text}+00:00"
    if stated == "uuid":
        return text[:-1]
    return f"no {stated}"


def _unmatched(value: Any, schema: SchemaObject) -> Any:
    for attempt in (f"{value} ", f" {value}", "\u2028", "", "?" * max(1, len(str(value)))):
        if not re.search(schema["pattern"], attempt):
            return attempt
    raise ValueError(f"nothing tried breaks the pattern {schema['pattern']!r}")


BREAKS: Final[Mapping[str, Break]] = {
    "type": _wrong_type,
    "const": _wrong_constant,
    "format": _wrong_format,
    "minimum": lambda _, schema: schema["minimum"] - 1,
    "maximum": lambda _, schema: schema["maximum"] + 1,
    "exclusiveMinimum": lambda _, schema: schema["exclusiveMinimum"],
    "exclusiveMaximum": lambda _, schema: schema["exclusiveMaximum"],
    "anyOf": lambda *_: "neither",  # no object and not null: what a nullable resource can never be
    # A count and a half: inside every bound, for counts are not bounded above.
    "multipleOf": lambda value, schema: value + schema["multipleOf"] / 2,
    "enum": lambda _, schema: f"{schema['enum'][0]}, unlisted",
    "minLength": lambda _, schema: "x" * (schema["minLength"] - 1),
    "maxLength": lambda _, schema: "x" * (schema["maxLength"] + 1),
    "pattern": _unmatched,
}
"""Every keyword that a code of codes.toml reports, but `required`: that is a property left out."""
