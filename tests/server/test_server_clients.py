"""Real HTTP clients: each gets its token, pages the customers and reads the four operations."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_insights.running import RunningFake
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
