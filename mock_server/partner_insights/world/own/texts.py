"""The texts of given data: each once, its code is its place."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from partner_insights.world.hashing import Integers


class Texts(Struct, frozen=True, dict=True):
    """What the codes mean."""

    products: tuple[str, ...] = ()
    services: tuple[tuple[str, str], ...] = ()
    """(serviceName, serviceCode)."""
    channels: tuple[str, ...] = ()
    workloads: tuple[tuple[str, str | None], ...] = ()
    """(workloadName, workloadCode); without a code, the catalogue's."""
    processed: tuple[str, ...] = ()
    product_ids: tuple[str, ...] = ()
    """In capitals, as the newer operations have them."""

    def union(self, other: Texts) -> tuple[Texts, dict[str, Integers]]:
        """All texts of both, and by name what the other's codes become."""
        joined, codes = {}, {}
        for name, places in self._places.items():
            own, new = getattr(self, name), getattr(other, name)
            more: dict[Any, int] = {}
            for text in new:
                if text not in places:
                    more.setdefault(text, len(own) + len(more))
            if more:
                joined[name] = (*own, *more)
            # The last one stands for −1, which is no code.
            codes[name] = np.array([*(places.get(text, more.get(text)) for text in new), -1], dtype=np.int64)
        return replace(self, **joined) if joined else self, codes

    @cached_property
    def _places(self) -> Mapping[str, Mapping[Any, int]]:
        """By name the code of each text."""
        return {
            name: {text: place for place, text in enumerate(getattr(self, name))}
            for name in self.__struct_fields__
        }

    @cached_property
    def ranks(self) -> Mapping[str, Integers]:
        """Of each text its place among all of its kind in order; of what is none, the last, −1."""
        workloads = [name for name, _ in self.workloads]
        named = {"products": self.products, "services": self.services, "channels": self.channels}
        return {name: _rank(texts) for name, texts in {**named, "workloads": workloads}.items()}

    @cached_property
    def same_product(self) -> Integers:
        """Of each product the code of the first of its name, in whatever case."""
        return same_names(self.products)

    @cached_property
    def same_workload(self) -> Integers:
        """Of each workload the same, whatever its code."""
        return same_names([name for name, _ in self.workloads])

    @cached_property
    def days(self) -> dict[Any, Any]:
        """What `text_codes` has found for some days."""
        return {}


def same_names(names: Sequence[str]) -> Integers:
    """Of each name the number of the first that differs in case alone."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(name.casefold(), at) for at, name in enumerate(names)], dtype=np.int64)


def _rank(texts: Sequence[Any]) -> Integers:
    """The place of each text among all in order; what is none comes first."""
    order = sorted(range(len(texts)), key=texts.__getitem__)
    rank: Any = np.empty(len(texts) + 1, dtype=np.int32)
    rank[order] = np.arange(len(texts))
    rank[-1] = -1
    return rank  # type: ignore[no-any-return]
