"""Scenarios: what each changes, what it leaves alone, and which combine."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import asdict

from partner_insights.contract import Catalogue
from partner_insights.errors import InputError
from partner_insights.server.scenarios import SCENARIOS, Conditions, combine

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from partner_insights.world import World

BOM = b"\xef\xbb\xbf"
PARTNER = "/v1/analytics/licenses/usage"
SEED = [each for each in Catalogue.load().operations.values() if each.seed]
NEWER = [each for each in Catalogue.load().operations.values() if each.envelope == "AnalyticsCollection"]


@pytest.fixture
def get(make_app: Callable[..., Flask], app_user: dict[str, str]) -> Callable[..., Any]:
    def get(path: str, *scenarios: str, headers: dict[str, str] = app_user, **settings: Any) -> Any:
        return make_app(scenarios=scenarios, **settings).test_client().get(path, headers=headers)

    return get


def test_every_scenario_is_settled_in_fields_that_exist() -> None:
    """A scenario has its key's name and a line, and sets fields of Conditions in their types."""
    fields = asdict(Conditions())
    for name, scenario in SCENARIOS.items():
        assert scenario.name == name
        assert scenario.description
        assert set(scenario.sets) <= fields.keys()
        assert scenario.not_with <= SCENARIOS.keys() - {name}
        for field, value in scenario.sets.items():
            assert fields[field] is None or type(value) is type(fields[field])


def test_healthy_is_no_scenario(get: Callable[..., Any]) -> None:
    """The default has a name, and it changes nothing."""
    assert combine(["healthy"]) == combine([]) == Conditions()
    assert get(PARTNER, "healthy").data == get(PARTNER).data


@pytest.mark.parametrize("operation", SEED, ids=lambda each: each.id)
def test_silent_empty(get: Callable[..., Any], world: World, operation: Any) -> None:
    """The four answer 200 with an empty, well-formed collection; the customers are still listed."""
    reply = get(operation.path.replace("{customer-id}", world.customer_id(0)), "silent-empty")
    assert reply.status_code == 200
    assert reply.get_json() == {"totalCount": 0, "items": [], "attributes": {"objectType": "Collection"}}
    assert get("/v1/customers", "silent-empty").get_json()["totalCount"] == world.customers


@pytest.mark.parametrize("operation", NEWER, ids=lambda each: each.id)
def test_silent_empty_of_the_newer(get: Callable[..., Any], operation: Any) -> None:
    """They answer with a page of no rows, in their own envelope and with no next one, whatever is asked."""
    for query in ("", "?top=1&skip=3"):
        reply = get(operation.path + query, "silent-empty")
        assert reply.status_code == 200
        assert reply.get_json() == {"Value": [], "@nextLink": None, "TotalCount": 0}


@pytest.mark.parametrize("operation", SEED, ids=lambda each: each.id)
def test_stale(get: Callable[..., Any], world: World, operation: Any) -> None:
    """Insights are those of ten days ago."""
    path = operation.path.replace("{customer-id}", world.customer_id(0))
    then = dataclasses.replace(world, as_of=world.as_of - timedelta(days=10))
    items = get(path, "stale").get_json()["items"]
    assert items == then.rows(operation.resource, 0 if operation.per_customer else None)
    newest = max(item["processedDateTime"] for item in items)
    assert newest < max(item["processedDateTime"] for item in get(path).get_json()["items"])


@pytest.mark.parametrize("operation", SEED, ids=lambda each: each.id)
def test_as_published(get: Callable[..., Any], world: World, operation: Any) -> None:
    """Rows lack exactly customerId, serviceCode and workloadCode, as every published sample does."""
    path = operation.path.replace("{customer-id}", world.customer_id(0))
    lacking = {"customerId", "serviceCode", "workloadCode"}
    for full, published in zip(
        get(path).get_json()["items"], get(path, "as-published").get_json()["items"], strict=True
    ):
        assert published == {name: value for name, value in full.items() if name not in lacking}


@pytest.mark.parametrize("path", ["usage/azure", "indirectresellers", "subscriptions", "search", "referrals"])
def test_as_published_empties_no_row(get: Callable[..., Any], path: str) -> None:
    """Rows of which nothing says what has to be there stay as they are."""
    path = f"/partner/v1/analytics/{path}"
    assert get(path, "as-published").get_json() == get(path).get_json()


@pytest.mark.parametrize(("scenario", "customers"), [("one-customer", 1), ("five-thousand-customers", 5000)])
def test_sizes(get: Callable[..., Any], world: World, scenario: str, customers: int) -> None:
    """The partner has that many customers: the last answers, the next is unknown, the sums are theirs."""
    sized = dataclasses.replace(world, customers=customers)
    assert get(f"/v1/customers/{sized.customer_id(customers - 1)}", scenario).status_code == 200
    beyond = dataclasses.replace(world, customers=customers + 1).customer_id(customers)
    assert get(f"/v1/customers/{beyond}", scenario).status_code == 404
    rows = sized.rows("PartnerLicensesUsageInsights")
    assert get(PARTNER, scenario).get_json()["items"] == rows


@pytest.mark.parametrize("how", [{"scenarios": ("bom",)}, {"bom": True}], ids=["scenario", "option"])
@pytest.mark.parametrize("path", [PARTNER, "/v1/customers", "/v1/nowhere", "/v1/customers/x"])
def test_bom(
    make_app: Callable[..., Flask], app_user: dict[str, str], how: dict[str, Any], path: str
) -> None:
    """Every API body, refusals included, starts with a byte order mark, and its length counts it."""
    with_bom = make_app(**how).test_client().get(path, headers=app_user)
    plain = make_app().test_client().get(path, headers=app_user)
    assert with_bom.data == BOM + plain.data
    assert int(with_bom.headers["Content-Length"]) == len(plain.data) + 3


def test_app_only_500(get: Callable[..., Any], app_only: dict[str, str]) -> None:
    """An app-only token is answered with 500 where it was 403; where it is accepted it still is."""
    assert get(PARTNER, "app-only-403", headers=app_only).status_code == 403
    reply = get(PARTNER, "app-only-500", headers=app_only)
    assert (reply.status_code, reply.get_json()["code"]) == (500, "500")
    assert get("/v1/customers", "app-only-500", headers=app_only).status_code == 200
    assert get(PARTNER, "app-only-500").status_code == 200


@pytest.mark.parametrize("path", [PARTNER, "/v1/customers", "/v1/customers/x"])
def test_outage(get: Callable[..., Any], path: str) -> None:
    """Every operation answers 503, token or not."""
    for headers in ({}, {"Authorization": "Bearer x"}):
        reply = get(path, "outage", headers=headers)
        assert (reply.status_code, reply.get_json()["description"]) == (503, "Service unavailable")


def test_a_combination_does_what_its_parts_do(get: Callable[..., Any], world: World) -> None:
    """Scenarios that combine all take effect."""
    reply = get(PARTNER, "bom", "stale", "one-customer")
    small = dataclasses.replace(world, customers=1, as_of=world.as_of - timedelta(days=10))
    assert reply.data.startswith(BOM)
    assert json.loads(reply.data[3:])["items"] == small.rows("PartnerLicensesUsageInsights")


def test_whichever_pair_combines_does_so_either_way() -> None:
    """The order of names does not matter: neither for what is refused, nor for what comes out."""
    refused = set()
    for one, other in combinations(SCENARIOS, 2):
        try:
            conditions = combine([one, other])
        except InputError:
            refused.add((one, other))
            with pytest.raises(InputError, match=f"{other} and {one} do not combine"):
                combine([other, one])
        else:
            assert conditions == combine([other, one])
    assert {pair for pair in refused if "outage" not in pair and "healthy" not in pair} == {
        ("one-customer", "five-thousand-customers"),
        ("app-only-403", "app-only-500"),
        ("silent-empty", "stale"),
        ("silent-empty", "as-published"),
    }


def test_an_unknown_scenario_lists_the_known_ones() -> None:
    """A misspelt name is told every name there is."""
    with pytest.raises(InputError) as error:
        combine(["bomb"])
    assert all(name in str(error.value) for name in SCENARIOS)
