"""Given customers, licences and their use, as columns: one value, replaced as a whole by each edit.

A cell that was not given is LEFT_OUT; `rows.py` fills it, the same way each time. Licences lie in the order
of their customers, uses in that of their licences, so what one customer has is a slice.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field
from msgspec.structs import asdict, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from partner_insights.world.hashing import Floats, Integers

LEFT_OUT: Final = np.iinfo(np.int64).min
"""Instead of a number that was not given; of a text it is the code −1, of a percent NaN."""
PERCENT: Final = 100
"""The scale of the percents in it, whatever the world's."""
NOBODY: Final = -1
"""Instead of the made customer that a given one stands for."""

_Table = TypeVar("_Table", bound="_Columns")


class _Columns(Struct, frozen=True, eq=False):
    """Arrays of one length."""

    def __len__(self) -> int:
        return len(getattr(self, self.__struct_fields__[0]))

    def take(self: _Table, rows: npt.NDArray[Any]) -> _Table:
        """Some rows, by their numbers or a mask."""
        return type(self)(**{name: column[rows] for name, column in asdict(self).items()})

    def beside(self: _Table, other: _Table) -> _Table:
        """These rows, then the other's."""
        if not len(self) or not len(other):
            return self if len(self) else other
        more = asdict(other)
        return type(self)(
            **{name: np.concatenate([column, more[name]]) for name, column in asdict(self).items()}
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


class LicenceTable(_Columns, frozen=True, eq=False):
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


class UseTable(_Columns, frozen=True, eq=False):
    """One entry for each licence × workload."""

    licence: Integers
    workload: Integers
    qualified: Integers
    active: Integers
    percent: Floats
    processed: Integers


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
        for name in self.__struct_fields__:
            own, new = getattr(self, name), getattr(other, name)
            places = {text: place for place, text in enumerate(own)}
            # The last one stands for −1, which is no code.
            codes[name] = np.array(
                [*(places.setdefault(text, len(places)) for text in new), -1], dtype=np.int64
            )
            joined[name] = own if len(places) == len(own) else tuple(places)
        is_new = any(joined[name] is not getattr(self, name) for name in joined)
        return Texts(**joined) if is_new else self, codes

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
        held = self.licences.product
        same = np.array(
            [each.casefold() == product.casefold() for each in self.texts.products], dtype=np.bool_
        )
        gone = (self.licences.customer == self.position[customer_id]) & same[held]
        if not gone.any():
            raise KeyError(product)
        licences, uses = _kept_licences(self.licences, self.uses, ~gone)
        return replace(self, licences=licences, uses=uses, **self._kept_raw(customer_id, product))

    def emptied(self, ids: Sequence[str]) -> OwnData:
        """Without the licences of some customers."""
        again = [self.position[each] for each in ids if each in self.position]
        if not again:
            return self
        licences, uses = _kept_licences(
            self.licences, self.uses, ~np.isin(self.licences.customer, np.array(again))
        )
        gone = set(ids)
        return replace(
            self,
            licences=licences,
            uses=uses,
            raw=tuple(each for each in self.raw if each.customer not in gone),
            notes=tuple(each for each in self.notes if each[0] not in gone),
        )

    def merged(self, new: OwnData) -> OwnData:
        """The other's customers beside ours; of one and the same, the later counts, cell by cell."""
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
        touched = np.zeros(len(position), dtype=np.bool_)
        touched[place] = True
        # Only the licences of customers that were given again may meet others of the same product.
        again = touched[self.licences.customer]
        kept, kept_uses = _kept_licences(self.licences, self.uses, ~again)
        before, uses_before = _kept_licences(self.licences, self.uses, again)
        new_uses = replace(
            new.uses,
            licence=new.uses.licence + len(before.customer),
            workload=codes["workloads"][new.uses.workload],
            processed=codes["processed"][new.uses.processed],
        )
        folded = in_order(*fold(before.beside(shifted), uses_before.beside(new_uses), texts), texts)
        licences, uses = _together((kept, kept_uses), folded)
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
            raw=_later(self.raw, new.raw),
            notes=self.notes + new.notes,
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


def licence_groups(licences: LicenceTable, texts: Texts) -> tuple[LicenceTable, Integers]:
    """Each licence once, as it came first; of each entry the number of its licence."""
    licences = replace(licences, service=_joined_services(licences, texts))
    licences = replace(licences, channel=_joined_channels(licences, texts))
    first, entry = groups(
        _key(
            (licences.customer, 0),
            (texts.same_product[licences.product], len(texts.products)),
            (licences.service, len(texts.services)),
            (licences.channel, len(texts.channels)),
        )
    )
    return licences.take(first), entry


def fold(licences: LicenceTable, uses: UseTable, texts: Texts) -> tuple[LicenceTable, UseTable]:
    """Several entries about one licence, or one use of it → one, in which what was given last counts."""
    folded, entry = licence_groups(licences, texts)
    count = len(folded.customer)
    percent = _of_last_counts(licences.percent, entry, count, licences.sold, licences.deployed)
    licences = replace(licences, percent=percent)
    folded = replace(
        folded,
        **_last(
            licences,
            entry,
            count,
            sold=LEFT_OUT,
            deployed=LEFT_OUT,
            percent=np.nan,
            processed=-1,
            product_id=-1,
        ),
        is_row=_any(licences.is_row, entry, count),
        service_is_given=_any(licences.service_is_given, entry, count),
    )
    if not len(uses):
        return folded, uses
    uses = replace(uses, licence=entry[uses.licence])
    key = _key((uses.licence, 0), (texts.same_workload[uses.workload], len(texts.workloads)))
    first, use = groups(key)
    percent = _of_last_counts(uses.percent, use, len(first), uses.qualified, uses.active)
    return folded, folded_uses(replace(uses, percent=percent), key)


def _of_last_counts(percent: Floats, entry: Integers, count: int, *counts: Integers) -> Floats:
    """The percents that were not given before other counts were."""
    index = np.arange(len(entry))
    given = np.any([each != LEFT_OUT for each in counts], axis=0)
    last = np.full(count, -1)
    last[entry[given]] = index[given]  # of several values for one place the last stays
    kept: Floats = np.where(index < last[entry], np.nan, percent)
    return kept


def folded_uses(uses: UseTable, key: Integers) -> UseTable:
    """Entries of one key → one, in which what was given last counts."""
    if not len(uses):
        return uses
    first, entry = groups(key)
    given = _last(uses, entry, len(first), qualified=LEFT_OUT, active=LEFT_OUT, percent=np.nan, processed=-1)
    return replace(uses.take(first), **given)


def in_order(licences: LicenceTable, uses: UseTable, texts: Texts) -> tuple[LicenceTable, UseTable]:
    """By customer, service, product and channel; the uses by licence and workload."""
    rank = texts.ranks["products"][licences.product]
    service = texts.ranks["services"][licences.service]
    channel = texts.ranks["channels"][licences.channel]
    order = np.lexsort((channel, rank, service, licences.customer))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    uses = replace(uses, licence=place[uses.licence])
    names = texts.ranks["workloads"][uses.workload]
    return licences.take(order), uses.take(np.lexsort((names, uses.licence)))


def _together(
    first: tuple[LicenceTable, UseTable], second: tuple[LicenceTable, UseTable]
) -> tuple[LicenceTable, UseTable]:
    """The rows of some customers and of others, each in order → all in order."""
    (licences, uses), (more, more_uses) = first, second
    more_uses = replace(more_uses, licence=more_uses.licence + len(licences.customer))
    licences, uses = licences.beside(more), uses.beside(more_uses)
    order = np.argsort(licences.customer, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    uses = replace(uses, licence=place[uses.licence])
    return licences.take(order), uses.take(np.argsort(uses.licence, kind="stable"))


def _joined_services(licences: LicenceTable, texts: Texts) -> Integers:
    """A service that was left out is that of the licence of the same product, where one is given."""
    product = texts.same_product[licences.product]
    key = _key((licences.customer, 0), (product, len(texts.products)))
    return _joined(licences.service, ~licences.service_is_given, key)


def _joined_channels(licences: LicenceTable, texts: Texts) -> Integers:
    """A channel that was left out is that of the licence of the same product, where one is given."""
    key = _key(
        (licences.customer, 0), (texts.same_product[licences.product], len(texts.products)),
        (licences.service, len(texts.services)),
    )  # fmt: skip
    return _joined(licences.channel, licences.channel < 0, key)


def _joined(codes: Integers, left: npt.NDArray[np.bool_], key: Integers) -> Integers:
    """The codes; of those that were left out the first that is given under the same key."""
    if not left.any() or left.all():
        return codes
    known, at = np.unique(key[~left], return_index=True)
    place = np.minimum(np.searchsorted(known, key[left]), len(known) - 1)
    joined = codes.copy()
    joined[left] = np.where(known[place] == key[left], codes[~left][at][place], codes[left])
    return joined


def same_names(names: Sequence[str]) -> Integers:
    """Of each name the number of the first that differs in case alone."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(name.casefold(), at) for at, name in enumerate(names)], dtype=np.int64)


def _key(*columns: tuple[Integers, int]) -> Integers:
    """One number for the codes of each row; a code is −1 at least, and less than the count beside it."""
    (first, _), *rest = columns
    key = first.astype(np.int64)
    for codes, count in rest:
        key = key * (count + 1) + codes + 1
    return key


def groups(key: Integers) -> tuple[Integers, Integers]:
    """The first row of each group, in the order of their keys, and of each row its group.

    As `np.unique` has it, which takes three times as long for the few rows of an edit.
    """
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    begins = np.empty(len(order), dtype=np.bool_)
    begins[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    entry = np.empty(len(order), dtype=np.int64)
    entry[order] = np.cumsum(begins) - 1
    return order[begins], entry


def _last(table: Any, entry: Integers, count: int, **left_out: float) -> dict[str, Any]:
    """Of each group and column the last value that was given."""
    found = {}
    for name, nothing in left_out.items():
        column = getattr(table, name)
        given = ~np.isnan(column) if np.isnan(nothing) else column != nothing
        values = np.full(count, nothing, dtype=column.dtype)
        values[entry[given]] = column[given]  # NumPy: of several values for one place the last stays
        found[name] = values
    return found


def _any(mask: npt.NDArray[np.bool_], entry: Integers, count: int) -> npt.NDArray[np.bool_]:
    result = np.zeros(count, dtype=np.bool_)
    result[entry[mask]] = True
    return result


def _rank(texts: Sequence[Any]) -> Integers:
    """The place of each text among all in order; what is none comes first."""
    order = sorted(range(len(texts)), key=texts.__getitem__)
    rank = np.empty(len(texts) + 1, dtype=np.int64)
    rank[order] = np.arange(len(texts))
    rank[-1] = -1
    return rank


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
    key: Callable[[RawCell], Any] = lambda each: (  # noqa: E731
        each.customer,
        each.product,
        each.workload,
        each.property,
    )
    return tuple({key(each): each for each in (*before, *after)}.values())
