"""A page → the body of the answer, with the link to the next page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from partner_insights.contract.query.next_link import NextLink
from partner_insights.world.query.page import Plans, RowPage, page_of
from partner_insights.world.query.row_table import WorldTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract import Operation
    from partner_insights.contract.query import Query
    from partner_insights.world.world import World


_LEFT: Final = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in '%&#+"<>\\^`{|}')
"""Characters a link has as they are: the sister service encodes not even blanks."""
_OF_URIS: Final = "!$'()*,-./:;?@_~"
"""Those of a link with scheme and host, which has to be a URI."""


def query_body(
    world: World,
    operation: Operation,
    query: Query,
    *,
    path: str = "",
    form: NextLink = NextLink.RELATIVE,
    host: str = "",
    plans: Plans | None = None,
) -> dict[str, Any]:
    """The body of the page that a query asks for; `path` and `host` are those of the request.

    `plans`: instead of those that the world remembers.
    """
    page = page_in(world, operation, query, plans)
    link = None
    if query.end < page.total:
        link = next_link(operation, query, path or operation.path, form, host)
    return page_body(world.catalogue.resources[operation.envelope or ""].schema, operation, page, link)


def page_in(world: World, operation: Operation, query: Query, plans: Plans | None = None) -> RowPage:
    """The rows of a page, of the day the query is about."""
    shown = world if query.snapshot is None else world.processed_at(operation.resource, query.snapshot)
    if shown is None:
        return RowPage([], 0)
    plans = plans or shown.plans(operation.resource)
    table = WorldTable(shown, operation.resource, plans.columns)
    return page_of(table, query, operation.options.measures, plans)


def page_body(
    schema: Mapping[str, Any], operation: Operation, page: RowPage, link: str | None
) -> dict[str, Any]:
    """Rows in their envelope, its properties in the order of the table."""
    layout = operation.layout
    known = {layout.rows: page.rows, layout.total: page.total}
    if layout.next_link is not None and (link is not None or _takes_null(schema, layout.next_link)):
        known[layout.next_link] = link
    return {name: known[name] for name in schema["properties"] if name in known}


def _takes_null(schema: Mapping[str, Any], name: str) -> bool:
    """Whether the last page has the property, too; elsewhere it has none."""
    return "null" in schema["properties"][name].get("type", ())


def next_link(operation: Operation, query: Query, path: str, form: NextLink, host: str) -> str:
    """Where the page after this one of a query is."""
    parameters = query.after(operation.options)
    left = _OF_URIS if form is NextLink.ABSOLUTE else _LEFT
    words = "&".join(f"{quote(name, safe=left)}={quote(text, safe=left)}" for name, text in parameters)
    place = path.rstrip("/")
    if form is NextLink.RELATIVE:
        place = place.rpartition("/")[2]
    elif form is NextLink.ABSOLUTE:
        place = host.rstrip("/") + place
    return f"{place}?{words}"
