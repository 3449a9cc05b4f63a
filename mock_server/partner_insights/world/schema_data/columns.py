"""What a schema says of a property → a column that keeps it, for properties no table of ours knows by name.

The most telling keyword decides: `const`, then `enum`, then `examples` that keep the other keywords, then
`pattern`, then `format`, then the words of the property's name, then `type` with its bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from partner_insights.contract.formats import matches
from partner_insights.contract.model import PROVENANCE
from partner_insights.world.columns import Column, DictionaryColumn, json_column
from partner_insights.world.hashing import Integers, Words, draw, integers_below, unit
from partner_insights.world.schema_data.regex_values import Pattern
from partner_insights.world.schema_data.text_values import format_maker, matches_format, named_maker, words_of
from partner_insights.world.vocabulary import FakerVocabulary, Vocabulary

_MAX_DEPTH: Final = 3
"""Depth from which an object has its required properties alone: resources may refer to each other."""
_HARD_MAX_DEPTH: Final = 8
"""Depth from which an object is empty: a circle of required properties has no valid end."""
_ONE_IN: Final = 8
"""How many values of a nullable property there are for each null."""
_SPREAD: Final = 2**31 - 1

Resolve = Callable[[str], Mapping[str, Any]]
"""The schema behind a `$ref`."""


def schema_column(
    schema: Mapping[str, Any],
    entity: Words,
    key: int,
    resolve: Resolve,
    depth: int = 0,
    *,
    name: str = "",
    vocabulary: Vocabulary | None = None,
) -> Column:
    """One value for each entity that the schema allows.

    `key` is the key of the property (`field_key`), `resolve` gives the schema behind a `$ref`, `name` is the
    property's, which says what kind of text or number suits it.
    """
    maker = _SchemaColumnMaker(resolve, vocabulary or FakerVocabulary(), key, name, depth)
    return maker.column(schema, entity)


def accepts_anything(schema: Mapping[str, Any]) -> bool:
    """Whether a property is undetermined: nothing in its schema says what a value of it looks like."""
    return not schema.keys() & {
        "type",
        "$ref",
        "anyOf",
        "const",
        "enum",
        "examples",
        "properties",
        "format",
        "items",
    }


@dataclass(frozen=True)
class _SchemaColumnMaker:
    """Generates the column of one property, by its place and its name."""

    resolve: Resolve
    vocabulary: Vocabulary
    key: int
    name: str
    depth: int
    owner: str = ""
    """The resource whose `attributes` these are."""
    words: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", words_of(self.name))

    def column(self, schema: Mapping[str, Any], entity: Words) -> Column:
        hashes = draw(entity, self.key)
        if "const" in schema:
            return _chosen([schema["const"]], hashes)
        if "enum" in schema:
            return _chosen(list(schema["enum"]), hashes)
        if "anyOf" in schema:
            return self._any_of(schema, entity)
        column = self._by_type(schema, entity, hashes)
        return some_null(column, schema, entity, self.key)

    def _any_of(self, schema: Mapping[str, Any], entity: Words) -> Column:
        """The first of the forms that is not null, now and then null where that is one of them."""
        forms = [form for form in schema["anyOf"] if form.get("type") != "null"]
        nullable = len(forms) < len(schema["anyOf"])
        if not forms or (nullable and self.depth + 1 >= _MAX_DEPTH):
            return json_column([None] * len(entity))
        column = self.column(forms[0], entity)
        return _some_null(column, entity, self.key) if nullable else column

    def _by_type(self, schema: Mapping[str, Any], entity: Words, hashes: Words) -> Column:
        kind = _kind(schema)
        examples = [value for value in schema.get("examples", ()) if _suits(value, kind, schema)]
        if examples:
            return _chosen(examples, hashes)
        if kind == "object":
            return self._objects(schema, entity)
        if kind == "array":
            return self._arrays(schema, entity, hashes)
        if kind == "boolean":
            return unit(hashes) < 0.5
        if kind == "null":
            return json_column([None] * len(hashes))
        if kind in ("number", "integer"):
            return _numbers(schema, kind, self.words, hashes)
        return self._texts(schema, hashes)

    def _arrays(self, schema: Mapping[str, Any], entity: Words, hashes: Words) -> npt.NDArray[Any]:
        items = schema.get("items", {})
        least = schema.get("minItems", 0)
        nested = _kind(items) == "object"
        too_deep = nested and self.depth >= _MAX_DEPTH
        if least == 0 and (too_deep or ("items" in schema and accepts_anything(items))):
            return json_column([[] for _ in range(len(entity))])
        most = min(schema.get("maxItems", max(least, 3)), max(least, 3))
        usual = max(least, min(1, most))
        counts = usual + integers_below(hashes, max(1, most - usual + 1))
        # The nth item of every row at once: as many columns as the longest list.
        columns = [
            self.column(items, draw(entity, self.key, 1000 + nth)).tolist() for nth in range(max(1, most))
        ]
        return json_column(
            [
                _distinct([column[row] for column in columns[:count]], least)
                for row, count in enumerate(counts.tolist())
            ]
        )

    def _objects(self, schema: Mapping[str, Any], entity: Words) -> npt.NDArray[Any]:
        """Nested objects: the properties of the `$ref`'s schema with those written beside it on top."""
        behind = self.resolve(schema["$ref"]) if "$ref" in schema else {}
        properties = {**behind.get("properties", {}), **schema.get("properties", {})}
        required = {*behind.get("required", ()), *schema.get("required", ())}
        owner = self.owner if self.name == "attributes" else behind.get("title", "")
        columns = {
            name: replace(self, name=name, depth=self.depth + 1, owner=owner)
            .column(inner, draw(entity, self.key, 1 + nth))
            .tolist()
            for nth, (name, inner) in enumerate(properties.items())
            if self._is_included(name in required, inner)
        }
        return json_column([{name: columns[name][row] for name in columns} for row in range(len(entity))])

    def _is_included(self, required: bool, schema: Mapping[str, Any]) -> bool:
        if self.depth >= _HARD_MAX_DEPTH:
            return False
        cut = "$ref" in schema and self.depth + 1 >= _MAX_DEPTH
        if not required and _is_asked_for(schema):
            return False
        return required or (self.depth < _MAX_DEPTH and not cut and not accepts_anything(schema))

    def _texts(self, schema: Mapping[str, Any], hashes: Words) -> DictionaryColumn:
        if self.owner and self.words == ("object", "type") and "format" not in schema:
            return _chosen_texts([self.owner], hashes)
        make = self._text_maker(schema)
        shortest, longest = schema.get("minLength", 0), schema.get("maxLength")
        # A word that is cut or filled may be alike for many: identifiers differ at their end.
        texts = [_fitted(make(word), shortest, longest) for word in hashes.tolist()]
        return DictionaryColumn(np.arange(len(texts)), texts)

    def _text_maker(self, schema: Mapping[str, Any]) -> Callable[[int], str]:
        pattern = Pattern.read(schema["pattern"]) if "pattern" in schema else None
        if pattern is not None:
            return pattern.text
        by_format = format_maker(schema.get("format", ""), self.words)
        return by_format or named_maker(self.words, self.vocabulary)


def _kind(schema: Mapping[str, Any]) -> str:
    """The JSON type to make: the first named that is not null; a `$ref` is an object, silence a string."""
    silent = "object" if "$ref" in schema or "properties" in schema else "string"
    kinds = schema.get("type", "array" if "items" in schema else silent)
    if isinstance(kinds, str):
        return kinds
    return next((kind for kind in kinds if kind != "null"), "null")


def _nullable(schema: Mapping[str, Any]) -> bool:
    kinds = schema.get("type")
    return isinstance(kinds, Sequence) and not isinstance(kinds, str) and "null" in kinds and len(kinds) > 1


def some_null(column: Column, schema: Mapping[str, Any], entity: Words, key: int) -> Column:
    """The column, now and then null where its schema allows that."""
    return _some_null(column, entity, key) if _nullable(schema) else column


def _some_null(column: Column, entity: Words, key: int) -> Column:
    nulls = integers_below(draw(entity, key, 99), _ONE_IN + 1) == 0
    if not nulls.any():
        return column
    values = column.tolist()
    return json_column([None if null else value for value, null in zip(values, nulls.tolist(), strict=True)])


def _suits(value: Any, kind: str, schema: Mapping[str, Any]) -> bool:
    """Whether an example may be sent: prose gives some that break the very property they stand beside."""
    if not _is(value, kind):
        return False
    if isinstance(value, str):
        pattern = schema.get("pattern")
        return (
            schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
            and matches_format(value, schema.get("format", ""))
            and (pattern is None or matches(pattern, value))
        )
    if kind in ("number", "integer"):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        step = schema.get("multipleOf", 1 if kind == "integer" else None)
        return bool(low <= value <= high) and (step is None or value / step % 1 == 0)
    return kind not in ("object", "array")


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
    if all(isinstance(option, str) for option in options):
        return _chosen_texts(options, hashes)
    return json_column([options[code] for code in integers_below(hashes, len(options)).tolist()])


def _is_asked_for(schema: Mapping[str, Any]) -> bool:
    """Whether a property comes only where a request asks for it: the relation of a resource to others."""
    presence = schema.get(PROVENANCE, {}).get("keywords", {}).get("presence", {})
    return bool(presence.get("relation"))


def _chosen_texts(options: Sequence[str], hashes: Words) -> DictionaryColumn:
    return DictionaryColumn(integers_below(hashes, len(options)), options)


def _distinct(items: list[Any], least: int) -> list[Any]:
    """The items without repetitions, as long as enough of them are left."""
    distinct = [item for nth, item in enumerate(items) if item not in items[:nth]]
    return distinct if len(distinct) >= least else items


def _fitted(text: str, shortest: int, longest: int | None) -> str:
    return text[:longest].ljust(shortest, "x")


_SPANS: Final[tuple[tuple[frozenset[str], float, float, float], ...]] = (
    (frozenset({"percent", "percentage"}), 0, 100, 0.01),
    (frozenset({"latitude"}), -90, 90, 0.0001),
    (frozenset({"longitude"}), -180, 180, 0.0001),
    (frozenset({"year"}), 2015, 2030, 1),
    (frozenset({"month"}), 1, 12, 1),
    (frozenset({"day"}), 1, 28, 1),
    (frozenset({"rate", "discount", "ratio"}), 0, 1, 0.001),
    (
        frozenset(
            {"price", "amount", "cost", "total", "money", "charge", "tax", "balance", "subtotal", "fee"}
        ),
        1,
        5000,
        0.01,
    ),
    (frozenset({"count", "quantity", "seats", "units", "licenses", "size", "limit", "number"}), 0, 1000, 1),
)
"""Words of a name → from, to and step of a number, where the schema itself does not bound it."""


def _numbers(schema: Mapping[str, Any], kind: str, words: tuple[str, ...], hashes: Words) -> Column:
    low, high, step = _span(schema, kind, words)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    steps: Integers = first + integers_below(hashes, min(_SPREAD, max(1, last - first + 1)))
    numbers: npt.NDArray[Any] = steps * step if step >= 1 else steps / (1 / step)
    if float(step).is_integer() and float(first * step).is_integer():
        return numbers.astype(np.int64)
    rounded: npt.NDArray[np.float64] = np.round(numbers, 10)
    return rounded


def _span(schema: Mapping[str, Any], kind: str, words: tuple[str, ...]) -> tuple[float, float, float]:
    """Least, greatest and step: the schema's bounds, and the name's wherever the schema leaves room."""
    whole = kind == "integer"
    step = schema.get("multipleOf", 1 if whole else 0.01)
    if whole and step % 1:
        step = math.lcm(1, math.ceil(step))
    low, high = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        low = max(schema["exclusiveMinimum"] + step, low if low is not None else -math.inf)
    if "exclusiveMaximum" in schema:
        high = min(schema["exclusiveMaximum"] - step, high if high is not None else math.inf)
    if low is None and high is None and "multipleOf" not in schema:
        for names, least, most, fine in _SPANS:
            if names & set(words):
                return least, most, max(1, fine) if whole else fine
    if low is None:
        low = 0 if high is None or high >= 0 else high - 1000 * step
    return low, high if high is not None else low + 1000 * step, step
