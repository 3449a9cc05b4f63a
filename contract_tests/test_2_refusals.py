"""What the documentation refuses is refused as it says: status, error body, code and headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from partner_insights.verify import Token
from partner_insights.verify.run.invalid_tokens import INVALID_TOKENS
from partner_insights.verify.run.refusals import head_is_refused, request_unlisted_item, send_invalid_token
from partner_insights.verify.run.strategies import (
    invalid_authorizations,
    invalid_sizes,
    malformed_ids,
    optional_ids,
    other_methods,
    unacceptable,
    unknown_guids,
    unknown_paths,
)

if TYPE_CHECKING:
    from partner_insights.verify.run.session import SuiteSession


@pytest.mark.parametrize("token", INVALID_TOKENS)
def test_no_answer_without_a_valid_token(guarded: SuiteSession, operation: str, token: str) -> None:
    """Without a token, or with one that was changed in any way, GET and HEAD are answered 401."""
    send_invalid_token(guarded, operation, token)


def test_no_answer_with_a_garbled_token(guarded: SuiteSession, operation: str) -> None:
    """With any text in a token's place the answer is 401."""

    @guarded.for_all(authorization=invalid_authorizations())
    def is_refused(authorization: str) -> None:
        guarded.check(
            operation,
            customer=guarded.customers.first_for(operation),
            token=Token.INVALID,
            authorization=authorization,
        )


def test_an_app_only_token_is_for_operations_that_take_it(guarded: SuiteSession, operation: str) -> None:
    """An app-only token is answered where the page says so, and refused by the licence analytics."""
    if guarded.target.app_only is None:
        pytest.skip(f"no app-only token: put one into {guarded.target.app_token_variable}")
    customer = guarded.customers.first_for(operation)
    guarded.each(
        lambda method: guarded.check(operation, customer=customer, method=method, token=Token.APP_ONLY),
        ("GET", "HEAD"),
    )


def test_an_unknown_customer_is_refused(session: SuiteSession, customer_operation: str) -> None:
    """For any GUID that is no customer's, the answer is a documented refusal."""
    if not session.customers.complete:
        pytest.skip("the customer list was not read to its end: a GUID that is not in it may be a customer's")

    @session.for_all(customer=unknown_guids(session.customers.ids), headers=optional_ids())
    def is_refused(customer: str, headers: dict[str, str]) -> None:
        session.check(customer_operation, customer=customer, known=False, headers=headers)


def test_an_item_that_no_list_shows_is_not_found(session: SuiteSession, listed_operation: str) -> None:
    """An id that the list above it does not show is answered 404."""
    request_unlisted_item(session, listed_operation)


def test_a_malformed_customer_id_is_refused(session: SuiteSession, customer_operation: str) -> None:
    """For any text that is no GUID, the answer is a documented refusal."""

    @session.for_all(customer=malformed_ids(wild=session.target.own), headers=optional_ids())
    def is_refused(customer: str, headers: dict[str, str]) -> None:
        session.check(customer_operation, customer=customer, known=False, headers=headers)


def test_head_is_refused_what_get_is(session: SuiteSession, operation: str) -> None:
    """HEAD for a customer that there is not, or for no JSON, is refused as GET is."""
    head_is_refused(session, operation)


def test_what_cannot_be_json_is_not_acceptable(session: SuiteSession, operation: str) -> None:
    """A client that accepts anything but JSON gets 406."""

    @session.for_all(accept=unacceptable())
    def is_refused(accept: str) -> None:
        session.check(operation, customer=session.customers.first_for(operation), headers={"Accept": accept})


def test_another_method_is_not_allowed(own_fake: SuiteSession, operation: str) -> None:
    """These resources are only read: any other method is answered 405, with `Allow`."""

    @own_fake.for_all(method=other_methods())
    def is_refused(method: str) -> None:
        own_fake.check(operation, customer=own_fake.customers.first_for(operation), method=method)


def test_an_unknown_path_is_not_found(own_fake: SuiteSession) -> None:
    """For any path that no operation has, the answer is 404."""

    @own_fake.for_all(path=unknown_paths())
    def is_refused(path: str) -> None:
        own_fake.check(None, path=path)


def test_a_page_size_out_of_bounds_is_refused(own_fake: SuiteSession) -> None:
    """For any size that is no number of customers a page can hold, the answer is 400."""
    own_fake.require("customers")

    @own_fake.for_all(size=invalid_sizes())
    def is_refused(size: str) -> None:
        own_fake.check("customers", query=[("size", size)])
