"""Sessions: fakes of their own at one address, which see nothing of each other."""

from __future__ import annotations

import gc
import gzip
import json
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from partner_insights.contract.query.next_link import NextLink
from partner_insights.server.sessions import HEADER, Sessions, UnknownSession
from partner_insights.server.settings import QueryReading

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from conftest import Ask

MANY = 50


def begun(ask: Ask, **content: Any) -> tuple[str, dict[str, str]]:
    """The path prefix and the header of a new session."""
    told = ask(
        "/_admin/sessions", "POST", {"Content-Type": "application/json"}, body=json.dumps(content).encode()
    )
    assert told.status == 201, told.json
    assert told.headers["location"] == f"/_admin/sessions/{told.json['id']}"
    return f"/_sessions/{told.json['id']}", {told.json["header"]: told.json["id"]}


def names(ask: Ask, headers: dict[str, str], prefix: str = "") -> list[str]:
    items = ask(f"{prefix}/v1/customers", headers=headers).json["items"]
    return [each["companyProfile"]["companyName"] for each in items]


def test_many_sessions_see_nothing_of_each_other(ask: Ask) -> None:
    """Fifty clients at once, each with world, data, date, scenario, faults and journal of its own."""
    before = names(ask, {})
    journal = ask("/_admin/journal").json

    def live(number: int) -> None:
        data = [{"name": f"Own {number}", "licenses": [{"product": "X", "sold": number, "deployed": number}]}]
        prefix, header = begun(ask, seed=number, customers=number % 3, data=data)
        json_header = {**header, "Content-Type": "application/json"}
        for place in range(3):
            days = json.dumps({"days": 1}).encode()
            assert ask("/_admin/clock", "POST", json_header, body=days).status == 200
            told = names(ask, header) if place else names(ask, {}, prefix)
            assert told[0] == f"Own {number}"
            assert len(told) == number % 3 + 1
        plan = json.dumps({"faults": [{"operation": "*", "code": 503}], "all": True}).encode()
        assert ask("/_admin/faults", "POST", json_header, body=plan).status == 201
        assert [ask("/v1/customers", headers=header).status for _ in range(2)] == [503, 200]
        entries = ask("/_admin/journal", headers=header).json["entries"]
        assert [entry["status"] for entry in entries] == [200, 200, 200, 503, 200]
        assert ask(f"/_admin/sessions/{prefix.rpartition('/')[2]}", "DELETE", header).status == 200
        assert ask("/v1/customers", headers=header).status == 404

    with ThreadPoolExecutor(MANY) as pool:
        list(pool.map(live, range(MANY)))
    assert names(ask, {}) == before
    assert len(ask("/_admin/journal").json["entries"]) <= len(journal["entries"]) + 1


def test_a_session_that_is_none_answers_nobody(ask: Ask) -> None:
    """An unknown session is told so, by header and by path; the fake's own answer is not given for it."""
    for path, headers in (("/v1/customers", {HEADER: "x"}), ("/_sessions/x/v1/customers", {})):
        told = ask(path, headers=headers)
        assert told.status == 404
        assert "no session 'x'" in told.json["error"]


def test_a_session_ends_when_nobody_uses_it() -> None:
    """Idle time ends a session; each request begins it anew."""
    sessions, made = Sessions(), object()
    session_id = sessions.begin(lambda: made, 0.15)  # type: ignore[arg-type, return-value]
    for _ in range(3):
        time.sleep(0.08)
        assert sessions.route("/v1", session_id) == (made, "/v1")
    time.sleep(0.2)
    with pytest.raises(UnknownSession):
        sessions.route("/v1", session_id)
    assert sessions.ids == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"sed": 1}, "has no sed"),
        ({"customers": -1}, "/customers"),
        ({"customers": True}, "/customers"),
        ({"customers": 2.5}, "/customers: is no whole number"),
        ({"asOf": "tomorrow"}, "/asOf"),
        ({"scenario": "nice"}, "no scenario 'nice'"),
        ({"scenario": [1]}, "/scenario"),
        ({"auth": "none"}, "/auth"),
        ({"percentScale": 7}, "percent scale"),
        ({"data": [{"customer": "A", "product": "B", "sold": -1}]}, "data, /0/sold: -1 is less than 0"),
        ([], "no object"),
    ],
)
def test_what_no_session_can_be_is_refused(ask: Ask, content: Any, words: str) -> None:
    """400 in words, and no session is begun."""
    before = ask("/_admin/sessions").json
    headers = {"Content-Type": "application/json"}
    told = ask("/_admin/sessions", "POST", headers, body=json.dumps(content).encode())
    assert (told.status, words in told.json["error"]) == (400, True), told.json
    assert ask("/_admin/sessions").json == before


def test_a_fake_in_this_process_has_sessions_too(
    make_app: Callable[..., Flask], app_user: dict[str, str]
) -> None:
    """The header counts without a socket, and with several workers a session is refused in words."""
    client = make_app().test_client()
    told = client.post("/_admin/sessions", json={"customers": 2}).get_json()
    page = client.get("/v1/customers", headers={**app_user, HEADER: told["id"]}).get_json()
    assert page["totalCount"] == 2
    assert client.get("/v1/customers", headers=app_user).get_json()["totalCount"] == 23
    assert make_app(workers=2).test_client().post("/_admin/sessions").status_code == 409


def addresses_in(value: Any) -> list[str]:
    """Every URL of a JSON value that is of this machine."""
    if isinstance(value, str):
        return [value] if value.startswith("http://") and "//sts." not in value else []
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for member in members for each in addresses_in(member)]


def test_what_a_session_says_of_itself_leads_to_it(ask: Ask) -> None:
    """Where a request names the session by its path, no address in an answer leads out of it."""
    prefix, _ = begun(ask, customers=3)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    flow = b"client_id=any&scope=https://api.partnercenter.microsoft.com/user_impersonation"
    device = ask(f"{prefix}/contoso.example/oauth2/v2.0/devicecode", "POST", form, body=flow)
    told = [
        *(
            ask(f"{prefix}/contoso.example{version}/.well-known/openid-configuration")
            for version in ("", "/v2.0")
        ),
        ask(f"{prefix}/openapi.json"),
        ask(f"{prefix}/v1/customers?size=1", headers={"Prefer": "fault=links-with-host"}),
        device,
    ]
    for answer in told:
        found = addresses_in(answer.json)
        assert found, answer.body
        assert all(f"{prefix}/" in f"{each}/" for each in found), found
    plan = json.dumps({"faults": [{"operation": "*", "code": 503}]}).encode()
    made = ask(f"{prefix}/_admin/faults", "POST", {"Content-Type": "application/json"}, body=plan)
    assert made.headers["location"] == f"{prefix}/_admin/faults/{made.json['id']}"
    assert ask(made.headers["location"]).json["id"] == made.json["id"]


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_link_to_the_next_page_stays_in_the_session(
    make_app: Callable[..., Flask], app_user: dict[str, str], encoding: str
) -> None:
    """An absolute link is of the path that was asked for, whoever asked the same by the header before."""
    asked = {**app_user, "Accept-Encoding": encoding}

    def next_link(path: str, **headers: str) -> str:
        reply = client.get(path, headers={**asked, **headers})
        assert reply.headers.get("Content-Encoding", "identity") == encoding
        body = gzip.decompress(reply.data) if encoding == "gzip" else reply.data
        return urlsplit(json.loads(body)["@nextLink"]).path

    client = make_app(reading=QueryReading(NextLink.ABSOLUTE)).test_client()
    told = client.post("/_admin/sessions", json={}).get_json()
    path, prefix = "/v1/analytics/commercial/usage/license?top=9", f"/_sessions/{told['id']}"
    for _ in range(2):
        assert next_link(path, **{HEADER: told["id"]}) == urlsplit(path).path
        assert next_link(prefix + path) == prefix + urlsplit(path).path


def test_a_session_costs_less_than_a_megabyte(
    make_app: Callable[..., Flask], app_user: dict[str, str]
) -> None:
    """After 250 requests, 22 edits, the history and the description: what is freed with it."""
    app = make_app()
    client = app.test_client()

    def used() -> str:
        told = client.post("/_admin/sessions", json={"customers": 50}).get_json()
        headers = {**app_user, told["header"]: told["id"]}

        def get(path: str) -> Any:
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200, answer.text
            return answer.get_json()

        ids = [each["id"] for each in get("/v1/customers")["items"]]
        for nth in range(22):
            edit = {"name": f"Edited {nth}"}
            assert (
                client.patch(f"/_admin/customers/{ids[nth]}", json=edit, headers=headers).status_code == 200
            )
            for customer in ids[nth : nth + 5]:
                get(f"/v1/customers/{customer}/analytics/licenses/usage")
                get(f"/v1/customers/{customer}/analytics/licenses/deployment")
            get("/v1/analytics/licenses/usage")
        get("/_admin/history")
        get("/openapi.json")
        return str(told["id"])

    client.delete(f"/_admin/sessions/{used()}")  # what all sessions share
    tracemalloc.start()
    try:
        session = used()
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        client.delete(f"/_admin/sessions/{session}")
        gc.collect()
        freed = held - tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert freed < 2**20
