"""The rules across answers: what the partner's rows say, held against the rows of all its customers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from partner_insights.verify.judge.damaged_names import folded
from partner_insights.verify.judge.percents import Percent, scale_of, wrong_percents
from partner_insights.verify.judge.rules import broken
from partner_insights.verify.judge.violation import Finding, display_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from partner_insights.contract import Rule
    from partner_insights.verify.judge.rows import JudgedResponse, Row

Group = tuple[str, ...]


@dataclass(frozen=True)
class PartnerCustomerPair:
    """Which customer rows a partner resource sums up, and how."""

    customers: str
    group: tuple[str, ...]
    part: str
    whole: str
    percent: str


PAIRS: Mapping[str, PartnerCustomerPair] = {
    "PartnerLicensesDeploymentInsights": PartnerCustomerPair(
        customers="CustomerLicensesDeploymentInsights",
        group=("serviceName", "channel"),
        part="licensesDeployed",
        whole="licensesSold",
        percent="proratedDeploymentPercent",
    ),
    "PartnerLicensesUsageInsights": PartnerCustomerPair(
        customers="CustomerLicensesUsageInsights",
        group=("serviceName", "channel", "workloadName"),
        part="licensesActive",
        whole="licensesQualified",
        percent="proratedLicensesUsagePercent",
    ),
}


@dataclass
class Sums:
    """The customers' counts, added up per group; `unreadable` groups hold a row that could not be added."""

    part: defaultdict[Group, int] = field(default_factory=lambda: defaultdict(int))
    whole: defaultdict[Group, int] = field(default_factory=lambda: defaultdict(int))
    unreadable: set[Group] = field(default_factory=set)
    moments: defaultdict[str, set[datetime]] = field(default_factory=lambda: defaultdict(set))
    """Of which moments the rows of each service are."""
    complete: bool = True
    """False once a row did not even name its group."""
    of_all: bool = True
    """Whether the rows of all customers are in them."""
    summed: set[Group] = field(default_factory=set)
    """Services and channels of which the partner has sold what its listed customers have: they are all."""


def add_up(answers: Iterable[JudgedResponse], sides: PartnerCustomerPair, *, of_all: bool = True) -> Sums:
    """The sums over the rows of answers."""
    sums = Sums(of_all=of_all)
    for answer in answers:
        for row in answer.rows:
            group = _group(row, sides)
            moment = row.moment("processedDateTime")
            if group is not None and moment is not None:
                sums.moments[group[0]].add(moment)
            part, whole = row.count(sides.part), row.count(sides.whole)
            if group is None:
                sums.complete = False
            elif part is None or whole is None:
                sums.unreadable.add(group)
            else:
                sums.part[group] += part
                sums.whole[group] += whole
    return sums


def _group(row: Row, sides: PartnerCustomerPair) -> Group | None:
    names = [row.text(name) for name in sides.group]
    return None if None in names else tuple(name for name in names if name is not None)


def summed_groups(partner: JudgedResponse, sides: PartnerCustomerPair, sums: Sums) -> set[Group]:
    """The services and channels of which the partner has sold what its customers have, on the same day."""
    return {
        group[:2]
        for row, group in _groups(partner, sides, sums)
        if row.number("licensesSold") == sums.whole[group] and _is_of_one_moment(partner, sums, group[0])
    }


def _groups(partner: JudgedResponse, sides: PartnerCustomerPair, sums: Sums) -> Iterator[tuple[Row, Group]]:
    """The partner's rows whose sum is known for certain, each group once."""
    seen: set[Group] = set()
    for row in partner.rows:
        group = _group(row, sides)
        if (
            group is not None
            and group in sums.whole
            and group not in sums.unreadable
            and group not in seen
            and sums.complete
        ):
            seen.add(group)
            yield row, group


def _moments(partner: JudgedResponse, service: str) -> set[datetime]:
    rows = (row for row in partner.rows if row.text("serviceName") == service)
    return {moment for row in rows if (moment := row.moment("processedDateTime")) is not None}


def _is_of_one_moment(partner: JudgedResponse, sums: Sums, service: str) -> bool:
    """Whether the partner's and the customers' rows of a service were aggregated together."""
    ours, theirs = _moments(partner, service), sums.moments.get(service, set())
    return len(ours) == 1 and ours == theirs


def _dates(partner: JudgedResponse, sums: Sums, service: str) -> str:
    """Of which moments the partner's and the customers' rows of a service are; empty where all are of one."""
    ours, theirs = _moments(partner, service), sums.moments.get(service, set())
    if len(ours | theirs) <= 1:
        return ""
    return (
        f" (the partner's rows of {display_value(service)} are of {_days(ours)}, "
        f"the customers' of {_days(theirs)})"
    )


def _days(moments: Iterable[datetime]) -> str:
    return ", ".join(moment.isoformat() for moment in sorted(moments)[:3]) or "no date"


def partner_sold_is_the_sum(
    partner: JudgedResponse, rule: Rule, sides: PartnerCustomerPair, sums: Sums
) -> Iterator[Finding]:
    """PI208."""
    for row, group in _groups(partner, sides, sums):
        sold = row.number(sides.whole)
        total = sums.whole[group]
        if sold is not None and (sold < total or (sold > total and sums.of_all)):
            dates = _dates(partner, sums, group[0])
            message = (
                f"{sides.whole} of {_spoken(group)} is {display_value(sold)}, "
                f"{'its' if sums.of_all else 'some'} customers' sum is {total}{dates}"
            )
            certain = sold < total and _is_of_one_moment(partner, sums, group[0])
            yield broken(partner, rule, row.pointer(sides.whole), message, value=sold, certain=certain)


def _percents(
    partner: JudgedResponse, sides: PartnerCustomerPair, sums: Sums
) -> list[tuple[Row, Group, Percent]]:
    rows: list[tuple[Row, Group, Percent]] = []
    for row, group in _groups(partner, sides, sums) if sums.of_all else ():
        value, part, whole = row.number(sides.percent), sums.part[group], sums.whole[group]
        if value is not None and whole and part <= whole:
            rows.append((row, group, Percent(value, Fraction(part, whole))))
    return rows


def partner_scale(partner: JudgedResponse, sides: PartnerCustomerPair, sums: Sums) -> int | None:
    """The scale of a partner's percents, as far as the sums of its customers show it."""
    return scale_of(percent for *_, percent in _percents(partner, sides, sums))


def prorated_percent_of_sums(
    partner: JudgedResponse, rule: Rule, sides: PartnerCustomerPair, sums: Sums
) -> Iterator[Finding]:
    """PI209."""
    rows = _percents(partner, sides, sums)
    percents = [percent for *_, percent in rows]
    for index, far in wrong_percents(percents, scale_of(percents)):
        row, group, percent = rows[index]
        counts = f"{sums.part[group]} / {sums.whole[group]}, a ratio of {float(percent.ratio):.6g}"
        dates = _dates(partner, sums, group[0])
        message = (
            f"{sides.percent} of {_spoken(group)} is {display_value(percent.value)}, "
            f"but the customers' {sides.part} / {sides.whole} is {counts}{dates}"
        )
        certain = far and group[:2] in sums.summed and _is_of_one_moment(partner, sums, group[0])
        pointer = row.pointer(sides.percent)
        yield broken(partner, rule, pointer, message, sides.percent, percent.value, certain=certain)


def partner_groups(
    partner: JudgedResponse, rule: Rule, sides: PartnerCustomerPair, sums: Sums
) -> Iterator[Finding]:
    """PI210."""
    if not sums.complete:
        return
    theirs = set(sums.whole) | sums.unreadable
    ours = {_group(row, sides) for row in partner.rows}
    if None not in ours:
        for missing in sorted(theirs - ours):
            dates = _dates(partner, sums, missing[0]) if partner.rows else " (it has no rows at all)"
            message = f"no row of the partner is of {_spoken(missing)}, which customers have{dates}"
            certain = _is_of_one_moment(partner, sums, missing[0])
            yield broken(partner, rule, "/items", message, certain=certain)
    written = {_folded(group) for group in theirs}
    for row in partner.rows:
        group = _group(row, sides)
        if group is not None and group not in theirs and sums.of_all:
            dates = _dates(partner, sums, group[0])
            otherwise = _folded(group) in written
            words = ", but of the same in other letters" if otherwise else dates
            message = f"no customer has a row of {_spoken(group)}{words}"
            yield broken(partner, rule, row.pointer(), message, certain=otherwise)


def _folded(group: Group) -> Group:
    return tuple(folded(name) for name in group)


def _spoken(group: Group) -> str:
    return ", ".join(display_value(name) for name in group)
