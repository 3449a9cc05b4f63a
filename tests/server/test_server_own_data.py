"""The admin API edits customers: seen in every operation, whole or not at all, taken back by reset."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

FABRIKAM = {
    "name": "Fabrikam",
    "licenses": [{"product": "Office 365 E3", "sold": 100, "deployed": 60, "active": {"Exchange": 40}}],
}


def get(client: FlaskClient, path: str, headers: dict[str, str] | None = None) -> Any:
    return client.get(path, headers=headers).get_json()


def partner_sold(client: FlaskClient, headers: dict[str, str]) -> int:
    rows = get(client, "/v1/analytics/licenses/deployment", headers)["items"]
    return sum(row["licensesSold"] for row in rows)


def test_a_customer_is_added_changed_and_removed(client: FlaskClient, app_user: dict[str, str]) -> None:
    """Each edit shows at once in the customer list, the customer's rows and the partner's sums."""
    before, total = partner_sold(client, app_user), get(client, "/v1/customers", app_user)["totalCount"]
    added = client.post("/_admin/customers", json=FABRIKAM)
    path = f"/_admin/customers/{added.get_json()['id']}"
    assert (added.status_code, added.headers["Location"]) == (201, path)
    of_customer = f"/v1/customers/{added.get_json()['id']}/analytics/licenses"
    (use,) = get(client, f"{of_customer}/usage", app_user)["items"]
    assert (use["licensesActive"], use["licensesQualified"], use["usagePercent"]) == (40, 100, 40.0)
    assert partner_sold(client, app_user) == before + 100
    product = quote("Office 365 E3")
    assert client.patch(f"{path}/licenses/{product}", json={"sold": 120}).status_code == 200
    (row,) = get(client, f"{of_customer}/deployment", app_user)["items"]
    assert (row["licensesSold"], row["licensesDeployed"], row["deploymentPercent"]) == (120, 60, 50.0)
    assert client.put(f"{path}/licenses/Visio", json={"sold": 5, "deployed": 5}).status_code == 200
    assert partner_sold(client, app_user) == before + 125
    assert client.delete(f"{path}/licenses/{product}").status_code == 200
    assert partner_sold(client, app_user) == before + 5
    assert client.patch(path, json={"name": "Contoso"}).get_json()["name"] == "Contoso"
    assert get(client, "/v1/customers", app_user)["items"][0]["companyProfile"]["companyName"] == "Contoso"
    assert client.delete(path).status_code == 200
    assert client.delete(path).status_code == 404
    assert get(client, "/v1/customers", app_user)["totalCount"] == total
    assert partner_sold(client, app_user) == before


def test_a_load_is_taken_whole_or_not_at_all(client: FlaskClient, app_user: dict[str, str]) -> None:
    """One broken cell of many: 400 with its place and rule, and no row of the load shows."""
    before = get(client, "/_admin/world"), get(client, "/v1/customers", app_user)
    good = "customer,product,sold,deployed\n" + "".join(f"C{n},P,{n},{n}\n" for n in range(50))
    told = client.post("/_admin/data", data=good + "D,P,3,4\n", content_type="text/csv")
    assert told.status_code == 400
    assert "line 52, deployed: 4 is more than sold 3 (PI204" in told.get_json()["error"]
    world = get(client, "/_admin/world")
    assert {**world, "uptimeSeconds": 0} == {**before[0], "uptimeSeconds": 0}
    assert get(client, "/v1/customers", app_user) == before[1]
    told = client.post("/_admin/data?allowInvalid=1", data=good + "D,P,3,4\n", content_type="text/csv")
    assert (told.get_json()["customers"], len(told.get_json()["invalid"])) == (51, 1)
    assert get(client, "/_admin/world")["invalid"] == 1


def test_a_broken_cell_of_parquet_is_400(client: FlaskClient, app_user: dict[str, str]) -> None:
    """With row, column and rule; no row of the load shows."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    before = get(client, "/v1/customers", app_user)
    out = io.BytesIO()
    parquet.write_table(pa.table({"customer": ["C", "D"], "product": ["P", "P"], "sold": [3.0, 3.5]}), out)
    told = client.post("/_admin/data", data=out.getvalue(), content_type="application/vnd.apache.parquet")
    assert told.status_code == 400
    assert "row 2, sold: 3.5 is no whole number (multipleOf" in told.get_json()["error"]
    assert get(client, "/v1/customers", app_user) == before


def test_reset_takes_all_edits_back(client: FlaskClient, app_user: dict[str, str]) -> None:
    """After any edits, reset gives the bytes of the start."""
    paths = ("/v1/customers", "/v1/analytics/licenses/usage", "/v1/analytics/licenses/deployment")
    before = [client.get(path, headers=app_user).data for path in paths]
    client.post("/_admin/data?only=true", json=[FABRIKAM])
    assert get(client, "/v1/customers", app_user)["totalCount"] == 1
    assert [client.get(path, headers=app_user).data for path in paths] != before
    client.post("/_admin/reset")
    assert [client.get(path, headers=app_user).data for path in paths] == before


def test_an_export_loaded_is_the_same_fake(make_app: Callable[..., Flask], app_user: dict[str, str]) -> None:
    """What `GET /_admin/data` gives, loaded into another fake, makes it answer the same bytes."""
    one, other = make_app().test_client(), make_app().test_client()
    one.post("/_admin/customers", json=FABRIKAM)
    kinds = ("Customer", "CustomerLicensesDeploymentInsights", "CustomerLicensesUsageInsights")
    rows = b"".join(one.get(f"/_admin/data?rows={kind}").data for kind in kinds)
    loaded = other.post("/_admin/data?only=true", data=rows, content_type="application/x-ndjson")
    assert loaded.status_code == 200, loaded.get_json()
    ids = [each["id"] for each in get(one, "/v1/customers", app_user)["items"]]
    paths = ["analytics/licenses/usage", "analytics/licenses/deployment", "customers"]
    paths += [
        f"customers/{each}/analytics/licenses/{kind}" for each in ids for kind in ("usage", "deployment")
    ]
    for path in paths:
        first, second = (each.get(f"/v1/{path}", headers=app_user) for each in (one, other))
        if path != "customers":  # continuation tokens are of a seed
            assert first.data == second.data
        assert first.get_json()["items"] == second.get_json()["items"]
    assert one.get("/_admin/data?rows=Nothing").status_code == 400


def test_licences_that_are_not_there_are_not_changed(client: FlaskClient, app_user: dict[str, str]) -> None:
    """A product that the customer has not is 404 to PATCH, as to DELETE; PUT makes the licence."""
    customer = get(client, "/v1/customers", app_user)["items"][0]["id"]
    path = f"/_admin/customers/{customer}"
    before = get(client, path)
    for method in (client.patch, client.delete):
        refused = method(f"{path}/licenses/Visoi Plan 2", json={"sold": 3})
        words = "the customer has no licences of 'Visoi Plan 2'"
        assert (refused.status_code, refused.get_json()["error"]) == (404, words)
    assert get(client, path) == before
    assert client.put(f"{path}/licenses/Visoi Plan 2", json={"sold": 3}).status_code == 200


@pytest.mark.parametrize("name", ["productName", "ProductName", "product_name"])
def test_a_licence_is_of_the_product_of_its_path(
    client: FlaskClient, app_user: dict[str, str], name: str
) -> None:
    """A body may name it again, however the name is written, and no other."""
    customer = get(client, "/v1/customers", app_user)["items"][0]["id"]
    path = f"/_admin/customers/{customer}/licenses/Visio"
    refused = client.put(path, json={name: "Project", "sold": 3})
    words = f"/{name}: 'Project' is not the product of the path, 'Visio'"
    assert (refused.status_code, refused.get_json()["error"]) == (400, words)
    assert client.put(path, json={name: "Visio", "sold": 3}).status_code == 200


def test_a_product_in_other_letters_is_the_same(client: FlaskClient, app_user: dict[str, str]) -> None:
    """A customer holds a product once, in whatever case it is written: in edits, events and loads."""
    customer = get(client, "/v1/customers", app_user)["items"][0]["id"]
    path = f"/_admin/customers/{customer}"
    rows = get(client, path)["deployment"]
    product, sold = rows[0]["productName"], rows[0]["licensesSold"]
    changed = client.patch(f"{path}/licenses/{quote(product.lower())}", json={"sold": sold + 1}).get_json()
    assert [(row["productName"], row["licensesSold"]) for row in changed["deployment"]] == [
        (row["productName"], row["licensesSold"] + (row["productName"] == product)) for row in rows
    ]
    buys = {
        "date": "2000-01-02",
        "customer": customer,
        "event": "buys",
        "product": product.lower(),
        "licenses": 4,
    }
    client.post("/_admin/events", json=buys)
    told = get(client, path)["deployment"]
    assert [row["licensesSold"] for row in told if row["productName"] == product] == [sold + 5]
    assert len(told) == len(rows)
    assert client.delete(f"{path}/licenses/{quote(product.title())}").status_code == 200
    twice = [{"product": name, "sold": 5 + at} for at, name in enumerate(("Visio Plan 2", "VISIO PLAN 2"))]
    refused = client.post("/_admin/customers", json={"name": "A", "licenses": twice})
    assert "/licenses/1/sold: 6 is not the 5" in refused.get_json()["error"]


OF_AZURE = {
    "customerName": "Azure Ltd", "productName": "VM", "channel": "direct",
    "serviceName": "azure", "serviceCode": "az",
}  # fmt: skip
IN_FULL = [
    {**OF_AZURE, "licensesSold": 9, "licensesDeployed": 6, "deploymentPercent": 66.67},
    {
        **OF_AZURE,
        "workloadName": "Exchange",
        "workloadCode": "EXO",
        "licensesQualified": 9,
        "licensesActive": 4,
    },
]


def test_a_change_of_a_licence_is_of_the_one_there_is(client: FlaskClient) -> None:
    """Service, channel and code that a change leaves out stay; a percent goes with its counts."""
    assert client.post("/_admin/data", json=IN_FULL).status_code == 200
    path = f"/_admin/customers/{get(client, '/_admin/customers?search=Azure')['customers'][0]['id']}"
    told = client.patch(f"{path}/licenses/vm", json={"sold": 12, "active": {"exchange": 3}}).get_json()
    (row,), (use,) = told["deployment"], told["usage"]
    assert (row["serviceCode"], row["channel"], row["licensesSold"], row["deploymentPercent"]) == (
        "az", "direct", 12, 50.0,
    )  # fmt: skip
    assert (use["workloadName"], use["workloadCode"], use["licensesActive"], use["usagePercent"]) == (
        "Exchange", "EXO", 3, 33.33,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"deployed": 10}, "PI204"),
        ({"sold": 5}, "PI204"),
        ({"active": {"Exchange": 10}}, "PI205"),
        ({"deploymentPercent": 10}, "PI207"),
        ({"service": "o365", "serviceCode": "az"}, "PI220"),
    ],
)
def test_a_change_that_contradicts_the_rest_is_refused(client: FlaskClient, change: Any, rule: str) -> None:
    """A cell that goes with the others of its row no more: 400 with its rule, and nothing changes."""
    client.post("/_admin/data", json=IN_FULL)
    path = f"/_admin/customers/{get(client, '/_admin/customers?search=Azure')['customers'][0]['id']}"
    before = get(client, path)
    refused = client.patch(f"{path}/licenses/VM", json=change)
    assert (refused.status_code, rule in refused.get_json()["error"]) == (400, True), refused.get_json()
    assert get(client, path) == before
    taken = client.patch(f"{path}/licenses/VM?allowInvalid=true", json=change)
    assert [rule in words for words in taken.get_json()["invalid"]] == [True]


def test_events_of_what_was_taken_on_purpose_happen(client: FlaskClient, app_user: dict[str, str]) -> None:
    """A customer's broken rows hinder neither events nor answers; a renewal for less leaves no more."""
    content = {
        "name": "Odd",
        "licenses": [{"product": "P", "sold": "many", "deployed": 7, "active": {"W": 9}}],
    }
    customer = client.post("/_admin/customers?allowInvalid=1", json=content).get_json()["id"]
    for kind in ("buys", "renews", "stops-using"):
        event = {"date": "2000-01-02", "customer": customer, "event": kind, "product": "p", "licenses": 4}
        assert client.post("/_admin/events", json=event).status_code == 201
    rest = {"name": "Fine", "licenses": [{"product": "P", "sold": 50, "deployed": 40, "active": {"W": 30}}]}
    fine = client.post("/_admin/customers", json=rest).get_json()["id"]
    event = {"date": "2000-01-02", "customer": fine, "event": "renews", "product": "P", "licenses": 5}
    client.post("/_admin/events", json=event)
    (use,) = get(client, f"/v1/customers/{fine}/analytics/licenses/usage", app_user)["items"]
    assert (use["licensesQualified"], use["licensesActive"]) == (5, 5)
    assert client.delete(f"/_admin/customers/{customer}").status_code == 200
    for path in ("/v1/analytics/licenses/usage", "/_admin/history"):
        assert client.get(path, headers=app_user).status_code == 200


def test_newer_rows_loaded_are_told_over_http(
    make_app: Callable[..., Flask], app_user: dict[str, str]
) -> None:
    """Newer rows of another day, with ids of their own, come back as they were; so does an export."""
    kinds = ("deployment", "usage")
    newer = [f"/v1/analytics/commercial/{kind}/license" for kind in kinds]
    older = [f"/v1/analytics/licenses/{kind}" for kind in kinds]
    made, one, other = (make_app().test_client() for _ in range(3))
    told = [get(made, path, app_user)["Value"] for path in newer]
    rows = [row for each in told for row in each]
    ids = {row["productName"]: f"AAAAAAAA-0000-0000-0000-{at:012}" for at, row in enumerate(rows)}
    for row in rows:
        row |= {"processedDateTime": "2026-11-02T00:00:00", "productId": ids[row["productName"]]}
    assert one.post("/_admin/data?only=true", json={"Value": rows}).status_code == 200
    assert [get(one, path, app_user)["Value"] for path in newer] == told
    earlier = get(one, f"{newer[0]}?processedDateTime=2026-11-01T00:00:00&top=1", app_user)["Value"]
    assert [row["processedDateTime"] for row in earlier] == ["2026-11-01T00:00:00"]
    exported = b"".join(
        one.get(f"/_admin/data?rows={resource}").data for resource in get(one, "/_admin/data")["resources"]
    )
    other.post("/_admin/data?only=true", data=exported, content_type="application/x-ndjson")
    for path in (*newer, *older):
        assert other.get(path, headers=app_user).data == one.get(path, headers=app_user).data


@pytest.mark.parametrize(
    ("method", "path", "content", "words"),
    [
        ("PUT", "/_admin/customers/7", {}, "no GUID"),
        (
            "PUT",
            "/_admin/customers/cd98e472-fbbf-4ed4-ba69-d7987f6aca49",
            {"id": "7"},
            "not the id of the path",
        ),
        (
            "PUT",
            "/_admin/customers/cd98e472-fbbf-4ed4-ba69-d7987f6aca49",
            {"Customer Id": "7"},
            "/Customer Id: '7' is not the id of the path",
        ),
        ("POST", "/_admin/customers", {"licenses": []}, "whose row"),
        ("POST", "/_admin/customers", {"name": "A", "licenses": {}}, "no array"),
        ("POST", "/_admin/customers", {"name": "A", "licenses": [3]}, "no licence"),
        ("POST", "/_admin/customers", 3, "no object"),
        ("POST", "/_admin/data", {"customer": "A", "product": "B", "sould": 1}, "did you mean sold"),
    ],
)
def test_what_cannot_be_is_refused(
    client: FlaskClient, method: str, path: str, content: Any, words: str
) -> None:
    """400 in words, and nothing changes."""
    before = get(client, "/_admin/customers")
    told = client.open(path, method=method, json=content)
    assert (told.status_code, words in told.get_json()["error"]) == (400, True), told.get_json()
    assert get(client, "/_admin/customers") == before


@pytest.mark.parametrize("member", ["name", "Name", "customer", "Customer Name"])
def test_a_customer_is_renamed_by_its_name_however_that_is_written(client: FlaskClient, member: str) -> None:
    """The name that is known already is not put beside the new one."""
    customer = get(client, "/_admin/customers")["customers"][0]["id"]
    told = client.patch(f"/_admin/customers/{customer}", json={member: "Wingtip"})
    assert (told.status_code, told.get_json().get("name")) == (200, "Wingtip")


def test_several_workers_refuse_an_edit(make_app: Callable[..., Flask]) -> None:
    """An edit would be heard of by one worker alone: 409, and how to have it."""
    client = make_app(workers=2).test_client()
    told = client.post("/_admin/customers", json=FABRIKAM)
    assert (told.status_code, "--data" in told.get_json()["error"]) == (409, True)
