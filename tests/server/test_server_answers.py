"""What a caller in good standing is answered."""

from __future__ import annotations

import gzip
import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.child_server import running_fake
from partner_insights.contract import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ask, Reply
    from partner_insights.child_server import RunningFake
    from partner_insights.world import World

OPERATIONS = tuple(Catalogue.load().operations)
SEED_OPERATIONS = tuple(each.id for each in Catalogue.load().operations.values() if each.seed)
GUIDS = st.uuids().map(str)


def path_of(operation_id: str, world: World, index: int = 0) -> str:
    return Catalogue.load().operations[operation_id].path.replace("{customer-id}", world.customer_id(index))


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_every_operation_answers_as_the_catalogue_says(
    ask: Ask, catalogue: Catalogue, world: World, operation_id: str
) -> None:
    """A 200 has the promised body, and exactly the documented content type and common headers."""
    reply = ask(path_of(operation_id, world))
    assert reply.status == 200
    assert reply.headers["content-type"] == catalogue.content_type
    assert {name.lower() for name in catalogue.common_headers} <= reply.headers.keys()
    errors = list(catalogue.validator(catalogue.response_schema(operation_id)).iter_errors(reply.json))
    assert errors == []


@pytest.mark.parametrize("operation_id", SEED_OPERATIONS)
def test_items_are_the_worlds_rows(ask: Ask, catalogue: Catalogue, world: World, operation_id: str) -> None:
    """What is served is what the world says, row for row, in compact JSON with a true length."""
    operation = catalogue.operations[operation_id]
    for index in (0, 5, 22) if operation.per_customer else (None,):
        reply = ask(path_of(operation_id, world, index or 0))
        rows = world.rows(operation.resource, index)
        expected = {"totalCount": len(rows), "items": rows, "attributes": {"objectType": "Collection"}}
        assert reply.json == expected
        assert reply.body == json.dumps(reply.json, separators=(",", ":"), ensure_ascii=False).encode()
        assert int(reply.headers["content-length"]) == len(reply.body)


@given(request_id=GUIDS | GUIDS.map(str.upper), correlation_id=GUIDS)
def test_request_ids_are_echoed(ask: Ask, request_id: str, correlation_id: str) -> None:
    """The two ids of a call come back as they were sent, on an answer and on a refusal alike."""
    sent = {"MS-RequestId": request_id, "MS-CorrelationId": correlation_id}
    for reply in (ask("/v1/customers?size=1", headers=sent), ask("/v1/nowhere", headers=sent, token=None)):
        assert reply.headers["ms-requestid"] == request_id
        assert reply.headers["ms-correlationid"] == correlation_id


@given(junk=st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=60))
def test_what_is_no_guid_is_not_repeated(ask: Ask, junk: str) -> None:
    """Ids that are no GUID, or absent, are replaced by fresh GUIDs; nothing else is reflected."""
    reply = ask("/v1/customers?size=1", headers={"MS-RequestId": junk, "X-Locale": f"<{junk}>"})
    assert reply.headers["ms-requestid"] != junk
    assert str(uuid.UUID(reply.headers["ms-requestid"])) == reply.headers["ms-requestid"]
    assert reply.headers["ms-correlationid"] != ask("/v1/customers?size=1").headers["ms-correlationid"]
    assert "x-locale" not in reply.headers


def test_a_locale_is_echoed(ask: Ask) -> None:
    """X-Locale is accepted and comes back."""
    assert ask("/v1/customers?size=1", headers={"X-Locale": "de-DE"}).headers["x-locale"] == "de-DE"


def test_every_answer_has_its_own_correlation_vector(ask: Ask) -> None:
    """MS-CV is fresh each time, MS-ServerId constant."""
    replies = [ask("/v1/customers?size=1") for _ in range(5)]
    assert len({reply.headers["ms-cv"] for reply in replies}) == 5
    assert len({reply.headers["ms-serverid"] for reply in replies}) == 1


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_tolerated_spellings_answer_the_same(ask: Ask, world: World, operation_id: str) -> None:
    """Doubled and trailing slashes, GUIDs of either case and unknown query parameters change nothing."""
    path = path_of(operation_id, world, 3)
    plain = ask(path).body
    guid = world.customer_id(3)
    variants = (
        path.replace("/v1/", "/v1//"),
        path + "/",
        path + "//",
        "//" + path[1:].replace("/", "///"),
        path.replace(guid, guid.upper()),
        path + "?whatever=1&%FF=%00",
    )
    assert [ask(variant).body for variant in variants] == [plain] * len(variants)


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_head_is_get_without_the_body(ask: Ask, world: World, operation_id: str) -> None:
    """HEAD has GET's status and headers (but the fresh ones), its length among them, and no body."""
    fresh = {"ms-cv", "date", "ms-requestid", "ms-correlationid"}
    get, head = (ask(path_of(operation_id, world), method) for method in ("GET", "HEAD"))
    assert head.body == b""
    assert (head.status, {k: v for k, v in head.headers.items() if k not in fresh}) == (
        get.status,
        {k: v for k, v in get.headers.items() if k not in fresh},
    )


@pytest.mark.parametrize("path", ["/", "/v1/customers", "/v1/analytics/licenses/usage", "/_admin/scenario"])
def test_options_names_the_methods(ask: Ask, catalogue: Catalogue, path: str) -> None:
    """OPTIONS needs no token and says which methods there are."""
    reply = ask(path, "OPTIONS", token=None)
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS" + (", POST" if "admin" in path else "")
    assert {name.lower() for name in catalogue.common_headers} <= reply.headers.keys()


SQUEEZED = ("gzip", "gzip, deflate, br", "GZIP;q=0.5", "*")
PLAIN = (None, "", "identity", "gzip;q=0", "deflate", "*, gzip;q=0")


@pytest.mark.parametrize(
    ("encoding", "squeezed"), [*((each, True) for each in SQUEEZED), *((each, False) for each in PLAIN)]
)
def test_gzip_when_asked_for(ask: Ask, encoding: str | None, squeezed: bool) -> None:
    """Who asks for gzip gets the same body compressed, if it is large; the answer varies by that header."""
    plain = ask("/v1/customers?size=20")
    reply = ask("/v1/customers?size=20", headers={} if encoding is None else {"Accept-Encoding": encoding})
    assert reply.headers["vary"] == "Accept-Encoding"
    assert reply.headers.get("content-encoding") == ("gzip" if squeezed else None)
    assert int(reply.headers["content-length"]) == len(reply.body)
    assert (gzip.decompress(reply.body) if squeezed else reply.body) == plain.body


def test_a_small_body_is_not_worth_compressing(ask: Ask) -> None:
    """A body that fits a packet goes as it is."""
    assert "content-encoding" not in ask("/v1/nowhere", headers={"Accept-Encoding": "gzip"}).headers


def pages(ask: Ask, first: str) -> list[Reply]:
    """Follow the links as clients do: /v1 in front, seekOperation and the continuation header along."""
    replies, headers = [ask(first)], {}
    while "next" in (links := replies[-1].json["links"]):
        link = links["next"]
        assert link["uri"].startswith("/customers?")
        assert link["method"] == "GET"
        headers = {each["key"]: each["value"] for each in link["headers"]}
        replies.append(ask("/v1" + link["uri"], headers=headers))
    return replies


@given(size=st.integers(1, 30))
def test_paging_lists_every_customer_once(ask: Ask, world: World, size: int) -> None:
    """At any page size, following the links lists all customers in order; only the last page has no next."""
    replies = pages(ask, f"/v1/customers?size={size}")
    listed = [customer["id"] for reply in replies for customer in reply.json["items"]]
    assert listed == [world.customer_id(index) for index in range(world.customers)]
    assert len(replies) == -(-world.customers // size)
    assert all(reply.json["totalCount"] == len(reply.json["items"]) for reply in replies)


def test_a_followed_page_links_to_itself(ask: Ask) -> None:
    """A page's own link, followed, gives the same page."""
    second = pages(ask, "/v1/customers?size=10")[1]
    link = second.json["links"]["self"]
    headers = {each["key"]: each["value"] for each in link["headers"]}
    assert ask("/v1/" + link["uri"], headers=headers).body == second.body


def test_a_listed_customer_is_the_customer(ask: Ask) -> None:
    """The list and the single resource agree."""
    listed = ask("/v1/customers?size=3").json["items"][2]
    assert ask(f"/v1/customers/{listed['id']}").json == listed


@given(data=st.data())
def test_a_tampered_continuation_is_refused(ask: Ask, data: st.DataObject) -> None:
    """A token changed anywhere, or made up, gets the documented 400: no one pages where no link leads."""
    link = ask("/v1/customers?size=4").json["links"]["next"]
    token = link["headers"][0]["value"]
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABCabc019-_=!é"))
    changed = token[:place] + other + token[place + 1 :]
    made_up = data.draw(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40))
    for bad in {changed, made_up.strip()} - {token}:
        reply = ask("/v1" + link["uri"], headers={"MS-ContinuationToken": bad})
        assert (reply.status, reply.json["code"]) == (400, "3000")


def test_a_million_customers_page_without_being_built(
    make_app: Any, app_user: dict[str, str], world: World
) -> None:
    """The last page of a huge world comes as fast as the first."""
    from partner_insights.world.bodies import continuation_token

    huge = replace(world, customers=1_000_000)
    token = continuation_token(huge, 999_998)
    client = make_app(huge).test_client()
    reply = client.get(
        "/v1/customers?size=500&seekOperation=Next", headers={**app_user, "MS-ContinuationToken": token}
    )
    assert [each["id"] for each in reply.get_json()["items"]] == [
        huge.customer_id(999_998),
        huge.customer_id(999_999),
    ]
    assert "next" not in reply.get_json()["links"]


def test_equal_fakes_answer_equal_bytes(
    ask: Ask, fake: RunningFake, world: World, asking: Callable[[RunningFake], Ask]
) -> None:
    """Two runs of the same seed, size and date serve the same bytes, but for the address they tell of."""
    paths = [path_of(operation_id, world, 9) for operation_id in OPERATIONS]
    paths += ["/v1/customers?size=5", "/v1/nowhere", "/openapi.json"]
    options = ("--seed", "7", "--customers", "23", "--as-of", fake.as_of.isoformat(), "--workers", "2")
    with running_fake(*options) as twin:
        for path in paths:
            ours = ask(path).body.replace(fake.url.encode(), twin.url.encode())
            assert asking(twin)(path).body == ours, path
        assert redeemed(twin) == 1
        assert polled(twin) == ["authorization_pending", *["slow_down"] * 19]


def redeemed(fake: RunningFake) -> int:
    """How many of twenty connections, spread over the workers, a code is redeemed by."""
    directory = f"{fake.url}/contoso.example/oauth2/v2.0"
    back = "http://localhost:1/"
    asked = {"client_id": "app", "response_type": "code", "redirect_uri": back, "scope": "openid r/x"}
    sent = requests.get(f"{directory}/authorize", asked, allow_redirects=False, timeout=10)
    (code,) = parse_qs(urlsplit(sent.headers["Location"]).query)["code"]
    form = {"grant_type": "authorization_code", "client_id": "app", "code": code, "redirect_uri": back}
    answers = [requests.post(f"{directory}/token", form, timeout=10) for _ in range(20)]
    assert {each.status_code for each in answers} == {200, 400}
    return sum(each.ok for each in answers)


def polled(fake: RunningFake) -> list[str]:
    """What twenty connections, spread over the workers, are told who ask at once about a device code."""
    directory = f"{fake.url}/contoso.example/oauth2/v2.0"
    code = requests.post(f"{directory}/devicecode", {"client_id": "app", "scope": "r/x"}, timeout=10).json()
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    form = {"client_id": "app", "grant_type": grant, "device_code": code["device_code"]}
    return [requests.post(f"{directory}/token", form, timeout=10).json()["error"] for _ in range(20)]


def test_without_a_size_a_page_holds_what_a_page_can(
    make_app: Any, app_user: dict[str, str], world: World
) -> None:
    """No size, or 0: all customers up to the documented 500 a page."""
    client = make_app(replace(world, customers=501)).test_client()
    plain, zero = (
        client.get(f"/v1/customers{query}", headers=app_user).get_json() for query in ("", "?size=0")
    )
    assert plain == zero
    assert plain["totalCount"] == 500
    assert plain["links"]["self"]["uri"] == "/customers"
    link = plain["links"]["next"]
    headers = {each["key"]: each["value"] for each in link["headers"]}
    rest = client.get("/v1" + link["uri"], headers=app_user | headers).get_json()
    assert rest["totalCount"] == 1


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("seekOperation=Next", 2),
        ("seekOperation=Next&size=0", 2),
        ("seekOperation=Previous", 0),
        ("seekOperation=First", 0),
        ("seekOperation=Last", -1),
        ("seekOperation=PageIndex", 0),
        ("seekOperation=PageIndex&index=2", 2),
    ],
)
def test_a_token_keeps_the_size_of_its_pages(ask: Ask, query: str, place: int) -> None:
    """Seeking without a size reads on in pages as before; so do the other seek operations."""
    replies = pages(ask, "/v1/customers?size=4")
    token = replies[1].json["links"]["next"]["headers"][0]["value"]
    sought = ask(f"/v1/customers?{query}", headers={"MS-ContinuationToken": token})
    assert sought.json["items"] == replies[place].json["items"]


def test_a_page_beyond_the_last_is_refused(ask: Ask) -> None:
    """An index that no page has: 400, naming it."""
    token = ask("/v1/customers?size=4").json["links"]["next"]["headers"][0]["value"]
    path = "/v1/customers?seekOperation=PageIndex&index=999"
    reply = ask(path, headers={"MS-ContinuationToken": token})
    assert (reply.status, reply.json["data"]) == (400, ["index"])


def test_the_version_has_two_spellings(ask: Ask, world: World) -> None:
    """/v1.0 is /v1."""
    plain = ("customers?size=2", f"customers/{world.customer_id(0)}", "analytics/licenses/usage")
    for path in (*map("/{}/".__add__, plain), "/partner/{}/analytics/commercial/usage/license"):
        assert ask(path.format("v1.0")).body == ask(path.format("v1")).body
        assert ask(path.format("v1")).status == 200


@pytest.mark.parametrize(
    "path",
    [
        *("customers/relationshiprequests", "customers/usagerecords", "customers/all/validations"),
        *("customers/CUSTOMER/subscriptions", "customers/CUSTOMER/migrations/newcommerce"),
        *("invoices", "auditrecords", "ratecards/azure", "domains/taken.example", "selfservepolicy"),
    ],
)
def test_what_is_not_faked_is_not_found(ask: Ask, world: World, path: str) -> None:
    """A resource of the real service that the fake has not: 404, and the journal says why."""
    path = "/v1/" + path.replace("CUSTOMER", world.customer_id(0))
    reply = ask(path)
    assert (reply.status, reply.json["code"]) == (404, "1000")
    entry = ask("/_admin/journal?operation=none&last=1").json["entries"][0]
    assert entry["path"] == path
    assert "is a resource of the real service that this fake does not have" in entry["notes"][0]
