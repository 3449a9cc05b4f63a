"""The authorize endpoint: a browser comes with a request, and is sent back with a code or an error."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from partner_insights.server.auth.identity import App, Identity
from partner_insights.server.auth.tokens import PARTNER_CENTER
from partner_insights.server.settings import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from conftest import DirectoryClient

REDIRECT = "http://localhost:8400/back?from=test"
TENANT = "61b72c06-ace9-4751-bbff-48209dce63ca"
USAGE = "/v1/analytics/licenses/usage"
V1, V2 = f"/{TENANT}/oauth2", f"/{TENANT}/oauth2/v2.0"


@pytest.mark.parametrize(("base", "version"), [(V1, "1.0"), (V2, "2.0")])
def test_a_code_is_redeemed_for_all_a_library_keeps(client: DirectoryClient, base: str, version: str) -> None:
    """Code with PKCE → access, id and refresh token and client info, about the same user and nonce."""
    resource = {"resource": PARTNER_CENTER} if base == V1 else {}
    back = client.returned(client.authorize(base, login_hint="ann@contoso.example", **resource))
    assert back["state"] == "a state & more"
    answer = client.redeem(back["code"], base).json
    told = client.claims(answer["id_token"])
    assert (told["aud"], told["nonce"], told["tid"], told["ver"]) == ("app", "a nonce", TENANT, version)
    assert told["upn" if version == "1.0" else "preferred_username"] == "ann@contoso.example"
    document = client.get(f"/{TENANT}{base.removeprefix(V1)}/.well-known/openid-configuration").json
    assert {*document["claims_supported"]} - told.keys() <= {"auth_time"}  # which a client has to ask for
    info = json.loads(base64.urlsafe_b64decode(answer["client_info"] + "=="))
    assert info == {"uid": told["oid"], "utid": TENANT}
    assert client.claims(answer["access_token"])["oid"] == told["oid"]
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    assert client.get(USAGE, headers=headers).status_code == 200
    assert answer["refresh_token"]


def test_a_code_is_good_once(client: DirectoryClient) -> None:
    """The second time it is refused, as the directory does."""
    code = client.returned(client.authorize())["code"]
    assert client.redeem(code).status_code == 200
    again = client.redeem(code)
    assert (again.status_code, again.json["error"], again.json["error_codes"]) == (
        400,
        "invalid_grant",
        [54005],
    )


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"code_verifier": "another-verifier-of-forty-three-characters.."}, 501481),
        ({"code_verifier": None}, 900144),
        ({"redirect_uri": "http://localhost:1/"}, 500112),
        ({"redirect_uri": None}, 900144),
        ({"client_id": "another"}, 70000),
        ({"code": "x"}, 70000),
        ({"code": None}, 900144),
    ],
)
def test_a_code_is_good_for_who_asked_for_it(
    client: DirectoryClient, changes: dict[str, str | None], number: int
) -> None:
    """With its verifier, redirect URI and application; a failure does not use it up."""
    code = client.returned(client.authorize())["code"]
    assert client.redeem(code, **changes).json["error_codes"] == [number]
    assert client.redeem(code).status_code == 200


def test_a_verifier_without_a_challenge_is_refused(client: DirectoryClient) -> None:
    """A code asked for without PKCE is not redeemed with it: somebody has changed the request on its way."""
    code = client.returned(client.authorize(code_challenge=None, code_challenge_method=None))["code"]
    assert client.redeem(code).json["error_codes"] == [501481]
    assert client.redeem(code, code_verifier=None).status_code == 200


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post", None])
def test_the_answer_goes_back_the_way_that_was_asked_for(client: DirectoryClient, mode: str | None) -> None:
    """In the query by default, keeping what stands there, in the fragment, or by a form that posts itself."""
    response = client.authorize(response_mode=mode)
    if mode == "form_post":
        assert html.unescape(re.findall(r'action="([^"]*)"', response.text)[0]) == REDIRECT
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', response.text))
        assert html.unescape(fields["state"]) == "a state & more"
        assert client.redeem(fields["code"]).status_code == 200
        return
    location = urlsplit(response.headers["Location"])
    assert location.query.startswith("from=test")
    assert bool(location.fragment) is (mode == "fragment")
    assert client.redeem(client.returned(response)["code"]).status_code == 200


def test_an_id_token_beside_the_code_vouches_for_it(client: DirectoryClient) -> None:
    """`code id_token` comes in the fragment, with the hash of the code (OpenID Connect Core, 3.3.2.11)."""
    response = client.authorize(response_type="code id_token")
    back = client.returned(response)
    assert urlsplit(response.headers["Location"]).fragment
    half = hashlib.sha256(back["code"].encode()).digest()[:16]
    told = client.claims(back["id_token"])
    assert told["c_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert told["nonce"] == "a nonce"


def test_an_id_token_says_when_the_user_signed_in(client: DirectoryClient) -> None:
    """Where the request says how long ago that may be (OpenID Connect Core 1.0, section 2)."""
    back = client.returned(client.authorize(max_age="60", response_type="code id_token"))
    renewed = client.redeem(back["code"]).json
    for token in (back["id_token"], renewed["id_token"]):
        told = client.claims(token)
        assert 0 <= told["iat"] - told["auth_time"] < 60
    code = client.returned(client.authorize())["code"]
    assert "auth_time" not in client.claims(client.redeem(code).json["id_token"])


@pytest.mark.parametrize(
    ("changes", "error", "number"),
    [
        ({"response_type": None}, "invalid_request", 900144),
        ({"response_type": "token"}, "unsupported_response_type", 70005),
        ({"response_type": "id_token", "nonce": None}, "invalid_request", 900144),
        ({"response_type": "id_token", "scope": "profile"}, "invalid_scope", 70011),
        ({"response_type": "id_token", "response_mode": "query"}, "invalid_request", 70007),
        ({"response_mode": "pigeon"}, "invalid_request", 70007),
        ({"scope": None}, "invalid_request", 900144),
        ({"code_challenge": "short"}, "invalid_request", 501491),
        ({"code_challenge_method": "S512"}, "invalid_request", 90023),
        ({"code_challenge": None}, "invalid_request", 900144),
        ({"prompt": "select_account consent"}, "invalid_request", 90023),
        ({"prompt": "admin_consent"}, "invalid_request", 90023),  # of version 1 alone
        ({"max_age": "-1"}, "invalid_request", 90023),
        ({"resource": PARTNER_CENTER}, "invalid_request", 901002),  # of version 1 alone
    ],
)
def test_errors_go_back_to_the_application(
    client: DirectoryClient, changes: dict[str, str | None], error: str, number: int
) -> None:
    """By redirect, with the state (RFC 6749, section 4.1.2.1)."""
    back = client.returned(client.authorize(**changes))
    assert back["error"] == error
    assert back["error_description"].startswith(f"AADSTS{number}: ")
    assert back["state"] == "a state & more"
    assert "code" not in back


LOOPBACK = ["http://localhost", "http://127.0.0.1:1234/x", "https://[::1]:8080/", "http://127.8.9.10/"]
ELSEWHERE = [
    "https://app.example/back",
    "http://localhost.example/",
    "http://localhost@evil.example/",
    "http://evil.example/localhost",
    "http://localhost/#fragment",
    "http://localhost/\r\nSet-Cookie: a=b",
    "http://localhost:port/",
    "javascript:alert(1)",
    "//localhost/",
    "http://[::1",
    "x",
]


@pytest.mark.parametrize("uri", LOOPBACK)
def test_loopback_addresses_need_no_registration(client: DirectoryClient, uri: str) -> None:
    """RFC 8252, section 7.3: on any port."""
    assert client.authorize(redirect_uri=uri).headers["Location"].startswith(uri)


@pytest.mark.parametrize("uri", [*ELSEWHERE, None])
def test_nobody_is_sent_to_an_address_nobody_vouches_for(client: DirectoryClient, uri: str | None) -> None:
    """Another redirect URI, or none, is told to the person at the browser alone."""
    response = client.authorize(redirect_uri=uri)
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert f"AADSTS{900971 if uri is None else 50011}" in response.text


@pytest.mark.parametrize(
    ("back", "state", "location"),
    [
        ("http://localhost:8400/out", "a b", "http://localhost:8400/out?state=a+b"),
        ("http://localhost/out?from=here", "a", "http://localhost/out?from=here&state=a"),
        ("http://localhost/out", None, "http://localhost/out"),
        ("https://app.example/out", "a", None),
    ],
)
@pytest.mark.parametrize("base", [V1, V2])
def test_who_signs_out_goes_back_with_the_state(
    client: DirectoryClient, base: str, back: str, state: str | None, location: str | None
) -> None:
    """As RP-Initiated Logout has it, to a loopback address; not to one that nobody vouches for."""
    asked = {"post_logout_redirect_uri": back} | ({"state": state} if state else {})
    for answer in (
        client.get(f"{base}/logout", query_string=asked),
        client.post(f"{base}/logout", data=asked),
    ):
        assert answer.headers.get("Location") == location
        assert answer.status_code == (200 if location is None else 302)


def test_who_signs_out_goes_back_to_a_registered_address(make_app: Callable[..., Flask]) -> None:
    """Of any application that is listed."""
    client = make_app(
        identity=Identity(apps=(App("app", redirectUris=("https://app.example/out",)),))
    ).test_client()
    for back, status in (("https://app.example/out", 302), ("https://app.example/other", 200)):
        answer = client.get(f"{V2}/logout", query_string={"post_logout_redirect_uri": back})
        assert answer.status_code == status


def test_a_registered_address_is_as_good(make_app: Callable[..., Flask]) -> None:
    """Exactly as registered; where there is just one, it need not be named."""
    app = App("app", redirectUris=("https://app.example/back",))
    client = make_app(identity=Identity(apps=(app,))).test_client()
    for uri in ("https://app.example/back", None):
        assert client.authorize(redirect_uri=uri).headers["Location"].startswith("https://app.example/back?")
    assert client.authorize(redirect_uri="https://app.example/back/").status_code == 400


@pytest.fixture(scope="module")
def asking(make_app: Callable[..., Flask]) -> DirectoryClient:
    return make_app(sign_in=SignIn.ASK).test_client()


ASKED = {
    "client_id": "app",
    "response_type": "code",
    "redirect_uri": REDIRECT,
    "scope": "openid r/x",
    "state": "s",
}


def test_a_person_may_be_asked(asking: DirectoryClient) -> None:
    """With `ask` the page comes first; what is chosen there is what the token says."""
    page = asking.authorize()
    assert (page.status_code, page.mimetype) == (200, "text/html")
    form = {"decision": "accept", "username": "bob@contoso.example"}
    back = asking.returned(asking.post(f"{V2}/authorize", query_string=ASKED, data=form))
    answer = asking.redeem(back["code"], code_verifier=None).json
    told = asking.claims(answer["access_token"])
    assert (told["upn"], told["amr"]) == ("bob@contoso.example", ["pwd"])


def test_a_person_may_decline(asking: DirectoryClient) -> None:
    """The application learns of it."""
    back = asking.returned(asking.post(f"{V2}/authorize", query_string=ASKED, data={"decision": "decline"}))
    assert (back["error"], back["state"]) == ("access_denied", "s")
    assert back["error_description"].startswith("AADSTS65004")


def test_nobody_is_asked_silently(asking: DirectoryClient) -> None:
    """`prompt=none` shows no page."""
    back = asking.returned(asking.authorize(prompt="none"))
    assert back["error"] == "login_required"


def test_what_is_shown_is_escaped(asking: DirectoryClient) -> None:
    """No parameter becomes a part of the page."""
    page = asking.authorize(
        client_id='"><script>alert(1)</script>', scope="<b>openid</b>", login_hint='"><i>'
    )
    assert "<script>alert" not in page.text
    assert "<b>" not in page.text
    assert "<i>" not in page.text
