"""The file of a dialect (how one family of pages writes its tables) → what its words mean.

Every dialect goes by `partner-center.toml` besides its own words; a family is a file of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args

from partner_insights.documents import toml_value
from partner_insights.errors import InputError
from partner_insights.file_reader import read_input
from partner_insights.tables.type_expression import TypeExpression

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Role: TypeAlias = Literal[
    "name", "type", "description", "required", "length", "read_only", "example", "other"
]

REMARK = r"(?: \([^()]{1,40}\))?"
"""What a heading may say behind its noun, as in "Account resource type (deprecated)"."""

FOLDER = Path(__file__).parent / "dialects"
BASE = "partner-center"
# How many characters of a page are looked at for the signs of a dialect.
_SIGNED = 200_000
_FORM: dict[str, Any] = {
    "signs": list,
    "prefixes": list,
    "columns": dict.fromkeys(get_args(Role), list),
    "types": {},
    "marks": dict.fromkeys(
        ("optional", "plain", "nullable", "partial", "one", "object", "list", "sized"), str
    ),
    "headings": dict.fromkeys(("nouns", "parts", "relations", "bodies", "skeleton"), list),
    "prose": {"presence": bool, "inherits": str, "unmarked": str},
    "enumerations": {"values": list},
}


@dataclass(frozen=True, eq=False)
class Dialect:
    """What the words of one family of pages mean."""

    name: str
    signs: tuple[re.Pattern[str], ...]
    prefixes: tuple[str, ...]
    roles: Mapping[str, Role]
    types: Mapping[str, TypeExpression]
    marks: Mapping[str, re.Pattern[str]]
    nouns: re.Pattern[str]
    parts: frozenset[str]
    relations: frozenset[str]
    bodies: frozenset[str]
    skeleton: frozenset[str]
    says_presence: bool
    unmarked_required: bool
    inherits: re.Pattern[str] | None
    value_titles: frozenset[str]

    def without_prefix(self, text: str) -> str:
        """A type's name without what stands before it and says nothing."""
        low = text.casefold()
        found = next((prefix for prefix in self.prefixes if low.startswith(prefix)), "")
        return text[len(found) :].rpartition(".")[2] if found else text

    def marked(self, mark: str, text: str) -> str | None:
        """What is left of a cell without the mark; None where it has none."""
        pattern = self.marks.get(mark)
        found = pattern.fullmatch(text) if pattern else None
        return found[1] if found else None


@cache
def dialect_names() -> tuple[str, ...]:
    """The names of the dialects that come with the package."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def dialect_of(text: str) -> Dialect:
    """The dialect that a page shows signs of; that of Partner Center where it shows none."""
    head = text[:_SIGNED]
    for dialect in map(named_dialect, dialect_names()):
        if any(sign.search(head) for sign in dialect.signs):
            return dialect
    return named_dialect(BASE)


@cache
def named_dialect(name: str) -> Dialect:
    """The dialect of a name, or of a file; InputError where there is none."""
    own = FOLDER / f"{name}.toml"
    path = own if own.is_file() else Path(name)
    if not path.exists():
        raise InputError(
            f"there is no dialect {name}",
            remedy=f"take one of {', '.join(dialect_names())}, or the file of one",
        )
    base = _read(FOLDER / f"{BASE}.toml")
    return _dialect(path.stem, base, {} if path.stem == BASE else _read(path))


def _read(path: Path) -> dict[str, Any]:
    try:
        document = toml_value(read_input(path).decode("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InputError(f"the dialect cannot be read: {error}", where=str(path)) from error
    return _checked(document, path)


def _checked(document: dict[str, Any], path: Path) -> dict[str, Any]:
    """The document, each of whose entries is known and of the right type; InputError else."""

    def check(value: Any, form: Any, place: str) -> None:
        if isinstance(form, type):
            texts = value if isinstance(value, list) else ()
            if not isinstance(value, form) or not all(isinstance(each, str) for each in texts):
                raise InputError(f"{place} is no {form.__name__}", where=str(path))
            return
        if not isinstance(value, dict):
            raise InputError(f"{place} is no table", where=str(path))
        for key, each in value.items():
            if form and key not in form:
                raise InputError(
                    f"{place} has no entry {key}", where=str(path), remedy=f"known are {', '.join(form)}"
                )
            check(each, form[key] if form else list, f"{place} {key}".strip())

    check(document, _FORM, "a dialect")
    return document


def _dialect(name: str, base: Mapping[str, Any], own: Mapping[str, Any]) -> Dialect:
    def both(section: str, key: str) -> list[str]:
        found = [document.get(section, {}).get(key, []) for document in (base, own)]
        return [*found[0], *found[1]]

    prose = {**base.get("prose", {}), **own.get("prose", {})}
    types = {word: type_ for each in (base, own) for word, type_ in _types(each.get("types", {}))}
    marks = {**base.get("marks", {}), **own.get("marks", {})}
    nouns = own.get("headings", {}).get("nouns") or base["headings"]["nouns"]
    nouns = sorted(map(re.escape, nouns), key=len, reverse=True)
    return Dialect(
        name=name,
        signs=tuple(_pattern(sign, re.MULTILINE) for sign in own.get("signs", ())),
        prefixes=tuple(prefix.casefold() for prefix in own.get("prefixes", ())),
        roles={title: cast("Role", role) for role in get_args(Role) for title in both("columns", role)},
        types=types,
        marks={mark: _pattern(text, re.IGNORECASE) for mark, text in marks.items()},
        nouns=_pattern(rf"(?: (?:{'|'.join(nouns)}))+{REMARK}$", re.IGNORECASE),
        parts=frozenset((*both("headings", "parts"), *both("headings", "relations"))),
        relations=frozenset(both("headings", "relations")),
        bodies=frozenset(both("headings", "bodies")),
        skeleton=frozenset(both("headings", "skeleton")),
        says_presence=prose.get("presence", True),
        unmarked_required=prose.get("unmarked") == "required",
        inherits=_pattern(prose["inherits"], re.IGNORECASE) if "inherits" in prose else None,
        value_titles=frozenset(both("enumerations", "values")),
    )


def _pattern(text: str, flags: int) -> re.Pattern[str]:
    try:
        return re.compile(text, flags)
    except re.error as error:
        raise InputError(f"a dialect has no regular expression {text!r}: {error}") from error


_KINDS = {
    "any": TypeExpression("any"),
    "object": TypeExpression("object"),
    "array": TypeExpression("array"),
    "list": TypeExpression("scalar", "string", enumeration=True),
}
_JSON_TYPES = ("string", "number", "integer", "boolean")


def _types(words: Mapping[str, Iterable[str]]) -> Iterable[tuple[str, TypeExpression]]:
    for type_, spellings in words.items():
        json_type, _, form = type_.partition(" ")
        if type_ not in _KINDS and json_type not in _JSON_TYPES:
            raise InputError(
                f"a dialect has no type {type_}", remedy=f"known are {', '.join((*_KINDS, *_JSON_TYPES))}"
            )
        pattern = form.strip("/") if form.startswith("/") else None
        format_ = None if pattern else form or None
        meaning = _KINDS.get(type_) or TypeExpression("scalar", json_type, format_, pattern=pattern)
        yield from ((word, meaning) for word in spellings)
