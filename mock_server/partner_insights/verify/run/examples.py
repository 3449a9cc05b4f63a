"""A test of the suite and strategies → the test run with drawn values, alike under one seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, seed, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import SearchStrategy

OWN_EXAMPLES, FOREIGN_EXAMPLES = 15, 5
"""How many values a test is run with: a live service is spared."""


def run_examples(
    test: Callable[..., None], strategies: Mapping[str, SearchStrategy[object]], examples: int, number: int
) -> None:
    """Run it, with `number` as the seed; what the simplest failing values raise is raised."""
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
