"""Seed and data day → who holds which product, and how many licences are sold, deployed and active.

The story behind the numbers, each step a pure function of seed, entity and day:

- A customer has a *size*, heavy-tailed (Pareto, α = 4/3), an audience, a channel it usually buys in, and one
  to six products of its audience that are sold on the day, at least one of them a product that stands alone.
  What needs a product that the customer does not have is left out (`products.json` has the rules).
- The *seats sold* of a product follow the size, and step once a year at the renewal of that licence.
- The *users* of a product follow adoption curves: every four years it heads for another plateau, quickly at
  first and then levelling off. Deployed licences are the users, as far as there are seats.
- A workload is *active* for a part of the deployed licences, typical of the workload, drifting from month to
  month.

Hence sold ≥ 1, active ≤ deployed ≤ sold on every day, and qualified = sold.
"""

from __future__ import annotations

from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from partner_insights.world.audience import customer_words, is_academic
from partner_insights.world.hashing import (
    Floats,
    Integers,
    Words,
    draw,
    entities,
    field_key,
    integers_below,
    mix_all,
    unit,
)
from partner_insights.world.product_file import default_catalogue
from partner_insights.world.products import ABSENT, LANE, weighted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_insights.world.products import ProductCatalogue, ProductList

_SMALLEST: Final = 4.0
"""Size of the smallest customer, in seats of a product with `seats` 1; the median is 6.7, the mean 16."""
_RAREST: Final = 2.0**-20
"""Caps the tail: no customer is larger than 4 · 2**15 = 131,072."""
_TERM: Final = 365
"""Days from one renewal to the next."""
_GENERATION: Final = 1461
"""Days an adoption curve lasts before the next one sets out from where it ended."""
_HASTE: Final = 0.08
"""The part of a generation in which adoption goes about half its way."""
_MONTH: Final = 28
"""Days between the points active use is drawn at; between them it moves in a straight line."""
_SPREAD: Final = 0.35
"""How far a customer's active part may lie from what is typical of the workload."""
_DIRECT_SHARE: Final = 0.12
"""Customers that usually buy directly."""
_UNUSUAL: Final = np.uint64(0.06 * 2**64)
"""A purchase in the other channel: its hash is below."""
_ALL: Final = slice(None)
_PRODUCT_COUNTS: Final = (30, 27, 20, 12, 7, 4)
"""Of a hundred customers, how many drew one, two, … six products (a product drawn twice counts once)."""
_MAX_PRODUCTS: Final = len(_PRODUCT_COUNTS)


class DeploymentRows(Struct, frozen=True, dict=True):
    """One entry for each customer × product, in that order; all arrays have the same length.

    What is drawn about a licence is drawn when it is asked for: a query of other things never asks.
    """

    licenses: Licenses
    holders: Integers
    """Indexes of the customers whose licences they are."""
    words: Words
    """The hash that stands for each of them."""
    holder: Integers
    """Of each entry the place of its customer among them."""
    product: Integers
    """Index into the products of the day."""

    @property
    def products(self) -> ProductList:
        """What is sold on the day."""
        return self.licenses.products

    @cached_property
    def customer(self) -> Integers:
        """Index of the customer."""
        return self.holders[self.holder]

    @cached_property
    def hashes(self) -> Words:
        """What stands for each licence when more is drawn about it."""
        return self.licenses.hashes(self.product, self.customer)

    @cached_property
    def channel(self) -> Integers:
        """Index into CHANNELS."""
        return self.licenses.channels(self.words, self.hashes, self.holder)

    @cached_property
    def counts(self) -> tuple[Integers, Integers]:
        """Sold and deployed."""
        return self.licenses.seats_of(self)

    @property
    def sold(self) -> Integers:
        """Seats sold."""
        return self.counts[0]

    @property
    def deployed(self) -> Integers:
        """Licences assigned to users."""
        return self.counts[1]

    @cached_property
    def service(self) -> Integers:
        """Index into SERVICES."""
        return self.products.service_of[self.product]

    @property
    def processed(self) -> Integers:
        """Each row's place among the processing times of the day: one for each service."""
        return self.service

    @property
    def identity(self) -> Integers:
        """A number for each row that no other row has."""
        return self.customer * (ABSENT + 1) + self.product


class UsageRows(Struct, frozen=True, dict=True):
    """One entry for each customer × product × workload, in that order; all arrays have the same length."""

    licences: DeploymentRows
    """What is used."""
    licence: Integers
    """Position in `licences`."""
    offer: Integers
    """Index into the offers of the day."""

    @cached_property
    def active(self) -> Integers:
        """Licences in use."""
        held, licence = self.licences, self.licence
        active = held.licenses.active(held.deployed[licence], held.hashes[licence], self.offer)
        return active.astype(np.int64)

    @property
    def products(self) -> ProductList:
        """What is sold on the day."""
        return self.licences.products

    @cached_property
    def customer(self) -> Integers:
        """Index of the customer."""
        return self.licences.customer[self.licence]

    @cached_property
    def product(self) -> Integers:
        """Index into the products of the day."""
        return self.products.product_of[self.offer]

    @cached_property
    def workload(self) -> Integers:
        """Index into the catalogue's workloads."""
        return self.products.workload_of[self.offer]

    @cached_property
    def channel(self) -> Integers:
        """Index into CHANNELS."""
        return self.licences.channel[self.licence]

    @cached_property
    def service(self) -> Integers:
        """Index into SERVICES."""
        return self.products.service_of[self.product]

    @cached_property
    def qualified(self) -> Integers:
        """Licences that could be used: all that are sold, as the published samples have it."""
        return self.licences.sold[self.licence]

    @property
    def processed(self) -> Integers:
        """Each row's place among the processing times of the day: one for each service."""
        return self.service

    @property
    def identity(self) -> Integers:
        """A number for each row that no other row has."""
        return self.customer * len(self.products.offers) + self.offer


class Licenses(Struct, frozen=True, dict=True):
    """The licences of every customer of a seed on one day, for any range of customers."""

    seed: int
    data_days: tuple[int, ...]
    """The day (ordinal) that the numbers describe, for each of SERVICES."""
    catalogue: ProductCatalogue = field(default_factory=default_catalogue)

    @cached_property
    def products(self) -> ProductList:
        """What is sold on the data days."""
        return self.catalogue.on(self.data_days)

    def usual_channels(self, customer: Integers) -> Integers:
        """The channel each customer usually buys in, as an index into CHANNELS."""
        return self._is_reseller(customer_words(self.seed, customer)).astype(np.int64)

    def deployment(self, start: int, stop: int) -> DeploymentRows:
        """The licences of customers start … stop−1."""
        return self.deployment_of(np.arange(start, stop, dtype=np.int64))

    def deployment_of(self, customers: Integers) -> DeploymentRows:
        """The licences of some customers, in their order."""
        words = customer_words(self.seed, customers)
        return DeploymentRows(self, customers, words, *self._holdings(words))

    def hashes(self, product: Integers, customer: Integers) -> Words:
        """What stands for each licence, by the product's index and the customer's."""
        return entities(self._licence_keys[product], customer)

    def sizes(self, customers: Words) -> Floats:
        """How large each customer is, by the hash that stands for it."""
        size: Floats = _SMALLEST / _three_quarters(
            np.maximum(unit(draw(customers, self._key("size"))), _RAREST)
        )
        return size

    def seats_of(self, rows: DeploymentRows) -> tuple[Integers, Integers]:
        """Licences sold and deployed of each entry."""
        products, product = self.products, rows.product
        return self.seats(
            self.sizes(rows.words)[rows.holder],
            rows.hashes,
            products.seats_of[product],
            products.max_demand_of[product],
            self._day_of[product],
        )

    def seats(
        self, size: Floats, hashes: Words, seats: Floats, max_demand: Floats, day: Integers
    ) -> tuple[Integers, Integers]:
        """Licences sold and deployed; of each the customer's size, its hash, its limits, its day."""
        demand = size * (0.5 + unit(draw(hashes, self._key("demand"))))
        demand = np.minimum(demand * seats, max_demand)
        sold = np.maximum(np.rint(demand * self._contract(hashes, day)), 1.0)
        deployed = np.minimum(np.rint(demand * self._adoption(hashes, day)), sold)
        return sold.astype(np.int64), deployed.astype(np.int64)

    def channels(self, customers: Words, hashes: Words, holder: Integers | slice = _ALL) -> Integers:
        """The channel of each licence, by its hash and its customer's; `holder`: its place among these."""
        return (self._is_reseller(customers)[holder] ^ (hashes < _UNUSUAL)).astype(np.int64)

    def usage_of(self, rows: DeploymentRows) -> UsageRows:
        """The use of every workload of some licences."""
        spans = self.products.offers_of[rows.product]
        ends = np.cumsum(spans)
        licence = np.repeat(np.arange(len(spans)), spans)
        offer = (self.products.first_offer_of[rows.product] - ends + spans)[licence] + np.arange(len(licence))
        return UsageRows(rows, licence, offer)

    def usage(self, start: int, stop: int) -> UsageRows:
        """The use of every workload by customers start … stop−1."""
        return self.usage_of(self.deployment(start, stop))

    def active(self, deployed: Integers, hashes: Words, offer: Integers | int) -> Floats:
        """How many of the deployed licences are active, each in an offer of its own or all in one."""
        most = deployed.astype(np.float64)
        return np.minimum(np.rint(most * self._activity(hashes, offer)), most)

    def _is_reseller(self, customers: Words) -> npt.NDArray[np.bool_]:
        """Whether each customer usually buys in the second of CHANNELS."""
        reseller: npt.NDArray[np.bool_] = unit(draw(customers, self._key("channel"))) >= _DIRECT_SHARE
        return reseller

    def _key(self, *names: str) -> int:
        return _key(self.seed, *names)

    @cached_property
    def _licence_keys(self) -> Words:
        return self.licence_keys([product.id for product in self.products.products])

    def licence_keys(self, products: Sequence[str]) -> Words:
        """What a licence's hash is made with, by the products' ids."""
        return np.array([self._key("licence", each) for each in products], dtype=np.uint64)

    @cached_property
    def _day_of(self) -> Integers:
        """The data day of each product."""
        return np.array(self.data_days, dtype=np.int64)[self.products.service_of]

    @cached_property
    def _min_active(self) -> Floats:
        """The smallest active part of each offer."""
        shares = np.array([workload.share for workload in self.catalogue.workloads])
        least: Floats = shares[self.products.workload_of] - _SPREAD
        return least

    @cached_property
    def _activity_keys(self) -> tuple[Words, Words, Words, Floats]:
        """For each offer: keys of its level, its mood this month and next; the part of the month gone by."""
        workloads = [self.catalogue.workloads[place] for place in self.products.workload_of]
        use = np.array([self._key("use", workload.code) for workload in workloads], dtype=np.uint64)
        month, day = np.divmod(self._day_of[self.products.product_of], _MONTH)
        level, mood = self._key("level"), self._key("mood")
        return draw(use, level), draw(use, mood, month), draw(use, mood, month + 1), day / float(_MONTH)

    def _holdings(self, customers: Words) -> tuple[Integers, Integers]:
        """The (position in `customers`, product) pairs, in order: as many draws as the count says.

        `drawn` has a line of bytes for each draw, which NumPy compares many at a time. They are sorted by an
        odd-even transposition, equal ones count once; then what needs a product that is not among them goes.
        """
        first, second = (draw(customers, self._key("products"), step) for step in (0, 1))
        audience = is_academic(customers) * np.int64(LANE)
        products, last = self.products, _last_draws()[_lane(second, 4)]
        drawn = np.empty((_MAX_PRODUCTS, len(customers)), dtype=np.uint8)
        drawn[0] = products.base_choices[_lane(first, 0) | audience]
        for nth in range(1, _MAX_PRODUCTS):
            lane = _lane(first, nth) if nth < 5 else _lane(second, nth - 5)
            drawn[nth] = products.choices[lane | audience]
            drawn[nth] |= _absent_where(last < nth)
        for turn in range(_MAX_PRODUCTS):
            left, right = drawn[turn % 2 : -1 : 2], drawn[turn % 2 + 1 :: 2]
            left[:], right[:] = np.minimum(left, right), np.maximum(left, right)
        given = np.bitwise_or.reduce(_translated(drawn, products.giving))
        gone = _translated(drawn, products.needing) & ~given != 0
        gone[1:] |= drawn[1:] == drawn[:-1]
        drawn |= _absent_where(gone)
        flat = drawn.T.reshape(-1)
        at = np.flatnonzero(flat != ABSENT)
        return at // _MAX_PRODUCTS, flat[at].astype(np.int64)

    def _contract(self, licence: Words, day: Integers) -> Floats:
        """Seats sold for each unit of demand: another level in every term, 0.9 to 1.2."""
        renewal = integers_below(draw(licence, self._key("renewal")), _TERM)
        return 0.9 + 0.3 * unit(draw(licence, self._key("contract"), (day + renewal) // _TERM))

    def _adoption(self, licence: Words, day: Integers) -> Floats:
        """Users for each unit of demand: curves from plateau to plateau, 0 to 1.05, without a jump."""
        age = day + integers_below(draw(licence, self._key("adoption")), _GENERATION)
        generation = age // _GENERATION
        progress = (age - generation * _GENERATION) / float(_GENERATION)
        risen = progress * (1.0 + _HASTE) / (progress + _HASTE)
        before, after = self._plateau(licence, generation - 1), self._plateau(licence, generation)
        return before + (after - before) * risen

    def _plateau(self, licence: Words, generation: Integers) -> Floats:
        """Where a generation ends: 0 for one in sixteen, the others from 0.3 to 1.05, most of them high."""
        level = unit(draw(licence, self._key("plateau"), generation))
        return (1.05 - 0.75 * level * level) * (level >= 0.0625)

    def _activity(self, licence: Words, offer: Integers | int) -> Floats:
        """Active licences for each deployed one: a level around the typical, ±6% over the months."""
        *keys, passed = self._activity_keys
        level, before, after = (unit(mix_all(licence ^ key[offer])) for key in keys)
        level = np.clip(self._min_active[offer] + 2.0 * _SPREAD * level, 0.0, 1.0)
        mood: Floats = 0.94 + 0.12 * (before + (after - before) * passed[offer])
        return level * mood


@lru_cache(maxsize=1024)
def _key(seed: int, *names: str) -> int:
    return field_key(seed, *names)


def _three_quarters(value: Floats) -> Floats:
    """value ** (3/4), by square roots alone: `pow` differs in its last bit between machines."""
    root = np.sqrt(value)
    return root * np.sqrt(root)


def _lane(words: Words, nth: int) -> Integers:
    """The nth twelve bits of each word, nth at most 4."""
    return (words >> np.uint64(12 * nth) & np.uint64(LANE - 1)).view(np.int64)


def _absent_where(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """ABSENT, which is all bits, where the mask is true, and no bit elsewhere."""
    return np.negative(mask.view(np.uint8))


def _translated(values: npt.NDArray[np.uint8], table: bytes) -> npt.NDArray[np.uint8]:
    """Each byte as the table has it."""
    return np.frombuffer(values.tobytes().translate(table), dtype=np.uint8).reshape(values.shape)


@cache
def _last_draws() -> npt.NDArray[np.uint8]:
    """Twelve random bits → the number of the customer's last draw."""
    return weighted(_PRODUCT_COUNTS).astype(np.uint8)
