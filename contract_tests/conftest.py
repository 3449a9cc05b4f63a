"""The suite's fixtures: one inspection of one server for the whole run, and each operation in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from partner_insights.contract import Catalogue
from partner_insights.verify.suite import inspection_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.verify.inspection import Inspection

OPERATIONS = Catalogue.load().operations
"""Read for what to ask only: which operations there are, no profile changes."""


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


@pytest.fixture(params=OPERATIONS)
def operation(request: pytest.FixtureRequest) -> str:
    """Each operation."""
    return str(request.param)


@pytest.fixture(params=[name for name, each in OPERATIONS.items() if not each.per_customer])
def partner_operation(request: pytest.FixtureRequest) -> str:
    """Each operation that speaks of the partner as a whole."""
    return str(request.param)


@pytest.fixture(params=[name for name, each in OPERATIONS.items() if each.per_customer])
def customer_operation(request: pytest.FixtureRequest) -> str:
    """Each operation that speaks of one customer."""
    return str(request.param)
