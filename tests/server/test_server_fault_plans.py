"""Fault plans: their form, who meets which fault, and the account of every one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from partner_insights.world import World

DEPLOYMENT, USAGE = "/v1/analytics/licenses/deployment", "/v1/analytics/licenses/usage"
ID = "11111111-2222-3333-4444-{:012d}"


def plan(client: FlaskClient, *faults: dict[str, Any], **switches: bool) -> str:
    reply = client.post("/_admin/faults", json={"faults": list(faults), **switches})
    assert reply.status_code == 201, reply.get_json()
    identifier: str = reply.get_json()["id"]
    assert reply.headers["Location"] == f"/_admin/faults/{identifier}"
    return identifier


def account(client: FlaskClient, identifier: str) -> Any:
    return client.get(f"/_admin/faults/{identifier}").get_json()


@pytest.mark.parametrize("headers", [{}, {"Prefer": "code={}; retryAfter=7"}])
@pytest.mark.parametrize(
    ("code", "error"),
    [
        (400, "invalid_request"),
        (401, "invalid_client"),
        (403, "invalid_request"),
        (429, "temporarily_unavailable"),
        (500, "temporarily_unavailable"),
        (503, "temporarily_unavailable"),
    ],
)
def test_a_planned_failure_to_sign_in_is_oauths(
    client: FlaskClient, code: int, error: str, headers: dict[str, str]
) -> None:
    """At a token endpoint it has the status and the wait that were asked for, and OAuth's error for it."""
    if not headers:
        plan(client, {"operation": "token", "code": code, "retryAfter": 7}, all=True)
    sent = {name: value.format(code) for name, value in headers.items()}
    reply = client.post("/contoso.example/oauth2/token", data={"grant_type": "password"}, headers=sent)
    assert (reply.status_code, reply.headers["Retry-After"]) == (code, "7")
    assert reply.get_json()["error"] == error
    assert f"({code}), as was asked for" in reply.get_json()["error_description"]


def test_a_plan_is_consumed_in_order_by_who_carries_its_id(
    client: FlaskClient, app_user: dict[str, str], world: World
) -> None:
    """Each fault is met once, in the plan's order per operation and customer, and says by whom."""
    customer = world.customer_id(3)
    identifier = plan(
        client,
        {"operation": "customer-licenses-usage", "customer": customer.upper(), "code": 429, "retryAfter": 2},
        {"operation": "partner-licenses-usage", "code": 200},
        {"operation": "*", "code": 503},
    )
    carrying = {**app_user, "X-Fault-Plan": identifier}

    def ask(path: str, number: int, headers: dict[str, str] = carrying) -> Any:
        return client.get(path, headers={**headers, "MS-RequestId": ID.format(number)})

    assert ask(USAGE, 1, app_user).status_code == 200
    assert ask(USAGE, 2).status_code == 200
    assert ask(USAGE, 3).status_code == 503
    throttled = ask(f"/v1/customers/{customer}/analytics/licenses/usage", 4)
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "2")
    assert throttled.get_json() == {
        "statusCode": 429, "message": "Rate limit is exceeded. Try again in 2 seconds.",
    }  # fmt: skip
    assert ask(USAGE, 5).status_code == 200
    assert account(client, identifier) == {
        "id": identifier, "all": False, "repeat": False, "planned": 3, "consumed": 3,
        "faults": [
            {"operation": "customer-licenses-usage", "customer": customer, "code": 429, "retryAfter": 2,
             "consumed": True, "request": ID.format(4)},
            {"operation": "partner-licenses-usage", "code": 200, "consumed": True, "request": ID.format(2)},
            {"operation": "*", "code": 503, "consumed": True, "request": ID.format(3)},
        ],
    }  # fmt: skip


def test_what_nobody_met_is_accounted_for(client: FlaskClient, app_user: dict[str, str]) -> None:
    """A fault that no request met is not consumed, and names none."""
    identifier = plan(client, {"operation": "customers", "code": 500}, {"operation": "*", "code": 500})
    client.get(USAGE, headers={**app_user, "X-Fault-Plan": identifier})
    told = account(client, identifier)
    assert (told["planned"], told["consumed"]) == (2, 1)
    assert told["faults"][0] == {"operation": "customers", "code": 500, "consumed": False}


def test_a_plan_for_all_until_it_is_taken_back(client: FlaskClient, app_user: dict[str, str]) -> None:
    """`all` needs no header; `repeat` is never used up; DELETE and reset end it."""
    once = plan(client, {"operation": "*", "code": 404}, all=True)
    ever = plan(client, {"operation": "partner-licenses-usage", "code": 503}, all=True, repeat=True)
    statuses = [client.get(USAGE, headers=app_user).status_code for _ in range(3)]
    assert statuses == [404, 503, 503]
    assert client.get(DEPLOYMENT, headers=app_user).status_code == 200
    assert account(client, ever)["faults"][0]["times"] == 2
    assert client.delete(f"/_admin/faults/{ever}").get_json()["consumed"] == 1
    assert client.get(f"/_admin/faults/{ever}").status_code == 404
    assert client.get(USAGE, headers=app_user).status_code == 200
    plan(client, {"operation": "*", "code": 500}, all=True)
    client.post("/_admin/reset")
    assert client.get(USAGE, headers=app_user).status_code == 200
    assert client.get(f"/_admin/faults/{once}").status_code == 404


def test_concurrent_requests_consume_each_fault_once(
    make_app: Callable[..., Flask], app_user: dict[str, str]
) -> None:
    """Of many requests at once as many fail as were planned, each accounted to another request."""
    app = make_app()
    identifier = plan(app.test_client(), *[{"operation": "*", "code": 503}] * 40)

    def ask(number: int) -> int:
        headers = {**app_user, "X-Fault-Plan": identifier, "MS-RequestId": ID.format(number)}
        return app.test_client().get(USAGE, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(ask, range(60)))
    assert (statuses.count(503), statuses.count(200)) == (40, 20)
    met = [each["request"] for each in account(app.test_client(), identifier)["faults"]]
    assert len(set(met)) == 40
    assert set(met) == {ID.format(number) for number, status in enumerate(statuses) if status == 503}


NO_PLANS: list[tuple[Any, str]] = [
    (None, "that is no fault plan"),
    ({"faults": []}, "a plan of 0 faults"),
    ({"faults": [{"operation": "*", "code": 503}] * 1001}, "a plan of 1001 faults"),
    ({"faults": [{"operation": "*", "code": 503}], "forever": True}, "unknown field 'forever'"),
    ({"faults": [{"operation": "*", "code": 503}], "all": 1}, "'all' is 1"),
    ({"faults": [{"code": 503}]}, "fault 1: it names no operation"),
    ({"faults": [{"operation": "users", "code": 503}]}, "fault 1: there is no operation 'users'"),
    ({"faults": [{"operation": "*"}]}, "either a code or a fault"),
    ({"faults": [{"operation": "*", "code": 503, "fault": "reset"}]}, "either a code or a fault"),
    ({"faults": [{"operation": "*", "code": 302}]}, "code 302 is no failure"),
    ({"faults": [{"operation": "*", "code": True}]}, "code True is no failure"),
    ({"faults": [{"operation": "*", "code": 503}, {"operation": "*", "fault": "rest"}]}, "fault 2: there"),
    ({"faults": [{"operation": "*", "code": 503, "customer": "x"}]}, "no customer 'x'"),
    ({"faults": [{"operation": "*", "code": 503, "customer": ID.format(1)}]}, "no customer '1111"),
    ({"faults": [{"operation": "*", "code": 429, "retryAfter": "2"}]}, "'retryAfter' is '2'"),
    ({"faults": [{"operation": "*", "code": 429, "retryAfter": -1}]}, "'retryAfter' is -1"),
    ({"faults": [{"operation": "*", "code": 429, "retryafter": 1}]}, "unknown field 'retryafter'"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "words"), NO_PLANS)
def test_a_bad_plan_is_refused_whole(client: FlaskClient, content: Any, words: str) -> None:
    """What cannot be planned is named in a 400, and nothing of the plan is in force."""
    reply = client.post("/_admin/faults", json=content)
    assert reply.status_code == 400
    assert words in reply.get_json()["error"]
    assert client.get("/_admin/faults").get_json()["plans"] == []


def test_plans_are_bounded(client: FlaskClient) -> None:
    """After two hundred plans no more are taken until some are taken back."""
    identifiers = [plan(client, {"operation": "*", "code": 500}) for _ in range(200)]
    body = {"faults": [{"operation": "*", "code": 500}]}
    assert client.post("/_admin/faults", json=body).status_code == 400
    client.delete(f"/_admin/faults/{identifiers[0]}")
    assert client.post("/_admin/faults", json=body).status_code == 201


def test_an_unknown_plan_is_no_plan(client: FlaskClient, app_user: dict[str, str]) -> None:
    """A request with the id of no plan is told so: it would otherwise pass for one that coped."""
    reply = client.get(USAGE, headers={**app_user, "X-Fault-Plan": "gone"})
    assert reply.status_code == 400
    assert "X-Fault-Plan" in reply.get_json()["description"]


def test_several_workers_plan_nothing(make_app: Callable[..., Flask]) -> None:
    """A plan would reach one of the workers only: every control of plans is refused."""
    client = make_app(workers=2).test_client()
    body = {"faults": [{"operation": "*", "code": 500}]}
    replies = [
        client.post("/_admin/faults", json=body), client.get("/_admin/faults"),
        client.get("/_admin/faults/x"), client.delete("/_admin/faults/x"),
    ]  # fmt: skip
    assert [reply.status_code for reply in replies] == [409] * 4


def test_a_mutant_is_worn(client: FlaskClient, app_user: dict[str, str], catalogue: Any) -> None:
    """A fault by a mutant's name spoils the answer as that mutant does; without it the answer is whole."""
    good = client.get(USAGE, headers=app_user)
    plan(client, {"operation": "*", "fault": "PartnerLicensesUsageInsights.serviceName:type"}, all=True)
    spoilt = client.get(USAGE, headers=app_user).get_json()
    validator = catalogue.validator(catalogue.response_schema("partner-licenses-usage"))
    assert [error.path[-1] for error in validator.iter_errors(spoilt)] == ["serviceName"]
    assert client.get(USAGE, headers=app_user).data == good.data


@pytest.mark.parametrize(
    "name", ["Customer.id:type", "links-with-version", "CustomerCollection.totalCount:type"]
)
def test_a_fault_waits_for_a_request_that_it_means_something_for(
    client: FlaskClient, app_user: dict[str, str], catalogue: Any, name: str
) -> None:
    """The answers of the operations that a fault is not about stay as they are, and do not consume it."""
    good = client.get("/v1/customers", headers=app_user)
    identifier = plan(client, {"operation": "*", "fault": name}, all=True)
    assert client.get(USAGE, headers=app_user).status_code == 200
    assert account(client, identifier)["consumed"] == 0
    assert client.get("/v1/customers", headers=app_user).data != good.data
    assert account(client, identifier)["consumed"] == 1
    refused = client.post(
        "/_admin/faults", json={"faults": [{"operation": "partner-licenses-usage", "fault": name}]}
    )
    assert refused.status_code == 400
    assert f"fault 1: {name} changes nothing of partner-licenses-usage" in refused.get_json()["error"]


ADMITTED = [
    ("unauthenticated", "GET", USAGE, {"Authorization": ""}),
    ("malformed-customer", "GET", "/v1/customers/x/analytics/licenses/usage", {}),
    ("unknown-customer", "GET", f"/v1/customers/{ID.format(1)}/analytics/licenses/usage", {}),
    ("method-not-allowed", "POST", USAGE, {}),
    ("not-acceptable", "GET", USAGE, {"Accept": "text/html"}),
    ("invalid-query", "GET", "/v1/customers?size=501", {}),
]


@pytest.mark.parametrize(("case", "method", "path", "headers"), ADMITTED)
def test_a_mutant_admits(
    client: FlaskClient, app_user: dict[str, str], catalogue: Any, case: str, method: str, path: str,
    headers: dict[str, str],
) -> None:  # fmt: skip
    """A mutant that does not know a refusal answers 200 where the fake refuses."""
    from partner_insights.mutants import mutants

    named = [mutant.id for mutant in mutants(catalogue).values() if mutant.admits == {case}]
    assert client.open(path, method=method, headers={**app_user, **headers}).status_code >= 400
    plan(client, {"operation": "*", "fault": named[0]}, all=True, repeat=True)
    assert client.open(path, method=method, headers={**app_user, **headers}).status_code == 200


def test_a_mutant_admits_app_only(client: FlaskClient, app_only: dict[str, str], catalogue: Any) -> None:
    """A mutant that takes any valid token answers the application alone."""
    from partner_insights.mutants import mutants

    named = [mutant.id for mutant in mutants(catalogue).values() if mutant.admits == {"app-only"}]
    assert client.get(USAGE, headers=app_only).status_code == 403
    plan(client, {"operation": "*", "fault": named[0]}, all=True, repeat=True)
    assert client.get(USAGE, headers=app_only).status_code == 200
