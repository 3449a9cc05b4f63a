"""The journal: everything that was asked and answered, nothing that is secret, and not without end."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from partner_insights.contract import Catalogue
from partner_insights.server.http.routes import NO_MATCH, PathTable
from partner_insights.server.journal.journal import MAX_ENTRIES, Journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from partner_insights.world import World

USAGE = "/v1/analytics/licenses/usage"
ID = "11111111-2222-3333-4444-{:012d}"


def entries(client: FlaskClient, query: str = "") -> list[Any]:
    listed: list[Any] = client.get(f"/_admin/journal{query}").get_json()["entries"]
    return listed


def test_every_request_and_answer_is_kept(
    client: FlaskClient, app_user: dict[str, str], world: World
) -> None:
    """An entry says what was asked and how it was answered; the fake's own pages are not in it."""
    customer = world.customer_id(2)
    ids = {"MS-RequestId": ID.format(1), "MS-CorrelationId": ID.format(2), "User-Agent": "the client/1"}
    good = client.get(
        f"/v1/customers/{customer.upper()}/analytics/licenses/usage", headers={**app_user, **ids}
    )
    bad = client.get("/v1/customers/x")
    client.get("/")
    client.get("/openapi.json")
    first, second = entries(client)
    assert (first["operation"], first["customer"], first["status"]) == (
        "customer-licenses-usage",
        customer,
        200,
    )
    assert (first["requestId"], first["correlationId"]) == (ID.format(1), ID.format(2))
    assert (first["userAgent"], first["caller"], first["notes"]) == ("the client/1", "app+user", [])
    assert first["response"]["bytes"] == len(good.data)
    assert good.get_data(as_text=True).startswith(first["response"]["body"][:400])
    assert (second["status"], second["requestId"]) == (401, bad.headers["MS-RequestId"])
    assert json.loads(second["response"]["body"])["description"] == "Access denied"


def test_what_was_asked_for_is_noted(client: FlaskClient, app_user: dict[str, str]) -> None:
    """A fault, its plan and preference stand in the entry of the request that met it."""
    client.get(USAGE, headers={**app_user, "Prefer": "code=503"})
    (entry,) = entries(client)
    assert (entry["status"], entry["fault"], entry["prefer"]) == (503, "code 503", "code=503")
    with pytest.raises(ConnectionAbortedError):
        client.get(USAGE, headers={**app_user, "Prefer": "fault=close"})
    entry = entries(client)[-1]
    assert (entry["status"], entry["fault"]) == (None, "close")


@pytest.mark.parametrize("claims", [b"[" * 3000, b'{"a":' * 500, b"5", b"\xff", b'"\\ud800"', b"{}"])
def test_any_token_leaves_the_journal_readable(client: FlaskClient, claims: bytes) -> None:
    """Whatever its claims are, and however deeply they nest: nobody is said to have asked, or the app."""
    part = base64.urlsafe_b64encode(claims).decode().rstrip("=")
    refused = client.get(USAGE, headers={"Authorization": f"Bearer a.{part}.b"})
    assert refused.status_code == 401
    (entry,) = entries(client)
    assert entry["caller"] == ("app-only" if claims == b"{}" else None)
    assert client.get("/_admin/verdict").status_code == 200


def test_no_secret_is_shown(client: FlaskClient, app_user: dict[str, str]) -> None:
    """Neither tokens nor what a query or a form has in secrets; equal tokens are still told from others."""
    form = {"grant_type": "password", "client_id": "a", "client_secret": "SECRET1", "resource": "r",
            "username": "u", "password": "SECRET2"}  # fmt: skip
    issued = client.post("/t/oauth2/token", data=form).get_json()
    client.get(f"{USAGE}?access_token=SECRET3&client_secret=SECRET4&top=1", headers=app_user)
    client.get(USAGE, headers=app_user)
    client.get(USAGE, headers={"Authorization": "Bearer SECRET5"})
    shown = client.get("/_admin/journal").get_data(as_text=True)
    for secret in (
        "SECRET",
        issued["access_token"],
        issued["refresh_token"],
        app_user["Authorization"][20:60],
    ):
        assert secret not in shown
    _, one, two, three = entries(client)
    assert one["token"] == two["token"] != three["token"]
    assert one["query"] == "access_token=***&client_secret=***&top=1"


def test_it_is_asked_by_operation_status_and_customer(
    client: FlaskClient, app_user: dict[str, str], world: World
) -> None:
    """Each filter leaves exactly the entries it names, and they go together."""
    mine, other = (f"/v1/customers/{world.customer_id(i)}/analytics/licenses/usage" for i in (0, 1))
    for path in (mine, other, USAGE, "/v1/nowhere"):
        client.get(path, headers=app_user)
    client.get(mine)
    customer = world.customer_id(0)

    def numbers(query: str) -> list[int]:
        return [entry["number"] - first for entry in entries(client, query)]

    first = entries(client)[0]["number"]
    assert numbers("") == [0, 1, 2, 3, 4]
    assert numbers("?operation=customer-licenses-usage") == [0, 1, 4]
    assert numbers("?operation=none") == [3]
    assert numbers("?status=200") == [0, 1, 2]
    assert numbers("?status=4xx") == [3, 4]
    assert numbers(f"?customer={customer.upper()}") == [0, 4]
    assert numbers(f"?customer={customer}&status=401&operation=customer-licenses-usage") == [4]
    assert numbers(f"?since={first + 2}") == [3, 4]


@pytest.mark.parametrize("query", ["operation=users", "status=2000", "status=x", "stat=200", "since=-1"])
def test_a_filter_that_is_none(client: FlaskClient, query: str) -> None:
    """A misspelt filter is refused: it would otherwise show everything, or nothing."""
    assert client.get(f"/_admin/journal?{query}").status_code == 400


NEAREST = [
    (
        "/v1/analytics/license/usage",
        "partner-licenses-usage",
        "part 3 of the path is 'license', not 'licenses'",
    ),
    ("/v1/analytics/licenses/Deployment", "partner-licenses-deployment", "paths are in lower case"),
    ("/v1/customer", "customers", "part 2 of the path is 'customer', not 'customers'"),
    ("/v1/customers/x/analytics/licenses", "customer-licenses-", "the path ends too early"),
    ("/v1/analytics/licenses/usage/all", "partner-licenses-usage", "the path goes on after 'usage'"),
    ("/analytics/licenses/usage", "partner-licenses-usage", "part 1 of the path"),
    ("/" + "x" * 3000, "", "no operation has this path"),
]


@pytest.mark.parametrize(("path", "operation", "words"), NEAREST)
def test_the_nearest_operation_is_explained(
    client: FlaskClient, app_user: dict[str, str], path: str, operation: str, words: str
) -> None:
    """A request that met no operation is told which one it nearly met, and what was wrong."""
    client.get(path, headers=app_user)
    (note, *_) = entries(client)[0]["notes"]
    assert f"the nearest is {operation}" in note
    assert words in note


@pytest.mark.parametrize(
    ("sent", "noted"),
    [
        ({}, "no token was sent"),
        ({"Authorization": ""}, "no token was sent"),
        ({"Authorization": "eyJ0"}, "Authorization does not say Bearer"),
        ({"Authorization": "Basic YTpi"}, "Authorization does not say Bearer"),
        ({"Authorization": "Bearer x"}, None),
        ({"Prefer": "code=401"}, None),
    ],
)
def test_a_request_without_a_token_is_told(
    client: FlaskClient, sent: dict[str, str], noted: str | None
) -> None:
    """The first thing that newcomers forget; of a token that is refused the response says why."""
    assert client.get("/v1/customers", headers=sent).status_code == 401
    notes = [note for note in entries(client)[-1]["notes"] if "MS-RequestId" not in note]
    assert notes == [] if noted is None else notes[0].startswith(noted)


def test_what_was_ignored_is_noted(client: FlaskClient, app_user: dict[str, str]) -> None:
    """Unknown query parameters change nothing but the journal."""
    plain = client.get("/v1/customers?size=2", headers=app_user)
    odd = client.get("/v1/customers?size=2&%24top=1&verbose", headers=app_user)
    assert odd.data == plain.data
    notes = entries(client)[-1]["notes"]
    assert [note for note in notes if "ignored" in note] == [
        "the query parameter '$top' is unknown and was ignored",
        "the query parameter 'verbose' is unknown and was ignored",
    ]
    assert "sent no MS-RequestId" in notes


def test_it_is_bounded() -> None:
    """Only the newest entries are kept, none of them large, and how many were forgotten is told."""
    journal = Journal(PathTable(Catalogue.load().operations.values()))
    long = "x" * 100_000
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": long, "QUERY_STRING": long, "HTTP_AUTHORIZATION": long,
               "HTTP_USER_AGENT": long, "HTTP_MS_REQUESTID": long, "HTTP_PREFER": long}  # fmt: skip
    for _ in range(MAX_ENTRIES + 10):
        journal.open(environ, NO_MATCH, ID.format(1)).answer(200, [], b"x" * 100_000)
    kept = journal.entries()
    assert (len(kept), journal.forgotten) == (MAX_ENTRIES, 10)
    entry = kept[-1]
    assert len(entry.authorization or "") < 5000
    assert all(len(text) <= 500 for text in (entry.path, entry.query, entry.body, *entry.asked.values()))
    journal.clear()
    assert (journal.entries(), journal.forgotten) == ([], 0)


def test_several_workers_have_no_journal(make_app: Callable[..., Flask]) -> None:
    """Each worker would know a part of it."""
    client = make_app(workers=2).test_client()
    assert [client.get(f"/_admin/{name}").status_code for name in ("journal", "verdict")] == [409, 409]


def test_a_response_held_back_is_open_until_it_begins(catalogue: Catalogue) -> None:
    """Like the entry it repeats, under its own ids, without a status as long as nothing was sent."""
    journal = Journal(PathTable(catalogue.operations.values()))
    first = journal.open({"REQUEST_METHOD": "GET", "PATH_INFO": USAGE}, NO_MATCH, ID.format(1))
    first.answer(200, [("Content-Length", "2")], b"{}")
    held = journal.hold_repeat(first, ID.format(2), None, ID.format(3))
    shown = journal.entries()[-1]
    assert (shown.number, shown.request_id, shown.correlation_id) == (2, ID.format(2), ID.format(3))
    assert (shown.status, shown.answered, shown.path) == (None, None, USAGE)
    held.answer()
    shown = journal.entries()[-1]
    assert (shown.status, shown.body, first.request_id) == (200, b"{}", ID.format(1))
    assert shown.answered is not None
    assert shown.answered >= shown.began
    assert journal.since(1, 10)[0][0].number == 2


def test_of_a_client_that_leaves_nothing_is_said_but_that(catalogue: Catalogue) -> None:
    """Its entry has no response, whatever the one it repeats had; who leaves amid a response is answered."""
    journal = Journal(PathTable(catalogue.operations.values()))
    first, second = (
        journal.open({"REQUEST_METHOD": "GET", "PATH_INFO": USAGE}, NO_MATCH, ID.format(at)) for at in (1, 2)
    )
    first.answer(200, [("Content-Length", "2"), ("Content-Type", "text/plain")], b"{}")
    journal.hold_repeat(first, ID.format(3), None, None).leave()
    second.leave()
    first.leave()
    shown = [journal.content(entry) for entry in journal.entries()]
    assert [each["status"] for each in shown] == [200, None, None]
    nothing = {"contentType": None, "bytes": None, "body": ""}
    assert [each["response"] for each in shown[1:]] == [nothing, nothing]
    words = "the client left before it was answered"
    assert [words in each["notes"] for each in shown] == [False, True, True]
