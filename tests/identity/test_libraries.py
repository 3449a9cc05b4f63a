"""Sign-in libraries, unmodified and in every flow they have, and resource servers that verify by the key set.

Those of npm are looked for in the folder that PARTNER_INSIGHTS_NODE_MODULES names; `.ci/run` installs them.
"""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import warnings
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest
import requests

from partner_insights.server.auth.tokens import PARTNER_CENTER

if TYPE_CHECKING:
    import msal

    from conftest import Certificate
    from partner_insights.child_server import RunningFake

TENANT = "61b72c06-ace9-4751-bbff-48209dce63ca"
USER = "ann@contoso.example"
SCOPE = f"{PARTNER_CENTER}/user_impersonation"
EXCHANGE = "api://AzureADTokenExchange"
ALONE = f"{PARTNER_CENTER}/.default"
REDIRECT = "http://localhost:8400/back"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NODE_MODULES = os.environ.get("PARTNER_INSIGHTS_NODE_MODULES", "")


@pytest.fixture(autouse=True)
def _trusted(secure: RunningFake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.ca_file))


def opens(fake: RunningFake, token: str) -> int:
    """What the API answers to the token: 200 to a user's, 403 to an application's."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{fake.url}/v1/analytics/licenses/usage", headers=headers, timeout=10).status_code


def signed_in(address: str) -> dict[str, str]:
    """What a browser that opens the address is sent back with."""
    answer = requests.get(address, allow_redirects=False, timeout=10)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def called_with(fake: RunningFake) -> str:
    """A user's token for the application itself, which calls on for that user."""
    form = {"grant_type": "password", "client_id": "caller", "username": USER, "password": "any"}
    address = f"{fake.url}/{TENANT}/oauth2/v2.0/token"
    answer = requests.post(address, data=form | {"scope": "api://app/access"}, timeout=10)
    return str(answer.json()["access_token"])


def confidential(fake: RunningFake, credential: Any = "secret") -> msal.ConfidentialClientApplication:
    import msal  # here, as each worker of xdist loads every module

    return msal.ConfidentialClientApplication(
        "app",
        client_credential=credential,
        authority=f"{fake.url}/{TENANT}",
        instance_discovery=False,
    )


def test_msal_by_code_and_silently(secure: RunningFake) -> None:
    """Code with PKCE and nonce; the account is kept, and renews its token without anybody."""
    app = confidential(secure)
    with warnings.catch_warnings(action="ignore"):
        flow = app.initiate_auth_code_flow([SCOPE], redirect_uri=REDIRECT, login_hint=USER)
    granted = app.acquire_token_by_auth_code_flow(flow, signed_in(flow["auth_uri"]))
    (account,) = app.get_accounts()
    assert (opens(secure, granted["access_token"]), account["username"]) == (200, USER)
    assert app.acquire_token_silent([SCOPE], account)["access_token"] == granted["access_token"]
    for _ in range(2):
        renewed = app.acquire_token_silent([SCOPE], account, force_refresh=True)
        assert renewed["token_source"] == "identity_provider"
        assert opens(secure, renewed["access_token"]) == 200
    refused = app.acquire_token_by_refresh_token("another's", [SCOPE])
    assert (refused["error"], "AADSTS" in refused["error_description"]) == ("invalid_grant", True)


def test_msal_by_device_code(secure: RunningFake) -> None:
    """Pending at first, then signed in; the account is kept."""
    import msal

    app = msal.PublicClientApplication("app", authority=f"{secure.url}/{TENANT}", instance_discovery=False)
    flow = app.initiate_device_flow([SCOPE])
    assert opens(secure, app.acquire_token_by_device_flow(flow)["access_token"]) == 200
    assert len(app.get_accounts()) == 1


def test_msal_as_an_application_and_on_behalf_of(secure: RunningFake, certificate: Certificate) -> None:
    """By secret, by certificate, and for a user whose token a service was called with."""
    app = confidential(secure)
    certified = confidential(
        secure, {"private_key": certificate.key_pem, "public_certificate": certificate.pem}
    )
    for each in (app, certified):
        assert opens(secure, each.acquire_token_for_client([ALONE])["access_token"]) == 403
    granted = app.acquire_token_on_behalf_of(called_with(secure), [SCOPE])
    assert opens(secure, granted["access_token"]) == 200


def test_azure_identity(secure: RunningFake, certificate: Certificate, tmp_path: Path) -> None:
    """Each credential that needs no browser of a person."""
    from azure import identity

    file = tmp_path / "certificate.pem"
    file.write_text(certificate.key_pem + certificate.pem)
    options = {"authority": secure.url, "disable_instance_discovery": True}
    workload = tmp_path / "token"
    workload.write_text(certificate.assertion(iss="https://k8s.example", sub="pod", aud=EXCHANGE, headers={}))
    for alone in (
        identity.ClientSecretCredential(TENANT, "app", "secret", **options),
        identity.CertificateCredential(TENANT, "app", str(file), **options),
        identity.WorkloadIdentityCredential(
            tenant_id=TENANT, client_id="app", token_file_path=str(workload), **options
        ),
    ):
        assert opens(secure, alone.get_token(ALONE).token) == 403
    behalf = identity.OnBehalfOfCredential(
        TENANT, "app", client_secret="secret", user_assertion=called_with(secure), **options
    )
    assert opens(secure, behalf.get_token(SCOPE).token) == 200
    device = identity.DeviceCodeCredential(
        "app", tenant_id=TENANT, prompt_callback=lambda *_: None, **options
    )
    assert device.authenticate(scopes=[SCOPE]).username
    assert opens(secure, device.get_token(SCOPE).token) == 200
    query = {"client_id": "app", "response_type": "code", "redirect_uri": REDIRECT}
    asked = httpx.URL(
        f"{secure.url}/{TENANT}/oauth2/v2.0/authorize", params=query | {"scope": f"offline_access {SCOPE}"}
    )
    by_code = identity.AuthorizationCodeCredential(
        TENANT, "app", signed_in(str(asked))["code"], REDIRECT, client_secret="secret", **options
    )
    for _ in range(2):  # the second time by what it keeps
        assert opens(secure, by_code.get_token(SCOPE).token) == 200


@pytest.mark.external
def test_a_login_in_a_browser_needs_no_person(secure: RunningFake, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a library opens in a browser comes back to it by itself, by query and by a form."""
    import msal
    from azure import identity

    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip("there is no browser")
    options = "--headless --no-sandbox --disable-gpu --ignore-certificate-errors"
    command = f"{browser} {options} --virtual-time-budget=5000 --dump-dom %s &"
    monkeypatch.setitem(
        webbrowser._browsers, "test", [None, webbrowser.BackgroundBrowser(command.split()[:-1])]
    )  # type: ignore[attr-defined]
    monkeypatch.setattr(webbrowser, "_tryorder", ["test"])
    app = msal.PublicClientApplication("app", authority=f"{secure.url}/{TENANT}", instance_discovery=False)
    assert opens(secure, app.acquire_token_interactive([SCOPE], timeout=60)["access_token"]) == 200
    credential = identity.InteractiveBrowserCredential(
        client_id="app", tenant_id=TENANT, authority=secure.url, disable_instance_discovery=True, timeout=60
    )
    assert credential.authenticate(scopes=[SCOPE]).username
    assert opens(secure, credential.get_token(SCOPE).token) == 200


def test_adal(secure: RunningFake, certificate: Certificate) -> None:
    """Version 1: application by secret and by certificate, code, refresh, device code."""
    import adal

    context = adal.AuthenticationContext(f"{secure.url}/{TENANT}", validate_authority=False)
    alone = context.acquire_token_with_client_credentials(PARTNER_CENTER, "app", "secret")
    assert opens(secure, alone["accessToken"]) == 403
    certified = context.acquire_token_with_client_certificate(
        PARTNER_CENTER, "app", certificate.key_pem, certificate.thumbprint
    )
    assert opens(secure, certified["accessToken"]) == 403
    query = {"client_id": "app", "response_type": "code", "redirect_uri": REDIRECT, "login_hint": USER}
    asked = httpx.URL(f"{secure.url}/{TENANT}/oauth2/authorize", params=query)
    code = signed_in(str(asked))["code"]
    granted = context.acquire_token_with_authorization_code(code, REDIRECT, PARTNER_CENTER, "app", "secret")
    assert (opens(secure, granted["accessToken"]), granted["userId"]) == (200, USER)
    renewed = context.acquire_token_with_refresh_token(
        granted["refreshToken"], "app", PARTNER_CENTER, "secret"
    )
    assert opens(secure, renewed["accessToken"]) == 200
    by_password = context.acquire_token_with_username_password(PARTNER_CENTER, USER, "any", "app")
    assert (opens(secure, by_password["accessToken"]), by_password["userId"]) == (200, USER)
    begun = context.acquire_user_code(PARTNER_CENTER, "app")
    assert begun["verification_url"].startswith(secure.url)
    device = context.acquire_token_with_device_code(PARTNER_CENTER, begun, "app")
    assert opens(secure, device["accessToken"]) == 200


def test_authlib(secure: RunningFake) -> None:
    """Code with PKCE, and an id token that its validator accepts by discovery document and key set."""
    from authlib.integrations.requests_client import OAuth2Session
    from authlib.oidc.core import CodeIDToken

    document = requests.get(f"{secure.url}/{TENANT}/v2.0/.well-known/openid-configuration", timeout=10).json()
    session = OAuth2Session(
        "app",
        "secret",
        scope=f"openid offline_access {SCOPE}",
        redirect_uri=REDIRECT,
        code_challenge_method="S256",
    )
    verifier = "a-verifier-of-forty-three-characters-or-more"
    asked, state = session.create_authorization_url(
        document["authorization_endpoint"], code_verifier=verifier, nonce="n"
    )
    back = signed_in(asked)
    assert back["state"] == state
    granted = session.fetch_token(document["token_endpoint"], code=back["code"], code_verifier=verifier)
    assert opens(secure, granted["access_token"]) == 200
    key = jwt.PyJWKClient(document["jwks_uri"], ssl_context=_context(secure)).get_signing_key_from_jwt(
        granted["id_token"]
    )
    claims = jwt.decode(granted["id_token"], key, audience="app", issuer=document["issuer"])
    CodeIDToken(
        claims, {}, {"iss": {"value": document["issuer"]}}, {"nonce": "n", "client_id": "app"}
    ).validate()
    renewed = session.refresh_token(document["token_endpoint"])
    assert opens(secure, renewed["access_token"]) == 200
    asked_by = {"password": {"username": USER, "password": "any"}, "client_credentials": {"scope": ALONE}}
    for grant, form in asked_by.items():
        other = OAuth2Session("app", "secret", scope=SCOPE)
        token = other.fetch_token(document["token_endpoint"], grant_type=grant, **form)
        assert opens(secure, token["access_token"]) == (200 if grant == "password" else 403)


@pytest.mark.parametrize("version", ["", "/v2.0"])
def test_pyjwt_verifies_by_the_key_set(secure: RunningFake, version: str) -> None:
    """A resource server needs the discovery document and nothing else; a changed signature is found."""
    address = f"{secure.url}/partner.example{version}/.well-known/openid-configuration"
    keys = jwt.PyJWKClient(requests.get(address, timeout=10).json()["jwks_uri"], ssl_context=_context(secure))
    key = keys.get_signing_key_from_jwt(secure.token)
    claims = jwt.decode(secure.token, key, audience=PARTNER_CENTER)
    assert claims["iss"] == f"https://sts.windows.net/{claims['tid']}/"
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(secure.token[:-6] + "AAAAAA", key, audience=PARTNER_CENTER)


def _context(fake: RunningFake) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=fake.ca_file)


# ── Node ───────────────────────────────────────────────────────────────────────────────────────────


def node(fake: RunningFake, script: str, *arguments: str) -> dict[str, str]:
    """What a script of ours printed that drives the library of its name."""
    program = shutil.which("node")
    if program is None or not NODE_MODULES:
        pytest.skip("PARTNER_INSIGHTS_NODE_MODULES names no folder with the libraries")
    file = Path(__file__).parent / "node" / f"{script}.mjs"
    run = subprocess.run(
        [program, file, fake.url.replace("127.0.0.1", "localhost"), *arguments],
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(fake.ca_file)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return cast("dict[str, str]", json.loads(run.stdout))


FLOWS = {
    "msal-node": {"code", "silent", "client", "certificate", "password", "behalf", "device"},
    "azure-identity": {"client", "certificate", "password", "behalf", "device", "code"},
    "openid-client": {"code", "silent", "device", "client", "certificate", "password", "behalf"},
}


@pytest.mark.external
@pytest.mark.parametrize("library", FLOWS)
def test_node_libraries_sign_in(
    secure: RunningFake, library: str, certificate: Certificate, tmp_path: Path
) -> None:
    """Each flow gives a token of its kind: a user's opens the API, an application's is refused."""
    file = tmp_path / "certificate.pem"
    file.write_text(certificate.key_pem + certificate.pem)
    tokens = node(secure, library, TENANT, PARTNER_CENTER, str(file))
    assert tokens.keys() == FLOWS[library]
    for flow, token in tokens.items():
        assert (flow, opens(secure, token)) == (flow, 403 if flow in ("client", "certificate") else 200)


@pytest.mark.external
def test_jose_verifies_by_the_key_set(secure: RunningFake) -> None:
    """As a resource server in Node does; a changed signature is found."""
    told = node(secure, "jose", "partner.example", PARTNER_CENTER, secure.token)
    assert told == {
        "upn": "partner.admin@partner.example",
        "refused": "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
    }
