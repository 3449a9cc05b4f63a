"""A JSON file of products, workloads and rules → the catalogue; InputError for one that is not sound."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from partner_insights.contract.model import Standing
from partner_insights.documents import json_value
from partner_insights.errors import InputError
from partner_insights.file_reader import read_input
from partner_insights.world.products import (
    ABSENT,
    AUDIENCES,
    SERVICES,
    Period,
    Product,
    ProductCatalogue,
    ProductRule,
    Workload,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_Made = TypeVar("_Made")

PRODUCTS_FILE: Final = Path(__file__).with_name("products.json")
_SERVICES: Final = {service.code: service for service in SERVICES}


@cache
def default_catalogue() -> ProductCatalogue:
    """The catalogue of the package; a test and not every start finds it sound."""
    return _catalogue(json_value(PRODUCTS_FILE.read_bytes()))


def read_catalogue(path: Path) -> ProductCatalogue:
    """The catalogue of a file."""
    try:
        catalogue = _catalogue(json_value(read_input(path)))
        problem = next(_problems(catalogue), None)
    except OSError as error:
        raise InputError(f"cannot be read ({error})", where=str(path)) from error
    except KeyError as error:
        problem = f"{error.args[0]!r} is missing or unknown"
    except (TypeError, ValueError, AttributeError) as error:
        problem = str(error)
    if problem is not None:
        raise InputError(f"is no catalogue of products: {problem}", where=str(path))
    return catalogue


def _catalogue(document: Mapping[str, Any]) -> ProductCatalogue:
    workloads = tuple(sorted(_each(document, "workloads", _workload), key=lambda each: each.name))
    by_code = {workload.code: workload for workload in workloads}
    return ProductCatalogue(
        workloads=workloads,
        products=tuple(_each(document, "products", lambda entry: _product(entry, by_code))),
        rules=tuple(_each(document, "rules", _rule)) if "rules" in document else (),
    )


def _each(document: Mapping[str, Any], member: str, make: Callable[[Any], _Made]) -> Iterator[_Made]:
    """What the entries of a member are; ValueError names the one that is none."""
    for at, entry in enumerate(document[member]):
        try:
            yield make(entry)
        except KeyError as error:
            raise ValueError(f"/{member}/{at}: {error.args[0]!r} is missing or unknown") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"/{member}/{at}: {error}") from error


def _workload(entry: Mapping[str, Any]) -> Workload:
    return Workload(
        code=entry["code"],
        name=entry["name"],
        services=tuple(_SERVICES[code] for code in entry["services"]),
        share=entry["share"],
        runs=_period(entry),
    )


def _product(entry: Mapping[str, Any], workloads: Mapping[str, Workload]) -> Product:
    renamed = [(_ordinal(day), name) for day, name in entry.get("renamed", {}).items()]
    return Product(
        id=entry["id"],
        names=((1, entry["name"]), *sorted(renamed)),
        service=_SERVICES[entry["service"]],
        workloads=tuple(sorted((workloads[code] for code in entry["workloads"]), key=lambda each: each.name)),
        weight=entry["weight"],
        seats=entry["seats"],
        base=entry.get("base", False),
        audience=entry.get("audience"),
        max_seats=entry.get("max-seats"),
        sold=_period(entry),
        otherwise=entry.get("otherwise"),
        gives=tuple(entry.get("gives", ())),
        needs=entry.get("needs"),
    )


def _rule(entry: Mapping[str, Any]) -> ProductRule:
    return ProductRule(
        id=entry["id"],
        says=entry["says"],
        reason=entry["reason"],
        source=entry["source"],
        standing=Standing(entry["standing"]),
    )


def _period(entry: Mapping[str, Any]) -> Period:
    return Period(_ordinal(entry.get("from", "0001-01-01")), _ordinal(entry.get("until", "9999-12-31")))


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def _problems(catalogue: ProductCatalogue) -> Iterator[str]:
    """What a world could not be drawn from."""
    if len(catalogue.by_id) < len(catalogue.products):
        yield "two products have one id"
    if not 0 < len(catalogue.products) < ABSENT:
        yield f"it needs 1 to {ABSENT - 1} products"
    if len({product.needs for product in catalogue.products} - {None}) > 8:
        yield "products need more than eight different things"
    for product in catalogue.products:
        yield from (f"{product.id} {problem}" for problem in _problems_of(product, catalogue))
    for audience in AUDIENCES:
        if not any(each.base and each.audience in (audience, None) for each in catalogue.products):
            yield f"{audience} customers have no base product"
    for day in catalogue.changes:
        names = [product.name_on(day) for product in catalogue.products if day in product.sold]
        if len(set(names)) < len(names):
            yield f"two products have one name on {date.fromordinal(day)}"


def _problems_of(product: Product, catalogue: ProductCatalogue) -> Iterator[str]:
    if product.weight <= 0 or product.seats <= 0:
        yield "has no positive weight and seats"
    if product.audience not in (*AUDIENCES, None):
        yield f"is for {product.audience!r}, which is none of {', '.join(AUDIENCES)}"
    if any(product.service not in workload.services for workload in product.workloads):
        yield "has a workload of another service"
    if product.max_seats is not None and product.max_seats < 2:
        yield "has fewer than two seats"
    if product.base and product.needs is not None:
        yield "is a base product and needs another"
    if product.needs is not None and not any(
        product.needs in each.gives and each.needs is None for each in catalogue.products
    ):
        yield f"needs {product.needs!r}, which no product gives that needs nothing itself"
    chain = [product]
    while (following := chain[-1].otherwise) is not None:
        chain.append(catalogue.by_id[following])
        if chain[-1] in chain[:-1]:
            yield "is replaced in a circle"
            return
    if len({(each.service, each.audience, each.base) for each in chain}) > 1:
        yield "is replaced by a product of another service or audience, or by an add-on"
    for day in catalogue.changes:
        sold = catalogue.sold_instead(product, day)
        if sold is None and product.base:
            yield f"is not sold on {date.fromordinal(day)}, nor anything instead"
        if sold is not None and not sold.workloads_on(day):
            yield f"has no workload on {date.fromordinal(day)}"
