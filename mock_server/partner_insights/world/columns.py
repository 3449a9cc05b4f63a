"""Arrays of licences → columns by property name, through one dispatch table for each kind of row.

A column is a NumPy array, or for texts a `DictionaryColumn`: each distinct text once, a number for each row.
Texts repeat (a product name in every other row), so writers translate or escape each of them once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from partner_insights.world.products import CHANNELS, SERVICES

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
        return _array(self.categories, None)[self.codes].astype(dtype if dtype is not None else object)


@dataclass(frozen=True)
class ConstantColumn:
    """A column that reads `value` in every row."""

    value: Any
    length: int

    def __len__(self) -> int:
        return self.length

    def tolist(self) -> list[Any]:
        """The value, row by row; an object anew for each."""
        if isinstance(self.value, (dict, list)):
            return [deepcopy(self.value) for _ in range(self.length)]
        return [self.value] * self.length

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return _array(self.tolist(), dtype)


@dataclass(frozen=True)
class StructColumn:
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
        yield dict(zip(names, values, strict=True))


def _array(values: Sequence[Any], dtype: Any) -> npt.NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.astype(dtype if dtype is not None else object)


Column: TypeAlias = "npt.NDArray[Any] | DictionaryColumn | ConstantColumn | StructColumn"
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


def _workload_codes(rows: UsageRows | PartnerRows, source: RowSource) -> Column:
    return DictionaryColumn(rows.workload, [each.code for each in source.licenses.catalogue.workloads])


def _workload_names(rows: UsageRows | PartnerRows, source: RowSource) -> Column:
    return DictionaryColumn(rows.workload, [each.name for each in source.licenses.catalogue.workloads])


_ROW: Final[Mapping[str, ColumnMaker]] = {
    "serviceCode": lambda rows, _: DictionaryColumn(rows.service, _SERVICE_CODES),
    "serviceName": lambda rows, _: DictionaryColumn(
        rows.service, _SERVICE_CODES
    ),  # every sample says `o365`, `crm` here
    "processedDateTime": lambda rows, source: DictionaryColumn(rows.service, source.processed),
    "channel": lambda rows, _: DictionaryColumn(rows.channel, CHANNELS),
}
_WORKLOAD: Final[Mapping[str, ColumnMaker]] = {
    "workloadCode": _workload_codes,
    "workloadName": _workload_names,
}
_CUSTOMER: Final[Mapping[str, ColumnMaker]] = {
    **_ROW,
    "customerId": lambda rows, source: DictionaryColumn(
        rows.customer - source.start, source.ids.ids(source.start, source.stop)
    ),
    "customerName": lambda rows, source: DictionaryColumn(
        rows.customer - source.start, source.names.names(source.start, source.stop)
    ),
    "productName": lambda rows, source: DictionaryColumn(rows.product, source.licenses.products.names),
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
