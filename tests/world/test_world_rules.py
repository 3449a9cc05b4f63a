"""The rules of the four resources hold on every world: any seed, size, percent scale and date."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue
from partner_insights.errors import InputError
from partner_insights.world import World
from partner_insights.world import partner_totals as partner_rows
from partner_insights.world.calendar import DATASETS, Calendar
from partner_insights.world.products import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LAW = settings(max_examples=30)
CATALOGUE = Catalogue.load("corrected")
DAY = date(2026, 11, 22)
PARTNER_DEPLOYMENT = "PartnerLicensesDeploymentInsights"
PARTNER_USAGE = "PartnerLicensesUsageInsights"
DEPLOYMENT = "CustomerLicensesDeploymentInsights"
USAGE = "CustomerLicensesUsageInsights"
Rows = list[dict[str, Any]]

days = st.dates(date(2015, 1, 1), date(2100, 12, 31))
worlds = st.builds(
    World,
    st.just(CATALOGUE),
    seed=st.integers(-(2**64), 2**64),
    customers=st.integers(0, 120),
    as_of=days,
    percent_scale=st.sampled_from([1, 100]),
)


def all_rows(world: World) -> dict[str, Rows]:
    return {name: world.rows(name) for name in (PARTNER_DEPLOYMENT, PARTNER_USAGE, DEPLOYMENT, USAGE)}


def percent_breaks(percent: float, part: int, whole: int, scale: int) -> bool:
    """Whether a percent is further from the exact ratio than its decimals allow (half a unit of the last)."""
    unit = Fraction(scale, 10_000)
    exact = Fraction(part) / Fraction(whole) * scale
    nearest = Fraction(round(Fraction(percent) / unit)) * unit
    return abs(nearest - exact) > unit / 2 or float(nearest) != percent


def grouped(rows: Rows, *by: str) -> dict[tuple[str, ...], Rows]:
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in by)].append(row)
    return groups


def broken(world: World, rows: dict[str, Rows]) -> Iterator[str]:
    """The name of each rule that the rows break."""
    yield from broken_counts(rows, world.percent_scale)
    yield from broken_sums(rows, world.percent_scale)
    yield from broken_dates(rows, world.as_of)
    identities = {
        PARTNER_DEPLOYMENT: ("serviceName", "channel"),
        PARTNER_USAGE: ("serviceName", "channel", "workloadName"),
        DEPLOYMENT: ("customerId", "productName"),
        USAGE: ("customerId", "productName", "workloadName"),
    }
    for name, identity in identities.items():
        if any(len(group) > 1 for group in grouped(rows[name], *identity).values()):
            yield "identity"


def broken_counts(rows: dict[str, Rows], scale: int) -> Iterator[str]:
    for row in rows[DEPLOYMENT]:
        sold, deployed = row["licensesSold"], row["licensesDeployed"]
        if type(sold) is not int or type(deployed) is not int or sold < 1 or not 0 <= deployed <= sold:
            yield "counts"
        elif percent_breaks(row["deploymentPercent"], deployed, sold, scale):
            yield "percent"
    held = {(row["customerId"], row["productName"]): row for row in rows[DEPLOYMENT]}
    for row in rows[USAGE]:
        qualified, active = row["licensesQualified"], row["licensesActive"]
        if type(qualified) is not int or type(active) is not int or not 0 <= active <= qualified:
            yield "counts"
        elif percent_breaks(row["usagePercent"], active, qualified, scale):
            yield "percent"
        licence = held.get((row["customerId"], row["productName"]), {"licensesSold": 0})
        if qualified != licence["licensesSold"] or active > licence["licensesDeployed"]:
            yield "usage of deployment"
        if licence["licensesSold"] and any(
            row[shared] != licence[shared] for shared in ("customerName", "serviceCode", "channel")
        ):
            yield "usage of deployment"


def broken_sums(rows: dict[str, Rows], scale: int) -> Iterator[str]:
    def total(group: Rows, name: str) -> int:
        return sum(row[name] for row in group)

    deployments = grouped(rows[DEPLOYMENT], "serviceName", "channel")
    usages = grouped(rows[USAGE], "serviceName", "channel", "workloadName")
    if set(deployments) != set(grouped(rows[PARTNER_DEPLOYMENT], "serviceName", "channel")):
        yield "partner groups"
    if set(usages) != set(grouped(rows[PARTNER_USAGE], "serviceName", "channel", "workloadName")):
        yield "partner groups"
    for row in rows[PARTNER_DEPLOYMENT]:
        group = deployments.get((row["serviceName"], row["channel"]), [])
        sold, deployed = total(group, "licensesSold"), total(group, "licensesDeployed")
        if row["licensesSold"] != sold or percent_breaks(
            row["proratedDeploymentPercent"], deployed, sold or 1, scale
        ):
            yield "partner sums"
    for row in rows[PARTNER_USAGE]:
        group = usages.get((row["serviceName"], row["channel"], row["workloadName"]), [])
        qualified, active = total(group, "licensesQualified"), total(group, "licensesActive")
        if percent_breaks(row["proratedLicensesUsagePercent"], active, qualified or 1, scale):
            yield "partner sums"


def broken_dates(rows: dict[str, Rows], as_of: date) -> Iterator[str]:
    midnight = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)
    for answer in rows.values():
        for group in grouped(answer, "serviceName").values():
            if len({row["processedDateTime"] for row in group}) > 1:
                yield "one date a service"
            for row in group:
                processed = datetime.fromisoformat(row["processedDateTime"])
                if processed.utcoffset() != timedelta(0) or not row["processedDateTime"].endswith("+00:00"):
                    yield "UTC"
                if not 1 <= (midnight.date() - processed.date()).days <= 5:
                    yield "lag"


@LAW
@given(worlds)
def test_every_rule_holds(world: World) -> None:
    """No row of any resource breaks a rule, alone, beside its neighbours, or against the other resources."""
    assert list(broken(world, all_rows(world))) == []


@settings(LAW, max_examples=10)
@given(worlds)
def test_every_customer_has_a_product_and_it_is_used(world: World) -> None:
    """Each customer has deployment rows under its own id and name, and usage rows for each."""
    for index in range(world.customers):
        deployment, usage = world.rows(DEPLOYMENT, index), world.rows(USAGE, index)
        who = world.customer(index)
        assert deployment
        for rows in (deployment, usage):
            assert {(row["customerId"], row["customerName"]) for row in rows} == {(who.id, who.name)}
        assert {row["productName"] for row in usage} == {row["productName"] for row in deployment}


@LAW
@given(worlds)
def test_rows_come_in_order(world: World) -> None:
    """Customer rows go by customer, product, workload; partner rows by service, channel, workload."""

    def ordered(keys: list[Any]) -> bool:
        return keys == sorted(keys)

    customer = world.customer_index
    for name in (DEPLOYMENT, USAGE):
        assert ordered(
            [
                (customer(row["customerId"]), row["serviceCode"], row["productName"], row.get("workloadName"))
                for row in world.rows(name)
            ]
        )
    for name in (PARTNER_DEPLOYMENT, PARTNER_USAGE):
        rows = world.rows(name)
        assert ordered([(row["serviceName"], row["channel"], row.get("workloadName")) for row in rows])


@LAW
@given(worlds)
def test_rows_are_json_in_the_tables_order(world: World) -> None:
    """Every row survives JSON unchanged, with its schema's properties in order and its own objectType."""
    for name, rows in all_rows(world).items():
        assert json.loads(json.dumps(rows)) == rows
        for row in rows:
            assert list(row) == list(CATALOGUE.resources[name].schema["properties"])
            assert row["attributes"] == {"objectType": name}


def set_in(name: str, **changes: Any) -> Callable[[dict[str, Rows]], None]:
    return lambda rows: rows[name][0].update(changes)


FAULTS: list[tuple[str, Callable[[dict[str, Rows]], None]]] = [
    ("counts", set_in(DEPLOYMENT, licensesSold=0, licensesDeployed=0)),
    ("counts", set_in(DEPLOYMENT, licensesDeployed=10**9)),
    ("counts", set_in(DEPLOYMENT, licensesDeployed=1.0)),
    ("counts", set_in(USAGE, licensesActive=10**9)),
    ("percent", set_in(DEPLOYMENT, deploymentPercent=33.333)),
    ("percent", set_in(USAGE, usagePercent=100.01)),
    ("usage of deployment", set_in(USAGE, licensesQualified=10**9)),
    ("usage of deployment", set_in(USAGE, channel="other")),
    ("partner groups", lambda rows: rows[PARTNER_USAGE].pop()),
    ("partner groups", lambda rows: rows[PARTNER_DEPLOYMENT].pop()),
    ("partner sums", set_in(PARTNER_DEPLOYMENT, licensesSold=1)),
    ("partner sums", set_in(PARTNER_USAGE, proratedLicensesUsagePercent=0.01)),
    ("identity", lambda rows: rows[USAGE].append(rows[USAGE][0])),
    ("one date a service", set_in(USAGE, processedDateTime="2026-11-19T00:00:01+00:00")),
    ("UTC", set_in(USAGE, processedDateTime="2026-11-19T00:00:00+01:00")),
    ("lag", set_in(DEPLOYMENT, processedDateTime="2026-11-22T00:00:00+00:00")),
    ("lag", set_in(DEPLOYMENT, processedDateTime="2026-11-16T00:00:00+00:00")),
]


@pytest.mark.parametrize(("rule", "plant"), FAULTS)
def test_a_planted_fault_is_found(rule: str, plant: Callable[[dict[str, Rows]], None]) -> None:
    """The rules of this file can fail: each finds a fault planted for it."""
    world = World(CATALOGUE, as_of=DAY)
    rows = all_rows(world)
    plant(rows)
    assert rule in set(broken(world, rows))


@pytest.mark.parametrize(("chunk", "threads"), [(7, 1), (7, 4), (499, 3), (500, 4)])
def test_sums_do_not_depend_on_the_chunks(monkeypatch: pytest.MonkeyPatch, chunk: int, threads: int) -> None:
    """Partner rows are the same however many customers are added up at a time, and by how many threads."""
    world = World(CATALOGUE, customers=500, as_of=DAY)
    whole = [world.rows(name) for name in (PARTNER_DEPLOYMENT, PARTNER_USAGE)]
    monkeypatch.setattr(partner_rows, "FEW", 0)
    monkeypatch.setattr(partner_rows, "CHUNK", chunk)
    monkeypatch.setattr(partner_rows, "MAX_THREADS", threads)
    monkeypatch.setattr("os.cpu_count", lambda: threads)
    again = replace(world)
    assert [again.rows(name) for name in (PARTNER_DEPLOYMENT, PARTNER_USAGE)] == whole


def test_dates_come_in_the_published_forms() -> None:
    """Office 365 deployment carries the run's clock, .NET fashion; all else midnight (E-006)."""
    forms = set()
    for offset in range(400):
        calendar = Calendar(1, date(2020, 1, 1) + timedelta(days=offset))
        crm, o365 = calendar.processed["deployment"]
        assert crm.endswith("T00:00:00+00:00")
        assert [text[10:] for text in calendar.processed["usage"]] == ["T00:00:00+00:00"] * len(SERVICES)
        clock = o365.removesuffix("+00:00")[11:]
        assert "02:00:00" <= clock < "06:00:00"
        assert not clock.endswith(".")
        assert "." not in clock or not clock.endswith("0")
        forms.add(len(clock))
    assert forms == {8, 10, 11}


@LAW
@given(st.integers(), days)
def test_no_number_is_younger_than_its_processing(seed: int, as_of: date) -> None:
    """A service's data day is on or before each of its processed days, and moves one day a day."""
    calendar, tomorrow = Calendar(seed, as_of), Calendar(seed, as_of + timedelta(days=1))
    for place, service in enumerate(SERVICES):
        for dataset in DATASETS:
            processed = date.fromisoformat(calendar.processed[dataset][place][:10])
            assert calendar.data_days[place] <= processed.toordinal() < as_of.toordinal()
            assert calendar.lag[service, dataset] == tomorrow.lag[service, dataset]
        assert tomorrow.data_days[place] == calendar.data_days[place] + 1


def test_seats_are_heavy_tailed() -> None:
    """Most licences are bought a few at a time, and a few customers buy hundreds: as resellers know it."""
    sold = World(CATALOGUE, customers=20_000, as_of=DAY).columns(DEPLOYMENT)["licensesSold"]
    ordered = sorted(sold.tolist())
    assert 3 <= ordered[len(ordered) // 2] <= 10
    assert ordered[-len(ordered) // 1000] > 300
    assert sum(ordered[-len(ordered) // 100 :]) > 0.15 * sum(ordered)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"customers": -1}, "-1 customers"),
        ({"customers": 10**12}, "customers"),
        ({"percent_scale": 10}, "percent scale 10"),
        ({"as_of": date(1999, 12, 31)}, "1999-12-31"),
    ],
)
def test_an_impossible_world_is_refused(wrong: dict[str, Any], says: str) -> None:
    """A size, scale or date beyond reason is an error that names it and says what would do."""
    with pytest.raises(InputError, match=says) as refusal:
        World(CATALOGUE, **wrong)
    assert refusal.value.remedy


@pytest.mark.parametrize("as_of", [date(2000, 1, 1), date.max])
def test_the_ends_of_time_work(as_of: date) -> None:
    """The earliest and the latest date a world takes break no rule."""
    world = World(CATALOGUE, customers=20, as_of=as_of)
    assert list(broken(world, all_rows(world))) == []
