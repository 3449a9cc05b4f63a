"""What somebody gave: customers, licences and their use, one value that each edit replaces as a whole."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from partner_insights.world.own.folding import fold, in_order
from partner_insights.world.own.table import NOBODY, LicenceTable, UseTable, of_customers, runs_of, spliced
from partner_insights.world.own.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from partner_insights.world.hashing import Integers
    from partner_insights.world.own.table import Run


class RawCell(Struct, frozen=True):
    """A value that is broken and was taken on purpose: what a row shows in place of what could be."""

    customer: str
    """The id."""
    product: str
    workload: str | None
    """None: of the deployment row."""
    property: str
    value: Any


class OwnData(Struct, frozen=True, eq=False, dict=True):
    """What somebody gave."""

    ids: tuple[str, ...] = ()
    """Of the customers, lower case, in the order they came."""
    names: tuple[str, ...] = ()
    domains: tuple[str | None, ...] = ()
    """None: made from name and id."""
    made: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Of each customer the index of the made one it stands for; NOBODY: it is one more."""
    removed: tuple[int, ...] = ()
    """Indexes of made customers that are gone, in order."""
    licences: LicenceTable = field(default_factory=LicenceTable.nothing)
    uses: UseTable = field(default_factory=UseTable.nothing)
    texts: Texts = field(default_factory=Texts)
    raw: tuple[RawCell, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    """(customer id, what is wrong) of what was taken although it is invalid."""
    behind: tuple[int, int] | None = None
    """By how many days deployment and use lie further behind than a made world's; None: not said."""

    def __len__(self) -> int:
        return len(self.ids)

    def __bool__(self) -> bool:
        return bool(self.ids or self.removed)

    @cached_property
    def position(self) -> Mapping[str, int]:
        """The customers by id."""
        return {each: place for place, each in enumerate(self.ids)}

    @cached_property
    def more(self) -> Integers:
        """Positions of the customers that stand for no made one, in order."""
        return np.flatnonzero(self.made == NOBODY)

    def licence_span(self, customer: int) -> slice:
        """The licences of a customer."""
        first, last = np.searchsorted(self.licences.customer, [customer, customer + 1])
        return slice(int(first), int(last))

    def without(self, customer_id: str) -> OwnData:
        """Without a given customer; a made one it stood for is gone, too."""
        place = self.position[customer_id]
        made = int(self.made[place])
        data = self._kept(np.arange(len(self)) != place)
        return data if made == NOBODY else data.without_generated(made)

    def without_generated(self, index: int) -> OwnData:
        """Without a made customer."""
        return replace(self, removed=tuple(sorted({*self.removed, index})))

    def without_licences(self, customer_id: str, product: str) -> OwnData:
        """Without a customer's licences of a product; KeyError where it has none."""
        runs, held, used, kept = self._of_other_products(customer_id, product)
        licences, uses = spliced((self.licences, self.uses), _kept_licences(held, used, kept), runs)
        return replace(self, licences=licences, uses=uses, **self._kept_raw(customer_id, product))

    def require_licences(self, customer_id: str, product: str) -> None:
        """KeyError where a customer has no licence of a product."""
        self._of_other_products(customer_id, product)

    def _of_other_products(
        self, customer_id: str, product: str
    ) -> tuple[list[Run], LicenceTable, UseTable, npt.NDArray[np.bool_]]:
        """Where a customer's licences are, they and their uses, and which are of others than the product."""
        place = self.position[customer_id]
        runs = [(place, place + 1)]
        held, used = of_customers((self.licences, self.uses), runs)
        names = [self.texts.products[code].casefold() for code in held.product.tolist()]
        kept = np.array([each != product.casefold() for each in names], dtype=np.bool_)
        if kept.all():
            raise KeyError(product)
        return runs, held, used, kept

    def merged(self, new: OwnData, *, instead: bool = False) -> OwnData:
        """The other's customers beside ours; of one and the same, the later counts, cell by cell.

        `instead`: what such a customer has is what the other says, and nothing else.
        """
        if not self and not new.notes:  # what was taken on purpose may say one thing twice
            return new
        more = [each for each in new.ids if each not in self.position]
        position = self.position
        if more:
            position = {**position, **{each: len(self) + at for at, each in enumerate(more)}}
        place = np.array([position[each] for each in new.ids], dtype=np.int64)
        texts, codes = self.texts.union(new.texts)
        names, domains = list(self.names), list(self.domains)
        made = np.concatenate([self.made, np.full(len(position) - len(self), NOBODY)])
        for at, name, domain, index in zip(
            place.tolist(), new.names, new.domains, new.made.tolist(), strict=True
        ):
            if at == len(names):
                names.append(name)
                domains.append(domain)
                made[at] = index
            else:
                names[at] = name
                domains[at] = domain if domain is not None else domains[at]
        shifted = replace(
            new.licences,
            customer=place[new.licences.customer],
            product=codes["products"][new.licences.product],
            service=codes["services"][new.licences.service],
            channel=codes["channels"][new.licences.channel],
            processed=codes["processed"][new.licences.processed],
            product_id=codes["product_ids"][new.licences.product_id],
        )
        runs = runs_of(sorted(place.tolist()))
        # Only the licences of customers that were given again may meet others of the same product.
        before, uses_before = of_customers((self.licences, self.uses), () if instead else runs)
        new_uses = replace(
            new.uses,
            licence=new.uses.licence + len(before.customer),
            workload=codes["workloads"][new.uses.workload],
            processed=codes["processed"][new.uses.processed],
        )
        met = LicenceTable.joined([before, shifted]), UseTable.joined([uses_before, new_uses])
        if len(before):
            met = fold(*met, texts)
        licences, uses = spliced((self.licences, self.uses), in_order(*met, texts), runs)
        gone = {each for each in new.ids if each in self.position} if instead else ()
        removed = {*self.removed, *new.removed}
        merged = replace(
            self,
            ids=(*self.ids, *more),
            names=tuple(names),
            domains=tuple(domains),
            made=made,
            removed=tuple(sorted(removed.difference(made.tolist()))) if removed else (),
            licences=licences,
            uses=uses,
            texts=texts,
            raw=_later([each for each in self.raw if each.customer not in gone], new.raw),
            notes=(*(each for each in self.notes if each[0] not in gone), *new.notes),
            behind=self.behind if new.behind is None else new.behind,
        )
        vars(merged)["position"] = position  # known already: to find it anew takes as long as all the rest
        return merged

    def _kept(self, mask: npt.NDArray[np.bool_]) -> OwnData:
        places = np.flatnonzero(mask)
        number = np.cumsum(mask) - 1
        licences, uses = _kept_licences(self.licences, self.uses, mask[self.licences.customer])
        ids = _chosen(self.ids, places)
        here = set(ids)
        return replace(
            self,
            ids=ids,
            names=_chosen(self.names, places),
            domains=_chosen(self.domains, places),
            made=self.made[mask],
            licences=replace(licences, customer=number[licences.customer]),
            uses=uses,
            raw=tuple(each for each in self.raw if each.customer in here),
            notes=tuple(each for each in self.notes if each[0] in here),
        )

    def _kept_raw(self, customer_id: str, product: str) -> dict[str, Any]:
        if not self.raw and not self.notes:
            return {}
        gone = (customer_id, product.casefold())
        return {"raw": tuple(each for each in self.raw if (each.customer, each.product.casefold()) != gone)}


def _kept_licences(
    licences: LicenceTable, uses: UseTable, mask: npt.NDArray[np.bool_]
) -> tuple[LicenceTable, UseTable]:
    if mask.all():
        return licences, uses
    number = np.cumsum(mask) - 1
    kept = uses.take(mask[uses.licence])
    return licences.take(mask), replace(kept, licence=number[kept.licence])


def _chosen(values: Sequence[Any], places: Integers) -> tuple[Any, ...]:
    return tuple(map(values.__getitem__, places.tolist()))


def _later(before: Sequence[RawCell], after: Sequence[RawCell]) -> tuple[RawCell, ...]:
    cells = (*before, *after)
    last = {(each.customer, each.product, each.workload, each.property): each for each in cells}
    return tuple(last.values())
