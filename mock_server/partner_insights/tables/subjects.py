"""Turns the subject of a sentence into the answer whether it is the property that the sentence describes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from partner_insights.tables.sentences import T

if TYPE_CHECKING:
    from partner_insights.tables.sentences import Prose

SUBJECT = (
    rf"(?:{T}|(?!(?:must|can|may|will|shall|has|is|are|always|cannot|it|"
    rf"this)\b)[A-Za-z][\w'’-]*(?: [\w'’-]+){{0,3}}?)"
)
"""One to four words, or a term."""

_GENERAL = re.compile(
    r"(?:this |the )?(?:property|field|value|attribute|element|member|parameter|setting|string|text|it|"
    r"this|number|integer)"
    r"(?:['’]s)?(?: value)?",
    re.IGNORECASE,
)
_ARTICLES = frozenset({"the", "a", "an", "its", "this"})
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True)
class Name:
    """The name of a property, by its words."""

    text: str

    @cached_property
    def words(self) -> tuple[str, ...]:
        """displayName and display_name are display and name."""
        return tuple(word.casefold() for word in _WORDS.findall(self.text))

    def ends(self, phrase: str) -> bool:
        """Whether a phrase ends with the name's last word, as "a book title" does for title."""
        spoken = _spoken(phrase)
        return bool(spoken) and spoken[-1] in self._forms

    def is_phrase(self, phrase: str) -> bool:
        """Whether a phrase up to its "of" is the name, or the name's last words: "the title of the book"."""
        spoken = [
            word
            for word in _spoken(re.split(r" (?:of|for|in|on) ", phrase, maxsplit=1)[0])
            if word not in _ARTICLES
        ]
        return bool(spoken) and spoken[-1] in self._forms and set(spoken[:-1]) <= set(self.words)

    @cached_property
    def _forms(self) -> frozenset[str]:
        return frozenset({*self.words[-1:], "".join(self.words), self.text.casefold()})


def _spoken(phrase: str) -> list[str]:
    return [word.casefold() for word in re.findall(r"[\w'’-]+", phrase)]


def is_subject(phrase: str | None, prose: Prose, name: Name) -> bool:
    """Whether what a sentence speaks of is the property; a sentence without a subject speaks of it, too."""
    if phrase is None or _GENERAL.fullmatch(phrase):
        return True
    words = prose.words(phrase)
    if words != phrase:  # a term: another property, unless it is this one
        return words.casefold() == name.text.casefold()
    return name.is_phrase(phrase)
