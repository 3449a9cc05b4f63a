"""What was read of given rows so far: texts with their codes, columns of numbers, the problems."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import Struct, field

from partner_insights.errors import InputError
from partner_insights.world.own.chunk import MISSING, Chunk
from partner_insights.world.own.columns_of_data import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    import numpy.typing as npt

    from partner_insights.world.products import ProductCatalogue

MAX_INVALID: Final = 10_000
"""Cells that are taken although they are invalid."""
SHORT, ROWS, NEWER_ROWS, ANSWERS = range(4)
"""Where an entry comes from: the short form, older rows, newer ones; from the last on, one answer each."""
TAKE_IT: Final = "correct it, or take it on purpose (--allow-invalid, ?allowInvalid=true)"


_NOTHING: Final = frozenset({None, MISSING, ""})


class _Codes(dict[Any, int]):
    """What stands in a row → its code; what was never seen is given one."""

    def __init__(self, enter: Callable[[Any], int]) -> None:
        super().__init__()
        self._enter = enter

    def __missing__(self, row: Any) -> int:
        code = self[row] = self._enter(row)
        return code


class Interned(Struct, dict=True):
    """Distinct tuples of texts, and their codes: by their first rows, in order."""

    nothing: set[int] = field(default_factory=set)
    """Codes of tuples that are left out."""
    _new: list[tuple[Any, ...]] = field(default_factory=list)

    @cached_property
    def codes(self) -> dict[tuple[Any, ...], int]:
        """By the tuples. Of a million rows about as many customers they are most of the memory."""
        return _Codes(self._enter)

    @cached_property
    def _alone(self) -> dict[Any, int]:
        """By the texts, where a tuple is one text: to look these up takes half as long."""
        return _Codes(lambda text: self.codes[text,])

    def of(
        self, columns: Sequence[Sequence[Any] | None], absent: Any
    ) -> tuple[list[int], list[tuple[Any, ...]]]:
        """The code of each row, and the tuples that are new; a column that is None is all absent."""
        (first, *others) = columns
        if first is not None and not others:
            codes = list(map(self._alone.__getitem__, first))
        else:
            count = next(len(column) for column in columns if column is not None)
            cells = (repeat(absent, count) if column is None else column for column in columns)
            codes = list(map(self.codes.__getitem__, zip(*cells, strict=True)))
        new, self._new = self._new, []
        return codes, new

    def _enter(self, texts: tuple[Any, ...]) -> int:
        code = len(self.codes)
        self._new.append(texts)
        if _NOTHING.issuperset(texts):
            self.nothing.add(code)
        return code


class _Column(Struct):
    """Numbers that grow in number; as long as all are one, it alone is kept."""

    dtype: np.dtype[Any]
    one: bytes
    count: int = 0
    """How many there are of the one."""
    content: bytearray | None = None
    """Of all, as soon as there are two."""

    def add(self, numbers: npt.NDArray[Any]) -> None:
        """Some more."""
        content = numbers.astype(self.dtype, copy=False).tobytes()
        if self.content is None and content == self.one * len(numbers):
            self.count += len(numbers)
            return
        if self.content is None:
            self.content = bytearray(self.one * self.count)
        self.content += content

    def numbers(self) -> npt.NDArray[Any]:
        """All."""
        if self.content is None:
            return np.ndarray((self.count,), self.dtype, self.one, strides=(0,))
        return np.frombuffer(self.content, self.dtype)


class Entries(Struct):
    """Columns that grow, chunk by chunk, each in one piece: many small ones leave holes in the memory."""

    _columns: dict[str, _Column] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._columns)

    def add(self, mask: npt.NDArray[np.bool_], **columns: npt.NDArray[Any]) -> None:
        """Some more rows: those of the mask."""
        every = bool(mask.all())
        if not every and not mask.any():
            return
        for name, column in columns.items():
            numbers = column if every else column[mask]
            self._columns.setdefault(name, _Column(column.dtype, numbers[:1].tobytes())).add(numbers)

    def joined(self, name: str, dtype: type = np.int64) -> npt.NDArray[Any]:
        """A column, which is given away."""
        column = self.column(name, dtype)
        self._columns.pop(name, None)
        return column

    def column(self, name: str, dtype: type = np.int64) -> npt.NDArray[Any]:
        """A column, to be read."""
        known = self._columns.get(name)
        return np.empty(0, dtype) if known is None else known.numbers()


class Given(Struct):
    """Everything that was read."""

    as_of: date
    products: ProductCatalogue
    scale: int
    allow_invalid: bool
    is_all: bool
    """Whether there is nobody else in the world."""
    customers: Interned = field(default_factory=Interned)
    """By id, name, domain and tenant."""
    names: Interned = field(default_factory=Interned)
    services: Interned = field(default_factory=Interned)
    channels: Interned = field(default_factory=Interned)
    workloads: Interned = field(default_factory=Interned)
    times: Interned = field(default_factory=Interned)
    snapshots: Interned = field(default_factory=Interned)
    product_ids: Interned = field(default_factory=Interned)
    keys: Entries = field(default_factory=Entries)
    """Customer, product, service and channel: each once in a chunk."""
    key_count: int = 0
    deployment: Entries = field(default_factory=Entries)
    use: Entries = field(default_factory=Entries)
    alone: dict[int, tuple[int, bool]] = field(default_factory=dict)
    """Code of a customer that came without a licence → its row, and whether it has none on purpose."""
    first_row: array[int] = field(default_factory=lambda: array("q"))
    """The first row of each customer, by its code."""
    partner: list[tuple[Chunk, list[int], dict[str, list[Any]]]] = field(default_factory=list)
    """Rows of the partner: their chunk, their numbers in it, the columns by the API's names."""
    raw: list[tuple[int, str, Any]] = field(default_factory=list)
    """(row, the API's name of a column, value) of what is invalid."""
    notes: list[tuple[int, str]] = field(default_factory=list)
    meanings: dict[tuple[str, str, Any], Any] = field(default_factory=dict)
    """(column, another one, a text in that) → what stands in the column with it."""
    api_deployment: bool = False
    """Whether there are rows of deployment in the API's form: then those there are are all."""
    api_use: bool = False
    api_customers: bool = False
    rows: int = 0
    _firsts: list[int] = field(default_factory=list)
    _places: list[Callable[[int, str | None], str]] = field(default_factory=list)
    _names: list[dict[str, list[str]]] = field(default_factory=list)

    def begin(self, chunk: Chunk, names: dict[str, list[str]]) -> int:
        """Count a chunk's rows; the number of the first. `names`: the API's of a column → the file's."""
        first = self.rows
        self._firsts.append(first)
        self._places.append(chunk.place)
        self._names.append(names)
        self.rows += len(chunk)
        return first

    @property
    def answers(self) -> int:
        """How many chunks there were."""
        return len(self._firsts)

    def forget_customers(self) -> None:
        """What was known of them has gone into lists: of a million rows it is a tenth of the memory."""
        self.customers, self.first_row = Interned(), array("q")

    def place(self, row: int, column: str | None = None) -> str:
        """Where a cell stands, by the number of its row among all."""
        at = bisect_right(self._firsts, row) - 1
        return self._places[at](row - self._firsts[at], column)

    def named(self, row: int, name: str, workload: str = "") -> str:
        """What the file of a row calls a column; the active licences of a workload may have their own."""
        names = self._names[bisect_right(self._firsts, row) - 1]
        own = ACTIVE + workload
        return names.get(own if name == "licensesActive" and own in names else name, [name])[0]

    def problem(self, row: int, column: str | None, words: str, value: Any = MISSING, name: str = "") -> None:
        """Refuse a cell, or take it on purpose: then `value` shows under the API's `name`."""
        where = self.place(row, column)
        if not self.allow_invalid:
            raise InputError(words, where=where, remedy=TAKE_IT)
        self.notes.append((row, f"{where}: {words}"))
        if len(self.notes) > MAX_INVALID:
            raise InputError(f"more than {MAX_INVALID:,} cells are invalid", where=where)
        if value is not MISSING:
            self.raw.append((row, name, value))
