"""Successful answers whose content is wrong: rows, counts, percents, dates, names → mutants of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from partner_insights.contract import Standing
from partner_insights.world.mutants.mutant import Answered, Change, Mutant, Scene, behaviour

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue

Row = dict[str, Any]
Rows = list[Row]
Respell = Callable[[Rows, Scene], Rows | None]
"""Rows → other rows, as many or not; None where there is nothing to spoil."""

FOREIGN = "5b1c1f0e-6a57-4b8e-8a0a-0f6d1c2b3a49"
"""A customer id that is no customer's of any world: its bits are not of version 4, variant 1 … by chance."""

DATE = "processedDateTime"


def content_mutants(catalogue: Catalogue) -> Iterator[Mutant]:
    """Every mutant of what a 200 holds."""
    groups = _Groups(catalogue)
    yield from _counting(groups)
    yield from _belonging(groups)
    yield from _reckoning(groups)
    yield from _partner(groups)
    yield from _dates(groups)
    yield from _typing(groups)


class _Groups:
    """Operation ids by what their answers hold."""

    def __init__(self, catalogue: Catalogue) -> None:
        operations = catalogue.operations.values()
        self.catalogue = catalogue
        self.collections = frozenset(each.id for each in operations if each.envelope is not None)
        self.analytics = frozenset(each.id for each in operations if each.seed)
        self.partner = frozenset(each.id for each in operations if each.seed and not each.per_customer)
        self.customer = self.analytics - self.partner
        self.lists = self.collections - self.analytics
        self.single = frozenset(catalogue.operations) - self.collections

    def having(self, *names: str) -> frozenset[str]:
        """The analytics operations whose rows have all these properties."""
        return frozenset(
            name
            for name in self.analytics
            if set(names)
            <= self.catalogue.schema(self.catalogue.operations[name].resource)["properties"].keys()
        )

    def percent(self, scene: Scene) -> tuple[str, str, str] | None:
        """The percent of a customer resource with the counts it is made of."""
        if scene.operation is None:
            return None
        stated = self.catalogue.rules["percent-of-counts"].parameters.get(scene.operation.resource)
        return None if stated is None else (stated[0], stated[1], stated[2])


def of_body(spoil: Callable[[Any, Scene], Any]) -> Change:
    """A change of the parsed body of a success; None from `spoil` leaves it alone."""

    def change(answered: Answered, scene: Scene) -> Answered:
        if (
            answered.status != 200
            or not answered.body
            or scene.operation is None
            or scene.method == "OPTIONS"
        ):
            return answered
        spoilt = spoil(answered.content, scene)
        return answered if spoilt is None else answered.with_content(spoilt)

    return change


def of_rows(respell: Respell) -> Change:
    """A change of the rows; `totalCount` follows, so that it is no second fault."""

    def spoil(body: Any, scene: Scene) -> Any:
        rows = respell(body["items"], scene) if body.get("items") else None
        return None if rows is None else {**body, "totalCount": len(rows), "items": rows}

    return of_body(spoil)


def of_first(respell: Callable[[Row, Scene], Row | None]) -> Change:
    """A change of the first row that has something to spoil."""

    def spoil(rows: Rows, scene: Scene) -> Rows | None:
        for index, row in enumerate(rows):
            spoilt = respell(row, scene)
            if spoilt is not None:
                return [*rows[:index], spoilt, *rows[index + 1 :]]
        return None

    return of_rows(spoil)


# ── How many ───────────────────────────────────────────────────────────────────────────────────────


def _counting(groups: _Groups) -> Iterator[Mutant]:
    documented, assumed = Standing.DOCUMENTED, Standing.ASSUMED
    yield behaviour(
        "wrong-total-count",
        "totalCount is one more than there are items",
        "PI201",
        documented,
        of_body(lambda body, _: {**body, "totalCount": body["totalCount"] + 1}),
        operations=groups.collections,
    )
    yield behaviour(
        "zero-total-count",
        "totalCount is 0 beside items",
        "PI201",
        documented,
        of_body(lambda body, _: {**body, "totalCount": 0} if body["items"] else None),
        operations=groups.collections,
    )
    yield behaviour(
        "duplicated-row",
        "the first row comes twice",
        "PI203",
        assumed,
        of_rows(lambda rows, _: [*rows, rows[0]]),
        operations=groups.collections,
    )
    yield behaviour(
        "conflicting-rows",
        "two rows of one identity have different counts",
        "PI203",
        assumed,
        of_rows(_conflict),
        operations=groups.customer,
    )
    yield behaviour(
        "lost-row",
        "a customer's first row is left out",
        "PI208 PI209 PI210",
        assumed,
        of_rows(lambda rows, _: rows[1:] if len(rows) > 1 else None),
        operations=groups.customer,
    )
    yield behaviour(
        "empty-for-some-customers",
        "customers with rows are told there are none",
        "PI208 PI209 PI210",
        assumed,
        of_rows(lambda _, scene: [] if chosen(scene) else None),
        operations=groups.customer,
    )
    yield behaviour(
        "hidden-customer",
        "the customer list leaves its first customer out",
        "PI208 PI209 PI210 PI314",
        assumed,
        of_rows(lambda rows, _: rows[1:]),
        operations=groups.lists,
    )
    yield behaviour(
        "circular-list",
        "the page after the second page of the customer list is that page again",
        "PI316",
        assumed,
        of_body(_circle),
        operations=groups.lists,
    )


def _circle(body: Any, _: Scene) -> Any:
    """Only the link of a page that was come to by a link can be followed to the same page."""
    itself = body["links"]["self"]
    return {**body, "links": {**body["links"], "next": itself}} if itself["headers"] else None


def chosen(scene: Scene) -> bool:
    """Whether this is one of the customers a mutant is unkind to: about every third."""
    digits = (scene.customer or "").replace("-", "").lower()
    try:
        return int(digits, 16) % 3 == 0
    except ValueError:
        return False


def _conflict(rows: Rows, scene: Scene) -> Rows:
    name = next(name for name in ("licensesSold", "licensesQualified") if name in rows[0])
    return [*rows, {**rows[0], name: rows[0][name] + 1}]


# ── Whose ──────────────────────────────────────────────────────────────────────────────────────────


def _belonging(groups: _Groups) -> Iterator[Mutant]:
    yield behaviour(
        "foreign-row",
        "one row is another customer's",
        "PI202",
        Standing.ASSUMED,
        of_first(lambda row, _: {**row, "customerId": FOREIGN} if "customerId" in row else None),
        operations=groups.having("customerId"),
    )
    yield behaviour(
        "foreign-rows",
        "all rows are another customer's",
        "PI202",
        Standing.ASSUMED,
        of_rows(
            lambda rows, _: (
                [{**row, "customerId": FOREIGN} for row in rows] if "customerId" in rows[0] else None
            )
        ),
        operations=groups.having("customerId"),
    )
    yield behaviour(
        "foreign-customer",
        "another customer is shown than the one asked for",
        "PI202",
        Standing.ASSUMED,
        of_body(_another_customer),
        operations=groups.single,
    )


def _another_customer(body: Any, _: Scene) -> Any:
    return {**body, "id": FOREIGN, "companyProfile": {**body["companyProfile"], "tenantId": FOREIGN}}


# ── Counts and percents ────────────────────────────────────────────────────────────────────────────


def _reckoning(groups: _Groups) -> Iterator[Mutant]:
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


# ── The partner's totals ───────────────────────────────────────────────────────────────────────────


def _partner(groups: _Groups) -> Iterator[Mutant]:
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


# ── Dates ──────────────────────────────────────────────────────────────────────────────────────────


def _dates(groups: _Groups) -> Iterator[Mutant]:
    documented, assumed = Standing.DOCUMENTED, Standing.ASSUMED
    every = {
        "date-time-without-zone": ("date-times have no offset", "PI104", documented, _without_zone),
        "date-without-time": ("dates have no time", "PI104", documented, lambda text: text[:10]),
        "impossible-date": (
            "a date is no day of the calendar",
            "PI104",
            documented,
            lambda text: f"2017-02-30{text[10:]}",
        ),
        "date-time-not-in-utc": ("date-times are in another zone", "PI211", assumed, _in_another_zone),
        "date-time-in-the-future": (
            "date-times are of years to come",
            "PI212",
            assumed,
            lambda text: f"2999{text[4:]}",
        ),
    }
    for name, (title, codes, standing, respell) in every.items():
        yield behaviour(
            name, title, codes, standing, of_rows(_each_date(respell)), operations=groups.analytics
        )
    yield behaviour(
        "two-dates-of-one-service",
        "a row is of another day than the others of its service",
        "PI213",
        assumed,
        of_rows(_two_dates),
        operations=groups.analytics,
    )


def _each_date(respell: Callable[[str], str]) -> Respell:
    return lambda rows, _: [{**row, DATE: respell(row[DATE])} for row in rows]


def _without_zone(text: str) -> str:
    return datetime.fromisoformat(text).replace(tzinfo=None).isoformat()


def _in_another_zone(text: str) -> str:
    """The same moment, elsewhere."""
    return datetime.fromisoformat(text).astimezone(timezone(timedelta(hours=2))).isoformat()


def _day_before(text: str) -> str:
    return (datetime.fromisoformat(text) - timedelta(days=1)).isoformat()


def _two_dates(rows: Rows, _: Scene) -> Rows | None:
    for index, row in enumerate(rows):
        if any(row["serviceName"] == other["serviceName"] for other in rows[:index]):
            return [*rows[:index], {**row, DATE: _day_before(row[DATE])}, *rows[index + 1 :]]
    return None


# ── Types and names ────────────────────────────────────────────────────────────────────────────────


def _typing(groups: _Groups) -> Iterator[Mutant]:
    documented, assumed = Standing.DOCUMENTED, Standing.ASSUMED
    rows = groups.collections
    counts = frozenset().union(
        *(
            groups.having(name)
            for name in ("licensesSold", "licensesDeployed", "licensesActive", "licensesQualified")
        )
    )
    first: dict[str, tuple[str, str, Standing, Callable[[Row], Row | None], frozenset[str]]] = {
        "null-value": ("a value is null", "PI101", documented, lambda row: _text(row, lambda _: None), rows),
        "null-optional-value": (
            "a value that may be absent is null",
            "PI101",
            documented,
            lambda row: {**row, "customerId": None},
            groups.having("customerId"),
        ),
        "number-as-string": (
            "a number is text",
            "PI101",
            documented,
            lambda row: _number(row, str),
            groups.analytics,
        ),
        "negative-count": (
            "a count is negative",
            "PI105",
            assumed,
            lambda row: _count(row, lambda n: -n - 1),
            counts,
        ),
        "fractional-count": (
            "a count is not whole",
            "PI107",
            assumed,
            lambda row: _count(row, lambda n: n + 0.5),
            counts,
        ),
        "boolean-for-a-count": (
            "a count is a boolean",
            "PI101",
            documented,
            lambda row: _count(row, bool),
            counts,
        ),
        "case-changed-property": (
            "a property's name is in another case",
            "PI102",
            assumed,
            _other_case,
            rows,
        ),
        "case-changed-object-type": (
            "an objectType is in another case",
            "PI103",
            documented,
            lambda row: {**row, "attributes": {"objectType": row["attributes"]["objectType"].lower()}},
            rows,
        ),
    }
    for name, (title, codes, standing, respell, operations) in first.items():
        yield behaviour(name, title, codes, standing, of_first(_alone(respell)), operations=operations)
    yield behaviour(
        "null-row",
        "a row is null",
        "PI101",
        documented,
        of_rows(lambda found, _: [*found[:-1], None]),  # type: ignore[list-item]  # what no row is
        operations=rows,
    )
    yield behaviour(
        "null-in-the-last-row",
        "a value of the last row only is null",
        "PI101",
        documented,
        of_rows(lambda found, _: [*found[:-1], _text(found[-1], lambda _: None)]),
        operations=rows,
    )


def _alone(respell: Callable[[Row], Row | None]) -> Callable[[Row, Scene], Row | None]:
    return lambda row, _: respell(row)


def _text(row: Row, respell: Callable[[str], Any]) -> Row:
    """One text that every row has."""
    name = next(name for name in ("serviceName", "relationshipToPartner") if name in row)
    return {**row, name: respell(row[name])}


def _number(row: Row, respell: Callable[[Any], Any]) -> Row:
    name = next(name for name, value in row.items() if isinstance(value, (int, float)))
    return {**row, name: respell(row[name])}


def _count(row: Row, respell: Callable[[Any], Any]) -> Row:
    name = next(name for name in row if name.startswith("licenses"))
    return {**row, name: respell(row[name])}


def _other_case(row: Row) -> Row:
    name = next(name for name in ("serviceName", "relationshipToPartner") if name in row)
    return {(key[0].upper() + key[1:] if key == name else key): value for key, value in row.items()}
