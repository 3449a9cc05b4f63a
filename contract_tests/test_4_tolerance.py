"""What real clients do beside the documentation, and the service forgives; tried on our own fake only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from partner_insights.verify.run.session import SuiteSession


@pytest.mark.parametrize(("plain", "bent"), [("/v1/", "/v1//"), ("/v1/", "//v1/"), ("", "/")])
def test_a_doubled_or_trailing_slash_is_forgiven(
    own_fake: SuiteSession, operation: str, plain: str, bent: str
) -> None:
    """One client asks for `/v1//customers`, and a published table ends a path in a slash."""
    customer = own_fake.customers.first_for(operation)
    path = own_fake.path(operation, customer)
    bent_path = path.replace(plain, bent, 1) if plain else path + bent
    own_fake.check(operation, customer=customer, path=bent_path)


def test_options_names_the_methods(own_fake: SuiteSession, operation: str) -> None:
    """OPTIONS is answered with `Allow`."""
    own_fake.check(operation, customer=own_fake.customers.first_for(operation), method="OPTIONS")
