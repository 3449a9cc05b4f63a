"""A test of the suite and strategies → the test run with drawn values, alike under one seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky

from partner_insights.verify.run.client import Stopped
from partner_insights.verify.run.results import ContractViolated

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from partner_insights.verify.run.reporting import Reporter
    from partner_insights.verify.run.target import Target

OWN_EXAMPLES, FOREIGN_EXAMPLES = 15, 5
"""How many values a test is run with: a live service is spared."""

Test: TypeAlias = Callable[..., None]
Strategies: TypeAlias = "Mapping[str, SearchStrategy[object]]"


class DrawnExamples:
    """Draws the values for the tests of one run.

    One seed draws the same values of the same strategies, so tests of several operations share them: they
    are drawn for the first, and anew only for a test that fails, to find the simplest that break it.
    """

    def __init__(self, target: Target, reporter: Reporter) -> None:
        self._examples = OWN_EXAMPLES if target.own else FOREIGN_EXAMPLES
        self._seed = target.seed
        self._reporter = reporter
        self._drawn: dict[tuple[tuple[str, SearchStrategy[object]], ...], list[dict[str, Any]]] = {}

    def for_all(self, strategies: Strategies) -> Callable[[Test], None]:
        """A decorator that runs a test at once; what the simplest values that break it raise is raised."""

        def run(test: Test) -> None:
            self._reporter.pending = None
            try:
                self._run(test, strategies)
            except ContractViolated as broken:
                if not self._reporter.hides_customers:
                    raise
                # Without Hypothesis' note of the example it drew, which may hold a customer's id.
                raise ContractViolated(broken.violations) from None
            except (Stopped, Flaky):
                if self._reporter.pending is not None:
                    # The ceiling came while a violation was being simplified, or it shows now and then.
                    raise self._reporter.pending from None
                raise

        return run

    def _run(self, test: Test, strategies: Strategies) -> None:
        key = tuple(strategies.items())
        if key in self._drawn:
            try:
                for values in self._drawn[key]:
                    test(**values)
            except ContractViolated:
                pass
            else:
                return
        drawn: list[dict[str, Any]] = []

        def remembered(**values: Any) -> None:
            test(**values)
            drawn.append(values)

        self._draw(remembered, strategies)
        self._drawn[key] = drawn

    def _draw(self, test: Test, strategies: Strategies) -> None:
        bounded = settings(
            max_examples=self._examples,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
        )
        seed(self._seed)(bounded(given(**strategies)(test)))()
