"""A session → answers of it that have to agree: GET and HEAD, twice the same, a partner and its customers."""

from __future__ import annotations

import time
from itertools import chain, repeat
from typing import TYPE_CHECKING, Final

from partner_insights.verify.judge.http_checks import http_finding
from partner_insights.verify.judge.judge import differ, judge_head, judge_repeat, judge_sums
from partner_insights.verify.judge.violation import Observation, shortened, violation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from partner_insights.verify.run.session import SuiteSession

STILL: Final = 20.0
"""Seconds for which a Date may stay: a clock may be coarse, and a cache may hand a Date on."""
_PAUSES: Final = (0.0, 1.1, 4.0)
"""Seconds to wait before a further request, the last of them from then on."""
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


def clock_goes_on(session: SuiteSession, operation: str, still: float = STILL) -> None:
    """Send requests until the Date is another, or has stood for so many seconds.

    Where it is another already, which is so after a second of any run, none is sent.
    """
    if session.clock.goes_on(operation):
        return
    for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
        time.sleep(pause)
        exchange = session.check(operation, customer=session.customers.first_for(operation))
        stood = session.clock.stood(exchange)
        if stood is None:
            return
        if stood > still and exchange.response is not None:
            date = shortened(exchange.response.header("Date") or "")
            words = f"the Date {date!r} was that of an answer {stood:.0f} s before, too"
            found = http_finding("PI320", words, certain=False)
            session.report([violation(found, exchange.request, session.target.profile)])
            return
