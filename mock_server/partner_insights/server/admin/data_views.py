"""The world in force → what a person looks for in it: figures, customers by name, one's licences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flask import request

from partner_insights.server.admin.controls import Control, ControlError, json_error, json_ok, query_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

    from partner_insights.contract import Catalogue
    from partner_insights.server.settings import Settings
    from partner_insights.server.state import Snapshot, State
    from partner_insights.world import World

MAX_EXAMINED: Final = 20_000
"""Customers that one request looks at: about a tenth of a second. The reply says where to go on."""
MAX_SHOWN: Final = 100
_SHOWN: Final = 20
_DOMAIN: Final = re.compile(r".+-([0-9]{1,10})\.example", re.ASCII)
_OF_A_DOMAIN: Final = re.compile(r"[a-z0-9.-]+", re.ASCII)
"""What may be a part of one; anything else saves their making."""

_FIGURES: Final[Mapping[str, str]] = {
    "deployment": "PartnerLicensesDeploymentInsights",
    "usage": "PartnerLicensesUsageInsights",
}
_LICENCES: Final[Mapping[str, str]] = {
    "deployment": "CustomerLicensesDeploymentInsights",
    "usage": "CustomerLicensesUsageInsights",
}


class DataViews:
    """What can be seen of the licence analytics without asking the API, which would keep a journal of it."""

    def __init__(self, catalogue: Catalogue, state: State, settings: Settings) -> None:
        known = {*_FIGURES.values(), *_LICENCES.values()} <= catalogue.resources.keys()
        self.shown = known and settings.recording is None
        """Whether there are any: not in a replay, nor in a fake of other resources."""
        self._state = state

    def controls(self) -> tuple[Control, ...]:
        """Figures and customers."""
        return (
            Control("/figures", "GET", self.figures),
            Control("/customers", "GET", self.customers),
            Control("/customers/<customer_id>", "GET", self.customer),
        )

    def figures(self) -> Response:
        """The partner's rows of deployment and usage, as the API answers them now."""
        scene = self._state.scene
        rows = {name: _rows(scene, resource) for name, resource in _FIGURES.items()}
        return json_ok({"percentScale": scene.world.percent_scale, **rows})

    def customers(self) -> Response:
        """The customers with `search` in name, domain or id, from the number `after` on, at most `size`."""
        after = query_number("after", 0)
        size = query_number("size", _SHOWN)
        if after < 0 or not 0 < size <= MAX_SHOWN:
            return json_error(400, f"give after from 0 on, and size from 1 to {MAX_SHOWN}")
        return json_ok(search_customers(self._state.scene.world, request.args.get("search", ""), after, size))

    def customer(self, customer_id: str) -> Response:
        """Who a customer is, and its rows of deployment and usage."""
        scene = self._state.scene
        return json_ok(customer_content(scene, known_customer(scene.world, customer_id)))


def known_customer(world: World, customer_id: str) -> int:
    """The number of a customer; ControlError where the partner has none of this id."""
    index = world.customer_index(customer_id)
    if index is None:
        raise ControlError(404, f"the partner has no customer {customer_id[:80]!r}")
    return index


def customer_content(scene: Snapshot, index: int) -> dict[str, Any]:
    """Who a customer is, what of it was given, and its rows."""
    world = scene.world
    customer = world.customer(index)
    given = world.own is not None and customer.id in world.own.position
    notes = [] if world.own is None else [words for each, words in world.own.notes if each == customer.id]
    return {
        "id": customer.id,
        "name": customer.name,
        "domain": customer.domain,
        "country": customer.country,
        "channel": customer.channel,
        "given": given,
        "invalid": notes,
        **{name: _rows(scene, resource, index) for name, resource in _LICENCES.items()},
    }


def search_customers(world: World, search: str, after: int = 0, size: int = _SHOWN) -> dict[str, Any]:
    """`{"customers", "examined", "total", "next"}`; `next` is the `after` to go on from, None at the end."""
    needle = search.strip().casefold()
    alone = _named(world, needle)
    if alone is not None:
        return {"customers": [_line(world, alone)], "examined": 1, "total": world.customers, "next": None}
    stop = min(after + MAX_EXAMINED, world.customers)
    names = world.names.names(after, stop)
    domains = world.names.domains(after, stop) if _OF_A_DOMAIN.fullmatch(needle) else [""] * len(names)
    indexes: list[int] = []
    at = after
    for at, name, domain in zip(range(after, stop), names, domains, strict=True):
        if needle in name.casefold() or needle in domain:
            indexes.append(at)
            if len(indexes) == size:
                break
    reached = at + 1 if after < stop else after
    return {
        "customers": [_line(world, index) for index in indexes],
        "examined": reached - after,
        "total": world.customers,
        "next": reached if reached < world.customers else None,
    }


def _named(world: World, needle: str) -> int | None:
    """The one customer whose id or whole domain that is."""
    domain = _DOMAIN.fullmatch(needle)
    if domain is None:
        return world.customer_index(needle)
    index = int(domain[1])
    return index if index < world.customers and world.customer(index).domain == needle else None


def _line(world: World, index: int) -> dict[str, str]:
    customer = world.customer(index)
    return {"id": customer.id, "name": customer.name, "domain": customer.domain}


def _rows(scene: Snapshot, resource: str, customer: int | None = None) -> list[dict[str, Any]]:
    return [] if scene.conditions.empty else scene.world.rows(resource, customer)
