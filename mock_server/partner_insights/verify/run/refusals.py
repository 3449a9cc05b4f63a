"""A session → requests of it that a service has to refuse."""

from __future__ import annotations

from partner_insights.verify.judge.exchange import Token
from partner_insights.verify.run.client import Stopped
from partner_insights.verify.run.invalid_tokens import invalid_token
from partner_insights.verify.run.path_values import UNLISTED_ID, listed_parameter
from partner_insights.verify.run.sender import Details
from partner_insights.verify.run.session import READING, SuiteSession
from partner_insights.verify.run.strategies import REQUEST_IDS


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


def request_unlisted_item(session: SuiteSession, operation: str) -> None:
    """Request an item that no list shows; Stopped (a skip) where no list shows the path's values."""
    described = session.catalogue.operations[operation]
    parameter = listed_parameter(described, session.catalogue)
    if parameter is None:
        raise Stopped("no list shows the values of this path")
    customer = session.customers.first_for(operation)
    path = session.discovery.path(described, customer, customer, {parameter: UNLISTED_ID})
    session.check(None, path=path)
