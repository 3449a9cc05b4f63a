"""Turns the cell of a Type column into a type expression, or into nothing where it cannot be certain."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from partner_insights.tables.inline import Inline


@dataclass(frozen=True)
class TypeExpression:
    """What a Type cell says. Only the fields of its kind are set.

    `json_type` is a JSON Schema type; `format` one of JSON Schema's or OpenAPI's formats (date-time, date,
    uuid, uri, int32, int64, float, double) or `decimal`. `name` is a resource's name as the cell gives it,
    `target` where its link leads (`utility-resources.md#resourceattributes`), None for a name in plain text.
    """

    kind: Literal["scalar", "array", "object", "reference"]
    json_type: str | None = None
    format: str | None = None
    items: TypeExpression | None = None
    name: str | None = None
    target: str | None = None
    nullable: bool = False


def _scalar(json_type: str, format_: str | None = None) -> TypeExpression:
    return TypeExpression("scalar", json_type, format_)


_OBJECT = TypeExpression("object")
_DATE_TIME = _scalar("string", "date-time")
_UUID = _scalar("string", "uuid")

# Spellings in lower case, hyphens written as spaces.
_WORDS: Mapping[str, TypeExpression] = MappingProxyType(
    {
        "string": _scalar("string"),
        "number": _scalar("number"),
        "decimal": _scalar("number", "decimal"),
        "double": _scalar("number", "double"),
        "float": _scalar("number", "float"),
        "integer": _scalar("integer"),
        "int": _scalar("integer", "int32"),
        "int32": _scalar("integer", "int32"),
        "int64": _scalar("integer", "int64"),
        "long": _scalar("integer", "int64"),
        "boolean": _scalar("boolean"),
        "bool": _scalar("boolean"),
        "date": _scalar("string", "date"),
        "guid": _UUID,
        "uuid": _UUID,
        "guid string": _UUID,
        "string (guid)": _UUID,
        "guid formatted string": _UUID,
        "string in guid format": _UUID,
        "uri": _scalar("string", "uri"),
        "url": _scalar("string", "uri"),
        "object": _OBJECT,
        "dictionary": _OBJECT,
        "key/value pairs": _OBJECT,
        "key value pairs": _OBJECT,
    }
)
# "date-time", "DateTime", "UTC date time", "string in UTC date-time format", "string (UTC date time)" …
_DATE_TIME_SPELLING = re.compile(
    r"(?:string )?(?:in )?(?P<open>\()?(?:utc )?(?:iso 8601 )?date ?time(?: format)?(?(open)\))"
)

_ARRAY = re.compile(r"(?:an? )?(?:array|list|collection) of (.+)", re.IGNORECASE)
_NULLABLE = re.compile(r"nullable (.+)|(.+?) or null|(.+) \(nullable\)|(\w+)\?", re.IGNORECASE)
_NOUN = re.compile(r"(.+) (?:resource|object)s?", re.IGNORECASE)

_NAME = re.compile(r"[A-Za-z_]\w*")
# Words that speak of types: a cell of one of these never names a resource the page does not define.
_TYPE_WORDS = {
    *("any", "array", "byte", "char", "collection", "datetime", "dictionary", "enum", "enumeration", "json"),
    *("hashtable", "list", "map", "none", "null", "numeric", "short", "single", "struct", "tbd", "text"),
    *("time", "timespan", "timestamp", "unknown", "varies", "various", "void", "xml"),
    *(word for word in _WORDS if " " not in word),
}

# No real cell is longer; keeps nesting shallow and time short.
_LONGEST = 300


def read_type(cell: Inline, resources: Collection[str]) -> TypeExpression | None:
    """The type a cell states; None where it states none for certain.

    `resources` are the names defined on the same page. A name that is not among them is taken for a
    resource of another page only where it is capitalised and no type's name misspelt.
    """
    if len(cell.text) > _LONGEST or len(cell.links) > 1:
        return None
    return _Reader(cell, resources).read(cell.text.removesuffix("."), plural=False)


class _Reader:
    """Reads one cell: peels off what wraps a type (nullable, array) and looks up what is left."""

    def __init__(self, cell: Inline, resources: Collection[str]) -> None:
        self.link = cell.links[0] if cell.links else None
        self.resources = resources

    def read(self, text: str, *, plural: bool) -> TypeExpression | None:
        text = text.strip()
        if (word := _word(text, plural=plural)) is not None:
            return word
        if wrapped := _NULLABLE.fullmatch(text):
            inner = self.read(next(filter(None, wrapped.groups())), plural=plural)
            return None if inner is None else replace(inner, nullable=True)
        if wrapped := _ARRAY.fullmatch(text):
            return _array(self.read(wrapped[1], plural=True))
        if text.endswith("[]"):
            return _array(self.read(text.removesuffix("[]"), plural=False))
        return self._reference(text)

    def _reference(self, text: str) -> TypeExpression | None:
        noun = _NOUN.fullmatch(text)
        name = noun[1] if noun else text
        if self.link is not None:
            certain = bool(name and self.link.target) and self.link.text in (name, text)
            return TypeExpression("reference", name=name, target=self.link.target) if certain else None
        if name in self.resources or (
            _NAME.fullmatch(name) and name[0].isupper() and not _is_type_word(name)
        ):
            return TypeExpression("reference", name=name)
        return None


def _array(items: TypeExpression | None) -> TypeExpression | None:
    return None if items is None else TypeExpression("array", items=items)


def _word(text: str, *, plural: bool) -> TypeExpression | None:
    key = " ".join(text.casefold().replace("-", " ").split())
    if _DATE_TIME_SPELLING.fullmatch(key):
        return _DATE_TIME
    if plural and key not in _WORDS:
        key = key.removesuffix("s")
    return _WORDS.get(key)


def _is_type_word(text: str) -> bool:
    """Whether a word names a type, be it misspelt: "Strng" is no resource."""
    word = text.casefold()
    return word in _TYPE_WORDS or bool(get_close_matches(word, _TYPE_WORDS, n=1, cutoff=0.85))
