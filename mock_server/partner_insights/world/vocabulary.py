"""Locales → the words of a world: company names, places, people.

Words only: whatever a vocabulary says, no count, id or date changes. Each locale has a small pool of words,
the same for every seed. `faker_words` wrote them to a file: Faker is slow to import and to call,
and another version of it has other words.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct


class Locale(Struct, frozen=True):
    """A culture customers come from."""

    culture: str
    """`de-DE`: a language and a country."""
    companies: int
    """How many company names a vocabulary has for it: its share of the customers."""

    @property
    def country(self) -> str:
        """`DE`, ISO 3166-1 alpha-2."""
        return self.culture.partition("-")[2]


WORDS_FILE: Final = Path(__file__).with_name("words.json")
"""`{"faker": its version, "words": {culture: words}}`."""

LOCALES: Final = (
    Locale("en-US", 64),
    Locale("de-DE", 48),
    Locale("fr-FR", 32),
    Locale("es-ES", 32),
    Locale("ja-JP", 32),
    Locale("pt-BR", 32),
    Locale("pl-PL", 16),
)
COMPANIES: Final = sum(locale.companies for locale in LOCALES)
"""Company names in all."""


class Words(Struct, frozen=True):
    """The words of one locale."""

    companies: tuple[str, ...]
    """Exactly `Locale.companies` names, distinct in the whole vocabulary."""
    cities: tuple[str, ...]
    """Distinct, at least one; so the rest."""
    streets: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]


class Vocabulary(Protocol):
    """A source of words."""

    def words(self) -> tuple[Words, ...]:
        """The words of each of LOCALES; the same at every call."""
        ...


class FakerVocabulary(Struct, frozen=True):
    """Words that Faker chose and the package ships, whichever Faker is installed."""

    def words(self) -> tuple[Words, ...]:
        """The words of `words.json`."""
        return _read_words()[1]

    @property
    def faker(self) -> str:
        """The version of the Faker that chose them."""
        return _read_words()[0]


@cache
def _read_words() -> tuple[str, tuple[Words, ...]]:
    content = json.loads(WORDS_FILE.read_bytes())
    pools = (content["words"][locale.culture] for locale in LOCALES)
    return content["faker"], tuple(
        Words(**{name: tuple(words) for name, words in pool.items()}) for pool in pools
    )
