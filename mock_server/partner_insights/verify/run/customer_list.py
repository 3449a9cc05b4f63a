"""A server's list of customers → their ids, read page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from partner_insights.contract.formats import GUID
from partner_insights.contract.paths import find_listing, key_property
from partner_insights.verify.judge.rows import success_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.verify.judge.exchange import Exchange

PAGE_SIZE: Final = 100
MAX_PAGES: Final = 5
"""Pages that are read of a server that is not ours."""
CONTINUATION: Final = "MS-ContinuationToken"

Query: TypeAlias = tuple[tuple[str, str], ...]
GetPage: TypeAlias = "Callable[[Query, Mapping[str, str]], Exchange]"


@dataclass(frozen=True)
class ListedCustomers:
    """The partner's customers, as far as their list was read."""

    ids: tuple[str, ...]
    complete: bool


def customer_list(catalogue: Catalogue) -> Operation | None:
    """The operation that names the customers; None where there is none."""
    for operation in catalogue.operations.values():
        if operation.per_customer:
            found = find_listing(operation, "customer-id", catalogue)
            return None if found is None else found.listing
    return catalogue.operations.get("customers")


def listed_customers(exchange: Exchange, listing: Operation, catalogue: Catalogue) -> ListedCustomers:
    """The customers of a list of any form: all that one answer shows."""
    key = key_property(catalogue.schema(listing.resource), "customer-id") or "id"
    answer = success_of(exchange, catalogue)
    ids = _guids(row.text(key) for row in answer.rows) if answer is not None else ()
    return ListedCustomers(tuple(dict.fromkeys(ids)), complete=answer is not None)


def read_pages(
    get: GetPage, size: int, catalogue: Catalogue, max_pages: int | None
) -> tuple[ListedCustomers, Exchange | None]:
    """The customer list in pages of a size, and the page that leads in a circle, if any.

    Such a page names no customer that is new, and yet a next page.
    """
    ids: list[str] = []
    query: Query | None = (("size", str(size)),)
    headers: dict[str, str] = {}
    pages = 0
    while query is not None and (max_pages is None or pages < max_pages):
        exchange = get(query, headers)
        answer = success_of(exchange, catalogue)
        if answer is None:
            return ListedCustomers(tuple(ids), complete=False), None
        fresh = [guid for guid in _guids(row.text("id") for row in answer.rows) if guid not in ids]
        ids += fresh
        pages += 1
        query, headers = next_page(answer.body, query)
        if query is not None and not fresh:
            return ListedCustomers(tuple(ids), complete=False), exchange
    return ListedCustomers(tuple(ids), complete=query is None), None


def _guids(texts: Iterable[str | None]) -> list[str]:
    return [text for text in texts if text is not None and GUID.fullmatch(text)]


def next_page(body: object, query: Query) -> tuple[Query | None, dict[str, str]]:
    """The query and headers that `links.next` of a page names; None where it is the last.

    Only the link's query and its continuation token are followed: it cannot lead the access token elsewhere.
    """
    links = body.get("links") if isinstance(body, dict) else None
    link = links.get("next") if isinstance(links, dict) else None
    if not isinstance(link, dict) or not isinstance(link.get("uri"), str):
        return None, {}
    followed = dict(query) | dict(parse_qsl(urlsplit(link["uri"]).query)) | {"seekOperation": "Next"}
    fields = link.get("headers")
    for field in fields if isinstance(fields, list) else ():
        if isinstance(field, dict) and str(field.get("key", "")).lower() == CONTINUATION.lower():
            value = field.get("value")
            if isinstance(value, str) and value.isprintable() and value.isascii():
                return tuple(followed.items()), {CONTINUATION: value}
    return tuple(followed.items()), {}
