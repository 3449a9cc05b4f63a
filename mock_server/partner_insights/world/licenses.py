"""Seed and data day → who holds which product, and how many licences are sold, deployed and active.

The story behind the numbers, each step a pure function of seed, entity and day:

- A customer has a *size*, heavy-tailed (Pareto, α = 4/3), one channel for all it buys, and one to six
  products, at least one of them a product that stands alone.
- The *seats sold* of a product follow the size, and step once a year at the renewal of that licence.
- The *users* of a product follow adoption curves: every four years it heads for another plateau, quickly at
  first and then levelling off. Deployed licences are the users, as far as there are seats.
- A workload is *active* for a part of the deployed licences, typical of the workload, drifting from month to
  month.

Hence sold ≥ 1, active ≤ deployed ≤ sold on every day, and qualified = sold.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from partner_insights.world.hashing import (
    Floats,
    Integers,
    Words,
    below,
    draw,
    entities,
    field_key,
    unit,
)
from partner_insights.world.products import CHANNELS, PRODUCTS, SERVICES, WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Sequence

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
_DIRECT_SHARE: Final = 0.12
_PRODUCT_COUNTS: Final = (30, 27, 20, 12, 7, 4)
"""Of a hundred customers, how many drew one, two, … six products (a product drawn twice counts once)."""
_MOST: Final = len(_PRODUCT_COUNTS)
_ABSENT: Final = 255

_SERVICE_OF: Final = np.array([SERVICES.index(product.service) for product in PRODUCTS])
_SEATS_OF: Final = np.array([product.seats for product in PRODUCTS])
_SHARE_OF: Final = np.array([workload.share for workload in WORKLOADS])
_SPANS: Final = tuple(tuple(sorted(WORKLOADS.index(w) for w in product.workloads)) for product in PRODUCTS)
_SPAN_LENGTH: Final = np.array([len(span) for span in _SPANS])
_SPAN_START: Final = np.cumsum(_SPAN_LENGTH) - _SPAN_LENGTH
_SPAN_WORKLOAD: Final = np.array([workload for span in _SPANS for workload in span])


@dataclass(frozen=True)
class DeploymentRows:
    """One entry for each customer × product, in that order; all arrays have the same length."""

    customer: Integers
    product: Integers
    """Index into PRODUCTS."""
    sold: Integers
    deployed: Integers

    @property
    def service(self) -> Integers:
        """Index into SERVICES."""
        return _SERVICE_OF[self.product]

    @property
    def identity(self) -> Integers:
        """A number for each row that no other row has."""
        return self.customer * len(PRODUCTS) + self.product


@dataclass(frozen=True)
class UsageRows:
    """One entry for each customer × product × workload, in that order; all arrays have the same length."""

    customer: Integers
    product: Integers
    workload: Integers
    """Index into WORKLOADS."""
    qualified: Integers
    active: Integers

    @property
    def service(self) -> Integers:
        """Index into SERVICES."""
        return _SERVICE_OF[self.product]

    @property
    def identity(self) -> Integers:
        """A number for each row that no other row has."""
        return (self.customer * len(PRODUCTS) + self.product) * len(WORKLOADS) + self.workload


@dataclass(frozen=True)
class Licenses:
    """The licences of every customer of a seed, for any range of customers and any day."""

    seed: int

    def channels(self, customer: Integers) -> Integers:
        """The channel of each customer, as an index into CHANNELS."""
        reseller = unit(draw(self._customers(customer), self._key("channel"))) >= _DIRECT_SHARE
        return np.where(reseller, CHANNELS.index("reseller"), CHANNELS.index("direct"))

    def deployment(self, start: int, stop: int, data_days: Sequence[int]) -> DeploymentRows:
        """The licences of customers start … stop−1 on the data day of each of SERVICES."""
        customers = self._customers(np.arange(start, stop, dtype=np.int64))
        position, product = self._holdings(customers)
        day = np.array(data_days, dtype=np.int64)[_SERVICE_OF[product]]
        licence = entities(self._licence_keys[product], position + start)
        size = _SMALLEST / _three_quarters(np.maximum(unit(draw(customers, self._key("size"))), _RAREST))
        demand = size[position] * _SEATS_OF[product] * (0.5 + unit(draw(licence, self._key("demand"))))
        sold = np.maximum(np.rint(demand * self._contract(licence, day)), 1.0)
        users = np.rint(demand * self._adoption(licence, day))
        return DeploymentRows(
            customer=position + start,
            product=product,
            sold=sold.astype(np.int64),
            deployed=np.minimum(users, sold).astype(np.int64),
        )

    def usage(self, start: int, stop: int, data_days: Sequence[int]) -> UsageRows:
        """The use of every workload by customers start … stop−1 on the data day of each of SERVICES."""
        rows = self.deployment(start, stop, data_days)
        spans = _SPAN_LENGTH[rows.product]
        parent = np.repeat(np.arange(len(spans)), spans)
        nth = np.arange(len(parent)) - np.repeat(np.cumsum(spans) - spans, spans)
        offer = (_SPAN_START[rows.product])[parent] + nth
        product, workload, customer = rows.product[parent], _SPAN_WORKLOAD[offer], rows.customer[parent]
        day = np.array(data_days, dtype=np.int64)[_SERVICE_OF[product]]
        use = entities(self._use_keys[offer], customer)
        deployed = rows.deployed[parent]
        active = np.rint(deployed * self._activity(use, workload, day)).astype(np.int64)
        return UsageRows(customer, product, workload, rows.sold[parent], np.minimum(active, deployed))

    def _customers(self, index: Integers) -> Words:
        return entities(self._key("customer"), index)

    def _key(self, *names: str) -> int:
        return _key(self.seed, *names)

    @cached_property
    def _licence_keys(self) -> Words:
        keys = [field_key(self.seed, "licence", product.name) for product in PRODUCTS]
        return np.array(keys, dtype=np.uint64)

    @cached_property
    def _use_keys(self) -> Words:
        names = [
            (product.name, WORKLOADS[w].code)
            for product, span in zip(PRODUCTS, _SPANS, strict=True)
            for w in span
        ]
        return np.array([field_key(self.seed, "use", *name) for name in names], dtype=np.uint64)

    def _holdings(self, customers: Words) -> tuple[Integers, Integers]:
        """The (position in `customers`, product) pairs, in order: as many draws as the count says."""
        base, anything, counts = _choices()
        first, second = (draw(customers, self._key("products"), step) for step in (0, 1))
        choice = np.empty((len(customers), _MOST), dtype=np.uint8)
        choice[:, 0] = base[_lane(first, 0)]
        for slot in range(1, _MOST):
            choice[:, slot] = anything[_lane(first if slot < 4 else second, slot % 4)]
        count = counts[_lane(second, 3)]
        choice[np.arange(_MOST) >= count[:, None]] = _ABSENT
        choice.sort(axis=1)
        choice[:, 1:][choice[:, 1:] == choice[:, :-1]] = _ABSENT
        position, slot_ = np.nonzero(choice != _ABSENT)
        return position, choice[position, slot_].astype(np.int64)

    def _contract(self, licence: Words, day: Integers) -> Floats:
        """Seats sold for each unit of demand: another level in every term, 0.9 to 1.2."""
        renewal = below(draw(licence, self._key("renewal")), _TERM)
        return 0.9 + 0.3 * unit(draw(licence, self._key("contract"), (day + renewal) // _TERM))

    def _adoption(self, licence: Words, day: Integers) -> Floats:
        """Users for each unit of demand: curves from plateau to plateau, 0 to 1, without a jump."""
        age = day + below(draw(licence, self._key("adoption")), _GENERATION)
        generation = age // _GENERATION
        progress = (age - generation * _GENERATION) / float(_GENERATION)
        risen = progress * (1.0 + _HASTE) / (progress + _HASTE)
        before, after = self._plateau(licence, generation - 1), self._plateau(licence, generation)
        return before + (after - before) * risen

    def _plateau(self, licence: Words, generation: Integers) -> Floats:
        """Where a generation ends: 0 for one in sixteen, the others from 0.3 to 1.05, most of them high."""
        level = unit(draw(licence, self._key("plateau"), generation))
        shelved = level < 0.0625
        level = 1.05 - 0.75 * level * level
        level[shelved] = 0.0
        return level

    def _activity(self, use: Words, workload: Integers, day: Integers) -> Floats:
        """Active licences for each deployed one: a level around the typical, ±6% over the months."""
        level = _SHARE_OF[workload] + 0.35 * (2.0 * unit(draw(use, self._key("level"))) - 1.0)
        month = day // _MONTH
        passed = (day - month * _MONTH) / float(_MONTH)
        before = unit(draw(use, self._key("mood"), month))
        after = unit(draw(use, self._key("mood"), month + 1))
        mood = 0.94 + 0.12 * (before + (after - before) * passed)
        return np.clip(level, 0.0, 1.0) * mood


@cache
def _key(seed: int, *names: str) -> int:
    return field_key(seed, *names)


def _three_quarters(value: Floats) -> Floats:
    """value ** (3/4), by square roots alone: `pow` differs in its last bit between machines."""
    root = np.sqrt(value)
    return root * np.sqrt(root)


def _lane(words: Words, nth: int) -> npt.NDArray[np.uint16]:
    """The nth 16 bits of each word."""
    return (words >> np.uint64(16 * nth)).astype(np.uint16)


@cache
def _choices() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """16 random bits → a product that stands alone, any product, how many products."""
    base = [product.weight if product.base else 0 for product in PRODUCTS]
    return (
        _weighted(base),
        _weighted([product.weight for product in PRODUCTS]),
        _weighted(_PRODUCT_COUNTS) + np.uint8(1),
    )


def _weighted(weights: Sequence[int]) -> npt.NDArray[np.uint8]:
    """A table of 65,536 choices among the weights' positions, each as often as its weight says."""
    places = np.arange(1 << 16) * sum(weights) >> 16
    return np.searchsorted(np.cumsum(weights), places, side="right").astype(np.uint8)
