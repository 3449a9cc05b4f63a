"""What the documentation allows is answered as it says: status, headers, envelope, every item, every rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_insights.verify.run.comparisons import head_like_get, same_with
from partner_insights.verify.run.strategies import covering_mixes, listed_guids, request_headers

if TYPE_CHECKING:
    from partner_insights.verify.run.session import SuiteSession


def test_an_operation_answers_without_any_optional_header(session: SuiteSession, operation: str) -> None:
    """A plain request is answered: real clients send no ids and no `MS-Contract-Version` (E-011)."""
    session.check(operation, customer=session.customers.first_for(operation))


def test_any_customer_of_the_list_is_answered(session: SuiteSession, customer_operation: str) -> None:
    """For any customer, its id in any case, and any mix of headers, the answer is what the catalogue says."""

    @session.for_all(customer=listed_guids(session.customers.some()), headers=request_headers())
    def is_answered(customer: str, headers: dict[str, str]) -> None:
        session.check(customer_operation, customer=customer, headers=headers)


def test_any_mix_of_headers_is_answered(session: SuiteSession, operation: str) -> None:
    """For any mix of request headers, an operation answers what the catalogue says."""

    @session.for_all(headers=request_headers())
    def is_answered(headers: dict[str, str]) -> None:
        session.check(operation, customer=session.customers.first_for(operation), headers=headers)


def test_the_answer_is_the_same_with_any_header(session: SuiteSession, operation: str) -> None:
    """Asked again at once, with each header a client may send, and after that, the data are the same."""
    mixes = ({}, *covering_mixes(session.target.seed), {})
    same_with(session, operation, session.customers.first_for(operation), mixes)


def test_head_is_get_without_its_body(session: SuiteSession, operation: str) -> None:
    """HEAD has the status and the headers of the same GET."""
    head_like_get(session, operation, session.customers.first_for(operation))
