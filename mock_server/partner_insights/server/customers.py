"""Customers of a world → Customer resources, and their list page by page (get-a-list-of-customers.md)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from partner_insights.server.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.world import World

CONTINUATION: Final = "MS-ContinuationToken"
DEFAULT_SIZE: Final = 100
"""A page when the caller names no size; the page says `size` is required, real clients leave it out."""

_MAC_BYTES: Final = 12


@dataclass(frozen=True)
class Page:
    """Which customers to list: from `start`, at most `size`; `named` is the size as the caller gave it."""

    start: int
    size: int
    named: bool
    followed: bool


@dataclass(frozen=True)
class CustomerList:
    """The customers of one world as resources."""

    world: World
    catalogue: Catalogue

    def page_of(self, query: Mapping[str, str], continuation: str | None, operation: Operation) -> Page:
        """Read the query of a list request; Refused("invalid-query") for what the contract does not allow.

        A next page is asked for by `seekOperation=Next` with the continuation header. One without the other
        is refused: a client answered with the first page would read it for ever.
        """
        size = _whole_number(query, "size", operation)
        seek = query.get("seekOperation")
        if seek is not None and seek not in operation.query["seekOperation"]["enum"]:
            raise Refused("invalid-query", data=["seekOperation"])
        if (seek is None) != (continuation is None):
            raise Refused("invalid-query", data=[CONTINUATION if continuation is None else "seekOperation"])
        start = 0 if continuation is None else self._start(continuation)
        return Page(start, size or DEFAULT_SIZE, size is not None, continuation is not None)

    def listing(self, page: Page) -> dict[str, Any]:
        """The collection of one page, with the links to it and to the next."""
        stop = min(page.start + page.size, self.world.customers)
        first = _link(f"/customers?size={page.size}" if page.named else "/customers")
        links = {"self": self._seek(page.size, page.start) if page.followed else first}
        if stop < self.world.customers:
            links["next"] = self._seek(page.size, stop)
        items = [self.customer(index) for index in range(page.start, stop)]
        return {
            "totalCount": len(items),
            "items": items,
            "links": links,
            "attributes": {"objectType": object_type(self.catalogue, "CustomerCollection")},
        }

    def customer(self, index: int) -> dict[str, Any]:
        """One customer as a resource."""
        customer = self.world.customer(index)
        relationship = self.catalogue.schema("Customer")["properties"]["relationshipToPartner"]
        return {
            "id": customer.id,
            "companyProfile": {
                "tenantId": customer.id,
                "domain": customer.domain,
                "companyName": customer.name,
                "attributes": {"objectType": object_type(self.catalogue, "CustomerCompanyProfile")},
            },
            "relationshipToPartner": relationship["examples"][0],
            "links": {"self": _link(f"/customers/{customer.id}")},
            "attributes": {"objectType": object_type(self.catalogue, "Customer")},
        }

    def token(self, start: int) -> str:
        """The opaque token that continues at `start`: the same for the same world, and only ours to make."""
        place = start.to_bytes(6)
        return base64.urlsafe_b64encode(place + self._mac(place)).decode("ascii")

    def _seek(self, size: int, start: int) -> dict[str, Any]:
        # Recordings of the real service start such a link with /customers; clients put /v1 in front.
        return _link(f"/customers?size={size}&seekOperation=Next", **{CONTINUATION: self.token(start)})

    def _start(self, token: str) -> int:
        try:
            raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error) as error:
            raise Refused("invalid-query", data=[CONTINUATION]) from error
        place, mac = raw[:6], raw[6:]
        if not hmac.compare_digest(mac, self._mac(place)):
            raise Refused("invalid-query", data=[CONTINUATION])
        return int.from_bytes(place)

    def _mac(self, place: bytes) -> bytes:
        # Keyed by the world, not by the run: equal worlds list equal bytes, and a token outlives a restart.
        key = f"customers of seed {self.world.seed}, {self.world.customers}".encode()
        return hmac.digest(key, place, hashlib.sha256)[:_MAC_BYTES]


def object_type(catalogue: Catalogue, resource: str) -> str:
    """What the contract says the `objectType` of a resource is."""
    attributes = catalogue.schema(resource)["properties"]["attributes"]
    constant: str = attributes["properties"]["objectType"]["const"]
    return constant


def _whole_number(query: Mapping[str, str], name: str, operation: Operation) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    schema = operation.query[name]
    # int() alone would take signs, spaces, underscores and other scripts' digits.
    if text.isascii() and text.isdigit() and schema["minimum"] <= int(text[:9]) <= schema["maximum"]:
        return int(text)
    raise Refused("invalid-query", data=[name])


def _link(uri: str, **headers: str) -> dict[str, Any]:
    sent = [{"key": key, "value": value} for key, value in headers.items()]
    return {"uri": uri, "method": "GET", "headers": sent}
