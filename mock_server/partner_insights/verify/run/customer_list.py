"""A server's list of customers → their ids, read page by page, and what is wrong with the pages together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from partner_insights.contract.formats import GUID
from partner_insights.contract.paths import find_listing, key_property
from partner_insights.verify.judge.http_checks import http_finding
from partner_insights.verify.judge.rows import success_of
from partner_insights.verify.judge.violation import display_value, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.verify.judge.exchange import Exchange
    from partner_insights.verify.judge.rows import JudgedResponse
    from partner_insights.verify.judge.violation import Finding

PAGE_SIZE: Final = 100
MAX_PAGES: Final = 5
"""Pages that are read of a server that is not ours."""
MAX_BARREN: Final = 20
"""Pages in a row that name nobody new: so many, and a list has no end."""
CONTINUATION: Final = "MS-ContinuationToken"

Query: TypeAlias = tuple[tuple[str, str], ...]
GetPage: TypeAlias = "Callable[[Query, Mapping[str, str]], Exchange]"


@dataclass(frozen=True)
class ListedCustomers:
    """The partner's customers, as far as their list was read."""

    ids: tuple[str, ...]
    complete: bool


@dataclass
class Reading:
    """A list that is being read."""

    size: int | None
    ids: list[str] = field(default_factory=list)
    complete: bool = False
    faults: list[tuple[Exchange, Finding]] = field(default_factory=list)
    """What one page makes wrong about the list as a whole."""
    pages: list[tuple[Exchange, JudgedResponse]] = field(default_factory=list)

    @property
    def customers(self) -> ListedCustomers:
        """Whom it names, each once."""
        return ListedCustomers(tuple(self.ids), self.complete)

    def add(self, exchange: Exchange, answer: JudgedResponse) -> bool:
        """Take a page in; whether it names anybody new."""
        named = _guids(row.text("id") for row in answer.rows)
        known = {guid.lower() for guid in self.ids}
        again = [guid for guid in named if guid.lower() in known]
        if again:
            message = f"this page names {shortened(again[0])} again, whom a page before it has"
            self.faults.append((exchange, http_finding("PI317", message, "/items")))
        if self.size is not None and len(answer.rows) > self.size:
            message = f"pages of {self.size} were asked for, and this one has {len(answer.rows)} customers"
            self.faults.append((exchange, http_finding("PI317", message, "/items")))
        fresh = [guid for guid in named if guid.lower() not in known]
        self.ids += fresh
        self.pages.append((exchange, answer))
        return bool(fresh)

    def check_totals(self) -> None:
        """Each page's total is its own number of customers, or on all pages that of the whole list."""
        totals = [answer.members.get("totalCount") for _, answer in self.pages]
        counts = [len(answer.rows) for _, answer in self.pages]
        if len(self.pages) < 2 or totals == counts:
            return
        whole = len(self.ids) if self.complete else totals[0]
        for (exchange, _), total in zip(self.pages, totals, strict=True):
            if total != whole:
                of_all = (
                    f"{whole} customers" if self.complete else f"the {display_value(whole)} of the first page"
                )
                message = (
                    f"totalCount is {display_value(total)}: neither the number of customers of each page "
                    f"nor, on all pages, that of the whole list, {of_all}"
                )
                self.faults.append((exchange, http_finding("PI317", message, "/totalCount")))
                return


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


def read_pages(get: GetPage, size: int | None, catalogue: Catalogue, max_pages: int | None) -> Reading:
    """The customer list in pages of a size, or of the server's own (None)."""
    reading = Reading(size)
    query: Query | None = (("size", str(size)),) if size is not None else ()
    headers: dict[str, str] = {}
    followed: set[tuple[Query, tuple[tuple[str, str], ...]]] = set()
    barren = 0
    while query is not None and (max_pages is None or len(reading.pages) < max_pages):
        exchange = get(query, headers)
        answer = success_of(exchange, catalogue)
        if answer is None:
            return reading
        followed.add((query, tuple(headers.items())))
        barren = 0 if reading.add(exchange, answer) else barren + 1
        query, headers = next_page(answer.body, query)
        circular = query is not None and (query, tuple(headers.items())) in followed
        if circular or (query is not None and barren >= MAX_BARREN):
            words = "a page that was read before" if circular else f"nobody new for {barren} pages"
            message = f"the list has no end: the next link of this page leads to {words}"
            reading.faults.append((exchange, http_finding("PI316", message, "/links/next")))
            return reading
    reading.complete = query is None
    reading.check_totals()
    return reading


def _guids(texts: Iterable[str | None]) -> list[str]:
    return [text for text in texts if text is not None and GUID.fullmatch(text)]


def page_sizes(customers: ListedCustomers) -> Iterator[int | None]:
    """In which pages a list is read once more: three of them, and as many as the server likes."""
    if len(customers.ids) > 1:
        yield -(-len(customers.ids) // 3)
    yield None


def next_page(body: object, query: Query) -> tuple[Query | None, dict[str, str]]:
    """The query and headers that `links.next` of a page names; None where it is the last.

    Only the link's query and its continuation token are followed: it cannot lead the access token elsewhere.
    """
    links = body.get("links") if isinstance(body, dict) else None
    link = links.get("next") if isinstance(links, dict) else None
    if not isinstance(link, dict) or not isinstance(link.get("uri"), str):
        return None, {}
    try:
        named = parse_qsl(urlsplit(link["uri"]).query)
    except ValueError:
        return None, {}
    followed = dict(query) | dict(named) | {"seekOperation": "Next"}
    fields = link.get("headers")
    for field_ in fields if isinstance(fields, list) else ():
        if isinstance(field_, dict) and str(field_.get("key", "")).lower() == CONTINUATION.lower():
            value = field_.get("value")
            if isinstance(value, str) and value.isprintable() and value.isascii():
                return tuple(followed.items()), {CONTINUATION: value}
    return tuple(followed.items()), {}
