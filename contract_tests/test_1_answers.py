"""What the documentation allows is answered as it says: status, headers, envelope, every item, every rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from partner_insights.verify.run.strategies import in_any_case, request_headers

if TYPE_CHECKING:
    from partner_insights.verify.run.session import Inspection


def test_an_operation_answers_without_any_optional_header(inspection: Inspection, operation: str) -> None:
    """A plain request is answered: real clients send no ids and no `MS-Contract-Version` (E-011)."""
    inspection.ask(operation, customer=inspection.customer_for(operation))


def test_the_partner_is_answered_under_any_mix_of_headers(
    inspection: Inspection, partner_operation: str
) -> None:
    """For any mix of request headers, the partner's operations answer what the catalogue says."""

    @inspection.for_all(headers=request_headers())
    def is_answered(headers: dict[str, str]) -> None:
        inspection.ask(partner_operation, headers=headers)


def test_any_customer_of_the_list_is_answered(inspection: Inspection, customer_operation: str) -> None:
    """For any customer, its id in any case, and any mix of headers, the answer is what the catalogue says."""

    @inspection.for_all(
        customer=in_any_case(st.sampled_from(inspection.some_customers())), headers=request_headers()
    )
    def is_answered(customer: str, headers: dict[str, str]) -> None:
        inspection.ask(customer_operation, customer=customer, headers=headers)


def test_the_same_request_has_the_same_answer(inspection: Inspection, operation: str) -> None:
    """Whatever the headers, asking twice gives the same data."""

    @inspection.for_all(headers=request_headers())
    def is_the_same(headers: dict[str, str]) -> None:
        inspection.same_again(operation, inspection.customer_for(operation), headers)


def test_head_is_get_without_its_body(inspection: Inspection, operation: str) -> None:
    """HEAD has the status and the headers of the same GET."""
    inspection.head_like_get(operation, inspection.customer_for(operation))
