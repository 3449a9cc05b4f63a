"""Chunks of given rows and a world → the data they are, ready to be put into it."""

from __future__ import annotations

import gc
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import structs

from partner_insights.errors import InputError
from partner_insights.world.calendar import Calendar
from partner_insights.world.columns import product_guid
from partner_insights.world.own import cells
from partner_insights.world.own.chunk import MISSING
from partner_insights.world.own.chunk_reader import ChunkReader
from partner_insights.world.own.data import OwnData
from partner_insights.world.own.entries import Given
from partner_insights.world.own.files import chunks_of
from partner_insights.world.own.finish import finished
from partner_insights.world.own.folding import in_order
from partner_insights.world.own.roster import entities_of
from partner_insights.world.own.table import LEFT_OUT, NOBODY, LicenceTable, UseTable
from partner_insights.world.own.texts import Texts
from partner_insights.world.products import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from partner_insights.world.customer_ids import CustomerIds
    from partner_insights.world.own.chunk import Chunk
    from partner_insights.world.products import ProductList
    from partner_insights.world.world import World

OLDER_RESOURCES: Final = ("Customer", "CustomerLicensesDeploymentInsights", "CustomerLicensesUsageInsights")
NEWER_RESOURCES: Final = ("LicensesDeployment", "LicensesUsage")
"""Of customers and their licences; the partner's rows are their sums."""
_PARTNER: dict[bool, str] = {
    False: "PartnerLicensesDeploymentInsights",
    True: "PartnerLicensesUsageInsights",
}
"""Whether a row names a workload → the resource it is of."""


def read(
    chunks: Iterable[Chunk], world: World, *, allow_invalid: bool = False, where: str | None = None
) -> OwnData:
    """What the rows say, for this world; InputError, at its place, for a cell that cannot be."""
    given = Given(world.as_of, world.products, world.percent_scale, allow_invalid, not world.customers)
    if world.generated_customers:
        given.meanings |= _meanings(world.licenses.products)
    with _garbage_left():
        for chunk in chunks:
            ChunkReader(given, chunk).read()
    if not given.rows:
        raise InputError("there is no row in it", where=where, remedy="give at least one")
    data, undescribed = finished(given, Calendar(world.seed, world.as_of))
    _check_partner(given, data, world)
    data = structs.replace(data, made=_made(data.ids, world))
    return data.merged(_drawn(undescribed, data, world)) if undescribed else data


@lru_cache(maxsize=8)
def _meanings(products: ProductList) -> Mapping[tuple[str, str, Any], Any]:
    """What codes and names mean in the rows of made customers (PI220 one-meaning)."""
    services = [("serviceName", each.code, "serviceCode", each.code) for each in SERVICES]
    workloads = [
        ("workloadName", each.name, "workloadCode", each.code) for each in products.catalogue.workloads
    ]
    meanings: dict[tuple[str, str, Any], Any] = {}
    for column, value, of, code in (*services, *workloads):
        meanings |= {(column, of, code): value, (of, column, value): code}
    for product in products.products:
        for _, name in product.names:
            meanings["serviceName", "productName", name.casefold()] = product.service.code
            meanings["productName", "productId", product_guid(name).casefold()] = name
    return meanings


def resources_of(world: World) -> tuple[str, ...]:
    """The resources whose rows, taken by `read`, are this world again."""
    own = world.own
    newer = own is not None and (own.behind is not None or bool(own.texts.product_ids))
    return OLDER_RESOURCES + (NEWER_RESOURCES if newer else ())


@contextmanager
def _garbage_left() -> Iterator[None]:
    """No look for circles of garbage meanwhile: rows make none, and it would take a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def with_files(paths: Sequence[Path], world: World, *, allow_invalid: bool = False) -> World:
    """The world with the customers of all rows in some files and folders; InputError."""
    chunks = (chunk for path in paths for chunk in chunks_of(path, world.as_of))
    where = ", ".join(map(str, paths))
    return put(read(chunks, world, allow_invalid=allow_invalid, where=where), world)


def put(data: OwnData, world: World) -> World:
    """The world with these customers, each in place of what was given of it before."""
    before = world.own or OwnData()
    return world.with_own(before.merged(data, instead=True))


def change(data: OwnData, world: World) -> World:
    """The world in which the cells that are given count, and the others are as they were."""
    before = world.own or OwnData()
    for customer_id, made in zip(data.ids, data.made.tolist(), strict=True):
        if made != NOBODY and customer_id not in before.position:
            before = before.merged(adopted(made, world))
    return world.with_own(before.merged(data))


def remove(customer_id: str, world: World) -> World | None:
    """The world without a customer; None where it has none of this id."""
    index = world.customer_index(customer_id)
    if index is None:
        return None
    before = world.own or OwnData()
    if customer_id.lower() in before.position:
        return world.with_own(before.without(customer_id.lower()))
    made = world.generated_ids.index(customer_id)
    return None if made is None else world.with_own(before.without_generated(made))


def put_licences(data: OwnData, world: World) -> World:
    """The world in which what customers hold of the products that are given is as given."""
    for place, product in zip(data.licences.customer.tolist(), data.licences.product.tolist(), strict=True):
        with suppress(KeyError):
            world = remove_licences(data.ids[place], data.texts.products[product], world)
    return change(data, world)


def change_licences(data: OwnData, world: World) -> World:
    """The world in which the given cells of licences count; KeyError where there is no such licence."""
    for place, product in zip(data.licences.customer.tolist(), data.licences.product.tolist(), strict=True):
        customer_id = data.ids[place]
        _with_customer(customer_id, world).require_licences(customer_id, data.texts.products[product])
    return change(data, world)


def remove_licences(customer_id: str, product: str, world: World) -> World:
    """The world in which a customer has no licence of a product; KeyError where it has none now."""
    return world.with_own(_with_customer(customer_id, world).without_licences(customer_id, product))


def _with_customer(customer_id: str, world: World) -> OwnData:
    """What is given, the customer among it; KeyError where the world has none of this id."""
    before = world.own or OwnData()
    if customer_id in before.position:
        return before
    made = world.generated_ids.index(customer_id)
    if made is None:
        raise KeyError(customer_id)
    return before.merged(adopted(made, world))


def adopted(made: int, world: World) -> OwnData:
    """A made customer as a given one, of which nothing is given but what it holds."""
    customer_id = world.generated_ids.id(made)
    names = world.generated_names
    data = OwnData(
        ids=(customer_id,), names=(names.name(made),), domains=(None,), made=np.array([made])
    )  # fmt: skip
    return _holding(data, [made], world)


def _drawn(ids: list[str], data: OwnData, world: World) -> OwnData:
    """Customers of whom nothing was said, with the products they would have drawn."""
    places = [data.position[each] for each in ids]
    alone = OwnData(
        ids=tuple(ids),
        names=tuple(data.names[place] for place in places),
        domains=tuple(data.domains[place] for place in places),
        made=data.made[places],
    )
    entities = np.where(alone.made == NOBODY, entities_of(alone.ids), alone.made)
    return _holding(alone, entities.tolist(), world)


def _holding(data: OwnData, entities: list[int], world: World) -> OwnData:
    licenses = world.licenses
    held = licenses.deployment_of(np.array(entities, dtype=np.int64))
    place = {entity: at for at, entity in enumerate(entities)}
    products = licenses.products
    services = tuple(dict.fromkeys(each.service.code for each in products.products))
    service = np.array([services.index(each.service.code) for each in products.products])
    count = len(held.customer)
    licences = LicenceTable(
        customer=np.array([place[each] for each in held.customer.tolist()], dtype=np.int64),
        product=held.product.astype(np.int64),
        service=service[held.product],
        channel=np.full(count, -1),
        sold=np.full(count, LEFT_OUT),
        deployed=np.full(count, LEFT_OUT),
        percent=np.full(count, np.nan),
        processed=np.full(count, -1),
        product_id=np.full(count, -1),
        is_row=np.ones(count, dtype=np.bool_),
        fills=np.ones(count, dtype=np.bool_),
        service_is_given=np.ones(count, dtype=np.bool_),
    )
    texts = Texts(products=products.names, services=tuple((each, each) for each in services))
    licences, uses = in_order(licences, UseTable.nothing(), texts)
    return structs.replace(data, licences=licences, uses=uses, texts=texts)


def _made(ids: tuple[str, ...], world: World) -> Any:
    """Of each customer the index of the made one of its id, where the world has one."""
    made = np.full(len(ids), NOBODY, dtype=np.int64)
    count = world.generated_customers
    if count:
        index: CustomerIds = world.generated_ids
        found = [index.index(each) for each in ids]
        made[:] = [NOBODY if each is None or each >= count else each for each in found]
    return made


def _check_partner(given: Given, data: OwnData, world: World) -> None:
    """The partner's rows are the sums of the customers' that came with them."""
    if not given.partner or not len(data) or all(chunk.partial for chunk, _, _ in given.partner):
        return
    alone = replace(world, own=data, customers=len(data))
    sums = {
        (row["serviceName"], row["channel"], row.get("workloadName")): row
        for resource in _PARTNER.values()
        for row in alone.rows(resource)
    }
    for chunk, rows, columns in given.partner:
        for at in rows:
            row = {name: column[at] for name, column in columns.items() if column[at] not in (MISSING, "")}
            if chunk.is_text:
                row = {name: cells.number_in(value) for name, value in row.items()}
            _check_sum(row, sums, lambda name, chunk=chunk, at=at: chunk.place(at, name))


def _check_sum(row: dict[str, Any], sums: dict[Any, dict[str, Any]], place: Any) -> None:
    key = tuple(row.get(name) for name in ("serviceName", "channel", "workloadName"))
    known = sums.get(key)
    remedy = "leave the partner's rows out: they follow from the customers'"
    if known is None:
        words = (
            f"no customer's row is of {', '.join(str(each) for each in key if each)} (PI210 partner-groups)"
        )
        raise InputError(words, where=place("serviceName"), remedy=remedy)
    for name in ("licensesSold", "licensesDeployed", "licensesQualified", "licensesActive"):
        if name in row and row[name] != known.get(name, row[name]):
            words = f"{row[name]!r} is not {known[name]}, the sum (PI208 partner-sold-is-the-sum)"
            raise InputError(words, where=place(name), remedy=remedy)
    for name in ("proratedDeploymentPercent", "proratedLicensesUsagePercent"):
        if name in row and name in known:
            value = row[name]
            if not isinstance(value, int | float) or isinstance(value, bool) or abs(value - known[name]) > 1:
                words = f"{value!r} is not {known[name]:g}, that of the sums (PI209 prorated-percent-of-sums)"
                raise InputError(words, where=place(name), remedy=remedy)
