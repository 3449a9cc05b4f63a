"""Arrays of licences → columns by property name, through one dispatch table for each kind of row.

A column is a NumPy array, or for texts a `DictionaryColumn`: each distinct text once, a number for each row.
Texts repeat (a product name in every other row), so writers translate or escape each of them once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
from msgspec import Struct

from partner_insights.world.customer_ids import guid
from partner_insights.world.hashing import field_key
from partner_insights.world.product_file import default_catalogue
from partner_insights.world.products import CHANNELS, SERVICES

if TYPE_CHECKING:
    from partner_insights.world.customer_ids import CustomerIds
    from partner_insights.world.customers import Customers
    from partner_insights.world.hashing import Floats, Integers
    from partner_insights.world.licenses import DeploymentRows, Licenses, UsageRows
    from partner_insights.world.own.all_rows import AllRows
    from partner_insights.world.own.roster import Roster
    from partner_insights.world.partner_totals import PartnerRows


class DictionaryColumn(Struct, frozen=True):
    """A column of texts: row r reads `categories[codes[r]]`. Not every category needs a row."""

    codes: Integers
    categories: Sequence[str]

    def __len__(self) -> int:
        return len(self.codes)

    def tolist(self) -> list[str]:
        """The texts, row by row."""
        return list(map(self.categories.__getitem__, self.codes.tolist()))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return _array(self.categories, None)[self.codes].astype(dtype if dtype is not None else object)


class ConstantColumn(Struct, frozen=True):
    """A column that reads `value` in every row."""

    value: Any
    length: int

    def __len__(self) -> int:
        return self.length

    def tolist(self) -> list[Any]:
        """The value, row by row; an object anew for each."""
        if isinstance(self.value, (dict, list)):
            encoded = orjson.dumps(self.value)
            return [orjson.loads(encoded) for _ in range(self.length)]
        return [self.value] * self.length

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return _array(self.tolist(), dtype)


class StructColumn(Struct, frozen=True):
    """A column of objects that all have the same members."""

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def tolist(self) -> list[dict[str, Any]]:
        """The objects, row by row."""
        return list(objects(self.columns))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return _array(self.tolist(), dtype)


def objects(columns: Mapping[str, Column]) -> Iterator[dict[str, Any]]:
    """Columns of one length as JSON-ready objects, row by row."""
    names = tuple(columns)
    for values in zip(*(column.tolist() for column in columns.values()), strict=True):
        yield dict(zip(names, values))  # noqa: B905 - as many as there are names; looking takes a fifth longer


def json_column(values: Sequence[Any]) -> npt.NDArray[Any]:
    """Any JSON values, each in a cell of its own: NumPy would spread lists over a second dimension."""
    column = np.empty(len(values), dtype=object)
    for position, value in enumerate(values):
        column[position] = value
    return column


def _array(values: Sequence[Any], dtype: Any) -> npt.NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.astype(dtype if dtype is not None else object)


Column: TypeAlias = "npt.NDArray[Any] | DictionaryColumn | ConstantColumn | StructColumn"
"""One property of every row, in row order. `tolist()` gives JSON-ready values."""


def taken(column: Column, index: Integers) -> Column:
    """The rows at these places."""
    if isinstance(column, DictionaryColumn):
        return DictionaryColumn(column.codes[index], column.categories)
    if isinstance(column, ConstantColumn):
        return ConstantColumn(column.value, len(index))
    if isinstance(column, StructColumn):
        return StructColumn({name: taken(each, index) for name, each in column.columns.items()})
    return column[index]


_SERVICE_CODES: Final = tuple(service.code for service in SERVICES)


class RowTexts(Struct, frozen=True):
    """What the codes of rows mean."""

    services: Sequence[str]
    service_codes: Sequence[str]
    channels: Sequence[str]
    workloads: Sequence[str]
    workload_codes: Sequence[str]
    products: Sequence[str]
    processed: Sequence[str]
    """The values of `processedDateTime`."""
    product_ids: Sequence[str] = ()
    """Those that were given; other products have the id of their name."""

    @classmethod
    def of_generated(cls, licenses: Licenses, processed: Sequence[str]) -> RowTexts:
        """Those of rows that the world makes; `processed` for each of SERVICES."""
        workloads = licenses.catalogue.workloads
        return cls(
            services=_SERVICE_CODES,  # every sample says `o365`, `crm` here
            service_codes=_SERVICE_CODES,
            channels=CHANNELS,
            workloads=[each.name for each in workloads],
            workload_codes=[each.code for each in workloads],
            products=licenses.products.names,
            processed=processed,
        )


class RowSource(Struct, frozen=True):
    """What a column is computed from: the rows' numbers, and what is known about customers start … stop−1."""

    rows: DeploymentRows | UsageRows | PartnerRows | AllRows
    start: int
    stop: int
    ids: CustomerIds | Roster
    names: Customers | Roster
    texts: RowTexts
    processed_day: str
    """The latest day of the dataset's processing, the one date of the newer operations."""
    percent_scale: int


ColumnMaker: TypeAlias = Callable[[Any, RowSource], Column]
"""(the rows' numbers, their source) → a column."""


MAX_EXACT: Final = 2**48
"""Counts whose ratio the words of the machine hold."""


def ratio(part: Integers, whole: Integers, scale: int) -> Floats:
    """part / whole in percent (`scale` 100, two decimals) or as a fraction (1, four), half rounded up.

    Computed in whole ten-thousandths, so that no machine rounds otherwise; 0 where the whole is 0.
    """
    whole = np.maximum(whole, 1)
    if whole.max(initial=0) > MAX_EXACT or part.max(initial=0) > MAX_EXACT:
        part, whole = part.astype(object), whole.astype(object)
    return ((20_000 * part + whole) // (2 * whole)).astype(np.float64) / (10_000 / scale)


def _percent(rows: Any, part: Integers, whole: Integers, source: RowSource) -> Column:
    """The ratio, but where a percent was given."""
    computed = ratio(part, whole, source.percent_scale)
    given = getattr(rows, "percent", None)
    return computed if given is None else np.where(np.isnan(given), computed, given)


_ROW: Final[Mapping[str, ColumnMaker]] = {
    "serviceCode": lambda rows, source: DictionaryColumn(rows.service, source.texts.service_codes),
    "serviceName": lambda rows, source: DictionaryColumn(rows.service, source.texts.services),
    "processedDateTime": lambda rows, source: DictionaryColumn(rows.processed, source.texts.processed),
    "channel": lambda rows, source: DictionaryColumn(rows.channel, source.texts.channels),
}
_WORKLOAD: Final[Mapping[str, ColumnMaker]] = {
    "workloadCode": lambda rows, source: DictionaryColumn(rows.workload, source.texts.workload_codes),
    "workloadName": lambda rows, source: DictionaryColumn(rows.workload, source.texts.workloads),
}
_CUSTOMER: Final[Mapping[str, ColumnMaker]] = {
    **_ROW,
    "customerId": lambda rows, source: DictionaryColumn(
        rows.customer - source.start, source.ids.ids(source.start, source.stop)
    ),
    "customerName": lambda rows, source: DictionaryColumn(
        rows.customer - source.start, source.names.names(source.start, source.stop)
    ),
    "productName": lambda rows, source: DictionaryColumn(rows.product, source.texts.products),
}
CUSTOMER_DEPLOYMENT: Final[Mapping[str, ColumnMaker]] = {
    **_CUSTOMER,
    "licensesSold": lambda rows, _: rows.sold,
    "licensesDeployed": lambda rows, _: rows.deployed,
    "deploymentPercent": lambda rows, source: _percent(rows, rows.deployed, rows.sold, source),
}
CUSTOMER_USAGE: Final[Mapping[str, ColumnMaker]] = {
    **_CUSTOMER,
    **_WORKLOAD,
    "licensesQualified": lambda rows, _: rows.qualified,
    "licensesActive": lambda rows, _: rows.active,
    "usagePercent": lambda rows, source: _percent(rows, rows.active, rows.qualified, source),
}
PARTNER_DEPLOYMENT: Final[Mapping[str, ColumnMaker]] = {
    **_ROW,
    "licensesSold": lambda rows, _: rows.whole,
    "licensesDeployed": lambda rows, _: rows.part,
    "proratedDeploymentPercent": lambda rows, source: ratio(rows.part, rows.whole, source.percent_scale),
}
PARTNER_USAGE: Final[Mapping[str, ColumnMaker]] = {
    **_ROW,
    **_WORKLOAD,
    "licensesQualified": lambda rows, _: rows.whole,
    "licensesActive": lambda rows, _: rows.part,
    "proratedLicensesUsagePercent": lambda rows, source: ratio(rows.part, rows.whole, source.percent_scale),
}
_TITLES: Final = {service.code: service.title for service in SERVICES}


@lru_cache(maxsize=65_536)
def product_guid(name: str) -> str:
    """The id of a product, by any of its names: the same for every partner, as a product is."""
    product = _product_ids().get(name, name)
    return guid(*(field_key(0, "product", product, half) for half in ("high", "low"))).upper()


@cache
def _product_ids() -> Mapping[str, str]:
    return {name: each.id for each in default_catalogue().products for _, name in each.names}


def _product_id(rows: Any, source: RowSource) -> Column:
    """The id of its name, but where one was given."""
    ids, given = list(map(product_guid, source.texts.products)), getattr(rows, "product_id", None)
    if given is None or not source.texts.product_ids:
        return DictionaryColumn(rows.product, ids)
    codes = np.where(given < 0, rows.product, given + len(ids))
    return DictionaryColumn(codes, [*ids, *source.texts.product_ids])


_COMMERCIAL: Final[Mapping[str, ColumnMaker]] = {
    "processedDateTime": lambda rows, source: ConstantColumn(
        f"{source.processed_day}T00:00:00", len(rows.product)
    ),
    "serviceCode": _ROW["serviceCode"],
    "serviceName": lambda rows, source: DictionaryColumn(
        rows.service, [_TITLES.get(name, name) for name in source.texts.services]
    ),
    "channel": _ROW["channel"],
    "customerTenantId": lambda rows, source: DictionaryColumn(
        rows.customer - source.start, list(map(str.upper, source.ids.ids(source.start, source.stop)))
    ),
    "customerName": _CUSTOMER["customerName"],
    "productId": _product_id,
    "productName": _CUSTOMER["productName"],
}
"""As the successors of the licence operations spell them: ids in capitals, a date without a zone."""
LICENSES_DEPLOYMENT: Final[Mapping[str, ColumnMaker]] = {
    **_COMMERCIAL,
    "licensesDeployed": lambda rows, _: rows.deployed,
    "licensesSold": lambda rows, _: rows.sold,
}
LICENSES_USAGE: Final[Mapping[str, ColumnMaker]] = {
    **_COMMERCIAL,
    **_WORKLOAD,
    "licensesActive": lambda rows, _: rows.active,
    "licensesQualified": lambda rows, _: rows.qualified,
}
