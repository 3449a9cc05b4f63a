"""Parameters that are absent, doubled, oversized or wrong: the directory's own error, never a 500."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from partner_insights.server.auth.errors import ERRORS
from partner_insights.server.auth.fields import MAX_CHARACTERS
from partner_insights.server.auth.grants import GRANTS
from partner_insights.server.auth.identity import Identity, Tenant
from partner_insights.server.auth.tokens import PARTNER_CENTER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask
    from werkzeug.test import TestResponse

    from conftest import DirectoryClient

V1, V2 = "/contoso.example/oauth2", "/contoso.example/oauth2/v2.0"
NUMBERS = {row.number for row in ERRORS.values()}
DEEP = ".".join(
    base64.urlsafe_b64encode(part).rstrip(b"=").decode()
    for part in (b'{"alg":"RS256"}', b"[" * 15_000, b"signature")
)
"""A token of JSON that is nested too deep to be read, in its claims and in its header."""
DEEP_HEADER = ".".join((DEEP.split(".")[1], "e30", "x"))
WRONG = [
    DEEP,
    DEEP_HEADER,
    "",
    " ",
    "x",
    "\x00",
    "\r\nSet-Cookie: a=b",
    "é" * 9,
    "{}",
    "../..",
    "%",
    "a b",
    "eyJ.e30.",
    "-1",
]

REQUESTS: dict[str, tuple[str, dict[str, str]]] = {
    f"{grant} {base}": (
        f"{base}/token",
        {
            "grant_type": grant,
            "client_id": "app",
            "client_secret": "s",
            "resource": PARTNER_CENTER,
            "scope": f"{PARTNER_CENTER}/.default",
            "username": "ann@contoso.example",
            "password": "p",
            "code": "x",
            "redirect_uri": "http://localhost/",
            "code_verifier": "x" * 43,
            "refresh_token": "x",
            "device_code": "x",
            "assertion": "x",
            "requested_token_use": "on_behalf_of",
            "client_assertion": "x.y.z",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_info": "1",
        },
    )
    for grant in GRANTS
    for base in (V1, V2)
} | {
    f"devicecode {base}": (f"{base}/devicecode", {"client_id": "app", "scope": "r/x", "resource": "r"})
    for base in (V1, V2)
}
AUTHORIZE = {
    "client_id": "app",
    "response_type": "code id_token",
    "redirect_uri": "http://localhost/",
    "response_mode": "fragment",
    "scope": "openid r/x",
    "state": "s",
    "nonce": "n",
    "code_challenge": "x" * 43,
    "code_challenge_method": "S256",
    "prompt": "login",
    "login_hint": "ann@contoso.example",
    "client_info": "1",
}


LOOKUPS: dict[str, dict[str, str]] = {
    "/common/discovery/instance": {
        "api-version": "1.1",
        "authorization_endpoint": "https://login.microsoftonline.com/common/oauth2/authorize",
    },
    "/common/discovery/keys": {"appid": "x"},
    "/common/discovery/v2.0/keys": {"appid": "x"},
    "/contoso.example/.well-known/openid-configuration": {"appid": "x"},
    "/contoso.example/v2.0/.well-known/openid-configuration": {"appid": "x"},
    "/common/userrealm/ann@contoso.example": {"api-version": "1.0"},
    "/common/UserRealm/ann@contoso.example": {"api-version": "1.0"},
    "/common/openid/userinfo": {"schema": "openid"},
}
PAGES: dict[str, dict[str, str]] = {
    f"{V1}/logout": {"post_logout_redirect_uri": "http://localhost/"},
    f"{V2}/logout": {"post_logout_redirect_uri": "http://localhost/"},
    "/common/oauth2/deviceauth": {"user_code": "BCDFGHJKL"},
}
ELSEWHERE = {f"{V1}/authorize", f"{V2}/authorize", "/generatetoken", "/v3/generatetoken"}
"""Tried by tests of their own."""


def documented(response: TestResponse) -> None:
    """Granted, or refused in the directory's words; who has proved nothing is told how to."""
    assert response.status_code in (200, 400, 401)
    assert (response.status_code == 401) is ("WWW-Authenticate" in response.headers)
    if response.status_code == 200:
        return
    (number,) = response.json["error_codes"]
    assert number in NUMBERS
    assert response.json["error_description"].startswith(f"AADSTS{number}: ")


def told(response: TestResponse) -> None:
    """Sent back to the application, or told by a page to the person at the browser."""
    assert response.status_code in (200, 302, 400)
    if response.status_code == 302:
        assert response.headers["Location"].startswith("http://localhost/")
        assert "\n" not in response.headers["Location"]


@pytest.mark.parametrize("name", REQUESTS)
def test_a_form_with_one_thing_wrong(client: DirectoryClient, name: str) -> None:
    """Every field of every grant: left out, twice, too long, and with values nobody means."""
    path, form = REQUESTS[name]
    for field in form:
        documented(client.post(path, data={key: value for key, value in form.items() if key != field}))
        twice = client.post(path, data=MultiDict([*form.items(), (field, "again")]))
        assert twice.json["error_codes"] == [90023]
        long = client.post(path, data=form | {field: "x" * (MAX_CHARACTERS + 1)})
        assert long.json["error_codes"] == [90015]
        for value in WRONG:
            documented(client.post(path, data=form | {field: value}))


@pytest.mark.parametrize("path", LOOKUPS)
def test_a_lookup_with_one_thing_wrong(client: DirectoryClient, path: str) -> None:
    """The same of what is only asked: keys, documents, instances, realms, users."""
    query = LOOKUPS[path]
    documented(client.get(path, query_string=query))
    for field in query:
        documented(client.get(path, query_string={key: query[key] for key in query if key != field}))
        for value in WRONG:
            documented(client.get(path, query_string=query | {field: value}))
        if not path.endswith("/userinfo"):  # it asks for the token first
            twice = client.get(path, query_string=MultiDict([*query.items(), (field, "again")]))
            assert twice.json["error_codes"] == [90023]
            long = client.get(path, query_string=query | {field: "x" * (MAX_CHARACTERS + 1)})
            assert long.json["error_codes"] == [90015]


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("/common/discovery/instance", 900144),
        ("/common/discovery/instance?authorization_endpoint=common", 50049),
        ("/common/discovery/instance?authorization_endpoint=https://user@host/x", 50049),
        ("/common/userrealm/%00", 90023),
        ("/common/userrealm/%20", 90023),
        (f"/common/userrealm/{'x' * (MAX_CHARACTERS + 1)}", 90015),
        ("/nobody.example/.well-known/openid-configuration", 90002),
        ("/common/openid/userinfo", 50027),
    ],
)
def test_what_cannot_be_looked_up_is_refused(make_app: Callable[..., Flask], path: str, number: int) -> None:
    """By the number of the directory's own list."""
    identity = Identity(tenants=(Tenant("contoso.example"),))
    assert make_app(identity=identity).test_client().get(path).json["error_codes"] == [number]


def test_the_longest_name_is_looked_up(client: DirectoryClient) -> None:
    """A value may be as long as the limit says."""
    assert client.get(f"/common/userrealm/{'x' * MAX_CHARACTERS}").status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_a_page_with_one_thing_wrong(client: DirectoryClient, path: str) -> None:
    """A person is told by a page."""
    for field, value in PAGES[path].items():
        for method in ("GET", "POST"):
            for wrong in WRONG:
                told(client.open(path, method=method, query_string={field: wrong}))
            twice = client.open(path, method=method, query_string=MultiDict([(field, value), (field, value)]))
            assert (twice.status_code, "AADSTS90023" in twice.text) == (400, True)
            long = client.open(path, method=method, query_string={field: "x" * (MAX_CHARACTERS + 1)})
            assert (long.status_code, "AADSTS90015" in long.text) == (400, True)


def test_every_endpoint_is_tried(make_app: Callable[..., Flask]) -> None:
    """An endpoint that is added is in one of the tables above."""
    paths = make_app().url_map.bind("localhost")
    tried = {path for path, _ in REQUESTS.values()} | LOOKUPS.keys() | PAGES.keys() | ELSEWHERE
    rules = {
        paths.match(path, method=method, return_rule=True)[0].rule
        for path in tried
        for method in ("GET", "POST")
        if paths.test(path, method)
    }
    served = {each.rule for each in make_app().url_map.iter_rules() if each.endpoint.startswith("directory.")}
    assert rules == served


def test_an_authorize_request_with_one_thing_wrong(client: DirectoryClient) -> None:
    """The same of the authorize endpoint, by GET and by POST, in either version."""
    for path in (f"{V1}/authorize", f"{V2}/authorize"):
        for field in AUTHORIZE:
            rest = {key: value for key, value in AUTHORIZE.items() if key != field}
            told(client.get(path, query_string=rest))
            told(client.post(path, data=rest))
            twice = client.get(path, query_string=MultiDict([*AUTHORIZE.items(), (field, "again")]))
            assert (twice.status_code, "AADSTS90023" in twice.text) == (400, True)
            long = client.get(path, query_string=AUTHORIZE | {field: "x" * (MAX_CHARACTERS + 1)})
            assert (long.status_code, "AADSTS90015" in long.text) == (400, True)
            for value in WRONG:
                told(client.get(path, query_string=AUTHORIZE | {field: value}))


def test_the_sign_in_pages_with_one_thing_wrong(make_app: Callable[..., Flask]) -> None:
    """What a browser posts to the pages is no better checked by it than by us."""
    from partner_insights.server.settings import SignIn

    client = make_app(sign_in=SignIn.ASK).test_client()
    form = {"decision": "accept", "username": "ann@contoso.example", "mfa": "yes", "user_code": "BCDFGHJKL"}
    for field in form:
        for value in (*WRONG, "x" * 100_000):
            told(client.post(f"{V2}/authorize", query_string=AUTHORIZE, data=form | {field: value}))
            told(client.post("/common/oauth2/deviceauth", data=form | {field: value}))


ANY_TEXT = st.text(max_size=30) | st.sampled_from(WRONG)
FIELDS = sorted({field for _, form in REQUESTS.values() for field in form} | AUTHORIZE.keys())


@given(
    where=st.sampled_from(["token", "devicecode", "authorize", "logout", "deviceauth", "nowhere"]),
    tenant=st.sampled_from(["common", "contoso.example", "x", "%00", "é"]),
    version=st.sampled_from(["/oauth2", "/oauth2/v2.0"]),
    method=st.sampled_from(["GET", "POST", "PUT"]),
    fields=st.dictionaries(st.sampled_from(FIELDS), ANY_TEXT, max_size=6),
    authorization=st.none() | st.sampled_from(["Basic", "Basic x", "Basic eDp5", "Bearer x"]),
)
def test_any_request_is_answered(
    client: DirectoryClient,
    where: str,
    tenant: str,
    version: str,
    method: str,
    fields: Mapping[str, str],
    authorization: str | None,
) -> None:
    """Whatever is sent, in query and body: never a 5xx."""
    headers: dict[str, Any] = {} if authorization is None else {"Authorization": authorization}
    path = f"/{tenant}{version}/{where}"
    answer = client.open(path, method=method, query_string=fields, data=fields, headers=headers)
    assert answer.status_code < 500


@given(
    body=st.binary(max_size=200),
    kind=st.sampled_from(
        ["application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", ""]
    ),
)
def test_any_body_is_answered(client: DirectoryClient, body: bytes, kind: str) -> None:
    """Whatever is posted: a documented refusal."""
    reply = client.post(f"{V2}/token", data=body, content_type=kind)
    assert (reply.status_code, reply.json["error"]) == (400, "invalid_request")
    exchange = client.post("/v3/generatetoken", data=body, content_type=kind)
    assert exchange.status_code == 401


def test_a_bearer_nested_too_deep_is_refused(client: DirectoryClient) -> None:
    """By the API and by the directory, as any other that is no token."""
    headers = {"Authorization": f"Bearer {DEEP_HEADER}"}
    assert client.get("/v1/analytics/licenses/usage", headers=headers).status_code == 401
    assert client.get("/common/openid/userinfo", headers=headers).json["error_codes"] == [50027]


def test_a_user_has_a_name(client: DirectoryClient) -> None:
    """Of letters one can read, and at least one."""
    form = {"grant_type": "password", "client_id": "app", "password": "p", "resource": PARTNER_CENTER}
    for name in (" ", "\0", "ann\r\n@contoso.example"):
        refused = client.post(f"{V1}/token", data=form | {"username": name})
        assert refused.json["error_codes"] == [50034]


def test_a_form_beyond_reason_is_refused(client: DirectoryClient) -> None:
    """A body over a mebibyte is not read into memory."""
    reply = client.post(f"{V1}/token", data={"client_id": "x" * 2**20})
    assert (reply.status_code, reply.json["error_codes"]) == (413, [90015])


def test_a_fault_in_the_directory_itself_is_found(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests above see a crash as one: 500."""
    from partner_insights.server.auth import token_endpoint

    monkeypatch.setattr(token_endpoint, "granted", None)
    assert make_app().test_client().post(f"{V1}/token").status_code == 500
