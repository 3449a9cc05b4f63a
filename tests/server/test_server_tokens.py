"""The token endpoints: what each grant gets in each version, and how the directory refuses."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.server.auth.tokens import PARTNER_CENTER, CheckedTokens, Subject, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from conftest import Ask, Reply

V1, V2 = "/contoso.example/oauth2/token", "/contoso.example/oauth2/v2.0/token"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
GRAPH = "https://graph.windows.net"
GRANTS: dict[str, dict[str, str]] = {
    "client_credentials": {"client_id": "app", "client_secret": "s"},
    "password": {"client_id": "app", "username": "ann@contoso.example", "password": "p"},
    "authorization_code": {"client_id": "app", "code": "c", "redirect_uri": "http://localhost"},
}
ASKS = {V1: {"resource": PARTNER_CENTER}, V2: {"scope": f"{PARTNER_CENTER}/.default"}}


def post(ask: Ask, path: str, form: dict[str, str], **headers: str) -> Reply:
    return ask(path, "POST", FORM | headers, body=urlencode(form).encode(), token=None)


def claims_of(answer: dict[str, Any]) -> dict[str, Any]:
    """What the token says, unverified, as a client sees it."""
    claims: dict[str, Any] = jwt.decode(answer["access_token"], options={"verify_signature": False})
    return claims


@pytest.mark.parametrize("path", [V1, V2])
@pytest.mark.parametrize("grant", GRANTS)
def test_a_granted_token_opens_the_api(ask: Ask, path: str, grant: str) -> None:
    """Every grant's token is taken for what it is: app-only for client credentials, App+User otherwise."""
    reply = post(ask, path, {"grant_type": grant, **GRANTS[grant], **ASKS[path]})
    answer = reply.json
    assert reply.status == 200
    assert reply.headers["cache-control"] == "no-store, no-cache"
    app_only = grant == "client_credentials"
    assert ask("/v1/analytics/licenses/usage", token=answer["access_token"]).status == (
        403 if app_only else 200
    )
    assert ask("/v1/customers", token=answer["access_token"]).status == 200


@pytest.mark.parametrize("grant", GRANTS)
def test_version_1_writes_numbers_as_strings(ask: Ask, grant: str) -> None:
    """Version 1's fields and their types, as the published example shows them; users get a refresh token."""
    answer = post(ask, V1, {"grant_type": grant, **GRANTS[grant], "resource": GRAPH}).json
    app_only = grant == "client_credentials"
    names = {
        "token_type",
        "expires_in",
        "ext_expires_in",
        "expires_on",
        "not_before",
        "resource",
        "access_token",
    }
    assert answer.keys() == names | (set() if app_only else {"refresh_token", "scope"})
    assert all(isinstance(value, str) for value in answer.values())
    assert (answer["token_type"], answer["resource"]) == ("Bearer", GRAPH)
    assert int(answer["expires_on"]) - int(answer["not_before"]) == int(answer["expires_in"]) == 3599
    assert claims_of(answer)["aud"] == GRAPH


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("offline", [True, False])
def test_version_2_writes_numbers_as_numbers(ask: Ask, grant: str, offline: bool) -> None:
    """Version 2's fields; a refresh token only for a user who asked for offline_access."""
    app_only = grant == "client_credentials"
    scope = f"{PARTNER_CENTER}/.default" if app_only else f"{PARTNER_CENTER}/user_impersonation openid"
    scope += " offline_access" if offline and not app_only else ""
    answer = post(ask, V2, {"grant_type": grant, **GRANTS[grant], "scope": scope}).json
    names = {"token_type", "expires_in", "ext_expires_in", "access_token"}
    names |= set() if app_only else {"scope"}
    names |= {"refresh_token"} if offline and not app_only else set()
    assert answer.keys() == names
    assert (answer["expires_in"], answer["ext_expires_in"]) == (3599, 3599)
    assert claims_of(answer)["aud"] == PARTNER_CENTER


def test_the_claims_of_a_user_and_of_an_application(ask: Ask) -> None:
    """Claims as the directory's: numeric times, application; a user has name and scope, an app roles."""
    user = claims_of(post(ask, V1, {"grant_type": "password", **GRANTS["password"], **ASKS[V1]}).json)
    app = claims_of(
        post(ask, V1, {"grant_type": "client_credentials", **GRANTS["client_credentials"], **ASKS[V1]}).json
    )
    for claims in (user, app):
        assert all(isinstance(claims[name], int) for name in ("iat", "nbf", "exp"))
        assert claims["exp"] - claims["iat"] == 3599
        assert abs(claims["iat"] - time.time()) < 5
        assert claims["iss"] == f"https://sts.windows.net/{claims['tid']}/"
        assert claims["appid"] == "app"
    assert (user["upn"], user["unique_name"], user["idtyp"]) == (
        "ann@contoso.example",
        "ann@contoso.example",
        "user",
    )
    assert (user["scp"], app["roles"], app["idtyp"]) == ("user_impersonation", [], "app")
    assert "scp" not in app


def test_a_tenant_that_is_a_guid_is_the_tid(ask: Ask) -> None:
    """The path's tenant is the token's."""
    tenant = "61b72c06-ace9-4751-bbff-48209dce63ca"
    form = {"grant_type": "password", **GRANTS["password"], **ASKS[V1]}
    assert claims_of(post(ask, f"/{tenant}/oauth2/token", form).json)["tid"] == tenant


@pytest.mark.parametrize(("first", "second"), [(V1, V1), (V1, V2), (V2, V1), (V2, V2)])
def test_a_refresh_token_gives_the_same_user_a_new_token(ask: Ask, first: str, second: str) -> None:
    """A refresh token is good at either version, for the user and resource it was given for, and again."""
    form = {"grant_type": "password", **GRANTS["password"]}
    wanted = {"resource": PARTNER_CENTER} if first == V1 else {"scope": f"{PARTNER_CENTER}/x offline_access"}
    answer = post(ask, first, form | wanted).json
    for _ in range(2):
        refresh = {
            "grant_type": "refresh_token",
            "client_id": "app",
            "refresh_token": answer["refresh_token"],
        }
        answer = post(ask, second, refresh).json
        assert claims_of(answer)["upn"] == "ann@contoso.example"
        assert ask("/v1/analytics/licenses/usage", token=answer["access_token"]).status == 200


def test_a_token_for_another_resource_is_granted_and_refused(ask: Ask) -> None:
    """The directory gives tokens for any resource; the API takes only its own."""
    form = {"grant_type": "password", **GRANTS["password"], "resource": "https://graph.microsoft.com"}
    token = post(ask, V1, form).json["access_token"]
    assert ask("/v1/customers", token=token).status == 401


def test_client_credentials_in_a_basic_header(ask: Ask) -> None:
    """Client id and secret may come as HTTP Basic (RFC 6749, 2.3.1)."""
    basic = base64.b64encode(b"the%20app:s%3Acret").decode()
    reply = post(ask, V1, {"grant_type": "client_credentials", **ASKS[V1]}, Authorization=f"Basic {basic}")
    assert claims_of(reply.json)["appid"] == "the app"


COMPLETE = {"grant_type": "client_credentials", **GRANTS["client_credentials"]}
REFUSED: list[tuple[str, dict[str, str], int, str, int]] = [
    (V1, {}, 400, "invalid_request", 900144),
    (V1, {**COMPLETE, "grant_type": "magic", **ASKS[V1]}, 400, "unsupported_grant_type", 70003),
    (V1, COMPLETE, 400, "invalid_request", 900144),
    (V2, COMPLETE, 400, "invalid_request", 900144),
    (V2, COMPLETE | {"scope": "x"}, 400, "invalid_scope", 1002012),
    (V2, COMPLETE | {"scope": f"{PARTNER_CENTER}/.default {GRAPH}/.default"}, 400, "invalid_scope", 1002012),
    (V1, COMPLETE | {"client_secret": ""} | ASKS[V1], 401, "invalid_client", 7000218),
    (
        V1,
        {"grant_type": "password", "client_id": "app", "username": "u"} | ASKS[V1],
        400,
        "invalid_request",
        900144,
    ),
    (
        V1,
        {"grant_type": "refresh_token", "client_id": "a", "refresh_token": "x"},
        400,
        "invalid_grant",
        9002313,
    ),
]


@pytest.mark.parametrize(("path", "form", "status", "error", "number"), REFUSED)
def test_the_directory_refuses_in_its_own_dialect(
    ask: Ask, path: str, form: dict[str, str], status: int, error: str, number: int
) -> None:
    """A form that lacks something: OAuth's error, the AADSTS number, and ids to trace it by."""
    reply = post(ask, path, form)
    assert (reply.status, reply.json["error"], reply.json["error_codes"]) == (status, error, [number])
    assert reply.json["error_description"].startswith(f"AADSTS{number}: ")
    assert f"Correlation ID: {reply.json['correlation_id']}\r\n" in reply.json["error_description"]


def test_only_posts(ask: Ask) -> None:
    """Any other method is refused in the directory's dialect, with Allow."""
    reply = ask(V1, token=None)
    assert (reply.status, reply.json["error_codes"], reply.headers["allow"]) == (
        405,
        [900561],
        "OPTIONS, POST",
    )


def test_a_form_beyond_reason_is_refused(ask: Ask) -> None:
    """A body over a mebibyte is not read into memory: its announced length is enough to refuse it."""
    reply = ask(V1, "POST", FORM | {"Content-Length": str(2**20 + 1)}, token=None)
    assert (reply.status, reply.json["code"]) == (413, "413")


@settings(deadline=None)
@given(
    body=st.binary(max_size=200),
    kind=st.sampled_from([*FORM.values(), "application/json", "multipart/form-data; boundary=x", ""]),
)
def test_any_body_is_answered(ask: Ask, body: bytes, kind: str) -> None:
    """Whatever is posted: a documented refusal, never a 5xx."""
    reply = ask(V2, "POST", {"Content-Type": kind}, body=body, token=None)
    assert (reply.status, reply.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("mode", ["any", "off"])
def test_modes_that_check_less(make_app: Callable[..., Flask], mode: str) -> None:
    """`any` takes any non-empty bearer for App+User and any refresh token; `off` wants no token at all."""
    client = make_app(auth=mode).test_client()
    assert (
        client.get("/v1/analytics/licenses/usage", headers={"Authorization": "bearer x"}).status_code == 200
    )
    assert client.get("/v1/analytics/licenses/usage").status_code == (200 if mode == "off" else 401)
    foreign = {
        "grant_type": "refresh_token",
        "client_id": "a",
        "refresh_token": "x",
        "resource": PARTNER_CENTER,
    }
    assert client.post(V1, data=foreign).status_code == 200


def test_the_memory_of_checked_tokens_is_bounded() -> None:
    """However many tokens come by, only the latest are remembered."""
    tokens = Tokens(b"k" * 32)
    checked = CheckedTokens(tokens)
    for number in range(CheckedTokens.SIZE + 10):
        checked.caller(tokens.access(Subject("t", str(number), "u"), PARTNER_CENTER))
    assert len(checked) == CheckedTokens.SIZE
