"""The token endpoints: what each grant gets in each version, and how the directory refuses."""

from __future__ import annotations

import base64
import math
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from partner_insights.errors import InputError
from partner_insights.server.auth.client_proof import ASSERTION_TYPE
from partner_insights.server.auth.identity import App, Identity, User
from partner_insights.server.auth.tokens import PARTNER_CENTER, CheckedTokens, Subject, Tokens
from partner_insights.server.settings import AuthMode

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509
    from flask import Flask
    from werkzeug.test import TestResponse

    from conftest import Certificate, DirectoryClient

TENANT = "61b72c06-ace9-4751-bbff-48209dce63ca"
V1, V2 = f"/{TENANT}/oauth2", f"/{TENANT}/oauth2/v2.0"
USAGE = "/v1/analytics/licenses/usage"
GRAPH = "https://graph.windows.net"
GRANTS: dict[str, dict[str, str]] = {
    "client_credentials": {"client_id": "app", "client_secret": "s"},
    "password": {"client_id": "app", "username": "ann@contoso.example", "password": "p"},
}
ASKS = {V1: {"resource": PARTNER_CENTER}, V2: {"scope": f"{PARTNER_CENTER}/.default"}}


def post(client: DirectoryClient, base: str, form: dict[str, str], **headers: str) -> TestResponse:
    return client.post(f"{base}/token", data=form, headers=headers)


@pytest.mark.parametrize("base", [V1, V2])
@pytest.mark.parametrize("grant", GRANTS)
def test_a_granted_token_opens_the_api(client: DirectoryClient, base: str, grant: str) -> None:
    """Every grant's token is taken for what it is: app-only for client credentials, App+User otherwise."""
    response = post(client, base, {"grant_type": grant, **GRANTS[grant], **ASKS[base]})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store, no-cache"
    bearer = {"Authorization": f"Bearer {response.json['access_token']}"}
    app_only = grant == "client_credentials"
    assert client.get(USAGE, headers=bearer).status_code == (403 if app_only else 200)
    assert client.get("/v1/customers", headers=bearer).status_code == 200


@pytest.mark.parametrize("grant", GRANTS)
def test_version_1_writes_numbers_as_strings(client: DirectoryClient, grant: str) -> None:
    """Version 1's fields and their types, as the published example shows them; users get a refresh token."""
    answer = post(client, V1, {"grant_type": grant, **GRANTS[grant], "resource": GRAPH}).json
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
    assert answer.keys() == names | (set() if app_only else {"refresh_token", "scope", "id_token"})
    assert all(isinstance(value, str) for value in answer.values())
    assert (answer["token_type"], answer["resource"]) == ("Bearer", GRAPH)
    assert int(answer["expires_on"]) - int(answer["not_before"]) == int(answer["expires_in"]) == 3599
    assert client.claims(answer["access_token"])["aud"] == GRAPH


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("offline", [True, False])
def test_version_2_writes_numbers_as_numbers(client: DirectoryClient, grant: str, offline: bool) -> None:
    """Version 2's fields; a refresh token for offline_access, an id token for openid, and only for users."""
    app_only = grant == "client_credentials"
    scope = f"{PARTNER_CENTER}/.default" if app_only else f"{PARTNER_CENTER}/user_impersonation openid"
    scope += " offline_access" if offline and not app_only else ""
    answer = post(client, V2, {"grant_type": grant, **GRANTS[grant], "scope": scope}).json
    names = {"token_type", "expires_in", "ext_expires_in", "access_token"}
    names |= set() if app_only else {"scope", "id_token"}
    names |= {"refresh_token"} if offline and not app_only else set()
    assert answer.keys() == names
    assert (answer["expires_in"], answer["ext_expires_in"]) == (3599, 3599)
    assert client.claims(answer["access_token"])["aud"] == PARTNER_CENTER


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        (f"{PARTNER_CENTER}/.default", True),
        (f"{PARTNER_CENTER}/user_impersonation", False),
        (f"{PARTNER_CENTER}/.default openid", False),
        (f"openid {PARTNER_CENTER}/.default", False),
        (f"{PARTNER_CENTER}/.default {GRAPH}/.default", False),
    ],
)
def test_an_application_asks_for_all_that_one_resource_granted(
    client: DirectoryClient, scope: str, *, granted: bool
) -> None:
    """For nothing beside it, and for no part of it: without a user there is nothing to choose from."""
    form = {"grant_type": "client_credentials", **GRANTS["client_credentials"], "scope": scope}
    answer = post(client, V2, form)
    assert (answer.status_code == 200) is granted
    assert answer.json.get("error_codes") == (None if granted else [1002012])


def test_the_claims_of_a_user_and_of_an_application(client: DirectoryClient) -> None:
    """Claims as the directory's: numeric times, application; a user has name and scope, an app roles."""
    user, app = (
        client.claims(
            post(client, V1, {"grant_type": grant, **GRANTS[grant], **ASKS[V1]}).json["access_token"]
        )
        for grant in ("password", "client_credentials")
    )
    for claims in (user, app):
        assert all(isinstance(claims[name], int) for name in ("iat", "nbf", "exp"))
        assert claims["exp"] - claims["iat"] == 3599
        assert abs(claims["iat"] - time.time()) < 5
        assert (claims["iss"], claims["tid"]) == (f"https://sts.windows.net/{TENANT}/", TENANT)
        assert claims["appid"] == "app"
    assert (user["upn"], user["unique_name"]) == ("ann@contoso.example",) * 2
    assert (user["scp"], app["roles"], app["idtyp"]) == ("user_impersonation", [], "app")
    assert user["amr"] == ["pwd", "mfa"]
    assert "scp" not in app


def test_no_two_tokens_are_alike(client: DirectoryClient) -> None:
    """Who renews a refused token has another, in the same second, too; the verdict tells them apart."""
    form = {"grant_type": "password", **GRANTS["password"], **ASKS[V2]}
    refused, renewed = (post(client, V2, form).json["access_token"] for _ in range(2))
    assert refused != renewed
    for token, prefer in ((refused, "code=401"), (renewed, "")):
        client.get(USAGE, headers={"Authorization": f"Bearer {token}", "Prefer": prefer})
    codes = {each["code"] for each in client.get("/_admin/verdict").json["findings"]}
    assert "refused-token-resent" not in codes


def test_a_user_is_the_same_wherever_they_sign_in(client: DirectoryClient) -> None:
    """At `common` as at the tenant of their name's domain."""
    form = {"grant_type": "password", **GRANTS["password"], **ASKS[V1]}
    tokens = [
        client.claims(client.post(f"/{tenant}/oauth2/token", data=form).json["access_token"])
        for tenant in ("common", "organizations", "contoso.example")
    ]
    assert len({(each["tid"], each["oid"]) for each in tokens}) == 1


def refresh(client: DirectoryClient, base: str, token: str, **changes: str) -> TestResponse:
    form = {"grant_type": "refresh_token", "client_id": "app", "refresh_token": token}
    return post(client, base, form | changes)


@pytest.mark.parametrize(("first", "second"), [(V1, V1), (V1, V2), (V2, V1), (V2, V2)])
def test_a_refresh_token_is_replaced_when_it_is_used(
    client: DirectoryClient, first: str, second: str
) -> None:
    """Good at either version, once, for the user and resource it was given for; the old one is refused."""
    form = {"grant_type": "password", **GRANTS["password"]}
    wanted = {"resource": PARTNER_CENTER} if first == V1 else {"scope": f"{PARTNER_CENTER}/x offline_access"}
    answer = post(client, first, form | wanted).json
    for _ in range(2):
        before = answer["refresh_token"]
        answer = refresh(client, second, before).json
        assert client.claims(answer["access_token"])["upn"] == "ann@contoso.example"
        bearer = {"Authorization": f"Bearer {answer['access_token']}"}
        assert client.get(USAGE, headers=bearer).status_code == 200
        again = refresh(client, second, before)
        assert (again.status_code, again.json["error"]) == (400, "invalid_grant")
        assert again.json["error_codes"] == [50173]


@pytest.mark.parametrize(("days", "number"), [(90, None), (91, 700082)])
def test_a_refresh_token_ends_with_the_fake_s_date(
    make_app: Callable[..., Flask], days: int, number: int | None
) -> None:
    """After ninety days of the fake's, it has expired; an access token is of the day it was issued on."""
    client = make_app().test_client()
    answer = post(client, V1, {"grant_type": "password", **GRANTS["password"], **ASKS[V1]}).json
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    assert client.get(USAGE, headers=bearer).status_code == 200
    client.post("/_admin/clock", json={"days": days})
    stale = client.get(USAGE, headers=bearer)
    assert stale.status_code == 401
    assert "the fake's date" in stale.headers["WWW-Authenticate"]
    renewed = refresh(client, V1, answer["refresh_token"])
    assert renewed.json.get("error_codes") == (None if number is None else [number])
    if number is None:
        bearer = {"Authorization": f"Bearer {renewed.json['access_token']}"}
        assert client.get(USAGE, headers=bearer).status_code == 200


def test_a_refresh_token_is_its_application_s(client: DirectoryClient) -> None:
    """Another application gets nothing for it."""
    answer = post(client, V1, {"grant_type": "password", **GRANTS["password"], **ASKS[V1]}).json
    assert refresh(client, V1, answer["refresh_token"], client_id="x").json["error_codes"] == [70000]


@pytest.mark.parametrize("audience", ["https://graph.microsoft.com", GRAPH])
def test_a_token_for_another_resource_is_granted_and_refused(client: DirectoryClient, audience: str) -> None:
    """The directory gives tokens for any resource; the API takes only its own."""
    form = {"grant_type": "password", **GRANTS["password"], "resource": audience}
    bearer = {"Authorization": f"Bearer {post(client, V1, form).json['access_token']}"}
    assert client.get("/v1/customers", headers=bearer).status_code == 401


@pytest.mark.parametrize(
    ("path", "audience", "status"),
    [
        ("/generatetoken", PARTNER_CENTER, 200),
        ("/generatetoken", GRAPH, 200),
        ("/v3/generatetoken", PARTNER_CENTER, 200),
        ("/v3/generatetoken", GRAPH, 401),
        ("/generatetoken", "https://graph.microsoft.com", 401),
    ],
)
@pytest.mark.parametrize("grant", GRANTS)
def test_a_token_of_the_directory_is_exchanged_for_one_of_the_api(
    client: DirectoryClient, path: str, audience: str, status: int, grant: str
) -> None:
    """For whom each address takes tokens; what it gives speaks for the same caller."""
    form = {"grant_type": grant, **GRANTS[grant], "resource": audience}
    bearer = {"Authorization": f"Bearer {post(client, V1, form).json['access_token']}"}
    given = client.post(path, headers=bearer, data={"grant_type": "jwt_token"})
    assert given.status_code == status
    if status == 200:
        assert given.json.keys() == {"access_token", "token_type", "expires_in"}
        bearer = {"Authorization": f"Bearer {given.json['access_token']}"}
        assert client.get(USAGE, headers=bearer).status_code == (
            403 if grant == "client_credentials" else 200
        )
    else:
        assert given.json["code"] == "400"


def test_only_jwt_tokens_are_generated(client: DirectoryClient) -> None:
    """Another grant type, none, two of them, or a body that is no such thing is the API's own 400."""
    form = {"grant_type": "password", **GRANTS["password"], **ASKS[V1]}
    bearer = {"Authorization": f"Bearer {post(client, V1, form).json['access_token']}"}
    twice = {"grant_type": ["jwt_token", "jwt_token"]}
    as_json = {"content_type": "application/json"}
    for body in (
        {"json": {"grant_type": "password"}},
        {"json": twice},
        {"data": twice},
        {"data": {}},
        {"data": "[" * 100_000, **as_json},
        {"data": "{", **as_json},
    ):
        refused = client.post("/v3/generatetoken", headers=bearer, **body)
        assert (refused.status_code, refused.json["code"]) == (400, "3000"), str(body)[:80]


def on_behalf_of(client: DirectoryClient, assertion: str, **changes: str) -> Any:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "client_id": "middle",
        "client_secret": "s",
        "assertion": assertion,
        "requested_token_use": "on_behalf_of",
        **ASKS[V2],
    }
    return post(client, V2, form | changes).json


def test_on_behalf_of_a_user(client: DirectoryClient) -> None:
    """A service exchanges the token it was called with for one of its own, about the same user."""
    form = {"grant_type": "password", **GRANTS["password"], "scope": "api://middle/access_as_user"}
    token = post(client, V2, form).json["access_token"]
    claims = client.claims(on_behalf_of(client, token)["access_token"])
    assert (claims["upn"], claims["appid"], claims["aud"]) == (
        "ann@contoso.example",
        "middle",
        PARTNER_CENTER,
    )


@pytest.mark.parametrize("scope", [f"{PARTNER_CENTER}/user_impersonation", "api://other/access_as_user"])
def test_on_behalf_of_wants_a_token_for_the_service(client: DirectoryClient, scope: str) -> None:
    """A token for another audience, an application's own, or none at all is refused."""
    token = post(client, V2, {"grant_type": "password", **GRANTS["password"], "scope": scope}).json
    assert on_behalf_of(client, token["access_token"])["error_codes"] == [50013]
    form = {
        "grant_type": "client_credentials",
        **GRANTS["client_credentials"],
        "scope": "api://middle/.default",
    }
    assert on_behalf_of(client, post(client, V2, form).json["access_token"])["error_codes"] == [50013]
    assert on_behalf_of(client, "x")["error_codes"] == [50013]
    assert on_behalf_of(client, "x", requested_token_use="y")["error_codes"] == [90023]


def prove(client: DirectoryClient, assertion: str, **changes: str) -> Any:
    form = {
        "grant_type": "client_credentials",
        "client_id": "app",
        "client_assertion": assertion,
        "client_assertion_type": ASSERTION_TYPE,
        **ASKS[V2],
    }
    return post(client, V2, form | changes).json


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_a_certificate_proves_an_application(
    client: DirectoryClient, make_app: Callable[..., Flask], certificate: Certificate, algorithm: str
) -> None:
    """Registered or, where none is, of any making; by its own words in `x5c`, too."""
    app = App("app", certificate=certificate.pem)
    registered = make_app(identity=Identity(apps=(app,))).test_client()
    der = base64.b64encode(certificate.der).decode()
    for asked, headers in ((registered, None), (client, None), (client, {"x5c": [der]})):
        assert prove(asked, certificate.assertion(algorithm, headers))["access_token"]


def test_a_certificate_of_another_kind_of_key_is_refused(
    client: DirectoryClient, certificate: Certificate, ed25519_certificate: x509.Certificate
) -> None:
    """Where it comes along, and where it is registered."""
    der = base64.b64encode(ed25519_certificate.public_bytes(Encoding.DER)).decode()
    assert prove(client, certificate.assertion(headers={"x5c": [der]}))["error_codes"] == [50027]
    with pytest.raises(InputError, match="none of an RSA key"):
        App("app", certificate=ed25519_certificate.public_bytes(Encoding.PEM).decode())


def test_an_application_is_itself_in_any_case(
    make_app: Callable[..., Flask], certificate: Certificate
) -> None:
    """Listed in capitals and sent in small letters, as GUIDs are; so with a code of the one for the other."""
    listed = Identity(users=(User("ann@contoso.example"),), apps=(App("APP", certificate=certificate.pem),))
    client = make_app(identity=listed).test_client()
    assert client.claims(prove(client, certificate.assertion())["access_token"])["appid"] == "APP"
    asked = {
        "response_type": "code",
        "redirect_uri": "http://localhost",
        "scope": f"openid {PARTNER_CENTER}/x",
    }
    proof = {"client_assertion": certificate.assertion(), "client_assertion_type": ASSERTION_TYPE}
    for asks, redeems in (("APP", "app"), ("app", "APP")):
        sent = client.get(f"{V2}/authorize", query_string={**asked, "client_id": asks})
        (code,) = parse_qs(urlsplit(sent.headers["Location"]).query)["code"]
        form = {"grant_type": "authorization_code", "code": code, "client_id": redeems, **proof}
        form |= {"redirect_uri": asked["redirect_uri"]}
        assert "access_token" in post(client, V2, form).json


def test_another_certificate_does_not(make_app: Callable[..., Flask], certificate: Certificate) -> None:
    """The signature is checked by what is registered, and its absence is no proof either."""
    app = App("app", certificate=certificate.pem)
    client = make_app(identity=Identity(apps=(app,))).test_client()
    assert prove(client, type(certificate)().assertion())["error_codes"] == [700027]
    assert prove(client, "", client_secret="s")["error_codes"] == [7000215]
    assert prove(client, "")["error_codes"] == [7000218]


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"exp": 1}, 700024),
        ({"nbf": time.time() + 3600}, 700024),
        ({"iat": time.time() + 3600}, 700024),
        ({"exp": None}, 50027),
        ({"exp": math.inf}, 50027),
        ({"iss": "another"}, 50027),
        ({"sub": 1}, 50027),
        ({"aud": "https://login.microsoftonline.com/another/oauth2/token"}, 700023),
        ({"aud": 1}, 700023),
        ({"algorithm": "RS512"}, 50027),
        ({"headers": {"x5c": ["no certificate"]}}, 50027),
        ({"headers": {"x5c": 1}}, 50027),
        ({"headers": {"x5c": []}}, 50027),
    ],
)
def test_assertions_are_checked(
    client: DirectoryClient, certificate: Certificate, changes: Any, number: int
) -> None:
    """About itself, for this tenant, in time, and well-formed (RFC 7523, section 3)."""
    assert prove(client, certificate.assertion(**changes))["error_codes"] == [number]


def test_a_workload_proves_itself_by_another_issuer(
    client: DirectoryClient, make_app: Callable[..., Flask], certificate: Certificate
) -> None:
    """As GitHub and Kubernetes sign it; where a certificate is registered, that alone is a proof."""
    issuer = "https://token.actions.githubusercontent.com"
    told = {"iss": issuer, "sub": "repo:o/r:ref:refs/heads/main", "aud": "api://AzureADTokenExchange"}
    workload = type(certificate)().assertion(**told, headers={})
    assert prove(client, workload)["access_token"]
    app = App("app", certificate=certificate.pem)
    registered = make_app(identity=Identity(apps=(app,))).test_client()
    assert prove(registered, workload)["error_codes"] == [700027]


@pytest.mark.parametrize("changes", [{"nbf": 200}, {"iat": 200}, {"exp": -200}])
def test_clocks_may_differ_a_little(client: DirectoryClient, certificate: Certificate, changes: Any) -> None:
    """Five minutes; MSAL for Node rounds the second it signs in up to the next."""
    moments = {name: time.time() + seconds for name, seconds in changes.items()}
    assert prove(client, certificate.assertion(**moments))["access_token"]


def test_client_credentials_in_a_basic_header(client: DirectoryClient) -> None:
    """Client id and secret may come as HTTP Basic (RFC 6749, 2.3.1), where they are not empty."""
    basic = base64.b64encode(b"the%20app:s%3Acret").decode()
    form = {"grant_type": "client_credentials", **ASKS[V1]}
    answer = post(client, V1, form, Authorization=f"Basic {basic}").json
    assert client.claims(answer["access_token"])["appid"] == "the app"
    for empty, number in ((b"the%20app:", 7000218), (b":secret", 900144)):
        basic = base64.b64encode(empty).decode()
        assert post(client, V1, form, Authorization=f"Basic {basic}").json["error_codes"] == [number]


def test_what_is_listed_is_compared(make_app: Callable[..., Flask]) -> None:
    """Password, secret, and who there is at all, where the identity says so."""
    identity = Identity(
        users=(User("ann@contoso.example", password="right"),), apps=(App("app", secret="s"),), others=False
    )
    client = make_app(identity=identity).test_client()

    def ask(**changes: str) -> Any:
        form = {"grant_type": "password", **GRANTS["password"], "client_secret": "s", **ASKS[V2]}
        return post(client, V2, form | changes).json

    assert ask(password="right")["access_token"]
    assert ask(password="wrong")["error_codes"] == [50126]
    assert ask(username="bob@contoso.example")["error_codes"] == [50034]
    assert ask(client_secret="wrong", password="right")["error_codes"] == [7000215]
    assert ask(client_secret="", password="right")["error_codes"] == [7000218]
    assert ask(client_id="another")["error_codes"] == [700016]
    assert client.returned(client.authorize(login_hint="bob@contoso.example"))["error"] == "access_denied"


@pytest.mark.parametrize("mode", [AuthMode.ANY, AuthMode.OFF])
def test_modes_that_check_less(make_app: Callable[..., Flask], mode: AuthMode) -> None:
    """`any` takes any non-empty bearer for App+User, any code and refresh token; `off` wants no token."""
    client = make_app(auth=mode).test_client()
    assert client.get(USAGE, headers={"Authorization": "bearer x"}).status_code == 200
    assert client.get(USAGE).status_code == (200 if mode == "off" else 401)
    assert refresh(client, V1, "x", resource=PARTNER_CENTER).status_code == 200
    assert client.redeem("x", V1, resource=PARTNER_CENTER).status_code == 200
    assert client.post(
        "/generatetoken", headers={"Authorization": "Bearer x"}, data={"grant_type": "jwt_token"}
    ).json["access_token"]


def test_the_memory_of_checked_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tokens come by, only the latest are remembered."""
    monkeypatch.setattr(CheckedTokens, "MAX", 3)
    tokens = Tokens(b"k" * 32)
    checked = CheckedTokens(tokens)
    for number in range(5):
        checked.read(tokens.access(Subject("t", str(number), "u"), PARTNER_CENTER))
    assert len(checked) == 3
