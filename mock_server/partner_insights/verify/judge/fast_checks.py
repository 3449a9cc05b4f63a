"""Rows that fit their schema → whether they certainly keep a rule, without saying what breaks it.

It may say no to rows that keep the rule, and the judge looks at them then. It never says yes to rows that
break it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from partner_insights.verify.judge.damaged_names import are_plain, damage, folded
from partner_insights.verify.judge.rows import UTC_OFFSET, date_time
from partner_insights.verify.judge.rules import FIRST_DAY

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue, Rule

Rows: TypeAlias = Sequence[Any]
"""Rows of one answer, with the attributes that a check names; None for a property that a row lacks."""

EXACT: Final = 2**53
"""Whole numbers up to here are the same to every reader."""

HUNDREDTHS = frozenset(number / 100 for number in range(100 * 100 + 1))
TEN_THOUSANDTHS = frozenset(number / 10_000 for number in range(10_000 + 1))
SCALES = ((100, 0.009999, HUNDREDTHS), (1, 0.00009999, TEN_THOUSANDTHS))
"""A percent's scale, how far from its ratio it may lie, and the values it may have."""

CACHE_SIZE: Final = 10_000
"""Date-times of which it is remembered whether they are in UTC and past."""


@dataclass(frozen=True)
class FastCheck:
    """Whether the rows of one answer certainly keep a rule. Equal checks of several rules are done once."""

    attributes: tuple[tuple[str, str], ...]
    """What it reads of a row: the attribute's name, and the property that it holds."""
    keep: Callable[[Rows], bool]
    of_any_part: bool = False
    """Whether rows that keep it together keep it in any part: then several answers are checked at once."""
    proves_format: str | None = None
    """A property whose format it checks as well, so that nobody else has to."""


class Requested(NamedTuple):
    """What an answer was for."""

    customer: str | None
    """The one that the path asks for."""
    moment: datetime
    """The latest one that the answer can speak of."""


CheckOfRequest: TypeAlias = Callable[[Rows, Requested], bool]
"""Whether the rows of one answer certainly keep a rule that needs its request; properties are attributes."""

NOTHING_TO_CHECK: Final = FastCheck((), lambda _: True)


@dataclass(frozen=True)
class RuleContext:
    """What a fast check is made of."""

    rule: Rule
    resource: str
    """Of the rows."""
    catalogue: Catalogue
    past: PastCheck


class PastCheck:
    """Knows of a text whether it is a moment in UTC, and not after a certain one."""

    def __init__(self, moment: datetime | None = None) -> None:
        """`moment` is now, by default."""
        self._moment = moment or datetime.now(UTC)
        self._known: dict[str, bool] = {}

    def holds(self, text: str) -> bool:
        """Computed once for each text."""
        if text not in self._known:
            if len(self._known) >= CACHE_SIZE:
                self._known.clear()
            moment = date_time(text)
            self._known[text] = (
                moment is not None
                and moment.utcoffset() == UTC_OFFSET
                and FIRST_DAY <= moment <= self._moment
            )
        return self._known[text]

    def one_for_each_service(self, rows: Rows) -> bool:
        """One date-time a service, written alike in each of its rows, in UTC and past."""
        dates: dict[str, str] = {}
        for row in rows:
            if dates.setdefault(row.service, row.date) != row.date:
                return False
        return all(map(self.holds, dates.values()))


def no_two_alike(context: RuleContext) -> FastCheck:
    """No two rows have the same values of the rule's properties."""
    names = tuple(context.rule.parameters[context.resource])
    return FastCheck(tuple(zip(names, names, strict=True)), _Distinct(names), of_any_part=True)


def percents_of_counts(context: RuleContext) -> FastCheck:
    """No part exceeds its whole, and each percent is their ratio, all in one scale."""
    rule = context.catalogue.rules.get("percent-of-counts")
    stated = rule.parameters.get(context.resource) if rule is not None else None
    # A percent without counts in its row has no ratio to differ from, and shows no scale.
    if stated is None:
        return NOTHING_TO_CHECK
    attributes = tuple(zip(("percent", "part", "whole"), stated, strict=True))
    return FastCheck(attributes, _ratios_hold, of_any_part=True)


def part_within_whole(part: str, whole: str) -> Callable[[RuleContext], FastCheck]:
    """A part is at most its whole; where a percent is their ratio, the check of percents says so too."""

    def fast(context: RuleContext) -> FastCheck:
        attributes = (("part", part), ("whole", whole))
        percents = percents_of_counts(context)
        if percents.attributes[1:] == attributes:
            return percents
        return FastCheck(attributes, _ordered, of_any_part=True)

    return fast


def dates_of_services(context: RuleContext) -> FastCheck:
    """One date-time for each service, in UTC and not in the future: all that the rules say of dates."""
    return FastCheck(
        (("service", "serviceName"), ("date", "processedDateTime")),
        context.past.one_for_each_service,
        of_any_part=True,
        proves_format="processedDateTime",
    )


def counted_by_the_reader(_: RuleContext) -> FastCheck:
    """The reader of the rows compares their number with totalCount."""
    return NOTHING_TO_CHECK


def needs_the_request(_: RuleContext) -> FastCheck:
    """Only with the request can one see that rows break the rule."""
    return NOTHING_TO_CHECK


def of_the_customer(context: RuleContext) -> CheckOfRequest:
    """Every row is of the customer that was asked for."""
    owner_of = attrgetter(context.rule.parameters[context.resource])

    def keep(rows: Rows, asked: Requested) -> bool:
        if asked.customer is None:
            return True
        owners, wanted = set(map(owner_of, rows)), asked.customer
        return owners == {wanted} or all(str(each).lower() == wanted.lower() for each in owners - {None})

    return keep


def before_the_answer(_: RuleContext) -> CheckOfRequest:
    """No row is dated after the answer."""
    date_of = attrgetter("processedDateTime")

    def keep(rows: Rows, asked: Requested) -> bool:
        moments = [date_time(each) for each in set(map(date_of, rows))]
        return all(moment is not None and moment <= asked.moment for moment in moments)

    return keep


def names_are_whole(context: RuleContext) -> FastCheck:
    """No customer's name shows damage."""
    if context.resource == "Customer":
        return FastCheck((("profile", "companyProfile"),), _profiles_are_whole, of_any_part=True)
    return FastCheck((("customer", "customerName"),), _names_are_whole, of_any_part=True)


def profiles_are_own(_: RuleContext) -> FastCheck:
    """The directory of each customer's profile is the customer's."""
    return FastCheck((("id", "id"), ("profile", "companyProfile")), _profiles_are_own, of_any_part=True)


def _names_are_whole(rows: Rows) -> bool:
    names = set(map(_customer_of, rows)) - {None}
    return are_plain(names) or all(damage(name) is None for name in names)


def _profiles_are_whole(rows: Rows) -> bool:
    return all(damage(_member(row.profile, "companyName")) is None for row in rows)


def _profiles_are_own(rows: Rows) -> bool:
    return all(row.id.lower() == str(_member(row.profile, "tenantId")).lower() for row in rows)


def _member(value: Any, name: str) -> Any:
    """A property of an object, which may have been read as either."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


_customer_of = attrgetter("customer")


@lru_cache(maxsize=CACHE_SIZE)
def _folded(value: Any) -> Any:
    return folded(value) if isinstance(value, str) else value


class _Distinct:
    """Looks first at the columns in which rows differed before: mostly they do so again."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._enough: set[str] = set()

    def __call__(self, rows: Rows) -> bool:
        if len(rows) == 1:
            return True
        # What the first row lacks is not compared: that can only find more rows alike.
        names = [name for name in self._names if getattr(rows[0], name) is not None]
        if _differ(rows, [name for name in names if name in self._enough]):
            return True
        if not _differ(rows, names):
            return False
        self._enough |= _needed(rows, names)
        return True


def _differ(rows: Rows, names: Sequence[str]) -> bool:
    """Whether no two rows are alike in the columns, or but for case and blanks."""
    keys = set(map(attrgetter(*names), rows)) if names else set()
    if len(keys) != len(rows):
        return False
    columns = (keys,) if len(names) == 1 else map(set, zip(*keys, strict=True))
    # Where no two texts of a column are one but for case and blanks, neither are two rows.
    return all(len(each) == len(set(map(_fold_of(each), each))) for each in columns)


def _fold_of(values: Collection[Any]) -> Callable[[Any], Any]:
    """What folds all of them: of texts without blanks only case is to be folded."""
    try:
        whole = "".join(values)
    except TypeError:
        return _folded
    return str.casefold if whole.split() == [whole] else _folded


def _needed(rows: Rows, names: Sequence[str]) -> set[str]:
    """Columns without any of which some rows would be alike."""
    needed = list(names)
    for name in reversed(names):  # the first is an id: of names there may be as many, but with blanks
        others = [each for each in needed if each != name]
        needed = others if _differ(rows, others) else needed
    return set(needed)


def _ordered(rows: Rows) -> bool:
    return all(row.part <= row.whole for row in rows)


def _ratios_hold(rows: Rows) -> bool:
    return any(_in_scale(rows, *scale) for scale in SCALES)


def _in_scale(rows: Rows, scale: int, margin: float, possible: frozenset[float]) -> bool:
    """Nearer than the judge requires: no row can be decided for the other scale, nor disagree in this one."""
    for row in rows:
        part, whole = row.part, row.whole
        if part > whole or whole > EXACT:
            return False
        if whole:
            percent = row.percent
            if not -margin < scale * part / whole - percent < margin or percent not in possible:
                return False
    # Written without a point, a percent has to be exact in the scale of 1; how it was written is forgotten.
    return scale != 1 or all(
        row.percent != int(row.percent) or row.percent * row.whole == row.part for row in rows
    )
