"""Customer indexes → names, domains, addresses and people, in a vocabulary's words.

A customer's display name is its own: the seed shuffles the company names, customer i takes the i-th, and
later rounds of the list add a city, in time a number too ("Krebs AG Hamburg 2").
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from partner_insights.world.customer_ids import CustomerIds, guid
from partner_insights.world.hashing import GOLDEN, MASK, field_key, mix
from partner_insights.world.vocabulary import COMPANIES, LOCALES, Vocabulary, Words

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDED: Final = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "æ": "ae", "đ": "d"})
"""Latin letters that Unicode does not decompose."""


@dataclass(frozen=True)
class Customer:
    """A customer of the partner, as the customer resources describe one (get-a-customer-by-id.md)."""

    index: int
    id: str
    commerce_id: str
    billing_id: str
    name: str
    domain: str
    """Under the reserved TLD `.example`; no two customers share one."""
    email: str
    first_name: str
    last_name: str
    address_line: str
    city: str
    postal_code: str
    phone: str
    country: str
    """ISO 3166-1 alpha-2."""
    culture: str
    language: str
    channel: str
    """Of its licences: `reseller` or `direct`."""


@dataclass(frozen=True)
class Customers:
    """The customers of one seed, in the words of one vocabulary."""

    seed: int
    vocabulary: Vocabulary

    def name(self, index: int) -> str:
        """The display name of one customer; no other has it."""
        return self.names(index, index + 1)[0]

    def names(self, start: int, stop: int) -> list[str]:
        """The display names of customers start … stop−1."""
        names: list[str] = []
        for round_, first, last in _rounds(start, stop):
            suffixes = self._suffixes(round_)
            names += [company + suffixes[locale] for company, locale in self._companies[first:last]]
        return names

    def domains(self, start: int, stop: int) -> list[str]:
        """The domains of customers start … stop−1; no two customers share one."""
        stems: list[str] = []
        for round_, first, last in _rounds(start, stop):
            tails = [_letters(suffix) for suffix in self._suffixes(round_)]
            stems += [_joined(self._stems[at], tails[self._companies[at][1]]) for at in range(first, last)]
        return [f"{stem}-{index}.example" for index, stem in enumerate(stems, start)]

    def customer(self, index: int, channel: str) -> Customer:
        """Everything about one customer but its licences."""
        _, nth = self._companies[index % COMPANIES]
        locale, words = LOCALES[nth], self._words[nth]
        (domain,) = self.domains(index, index + 1)
        first = words.first_names[self._number("first name", index) % len(words.first_names)]
        last = words.last_names[self._number("last name", index) % len(words.last_names)]
        street = words.streets[self._number("street", index) % len(words.streets)]
        mailbox = ".".join(part for part in (_slug(first), _slug(last)) if part) or "info"
        return Customer(
            index=index,
            id=CustomerIds(self.seed).id(index),
            commerce_id=self._guid("commerce id", index),
            billing_id=self._guid("billing id", index),
            name=self.name(index),
            domain=domain,
            email=f"{mailbox}@{domain}",
            first_name=first,
            last_name=last,
            address_line=f"{street} {1 + self._number('house', index) % 200}",
            city=words.cities[self._number("city", index) % len(words.cities)],
            postal_code=f"{self._number('postal code', index) % 100_000:05}",
            phone=f"555-01{self._number('phone', index) % 100:02}",  # a range reserved for fiction
            country=locale.country,
            culture=locale.culture,
            language=locale.language,
            channel=channel,
        )

    @cached_property
    def _words(self) -> tuple[Words, ...]:
        return self.vocabulary.words()

    @cached_property
    def _companies(self) -> tuple[tuple[str, int], ...]:
        """Every company name and its locale's index, in this seed's order."""
        order = sorted(range(COMPANIES), key=lambda place: self._number("place", place))
        named = [(company, nth) for nth, words in enumerate(self._words) for company in words.companies]
        return tuple(named[place] for place in order)

    @cached_property
    def _stems(self) -> tuple[str, ...]:
        """The company names in a domain's letters."""
        return tuple(_letters(company) for company, _ in self._companies)

    def _suffixes(self, round_: int) -> list[str]:
        """What a round adds to the names of each locale."""
        return [self._suffix(words.cities, round_) for words in self._words]

    @staticmethod
    def _suffix(cities: tuple[str, ...], round_: int) -> str:
        """What distinguishes the names of a round from those of all others."""
        if round_ == 0:
            return ""
        number, city = divmod(round_ - 1, len(cities))
        return f" {cities[city]} {number + 1}" if number else f" {cities[city]}"

    def _number(self, field: str, index: int) -> int:
        return mix(field_key(self.seed, "customer", field) + index * GOLDEN & MASK)

    def _guid(self, field: str, index: int) -> str:
        return guid(self._number(f"{field}, high", index), self._number(f"{field}, low", index))


def _rounds(start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Customers start … stop−1 as rounds of the list of companies: (round, first, last + 1) of each."""
    while start < stop:
        round_, first = divmod(start, COMPANIES)
        last = min(COMPANIES, first + stop - start)
        yield round_, first, last
        start += last - first


def domain_letters(company: str) -> str:
    """What the domain of a company of this name begins with; `tenant` where no letter of it is Latin."""
    return _slug(company) or "tenant"


def _slug(text: str) -> str:
    """A name in a domain's letters: `Müller & Söhne GmbH` → `muller-sohne-gmbh`; empty if none is Latin."""
    return _letters(text)[:40].rstrip("-")


@lru_cache(maxsize=4096)
def _letters(text: str) -> str:
    """`_slug`, however long."""
    plain = unicodedata.normalize("NFKD", text.translate(_FOLDED)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _joined(stem: str, tail: str) -> str:
    """`_slug` of two words with a blank between, from the letters of each; `tenant` where it is empty."""
    return (f"{stem}-{tail}" if stem and tail else stem or tail)[:40].rstrip("-") or "tenant"
