"""Declarations → source text in a language: a template for each, and what it calls the kinds of values."""

from __future__ import annotations

import json
import keyword
import re
from dataclasses import dataclass, field
from functools import partial
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import jinja2

import partner_insights
from partner_insights.client_types.bundle import bundle
from partner_insights.client_types.declarations import Kind, declarations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partner_insights.client_types.declarations import Member
    from partner_insights.contract import Catalogue

_IDENTIFIER: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_JAVA_WORDS: Final = frozenset(
    Path(__file__).with_name("templates").joinpath("java-words.txt").read_text(encoding="ascii").split()
)
"""What no component of a record may be called."""


@dataclass(frozen=True)
class Language:
    """How a language is written."""

    file: str
    scalars: Mapping[str, str]
    """`string`, `integer`, `number`, `boolean`, `any` → the type."""
    array: str
    """Of `{}`."""
    typed: Callable[[Language, Member], str]
    """A property → its type, with what says that it may be missing or null."""
    named: Callable[[str], str] = str
    """A property's name on the wire → its name in the language."""
    comment: Callable[[str], str] = str
    """Words → words that end no comment."""
    boxes: Mapping[str, str] = field(default_factory=dict)
    """Types that an array does not take, and those that stand for them."""

    def text(self, catalogue: Catalogue) -> str:
        """The whole file."""
        environment = jinja2.Environment(  # noqa: S701 - no HTML
            loader=jinja2.PackageLoader("partner_insights.client_types"),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        environment.filters |= {
            "typed": lambda each: self.typed(self, each),
            "named": self.named,
            "comment": self.comment,
            "quoted": json.dumps,
        }
        environment.tests["python_name"] = lambda name: name.isidentifier() and not keyword.iskeyword(name)
        template = environment.get_template(f"{self.file}.jinja")
        return template.render(declarations=declarations(catalogue), version=partner_insights.__version__)

    def of(self, kind: Kind) -> str:
        """The type of a value that is there and not null."""
        if kind.name == "reference":
            return kind.target
        if kind.name == "array":
            element = self.of(kind.element or Kind("any"))
            return self.array.format(self.boxes.get(element, element))
        return self.scalars[kind.name]


def declared_files(language: str, catalogue: Catalogue) -> dict[str, bytes]:
    """The files of a language, by name."""
    if language == SCHEMAS:
        return bundle(catalogue)
    chosen = _LANGUAGES[language]
    return {chosen.file: chosen.text(catalogue).encode()}


def _typescript(language: Language, each: Member) -> str:
    kind = each.kind
    words = " | ".join(map(json.dumps, kind.values)) or language.of(kind)
    return words + (" | null" if kind.nullable else "")


def _python(language: Language, each: Member) -> str:
    kind = each.kind
    words = f"Literal[{', '.join(map(json.dumps, kind.values))}]" if kind.values else language.of(kind)
    words += " | None" if kind.nullable else ""
    return words if each.required else f"NotRequired[{words}]"


def _csharp(language: Language, each: Member) -> str:
    words = language.of(each.kind)
    may_be_missing = each.kind.nullable or not each.required
    return words + ("?" if may_be_missing and each.kind.name in ("integer", "number", "boolean") else "")


def _java(language: Language, each: Member) -> str:
    words = language.of(each.kind)
    return language.boxes.get(words, words) if each.kind.nullable or not each.required else words


def _javascript_name(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else json.dumps(name)


def _pascal(name: str) -> str:
    words = "".join(word[:1].upper() + word[1:] for word in re.split(r"\W+", name, flags=re.ASCII))
    return words if _IDENTIFIER.fullmatch(words) else f"_{words}"


def _java_name(name: str) -> str:
    word = re.sub(r"\W", "", name, flags=re.ASCII)
    word = word if _IDENTIFIER.fullmatch(word) else f"_{word}"
    return f"{word}_" if word in _JAVA_WORDS else word


def _block(words: str) -> str:
    return words.replace("*/", "* /").replace("\\u", "\\ u")  # Java reads escapes in comments, too


_LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType(
    {
        "typescript": Language(
            "partner-insights.ts",
            {
                "string": "string",
                "integer": "number",
                "number": "number",
                "boolean": "boolean",
                "any": "unknown",
            },
            "{}[]",
            _typescript,
            _javascript_name,
            _block,
        ),
        "csharp": Language(
            "PartnerInsights.cs",
            {"string": "string", "integer": "long", "number": "double", "boolean": "bool", "any": "object"},
            "List<{}>",
            _csharp,
            _pascal,
            partial(escape, quote=False),
        ),
        "java": Language(
            "PartnerInsights.java",
            {
                "string": "String",
                "integer": "long",
                "number": "double",
                "boolean": "boolean",
                "any": "Object",
            },
            "List<{}>",
            _java,
            _java_name,
            _block,
            {"long": "Long", "double": "Double", "boolean": "Boolean"},
        ),
        "python": Language(
            "partner_insights_types.py",
            {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "any": "Any"},
            "list[{}]",
            _python,
        ),
    }
)
SCHEMAS: Final = "json-schema"
LANGUAGES: Final = (*_LANGUAGES, SCHEMAS)
