"""Laws of what a request is owed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.contract.formats import GUID
from partner_insights.verify import Request, Token
from partner_insights.verify.judge.expected import accepts_json, expectation
from partner_insights.verify.run.customer_list import next_page
from partner_insights.verify.run.strategies import (
    guids,
    malformed_ids,
    request_headers,
    unacceptable,
    unknown_guids,
)

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue

KNOWN = "4d3cf487-70f4-4e1e-9ff1-b2bfce8d9f04"
PLAIN = Request("GET", "http://x/", operation="customer-licenses-usage", customer=KNOWN, customer_known=True)


def cases(catalogue: Catalogue, **parts: Any) -> set[str]:
    expected = expectation(dataclasses.replace(PLAIN, **parts), catalogue)
    return {case.case for case in expected.refusals}


@given(headers=request_headers(), customer=guids())
def test_a_plain_request_is_owed_a_success(
    catalogue: Catalogue, headers: dict[str, str], customer: str
) -> None:
    """No mix of optional headers, and no case of the customer's id, costs a client its answer."""
    assert cases(catalogue, headers=tuple(headers.items()), customer=customer) == set()


@given(customer=st.one_of(malformed_ids(wild=True), malformed_ids(wild=False)))
def test_what_is_no_guid_is_malformed(catalogue: Catalogue, customer: str) -> None:
    """The drawn ids are malformed, so the documented refusals of a malformed id are owed."""
    assert not GUID.fullmatch(customer)
    assert cases(catalogue, customer=customer, customer_known=False) == {"malformed-customer"}


@given(customer=unknown_guids((KNOWN,)))
def test_an_unknown_guid_is_no_known_one(catalogue: Catalogue, customer: str) -> None:
    """Drawn unknown ids are GUIDs and no customer's."""
    assert customer.lower() != KNOWN
    assert cases(catalogue, customer=customer, customer_known=False) == {"unknown-customer"}


@given(accept=unacceptable())
def test_what_rules_json_out_is_not_acceptable(catalogue: Catalogue, accept: str) -> None:
    """The drawn Accept headers leave the service no way to answer."""
    assert cases(catalogue, headers=(("accept", accept),)) == {"not-acceptable"}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"token": Token.ABSENT}, {"unauthenticated"}),
        ({"token": Token.INVALID, "method": "PUT"}, {"unauthenticated", "method-not-allowed"}),
        ({"token": Token.APP_ONLY}, {"app-only"}),
        ({"token": Token.APP_ONLY, "operation": "customer"}, set()),
        ({"operation": None}, {"not-found"}),
        ({"operation": "customers", "query": (("size", "40"), ("seekOperation", "Next"))}, set()),
        ({"operation": "customers", "query": (("size", "0"),)}, set()),
        ({"operation": "customers", "query": (("size", "501"),)}, {"invalid-query"}),
        ({"operation": "customers", "query": (("size", "ten"),)}, {"invalid-query"}),
        ({"operation": "customers", "query": (("seekOperation", "Last"),)}, set()),
        ({"operation": "customers", "query": (("seekOperation", "Sideways"),)}, {"invalid-query"}),
        ({"operation": "customers", "query": (("unknown", "?"),)}, set()),
    ],
)
def test_each_wrong_makes_its_refusal_owed(
    catalogue: Catalogue, parts: dict[str, Any], expected: set[str]
) -> None:
    """Every thing that is wrong with a request may be the one it is refused for."""
    assert cases(catalogue, **parts) == expected


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        (None, True),
        ("", True),
        ("*/*", True),
        ("text/html, application/json;q=0.1", True),
        ("APPLICATION/JSON", True),
        ("text/html", False),
        ("application/json;q=0", False),
        ("application/json; q=0.000, text/*", False),
    ],
)
def test_accept_is_read_as_rfc_9110_says(accept: str | None, json: bool) -> None:
    """A media range admits JSON unless its weight is zero."""
    assert accepts_json(accept) is json


def test_a_link_cannot_lead_the_token_elsewhere() -> None:
    """Of `links.next`, only the query and the continuation token are followed."""
    link = {
        "uri": "https://evil.example/steal?size=7",
        "headers": [{"key": "Authorization", "value": "x"}, {"key": "MS-ContinuationToken", "value": "abc"}],
    }
    query, headers = next_page({"links": {"next": link}}, (("size", "40"),))
    assert (dict(query or ()), headers) == (
        {"size": "7", "seekOperation": "Next"},
        {"MS-ContinuationToken": "abc"},
    )


@pytest.mark.parametrize(
    "body", [None, [], {}, {"links": 1}, {"links": {"next": None}}, {"links": {"next": {"uri": 1}}}]
)
def test_a_page_without_a_link_is_the_last(body: Any) -> None:
    """An ill-typed link ends the list."""
    assert next_page(body, (("size", "40"),)) == (None, {})
