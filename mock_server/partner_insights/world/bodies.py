"""A world → response bodies as the API writes them, the same for the fake and for files."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from partner_insights.contract.query import read_query
from partner_insights.world.customer_resource import CUSTOMER, customer_resource, link, object_type
from partner_insights.world.query import query_body

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.world.world import World

DEFAULT_SIZE: Final = 500
"""Of a page when the caller names no size: all customers, up to what a page can hold."""

_MAC_BYTES: Final = 13
_START_BYTES: Final = 6
_PLACE_BYTES: Final = _START_BYTES + 2


class CustomerPage(Struct, frozen=True):
    """Which customers a list shows: from `start`, at most `size` (get-a-list-of-customers.md)."""

    start: int = 0
    size: int = DEFAULT_SIZE
    named: bool = False
    """Whether the caller named the size."""
    followed: bool = False
    """Whether the caller came here by the link of the page before."""


def response_body(world: World, operation: Operation, customer: int | None = None) -> dict[str, Any]:
    """The body of an operation's 200: about a customer (an index), or the first page of a list."""
    if operation.options and not operation.synthetic:
        return query_body(world, operation, read_query(operation.options, ()))
    if operation.resource != CUSTOMER:
        rows = world.rows(operation.resource, customer)
        return collection_body(world.catalogue, operation.envelope or operation.resource, rows)
    if customer is not None:
        return customer_body(world, customer)
    return customers_body(world, CustomerPage())


def collection_body(catalogue: Catalogue, envelope: str, items: Sequence[Any]) -> dict[str, Any]:
    """Items in their envelope."""
    return {
        "totalCount": len(items),
        "items": items,
        "attributes": {"objectType": object_type(catalogue, envelope)},
    }


def customer_body(world: World, index: int) -> dict[str, Any]:
    """One customer as a resource; IndexError outside 0 … customers−1."""
    customer = world.customer(index)
    return customer_resource(world.catalogue, customer.id, customer.domain, customer.name)


def customers_body(world: World, page: CustomerPage) -> dict[str, Any]:
    """One page of the customer list, with the links to it and to the next."""
    stop = min(page.start + page.size, world.customers)
    # Recordings of the real service start such a link with /customers; clients put /v1 in front.
    own = f"/customers?size={page.size}" if page.named else "/customers"
    seek = f"/customers?size={page.size}&seekOperation=Next"
    links = {
        "self": link(seek, continuation_token(world, page.start, page.size)) if page.followed else link(own)
    }
    if stop < world.customers:
        links["next"] = link(seek, continuation_token(world, stop, page.size))
    span = page.start, max(page.start, stop)
    profiles = zip(world.ids.ids(*span), world.names.domains(*span), world.names.names(*span), strict=True)
    items = [customer_resource(world.catalogue, *each) for each in profiles]
    body = collection_body(world.catalogue, "CustomerCollection", items)
    return {
        "totalCount": body["totalCount"],
        "items": items,
        "links": links,
        "attributes": body["attributes"],
    }


def continuation_token(world: World, start: int, size: int = DEFAULT_SIZE) -> str:
    """The opaque token that continues the list at `start` in pages of `size`: the same for equal worlds."""
    place = start.to_bytes(_START_BYTES) + size.to_bytes(_PLACE_BYTES - _START_BYTES)
    return base64.urlsafe_b64encode(place + _mac(world, place)).decode("ascii")


def continued_at(world: World, token: str) -> tuple[int, int] | None:
    """Where a token continues, and in pages of which size; None for a token that is not of an equal world."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    place, mac = raw[:_PLACE_BYTES], raw[_PLACE_BYTES:]
    if not hmac.compare_digest(mac, _mac(world, place)):
        return None
    return int.from_bytes(place[:_START_BYTES]), int.from_bytes(place[_START_BYTES:])


def _mac(world: World, place: bytes) -> bytes:
    # Keyed by the world and not by the run: equal worlds list equal bytes, and a token outlives a restart.
    key = f"customers of seed {world.seed}, {world.customers}".encode()
    return hmac.digest(key, place, hashlib.sha256)[:_MAC_BYTES]
