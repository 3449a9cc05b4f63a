"""What libraries ask for before anybody signs in: metadata, keys, instances, realms; and the signing keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import pytest

from partner_insights.server.auth.signing_key import SigningKey, _shipped_primes

if TYPE_CHECKING:
    from conftest import DirectoryClient

TENANT = "61b72c06-ace9-4751-bbff-48209dce63ca"
V2 = f"/{TENANT}/oauth2/v2.0"
HTTPS = "https://login.localhost"
CONFIGURATIONS = [f"/{TENANT}", f"/{TENANT}/v2.0", "/contoso.example", "/contoso.example/v2.0"]


def validate(content: Any) -> None:
    """In Authlib's judgement."""
    from authlib.oidc.discovery import (
        OpenIDProviderMetadata,  # here, as each worker of xdist loads every module
    )

    OpenIDProviderMetadata(content).validate()


@pytest.mark.parametrize("path", CONFIGURATIONS)
def test_the_discovery_document_is_complete(client: DirectoryClient, path: str) -> None:
    """All that OpenID Connect Discovery 1.0 demands is there and well-formed, in Authlib's judgement."""
    content = client.get(f"{path}/.well-known/openid-configuration", base_url=HTTPS).json
    validate(content)


def test_a_document_without_keys_is_found_incomplete(client: DirectoryClient) -> None:
    """The judge above does judge."""
    content = client.get(f"{CONFIGURATIONS[1]}/.well-known/openid-configuration", base_url=HTTPS).json
    with pytest.raises(ValueError, match="jwks_uri"):
        validate({**content, "jwks_uri": None})


@pytest.mark.parametrize("path", CONFIGURATIONS)
def test_every_endpoint_of_the_document_is_there(client: DirectoryClient, path: str) -> None:
    """No address leads nowhere."""
    content = client.get(f"{path}/.well-known/openid-configuration", base_url=HTTPS).json
    named = [value for name, value in content.items() if name.endswith(("_endpoint", "jwks_uri"))]
    assert len(named) == 6
    for address in named:
        assert client.get(address.removeprefix(HTTPS)).status_code != 404


def test_a_tenant_of_any_name_has_the_issuer_of_its_guid(client: DirectoryClient) -> None:
    """The issuer is that of the tokens: the tenant's GUID, be it asked for by name; `common` names none."""
    issuer = {
        tenant: client.get(f"/{tenant}/v2.0/.well-known/openid-configuration").json["issuer"]
        for tenant in (TENANT, "contoso.example", "common")
    }
    assert issuer[TENANT] == f"http://localhost/{TENANT}/v2.0"
    assert issuer["common"] == "http://localhost/{tenantid}/v2.0"
    code = client.returned(client.authorize("/contoso.example/oauth2/v2.0", response_type="code id_token"))
    told = jwt.decode(code["id_token"], options={"verify_signature": False})
    assert told["iss"] == issuer["contoso.example"]


@pytest.mark.parametrize("path", ["keys", "v2.0/keys"])
def test_tokens_are_verified_by_the_key_set(client: DirectoryClient, path: str) -> None:
    """A token names its key, and the key set has it: in either version, in the form of RFC 7517."""
    keys = jwt.PyJWKSet.from_dict(client.get(f"/{TENANT}/discovery/{path}").json)
    form = {"grant_type": "password", "client_id": "app", "username": "ann@contoso.example", "password": "p"}
    token = client.post(f"{V2}/token", data=form | {"scope": "resource/x"}).json["access_token"]
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "RS256"
    key = keys[header["kid"]]
    assert jwt.decode(token, key, algorithms=["RS256"], audience="resource")["upn"] == form["username"]


def test_instances(client: DirectoryClient) -> None:
    """Whoever asks is told the directory's names, and where the tenant's document is."""
    asked = {"api-version": "1.1", "authorization_endpoint": f"{HTTPS}/contoso.example/oauth2/v2.0/authorize"}
    told = client.get("/common/discovery/instance", query_string=asked, base_url=HTTPS).json
    assert told["tenant_discovery_endpoint"] == (
        f"{HTTPS}/contoso.example/v2.0/.well-known/openid-configuration"
    )
    aliases = [alias for each in told["metadata"] for alias in each["aliases"]]
    assert {"login.localhost", "login.microsoftonline.com"} <= set(aliases)


@pytest.mark.parametrize("spelling", ["userrealm", "UserRealm"])
def test_realms(client: DirectoryClient, spelling: str) -> None:
    """Every user's password is checked by the directory itself."""
    told = client.get(f"/common/{spelling}/ann@contoso.example?api-version=1.0").json
    assert (told["account_type"], told["domain_name"]) == ("Managed", "contoso.example")


@pytest.mark.parametrize(
    ("method", "path", "status", "number"),
    [
        ("GET", f"/{TENANT}/oauth2/nowhere", 404, 90023),
        ("GET", f"/{TENANT}/oauth2/v2.0/token", 405, 900561),
        ("POST", f"/{TENANT}/discovery/keys", 405, 900561),
        ("GET", "/common/v2.0/adminconsent", 404, 90023),
        ("GET", "/contoso.example/adminconsent", 404, 90023),
        ("GET", "/contoso.example/saml2", 404, 90023),
        ("GET", "/contoso.example/federationmetadata/2007-06/federationmetadata.xml", 404, 90023),
        ("GET", "/common/anything", 404, 90023),
        ("POST", f"/{TENANT}/anything", 404, 90023),
    ],
)
def test_paths_that_are_not_served_answer_in_the_directory_s_dialect(
    client: DirectoryClient, method: str, path: str, status: int, number: int
) -> None:
    """Whatever goes wrong at the directory has its form, not the API's."""
    response = client.open(path, method=method)
    assert (response.status_code, response.json["error_codes"]) == (status, [number])
    assert response.json["error_description"].startswith(f"AADSTS{number}: ")
    names = {"error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id"}
    assert response.json.keys() == names


def test_the_shipped_primes_make_good_keys() -> None:
    """Every shipped prime is one, by OpenSSL's own check of a key made of it."""
    unproven = set(_shipped_primes())
    for key in map(SigningKey, range(1000)):
        if unproven.intersection(key._primes):
            key.private.private_numbers().private_key()
            unproven.difference_update(key._primes)
    assert unproven == set()


def test_a_seed_has_one_key() -> None:
    """The same seed, the same key set; another seed, most likely another."""
    assert SigningKey(7).key_set == SigningKey(7).key_set
    assert len({SigningKey(seed).id for seed in range(100)}) > 50
