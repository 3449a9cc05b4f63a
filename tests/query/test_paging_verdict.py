"""The verdict on clients that read pages: what is wrong is named, what is right is not."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest

from partner_insights.contract import Catalogue
from partner_insights.server import Settings, create_app
from partner_insights.server.journal.journal import Entry
from partner_insights.server.journal.paging_habits import ABANDONED, paging_habits
from partner_insights.server.middleware import ApiMiddleware
from partner_insights.server.settings import AuthMode
from partner_insights.world import World

if TYPE_CHECKING:
    from flask.testing import FlaskClient

CATALOGUE = Catalogue.load()
PATH = "/v1/analytics/commercial/deployment/license"
QUERY = "filter=channel ne 'nobody'&top=20"


@pytest.fixture
def client() -> FlaskClient:
    world = World(CATALOGUE, customers=20, as_of=date(2026, 11, 20))
    return create_app(world, CATALOGUE, Settings(auth=AuthMode.OFF)).test_client()


def codes(client: FlaskClient) -> list[str]:
    return [each["code"] for each in client.get("/_admin/verdict").get_json()["findings"]]


def read(client: FlaskClient, base: str, query: str, pages: int = 99) -> None:
    """A client that resolves each link against `base`."""
    url = f"{PATH}?{query}"
    for _ in range(pages):
        parts = urlsplit(url)
        body = client.get(parts.path, query_string=parts.query).get_json()
        if not body.get("@nextLink"):
            return
        url = urljoin(base, body["@nextLink"])


def test_who_reads_all_pages_is_well_behaved(client: FlaskClient) -> None:
    """Nothing is said of a client that follows each link from the page it is on, the filter long or short."""
    read(client, PATH, QUERY)
    read(client, PATH, QUERY + " or channel eq 'x'" * 60)
    assert codes(client) == []


def test_a_link_joined_to_the_host_is_named(client: FlaskClient) -> None:
    """The link is relative to the page: joined to the host alone it leads nowhere."""
    read(client, "/", QUERY)
    assert codes(client) == ["next-link-misjoined"]


@pytest.mark.parametrize("with_token", [True, False])
def test_a_link_of_the_customers_joined_to_the_host_is_named(client: FlaskClient, with_token: bool) -> None:
    """It is relative to the version of the API, which is no part of it."""
    page = client.get("/v1/customers?size=8").get_json()
    link = page["links"]["next"]
    headers = {each["key"]: each["value"] for each in link["headers"] if with_token}
    assert client.get(link["uri"], headers=headers).status_code == 404
    assert codes(client) == ["next-link-misjoined"]
    client.get(f"/v1{link['uri']}", headers={each["key"]: each["value"] for each in link["headers"]})
    assert codes(client) == ["paging-abandoned"]  # of the second page


def test_who_stops_before_the_end_is_named(client: FlaskClient) -> None:
    """Two of three pages are not all rows."""
    read(client, PATH, QUERY, pages=2)
    assert codes(client) == ["paging-abandoned"]


@pytest.mark.parametrize("size", [10, 1_000, 40_000])
@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (b'"@nextLink":"license?top=20&skip=20",', b"", [ABANDONED]),
        (b"", b',"@nextLink":"license?top=20&skip=20"', [ABANDONED]),
        (b'"@nextLink":"",', b',"@nextLink":""', []),
        (b'"@nextLink":null,', b"", []),
        (b"", b"", []),
    ],
    ids=["first", "last", "empty", "null", "none"],
)
def test_a_link_is_seen_wherever_it_stands(
    client: FlaskClient, before: bytes, after: bytes, found: list[str], size: int
) -> None:
    """Before the rows or behind them, few or many; an empty one is none."""
    middleware = client.application.wsgi_app
    assert isinstance(middleware, ApiMiddleware)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": PATH, "QUERY_STRING": "top=20"}
    entry = Entry.of(1, environ, middleware.paths.find(PATH), "")
    entry.answer(200, [], b'{%b"items":[%b]%b}' % (before, b'"x"' + b',"x"' * (size // 4), after))
    assert [code for code, *_ in paging_habits([entry], CATALOGUE.operations)] == found


def test_the_next_page_of_another_query_is_not_the_rest(client: FlaskClient) -> None:
    """Who goes on at the right row without the filter has not read on; in pages of another size, he has."""
    read(client, PATH, QUERY, pages=1)
    client.get(f"{PATH}?top=20&skip=20")
    assert "paging-abandoned" in codes(client)
    client.post("/_admin/reset", json={})
    read(client, PATH, QUERY, pages=1)
    read(client, PATH, "filter=channel ne 'nobody'&top=50&skip=20")
    assert codes(client) == []


@pytest.mark.parametrize("top", ["10001", "0010001", "99999999999999999999"])
def test_too_large_a_page_is_named(client: FlaskClient, top: str) -> None:
    """A page has 10000 rows at most."""
    client.get(f"{PATH}?top={top}")
    assert codes(client) == ["page-too-large"]


@pytest.mark.parametrize("top", ["10000", "0001000", "%C2%B2", "-10001", "", "9" * 5000])
def test_a_request_that_is_refused_for_something_else_was_not_too_large(
    client: FlaskClient, top: str
) -> None:
    """Whatever stands for a size, and whatever else is wrong with it."""
    assert client.get(f"{PATH}?filter=nonsense&top={top}").status_code == 400
    assert codes(client) == (["page-too-large"] if len(top) > 99 else [])
