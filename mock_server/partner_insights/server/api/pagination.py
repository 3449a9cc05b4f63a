"""The query of a customer list → the page it asks for (get-a-list-of-customers.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from partner_insights.contract.query.parameters import is_valid
from partner_insights.server.http.errors import ApiError
from partner_insights.world.bodies import DEFAULT_SIZE, CustomerPage, continued_at
from partner_insights.world.customer_resource import CONTINUATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract import Operation
    from partner_insights.world import World


def parse_page(
    world: World, query: Mapping[str, str], continuation: str | None, operation: Operation
) -> CustomerPage:
    """Read the query of a list request; ApiError("invalid-query") for what the contract does not allow.

    Another page is asked for by `seekOperation` with the continuation header. One without the other is
    refused: a client answered with the first page would read it for ever. Without a size, or with 0, the
    token's pages keep their size. An index that is none is refused also where no page is sought by it.
    """
    size = _whole_number(query, "size", operation) or None
    index = _whole_number(query, "index", operation) or 0
    seek = query.get("seekOperation")
    if seek is not None and seek not in operation.query["seekOperation"]["enum"]:
        raise ApiError("invalid-query", data=["seekOperation"])
    if (seek is None) != (continuation is None):
        raise ApiError("invalid-query", data=[CONTINUATION if continuation is None else "seekOperation"])
    if seek is None or continuation is None:
        return CustomerPage(0, size or DEFAULT_SIZE, size is not None)
    continued = continued_at(world, continuation)
    if continued is None:
        raise ApiError("invalid-query", data=[CONTINUATION])
    start, before = continued
    pages = CustomerPage(start, size or before, named=True, followed=True)
    return replace(pages, start=_start(seek, pages, index, world.customers))


def _start(seek: str, page: CustomerPage, index: int, customers: int) -> int:
    """Where the wanted page starts; the token leads to the page after the one it came with."""
    last = max(0, customers - 1) // page.size * page.size
    starts = {
        "Next": page.start,
        "Previous": max(0, page.start - 2 * page.size),
        "First": 0,
        "Last": last,
        "PageIndex": index * page.size,
    }
    if seek == "PageIndex" and starts[seek] > last:
        raise ApiError("invalid-query", data=["index"])
    return starts[seek]


def _whole_number(query: Mapping[str, str], name: str, operation: Operation) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    schema = operation.query[name]
    # int() alone would take signs, spaces, underscores and other scripts' digits.
    if text.isascii() and text.isdigit() and len(text) < 10 and is_valid(schema, text):
        return int(text)
    raise ApiError("invalid-query", data=[name])
