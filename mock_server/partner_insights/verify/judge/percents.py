"""Percents beside the ratios they should be → the scale they are written in, and whether they agree."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SCALES = (1, 100)
"""E-004: no page says which; the one a ratio of 1 is written as."""

FINEST_UNIT = 1e-9
"""Binary fractions are not decimal ones: closer than this is equal."""

MARGIN = 1 - 1e-6
"""Of a unit: more than this is a whole one that was meant."""

ONE_PERCENT = Fraction(1, 100)
"""Of the whole: no rounding moves a percent so far."""

_LARGE = 10**4
_FLOAT_ERROR = 1e-11
"""Of numbers that are no larger: a distance this near to a bound is looked at exactly."""


@dataclass(frozen=True)
class Percent:
    """A percent as it was sent, and the exact ratio that the counts make."""

    value: float
    ratio: Fraction

    @property
    def decimals(self) -> int:
        """Digits shown after the point; an integer shows none."""
        if isinstance(self.value, int):
            return 0
        # Rounded first: 0.29 * 100 is 28.999999999999996, which nobody meant to show.
        # A zero at the end is what a floating-point number is written with, and shows no decimal.
        exponent = Decimal(repr(round(self.value, 9))).normalize().as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0

    def agrees(self, scale: int, decimals: int | None = None, within: Fraction | None = None) -> bool:
        """Whether the ratio, written in this scale, rounds or truncates to the value.

        It does when it is less than one unit of the last decimal away. An integer has a unit of 1 in 0 to
        100, where a type that truncates was seen (E-005), and has to be exact in 0 to 1.
        """
        if not is_number(self.value):
            return False
        near = self._distance(scale)
        if near is not None and near < FINEST_UNIT / 2:
            return True
        shown = self.decimals if decimals is None else decimals
        # A whole unit away is wrong; the margin is for the binary fraction the decimal one came as.
        unit = 0.0 if isinstance(self.value, int) and scale == 1 else 10.0**-shown * MARGIN
        bound = max(FINEST_UNIT, float(within or 0), unit)
        if near is not None and abs(near - bound) > bound * 1e-7 + _FLOAT_ERROR:
            return near < bound
        return self._is_within(scale, shown, within)

    def is_far(self, scales: Iterable[int]) -> bool:
        """Whether no rounding in any of these scales makes the value of the ratio."""
        return not any(self.agrees(scale, within=ONE_PERCENT * scale) for scale in scales)

    def _distance(self, scale: int) -> float | None:
        """How far the value is from the ratio; None where floats cannot say for certain."""
        if abs(self.value) > _LARGE or self.ratio.numerator > _LARGE * self.ratio.denominator:
            return None
        return abs(self.value - self.ratio.numerator / self.ratio.denominator * scale)

    def _is_within(self, scale: int, shown: int, within: Fraction | None) -> bool:
        distance = abs(Fraction(self.value) - self.ratio * scale)
        if distance <= FINEST_UNIT or (within is not None and distance <= within):
            return True
        if isinstance(self.value, int) and scale == 1:
            return False
        return distance < Fraction(1, 10**shown) * Fraction(MARGIN)


def is_number(value: object) -> bool:
    """Whether a JSON value is a number to compute with (a Boolean is none)."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def scale_of(percents: Iterable[Percent]) -> int | None:
    """The scale most of the percents are in, the first's where votes are even; None where none shows it."""
    votes = Counter(scale for scale in map(decided_scale, percents) if scale is not None)
    return votes.most_common(1)[0][0] if votes else None


def decided_scale(percent: Percent) -> int | None:
    """The only scale in which this percent agrees with its counts; None where both or neither do."""
    fitting = [scale for scale in SCALES if percent.agrees(scale)]
    return fitting[0] if len(fitting) == 1 else None


def decimals_of(percents: Sequence[Percent], scale: int) -> int | None:
    """How many decimals this service shows: JSON drops trailing zeros, so the longest right one shows it."""
    return max(
        (percent.decimals for percent in percents if _shows(percent) and percent.agrees(scale)), default=None
    )


def _shows(percent: Percent) -> bool:
    return not isinstance(percent.value, int)


def wrong_percents(percents: Sequence[Percent], scale: int | None) -> Iterator[tuple[int, bool]]:
    """The indexes of the percents that are not their ratio, and whether no rounding makes it of them.

    Where nothing shows the scale, a percent is wrong that is its ratio in none.
    """
    scales = SCALES if scale is None else (scale,)
    wrong = set(range(len(percents))).intersection(*(disagreements(percents, each) for each in scales))
    return ((index, percents[index].is_far(scales)) for index in sorted(wrong))


def disagreements(percents: Sequence[Percent], scale: int) -> list[int]:
    """The indexes of the percents that are not their ratio in this scale."""
    decimals = decimals_of(percents, scale)
    wrong = []
    for index, percent in enumerate(percents):
        shown = max(percent.decimals, decimals or 0) if _shows(percent) else None
        if not percent.agrees(scale, shown):
            wrong.append(index)
    return wrong
