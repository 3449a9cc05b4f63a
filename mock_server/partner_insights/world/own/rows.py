"""Given data and the made licences of a day → all rows of a world: theirs together, and the sums of both.

What is given shows as it is. What was left out is drawn as for a made customer, by the customer's id, so that
it is the same each time: licences within what is given, workloads as the product has them on the day.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from partner_insights.world.audience import customer_words
from partner_insights.world.hashing import draw, entities, unit
from partner_insights.world.own.all_rows import AllRows, FilledLicences
from partner_insights.world.own.cells import disagrees
from partner_insights.world.own.folding import distinct
from partner_insights.world.own.table import LEFT_OUT, NOBODY, PERCENT
from partner_insights.world.own.text_codes import codes_of
from partner_insights.world.partner_totals import PartnerRows, deployment_sums, sums_of, usage_sums
from partner_insights.world.products import CHANNELS, SERVICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_insights.world.calendar import Calendar, Dataset
    from partner_insights.world.columns import RowTexts
    from partner_insights.world.hashing import Floats, Integers, Words
    from partner_insights.world.licenses import Licenses
    from partner_insights.world.own.data import OwnData
    from partner_insights.world.own.roster import Roster
    from partner_insights.world.own.text_codes import TextCodes

_GIVEN: Final = 1 << 62
"""Where the identities of given rows begin."""
_MAX_KEPT: Final = 1000
"""Licences whose numbers are kept."""
_UNKNOWN_SHARE: Final = (0.2, 0.6)
"""Of a workload that no catalogue has the least active part, and how far above it may lie."""


class OwnRows(Struct, frozen=True, eq=False, dict=True):
    """The rows of a world with given data, on one day."""

    data: OwnData
    roster: Roster
    licenses: Licenses
    """Of the made customers."""
    calendar: Calendar
    percent_scale: int

    @cached_property
    def codes(self) -> TextCodes:
        """What the codes mean."""
        return codes_of(self.data.texts, self.licenses, self.calendar)

    def texts(self, dataset: Dataset) -> RowTexts:
        """What the codes of the rows mean: those of made rows first, then the given ones."""
        return self.codes.rows[dataset]

    def deployment(self, start: int, stop: int) -> AllRows:
        """The licences of customers start … stop−1."""
        position, made = self.roster.spans(start, stop)
        rows = self._given_deployment(self._licences_of(position))
        return rows.beside(self._made(made)) if made else rows

    def usage(self, start: int, stop: int) -> AllRows:
        """The use of every workload by customers start … stop−1."""
        position, made = self.roster.spans(start, stop)
        rows = self._given_usage(self._licences_of(position))
        return rows.beside(self._made(made, usage=True)) if made else rows

    @cached_property
    def partner_deployment(self) -> tuple[PartnerRows, RowTexts]:
        """The partner's rows of deployment, and what their codes mean."""
        rows = self._given_deployment(self._visible)
        return self._total("deployment", rows, rows.sold, rows.deployed, self._made_sums[0])

    @cached_property
    def partner_usage(self) -> tuple[PartnerRows, RowTexts]:
        """The partner's rows of use, and what their codes mean."""
        rows = self._given_usage(self._visible)
        return self._total("usage", rows, rows.qualified, rows.active, self._made_sums[1])

    def filled(self, licence: Integers) -> FilledLicences:
        """Some given licences, what was left out of them filled in.

        Those of the customer that was asked for last are kept: its use is asked for after its deployment.
        """
        last = self._last
        if last and np.array_equal(last[0].licence, licence):
            return last[0]
        found = FilledLicences(licence, self._shared(licence), *self._numbers(licence))
        if len(licence) <= _MAX_KEPT:
            last[:] = [found]
        return found

    @cached_property
    def _last(self) -> list[FilledLicences]:
        """Those that were asked for last, if any."""
        return []

    def _numbers(self, licence: Integers) -> tuple[Integers, Integers]:
        table = self.data.licences
        sold, deployed = table.sold[licence], table.deployed[licence]
        left = (sold == LEFT_OUT) | (deployed == LEFT_OUT)
        if not left.any():
            return sold, deployed
        at = licence[left]
        drawn_sold, drawn_deployed = self._drawn(at)
        percent = table.percent[at]
        adoption = np.where(np.isnan(percent), drawn_deployed / np.maximum(drawn_sold, 1), percent / PERCENT)
        active, qualified = self._most_used(at)
        given_sold, given_deployed = sold[left], deployed[left]
        least = np.maximum(np.maximum(given_deployed, active), qualified)
        drawn_sold = np.where(qualified > 0, least, np.maximum(drawn_sold, least))
        seats = np.where(given_sold == LEFT_OUT, drawn_sold, given_sold)
        users = np.rint(seats * adoption).astype(np.int64)
        users = np.minimum(np.maximum(users, active), np.maximum(seats, 0))
        sold[left] = seats
        deployed[left] = np.where(given_deployed == LEFT_OUT, users, given_deployed)
        return sold, deployed

    def channels(self, licence: Integers) -> Integers:
        """The channel of some given licences, as a code of `texts`; left out, it is the reseller's."""
        code = self.data.licences.channel[licence]
        channel = code + len(CHANNELS)
        channel[code < 0] = CHANNELS.index("reseller")
        made = self.data.made[self.data.licences.customer[licence]] != NOBODY
        left = np.flatnonzero((code < 0) & made)
        if len(left):
            entity, hashes = self._entities(licence[left])
            channel[left] = self.licenses.channels(customer_words(self.licenses.seed, entity), hashes)
        return channel

    @cached_property
    def _visible(self) -> Integers:
        """All given licences of customers that the world shows."""
        index = self.roster.world_index_of(np.arange(len(self.data)))
        return np.flatnonzero((index < self.roster.customers)[self.data.licences.customer])

    def _licences_of(self, position: Integers) -> Integers:
        """The given licences of some given customers."""
        customer = self.data.licences.customer
        return _spread(customer.searchsorted(position), customer.searchsorted(position + 1))

    def _given_deployment(self, licence: Integers) -> AllRows:
        own = self.data.licences
        is_row = own.is_row[licence]
        licence = licence if is_row.all() else licence[is_row]
        filled = self.filled(licence)
        is_left = own.deployed[licence] == LEFT_OUT
        return AllRows.of(
            {
                **filled.shared,
                "processed": self._processed_codes(own.processed[licence], own.service[licence]),
                "percent": self._shown(own.percent[licence], filled.deployed, filled.sold, is_left),
                "identity": licence + _GIVEN,
                "position": licence,
                "sold": filled.sold,
                "deployed": filled.deployed,
            }
        )

    def _given_usage(self, licence: Integers) -> AllRows:
        uses = self.data.uses
        first, last = (uses.licence.searchsorted(licence + more) for more in (0, 1))
        use = _spread(first, last)
        of = np.repeat(np.arange(len(licence)), last - first)
        filled, workload = self._filled(licence, of, use)
        of = np.concatenate([of, filled])
        held = licence[of]
        known = self.filled(licence)
        sold, deployed = known.sold[of], known.deployed[of]
        nothing = np.full(len(filled), LEFT_OUT)
        qualified = np.concatenate([uses.qualified[use], nothing])
        active = np.concatenate([uses.active[use], nothing])
        qualified = np.where(qualified == LEFT_OUT, np.maximum(sold, active), qualified)
        workload = np.concatenate([uses.workload[use] + self.codes.generated_workloads, workload])
        percent = np.concatenate([uses.percent[use], np.full(len(filled), np.nan)])
        is_left = active == LEFT_OUT
        left = np.flatnonzero(is_left)
        active[left] = np.minimum(self._active(held[left], workload[left], deployed[left]), qualified[left])
        told = np.flatnonzero(is_left & ~np.isnan(percent))
        active[told] = np.rint(percent[told] * qualified[told] / PERCENT)
        rows = AllRows.of(
            {
                **{name: column[of] for name, column in known.shared.items()},
                "processed": self._processed_codes(
                    np.concatenate([uses.processed[use], np.full(len(filled), -1)]),
                    self.data.licences.service[held],
                ),
                "percent": self._shown(percent, active, qualified, is_left),
                "identity": held * (1 << 20) + workload + _GIVEN,
                "position": np.concatenate([use, np.full(len(filled), -1)]),
                "workload": workload,
                "qualified": qualified,
                "active": active,
            }
        )
        if not len(filled):
            return rows
        rank = self.codes.workload_rank
        return rows.take(np.lexsort((rank[rows.workload], held)))

    def _shown(self, percent: Floats, part: Integers, whole: Integers, is_left: Any) -> Floats:
        """The given percents, but where the part was left out and no whole number of licences is so much."""
        if is_left.any():
            percent = np.where(is_left & disagrees(percent, part, whole, PERCENT), np.nan, percent)
        if self.percent_scale != PERCENT:
            percent = np.round(percent * (self.percent_scale / PERCENT), 10)
        return percent

    def _shared(self, licence: Integers) -> dict[str, Any]:
        own = self.data.licences
        return {
            "customer": self.roster.world_index_of(own.customer[licence]),
            "product": own.product[licence] + len(self.licenses.products.names),
            "service": own.service[licence] + len(SERVICES),
            "channel": self.channels(licence),
            "product_id": own.product_id[licence],
        }

    def _made(self, customers: range, *, usage: bool = False) -> AllRows:
        """Rows of made customers, without those that are hidden."""
        index = np.arange(customers.start, customers.stop, dtype=np.int64)
        rows = self.licenses.deployment_of(index[~np.isin(index, self.roster.hidden)])
        names = ["product", "service", "channel", "processed", "identity"]
        source: Any = self.licenses.usage_of(rows) if usage else rows
        names += ["workload", "qualified", "active"] if usage else ["sold", "deployed"]
        columns = {name: getattr(source, name) for name in names}
        return AllRows.of({**columns, "customer": self.roster.world_index(source.customer)})

    def _filled(self, licence: Integers, of: Integers, use: Integers) -> tuple[Integers, Integers]:
        """Workloads that were left out: positions in `licence`, and codes of the made workloads."""
        products = self.licenses.products
        product = self.codes.product[self.data.licences.product[licence]]
        wanting = np.flatnonzero(self.data.licences.fills[licence] & (product >= 0))
        if not len(wanting):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        first = products.first_offer_of[product[wanting]]
        count = products.offers_of[product[wanting]]
        offer = _spread(first, first + count)
        holder = np.repeat(wanting, count)
        workload = products.workload_of[offer]
        if not len(use):
            return holder, workload
        # A workload that was given by this name, under whatever code, is none that was left out.
        names = self.codes.workload
        given = of * (self.codes.generated_workloads + 1) + names[self.data.uses.workload[use]]
        missing = ~np.isin(holder * (self.codes.generated_workloads + 1) + workload, given)
        return holder[missing], workload[missing]

    def _active(self, licence: Integers, workload: Integers, deployed: Integers) -> Integers:
        """Active licences, drawn; `workload` is a code of `texts`."""
        _, hashes = self._entities(licence)
        product = self.codes.product[self.data.licences.product[licence]]
        names = self.codes.workload
        known = np.where(
            workload < self.codes.generated_workloads,
            workload,
            names[np.maximum(workload - self.codes.generated_workloads, -1)],
        )
        offer = self.licenses.products.offer_at[product, known]
        least, above = _UNKNOWN_SHARE
        keys = self.codes.use_keys
        is_offered = offer >= 0
        if is_offered.all():
            return self.licenses.active(deployed, hashes, offer).astype(np.int64)
        part = least + above * unit(
            draw(hashes ^ keys[np.maximum(workload - self.codes.generated_workloads, 0)], 0)
        )
        active = np.rint(part * deployed)
        active[is_offered] = self.licenses.active(deployed[is_offered], hashes[is_offered], offer[is_offered])
        result: Integers = active.astype(np.int64)
        return result

    def _drawn(self, licence: Integers) -> tuple[Integers, Integers]:
        entity, hashes = self._entities(licence)
        words = customer_words(self.licenses.seed, entity)
        products, product = self.licenses.products, self.codes.product[self.data.licences.product[licence]]
        known = product >= 0
        seats = np.where(known, products.seats_of[product], 1.0)
        limit = np.where(known, products.max_demand_of[product], np.inf)
        service = self.codes.service[self.data.licences.service[licence]]
        day = np.array(self.licenses.data_days)[service]
        return self.licenses.seats(self.licenses.sizes(words), hashes, seats, limit, day)

    def _entities(self, licence: Integers) -> tuple[Integers, Words]:
        """What stands for the customer of each licence, and the hash that stands for the licence."""
        table = self.data.licences
        entity = self.roster.entities(table.customer[licence])
        return entity, entities(self.codes.licence_keys[table.product[licence]], entity)

    def _most_used(self, licence: Integers) -> tuple[Integers, Integers]:
        """The most licences active, and qualified, in any workload that was given."""
        uses = self.data.uses
        first, last = (np.searchsorted(uses.licence, licence + more) for more in (0, 1))
        use, of = _spread(first, last), np.repeat(np.arange(len(licence)), last - first)
        most = np.zeros((2, len(licence)), dtype=np.int64)
        if not len(use):
            return most[0], most[1]
        np.maximum.at(most[0], of, np.maximum(uses.active[use], 0))
        np.maximum.at(most[1], of, np.maximum(uses.qualified[use], 0))
        return most[0], most[1]

    def _processed_codes(self, given: Integers, service: Integers) -> Integers:
        """Codes of `texts`: the day's of the service where none was given, or one after the day."""
        later = self.codes.later[given]
        return np.where((given < 0) | later, self.codes.service[service], given + len(SERVICES))

    @cached_property
    def _made_sums(self) -> tuple[Floats, Floats]:
        bound = self.roster.generated_bound
        deployment, usage = _sums(self.licenses, bound)
        hidden = self.roster.hidden[self.roster.hidden < bound]
        if not len(hidden):
            return deployment, usage
        without = sums_of(self.licenses, hidden)
        return deployment - without[0], usage - without[1]

    def _total(
        self, dataset: Dataset, rows: AllRows, whole: Integers, part: Integers, made: Floats
    ) -> tuple[PartnerRows, RowTexts]:
        """Given rows and made sums, added up by the names of service, channel and workload."""
        texts = self.texts(dataset)
        workloads = list(texts.workloads) if dataset == "usage" else [""]
        services, service_of = _sorted(texts.services)
        channels, channel_of = _sorted(texts.channels)
        names, workload_of = _sorted(workloads)
        shape = len(services), len(channels), len(names)
        group = np.ravel_multi_index(
            (service_of[rows.service], channel_of[rows.channel], workload_of[rows.workload]), shape
        )
        made_shape = (len(SERVICES), len(CHANNELS), made.shape[1] // (len(SERVICES) * len(CHANNELS)))
        at = np.nonzero(made[0])[0]
        service, channel, workload = np.unravel_index(at, made_shape)
        made_group = np.ravel_multi_index(
            (service_of[service], channel_of[channel], workload_of[workload]), shape
        )
        present, place = distinct(np.concatenate([made_group, group]), int(np.prod(shape)))
        sums = np.zeros((2, len(present)), dtype=np.int64)
        for nth, given in enumerate((whole, part)):
            np.add.at(sums[nth], place, np.concatenate([made[nth, at].astype(np.int64), given]))
        service, channel, workload = np.unravel_index(present, shape)
        total = PartnerRows(
            service=service,
            channel=channel,
            workload=workload,
            whole=sums[0],
            part=sums[1],
            times=self._partner_times(rows, texts, service_of, len(services), made)[service],
        )
        return total, replace(texts, services=services, channels=channels, workloads=names)

    def _partner_times(
        self, rows: AllRows, texts: RowTexts, service_of: Integers, count: int, made: Floats
    ) -> Integers:
        """Of each service one time: the day's where rows are made, else the latest that was given."""
        result = np.full(count, len(SERVICES) - 1)
        order = sorted(range(len(texts.processed)), key=texts.processed.__getitem__)
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        latest = np.full(count, -1)
        np.maximum.at(latest, service_of[rows.service], rank[rows.processed])
        result = np.where(latest >= 0, np.array(order)[latest], result)
        present = np.unique(np.nonzero(made[0])[0] // (made.shape[1] // len(SERVICES)))
        result[service_of[present]] = present
        return result


@lru_cache(maxsize=64)
def _sums(licenses: Licenses, customers: int) -> tuple[Floats, Floats]:
    """Those of made customers, which stay through all edits of a day."""
    return deployment_sums(licenses, customers), usage_sums(licenses, customers)


def _sorted(texts: Sequence[str]) -> tuple[list[str], Integers]:
    """Distinct texts in order, whatever their case, and the place of each of the given ones among them."""
    first: dict[str, str] = {}
    named = [first.setdefault(text.casefold(), text) for text in texts]
    distinct = sorted(first.values())
    place = {text: at for at, text in enumerate(distinct)}
    return distinct, np.array([place[text] for text in named], dtype=np.int64)


def _spread(first: Integers, last: Integers) -> Integers:
    """The numbers from each first to before each last, one span after the other."""
    count = last - first
    ends = count.cumsum()
    return np.repeat(first - ends + count, count) + np.arange(int(ends[-1]) if len(ends) else 0)
