"""What a schema says of a property → a column that keeps it, for properties no table of ours knows by name.

The most telling keyword decides: `const`, then `enum`, then `examples`, then `format`, then `type` with its
bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from partner_insights.world.columns import Coded, Column
from partner_insights.world.hashing import Integers, Words, below, draw, unit
from partner_insights.world.identity import guid

_DEEPEST: Final = 3
"""Objects within objects before one is left empty (resources may refer to each other in a circle)."""
_EPOCH: Final = datetime(2015, 1, 1, tzinfo=UTC)
_MINUTES: Final = 10 * 365 * 24 * 60

Resolve = Callable[[str], Mapping[str, Any]]
"""The schema behind a `$ref`."""


def schema_column(
    schema: Mapping[str, Any], entity: Words, field: int, resolve: Resolve, depth: int = 0
) -> Column:
    """One value for each entity that the schema allows.

    `field` is the key of the property (`field_key`), `resolve` gives the schema behind a `$ref`.
    """
    hashes = draw(entity, field)
    if "const" in schema:
        return _chosen([schema["const"]], hashes)
    if "enum" in schema:
        return _chosen(list(schema["enum"]), hashes)
    kind = _kind(schema)
    examples = [value for value in schema.get("examples", ()) if _is(value, kind)]
    if examples:
        return _chosen(examples, hashes)
    if kind == "object":
        return _objects(schema, entity, field, resolve, depth)
    if kind == "array":
        item = schema_column(schema.get("items", {}), entity, field, resolve, depth + 1)
        return _values([[value] for value in item.tolist()])
    if kind == "boolean":
        return unit(hashes) < 0.5
    if kind in ("number", "integer"):
        return _numbers(schema, kind, hashes)
    return _texts(schema, hashes)


def _kind(schema: Mapping[str, Any]) -> str:
    """The JSON type to make: the first named that is not null; a `$ref` is an object, silence a string."""
    kinds = schema.get("type", "object" if "$ref" in schema or "properties" in schema else "string")
    if isinstance(kinds, str):
        return kinds
    return next((kind for kind in kinds if kind != "null"), "string")


def _is(value: Any, kind: str) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "number": number,
        "integer": number and value == int(value),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
    }.get(kind, False)


def _chosen(options: Sequence[Any], hashes: Words) -> Column:
    codes = below(hashes, len(options))
    if all(isinstance(option, str) for option in options):
        return Coded(codes, options)
    return _values([options[code] for code in codes.tolist()])


def _values(values: Sequence[Any]) -> npt.NDArray[Any]:
    """Any JSON values, each in a cell of its own: NumPy would spread lists over a second dimension."""
    column = np.empty(len(values), dtype=object)
    for position, value in enumerate(values):
        column[position] = value
    return column


def _objects(
    schema: Mapping[str, Any], entity: Words, field: int, resolve: Resolve, depth: int
) -> npt.NDArray[Any]:
    """Nested objects: the properties of the `$ref`'s schema with those written beside it on top."""
    behind = resolve(schema["$ref"]) if "$ref" in schema else {}
    properties = {**behind.get("properties", {}), **schema.get("properties", {})}
    if depth >= _DEEPEST:
        properties = {}
    columns = {
        name: schema_column(inner, draw(entity, field, 1 + nth), field, resolve, depth + 1).tolist()
        for nth, (name, inner) in enumerate(properties.items())
    }
    return _values([{name: columns[name][row] for name in columns} for row in range(len(entity))])


def _numbers(schema: Mapping[str, Any], kind: str, hashes: Words) -> Column:
    low, high = schema.get("minimum", 0), schema.get("maximum")
    step = schema.get("multipleOf", 1 if kind == "integer" else 0.01)
    span = (high if high is not None else low + 1000 * step) - low
    steps = low // step + below(hashes, max(1, int(span // step) + 1))
    steps = np.where(steps * step < low, steps + 1, steps)
    numbers: Integers | npt.NDArray[np.float64] = steps * step if step >= 1 else steps / (1 / step)
    return numbers.astype(np.int64) if float(step).is_integer() else np.round(numbers, 10)


def _texts(schema: Mapping[str, Any], hashes: Words) -> Coded:
    make = _FORMATS.get(schema.get("format", ""), _word)
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength")
    texts = [make(word)[:longest].ljust(shortest, "x") for word in hashes.tolist()]
    return Coded(np.arange(len(texts)), texts)


def _word(word: int) -> str:
    return f"value-{word & 0xFFFFFF:06x}"


def _moment(word: int) -> datetime:
    return _EPOCH + timedelta(minutes=word % _MINUTES)


_FORMATS: Final[Mapping[str, Callable[[int], str]]] = {
    "uuid": lambda word: guid(word, word * 0xD1342543DE82EF95),
    "date-time": lambda word: _moment(word).isoformat(),
    "date": lambda word: _moment(word).date().isoformat(),
    "email": lambda word: f"user{word & 0xFFFF}@tenant.example",
    "uri": lambda word: f"https://tenant.example/{word & 0xFFFFFF:06x}",
}
