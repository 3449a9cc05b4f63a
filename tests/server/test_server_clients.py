"""Real HTTP clients: each gets its token, pages the customers and reads the four operations."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_insights.child_server import RunningFake
    from partner_insights.world import World

Call = tuple[str, str, dict[str, str], dict[str, str] | None]
FORM = {
    "grant_type": "password",
    "client_id": "app",
    "username": "ann@contoso.example",
    "password": "p",
    "resource": "https://api.partnercenter.microsoft.com",
}


def by_requests(url: str, headers: dict[str, str], form: dict[str, str] | None) -> Any:
    reply = requests.request("POST" if form else "GET", url, headers=headers, data=form, timeout=10)
    reply.raise_for_status()
    return reply.json()


def by_httpx(url: str, headers: dict[str, str], form: dict[str, str] | None) -> Any:
    reply = httpx.request("POST" if form else "GET", url, headers=headers, data=form)
    return reply.raise_for_status().json()


def by_urllib(url: str, headers: dict[str, str], form: dict[str, str] | None) -> Any:
    body = urllib.parse.urlencode(form).encode() if form else None
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as reply:
        return json.load(reply)


@pytest.mark.parametrize("send", [by_requests, by_httpx, by_urllib])
def test_a_client_does_its_whole_round(
    fake: RunningFake, world: World, send: Callable[[str, dict[str, str], dict[str, str] | None], Any]
) -> None:
    """From the token to the last customer's usage, with each library's own headers and encodings."""
    token = send(f"{fake.url}/contoso.example/oauth2/token", {}, FORM)["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    page = send(f"{fake.url}/v1/customers?size=9", headers, None)
    customers = page["items"]
    while "next" in page["links"]:
        link = page["links"]["next"]
        page = send(
            f"{fake.url}/v1{link['uri']}",
            headers | {each["key"]: each["value"] for each in link["headers"]},
            None,
        )
        customers += page["items"]
    assert len(customers) == world.customers
    sold = 0
    for customer in customers:
        path = f"/v1/customers/{customer['id']}/analytics/licenses/deployment"
        sold += sum(row["licensesSold"] for row in send(fake.url + path, headers, None)["items"])
    partner = send(fake.url + "/v1/analytics/licenses/deployment", headers, None)["items"]
    assert sold == sum(row["licensesSold"] for row in partner) > 0


def test_one_connection_serves_many_requests(fake: RunningFake) -> None:
    """Keep-alive: a session's requests, refusals among them, go over one connection."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {fake.token}"
        for _ in range(5):
            assert session.get(f"{fake.url}/v1/customers?size=20", timeout=5).ok
            assert session.head(f"{fake.url}/v1/customers?size=20", timeout=5).ok
            assert session.get(f"{fake.url}/v1/nowhere", timeout=5).status_code == 404
        pools = session.get_adapter(fake.url).poolmanager.pools  # type: ignore[attr-defined]
        (key,) = pools.keys()
        assert pools[key].num_connections == 1


SDK_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "MS-Contract-Version": "v1",
    "MS-PartnerCenter-Application": "Contoso Dashboard",
    "MS-PartnerCenter-Client": "Partner Center .NET SDK",
    "X-Locale": "de-DE",
    "Connection": "Keep-Alive",
    "Cache-Control": "no-cache",
}
"""As the .NET and Java libraries send them."""


@pytest.mark.parametrize("locale", ["de-DE", "en-US"])
def test_the_sdk_is_answered_as_it_expects(fake: RunningFake, world: World, locale: str) -> None:
    """Ids in capitals, ids of the call echoed as sent, gzip, the locale, `attributes`, and whole counts."""
    ids = {"MS-RequestId": str(uuid.uuid4()).upper(), "MS-CorrelationId": str(uuid.uuid4())}
    headers = SDK_HEADERS | ids | {"Authorization": f"Bearer {fake.token}", "X-Locale": locale}
    for kind in ("deployment", "usage"):
        path = f"/v1/customers/{world.customer_id(3).upper()}/analytics/licenses/{kind}"
        reply = requests.get(fake.url + path, headers=headers, timeout=10)
        assert reply.status_code == 200
        assert reply.headers["Content-Encoding"] == "gzip"
        assert {name: reply.headers[name] for name in ids} == ids
        assert reply.headers["X-Locale"] == locale
        body = reply.json()
        assert body["attributes"] == {"objectType": "Collection"}
        assert body["totalCount"] == len(body["items"]) > 0
        assert {row["customerId"].lower() for row in body["items"]} == {world.customer_id(3)}
        assert all(
            type(row["licensesQualified" if kind == "usage" else "licensesSold"]) is int
            for row in body["items"]
        )


def test_a_client_that_doubles_the_slash_reads_all_customers(fake: RunningFake, world: World) -> None:
    """`links.next.uri` behind `/v1/`, seekOperation and the header, as one of the libraries puts them."""
    headers = {"Authorization": f"Bearer {fake.token}"}
    page = requests.get(f"{fake.url}/v1/customers?size=10", headers=headers, timeout=10).json()
    read = page["items"]
    while "next" in page["links"]:
        link = page["links"]["next"]
        token = {each["key"]: each["value"] for each in link["headers"]}
        page = requests.get(f"{fake.url}/v1/{link['uri']}", headers=headers | token, timeout=10).json()
        read += page["items"]
    assert len({customer["id"] for customer in read}) == len(read) == world.customers


RESOURCE = "https://api.partnercenter.microsoft.com"
SECRET = {"client_id": "app", "client_secret": "s"}
GRANTS: list[tuple[str, dict[str, str], int]] = [
    ("oauth2/token", {"grant_type": "client_credentials", "resource": RESOURCE, **SECRET}, 403),
    (
        "oauth2/v2.0/token",
        {"grant_type": "client_credentials", "scope": f"{RESOURCE}/.default", **SECRET},
        403,
    ),
    ("oauth2/v2.0/token", FORM | {"scope": f"{RESOURCE}/user_impersonation offline_access"}, 200),
]


@pytest.mark.parametrize(("endpoint", "form", "status"), GRANTS)
@pytest.mark.parametrize("post", [requests.post, httpx.post])
def test_every_grant_gives_a_token_of_its_kind(
    fake: RunningFake, post: Any, endpoint: str, form: dict[str, str], status: int
) -> None:
    """In either version; a user's token reads, an app's is refused; a refresh token gives another."""
    address = f"{fake.url}/contoso.onmicrosoft.com/{endpoint}"
    granted = post(address, data=form).json()
    assert type(granted["expires_in"]) is (int if "v2.0" in endpoint else str)
    usage = f"{fake.url}/v1/analytics/licenses/usage"
    asked = httpx.get(usage, headers={"Authorization": f"Bearer {granted['access_token']}"})
    assert asked.status_code == status
    if "refresh_token" in granted:
        again = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"], **SECRET}
        renewed = post(address, data=again | {"resource": RESOURCE}).json()
        assert httpx.get(usage, headers={"Authorization": f"Bearer {renewed['access_token']}"}).is_success
