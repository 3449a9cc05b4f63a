"""Counts, percents and sums that do not agree → mutants of what can be reckoned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_insights.contract import Standing
from partner_insights.mutants.mutant import Mutant, Scene, behaviour
from partner_insights.mutants.response_edits import Groups, Row, Rows, of_first, of_rows

if TYPE_CHECKING:
    from collections.abc import Iterator


def reckoning_mutants(groups: Groups) -> Iterator[Mutant]:
    """What is wrong within one answer."""
    assumed = Standing.ASSUMED
    yield behaviour(
        "deployed-over-sold",
        "more licences are deployed than sold",
        "PI204",
        assumed,
        of_first(lambda row, _: {**row, "licensesDeployed": row["licensesSold"] + 1}),
        operations=groups.having("licensesDeployed", "licensesSold"),
    )
    yield behaviour(
        "active-over-qualified",
        "more licences are active than qualified",
        "PI205",
        assumed,
        of_first(lambda row, _: {**row, "licensesActive": row["licensesQualified"] + 1}),
        operations=groups.having("licensesActive", "licensesQualified"),
    )
    yield behaviour(
        "inconsistent-percent",
        "a percent is far from the ratio of its counts",
        "PI207",
        assumed,
        of_first(lambda row, scene: _off(row, groups.percent(scene), 7)),
        operations=groups.customer,
    )
    yield behaviour(
        "slightly-inconsistent-percent",
        "a percent is a little more than rounding beside the ratio of its counts",
        "PI207",
        assumed,
        of_first(lambda row, scene: _off(row, groups.percent(scene), 0.11)),
        operations=groups.customer,
    )
    yield behaviour(
        "percent-in-the-other-scale",
        "some rows give their percent from 0 to 1, the others from 0 to 100",
        "PI206 PI207",
        assumed,
        of_rows(lambda rows, scene: _other_scale(rows, groups.percent(scene))),
        operations=groups.customer,
    )


def _off(row: Row, stated: tuple[str, str, str] | None, percent: float) -> Row | None:
    """The row with its percent moved by so many hundredths of the whole, towards the middle."""
    if stated is None or not row[stated[2]] or row[stated[0]] in (0, 0.0):
        return None
    name, part, whole = stated
    hundred = 100 if abs(row[name] - 100 * row[part] / row[whole]) < 0.5 else 1
    move = percent * hundred / 100
    value = row[name] - move if row[name] > hundred / 2 else row[name] + move
    return {**row, name: round(value, 6)}


def _other_scale(rows: Rows, stated: tuple[str, str, str] | None) -> Rows | None:
    """Fewer than half of the rows whose percent tells its scale."""
    if stated is None:
        return None
    name = stated[0]
    telling = [index for index, row in enumerate(rows) if row[name] not in (0, 0.0)]
    if len(telling) < 3:
        return None
    some = set(telling[: (len(telling) - 1) // 2])
    hundred = max(row[name] for row in rows) > 1
    factor = 1 / 100 if hundred else 100
    return [
        {**row, name: round(row[name] * factor, 6)} if index in some else row
        for index, row in enumerate(rows)
    ]


def partner_mutants(groups: Groups) -> Iterator[Mutant]:
    """What is wrong between the partner's answer and its customers'."""
    assumed = Standing.ASSUMED
    sold = groups.partner & groups.having("licensesSold")
    yield behaviour(
        "partner-sold-is-no-sum",
        "the partner's licensesSold is one more than its customers' sum",
        "PI208",
        assumed,
        of_first(lambda row, _: {**row, "licensesSold": row["licensesSold"] + 1}),
        operations=sold,
    )
    yield behaviour(
        "partner-percent-is-no-ratio",
        "a prorated percent is not the ratio of the customers' sums",
        "PI209",
        assumed,
        of_first(_other_prorated),
        operations=groups.partner,
    )
    yield behaviour(
        "partner-percent-in-the-other-scale",
        "one prorated percent is from 0 to 1, the others from 0 to 100",
        "PI206 PI209",
        assumed,
        of_rows(_prorated_in_other_scale),
        operations=groups.partner,
    )
    yield behaviour(
        "partner-group-missing",
        "the partner has no row of a service and channel its customers have",
        "PI210",
        assumed,
        of_rows(lambda rows, _: rows[1:]),
        operations=groups.partner,
    )
    yield behaviour(
        "partner-group-invented",
        "the partner has a row of a channel no customer has",
        "PI210",
        assumed,
        of_rows(lambda rows, _: [*rows, {**rows[0], "channel": "wholesale"}]),
        operations=groups.partner,
    )
    yield behaviour(
        "partner-empty",
        "the partner is told there are no rows while its customers have some",
        "PI210",
        assumed,
        of_rows(lambda rows, _: []),
        operations=groups.partner,
    )


def _prorated(row: Row) -> str:
    return next(name for name in row if name.startswith("prorated"))


def _other_prorated(row: Row, _: Scene) -> Row:
    name = _prorated(row)
    hundred = 100 if row[name] > 1 else 1
    move = 0.07 * hundred
    return {**row, name: round(row[name] - move if row[name] > hundred / 2 else row[name] + move, 6)}


def _prorated_in_other_scale(rows: Rows, _: Scene) -> Rows | None:
    name = _prorated(rows[0])
    telling = [index for index, row in enumerate(rows) if row[name] > 1]
    if len(telling) < 2:
        return None
    return [
        {**row, name: round(row[name] / 100, 6)} if index == telling[0] else row
        for index, row in enumerate(rows)
    ]
