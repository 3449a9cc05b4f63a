"""Rows of the newer analytics are data as the older ones are: the same world comes of both."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue
from partner_insights.errors import InputError
from partner_insights.fixtures.factories.own_data import OwnCustomer, small_worlds
from partner_insights.fixtures.files.write import write_resource
from partner_insights.recording_folder import INDEX
from partner_insights.world import World
from partner_insights.world.own import load
from partner_insights.world.own.files import chunks_of, chunks_of_value

if TYPE_CHECKING:
    from pathlib import Path

LAW = settings(max_examples=10)
DAY = date(2026, 11, 22)
MADE = World(Catalogue.load("corrected"), seed=7, customers=12, as_of=DAY)
EMPTY = MADE.without_customers()
DEPLOYMENT, USAGE = NEWER = ("LicensesDeployment", "LicensesUsage")
OLDER = ("CustomerLicensesDeploymentInsights", "CustomerLicensesUsageInsights")
ALL = (*NEWER, *OLDER, "PartnerLicensesDeploymentInsights", "PartnerLicensesUsageInsights")
WHOLES, PARTS = ("licensesSold", "licensesQualified"), ("licensesDeployed", "licensesActive")


def taken(value: Any, world: World = EMPTY, **options: bool) -> World:
    return load.put(load.read(chunks_of_value(value), world, **options), world)


def rows_of(world: World, *resources: str) -> list[dict[str, Any]]:
    return [row for resource in resources for row in world.rows(resource)]


@LAW
@given(small_worlds(), st.integers(0, 20), st.booleans())
def test_newer_rows_are_the_same_world(customers: list[OwnCustomer], made: int, older: bool) -> None:
    """Newer rows of any world, alone or beside the older, give the same bytes in all operations."""
    world = taken(customers, replace(MADE, customers=made))
    rows = rows_of(world, *NEWER, *(OLDER if older else ()))
    again = taken({"Value": rows}) if rows else world
    for name in ALL:
        assert json.dumps(again.rows(name)) == json.dumps(world.rows(name))


@pytest.mark.parametrize("has_ids", [True, False])
def test_newer_resources_are_part_of_a_world_that_was_given_them(has_ids: bool) -> None:
    """To take the world's rows back; where only older ones were given, these are enough."""
    rows = rows_of(MADE, *NEWER)
    for row in rows if not has_ids else ():
        del row["productId"]
    assert load.resources_of(taken(rows)) == load.OLDER_RESOURCES + load.NEWER_RESOURCES
    assert load.resources_of(taken(rows_of(MADE, *OLDER))) == load.OLDER_RESOURCES
    assert load.resources_of(taken(rows_of(MADE, *OLDER), MADE)) == load.OLDER_RESOURCES
    assert load.resources_of(MADE) == load.OLDER_RESOURCES


@LAW
@given(st.integers(0, 3000), st.uuids())
def test_day_and_ids_that_are_given_are_told(days: int, first: UUID) -> None:
    """A time and product ids of one's own come back; an earlier day has its own; older rows are near."""
    day = DAY - timedelta(days=days)
    ids: dict[str, str] = {}
    rows = [{**row, "processedDateTime": f"{day}T00:00:00"} for row in rows_of(MADE, *NEWER)]
    for row in rows:
        row["productId"] = ids.setdefault(row["productName"], str(UUID(int=first.int ^ len(ids))).upper())
    world = taken(rows)
    assert rows_of(world, *NEWER) == rows
    before = day - timedelta(days=1)
    earlier = world.processed_at(USAGE, f"{before}T00:00:00")
    assert earlier is not None
    assert {row["processedDateTime"] for row in earlier.rows(USAGE)} == {f"{before}T00:00:00"}
    for row in rows_of(world, *OLDER):
        assert abs(date.fromisoformat(row["processedDateTime"][:10]) - day) < timedelta(days=7)


def test_beside_made_customers_all_have_the_time_of_the_day() -> None:
    """One answer has one time: where customers are made, it is theirs."""
    rows = [{**row, "processedDateTime": "2026-11-01T00:00:00"} for row in MADE.rows(DEPLOYMENT)[:3]]
    world = taken(rows, replace(MADE, seed=8))
    assert len({row["processedDateTime"] for row in world.rows(DEPLOYMENT)}) == 1
    assert world.rows(DEPLOYMENT)[0]["processedDateTime"] > "2026-11-02"


@pytest.mark.parametrize("name", WHOLES + PARTS)
def test_generations_that_do_not_agree_are_refused(name: str) -> None:
    """Of one count in the older rows and another in the newer, the later is refused at its place."""
    rows, older = rows_of(MADE, *OLDER), len(rows_of(MADE, *OLDER))
    newer = rows_of(MADE, *NEWER)
    at = max(at for at, row in enumerate(newer) if row.get(name))
    newer[at] = {**newer[at], name: newer[at][name] + (1 if name in WHOLES else -1)}
    with pytest.raises(InputError, match="PI203") as refused:
        taken([*rows, *newer])
    assert refused.value.where == f"/{older + at}/{name}"


CELLS: list[tuple[str, Any, str]] = [
    ("licensesSold", -1, "minimum"),
    ("licensesDeployed", "7", "type"),
    ("licensesDeployed", 10**8, "PI204"),
    ("customerTenantId", "12", "uuid"),
    ("customerTenantId", ["12"], "type"),
    ("productId", "E3", "uuid"),
    ("productId", None, "type"),
    ("processedDateTime", "2026-11-18T00:00:00+00:00", "date-time-local"),
    ("processedDateTime", "2026-11-18", "date-time-local"),
    ("processedDateTime", "2026-02-30T00:00:00", "date-time-local"),
    ("processedDateTime", "2026-11-18T01:00:00", "midnight"),
    ("processedDateTime", "1999-11-18T00:00:00", "first day"),
    ("processedDateTime", "2026-11-23T00:00:00", "PI212"),
    ("processedDateTime", "2026-11-01T00:00:00", "one day"),
    ("serviceName", "Azure", "PI220"),
    ("serviceCode", "azure", "PI220"),
    ("productName", "Another", "PI220"),
    ("licenseSold", 4, "did you mean licensesSold"),
]


@pytest.mark.parametrize(("name", "value", "rule"), CELLS)
def test_a_broken_cell_is_refused_at_its_place(name: str, value: Any, rule: str) -> None:
    """One broken cell among good ones: refused with pointer and rule, by the name the row has for it."""
    rows = MADE.rows(DEPLOYMENT)
    held = [row["productName"] for row in rows]
    at = next(at for at in range(len(rows) - 1, 0, -1) if held.count(held[at]) > 1)
    rows[at] = {**rows[at], name: value}
    with pytest.raises(InputError, match=rule) as refused:
        taken({"Value": rows})
    assert refused.value.where in (f"/Value/{at}/{name}", "/Value/0/licenseSold")


def test_two_ids_of_one_licence_are_refused() -> None:
    """A licence has one product id in rows of deployment and of use."""
    rows = rows_of(MADE, *NEWER)
    rows[-1] = {**rows[-1], "productId": "AAAAAAAA-0000-0000-0000-000000000001"}
    with pytest.raises(InputError, match=r"/productId.*PI220"):
        taken(rows)


@pytest.mark.parametrize(
    "rows",
    [
        [("X", "o365", "o365", "Exchange", "EXO"), ("Y", "o365", "o365", "Exchange", "SPO")],
        [("X", "o365", "o365", "Exchange", "EXO"), ("Y", "o365", "o365", "SharePoint", "EXO")],
        [("X", "o365", "o365", "Exchange", "EXO"), ("Y", "office", "o365", "Exchange", "EXO")],
        [("X", "o365", "o365", "Exchange", "EXO"), ("X", "crm", "crm", "Exchange", "EXO")],
    ],
)
def test_two_meanings_of_a_code_are_refused(rows: list[tuple[str, ...]]) -> None:
    """PI220: a code has one name, a name one code, a product one service; in older rows, too."""
    names = ("productName", "serviceName", "serviceCode", "workloadName", "workloadCode")
    with pytest.raises(InputError, match="PI220"):
        taken([{"customer": "A", "active": 1, **dict(zip(names, row, strict=True))} for row in rows])


def test_a_name_without_its_code_is_the_one_with_it() -> None:
    """The samples leave codes out: such a row is of the service and workload that another names in full."""
    row = {"customer": "A", "productName": "X", "serviceName": "azure"}
    use = {**row, "licensesQualified": 5, "licensesActive": 2, "workloadName": "VM"}
    full = {**use, "serviceCode": "az", "workloadCode": "V"}
    world = taken([{**row, "licensesSold": 5, "licensesDeployed": 4}, full, {**use, "productName": "Y"}])
    assert world.own is not None
    assert len(world.own.licences.customer) == 2
    assert {(each["serviceCode"], each["workloadCode"]) for each in world.rows(OLDER[1])} == {("az", "V")}


@pytest.mark.parametrize("suffix", ["json", "ndjson", "csv", "parquet"])
def test_every_form_of_newer_rows_is_taken(tmp_path: Path, suffix: str) -> None:
    """What `fixtures write` writes of both generations, in each form, is the same rows."""
    for name in ("Customer", *NEWER, *OLDER):
        write_resource(MADE, name, tmp_path / f"{name}.{suffix}", suffix)
    world = load.put(load.read(chunks_of(tmp_path), EMPTY), EMPTY)
    for name in ("Customer", *ALL):
        assert world.rows(name) == MADE.rows(name)


def test_older_rows_of_another_time_move_the_newer_ones() -> None:
    """Both generations are of one week (PI235), also where old rows of the older alone are given."""
    rows = rows_of(MADE, *OLDER)
    world = taken(rows, replace(EMPTY, as_of=date(2027, 3, 1)))
    latest = max(row["processedDateTime"] for row in MADE.rows(OLDER[0]))
    assert world.rows(DEPLOYMENT)[0]["processedDateTime"][:10] == latest[:10]


def test_what_is_invalid_can_be_taken_on_purpose() -> None:
    """`allow_invalid`: broken cells of newer rows show as they were given."""
    rows = MADE.rows(DEPLOYMENT)
    rows[0] = {**rows[0], "licensesSold": "many", "processedDateTime": "yesterday"}
    told = taken(rows, allow_invalid=True).rows(DEPLOYMENT)
    assert (told[0]["licensesSold"], told[0]["processedDateTime"]) == ("many", "yesterday")
    assert told[1:] == rows[1:]


def test_a_recording_of_the_newer_operations_is_data(tmp_path: Path) -> None:
    """Pages of both, asked in more than one way, are the rows; sums and other operations are passed over."""
    deployment, usage = MADE.rows(DEPLOYMENT), MADE.rows(USAGE)
    answers: list[tuple[str, dict[str, str], list[dict[str, Any]]]] = [
        ("licenses-deployment-analytics", {}, deployment),
        ("licenses-deployment-analytics", {"filter": "channel eq 'direct'"}, deployment[:4]),
        ("licenses-usage-analytics", {"top": "20"}, usage[:20]),
        ("licenses-usage-analytics", {"skip": "20"}, usage[20:]),
        ("licenses-usage-analytics", {"groupby": "channel"}, [{"channel": "direct", "licensesActive": 4}]),
        ("subscriptions-analytics", {}, [{"subscriptionId": "x"}]),
    ]
    lines: list[dict[str, Any]] = [{"recording": 1}]
    for number, (operation, query, rows) in enumerate(answers):
        (tmp_path / f"{number}.json").write_text(json.dumps({"Value": rows}))
        key = {"operation": operation, "values": [], "query": query, "continuation": None}
        lines.append(
            {**key, "status": 200, "contentType": None, "headers": {}, "bom": False, "file": f"{number}.json"}
        )
    (tmp_path / INDEX).write_text("\n".join(map(json.dumps, lines)))
    world = load.put(load.read(chunks_of(tmp_path), EMPTY), EMPTY)
    for name in ALL:
        assert world.rows(name) == MADE.rows(name)
