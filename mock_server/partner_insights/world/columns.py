"""Arrays of licences → columns by property name, through one dispatch table for each kind of row.

A column is a NumPy array, or for texts a `DictionaryColumn`: each distinct text once, a number for each row.
Texts repeat (a product name in every other row), so writers translate or escape each of them once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from partner_insights.world.products import CHANNELS, PRODUCTS, SERVICES, WORKLOADS

if TYPE_CHECKING:
    from partner_insights.world.customer_ids import CustomerIds
    from partner_insights.world.customers import Customers
    from partner_insights.world.hashing import Floats, Integers
    from partner_insights.world.licenses import DeploymentRows, Licenses, UsageRows
    from partner_insights.world.partner_totals import PartnerRows


@dataclass(frozen=True)
class DictionaryColumn:
    """A column of texts: row r reads `categories[codes[r]]`. Not every category needs a row."""

    codes: Integers
    categories: Sequence[str]

    def __len__(self) -> int:
        return len(self.codes)

    def tolist(self) -> list[str]:
        """The texts, row by row."""
        return list(map(self.categories.__getitem__, self.codes.tolist()))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        texts = np.empty(len(self.categories), dtype=object)
        texts[:] = self.categories
        return texts[self.codes].astype(dtype if dtype is not None else object)


Column: TypeAlias = "npt.NDArray[Any] | DictionaryColumn"
"""One property of every row, in row order. `tolist()` gives JSON-ready values."""


@dataclass(frozen=True)
class RowSource:
    """What a column is computed from: the rows' numbers, and what is known about customers start … stop−1."""

    rows: DeploymentRows | UsageRows | PartnerRows
    start: int
    stop: int
    ids: CustomerIds
    names: Customers
    licenses: Licenses
    processed: tuple[str, ...]
    """`processedDateTime` of the rows' dataset, for each of SERVICES."""
    percent_scale: int


ColumnMaker: TypeAlias = Callable[[Any, RowSource], Column]
"""(the rows' numbers, their source) → a column."""


def ratio(part: Integers, whole: Integers, scale: int) -> Floats:
    """part / whole in percent (`scale` 100, two decimals) or as a fraction (1, four), half rounded up.

    Computed in whole ten-thousandths, so that no machine rounds otherwise; 0 where the whole is 0.
    """
    whole = np.maximum(whole, 1)
    return ((20_000 * part + whole) // (2 * whole)) / (10_000 / scale)


_SERVICE_CODES: Final = tuple(service.code for service in SERVICES)
_WORKLOAD_CODES: Final = tuple(workload.code for workload in WORKLOADS)
_WORKLOAD_NAMES: Final = tuple(workload.name for workload in WORKLOADS)
_PRODUCT_NAMES: Final = tuple(product.name for product in PRODUCTS)


def _customer_channel(rows: DeploymentRows | UsageRows, source: RowSource) -> Column:
    customers = np.arange(source.start, source.stop)
    return DictionaryColumn(source.licenses.channels(customers)[rows.customer - source.start], CHANNELS)


_SERVICE: Final[Mapping[str, ColumnMaker]] = {
    "serviceCode": lambda rows, _: DictionaryColumn(rows.service, _SERVICE_CODES),
    "serviceName": lambda rows, _: DictionaryColumn(
        rows.service, _SERVICE_CODES
    ),  # every sample says `o365`, `crm` here
    "processedDateTime": lambda rows, source: DictionaryColumn(rows.service, source.processed),
}
_WORKLOAD: Final[Mapping[str, ColumnMaker]] = {
    "workloadCode": lambda rows, _: DictionaryColumn(rows.workload, _WORKLOAD_CODES),
    "workloadName": lambda rows, _: DictionaryColumn(rows.workload, _WORKLOAD_NAMES),
}
_CUSTOMER: Final[Mapping[str, ColumnMaker]] = {
    **_SERVICE,
    "customerId": lambda rows, source: DictionaryColumn(
        rows.customer - source.start, source.ids.ids(source.start, source.stop)
    ),
    "customerName": lambda rows, source: DictionaryColumn(
        rows.customer - source.start, source.names.names(source.start, source.stop)
    ),
    "productName": lambda rows, _: DictionaryColumn(rows.product, _PRODUCT_NAMES),
    "channel": _customer_channel,
}
_PARTNER: Final[Mapping[str, ColumnMaker]] = {
    **_SERVICE,
    "channel": lambda rows, _: DictionaryColumn(rows.channel, CHANNELS),
}

CUSTOMER_DEPLOYMENT: Final[Mapping[str, ColumnMaker]] = {
    **_CUSTOMER,
    "licensesSold": lambda rows, _: rows.sold,
    "licensesDeployed": lambda rows, _: rows.deployed,
    "deploymentPercent": lambda rows, source: ratio(rows.deployed, rows.sold, source.percent_scale),
}
CUSTOMER_USAGE: Final[Mapping[str, ColumnMaker]] = {
    **_CUSTOMER,
    **_WORKLOAD,
    "licensesQualified": lambda rows, _: rows.qualified,
    "licensesActive": lambda rows, _: rows.active,
    "usagePercent": lambda rows, source: ratio(rows.active, rows.qualified, source.percent_scale),
}
PARTNER_DEPLOYMENT: Final[Mapping[str, ColumnMaker]] = {
    **_PARTNER,
    "licensesSold": lambda rows, _: rows.whole,
    "licensesDeployed": lambda rows, _: rows.part,
    "proratedDeploymentPercent": lambda rows, source: ratio(rows.part, rows.whole, source.percent_scale),
}
PARTNER_USAGE: Final[Mapping[str, ColumnMaker]] = {
    **_PARTNER,
    **_WORKLOAD,
    "licensesQualified": lambda rows, _: rows.whole,
    "licensesActive": lambda rows, _: rows.part,
    "proratedLicensesUsagePercent": lambda rows, source: ratio(rows.part, rows.whole, source.percent_scale),
}
