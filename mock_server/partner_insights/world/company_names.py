"""Words of a locale and a number → the name of a company or a school that no other number has.

A number's digits, in mixed radix, choose the family, trade and legal form, then a second family, a city, and
in the end a number: "Nash Logistics LLC", "Nash & Choi Logistics LLC", "Nash & Choi Logistics LLC, Dunnton".
"""

from __future__ import annotations

import json
from functools import cache, cached_property, lru_cache
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partner_insights.world.vocabulary import Words

PATTERNS_FILE: Final = Path(__file__).with_name("company_names.json")


@cache
def patterns() -> Mapping[str, Any]:
    """How names are formed, by culture."""
    locales: Mapping[str, Any] = json.loads(PATTERNS_FILE.read_bytes())["locales"]
    return locales


class LocaleNames(Struct, frozen=True, eq=False, dict=True):
    """The names of one locale, as they are written or, by `letters`, in those of a domain."""

    culture: str
    words: Words
    letters: Callable[[str], str] | None = None
    """A name's part → the same in a domain's letters, hyphens between its words."""

    def companies(self, start: int, stop: int) -> list[str]:
        """The names of the companies start … stop−1."""
        names: list[str] = []
        families = len(self.words.last_names)
        while start < stop:
            digits, first = divmod(start, families)
            last = min(families, first + stop - start)
            digits, shift = divmod(digits, len(self._trades))
            place, second = divmod(digits, families)
            tails = self._tails(place)[shift + first : shift + last]
            names += map(add, self._heads(second)[first:last], tails)
            start += last - first
        return names

    def school(self, index: int) -> str:
        """The name of a school: after a person, perhaps in a city."""
        last_names, first_names, kinds = self.words.last_names, self.words.first_names, self._schools
        digits, last = divmod(index, len(last_names))
        digits, first = divmod(digits, len(first_names))
        digits, kind = divmod(digits, len(kinds))
        person = first_names[(first + last) % len(first_names)], last_names[last]
        school = kinds[(kind + last) % len(kinds)] % (person[::-1] if self._last_name_first else person)
        if not digits:
            return school
        city, suffix = self._place(digits)
        if city is not None:
            school = self._patterns["school_in_city"].format(school=school, city=city)
        return f"{school}{suffix}"

    @cached_property
    def _patterns(self) -> Mapping[str, Any]:
        own: Mapping[str, Any] = patterns()[self.culture]
        return own

    @cached_property
    def _trades(self) -> list[tuple[str, str]]:
        """Trades with legal forms; neighbours differ in their trade."""
        return [(trade, form) for form in self._patterns["forms"] for trade in self._patterns["trades"]]

    @cached_property
    def _schools(self) -> list[str]:
        """Kinds of schools, each to be named after a person's two names."""
        person = self._patterns["person"].format(first="%s", last="%s")
        return [kind.format(person) for kind in self._patterns["schools"]]

    @cached_property
    def _last_name_first(self) -> bool:
        return str(self._patterns["person"]).startswith("{last}")

    def _place(self, digits: int) -> tuple[str | None, str]:
        """Where a name says the customer is, and what tells the second of one name from the first: ` 2`."""
        number, city = divmod(digits, len(self.words.cities) + 1)
        return self.words.cities[city - 1] if city else None, f" {number + 1}" if number else ""

    @lru_cache(maxsize=64)  # noqa: B019 - as many as locales and spellings of one vocabulary, and few places
    def _tails(self, digits: int) -> list[str]:
        """What follows the family, as often as a family may begin anywhere in the list of trades."""
        city, suffix = self._place(digits)
        pattern = self._patterns["tail" if city is None else "tail_in_city"]
        tails = [
            self._spelled(pattern.format(trade=trade, form=form, city=city) + suffix, "-")
            for trade, form in self._trades
        ]
        return tails * (2 + len(self.words.last_names) // len(tails))

    @lru_cache(maxsize=64)  # noqa: B019 - the same
    def _heads(self, second: int) -> list[str]:
        """Every family, alone (0) or before the one that is so many further in the list."""
        families = self.words.last_names
        pair = self._patterns["pair"] if second else "{}"
        others = families[second:] + families[:second]
        heads = (pair.format(*two) for two in zip(families, others, strict=True))
        return [self._spelled(head[:1].upper() + head[1:], "") for head in heads]

    def _spelled(self, text: str, separator: str) -> str:
        if self.letters is None:
            return text
        letters = self.letters(text)
        return f"{separator}{letters}" if letters else ""
