"""What was on earlier days, by the same function; what is planned shows from its day on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from partner_insights.world import World

DEPLOYMENT = "CustomerLicensesDeploymentInsights"


def event(client: FlaskClient, customer: str, kind: str, day: date, **more: Any) -> Any:
    content = {"customer": customer, "event": kind, "date": day.isoformat(), **more}
    return client.post("/_admin/events", json=content)


def rows(client: FlaskClient, headers: dict[str, str], customer: str, kind: str = "deployment") -> Any:
    told = client.get(f"/v1/customers/{customer}/analytics/licenses/{kind}", headers=headers)
    return told.get_json().get("items")


def turn_to(client: FlaskClient, day: date) -> None:
    assert client.post("/_admin/clock", json={"asOf": day.isoformat()}).status_code == 200


def test_history_is_the_world_of_each_day(client: FlaskClient, world: World) -> None:
    """Each day of the history has the sums that the world of that day has; the last is today."""
    told = client.get("/_admin/history?days=5").get_json()
    assert told["days"] == [(world.as_of - timedelta(days=back)).isoformat() for back in (4, 3, 2, 1, 0)]
    for at, day in enumerate(told["days"]):
        then = replace(world, as_of=date.fromisoformat(day))
        for series in told["deployment"]:
            of_service = [row for row in then.rows(DEPLOYMENT) if row["serviceName"] == series["service"]]
            assert series["sold"][at] == sum(row["licensesSold"] for row in of_service)
            assert series["deployed"][at] == sum(row["licensesDeployed"] for row in of_service)
        for series in told["usage"]:
            assert series["active"][at] == sum(
                row["licensesActive"]
                for row in then.rows("CustomerLicensesUsageInsights")
                if (row["serviceName"], row["workloadName"]) == (series["service"], series["workload"])
            )


@pytest.mark.parametrize("query", ["days=0", "days=31", "days=-1"])
def test_the_history_goes_so_far(client: FlaskClient, query: str) -> None:
    """Thirty days where nothing else is said; more is refused in words."""
    told = client.get(f"/_admin/history?{query}")
    assert (told.status_code, "1 to 30" in told.get_json()["error"]) == (400, True)
    assert len(client.get("/_admin/history").get_json()["days"]) == 30


def test_events_show_from_their_day_on(client: FlaskClient, world: World, app_user: dict[str, str]) -> None:
    """Before its day an event shows nowhere; on it, and after, in rows, list, sums and history."""
    start, day = world.as_of, world.as_of + timedelta(days=2)
    leaving, buying, idle = (world.customer_id(index) for index in (1, 2, 3))
    (product, sold), *_ = [(row["productName"], row["licensesSold"]) for row in world.rows(DEPLOYMENT, 2)]
    assert event(client, leaving, "leaves", day).status_code == 201
    assert event(client, buying, "buys", day, product=product, licenses=7).status_code == 201
    assert event(client, idle, "stops-using", day).status_code == 201
    renewed = event(client, buying, "renews", day + timedelta(days=5), product=product, licenses=3)
    assert renewed.headers["Location"] == "/_admin/events/4"
    before = replace(world, as_of=start + timedelta(days=1))
    turn_to(client, before.as_of)
    assert rows(client, app_user, buying) == before.rows(DEPLOYMENT, 2)
    assert client.get(f"/v1/customers/{leaving}", headers=app_user).status_code == 200
    for later in (day, day + timedelta(days=3)):
        turn_to(client, later)
        assert client.get(f"/v1/customers/{leaving}", headers=app_user).status_code == 404
        assert client.get("/v1/customers", headers=app_user).get_json()["totalCount"] == world.customers - 1
        now = {row["productName"]: row["licensesSold"] for row in rows(client, app_user, buying)}
        assert now[product] == replace(world, as_of=later).rows(DEPLOYMENT, 2)[0]["licensesSold"] + 7
        assert {row["licensesActive"] for row in rows(client, app_user, idle, "usage")} == {0}
    turn_to(client, day + timedelta(days=6))
    now = {row["productName"]: row["licensesSold"] for row in rows(client, app_user, buying)}
    assert now[product] == 3
    history = client.get("/_admin/history?days=7").get_json()
    left = [each >= day.isoformat() for each in history["days"]]
    assert history["customers"] == [world.customers - gone for gone in left]
    assert client.delete("/_admin/events/4").status_code == 200
    assert client.delete("/_admin/events/4").status_code == 404
    assert [each["id"] for each in client.get("/_admin/events").get_json()["events"]] == [1, 2, 3]
    client.post("/_admin/reset")
    assert client.get("/_admin/events").get_json() == {"events": []}
    turn_to(client, day)
    assert client.get(f"/v1/customers/{leaving}", headers=app_user).status_code == 200
    assert sold == world.rows(DEPLOYMENT, 2)[0]["licensesSold"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"event": "sleeps"}, "does not happen"),
        ({"customer": "7"}, "no customer"),
        ({"date": "soon"}, "no day"),
        ({"event": "buys"}, "/product: is missing"),
        ({"event": "renews", "product": "X", "licenses": -1}, "no number of licences"),
        ({"when": "now"}, "has no when"),
    ],
)
def test_what_cannot_happen_is_refused(client: FlaskClient, world: World, change: Any, words: str) -> None:
    """400 in words, and nothing is planned."""
    content = {"customer": world.customer_id(0), "event": "leaves", "date": "2026-12-01", **change}
    told = client.post("/_admin/events", json=content)
    assert (told.status_code, words in told.get_json()["error"]) == (400, True), told.get_json()
    assert client.get("/_admin/events").get_json() == {"events": []}


def test_several_workers_plan_nothing(make_app: Callable[..., Flask], world: World) -> None:
    """409 in words: one worker alone would hear of it."""
    client = make_app(workers=2).test_client()
    assert event(client, world.customer_id(0), "leaves", world.as_of).status_code == 409


@pytest.mark.parametrize(
    ("control", "name"), [("history", "days"), ("customers", "size"), ("customers", "after")]
)
@pytest.mark.parametrize("value", ["x", "", "1.5", "٣", "9" * 20])
def test_what_is_no_number_is_refused(client: FlaskClient, control: str, name: str, value: str) -> None:
    """A misspelt number of a query is not taken for the one that there is without it."""
    told = client.get(f"/_admin/{control}", query_string={name: value})
    assert (told.status_code, told.get_json()["error"]) == (400, f"{name}={value[:40]!r} is no whole number")
