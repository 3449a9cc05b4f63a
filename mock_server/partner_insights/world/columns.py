"""Arrays of licences → columns by property name, through one dispatch table for each kind of row.

A column is a NumPy array, or for strings a `Coded` column: each distinct text once and a number for each row.
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
    from partner_insights.world.calendar import Dataset
    from partner_insights.world.hashing import Floats, Integers
    from partner_insights.world.licenses import DeploymentRows, UsageRows
    from partner_insights.world.partner_totals import PartnerRows
    from partner_insights.world.world import World


@dataclass(frozen=True)
class Coded:
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


Column: TypeAlias = "npt.NDArray[Any] | Coded"
"""One property of every row, in row order. `tolist()` gives JSON-ready values."""


@dataclass(frozen=True)
class Frame:
    """What a column may be made from: the rows' numbers, their world, and the range of customers."""

    world: World
    dataset: Dataset
    rows: DeploymentRows | UsageRows | PartnerRows
    start: int
    stop: int


Make: TypeAlias = Callable[[Any, Frame], Column]
"""(the rows' numbers, their frame) → a column."""


def ratio(part: Integers, whole: Integers, scale: int) -> Floats:
    """part / whole in percent (`scale` 100, two decimals) or as a fraction (1, four), half rounded up.

    Reckoned in whole ten-thousandths, so that no machine rounds otherwise; 0 where the whole is 0.
    """
    whole = np.maximum(whole, 1)
    return ((20_000 * part + whole) // (2 * whole)) / (10_000 / scale)


_SERVICE_CODES: Final = tuple(service.code for service in SERVICES)
_WORKLOAD_CODES: Final = tuple(workload.code for workload in WORKLOADS)
_WORKLOAD_NAMES: Final = tuple(workload.name for workload in WORKLOADS)
_PRODUCT_NAMES: Final = tuple(product.name for product in PRODUCTS)


def _customer_channel(rows: DeploymentRows | UsageRows, frame: Frame) -> Column:
    customers = np.arange(frame.start, frame.stop)
    return Coded(frame.world.licenses.channels(customers)[rows.customer - frame.start], CHANNELS)


_SERVICE: Final[Mapping[str, Make]] = {
    "serviceCode": lambda rows, _: Coded(rows.service, _SERVICE_CODES),
    "serviceName": lambda rows, _: Coded(
        rows.service, _SERVICE_CODES
    ),  # every sample says `o365`, `crm` here
    "processedDateTime": lambda rows, frame: Coded(
        rows.service, frame.world.calendar.processed(frame.dataset)
    ),
}
_WORKLOAD: Final[Mapping[str, Make]] = {
    "workloadCode": lambda rows, _: Coded(rows.workload, _WORKLOAD_CODES),
    "workloadName": lambda rows, _: Coded(rows.workload, _WORKLOAD_NAMES),
}
_CUSTOMER: Final[Mapping[str, Make]] = {
    **_SERVICE,
    "customerId": lambda rows, frame: Coded(
        rows.customer - frame.start, frame.world.ids.ids(frame.start, frame.stop)
    ),
    "customerName": lambda rows, frame: Coded(
        rows.customer - frame.start, frame.world.people.names(frame.start, frame.stop)
    ),
    "productName": lambda rows, _: Coded(rows.product, _PRODUCT_NAMES),
    "channel": _customer_channel,
}
_PARTNER: Final[Mapping[str, Make]] = {
    **_SERVICE,
    "channel": lambda rows, _: Coded(rows.channel, CHANNELS),
}

CUSTOMER_DEPLOYMENT: Final[Mapping[str, Make]] = {
    **_CUSTOMER,
    "licensesSold": lambda rows, _: rows.sold,
    "licensesDeployed": lambda rows, _: rows.deployed,
    "deploymentPercent": lambda rows, frame: ratio(rows.deployed, rows.sold, frame.world.percent_scale),
}
CUSTOMER_USAGE: Final[Mapping[str, Make]] = {
    **_CUSTOMER,
    **_WORKLOAD,
    "licensesQualified": lambda rows, _: rows.qualified,
    "licensesActive": lambda rows, _: rows.active,
    "usagePercent": lambda rows, frame: ratio(rows.active, rows.qualified, frame.world.percent_scale),
}
PARTNER_DEPLOYMENT: Final[Mapping[str, Make]] = {
    **_PARTNER,
    "licensesSold": lambda rows, _: rows.whole,
    "licensesDeployed": lambda rows, _: rows.part,
    "proratedDeploymentPercent": lambda rows, frame: ratio(rows.part, rows.whole, frame.world.percent_scale),
}
PARTNER_USAGE: Final[Mapping[str, Make]] = {
    **_PARTNER,
    **_WORKLOAD,
    "licensesQualified": lambda rows, _: rows.whole,
    "licensesActive": lambda rows, _: rows.part,
    "proratedLicensesUsagePercent": lambda rows, frame: ratio(
        rows.part, rows.whole, frame.world.percent_scale
    ),
}
