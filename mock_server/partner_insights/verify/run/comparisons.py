"""A session → answers of it that have to agree: GET and HEAD, twice the same, a partner and its customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_insights.verify.judge.judge import differ, judge_head, judge_repeat, judge_sums
from partner_insights.verify.judge.violation import Observation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from partner_insights.verify.run.session import SuiteSession

SAMPLE = 50
"""Customers whose rows are added up where requests do not suffice for all; whose own answers are compared."""


def head_like_get(session: SuiteSession, operation: str, customer: str | None) -> None:
    """Send GET and HEAD, and compare the responses."""
    get = session.check(operation, customer=customer)
    head = session.check(operation, customer=customer, method="HEAD")
    session.report(judge_head(get, head, profile=session.target.profile))


def same_with(
    session: SuiteSession, operation: str, customer: str | None, mixes: Iterable[Mapping[str, str]]
) -> None:
    """Send a request with each mix of headers, and compare the responses with that of a plain one.

    Where one differs, both are sent again: renewed data stay renewed. In another language, words may differ.
    """
    plain = session.check(operation, customer=customer)

    def compare(headers: Mapping[str, str]) -> None:
        words = "X-Locale" not in headers
        again = session.check(operation, customer=customer, headers=headers)
        if differ(plain, again, words=words):
            third = session.check(operation, customer=customer, headers=headers)
            last = session.check(operation, customer=customer)
            profile = session.target.profile
            session.report(judge_repeat(plain, again, third, last, profile=profile, words=words))

    session.each(compare, mixes)


def sums(session: SuiteSession, partner: str, customer_operation: str) -> None:
    """Get the partner's rows and every customer's, and compare the sums."""
    _sums(session, partner, customer_operation, session.customers.ids, of_all=True)


def sums_of_some(session: SuiteSession, partner: str, customer_operation: str) -> None:
    """The same where there are more customers than requests: what some have, the partner has at least."""
    some = session.customers.some()[:SAMPLE]
    words = (
        f"the sums were tried over {len(some)} customers of {len(session.customers.ids)} or more: "
        "the requests do not suffice for all"
    )
    session.reporter.observe(Observation("sums-of-some", partner, "", words))
    _sums(session, partner, customer_operation, some, of_all=False)


def _sums(
    session: SuiteSession, partner: str, customer_operation: str, customers: tuple[str, ...], *, of_all: bool
) -> None:
    total = session.check(partner)
    parts = [session.check(customer_operation, customer=customer) for customer in customers]
    session.answers_of_customers[customer_operation] = parts
    found = judge_sums(
        total,
        parts,
        session.catalogue,
        profile=session.target.profile,
        facts=session.judge.facts,
        of_all=of_all,
    )
    session.report(found)
