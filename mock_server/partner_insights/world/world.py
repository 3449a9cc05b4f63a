"""Seed, size and as-of date → a partner's customers and the rows of every analytics resource.

Row order, fixed: customer rows by customer, then product (service code, name), then workload (name); partner
rows by service code, then channel, then workload.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from partner_insights.contract.schema_files import resource_of
from partner_insights.errors import InputError
from partner_insights.world.calendar import Calendar, Dataset
from partner_insights.world.columns import Column, ConstantColumn, RowSource, RowTexts, objects
from partner_insights.world.customer_columns import customer_columns, customer_part
from partner_insights.world.customer_ids import CustomerIds
from partner_insights.world.customers import Customer, Customers
from partner_insights.world.hashing import entities, field_key
from partner_insights.world.layouts import RESOURCE_KINDS, ResourceKind, ResourceLayout, layout_of
from partner_insights.world.licenses import Licenses
from partner_insights.world.own.all_rows import AllRows
from partner_insights.world.own.raw import with_raw_cells
from partner_insights.world.own.roster import Roster
from partner_insights.world.own.rows import OwnRows
from partner_insights.world.partner_totals import PartnerRows, total_deployment, total_usage
from partner_insights.world.product_file import default_catalogue
from partner_insights.world.products import CHANNELS, ProductCatalogue
from partner_insights.world.query.page import Plans
from partner_insights.world.schema_data.columns import schema_column, some_null
from partner_insights.world.shared_columns import (
    ONLY_OF,
    STATUS,
    customer_column,
    date_column,
    where_status,
)
from partner_insights.world.vocabulary import FakerVocabulary, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from partner_insights.contract import Catalogue
    from partner_insights.world.licenses import DeploymentRows, UsageRows
    from partner_insights.world.own.data import OwnData

MAX_CUSTOMERS: Final = 1_000_000_000
EARLIEST: Final = date(2000, 1, 1)
"""The first as-of date; any later date Python knows will do."""
_MAX_SNAPSHOTS: Final = 8
"""Earlier days of a world that are kept."""


@dataclass(frozen=True)
class World:
    """A partner with `customers` customers on `as_of`; nothing is computed before it is needed.

    Every value is a pure function of seed, customer, field and date: a world with more customers, another
    range or another order of requests shows the same values. `dataclasses.replace(world, as_of=…)` is the
    same world another day (an earlier one is what a stale answer shows). InputError where an argument is
    beyond reason.
    """

    catalogue: Catalogue = field(repr=False)
    seed: int = 0
    customers: int = 50
    as_of: date = field(default_factory=date.today)
    percent_scale: int = 100
    """100: percents from 0 to 100 with two decimals; 1: fractions from 0 to 1 with four (E-004)."""
    vocabulary: Vocabulary = field(default_factory=FakerVocabulary, repr=False)
    products: ProductCatalogue = field(default_factory=default_catalogue, repr=False)
    own: OwnData | None = field(default=None, repr=False)
    """Customers and licences that somebody gave; `customers` counts them, too. They come first."""
    _layouts: dict[str, ResourceLayout] = field(default_factory=dict, repr=False, compare=False)
    """Those of the catalogue, found once for the world of every day and every edit."""

    def __post_init__(self) -> None:
        if not 0 <= self.customers <= MAX_CUSTOMERS:
            raise InputError(
                f"{self.customers} customers is not a size a world can have",
                remedy=f"give a number from 0 to {MAX_CUSTOMERS}",
            )
        if self.percent_scale not in (1, 100):
            raise InputError(f"percent scale {self.percent_scale} is unknown", remedy="give 100 or 1")
        if self.as_of < EARLIEST:
            raise InputError(f"as-of date {self.as_of} is too early", remedy=f"give {EARLIEST} or later")

    @cached_property
    def calendar(self) -> Calendar:
        """The data days and processing times of this as-of date; those given, without made customers."""
        own = self.own
        if own is None or own.behind is None or self.customers > len(own.more):
            return _calendar(self.seed, self.as_of)
        return _calendar(self.seed, self.as_of, own.behind)

    @cached_property
    def licenses(self) -> Licenses:
        """The numbers behind the rows."""
        return _licenses(self.seed, self.calendar.data_days, self.products)

    @cached_property
    def ids(self) -> CustomerIds | Roster:
        """Customer indexes ↔ ids; without given data of all indexes, not only this world's."""
        return self.generated_ids if self._roster is None else self._roster

    @cached_property
    def names(self) -> Customers | Roster:
        """The words about customers."""
        return self.generated_names if self._roster is None else self._roster

    @property
    def generated_ids(self) -> CustomerIds:
        """Those of made customers alone."""
        return CustomerIds(self.seed)

    @property
    def generated_names(self) -> Customers:
        """Those of made customers alone."""
        return _names(self.seed, self.vocabulary)  # type: ignore[arg-type]  # values and modules alike have hashes

    @property
    def generated_customers(self) -> int:
        """How many customers are made, those that were removed or given anew counted."""
        more = 0 if self.own is None else len(self.own.more) - len(self.own.removed)
        return self.customers - more

    def with_own(self, own: OwnData | None) -> World:
        """The same world with other given data, and as many made customers as before."""
        more = len(own.more) - len(own.removed) if own is not None else 0
        return replace(self, own=own or None, customers=self.generated_customers + more)

    def without_customers(self) -> World:
        """The same world without anybody."""
        return replace(self, own=None, customers=0)

    @cached_property
    def _roster(self) -> Roster | None:
        """Who the customers are; None where all are made."""
        if self.own is None:
            return None
        return Roster(self.own, self.generated_ids, self.generated_names, self.customers)

    @cached_property
    def own_rows(self) -> OwnRows | None:
        """The rows of made and given customers together; None where none are given."""
        if self.own is None or self._roster is None:
            return None
        return OwnRows(self.own, self._roster, self.licenses, self.calendar, self.percent_scale)

    def customer_id(self, index: int) -> str:
        """The GUID of a customer, lower case; IndexError outside 0 … customers−1."""
        return self.ids.id(self._checked(index))

    def customer_index(self, customer_id: str) -> int | None:
        """The customer behind a GUID of any case; None for no GUID or no customer of this world."""
        index = self.ids.index(customer_id)
        return index if index is not None and index < self.customers else None

    def customer(self, index: int) -> Customer:
        """Who the customer is; IndexError outside 0 … customers−1."""
        entity = np.array([self._checked(index)])
        if self.own_rows is not None:
            entity = self.own_rows.roster.entity_at(entity)
        channel = CHANNELS[int(self.licenses.usual_channels(entity)[0])]
        ids, names = self.ids, self.names
        (domain,) = names.domains(index, index + 1)
        return Customer(ids.id(index), names.name(index), domain, names.country(index), channel)

    def has_rows(self, resource: str) -> bool:
        """Whether responses have rows of a resource; an envelope, an error or a link is none."""
        answered = any(each.resource == resource for each in self.catalogue.operations.values())
        return answered or customer_part(self.catalogue, resource) is not None

    def is_known(self, resource: str) -> bool:
        """Whether the rows of a resource are those of licences; others are made by their schema."""
        return resource in RESOURCE_KINDS

    def per_customer(self, resource: str) -> bool:
        """Whether a resource has rows for each customer, not one set of them for the partner."""
        operations = self.catalogue.operations.values()
        return any(
            each.per_customer or bool(each.options) for each in operations if each.resource == resource
        )

    def columns(
        self,
        resource: str,
        start: int = 0,
        stop: int | None = None,
        only: Collection[str] | None = None,
    ) -> dict[str, Column]:
        """The rows of a resource for customers start … stop−1 (default: all), as columns in schema order.

        All columns have one length; `only` names those that are wanted. `attributes` is left out. Partner
        resources ignore the range; a resource that nobody knows by name has one row for each customer,
        generated from what its schema says.
        KeyError for a resource the catalogue does not have, InputError for one that no response has rows of.
        """
        layout = self._layout(resource)
        kind, part = layout.kind, layout.of_customer
        start, stop = max(start, 0), self.customers if stop is None else min(stop, self.customers)
        stop = max(start, stop)
        source = None if kind is None else self._source(kind, start, stop)
        of_customer = {} if part is None else customer_columns(part, self.ids, self.names, start, stop)
        result: dict[str, Column] = {}
        everything = only is None or (self.own is not None and self.own.raw)
        for name, schema in layout.properties.items():
            if not everything and name not in (only or ()):
                continue
            if kind is not None and source is not None and name in kind.known:
                result[name] = kind.known[name](source.rows, source)
            elif name in of_customer:
                result[name] = of_customer[name]
            else:
                result[name] = self._by_schema(resource, name, schema, source, start, stop)
        if source is not None and self.own is not None and isinstance(source.rows, AllRows):
            with_raw_cells(result, self.own, source.rows, usage=kind is not None and kind.dataset == "usage")
        return result

    def column_names(self, resource: str) -> tuple[str, ...]:
        """The names of its columns, in schema order; KeyError or InputError, as `columns` says."""
        return tuple(self._layout(resource).properties)

    def _layout(self, resource: str) -> ResourceLayout:
        """What is known of a resource; KeyError or InputError, as `columns` says."""
        known = self._layouts.get(resource)
        if known is None:
            known = self._layouts.setdefault(resource, layout_of(self.catalogue, resource))
        return known

    def rows(self, resource: str, customer: int | None = None) -> list[dict[str, Any]]:
        """The rows of a resource as on the wire: JSON-ready, every property in the schema's order.

        `customer` is an index and narrows a customer resource to that customer (IndexError where there is
        none such); None means all.
        """
        if customer is not None:
            self._checked(customer)
        span = (0, None) if customer is None else (customer, customer + 1)
        return self.rows_of(resource, *span)

    def rows_of(self, resource: str, start: int, stop: int | None) -> list[dict[str, Any]]:
        """The rows of a resource for customers start … stop−1, as on the wire."""
        columns = self.columns(resource, start, stop)
        properties = self.catalogue.resources[resource].schema["properties"]
        if "attributes" in properties:
            length = len(next(iter(columns.values()))) if columns else 0
            columns["attributes"] = ConstantColumn({"objectType": resource}, length)
        return list(objects({name: columns[name] for name in properties if name in columns}))

    def sums(self, dataset: Dataset) -> dict[tuple[str, str], tuple[int, int]]:
        """Service and workload (empty for deployment) → whole and part, all channels together."""
        kind = next(each for each in RESOURCE_KINDS.values() if each.partner and each.dataset == dataset)
        rows, texts = self._rows(kind, 0, self.customers)
        found: dict[tuple[str, str], tuple[int, int]] = {}
        columns = (rows.service, rows.workload, rows.whole, rows.part)  # type: ignore[union-attr]
        for service, workload, whole, part in zip(*(each.tolist() for each in columns), strict=True):
            key = texts.services[service], texts.workloads[workload] if dataset == "usage" else ""
            before = found.get(key, (0, 0))
            found[key] = before[0] + whole, before[1] + part
        return found

    def processed_at(self, resource: str, moment: str) -> World | None:
        """The same world when the rows of a resource were processed at a moment; None where none were."""
        kind = RESOURCE_KINDS.get(resource)
        if kind is None:
            return None
        day, _, clock = moment.partition("T")
        if clock.strip("0:."):
            return None
        behind = self.calendar.processed_day(kind.dataset).toordinal() - date.fromisoformat(day).toordinal()
        earliest = self.as_of.toordinal() - EARLIEST.toordinal()
        if not 0 <= behind <= earliest:
            return None
        return self if behind == 0 else self._before(behind)

    def _before(self, days: int) -> World:
        """The same world so many days earlier; the last few are kept, with what was found out about them."""
        kept = self._snapshots
        found = kept.get(days)
        if found is None:
            found = replace(self, as_of=self.as_of - timedelta(days=days))
            while len(kept) >= _MAX_SNAPSHOTS:
                kept.pop(next(iter(kept)), None)
            kept[days] = found
        return found

    @cached_property
    def _snapshots(self) -> dict[int, World]:
        return {}

    def plans(self, resource: str) -> Plans:
        """Where the rows of queries about a resource are, as far as it was asked lately."""
        return self._plans.setdefault(resource, Plans())

    @cached_property
    def _plans(self) -> dict[str, Plans]:
        return {}

    def _source(self, kind: ResourceKind, start: int, stop: int) -> RowSource:
        rows, texts = self._rows(kind, start, stop)
        return RowSource(
            rows=rows,
            start=start,
            stop=stop,
            ids=self.ids,
            names=self.names,
            texts=texts,
            processed_day=self.calendar.processed_day(kind.dataset).isoformat(),
            percent_scale=self.percent_scale,
        )

    def _rows(
        self, kind: ResourceKind, start: int, stop: int
    ) -> tuple[DeploymentRows | UsageRows | PartnerRows | AllRows, RowTexts]:
        """The numbers of the rows, and what their codes mean."""
        own, is_usage = self.own_rows, kind.dataset == "usage"
        if own is not None:
            if kind.partner:
                return own.partner_usage if is_usage else own.partner_deployment
            return (own.usage if is_usage else own.deployment)(start, stop), own.texts(kind.dataset)
        texts = RowTexts.of_generated(self.licenses, self.calendar.processed[kind.dataset])
        if kind.partner:
            return (self._partner_usage if is_usage else self._partner_deployment), texts
        return (self.licenses.usage if is_usage else self.licenses.deployment)(start, stop), texts

    @cached_property
    def _partner_deployment(self) -> PartnerRows:
        return total_deployment(self.licenses, self.customers)

    @cached_property
    def _partner_usage(self) -> PartnerRows:
        return total_usage(self.licenses, self.customers)

    def _by_schema(
        self,
        resource: str,
        name: str,
        schema: Mapping[str, Any],
        source: RowSource | None,
        start: int,
        stop: int,
    ) -> Column:
        """A column no table knows by name: one value for each row, by what the property's schema says."""
        if source is None:
            shared = customer_column(name, self.ids, self.names, start, stop)
            if shared is not None:
                return shared
        index = np.arange(start, stop) if source is None else source.rows.identity
        row = entities(field_key(self.seed, "row", resource), index)
        dates = date_column(resource, name, schema, row, self.seed, self.as_of)
        wanted = ONLY_OF.get(resource, {}).get(name)
        if dates is not None and wanted is not None:
            stated = self.catalogue.resources[resource].schema["properties"][STATUS]
            return where_status(dates, self._by_schema(resource, STATUS, stated, source, start, stop), wanted)
        if dates is not None:
            return some_null(dates, schema, row, field_key(self.seed, resource, name))
        key = field_key(self.seed, resource, name)
        return schema_column(schema, row, key, self.resolve, name=name, vocabulary=self.vocabulary)

    def resolve(self, reference: str) -> Mapping[str, Any]:
        """The schema of the resource a `$ref` names by its file; empty for one that is not there."""
        described = self.catalogue.resources.get(resource_of(reference))
        return {} if described is None else described.schema

    def _checked(self, index: int) -> int:
        if not 0 <= index < self.customers:
            raise IndexError(f"customer {index} of a world of {self.customers}")
        return index


_calendar = lru_cache(maxsize=64)(Calendar)
"""That of a day, for all worlds."""
_licenses = lru_cache(maxsize=64)(Licenses)
"""Those of a day, for all worlds: an edit of the data changes nothing about them."""
_names = lru_cache(maxsize=64)(Customers)
"""Those of one seed, for all its worlds: the order of its companies takes milliseconds to find."""
