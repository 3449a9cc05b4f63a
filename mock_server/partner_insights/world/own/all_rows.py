"""Made and given rows together: the same columns for both, in the order of the world's customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from partner_insights.world.own.table import ColumnTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from partner_insights.world.hashing import Floats, Integers


class FilledLicences(Struct, frozen=True):
    """What the rows of some given licences show."""

    licence: Integers
    shared: Mapping[str, Integers]
    """The columns that rows of deployment and of use have."""
    sold: Integers
    deployed: Integers


class AllRows(ColumnTable, frozen=True, eq=False):
    """Rows of deployment (sold, deployed) or of use (workload, qualified, active); codes are of the texts."""

    customer: Integers
    """Index in the world."""
    product: Integers
    service: Integers
    channel: Integers
    processed: Integers
    percent: Floats
    """What was given; NaN: computed from the counts."""
    product_id: Integers
    """Code of the id that was given for the product; −1: the one that its name has."""
    identity: Integers
    """A number for each row that no other row has."""
    position: Integers
    """Among the licences, or the uses, that were given; −1 for a row that is made."""
    workload: Integers
    sold: Integers
    deployed: Integers
    qualified: Integers
    active: Integers

    @classmethod
    def of(cls, columns: Mapping[str, npt.NDArray[Any]]) -> AllRows:
        """Of the columns there are; the others are all zero."""
        length = len(columns["customer"])
        nothing = np.zeros(length, dtype=np.int64)
        made = {"percent": np.full(length, np.nan), "position": np.full(length, -1)}
        made["product_id"] = made["position"]
        return cls(**{name: columns.get(name, made.get(name, nothing)) for name in cls.__struct_fields__})

    def beside(self, other: AllRows) -> AllRows:
        """Both, in the order of the customers."""
        rows = AllRows.joined([self, other])
        return rows.take(np.argsort(rows.customer, kind="stable"))
