"""Answers agree with each other: the partner's rows with its customers', a list's pages with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st

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
    """The partner's rows are the sums over the rows of all its customers, and every customer is answered."""
    session.require(partner, customer)
    if not session.customers.complete:
        pytest.skip("the customer list was not read to its end: no sum is known")
    if not session.can_send(1 + len(session.customers.ids)):
        pytest.skip("there are more customers than requests left")
    session.sums(partner, customer)


def test_pages_of_any_size_hold_the_same_customers(own_fake: SuiteSession) -> None:
    """The customer list is the same, whatever the size of its pages."""
    own_fake.require("customers")

    @own_fake.for_all(size=st.integers(7, 500))
    def holds_the_same(size: int) -> None:
        own_fake.same_customers(size)
