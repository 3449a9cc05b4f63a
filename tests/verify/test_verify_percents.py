"""Laws of percents: a right one agrees however rounded, a wrong one does not, the scales are told apart."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from partner_insights.verify.judge.percents import Percent, decided_scale, disagreements, scale_of

ratios = st.integers(1, 10_000).flatmap(
    lambda whole: st.integers(0, whole).map(lambda part: Fraction(part, whole))
)
scales = st.sampled_from([1, 100])


def truncated(number: Fraction, decimals: int) -> float:
    return math.floor(number * 10**decimals) / 10**decimals


@given(st.lists(ratios, min_size=1, max_size=8), scales, st.integers(2, 12), st.booleans())
def test_rounded_and_truncated_percents_agree(
    some: list[Fraction], scale: int, decimals: int, cut: bool
) -> None:
    """Whatever the scale and the decimals, a service that rounds or truncates alike is right."""
    percents = [
        Percent(truncated(ratio * scale, decimals) if cut else round(float(ratio * scale), decimals), ratio)
        for ratio in some
    ]
    assert disagreements(percents, scale) == []
    assert scale_of(percents) in (scale, None)


@given(ratios, scales)
def test_unrounded_percents_agree(ratio: Fraction, scale: int) -> None:
    """A double with all its digits is the ratio."""
    assert Percent(float(ratio) * scale, ratio).agrees(scale)


@given(ratios)
def test_a_percent_cut_to_an_integer_agrees_in_the_scale_to_100(ratio: Fraction) -> None:
    """One client library types a percent as a whole number (E-005)."""
    assert Percent(int(ratio * 100), ratio).agrees(100)


@given(ratios, scales, st.floats(0.02, 1.0), st.booleans())
def test_a_wrong_percent_disagrees(ratio: Fraction, scale: int, off: float, more: bool) -> None:
    """More than a unit of the last decimal away is wrong, also where that decimal was a zero unwritten."""
    wrong = float(ratio * scale) + (off if more else -off) * scale
    right = [Percent(round(12.34 * scale / 100, 4), Fraction(1234, 10_000))]
    assert disagreements([*right, Percent(round(wrong, 4), ratio)], scale) == [1]


@given(percent=st.integers(0, 98), more=st.booleans())
def test_one_percent_is_not_far(percent: int, more: bool) -> None:
    """To the very percent: what is a little more than that away is far."""
    ratio, at = Fraction(percent + 1, 100), float(percent + 2 * more)
    assert not Percent(at, ratio).is_far([100])
    assert Percent(at + (0.01 if more else -0.01), ratio).is_far([100])


@given(ratios)
def test_the_other_scale_is_told_apart(ratio: Fraction) -> None:
    """A percent of four decimals belongs to one scale only, unless it is nearly nothing."""
    assume(ratio > Fraction(1, 50))
    for scale, other in ((1, 100), (100, 1)):
        percent = Percent(round(float(ratio * scale), 4), ratio)
        assert not percent.agrees(other)
        assert decided_scale(percent) == scale


@pytest.mark.parametrize("value", [0, 0.0])
def test_nothing_tells_no_scale(value: float) -> None:
    """The published samples show only zeros: they are right in either scale."""
    percent = Percent(value, Fraction(0))
    assert percent.agrees(1)
    assert percent.agrees(100)
    assert scale_of([percent]) is None


def test_a_zero_beside_a_ratio_of_its_own_is_wrong() -> None:
    """An integer in the scale of 0 to 1 has no last decimal to hide behind."""
    assert not Percent(0, Fraction(43, 100)).agrees(1)
    assert not Percent(math.nan, Fraction(1, 2)).agrees(1)
    assert not Percent(math.inf, Fraction(1, 2)).agrees(100)


@given(st.integers(2, 600), scales)
def test_counts_beyond_any_float_are_compared_exactly(power: int, scale: int) -> None:
    """Whatever a service counts: the percent that is the ratio agrees, any other does not."""
    ratio = Fraction(10**power, 1)
    assert Percent(scale * 10**power, ratio).agrees(scale)
    assert not Percent(50.0, ratio * 7).agrees(scale)
