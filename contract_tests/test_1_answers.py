"""What the documentation allows is answered as it says: status, headers, envelope, every item, every rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from partner_insights.verify.run.strategies import in_any_case, request_headers

if TYPE_CHECKING:
    from partner_insights.verify.run.session import SuiteSession


def test_an_operation_answers_without_any_optional_header(session: SuiteSession, operation: str) -> None:
    """A plain request is answered: real clients send no ids and no `MS-Contract-Version` (E-011)."""
    session.check(operation, customer=session.customer_for(operation))


def test_the_partner_is_answered_under_any_mix_of_headers(
    session: SuiteSession, partner_operation: str
) -> None:
    """For any mix of request headers, the partner's operations answer what the catalogue says."""

    @session.for_all(headers=request_headers())
    def is_answered(headers: dict[str, str]) -> None:
        session.check(partner_operation, headers=headers)


def test_any_customer_of_the_list_is_answered(session: SuiteSession, customer_operation: str) -> None:
    """For any customer, its id in any case, and any mix of headers, the answer is what the catalogue says."""

    @session.for_all(
        customer=in_any_case(st.sampled_from(session.some_customers())), headers=request_headers()
    )
    def is_answered(customer: str, headers: dict[str, str]) -> None:
        session.check(customer_operation, customer=customer, headers=headers)


def test_the_same_request_has_the_same_answer(session: SuiteSession, operation: str) -> None:
    """Whatever the headers, asking twice gives the same data."""

    @session.for_all(headers=request_headers())
    def is_the_same(headers: dict[str, str]) -> None:
        session.same_again(operation, session.customer_for(operation), headers)


def test_head_is_get_without_its_body(session: SuiteSession, operation: str) -> None:
    """HEAD has the status and the headers of the same GET."""
    session.head_like_get(operation, session.customer_for(operation))
