"""Mutants of numbers: counts, percents and sums that do not agree."""

from __future__ import annotations

from typing import Final

from partner_insights.mutants.mutant import ASSUMED, BehaviourTable, RequestContext
from partner_insights.mutants.operation_groups import both, has, of_customer, of_partner
from partner_insights.mutants.response_edits import Row, Rows, of_first, of_rows

NUMBERS: Final = BehaviourTable()
mutant = NUMBERS.mutant


@mutant("PI204", ASSUMED, of_first, has("licensesDeployed", "licensesSold"))
def deployed_over_sold(row: Row, _: RequestContext) -> Row:
    """More licences are deployed than sold."""
    return {**row, "licensesDeployed": row["licensesSold"] + 1}


@mutant("PI205", ASSUMED, of_first, has("licensesActive", "licensesQualified"))
def active_over_qualified(row: Row, _: RequestContext) -> Row:
    """More licences are active than qualified."""
    return {**row, "licensesActive": row["licensesQualified"] + 1}


@mutant("PI207", ASSUMED, of_first, of_customer)
def inconsistent_percent(row: Row, request: RequestContext) -> Row | None:
    """A percent is far from the ratio of its counts."""
    return _moved(row, request, 7)


@mutant("PI207", ASSUMED, of_first, of_customer)
def slightly_inconsistent_percent(row: Row, request: RequestContext) -> Row | None:
    """A percent is a little more than rounding beside the ratio of its counts."""
    return _moved(row, request, 0.11)


@mutant("PI206 PI207", ASSUMED, of_rows, of_customer)
def percent_in_the_other_scale(rows: Rows, request: RequestContext) -> Rows | None:
    """Some rows give their percent from 0 to 1, the others from 0 to 100.

    They are fewer than half of the rows whose percent shows its scale.
    """
    stated = percent_rule(request)
    if stated is None:
        return None
    name = stated[0]
    not_zero = [index for index, row in enumerate(rows) if row[name] not in (0, 0.0)]
    if len(not_zero) < 3:
        return None
    some = set(not_zero[: (len(not_zero) - 1) // 2])
    factor = 1 / 100 if max(row[name] for row in rows) > 1 else 100
    return [
        {**row, name: round(row[name] * factor, 6)} if index in some else row
        for index, row in enumerate(rows)
    ]


def _moved(row: Row, request: RequestContext, percent: float) -> Row | None:
    """The row with its percent moved by so many hundredths of the whole."""
    stated = percent_rule(request)
    if stated is None or not row[stated[2]] or row[stated[0]] in (0, 0.0):
        return None
    name, part, whole = stated
    hundred = 100 if abs(row[name] - 100 * row[part] / row[whole]) < 0.5 else 1
    return {**row, name: _towards_the_middle(row[name], percent * hundred / 100, hundred)}


def _towards_the_middle(value: float, move: float, hundred: int) -> float:
    return round(value - move if value > hundred / 2 else value + move, 6)


def percent_rule(request: RequestContext) -> tuple[str, str, str] | None:
    """The percent of a customer resource with the part and the whole it is computed from."""
    if request.operation is None:
        return None
    rule = request.catalogue.rules["percent-of-counts"]
    stated = rule.parameters.get(request.operation.resource)
    return None if stated is None else (stated[0], stated[1], stated[2])


@mutant("PI208", ASSUMED, of_first, both(of_partner, has("licensesSold")))
def partner_sold_is_no_sum(row: Row, _: RequestContext) -> Row:
    """The partner's licensesSold is one more than its customers' sum."""
    return {**row, "licensesSold": row["licensesSold"] + 1}


@mutant("PI208", ASSUMED, of_first, both(of_partner, has("licensesSold")))
def partner_sold_is_less(row: Row, _: RequestContext) -> Row:
    """The partner's licensesSold lacks one licence of its customers."""
    return {**row, "licensesSold": max(0, row["licensesSold"] - 1)}


@mutant("PI209", ASSUMED, of_first, of_partner)
def partner_percent_is_no_ratio(row: Row, _: RequestContext) -> Row:
    """A prorated percent is not the ratio of the customers' sums."""
    name = _prorated(row)
    hundred = 100 if row[name] > 1 else 1
    return {**row, name: _towards_the_middle(row[name], 0.07 * hundred, hundred)}


@mutant("PI206 PI209", ASSUMED, of_rows, of_partner)
def partner_percent_in_the_other_scale(rows: Rows, _: RequestContext) -> Rows | None:
    """One prorated percent is from 0 to 1, the others from 0 to 100."""
    name = _prorated(rows[0])
    above_one = [index for index, row in enumerate(rows) if row[name] > 1]
    if len(above_one) < 2:
        return None
    first = rows[above_one[0]]
    return [{**row, name: round(row[name] / 100, 6)} if row is first else row for row in rows]


def _prorated(row: Row) -> str:
    return next(name for name in row if name.startswith("prorated"))


@mutant("PI210", ASSUMED, of_rows, of_partner)
def partner_group_missing(rows: Rows, _: RequestContext) -> Rows:
    """The partner has no row of a service and channel its customers have."""
    return rows[1:]


@mutant("PI210", ASSUMED, of_rows, of_partner)
def partner_group_invented(rows: Rows, _: RequestContext) -> Rows:
    """The partner has a row of a channel no customer has."""
    return [*rows, {**rows[0], "channel": "wholesale"}]


@mutant("PI210", ASSUMED, of_first, of_partner)
def partner_group_in_other_letters(row: Row, _: RequestContext) -> Row:
    """The partner writes a channel in capitals that its customers' rows do not."""
    return {**row, "channel": row["channel"].swapcase()}


@mutant("PI210", ASSUMED, of_rows, of_partner)
def partner_empty(rows: Rows, _: RequestContext) -> Rows:
    """The partner is told there are no rows while its customers have some."""
    return []
