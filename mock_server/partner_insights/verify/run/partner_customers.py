"""A server's list of customers → whom to ask for, and whether its pages are always the same list."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from partner_insights.verify.judge.expected import expectation
from partner_insights.verify.judge.http_checks import http_finding
from partner_insights.verify.judge.judge import is_without_relationship
from partner_insights.verify.judge.violation import Observation, violation
from partner_insights.verify.run.client import Stopped
from partner_insights.verify.run.customer_list import (
    MAX_PAGES,
    PAGE_SIZE,
    ListedCustomers,
    Query,
    Reading,
    customer_list,
    listed_customers,
    read_pages,
)
from partner_insights.verify.run.results import ContractViolated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partner_insights.contract import Catalogue
    from partner_insights.verify.judge.exchange import Exchange
    from partner_insights.verify.judge.violation import Violation
    from partner_insights.verify.run.reporting import Reporter
    from partner_insights.verify.run.target import Target

MAX_REFUSED = 10
"""Customers that are tried to find one that is answered."""


class PartnerCustomers:
    """The customers of the partner whose token is used; their list is read when it is first needed."""

    def __init__(
        self, target: Target, catalogue: Catalogue, ask: Callable[..., Exchange], reporter: Reporter
    ) -> None:
        """`ask` sends a request for an operation, and records what is wrong with the answer."""
        self._target = target
        self._catalogue = catalogue
        self._ask = ask
        self._reporter = reporter
        self._answered: dict[str, str] = {}

    @cached_property
    def listed(self) -> ListedCustomers:
        """The customer list; what is wrong with it is recorded, and stops nothing."""
        listing = customer_list(self._catalogue)
        if listing is None:
            return ListedCustomers((), complete=False)
        if listing.synthetic:
            return listed_customers(self._ask(listing.id), listing, self._catalogue)
        return self.read(PAGE_SIZE)

    @property
    def ids(self) -> tuple[str, ...]:
        """Their ids, as far as the list was read."""
        return self.listed.ids

    @property
    def complete(self) -> bool:
        """Whether those are all there are."""
        return self.listed.complete

    def __contains__(self, customer: str) -> bool:
        return customer.lower() in self._folded

    @cached_property
    def _folded(self) -> frozenset[str]:
        return frozenset(each.lower() for each in self.ids)

    def some(self) -> tuple[str, ...]:
        """Those of the list; Stopped (a skip) where there are none to request."""
        if not self.ids:
            raise Stopped("the customer list names nobody to ask for")
        return self.ids

    def first_for(self, operation: str) -> str | None:
        """The first customer that is answered, where the operation's path names one.

        One may be refused, as documented, for want of a relationship; Stopped (a skip) where all are.
        """
        if not self._catalogue.operations[operation].per_customer:
            return None
        if operation not in self._answered:
            self._answered[operation] = self._first_answered(operation)
        return self._answered[operation]

    def _first_answered(self, operation: str) -> str:
        for customer in self.some()[:MAX_REFUSED]:
            exchange = self._ask(operation, customer=customer)
            if not is_without_relationship(exchange, expectation(exchange.request, self._catalogue)):
                return customer
            words = "a customer of the list is refused: no commerce relationship (403, code 20002)"
            self._reporter.observe(Observation("customer-refused", operation, "", words))
        raise Stopped("the customers of the list are refused for want of a commerce relationship")

    def read(self, size: int) -> ListedCustomers:
        """The customer list in pages of a size; at most `MAX_PAGES` of them where the server is not ours."""
        reading = self.read_pages(size)
        with suppress(ContractViolated):
            self._reporter.report(self._violations(reading))
        return reading.customers

    def compare_pages(self, size: int | None) -> None:
        """Read the list in pages of another size, and compare it with the list."""
        reading = self.read_pages(size)
        other, known = reading.customers, self.listed
        violations = self._violations(reading)
        if known.complete and other.complete and not self._are_alike(other, known):
            if not self._are_alike(self.read_pages(PAGE_SIZE).customers, known):
                return  # the list itself was renewed in between
            pages = f"pages of {size}" if size is not None else "pages of the service's own size"
            message = (
                f"in {pages} the list names {len(other.ids)} customers, in pages of {PAGE_SIZE} "
                f"{len(known.ids)}, or others, or in another order"
            )
            request = reading.pages[0][0].request
            violations.insert(0, violation(http_finding("PI317", message), request, self._target.profile))
        self._reporter.report(violations)

    def read_pages(self, size: int | None) -> Reading:
        """The pages as they came."""
        return read_pages(self._page, size, self._catalogue, None if self._target.own else MAX_PAGES)

    def _page(self, query: Query, headers: Mapping[str, str]) -> Exchange:
        return self._ask("customers", query=query, headers=headers)

    def _are_alike(self, one: ListedCustomers, other: ListedCustomers) -> bool:
        """The same customers, and on our own fake in the same order."""
        if self._target.own:
            return one.ids == other.ids
        return {guid.lower() for guid in one.ids} == {guid.lower() for guid in other.ids}

    def _violations(self, reading: Reading) -> list[Violation]:
        profile = self._target.profile
        return [violation(found, page.request, profile) for page, found in reading.faults]
