"""What happens to a customer from a day on → the world of any day, with what has happened by then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Struct, structs
from msgspec.structs import asdict

from partner_insights.errors import InputError
from partner_insights.world.own import load
from partner_insights.world.own.cells import MAX_COUNT
from partner_insights.world.own.files import chunks_of_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from partner_insights.world.world import World

    _Change: TypeAlias = Callable[[World, Mapping[str, Any]], World]

DEPLOYMENT: Final = "CustomerLicensesDeploymentInsights"
USAGE: Final = "CustomerLicensesUsageInsights"


class Event(Struct, frozen=True):
    """One thing that happens to one customer."""

    date: date
    customer: str
    """The id, lower case."""
    event: str
    product: str | None = None
    licenses: int | None = None
    workload: str | None = None

    def content(self) -> dict[str, Any]:
        """As the admin API tells it."""
        told = {**asdict(self), "date": self.date.isoformat()}
        return {name: value for name, value in told.items() if value is not None}


def read_event(content: Any, world: World) -> Event:
    """The event that a JSON value describes; InputError for one that cannot happen in this world."""
    form = f'send {{"date": "2026-12-01", "customer": ID, "event": one of {", ".join(KINDS)}}}'
    if not isinstance(content, dict):
        raise InputError("the body is no object", remedy=form)
    unknown = sorted(content.keys() - {"date", "customer", "event", "product", "licenses", "workload"})
    if unknown:
        raise InputError(f"an event has no {', '.join(unknown)}", remedy=form)
    kind, customer = content.get("event"), content.get("customer")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError(
            f"{kind!r} does not happen", where="/event", remedy=f"give one of {', '.join(KINDS)}"
        )
    index = world.customer_index(customer) if isinstance(customer, str) else None
    if index is None or not isinstance(customer, str):
        raise InputError(f"the partner has no customer {str(customer)[:80]!r}", where="/customer")
    day = read_day(content.get("date"), "/date")
    for name in ("product", "workload"):
        if not isinstance(content.get(name, ""), str):
            raise InputError("is no text", where=f"/{name}")
    licences = content.get("licenses")
    event = Event(day, customer.lower(), kind, content.get("product"), licences, content.get("workload"))
    wanted = KINDS[kind].needs
    for name in wanted:
        if getattr(event, name) is None:
            raise InputError(f"is missing: {kind} needs {' and '.join(wanted)}", where=f"/{name}")
    if licences is not None and (type(licences) is not int or not 0 <= licences <= MAX_COUNT):
        raise InputError("is no number of licences", where="/licenses")
    _apply(event, replace(world, as_of=day), _change)  # what cannot be is said now, and not on its day
    return event


def read_day(value: Any, where: str) -> date:
    """The day that a member of a JSON value names; InputError for what is none."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise InputError("is no day of the calendar", where=where, remedy="give YYYY-MM-DD") from error


def with_events(world: World, events: Iterable[Event]) -> World:
    """The world with what has happened by its day."""
    for event in sorted(events, key=lambda each: each.date):
        if event.date <= world.as_of:
            world = _apply(event, world, _change_anyhow)
    return world


def _apply(event: Event, world: World, change: _Change) -> World:
    index = world.customer_index(event.customer)
    return world if index is None else KINDS[event.event].apply(event, world, index, change)


def _leave(event: Event, world: World, index: int, change: _Change) -> World:
    return load.remove(event.customer, world) or world


def _buy(event: Event, world: World, index: int, change: _Change) -> World:
    """So many licences more, of a product it has or has not."""
    row = _row(event, world, index)
    before = 0 if row is None else _count(row, "licensesSold")
    return _with_licence(event, world, index, change, row, sold=before + (event.licenses or 0))


def _renew(event: Event, world: World, index: int, change: _Change) -> World:
    """So many licences from now on, more or fewer."""
    row, sold = _row(event, world, index), event.licenses or 0
    if row is None:
        return world
    for use in world.rows(USAGE, index):
        if _is_of(event, use) and _count(use, "licensesQualified") > sold:
            active = min(sold, _count(use, "licensesActive"))
            world = _with_use(event, world, change, use, qualified=sold, active=active)
    deployed = min(sold, _count(row, "licensesDeployed"))
    return _with_licence(event, world, index, change, row, sold=sold, deployed=deployed)


def _stop_using(event: Event, world: World, index: int, change: _Change) -> World:
    """Nobody is active any more: in one workload, one product, or anything."""
    for row in world.rows(USAGE, index):
        if _is_of(event, row) and event.workload in (None, row["workloadName"]):
            world = _with_use(event, world, change, row, active=0)
    return world


def _row(event: Event, world: World, index: int) -> dict[str, Any] | None:
    return next((row for row in world.rows(DEPLOYMENT, index) if _is_of(event, row)), None)


def _is_of(event: Event, row: Mapping[str, Any]) -> bool:
    """Whether a row is of the event's product, in whatever case; of any, where it names none."""
    return event.product is None or str(row["productName"]).casefold() == event.product.casefold()


def _with_licence(
    event: Event, world: World, index: int, change: _Change, row: Mapping[str, Any] | None, **counts: int
) -> World:
    licence: dict[str, Any] = {"product": event.product, **counts}
    if row is not None:
        licence |= {"service": row["serviceName"], "channel": row["channel"]}
        licence.setdefault("deployed", min(counts["sold"], _count(row, "licensesDeployed")))
    name = world.names.name(index)
    return change(world, {"id": event.customer, "name": name, "licenses": [licence]})


def _with_use(event: Event, world: World, change: _Change, row: Mapping[str, Any], **counts: int) -> World:
    content = {
        "id": event.customer,
        "name": row["customerName"],
        "product": row["productName"],
        "service": row["serviceName"],
        "channel": row["channel"],
        "workload": row["workloadName"],
        "workloadCode": row["workloadCode"],
        **counts,
    }
    return change(world, content)


def _change(world: World, content: Mapping[str, Any]) -> World:
    return load.change(load.read(chunks_of_value(dict(content)), world), world)


def _change_anyhow(world: World, content: Mapping[str, Any]) -> World:
    """What was taken on purpose although it is invalid does not hinder what happens to its customer."""
    data = load.read(chunks_of_value(dict(content)), world, allow_invalid=True)
    return load.change(structs.replace(data, raw=(), notes=()), world)


def _count(row: Mapping[str, Any], name: str) -> int:
    """A count; 0 in place of what is none and was taken on purpose."""
    value = row[name]
    return value if type(value) is int and 0 <= value <= MAX_COUNT else 0


class _Kind(Struct, frozen=True):
    """What happens, and what has to be said of it."""

    apply: Callable[[Event, World, int, _Change], World]
    needs: tuple[str, ...] = ()


KINDS: Final[Mapping[str, _Kind]] = {
    "leaves": _Kind(_leave),
    "buys": _Kind(_buy, ("product", "licenses")),
    "renews": _Kind(_renew, ("product", "licenses")),
    "stops-using": _Kind(_stop_using),
}
