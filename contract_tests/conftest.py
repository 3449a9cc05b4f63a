"""The suite's fixtures: one session of one server for the whole run, and each operation in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from partner_insights.contract.query import OptionKind
from partner_insights.verify.run.path_values import listed_parameter
from partner_insights.verify.run.pytest_output import (  # noqa: F401 - pytest finds its hooks here
    RESULTS,
    pytest_report_teststatus,
    pytest_runtest_makereport,
    pytest_terminal_summary,
)
from partner_insights.verify.run.suite import catalogue_of, session_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.verify.run.session import SuiteSession


PARAMETERS: Mapping[str, Callable[[Operation, Catalogue], bool]] = {
    "operation": lambda operation, catalogue: True,
    "partner_operation": lambda operation, catalogue: not operation.per_customer,
    "customer_operation": lambda operation, catalogue: operation.per_customer,
    "queried_operation": lambda operation, catalogue: bool(operation.options),
    "spans_operation": lambda operation, catalogue: operation.options.of(OptionKind.LEVEL) is not None,
    "ordered_operation": lambda operation, catalogue: operation.options.of(OptionKind.ORDER) is not None,
    "dated_operation": lambda operation, catalogue: operation.options.of(OptionKind.SNAPSHOT) is not None,
    "named_operation": lambda operation, catalogue: operation.options.of(OptionKind.FIELD) is not None,
    "listed_operation": lambda operation, catalogue: listed_parameter(operation, catalogue) is not None,
}
"""Arguments of the tests, and the operations they stand for."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on every operation that its argument stands for."""
    for argument, concerns in PARAMETERS.items():
        if argument in metafunc.fixturenames:
            catalogue = catalogue_of(metafunc.config)
            names = [each.id for each in catalogue.operations.values() if concerns(each, catalogue)]
            metafunc.parametrize(argument, names or [None])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test that is about none of the operations is left out: it could never run, whatever the server."""
    about_none = [item for item in items if None in _operations(item)]
    config.hook.pytest_deselected(items=about_none)
    items[:] = [item for item in items if item not in about_none]


def _operations(item: pytest.Item) -> list[object]:
    call = getattr(item, "callspec", None)
    return [call.params[name] for name in PARAMETERS if name in call.params] if call is not None else []


@pytest.fixture(scope="session")
def session(request: pytest.FixtureRequest) -> Iterator[SuiteSession]:
    """The server to judge: at `--insights-url`, or a fake started for the run."""
    with session_for(request.config) as opened:
        request.config.stash[RESULTS] = opened.results
        yield opened


@pytest.fixture(scope="session")
def guarded(session: SuiteSession) -> SuiteSession:
    """The session, for tests of missing and wrong tokens: none where a server answers without any."""
    if session.target.token is None:
        pytest.skip(f"the server answers without a token, and {session.target.token_variable} holds none")
    return session


@pytest.fixture(scope="session")
def own_fake(session: SuiteSession) -> SuiteSession:
    """The session, for tests that only a fake of our own may be given."""
    if not session.target.own:
        pytest.skip("only tried on a fake of our own: a live service is sent nothing but plain reads")
    return session
