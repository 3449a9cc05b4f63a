"""The texts of given data, and the made ones of a day → what the codes of all rows mean.

It stays through the edits that bring no new text, which are most: to find it anew takes as long as a row.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import Struct

from partner_insights.world.calendar import DATASETS
from partner_insights.world.columns import RowTexts
from partner_insights.world.hashing import field_key
from partner_insights.world.products import SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.world.calendar import Calendar, Dataset
    from partner_insights.world.hashing import Integers, Words
    from partner_insights.world.licenses import Licenses
    from partner_insights.world.own.texts import Texts

_CODES: Final = tuple(service.code for service in SERVICES)
_MAX_DAYS: Final = 8
"""Of which it is kept."""


class TextCodes(Struct, frozen=True, eq=False, dict=True):
    """Texts of made rows come first, then the given ones. The last of an array is for what has no code."""

    texts: Texts
    licenses: Licenses
    calendar: Calendar

    @cached_property
    def rows(self) -> Mapping[Dataset, RowTexts]:
        """What the codes of the rows mean."""
        return {dataset: self._rows(dataset) for dataset in DATASETS}

    def _rows(self, dataset: Dataset) -> RowTexts:
        made, given = RowTexts.of_generated(self.licenses, self.calendar.processed[dataset]), self.texts
        folded = map(str.casefold, made.workloads)
        codes = dict(zip(folded, made.workload_codes, strict=True))
        return RowTexts(
            services=[*made.services, *(name for name, _ in given.services)],
            service_codes=[*made.service_codes, *(code for _, code in given.services)],
            channels=[*made.channels, *given.channels],
            workloads=[*made.workloads, *(name for name, _ in given.workloads)],
            workload_codes=[
                *made.workload_codes,
                *(
                    codes.get(name.casefold(), name) if code is None else code
                    for name, code in given.workloads
                ),
            ],
            products=[*made.products, *given.products],
            processed=[*made.processed, *given.processed],
            product_ids=given.product_ids,
        )

    @property
    def generated_workloads(self) -> int:
        """How many workloads are made."""
        return len(self.licenses.catalogue.workloads)

    @cached_property
    def product(self) -> Integers:
        """Of each given product its index among those of the day; −1 where it is none of them."""
        return np.array(list(map(self.licenses.products.index, self.texts.products)), dtype=np.int64)

    @cached_property
    def licence_keys(self) -> Words:
        """Of each given product what the hashes of its licences are made with."""
        sold = self.licenses.products.products
        return self.licenses.licence_keys(
            [
                sold[index].id if index >= 0 else name
                for index, name in zip(self.product.tolist(), self.texts.products, strict=True)
            ]
        )

    @cached_property
    def service(self) -> Integers:
        """Of each given service its index among SERVICES; of any other that of the last."""
        last = len(_CODES) - 1
        known = [_CODES.index(name) if name in _CODES else last for name, _ in self.texts.services]
        return np.array([*known, last], dtype=np.int64)

    @cached_property
    def workload(self) -> Integers:
        """Of each given workload its code among the made ones; the number of those where it is none."""
        workloads = self.licenses.catalogue.workloads
        place = {each.name.casefold(): index for index, each in enumerate(workloads)}
        known = [place.get(name.casefold(), len(place)) for name, _ in self.texts.workloads]
        return np.array([*known, len(place)], dtype=np.int64)

    @cached_property
    def use_keys(self) -> Words:
        """Of each given workload what its use is drawn by, where it is none of the made ones."""
        keys = [field_key(self.licenses.seed, "use", str(name)) for name, _ in self.texts.workloads]
        return np.array(keys or [0], dtype=np.uint64)

    @cached_property
    def workload_rank(self) -> Integers:
        """The place of each workload in the order of rows."""
        names = self.rows["usage"].workloads
        rank = np.empty(len(names), dtype=np.int64)
        rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
        return rank

    @cached_property
    def later(self) -> Any:
        """Which given processing times lie after the day of the world: of an earlier day there are others."""
        today = self.calendar.as_of.isoformat()
        return np.array([each[:10] > today for each in self.texts.processed] + [False])


def codes_of(texts: Texts, licenses: Licenses, calendar: Calendar) -> TextCodes:
    """The codes of some texts on one day."""
    key, days = (licenses, calendar), texts.days
    known = days.get(key)
    if known is None:
        known = days[key] = TextCodes(texts, licenses, calendar)
        for oldest in list(days)[:-_MAX_DAYS]:
            days.pop(oldest, None)
    return known
