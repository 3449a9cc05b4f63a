"""Customer indexes → names, domains and countries, in a vocabulary's words.

A customer's display name is its own. The seed shuffles the vocabulary's company names, each with its locale,
and the first customers take one each; the rounds of the list that follow keep the order of locales and take
names that are formed (`company_names.py`). Academic customers are schools.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from partner_insights.world.audience import customer_words, is_academic
from partner_insights.world.company_names import LocaleNames
from partner_insights.world.hashing import GOLDEN, MASK, field_key, mix
from partner_insights.world.vocabulary import COMPANIES, LOCALES, Vocabulary, Words

if TYPE_CHECKING:
    from collections.abc import Sequence


_FOLDED: Final = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "æ": "ae", "đ": "d"})
"""Latin letters that Unicode does not decompose."""


class Customer(Struct, frozen=True):
    """A customer of the partner (get-a-customer-by-id.md)."""

    id: str
    name: str
    domain: str
    """Under the reserved TLD `.example`; no two customers share one."""
    country: str
    """ISO 3166-1 alpha-2."""
    channel: str
    """`reseller` or `direct`: where it usually buys; a purchase may come by the other."""


class Customers(Struct, frozen=True, dict=True):
    """The customers of one seed, in the words of one vocabulary."""

    seed: int
    vocabulary: Vocabulary

    def name(self, index: int) -> str:
        """The display name of one customer; no other has it."""
        return self.names(index, index + 1)[0]

    def names(self, start: int, stop: int) -> list[str]:
        """The display names of customers start … stop−1."""
        names = self._named(start, stop, self._names, self._first_names)
        for index in self._schools(start, stop):
            names[index - start] = self._school(index)
        return names

    def domains(self, start: int, stop: int) -> list[str]:
        """The domains of customers start … stop−1; no two customers share one."""
        stems = self._named(start, stop, self._domain_letters, self._stems)
        for index in self._schools(start, stop):
            stems[index - start] = _letters(self._school(index))
        return [f"{_cut(stem) or 'tenant'}-{index}.example" for index, stem in enumerate(stems, start)]

    def country(self, index: int) -> str:
        """The country of one customer, ISO 3166-1 alpha-2."""
        return LOCALES[self._companies[index % COMPANIES][1]].country

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
    def _first_names(self) -> tuple[str, ...]:
        """The names of the first round."""
        return tuple(company for company, _ in self._companies)

    @cached_property
    def _stems(self) -> tuple[str, ...]:
        """The same in a domain's letters."""
        return tuple(map(_letters, self._first_names))

    @cached_property
    def _names(self) -> tuple[LocaleNames, ...]:
        pairs = zip(LOCALES, self._words, strict=True)
        return tuple(LocaleNames(locale.culture, words) for locale, words in pairs)

    @cached_property
    def _domain_letters(self) -> tuple[LocaleNames, ...]:
        return tuple(replace(names, letters=_letters) for names in self._names)

    @cached_property
    def _ranks(self) -> tuple[int, ...]:
        """Of every company its place among those of its locale, in this seed's order."""
        seen = [0] * len(LOCALES)
        ranks = []
        for _, nth in self._companies:
            ranks.append(seen[nth])
            seen[nth] += 1
        return tuple(ranks)

    @cached_property
    def _places(self) -> tuple[list[int], ...]:
        """The places of each locale's companies in this seed's order."""
        locales = [nth for _, nth in self._companies]
        return tuple([at for at, each in enumerate(locales) if each == nth] for nth in range(len(LOCALES)))

    def _named(
        self, start: int, stop: int, locales: Sequence[LocaleNames], first_round: Sequence[str]
    ) -> list[str]:
        """Names, or their letters, of customers start … stop−1 as if none were academic."""
        if start >= stop:
            return []
        names = list(first_round[start:stop])
        begin, end = max(start // COMPANIES, 1), -(-stop // COMPANIES)
        formed = np.empty((max(end - begin, 0), COMPANIES), dtype=object)
        for places, each in zip(self._places, locales, strict=True):
            count = len(places)
            formed[:, places] = np.array(
                each.companies((begin - 1) * count, (end - 1) * count), dtype=object
            ).reshape(-1, count)
        offset = begin * COMPANIES
        formed_names: list[str] = formed.reshape(-1)[max(start - offset, 0) : max(stop - offset, 0)].tolist()
        return names + formed_names

    def _schools(self, start: int, stop: int) -> list[int]:
        """Those of customers start … stop−1 that are academic."""
        index = np.arange(start, max(start, stop), dtype=np.int64)
        academic: list[int] = index[is_academic(customer_words(self.seed, index))].tolist()
        return academic

    def _school(self, index: int) -> str:
        round_, place = divmod(index, COMPANIES)
        nth = self._companies[place][1]
        return self._names[nth].school(round_ * LOCALES[nth].companies + self._ranks[place])

    def _number(self, field: str, index: int) -> int:
        return mix(field_key(self.seed, "customer", field) + index * GOLDEN & MASK)


def domain_letters(company: str) -> str:
    """What the domain of a company of this name begins with; `tenant` where no letter of it is Latin."""
    return _cut(_letters(company)) or "tenant"


def _cut(letters: str) -> str:
    """As many letters as a domain's label may have beside the customer's number."""
    return letters.strip("-")[:40].rstrip("-")


@lru_cache(maxsize=4096)
def _letters(text: str) -> str:
    """A name in a domain's letters: `Müller & Söhne GmbH` → `muller-sohne-gmbh`; empty if none is Latin."""
    plain = unicodedata.normalize("NFKD", text.translate(_FOLDED)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
