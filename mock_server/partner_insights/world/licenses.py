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

from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

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
from partner_insights.world.products import ABSENT, CHANNELS, LANE, weighted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
_PRODUCT_COUNTS: Final = (30, 27, 20, 12, 7, 4)
"""Of a hundred customers, how many drew one, two, … six products (a product drawn twice counts once)."""
_MAX_PRODUCTS: Final = len(_PRODUCT_COUNTS)


@dataclass(frozen=True)
class DeploymentRows:
    """One entry for each customer × product, in that order; all arrays have the same length."""

    customer: Integers
    product: Integers
    """Index into the products of the day."""
    channel: Integers
    """Index into CHANNELS."""
    hashes: Words
    """What stands for each licence when more is drawn about it."""
    products: ProductList
    count: Callable[[], tuple[Integers, Integers]] = field(repr=False)
    """Draws what is sold and deployed: a query of other things never asks."""

    @cached_property
    def counts(self) -> tuple[Integers, Integers]:
        """Sold and deployed."""
        return self.count()

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


@dataclass(frozen=True)
class UsageRows:
    """One entry for each customer × product × workload, in that order; all arrays have the same length."""

    licences: DeploymentRows
    """What is used."""
    licence: Integers
    """Position in `licences`."""
    offer: Integers
    """Index into the offers of the day."""
    count: Callable[[], Integers] = field(repr=False)
    """Draws what is active."""

    @cached_property
    def active(self) -> Integers:
        """Licences in use."""
        return self.count()

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


@dataclass(frozen=True)
class Licenses:
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
        return self._channels(self._customers(customer))

    def deployment(self, start: int, stop: int) -> DeploymentRows:
        """The licences of customers start … stop−1."""
        return self.deployment_of(np.arange(start, stop, dtype=np.int64))

    def deployment_of(self, customers: Integers) -> DeploymentRows:
        """The licences of some customers, in their order."""
        products, words = self.products, self._customers(customers)
        position, product = self._holdings(words)
        customer = customers[position]
        hashes = entities(self._licence_keys[product], customer)
        limits = products.seats_of[product], products.max_demand_of[product]
        channel = self._channels(words)[position] ^ (hashes < _UNUSUAL)
        return DeploymentRows(
            customer,
            product,
            channel,
            hashes,
            products,
            lambda: self.seats(self.sizes(words)[position], hashes, *limits, self._day_of[product]),
        )

    def sizes(self, customers: Words) -> Floats:
        """How large each customer is, by the hash that stands for it."""
        size: Floats = _SMALLEST / _three_quarters(
            np.maximum(unit(draw(customers, self._key("size"))), _RAREST)
        )
        return size

    def seats(
        self, size: Floats, hashes: Words, seats: Floats, max_demand: Floats, day: Integers
    ) -> tuple[Integers, Integers]:
        """Licences sold and deployed; of each the customer's size, its hash, its limits, its day."""
        demand = size * (0.5 + unit(draw(hashes, self._key("demand"))))
        demand = np.minimum(demand * seats, max_demand)
        sold = np.maximum(np.rint(demand * self._contract(hashes, day)), 1.0)
        deployed = np.minimum(np.rint(demand * self._adoption(hashes, day)), sold)
        return sold.astype(np.int64), deployed.astype(np.int64)

    def channels(self, customers: Words, hashes: Words) -> Integers:
        """The channel of each licence, by the hashes of customer and licence."""
        return self._channels(customers) ^ (hashes < _UNUSUAL)

    def usage_of(self, rows: DeploymentRows) -> UsageRows:
        """The use of every workload of some licences."""
        spans = self.products.offers_of[rows.product]
        ends = np.cumsum(spans)
        licence = np.repeat(np.arange(len(spans)), spans)
        offer = (self.products.first_offer_of[rows.product] - ends + spans)[licence] + np.arange(len(licence))
        return UsageRows(
            rows,
            licence,
            offer,
            lambda: self.active(rows.deployed[licence], rows.hashes[licence], offer).astype(np.int64),
        )

    def usage(self, start: int, stop: int) -> UsageRows:
        """The use of every workload by customers start … stop−1."""
        return self.usage_of(self.deployment(start, stop))

    def active(self, deployed: Integers, hashes: Words, offer: Integers | int) -> Floats:
        """How many of the deployed licences are active, each in an offer of its own or all in one."""
        most = deployed.astype(np.float64)
        return np.minimum(np.rint(most * self._activity(hashes, offer)), most)

    def _customers(self, index: Integers) -> Words:
        return customer_words(self.seed, index)

    def _channels(self, customers: Words) -> Integers:
        reseller = unit(draw(customers, self._key("channel"))) >= _DIRECT_SHARE
        channel: Integers = np.where(reseller, CHANNELS.index("reseller"), CHANNELS.index("direct"))
        return channel

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

        The draws of a customer are the bytes of one word, so that they sort together; the two spare bytes are
        always absent, so that in the flat array no two neighbours of different customers are equal and held.
        Then what needs a product that is not among them goes.
        """
        first, second = (draw(customers, self._key("products"), step) for step in (0, 1))
        audience = is_academic(customers).astype(np.uint64) * np.uint64(LANE)
        products = self.products
        choice = products.base_choices[_lane(first, 0) | audience] | _slots_left_empty()[_lane(second, 4)]
        for slot in range(1, _MAX_PRODUCTS):
            lane = _lane(first, slot) if slot < 5 else _lane(second, slot - 5)
            choice |= products.choices[lane | audience] << np.uint64(8 * slot)
        chosen = choice.astype("<u8").view(np.uint8).reshape(-1, 8)
        chosen.sort(axis=1)
        flat = chosen.reshape(-1)
        held = flat != ABSENT
        held[1:] &= flat[1:] != flat[:-1]
        needed = np.frombuffer(flat.tobytes().translate(products.needing), dtype=np.uint8)
        needing = np.flatnonzero(held & (needed != 0))
        given = np.bitwise_or.reduce(products.giving[chosen[needing >> 3]], axis=1)
        held[needing] = (given & needed[needing]) != 0
        at = np.flatnonzero(held)
        return at >> 3, flat[at].astype(np.int64)

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


def _lane(words: Words, nth: int) -> Words:
    """The nth twelve bits of each word, nth at most 4."""
    return words >> np.uint64(12 * nth) & np.uint64(LANE - 1)


@cache
def _slots_left_empty() -> Words:
    """Twelve random bits → the slots beyond the customer's count, as bytes that are ABSENT."""
    counts = range(len(_PRODUCT_COUNTS))
    empty = [sum(ABSENT << 8 * slot for slot in range(8) if slot > count) for count in counts]
    return np.array(empty, dtype=np.uint64)[weighted(_PRODUCT_COUNTS)]
