"""Answers agree with each other: the partner's rows with its customers', a list's pages with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st

from partner_insights.verify.run.comparisons import SAMPLE, clock_goes_on, sums, sums_of_some
from partner_insights.verify.run.customer_list import MAX_PAGES, page_sizes

if TYPE_CHECKING:
    from partner_insights.verify.run.session import SuiteSession


@pytest.mark.parametrize(
    ("partner", "customer"),
    [
        ("partner-licenses-deployment", "customer-licenses-deployment"),
        ("partner-licenses-usage", "customer-licenses-usage"),
    ],
)
def test_the_partner_is_the_sum_of_its_customers(session: SuiteSession, partner: str, customer: str) -> None:
    """The partner's rows are the sums over the rows of all its customers, and every customer is answered.

    Where there are more customers than requests, what some of them have, the partner has at least.
    """
    session.require(partner, customer)
    if session.customers.complete and session.can_send(1 + len(session.customers.ids)):
        sums(session, partner, customer)
    else:
        session.reserve(1 + SAMPLE)
        sums_of_some(session, partner, customer)


def test_a_customer_is_the_same_in_every_answer(session: SuiteSession) -> None:
    """What the list says of a customer, the customer's own answer says, too."""
    session.require("customers", "customer")
    customers = session.customers.some()[:SAMPLE]
    session.reserve(len(customers))
    session.each(lambda customer: session.check("customer", customer=customer), customers)


def test_a_list_is_a_set_whatever_its_pages(session: SuiteSession) -> None:
    """In three pages, and in pages of the service's own size, it names the same customers, each once."""
    session.require("customers")
    session.reserve(2 * MAX_PAGES)
    session.each(session.customers.compare_pages, page_sizes(session.customers.listed))


def test_pages_of_any_size_hold_the_same_customers(own_fake: SuiteSession) -> None:
    """The customer list is the same, whatever the size of its pages."""
    own_fake.require("customers")

    @own_fake.for_all(size=st.integers(7, 500))
    def holds_the_same(size: int) -> None:
        own_fake.customers.compare_pages(size)


def test_the_clock_goes_on(session: SuiteSession, operation: str) -> None:
    """The Date of its answers does not stand still while time passes."""
    clock_goes_on(session, operation)
