"""Locales → the words a world is told in: company names, places, people. The one module that knows Faker.

Words only: whatever a vocabulary says, no count, id or date changes. Faker is slow to import and to ask, so
each locale has a small pool of words, made once per process at the first name asked for, the same for every
seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True)
class Locale:
    """A culture customers come from."""

    culture: str
    """`de-DE`: a language and a country."""
    companies: int
    """How many company names a vocabulary has for it: its share of the customers."""

    @property
    def language(self) -> str:
        """`de`."""
        return self.culture.partition("-")[0]

    @property
    def country(self) -> str:
        """`DE`, ISO 3166-1 alpha-2."""
        return self.culture.partition("-")[2]


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


@dataclass(frozen=True)
class Words:
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


@dataclass(frozen=True)
class FakerVocabulary:
    """Words from Faker."""

    def words(self) -> tuple[Words, ...]:
        """The words; a process's first call takes a fifth of a second, most of it Faker's import."""
        return _faker_words()


@cache
def _faker_words() -> tuple[Words, ...]:
    from faker.factory import Factory  # slow to import, and not every process asks for names

    providers = [f"faker.providers.{part}" for part in ("company", "person", "address")]
    taken: set[str] = set()
    words = []
    for locale in LOCALES:
        # Only the three providers needed, and unweighted: several times faster, and the words are as good.
        # Faker adds its words' methods at run time, so its own type does not know them.
        faker: Any = Factory.create(
            locale.culture.replace("-", "_"), providers=providers, use_weighting=False
        )
        faker.seed_instance(0)
        companies = _distinct(faker.company, locale.companies, taken)
        taken.update(companies)
        places = (_few(faker.city), _few(faker.street_name), _few(faker.first_name), _few(faker.last_name))
        words.append(Words(companies, *places))
    return tuple(words)


def _distinct(draw: Callable[[], str], count: int, taken: Iterable[str]) -> tuple[str, ...]:
    """`count` different words that are not taken; where the source runs dry, numbered ones."""
    seen = dict.fromkeys(taken)
    before = len(seen)
    for _ in range(count * 20):
        if len(seen) == before + count:
            break
        seen.setdefault(draw())
    number = 2
    while len(seen) < before + count:
        seen.setdefault(f"{draw()} {number}")
        number += 1
    return tuple(seen)[before:]


def _few(draw: Callable[[], str]) -> tuple[str, ...]:
    """The different words among forty-eight."""
    return tuple(dict.fromkeys(draw() for _ in range(48)))
