"""A session → requests of it that a service has to refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partner_insights.verify.judge.exchange import Token
from partner_insights.verify.run.client import Stopped
from partner_insights.verify.run.invalid_tokens import invalid_token
from partner_insights.verify.run.path_values import UNLISTED_ID, listed_parameter
from partner_insights.verify.run.sender import Details
from partner_insights.verify.run.session import READING, SuiteSession
from partner_insights.verify.run.strategies import REQUEST_IDS

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_CUSTOMERS: Final = ("7f3d1c52-9b0e-4e6a-8a51-c4d2e0b6f913", "00000000-0000-4000-8000-000000000000")
MALFORMED_ID: Final = "7f3d1c52-9b0e-4e6a-8a51-c4d2e0b6f91"
"""A GUID without its last letter."""
NO_JSON: Final[Mapping[str, str]] = {"Accept": "text/html"}


def send_invalid_token(session: SuiteSession, operation: str, kind: str) -> None:
    """Send an invalid token by GET and by HEAD."""
    token = session.target.token
    invalid = invalid_token(kind, token.reveal() if token is not None else "")
    details: Details = {
        "customer": session.customers.first_for(operation),
        "token": Token.ABSENT,
        "headers": REQUEST_IDS,
    }
    if invalid.sent is not None:
        session.sender.client.hide(invalid.sent)
        details["token"], details["bearer"] = Token.INVALID, invalid.sent
        details["authorization"] = f"[{invalid.words}]"
    session.each(
        lambda method: session.check(operation, **(details | Details(method=method))),
        READING,
    )


def head_is_refused(session: SuiteSession, operation: str) -> None:
    """Send by HEAD what has to be refused by any method; a GUID is no customer's where the list is whole."""
    wrong: list[Details] = [{"customer": session.customers.first_for(operation), "headers": NO_JSON}]
    if session.catalogue.operations[operation].per_customer:
        ids = (*NO_CUSTOMERS, MALFORMED_ID) if session.customers.complete else (MALFORMED_ID,)
        strangers = (each for each in ids if each not in session.customers)
        wrong += [{"customer": each, "known": False} for each in strangers]
    session.each(lambda details: session.check(operation, **(details | Details(method="HEAD"))), wrong)


def request_unlisted_item(session: SuiteSession, operation: str) -> None:
    """Request an item that no list shows; Stopped (a skip) where no list shows the path's values."""
    described = session.catalogue.operations[operation]
    parameter = listed_parameter(described, session.catalogue)
    if parameter is None:
        raise Stopped("no list shows the values of this path")
    customer = session.customers.first_for(operation)
    path = session.discovery.path(described, customer, customer, {parameter: UNLISTED_ID})
    session.check(None, path=path)
