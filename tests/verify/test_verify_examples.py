"""Laws of drawn values: tests with the same strategies share them, and each finds its simplest break."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import strategies as st

from partner_insights.verify.run.examples import OWN_EXAMPLES, DrawnExamples
from partner_insights.verify.run.results import ContractViolated

WORDS = st.text("abcx", min_size=1, max_size=12)


@pytest.fixture
def examples() -> DrawnExamples:
    target: Any = SimpleNamespace(own=True, seed=3)
    reporter: Any = SimpleNamespace(pending=None, hides_customers=False)
    return DrawnExamples(target, reporter)


def test_one_draw_serves_every_test_of_the_same_strategies(examples: DrawnExamples) -> None:
    """The second test is run with the very values of the first; other strategies are drawn anew."""
    seen: list[list[str]] = [[], [], []]
    examples.for_all({"word": WORDS})(lambda word: seen[0].append(word))
    examples.for_all({"word": WORDS})(lambda word: seen[1].append(word))
    examples.for_all({"word": st.text("z", min_size=20)})(lambda word: seen[2].append(word))
    assert len(seen[0]) == OWN_EXAMPLES
    assert seen[1] == seen[0]
    assert not set(seen[2]) & set(seen[0])


def test_shared_values_do_not_hide_the_simplest_break(examples: DrawnExamples) -> None:
    """Whichever of the tests fails: it is drawn anew until its simplest value is known."""
    failed: list[str] = []

    def without_x(word: str) -> None:
        if "x" in word:
            failed.append(word)
            raise ContractViolated([])

    examples.for_all({"word": WORDS})(lambda word: None)
    for _ in range(2):
        with pytest.raises(ContractViolated):
            examples.for_all({"word": WORDS})(without_x)
        assert failed[-1] == "x"
    examples.for_all({"word": WORDS})(lambda word: None)
