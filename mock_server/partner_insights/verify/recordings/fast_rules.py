"""Rows that fit their schema → whether they certainly keep the rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol, cast

from partner_insights.verify.judge.rows import UTC_OFFSET, date_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from partner_insights.contract import Catalogue

RULED = frozenset(
    {
        # The rules this module keeps, and those that one recorded answer cannot break.
        *("total-count", "unique-rows", "deployed-within-sold", "active-within-qualified"),
        *("one-percent-scale", "percent-of-counts", "utc", "not-in-the-future", "one-date-per-service"),
        *("own-customer", "partner-sold-is-the-sum", "prorated-percent-of-sums", "partner-groups"),
    }
)

HUNDREDTHS = frozenset(number / 100 for number in range(100 * 100 + 1))
TEN_THOUSANDTHS = frozenset(number / 10_000 for number in range(10_000 + 1))
SCALES = ((100, 0.009999, HUNDREDTHS), (1, 0.00009999, TEN_THOUSANDTHS))
"""A percent's scale, how far from its ratio it may lie, and what it may be."""

DATE, SERVICE = "processedDateTime", "serviceName"

EXACT = 2**53
"""Whole numbers up to here are the same to every reader."""

CACHE_SIZE = 10_000
"""Date-times of which it is kept in mind whether they are in UTC and past."""


class Row(Protocol):
    """What the rules reckon with, under the names of its parts in them; as far as its resource has it."""

    percent: float
    part: int
    whole: int
    date: str
    service: str


@dataclass(frozen=True)
class Parts:
    """Which properties of a resource play which part in the rules."""

    identity: tuple[str, ...]
    of_counts: tuple[str, ...]
    """Percent, part and whole; nothing where no percent is of its row's counts."""
    dated: bool

    @classmethod
    def of(cls, catalogue: Catalogue, resource: str) -> Parts:
        """As the rules' parameters say."""

        def stated(rule: str) -> tuple[str, ...]:
            found = catalogue.rules.get(rule)
            return tuple(found.parameters.get(resource, ())) if found is not None else ()

        dated = DATE in catalogue.schema(resource)["properties"]
        return cls(stated("unique-rows"), stated("percent-of-counts"), dated)

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        """The attribute of a row that holds a property, where it is not called like it."""
        dates = {DATE: "date", SERVICE: "service"} if self.dated else {}
        return dates | dict(zip(self.of_counts, ("percent", "part", "whole"), strict=False))

    def row(self, members: Mapping[str, Any]) -> Row:
        """A row of what a parser read; LookupError where a part is missing."""
        parts = {attribute: members[name] for name, attribute in self.attributes.items()}
        return cast("Row", SimpleNamespace(identity=tuple(map(members.get, self.identity)), **parts))


@dataclass(frozen=True)
class FastRules:
    """The rules of one resource's rows."""

    parts: Parts
    identity: Callable[[Row], Any]
    past: PastCheck

    def hold(self, rows: Sequence[Row]) -> bool:
        """Whether the rows of one answer keep every rule."""
        parts = self.parts
        return (
            (len(rows) == 1 or not parts.identity or len(set(map(self.identity, rows))) == len(rows))
            and (not parts.of_counts or any(_ratios_hold(rows, *scale) for scale in SCALES))
            and (not parts.dated or self._dates_hold(rows))
        )

    def _dates_hold(self, rows: Sequence[Row]) -> bool:
        """One date-time a service, written alike in each of its rows, in UTC and not in the future."""
        dates: dict[str, str] = {}
        for row in rows:
            if dates.setdefault(row.service, row.date) != row.date:
                return False
        return all(map(self.past.holds, dates.values()))


class PastCheck:
    """Knows of a text whether it is a moment in UTC, and not after a certain one."""

    def __init__(self, moment: datetime | None = None) -> None:
        """`moment` is now, by default."""
        self._moment = moment or datetime.now(UTC)
        self._known: dict[str, bool] = {}

    def holds(self, text: str) -> bool:
        """Reckoned once for each text."""
        if text not in self._known:
            if len(self._known) >= CACHE_SIZE:
                self._known.clear()
            moment = date_time(text)
            self._known[text] = (
                moment is not None and moment.utcoffset() == UTC_OFFSET and moment <= self._moment
            )
        return self._known[text]


def _ratios_hold(rows: Sequence[Row], scale: int, margin: float, shown: frozenset[float]) -> bool:
    """No part exceeds its whole, and each percent is their ratio in this scale, as far as it can tell.

    Nearer than the judge asks for: then no row can be decided for the other scale, nor disagree in this one.
    """
    for row in rows:
        part, whole = row.part, row.whole
        if part > whole or whole > EXACT:
            return False
        if whole:
            value = row.percent
            if not -margin < scale * part / whole - value < margin or value not in shown:
                return False
    # Written without a point, a percent has to be exact in the scale of 1; how it was written is forgotten.
    return scale != 1 or all(
        row.percent != int(row.percent) or row.percent * row.whole == row.part for row in rows
    )
