"""The suite's fixtures: one inspection of one server for the whole run, and each operation in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from partner_insights.verify.suite import inspection_for, operations_to_ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.verify.inspection import Inspection


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try a law on every operation that its argument names: each, the partner's, or the customers'."""
    asked = {"operation": (True, False), "partner_operation": (False,), "customer_operation": (True,)}
    for argument, of_customers in asked.items():
        if argument in metafunc.fixturenames:
            operations = operations_to_ask(metafunc.config)
            names = [name for name, each in operations.items() if each.per_customer in of_customers]
            metafunc.parametrize(argument, names)


@pytest.fixture(scope="session")
def inspection(request: pytest.FixtureRequest) -> Iterator[Inspection]:
    """The server to judge: at `--insights-url`, or a fake started for the run."""
    with inspection_for(request.config) as opened:
        yield opened


@pytest.fixture(scope="session")
def own_fake(inspection: Inspection) -> Inspection:
    """The inspection, for laws that only a fake of our own may be tried on."""
    if not inspection.target.own:
        pytest.skip("only tried on a fake of our own: a live service is sent nothing but plain reads")
    return inspection
