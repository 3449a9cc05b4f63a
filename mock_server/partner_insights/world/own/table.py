"""Given licences and their use, as columns.

A cell that was not given is LEFT_OUT; `rows.py` fills it, the same way each time. Licences lie in the order
of their customers, uses in that of their licences, so what one customer has is a slice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from partner_insights.world.hashing import Floats, Integers

LEFT_OUT: Final = np.iinfo(np.int64).min
"""Instead of a number that was not given; of a text it is the code −1, of a percent NaN."""
PERCENT: Final = 100
"""The scale of the percents in it, whatever the world's."""
NOBODY: Final = -1
"""Instead of the made customer that a given one stands for."""

Run: TypeAlias = tuple[int, int]
"""The first of some customers that are neighbours, and the one behind the last."""
_END: Final = np.iinfo(np.int64).max

_Table = TypeVar("_Table", bound="ColumnTable")


class ColumnTable(Struct, frozen=True, eq=False):
    """Arrays of one length."""

    def __len__(self) -> int:
        return len(getattr(self, self.__struct_fields__[0]))

    def take(self: _Table, rows: npt.NDArray[Any]) -> _Table:
        """Some rows, by their numbers or a mask."""
        return type(self)(*[getattr(self, name)[rows] for name in self.__struct_fields__])

    def span(self: _Table, first: int, last: int) -> _Table:
        """The rows from one on, to before another."""
        return type(self)(*[getattr(self, name)[first:last] for name in self.__struct_fields__])

    @classmethod
    def joined(cls: type[_Table], parts: Sequence[_Table]) -> _Table:
        """The rows of all parts, in their order."""
        filled = [each for each in parts if len(each)] or parts[:1]
        if len(filled) < 2:
            return filled[0] if filled else cls.nothing()
        return cls(
            *[np.concatenate([getattr(each, name) for each in filled]) for name in cls.__struct_fields__]
        )

    @classmethod
    def nothing(cls: type[_Table]) -> _Table:
        """No row."""
        return cls(**{name: np.empty(0, dtype=_DTYPES.get(name, np.int32)) for name in cls.__struct_fields__})


_DTYPES: Final[Mapping[str, type]] = {
    **dict.fromkeys(("sold", "deployed", "qualified", "active", "customer", "licence"), np.int64),
    "percent": np.float64,
    **dict.fromkeys(("is_row", "fills", "service_is_given"), np.bool_),
}


class LicenceTable(ColumnTable, frozen=True, eq=False):
    """One entry for each customer × product × service × channel."""

    customer: Integers
    product: Integers
    service: Integers
    channel: Integers
    """Code of the channel; −1: the one the customer would have bought in."""
    sold: Integers
    deployed: Integers
    percent: Floats
    processed: Integers
    product_id: Integers
    """Code of the id of the product; −1: the one that its name has."""
    is_row: npt.NDArray[np.bool_]
    """Whether there is a row of deployment about it; use alone may be known."""
    fills: npt.NDArray[np.bool_]
    """Whether the workloads that are not given are filled in."""
    service_is_given: npt.NDArray[np.bool_]
    """Otherwise it is the catalogue's, or that of the customer's licence of the same product."""


class UseTable(ColumnTable, frozen=True, eq=False):
    """One entry for each licence × workload."""

    licence: Integers
    workload: Integers
    qualified: Integers
    active: Integers
    percent: Floats
    processed: Integers


Tables: TypeAlias = tuple[LicenceTable, UseTable]
"""Licences in the order of their customers, and their uses in that of the licences."""


def of_customers(tables: Tables, runs: Sequence[Run]) -> Tables:
    """What the customers of some runs have."""
    return _pieced([(tables, run) for run in runs])


def spliced(before: Tables, after: Tables, runs: Sequence[Run]) -> Tables:
    """What the customers of some runs have now, and all others had before."""
    pieces, begin = [], 0
    for run in runs:
        pieces += [(before, (begin, run[0])), (after, run)]
        begin = run[1]
    return _pieced([*pieces, (before, (begin, _END))])


def _pieced(pieces: Sequence[tuple[Tables, Run]]) -> Tables:
    """The rows of runs of customers, one run after the other."""
    licences, uses, count = [], [], 0
    for (table, used), run in pieces:
        first, last = table.customer.searchsorted(run).tolist()
        if first == last:
            continue
        part = used.span(*used.licence.searchsorted((first, last)).tolist())
        licences.append(table.span(first, last))
        uses.append(replace(part, licence=part.licence + (count - first)))
        count += last - first
    return LicenceTable.joined(licences), UseTable.joined(uses)


def runs_of(places: Iterable[int]) -> list[Run]:
    """Places in order → the first of each run of neighbours, and the one behind its last."""
    runs: list[Run] = []
    for place in places:
        if runs and runs[-1][1] == place:
            runs[-1] = runs[-1][0], place + 1
        else:
            runs.append((place, place + 1))
    return runs
