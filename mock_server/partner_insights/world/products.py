"""What a partner sells, as data → what of it is sold on a day, ready for the drawing of licences.

Services and channels are the API's own. Workloads and products come from a file (`product_file.py`), each
with the days it is sold and its names in the course of time.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from partner_insights.contract import Standing
    from partner_insights.world.hashing import Floats, Integers

Audience = Literal["commercial", "academic"]
AUDIENCES: Final[tuple[Audience, ...]] = ("commercial", "academic")

LANE: Final = 1 << 12
"""Choices in a table of weights: twelve random bits point at one."""
ABSENT: Final = 255
"""No product; the indexes of products are below."""
MAX_GROWTH: Final = 1.2
"""Seats sold for each unit of demand, at most."""


class Service(Struct, frozen=True):
    """A family of products; the wire calls it by its code in `serviceName` and `serviceCode` alike."""

    code: str
    title: str


CRM: Final = Service("crm", "Microsoft Dynamics")
O365: Final = Service("o365", "Microsoft Office 365")

SERVICES: Final = (CRM, O365)
"""In the order of rows: by code, as the published partner samples have them."""

CHANNELS: Final = ("direct", "reseller")
"""In the order of rows."""


class Period(Struct, frozen=True):
    """The days (ordinals) from the first to the last."""

    first: int
    last: int

    def __contains__(self, day: int) -> bool:
        return self.first <= day <= self.last


class Workload(Struct, frozen=True):
    """A part of a product whose use is counted; `share` of its deployed licences is typically active."""

    code: str
    name: str
    services: tuple[Service, ...]
    share: float
    runs: Period


class Product(Struct, frozen=True):
    """A product: the workloads it spans, how often it is sold, how many seats it takes."""

    id: str
    names: tuple[tuple[int, str], ...]
    """(the first day of a name, the name), in order."""
    service: Service
    workloads: tuple[Workload, ...]
    """In the order of rows: by name."""
    weight: int
    seats: float
    """Licences for each unit of the customer's size."""
    base: bool
    """Whether a customer may have it as the only product (an add-on never comes alone)."""
    audience: Audience | None
    """Who may buy it; None for everybody."""
    max_seats: int | None
    sold: Period
    otherwise: str | None
    """The id of what its buyers have on days it is not sold."""
    gives: tuple[str, ...]
    needs: str | None
    """What another product of the customer has to give."""

    def name_on(self, day: int) -> str:
        """Its name on a day."""
        return next(name for first, name in reversed(self.names) if first <= day)

    def workloads_on(self, day: int) -> tuple[Workload, ...]:
        """Those of its workloads that run on a day."""
        return tuple(workload for workload in self.workloads if day in workload.runs)


class ProductRule(Struct, frozen=True):
    """What the catalogue holds its data to, and why."""

    id: str
    says: str
    reason: str
    source: str
    standing: Standing


class ProductCatalogue(Struct, frozen=True, eq=False, dict=True):
    """All products of all days, with the rules about them."""

    workloads: tuple[Workload, ...]
    """In the order of rows: by name."""
    products: tuple[Product, ...]
    rules: tuple[ProductRule, ...]

    def on(self, data_days: Sequence[int]) -> ProductList:
        """What is sold on the data days (ordinals, one for each of SERVICES)."""
        return _product_list(self, tuple(bisect_right(self.changes, day) for day in data_days))

    @cached_property
    def changes(self) -> tuple[int, ...]:
        """The days on which the catalogue changes: a product or workload comes or goes, or is renamed."""
        days = {first for product in self.products for first, _ in product.names}
        for period in (*(each.sold for each in self.products), *(each.runs for each in self.workloads)):
            days |= {period.first, period.last + 1}
        return tuple(sorted(day for day in days if day <= date.max.toordinal()))

    @cached_property
    def by_id(self) -> Mapping[str, Product]:
        """The products by their ids."""
        return {product.id: product for product in self.products}

    @cached_property
    def by_name(self) -> Mapping[str, Product]:
        """The products by all their names, case folded; the first where two have had one name."""
        named = [(name.casefold(), each) for each in self.products for _, name in each.names]
        return dict(reversed(named))

    def sold_instead(self, product: Product, day: int) -> Product | None:
        """The product itself where it is sold on a day; else what its buyers have then, or None."""
        while day not in product.sold:
            if product.otherwise is None:
                return None
            product = self.by_id[product.otherwise]
        return product


@lru_cache(maxsize=64)
def _product_list(catalogue: ProductCatalogue, changes: tuple[int, ...]) -> ProductList:
    days = {
        service: catalogue.changes[max(passed - 1, 0)]
        for service, passed in zip(SERVICES, changes, strict=True)
    }
    return ProductList(catalogue, days)


class ProductList(Struct, frozen=True, eq=False, dict=True):
    """The catalogue on one day: what a licence's numbers are drawn from, as arrays."""

    catalogue: ProductCatalogue
    days: Mapping[Service, int]

    @cached_property
    def products(self) -> tuple[Product, ...]:
        """In the order of rows: by service code, then by the name on the day."""
        sold = [product for product in self.catalogue.products if self._day(product) in product.sold]
        return tuple(sorted(sold, key=lambda each: (each.service.code, each.name_on(self._day(each)))))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The products' names on the day."""
        return tuple(product.name_on(self._day(product)) for product in self.products)

    def index(self, name: str) -> int:
        """The place of a product by its name on the day or on another; −1 where it is none of them."""
        return self._index_of.get(name.casefold(), -1)

    @cached_property
    def _index_of(self) -> Mapping[str, int]:
        place = {product.id: index for index, product in enumerate(self.products)}
        others = {name: place.get(each.id, -1) for name, each in self.catalogue.by_name.items()}
        return others | {name.casefold(): index for index, name in enumerate(self.names)}

    @cached_property
    def offers(self) -> tuple[tuple[int, int], ...]:
        """Every (product, workload), as indexes: what a usage row is about, product by product."""
        place = {workload: index for index, workload in enumerate(self.catalogue.workloads)}
        return tuple(
            (index, place[workload])
            for index, product in enumerate(self.products)
            for workload in product.workloads_on(self._day(product))
        )

    @cached_property
    def offer_at(self) -> Integers:
        """The offer of each product and workload, −1 where it is none; last, what is neither of them."""
        offers = np.full((len(self.products) + 1, len(self.catalogue.workloads) + 1), -1)
        for at, offer in enumerate(self.offers):
            offers[offer] = at
        return offers

    @cached_property
    def service_of(self) -> Integers:
        """The service of each product, as an index into SERVICES."""
        return np.array([SERVICES.index(product.service) for product in self.products])

    @cached_property
    def seats_of(self) -> Floats:
        """Licences for each unit of the customer's size, by product."""
        return np.array([product.seats for product in self.products])

    @cached_property
    def max_demand_of(self) -> Floats:
        """The demand that is met by the most seats sold to one customer, by product."""
        return np.array([(product.max_seats or np.inf) / MAX_GROWTH for product in self.products])

    @cached_property
    def product_of(self) -> Integers:
        """The product of each offer."""
        return np.array([product for product, _ in self.offers])

    @cached_property
    def workload_of(self) -> Integers:
        """The workload of each offer, as an index into the catalogue's."""
        return np.array([workload for _, workload in self.offers])

    @cached_property
    def offers_of(self) -> Integers:
        """How many offers there are of each product."""
        return np.bincount(self.product_of)

    @cached_property
    def first_offer_of(self) -> Integers:
        """The index of each product's first offer."""
        first: Integers = np.cumsum(self.offers_of) - self.offers_of
        return first

    @cached_property
    def base_choices(self) -> npt.NDArray[np.uint8]:
        """Twelve random bits, and one for the audience → a product that stands alone."""
        return self._choices(base=True)

    @cached_property
    def choices(self) -> npt.NDArray[np.uint8]:
        """Twelve random bits, and one for the audience → any product, or ABSENT."""
        return self._choices(base=False)

    @cached_property
    def needing(self) -> bytes:
        """The bit of what a product needs, zero for none; by its index, ABSENT included."""
        return self._bits({place: [each.needs or ""] for place, each in enumerate(self.products)})

    @cached_property
    def giving(self) -> bytes:
        """The bits of what a product gives; by its index, ABSENT included."""
        return self._bits({place: each.gives for place, each in enumerate(self.products)})

    def _day(self, product: Product) -> int:
        return self.days[product.service]

    def _bits(self, words: Mapping[int, Iterable[str]]) -> bytes:
        known = sorted({product.needs for product in self.catalogue.products if product.needs})
        bits = np.zeros(ABSENT + 1, dtype=np.uint8)
        for place, each in words.items():
            bits[place] = sum(1 << known.index(word) for word in each if word in known)
        return bits.tobytes()

    def _choices(self, *, base: bool) -> npt.NDArray[np.uint8]:
        place = {product.id: index for index, product in enumerate(self.products)}
        sold = (self.catalogue.sold_instead(each, self._day(each)) for each in self.catalogue.products)
        index = np.array([ABSENT if each is None else place[each.id] for each in sold], dtype=np.uint8)
        tables = []
        for audience in AUDIENCES:
            weights = [
                product.weight if product.audience in (audience, None) and (product.base or not base) else 0
                for product in self.catalogue.products
            ]
            tables.append(index[weighted(weights)])
        return np.concatenate(tables)


def weighted(weights: Sequence[int]) -> Integers:
    """A table of LANE choices among the weights' positions, each as often as its weight says."""
    places = np.arange(LANE) * sum(weights) // LANE
    return np.searchsorted(np.cumsum(weights), places, side="right")
