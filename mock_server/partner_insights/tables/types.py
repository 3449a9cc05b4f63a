"""Turns the cell of a Type column into a type expression, or into nothing where it cannot be certain."""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import SequenceMatcher
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from partner_insights.tables.dialect import BASE, Dialect, named_dialect
from partner_insights.tables.type_expression import TypeExpression

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from partner_insights.tables.inline import Inline


_OBJECT = TypeExpression("object")
# "date-time", "DateTime", "UTC date time", "string in UTC date-time format", "string (UTC date time)" …: in
# any order, as long as nothing else is said.
_FORMATS = (
    ({"datetime"}, "date-time"),
    ({"date", "time"}, "date-time"),
    ({"date"}, "date"),
    ({"guid"}, "uuid"),
    ({"uuid"}, "uuid"),
    ({"uri"}, "uri"),
    ({"url"}, "uri"),
)
_SINGLE_WORDS = {
    *("datetime", "date", "guid", "uuid", "uri", "url", "keyvaluepair", "keyvaluepairs"),
}
_FORMAT_WORDS = {"string", "in", "a", "as", "the", "and", "format", "formatted"}
_DATE_WORDS = {"utc", "iso", "8601"}
_FORMAT_TEXT = re.compile(r"[a-z0-9 /,]*(?:\([a-z0-9 /,]+\))?")

_ARRAY = re.compile(
    r"(?:an? )?(?:array|list|collection|set) of (?:an? )?(.+)|(.+) (?:collection|array|list)|"
    r"(?:array|list|collection|ienumerable)(?:<(.+)>|\[(.+)\]|\((.+)\))",
    re.IGNORECASE,
)
_NULLABLE = re.compile(
    r"nullable (.+)|(.+?)(?: or |, ?| ?[|/] ?)null|null or (.+)|(.+) \(nullable\)|(\w+)\?|nullable<(.+)>",
    re.IGNORECASE,
)
_NOUN = re.compile(r"(.+) (?:resource|object|item|value|element|record)s?(?: type)?", re.IGNORECASE)
# "string (read-only)", "int (optional)": the type, and a word about the property.
_REMARK = re.compile(
    r"(.+?),? \(?(?:optional|required|mandatory|read-?only|deprecated|preview|true/false|true or false)\)?",
    re.IGNORECASE,
)
_LISTED = re.compile(r"(?!.* of )\w+(?: \w+)* (?:collection|list|array)", re.IGNORECASE)
_MAP = re.compile(
    r"(?:dict(?:ionary)?|map|idictionary)(?:<[\w, ]+>| of (?:strings?|objects?|key[ /-]values?(?: pairs?)?))|"
    r"keyvaluepairs?(?:<[\w, ]+>)?|(?:key|string|object)[ ,/-]+(?:value|string|object) pairs?",
    re.IGNORECASE,
)

# "Sku", "riskLevel": what is only ever written as a name.
_CAMEL = re.compile(r"[A-Z]\w*|[a-z][a-z0-9]+[A-Z]\w*")
# Words that speak of types: a cell of one of these never names a resource the page does not define.
_TYPE_WORDS = {
    *("any", "array", "byte", "char", "collection", "datetime", "dictionary", "enum", "enumeration", "json"),
    *("hashtable", "list", "map", "none", "null", "numeric", "short", "single", "struct", "tbd", "text"),
    *("time", "timespan", "timestamp", "unknown", "varies", "various", "void", "xml", "date", "guid", "uuid"),
    *("uri", "url", "binary", "stream", "duration", "currency", "money", "optional", "required", "nullable"),
    *("string", "number", "decimal", "double", "float", "integer", "int", "long", "boolean", "bool"),
    *("object", "datetimeoffset", "ienumerable"),
}

_ALIKE = 0.85
# No real cell is longer; keeps nesting shallow and time short.
_MAX_CELL = 300


def spellings(names: Iterable[str]) -> Mapping[str, str]:
    """Each name by itself and by its lower case: cells do not keep to the capitals of the headings."""
    names = tuple(names)
    return {name.casefold(): name for name in reversed(names)} | {name: name for name in names}


def read_type(
    cell: Inline, resources: Mapping[str, str], dialect: Dialect | None = None
) -> TypeExpression | None:
    """The type a cell states; None where it states none for certain.

    `resources` are the `spellings` of the names defined on the same page. A name that is not among them is
    taken for a resource of another page only where it has a capital letter and is no type's name misspelt.
    """
    if len(cell.text) > _MAX_CELL or len(cell.links) > 1:
        return None
    reader = _Reader(cell, resources, dialect or named_dialect(BASE))
    return reader.read(cell.text.removesuffix("."), plural=False)


class _Reader:
    """Reads one cell: peels off what wraps a type (nullable, array) and looks up what is left."""

    def __init__(self, cell: Inline, resources: Mapping[str, str], dialect: Dialect) -> None:
        self.link = cell.links[0] if cell.links else None
        self.resources = resources
        self.dialect = dialect
        self.is_named = False  # by a prefix that only names of types have

    def read(self, text: str, *, plural: bool) -> TypeExpression | None:
        text = text.strip()
        if self.link is None and self.resources.get(text) == text:
            return TypeExpression("reference", name=text)
        if (marked := self._marked(text, plural=plural)) is not None:
            return marked
        if self.link is None and (rest := self.dialect.without_prefix(text)) != text:
            text, self.is_named = rest, True
        known = text.casefold() in self.dialect.types or text.casefold() in _SINGLE_WORDS
        if text.isidentifier() and not plural and not known:
            return self._reference(text, plural=False)
        if (word := self._word(text, plural=plural)) is not None and not (self.link and _is_vague(word)):
            return word
        if self.link is not None and self.link.text == text and _LISTED.fullmatch(text):
            return self._reference(text, plural=False)  # a resource called "Price list"
        if wrapped := _NULLABLE.fullmatch(text):
            inner = self.read(_group(wrapped), plural=plural)
            return None if inner is None else replace(inner, nullable=True)
        if wrapped := _ARRAY.fullmatch(text):
            return _array(self.read(_group(wrapped), plural=True))
        if text.endswith("[]"):
            return _array(self.read(text.removesuffix("[]"), plural=False))
        if wrapped := _REMARK.fullmatch(text):
            return self.read(wrapped[1], plural=plural)
        if plural and (wrapped := _NOUN.fullmatch(text)) and (word := self._word(wrapped[1], plural=False)):
            return word
        return self._reference(text, plural=plural)

    def _marked(self, text: str, *, plural: bool) -> TypeExpression | None:
        """The type of a cell with one of the dialect's marks: `?string`, "partial user"."""
        if (rest := self.dialect.marked("nullable", text)) is not None:
            inner = self.read(rest, plural=plural)
            return None if inner is None else replace(inner, nullable=True)
        if (rest := self.dialect.marked("partial", text)) is not None:
            inner = self.read(rest, plural=plural)  # which of its properties are there is not said
            return _OBJECT if inner is not None and inner.kind == "reference" else None
        for mark in ("plain", "one", "sized"):
            if (rest := self.dialect.marked(mark, text)) is not None and (mark != "one" or self.link):
                return self.read(rest, plural=plural)
        if self.dialect.marked("object", text) is not None:
            return _OBJECT
        if (name := self.dialect.marked("list", text)) is not None:
            return TypeExpression("scalar", "string", enumeration=True, name=name)
        return None

    def _reference(self, text: str, *, plural: bool) -> TypeExpression | None:
        noun = _NOUN.fullmatch(text)
        name = noun[1] if noun else text
        if self.link is not None:
            certain = bool(name and self.link.target) and self.link.text in (name, text)
            return TypeExpression("reference", name=name, target=self.link.target) if certain else None
        if (defined := self._defined(name, plural=plural)) is not None:
            return TypeExpression("reference", name=defined)
        if self.is_named and name.isidentifier():
            return TypeExpression("reference", name=name)
        if _CAMEL.fullmatch(name) and not _is_type_word(name):
            return TypeExpression("reference", name=name)
        return None

    def _word(self, text: str, *, plural: bool) -> TypeExpression | None:
        key = " ".join(text.casefold().replace("-", " ").split())
        if (known := self.dialect.types.get(key)) is not None:
            return known
        if _MAP.fullmatch(text):
            return _OBJECT
        if plural and key.endswith("s"):
            key = key.removesuffix("s")
        return self.dialect.types.get(key) or _formatted(key)

    def _defined(self, name: str, *, plural: bool) -> str | None:
        """The resource of the page that a name means, in the spelling of its heading."""
        singular = name.removesuffix("s") if plural else name
        forms = (name, singular, name.casefold(), singular.casefold())
        return next((self.resources[form] for form in forms if form in self.resources), None)


def _is_vague(word: TypeExpression) -> bool:
    """Whether a word leaves something open: as the text of a link it is the name of what the
    link leads to."""
    return word.enumeration or (word.kind == "array" and word.items is None)


def _group(match: re.Match[str]) -> str:
    return str(next(filter(None, match.groups())))


def _array(items: TypeExpression | None) -> TypeExpression | None:
    return None if items is None else TypeExpression("array", items=items)


def _formatted(key: str) -> TypeExpression | None:
    """A string of a form, however the cell words it; None where it says anything besides."""
    if not _FORMAT_TEXT.fullmatch(key):
        return None
    words = set(re.findall(r"[a-z0-9]+", key)) - _FORMAT_WORDS
    for needed, form in _FORMATS:
        if needed <= words:
            rest = words - needed - (_DATE_WORDS if form.startswith("date") else set())
            return None if rest else TypeExpression("scalar", "string", form)
    return None


@lru_cache(maxsize=2048)
def _is_type_word(text: str) -> bool:
    """Whether a word names a type, be it misspelt: "Strng" is no resource."""
    word = text.casefold()
    by_form = _type_words_by_form()
    meant = {each for form in _shortened(word) for each in by_form.get(form, ())}
    return word in _TYPE_WORDS or any(SequenceMatcher(None, word, each).ratio() >= _ALIKE for each in meant)


def _shortened(word: str) -> set[str]:
    """A word, and it without each of its letters: words that are one slip apart share one of these."""
    return {word, *(word[:index] + word[index + 1 :] for index in range(len(word)))}


@cache
def _type_words_by_form() -> Mapping[str, list[str]]:
    """The words that speak of types, by what is left of them without one letter."""
    found: dict[str, list[str]] = {}
    for word in sorted(_TYPE_WORDS):
        for form in _shortened(word):
            found.setdefault(form, []).append(word)
    return found
