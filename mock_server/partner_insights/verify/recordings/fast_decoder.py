"""A valid body → its layout, and a decoder that accepts only bodies of this very layout.

A layout says of every object which properties it has, no more and no fewer, and of every value what its
schema says. So what its decoder reads is valid, in one go; and how many quotation marks there have to be is
known beforehand, so that a property named twice shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from keyword import iskeyword
from operator import attrgetter
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import msgspec

from partner_insights.contract.formats import ANNOTATIONS, TEXTS, format_checker
from partner_insights.verify.judge.fast_checks import EXACT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from partner_insights.contract import JsonValue, SchemaObject
    from partner_insights.verify.recordings.fast_rules import FastRules

CACHE_SIZE: Final = 10_000
"""Texts of which it is remembered whether they are of a format."""

GUID_LENGTH: Final = 36
GUID_DASHES: Final = (8, 13, 18, 23)

Rows: TypeAlias = "Sequence[Any]"
"""Objects with an attribute for each property."""
Column: TypeAlias = "tuple[Callable[[Any], str], str]"
"""What gets a text of a row, and the format it has to be of."""

_PLAIN: Final = {"type", "format", "$ref", "deprecated", "readOnly", "writeOnly", "default"}
_OF_TEXTS: Final = _PLAIN | {"minLength", "maxLength", "pattern"}
_OF_NUMBERS: Final = _PLAIN | {"minimum", "maximum", "multipleOf"}


class NoLayout(Exception):
    """No decoder is known to say of such values all that their schema says."""


@dataclass(frozen=True)
class TypedLayout:
    """The type of the values at one place of a form."""

    type: Any
    strings: int
    """How many texts and names are written in each."""
    formats: tuple[tuple[str, str], ...] = ()
    """The places in it of texts that have to be of a format as well, dotted, and which."""


class Layout:
    """Bodies, or rows alone, with the same properties all through."""

    def __init__(self, frame: TypedLayout, row: TypedLayout | None) -> None:
        """`frame` is the body without its rows, or, without `row`, a row alone."""
        self._decoder = msgspec.json.Decoder(frame.type)
        self._quotes = 2 * frame.strings
        self._row_quotes = 2 * row.strings if row is not None else 0
        self._is_row = row is None
        self._columns = _columns(row or frame)
        self._frame_columns = _columns(frame) if row is not None else []

    def answer(self, content: bytes) -> Rows | None:
        """The rows of a body, or of a row alone; None for bytes of another form."""
        answers = self.bodies([content])
        return answers[0] if answers is not None else None

    def bodies(self, contents: Sequence[bytes]) -> list[Rows] | None:
        """The rows of every body; None where any is of another form."""
        try:
            values = [self._decoder.decode(each) for each in contents]
        except (msgspec.MsgspecError, ValueError):
            return None
        return self._answers(b"".join(contents), values)

    def answers(self, content: bytes, number: int) -> list[Rows] | None:
        """The rows of so many lines, each from brace to brace; None where any is of another form."""
        try:
            values = self._decoder.decode_lines(content)
        except (msgspec.MsgspecError, ValueError):
            return None
        return self._answers(content, values) if len(values) == number else None

    def _answers(self, content: bytes, values: list[Any]) -> list[Rows] | None:
        if self._is_row:
            answers: list[Rows] = [(value,) for value in values]
            rows: Rows = values
        else:
            answers = [value.items for value in values]
            rows = list(chain.from_iterable(answers))
            if [value.totalCount for value in values] != list(map(len, answers)):
                return None
        # A name that is said twice, or a mark within a text, would only be more of them.
        if content.count(b'"') != len(values) * self._quotes + len(rows) * self._row_quotes:
            return None
        if _formed(values, self._frame_columns) and _formed(rows, self._columns):
            return answers
        return None


def _columns(shape: TypedLayout) -> list[Column]:
    return [(attrgetter(place), form) for place, form in shape.formats]


def _formed(rows: Rows, columns: list[Column]) -> bool:
    for text, form in columns:
        texts = set(map(text, rows))
        if form == "uuid" and are_guids(texts):
            continue
        for each in texts:
            if not conforms(form, each):
                return False
    return True


def are_guids(texts: Collection[str]) -> bool:
    """Whether all texts are certainly GUIDs, looked at as one: each customer of a recording has its own."""
    if set(map(len, texts)) != {GUID_LENGTH}:
        return False
    whole = "".join(texts)
    dashes = "-" * len(texts)
    if any(whole[place::GUID_LENGTH] != dashes for place in GUID_DASHES):
        return False
    digits = whole.replace("-", "")
    try:
        # Blanks are passed over: then there are fewer bytes.
        return len(bytes.fromhex(digits)) == (GUID_LENGTH - len(GUID_DASHES)) // 2 * len(texts)
    except ValueError:
        return False


@lru_cache(maxsize=CACHE_SIZE)
def conforms(form: str, text: str) -> bool:
    """Whether a text is of a format, as the judge says."""
    return format_checker().conforms(text, form)


class LayoutBuilder:
    """Knows the schemas that others refer to, as one document has them under `$defs`."""

    def __init__(self, definitions: Mapping[str, SchemaObject]) -> None:
        self._definitions = definitions

    def body(self, schema: SchemaObject, model: Mapping[str, JsonValue], rules: FastRules) -> Layout:
        """The form of a body with rows, valid by a schema that allows no property but those it names."""
        schemas = list(self._resolved([schema]))
        items = [each["properties"]["items"] for each in schemas if "items" in each.get("properties", {})]
        row = self._row([each["items"] for each in items if "items" in each], model["items"][0], rules)
        if "totalCount" not in model:
            raise NoLayout
        return Layout(
            self._object(schemas, model, {"items": TypedLayout(GenericAlias(list, (row.type,)), 0)}), row
        )

    def row(self, schema: SchemaObject, model: Mapping[str, JsonValue], rules: FastRules) -> Layout:
        """The form of such a row alone."""
        return Layout(self._row([schema], model, rules), None)

    def _row(
        self, schemas: list[SchemaObject], model: Mapping[str, JsonValue], rules: FastRules
    ) -> TypedLayout:
        shape = self._object(list(self._resolved(schemas)), model, {})
        for attribute, name in rules.attributes.items():
            if attribute != name and attribute in model:
                raise NoLayout
            if attribute not in model:
                setattr(shape.type, attribute, getattr(shape.type, name) if name in model else None)
        formats = tuple(each for each in shape.formats if each[0] not in rules.proven_formats)
        return replace(shape, formats=formats)

    def _resolved(self, schemas: list[SchemaObject]) -> Iterator[SchemaObject]:
        for schema in schemas:
            yield schema
            if "$ref" in schema:
                yield from self._resolved([self._definitions[schema["$ref"].removeprefix("#/$defs/")]])

    def _shape(self, schemas: list[SchemaObject], model: JsonValue) -> TypedLayout:
        parts = list(self._resolved(schemas))
        if isinstance(model, dict):
            return self._object(parts, model, {})
        merged = _merged(parts)
        if model is None or isinstance(model, bool):
            _only(merged, _PLAIN)
            return TypedLayout(type(model), 0)
        if isinstance(model, str):
            return _text(merged, model)
        if isinstance(model, int | float):
            return TypedLayout(_number(merged, model), 0)
        raise NoLayout  # lists differ in length

    def _object(
        self,
        schemas: list[SchemaObject],
        model: Mapping[str, JsonValue],
        known: Mapping[str, TypedLayout],
    ) -> TypedLayout:
        shapes: dict[str, TypedLayout] = {}
        for name, value in model.items():
            stated = [each["properties"][name] for each in schemas if name in each.get("properties", {})]
            if not name.isidentifier() or iskeyword(name):
                raise NoLayout
            shapes[name] = known[name] if name in known else self._shape(stated, value)
        return TypedLayout(
            msgspec.defstruct(
                "Values",
                [(name, shape.type) for name, shape in shapes.items()],
                forbid_unknown_fields=True,
                gc=False,
            ),
            len(shapes) + sum(shape.strings for shape in shapes.values()),
            tuple(
                (f"{name}.{place}" if place else name, form)
                for name, shape in shapes.items()
                for place, form in shape.formats
            ),
        )


def _merged(parts: list[SchemaObject]) -> dict[str, Any]:
    """What several schemas say of one value; Formless where two say different things under one keyword."""
    merged: dict[str, Any] = {}
    for part in parts:
        for keyword, value in part.items():
            if merged.setdefault(keyword, value) != value and keyword != "$ref":
                raise NoLayout
    return merged


def _only(schema: SchemaObject, keywords: set[str]) -> None:
    if schema.keys() - keywords:
        raise NoLayout


def _text(schema: SchemaObject, model: str) -> TypedLayout:
    if "const" in schema:
        return TypedLayout(Literal[model], 1)
    if "enum" in schema:
        _only(schema, _PLAIN - {"format"} | {"enum"})
        return TypedLayout(Literal[tuple(value for value in schema["enum"] if isinstance(value, str))], 1)
    _only(schema, _OF_TEXTS)
    limits = msgspec.Meta(
        min_length=schema.get("minLength"), max_length=schema.get("maxLength"), pattern=schema.get("pattern")
    )
    form = schema.get("format")
    if form is not None and form not in TEXTS:
        raise NoLayout
    return TypedLayout(Annotated[str, limits], 1, (("", form),) if form is not None else ())


def _number(schema: SchemaObject, model: int | float) -> Any:
    """Whole numbers are read as the model is written: all without a point, or as what may have one.

    Beyond what every reader holds exactly, nothing has a form.
    """
    _only(schema, _OF_NUMBERS)
    if schema.get("multipleOf", 1) != 1 or schema.get("format", "double") not in ANNOTATIONS:
        raise NoLayout
    bounds: dict[str, Any] = {
        "ge": max(schema.get("minimum", -EXACT), -EXACT),
        "le": min(schema.get("maximum", EXACT), EXACT),
    }
    whole = "multipleOf" in schema or schema.get("type") == "integer"
    if whole and isinstance(model, int):
        return Annotated[int, msgspec.Meta(**bounds)]
    return Annotated[float, msgspec.Meta(**bounds, multiple_of=1 if whole else None)]
