"""The keys of all entries → the licences they are about, each once, in order, as yet without numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec.structs import asdict, replace

from partner_insights.world.own.folding import licence_groups, licence_order
from partner_insights.world.own.table import LEFT_OUT, LicenceTable
from partner_insights.world.products import O365

if TYPE_CHECKING:
    from partner_insights.world.hashing import Integers
    from partner_insights.world.own.entries import Given
    from partner_insights.world.own.texts import Texts

_UNKNOWN: Final[Any] = np.array(-1, dtype=np.int32)
"""A code of nothing."""


def licences_of(
    given: Given, customer_of: Integers, services: Integers, texts: Texts
) -> tuple[LicenceTable, Integers, Texts]:
    """Each licence once, in order, as yet without numbers; of each key the number of its licence."""
    licences, texts = _keys(given, customer_of, services, texts)
    licences, entry = licence_groups(licences, texts)
    entry = _put_in_order(licences, entry, texts)
    known = _known(licences)
    unknown = {name: each.copy() for name, each in asdict(licences).items() if name not in known}
    return replace(licences, **unknown), entry, texts


def _keys(
    given: Given, customer_of: Integers, services: Integers, texts: Texts
) -> tuple[LicenceTable, Texts]:
    """An entry for each key; what is not known yet takes no memory while the others are put in order."""
    column = given.keys.joined
    product, service, short = column("product"), services[column("service")], column("short", np.bool_)
    count, is_given = len(short), service >= 0
    service, texts = _services(given, texts, product, service)
    nothing, unknown = np.broadcast_to(LEFT_OUT, count), np.broadcast_to(_UNKNOWN, count)
    return LicenceTable(
        customer=customer_of[column("customer")],
        product=product,
        service=service,
        channel=column("channel"),
        sold=nothing,
        deployed=nothing,
        percent=np.broadcast_to(np.nan, count),
        processed=unknown,
        product_id=unknown,
        is_row=np.full(count, not given.api_deployment) & ~short,
        fills=short | (not given.api_use),
        service_is_given=is_given,
    ), texts


def _put_in_order(licences: LicenceTable, entry: Integers, texts: Texts) -> Integers:
    """The number of the licence of each entry, once they are in order: column by column, in its place."""
    order, place = licence_order(licences, texts)
    for column in _known(licences).values():
        column[:] = column[order]
    return place[entry]


def _known(licences: LicenceTable) -> dict[str, Any]:
    """The columns that are more than one number for all rows."""
    return {name: column for name, column in asdict(licences).items() if column.flags.writeable}


def _services(given: Given, texts: Texts, product: Integers, service: Integers) -> tuple[Integers, Texts]:
    """The service of each licence; left out, it is that of the product elsewhere, or in the catalogue."""
    left = service < 0
    if not left.any():
        return service, texts
    known = dict(zip(product[~left].tolist(), service[~left].tolist(), strict=True))
    services = list(texts.services)
    by_name = {name: place for place, (name, _) in enumerate(services)}
    for code in sorted(set(product[left].tolist())):
        if code not in known:
            sold = given.products.by_name.get(texts.products[code].casefold())
            name = (O365 if sold is None else sold.service).code
            if name not in by_name:
                by_name[name] = len(services)
                services.append((name, name))
            known[code] = by_name[name]
    filled = service.copy()
    filled[left] = [known[code] for code in product[left].tolist()]
    return filled, replace(texts, services=tuple(services))
