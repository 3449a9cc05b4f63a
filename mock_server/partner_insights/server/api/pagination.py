"""The query of a customer list → the page it asks for (get-a-list-of-customers.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    """Read the query of a list request; Refused("invalid-query") for what the contract does not allow.

    A next page is asked for by `seekOperation=Next` with the continuation header. One without the other
    is refused: a client answered with the first page would read it for ever.
    """
    size = _whole_number(query, "size", operation)
    seek = query.get("seekOperation")
    if seek is not None and seek not in operation.query["seekOperation"]["enum"]:
        raise ApiError("invalid-query", data=["seekOperation"])
    if (seek is None) != (continuation is None):
        raise ApiError("invalid-query", data=[CONTINUATION if continuation is None else "seekOperation"])
    start = 0 if continuation is None else continued_at(world, continuation)
    if start is None:
        raise ApiError("invalid-query", data=[CONTINUATION])
    return CustomerPage(start, size or DEFAULT_SIZE, size is not None, continuation is not None)


def _whole_number(query: Mapping[str, str], name: str, operation: Operation) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    schema = operation.query[name]
    # int() alone would take signs, spaces, underscores and other scripts' digits.
    if text.isascii() and text.isdigit() and len(text) < 10:
        number = int(text)
        if schema["minimum"] <= number <= schema["maximum"]:
            return number
    raise ApiError("invalid-query", data=[name])
