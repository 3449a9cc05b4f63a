"""A test of the suite and strategies → the test run with drawn values, alike under one seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky

from partner_insights.verify.run.client import Stopped
from partner_insights.verify.run.results import ContractViolated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import SearchStrategy

    from partner_insights.verify.run.reporting import Reporter
    from partner_insights.verify.run.target import Target

OWN_EXAMPLES, FOREIGN_EXAMPLES = 15, 5
"""How many values a test is run with: a live service is spared."""


def for_all(
    strategies: Mapping[str, SearchStrategy[object]], target: Target, reporter: Reporter
) -> Callable[[Callable[..., None]], None]:
    """A decorator that runs a test at once; what the simplest values that break it raise is raised."""

    def run(test: Callable[..., None]) -> None:
        reporter.pending = None
        try:
            _run_examples(test, strategies, OWN_EXAMPLES if target.own else FOREIGN_EXAMPLES, target.seed)
        except ContractViolated as broken:
            if not reporter.hides_customers:
                raise
            # Without Hypothesis' note of the example it drew, which may hold a customer's id.
            raise ContractViolated(broken.violations) from None
        except (Stopped, Flaky):
            if reporter.pending is not None:
                # The ceiling came while a violation was being simplified, or it shows only now and then.
                raise reporter.pending from None
            raise

    return run


def _run_examples(
    test: Callable[..., None], strategies: Mapping[str, SearchStrategy[object]], examples: int, number: int
) -> None:
    """Run it with `number` as the seed."""
    bounded = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    seed(number)(bounded(given(**strategies)(test)))()
