"""A resource of a world → a table that is read span by span: never more of it at a time than a span."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from msgspec import Struct, field

from partner_insights.world.columns import json_column

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from partner_insights.world.columns import Column

Span = tuple[int, int]
"""From, and up to but without."""

CUSTOMERS: Final = 16_384
"""Of a span: so many are counted in a few milliseconds."""
PART: Final = 1024
"""Customers whose rows are made together: names and ids take longer than numbers."""
FEW_CUSTOMERS: Final = 200
"""Of a world whose columns are all kept, which takes a megabyte or two for a resource."""


class _World(Protocol):
    @property
    def customers(self) -> int: ...

    def is_known(self, resource: str) -> bool: ...

    def column_names(self, resource: str) -> tuple[str, ...]: ...

    def columns(
        self, resource: str, start: int, stop: int | None, only: Collection[str] | None = None
    ) -> Mapping[str, Column]: ...


class WorldTable(Struct, frozen=True, dict=True):
    """All rows of a resource, of every customer."""

    world: _World
    resource: str
    known: dict[str, Column] = field(default_factory=dict)
    """Columns of a small world, which are computed once."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The properties of a row, in the order of the wire; without those of grouped rows alone."""
        return self.world.column_names(self.resource)

    @cached_property
    def local(self) -> frozenset[str]:
        """Properties whose equal values are all in one span: what tells customers apart."""
        known = self.world.is_known(self.resource)
        return frozenset({"customerTenantId", "customerName"} & set(self.names)) if known else frozenset()

    @property
    def spans(self) -> Sequence[Span]:
        """So many customers at a time."""
        return _cut((0, self.world.customers), CUSTOMERS)

    def parts(self, span: Span) -> Sequence[Span]:
        """Smaller spans that are this one together."""
        return _cut(span, PART)

    def columns(self, span: Span, names: Collection[str]) -> Mapping[str, Column]:
        """The columns of the customers of a span."""
        if self.world.customers > FEW_CUSTOMERS:
            return self.world.columns(self.resource, *span, only=names)
        missing = [name for name in names if name not in self.known]
        if missing:
            self.known.update(self.world.columns(self.resource, *span, only=missing))
        return {name: self.known[name] for name in names if name in self.known}


class ItemTable(Struct, frozen=True, dict=True):
    """The items of a list, which are few."""

    items: tuple[Mapping[str, Any], ...]
    local: frozenset[str] = frozenset()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Those that any item has."""
        return tuple(dict.fromkeys(name for item in self.items for name in item))

    @property
    def spans(self) -> Sequence[Span]:
        """One."""
        return [(0, len(self.items))] if self.items else []

    def parts(self, span: Span) -> Sequence[Span]:
        """The whole."""
        return [span]

    def columns(self, span: Span, names: Collection[str]) -> Mapping[str, Column]:
        """A value for each item, null where it has none."""
        return {name: json_column([item.get(name) for item in self.items]) for name in names}


RowTable: TypeAlias = WorldTable | ItemTable
"""Rows in spans, in an order that never changes."""


def _cut(span: Span, size: int) -> list[Span]:
    first, last = span
    return [(start, min(start + size, last)) for start in range(first, last, size)]
