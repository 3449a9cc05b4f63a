"""Who may sign in: by a file, by the admin API, and what their roles and second factors do at the API."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.errors import InputError
from partner_insights.server.auth.errors import DirectoryError
from partner_insights.server.auth.identity import (
    Identity,
    Tenant,
    User,
    identity_of,
    partner_seed,
    read_identity,
    with_partners,
)
from partner_insights.server.auth.tokens import PARTNER_CENTER
from partner_insights.server.faults.rate_limit import PARTNER
from partner_insights.server.settings import Settings, SignIn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from conftest import DirectoryClient

USAGE = "/v1/analytics/licenses/usage"
ENTRIES = "/_admin/identity/" + "users"
FILE = """
[[tenants]]
name = "contoso.example"
id = "61b72c06-ace9-4751-bbff-48209dce63ca"

[[tenants]]
name = "fabrikam.example"

[[users]]
name = "ann@contoso.example"
password = "a secret"

[[users]]
name = "bob@contoso.example"
mfa = false
roles = []

[[users]]
name = "guest@elsewhere.example"
tenant = "fabrikam.example"

[[apps]]
id = "app"
secret = "another secret"
redirectUris = ["https://app.example/back"]
"""


def bearer(client: DirectoryClient, user: str, tenant: str = "common", **changes: str) -> dict[str, str]:
    """The headers of a user who signed in."""
    form = {"grant_type": "password", "client_id": "app", "username": user, "password": "a secret"}
    form |= {"client_secret": "another secret", "resource": PARTNER_CENTER}
    answer = client.post(f"/{tenant}/oauth2/token", data=form | changes).json
    assert "access_token" in answer, answer
    return {"Authorization": f"Bearer {answer['access_token']}"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "identity.toml"
    file.write_text(FILE)
    return file


def test_toml_and_json_say_the_same(file: Path, tmp_path: Path) -> None:
    """By the suffix of the file's name; a file lets nobody else in unless it says so."""
    identity = read_identity(file)
    content = {
        "tenants": [{"name": "contoso.example", "id": identity.tenants[0].id}, {"name": "fabrikam.example"}],
        "users": [
            {"name": "ann@contoso.example", "password": "a secret"},
            {"name": "bob@contoso.example", "mfa": False, "roles": []},
            {"name": "guest@elsewhere.example", "tenant": "fabrikam.example"},
        ],
        "apps": [
            {"id": "app", "secret": "another secret", "redirectUris": ["https://app.example/back"]},
        ],
    }
    (tmp_path / "identity.json").write_text(json.dumps(content))
    assert read_identity(tmp_path / "identity.json") == identity
    assert identity.others is False
    (tmp_path / "identity.json").write_text("{}")
    assert read_identity(tmp_path / "identity.json") == Identity(others=False)


@pytest.mark.parametrize(
    "content",
    [
        "[[users]]\n",
        "[[users]]\nname = 1",
        "[[users]]\nname = 'a'\nage = 3",
        "[[users]]\nname = 'a'\nmfa = 'yes'",
        "[[users]]\nname = 'a'\nroles = 'admin'",
        "[[users]]\nname = 'a'\n[[users]]\nname = 'A'",
        "[[tenants]]\nname = 'a'\nid = 'no guid'",
        "[[apps]]\nid = 'a'\ncertificate = 'no certificate'",
        "users = 1",
        "others = 1",
        "unknown = 1",
        "not toml",
    ],
)
def test_a_file_that_will_not_do_is_refused(tmp_path: Path, content: str) -> None:
    """With the file's name, and never half of it taken."""
    file = tmp_path / "identity.toml"
    file.write_text(content)
    with pytest.raises(InputError, match=r"identity\.toml"):
        read_identity(file)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["tenants", "users", "apps", "others", "name", "id", "roles", "mfa", "x"])


@given(
    st.dictionaries(NAMES, JSON | st.lists(st.dictionaries(NAMES, JSON, max_size=4), max_size=3), max_size=4)
)
def test_any_content_is_an_identity_or_an_input_error(content: Any) -> None:
    """Nothing else comes of a file."""
    with suppress(InputError):
        assert isinstance(identity_of(content), Identity)


def test_the_file_decides(make_app: Callable[..., Flask], file: Path) -> None:
    """Roles, second factors and tenants are as it says."""
    client = make_app(identity=read_identity(file)).test_client()
    ann, bob = bearer(client, "ann@contoso.example"), bearer(client, "bob@contoso.example")
    asked = {"ValidateMfa": "true"}
    assert client.get(USAGE, headers=ann | asked).headers["isMfaCompliant"] == "true"
    refused = client.get(USAGE, headers=bob | asked)
    assert (refused.status_code, refused.json["code"]) == (403, "900150")
    assert refused.headers["isMfaCompliant"] == "false"
    form = {"grant_type": "password", "client_id": "app", "client_secret": "another secret", "password": "x"}
    for user, tenant, number in (
        ("ann@contoso.example", "fabrikam.example", 50020),
        ("guest@elsewhere.example", "contoso.example", 50020),
        ("carl@contoso.example", "contoso.example", 50034),
        ("ann@contoso.example", "nowhere.example", 90002),
    ):
        sent = form | {"username": user, "resource": PARTNER_CENTER}
        assert client.post(f"/{tenant}/oauth2/token", data=sent).json["error_codes"] == [number]


def test_without_the_header_nobody_is_told_of_the_factor(client: DirectoryClient) -> None:
    """isMfaCompliant answers ValidateMfa, and is about users."""
    user = bearer(client, "ann@contoso.example")
    assert "isMfaCompliant" not in client.get(USAGE, headers=user).headers
    assert "isMfaCompliant" not in client.get(USAGE, headers=user | {"ValidateMfa": "false"}).headers
    app = bearer(client, "", grant_type="client_credentials")
    assert "isMfaCompliant" not in client.get("/v1/customers", headers=app | {"ValidateMfa": "true"}).headers


@pytest.mark.parametrize(
    ("scenarios", "status", "code", "compliant"),
    [
        (("no-mfa",), 200, None, "false"),
        (("mfa-required",), 200, None, "true"),
        (("no-mfa", "mfa-required"), 401, "900421", "false"),
        (("no-role",), 403, "900150", "true"),
    ],
)
def test_scenarios_of_identity(
    make_app: Callable[..., Flask],
    scenarios: tuple[str, ...],
    status: int,
    code: str | None,
    compliant: str,
) -> None:
    """What users lack, and what the API says to it; applications are not concerned."""
    client = make_app(scenarios=scenarios).test_client()
    user = bearer(client, "ann@contoso.example")
    claims = client.claims(user["Authorization"].removeprefix("Bearer "))
    assert ("mfa" in claims["amr"]) is ("no-mfa" not in scenarios)
    answer = client.get(USAGE, headers=user | {"ValidateMfa": "true"})
    assert (answer.status_code, answer.json.get("code")) == (status, code)
    assert answer.headers["isMfaCompliant"] == compliant
    assert (status == 401) is ("WWW-Authenticate" in answer.headers)
    app = bearer(client, "", grant_type="client_credentials")
    assert client.get("/v1/customers", headers=app).status_code == 200


def test_one_call_makes_a_user(make_app: Callable[..., Flask]) -> None:
    """PUT and DELETE of one, at once in force, also for answers that were kept; nobody else is shut out."""
    client = make_app().test_client()
    ann = bearer(client, "ann@contoso.example")
    assert [client.get(USAGE, headers=ann).status_code for _ in range(2)] == [200, 200]
    path = f"{ENTRIES}/ann@contoso.example"
    told = client.put(path, json={"roles": [], "password": "a secret"}).json
    assert told["users"] == [
        {"name": "ann@contoso.example", "password": True, "mfa": True, "roles": [], "tenant": None}
    ]
    assert client.get(USAGE, headers=ann).status_code == 403
    assert client.get(USAGE, headers=bearer(client, "bob@contoso.example")).status_code == 200
    client.put(path, json={"mfa": False})
    assert client.get(USAGE, headers=ann).status_code == 200
    assert client.delete(path).json["users"] == []
    assert client.delete(path).status_code == 404
    client.put(path, json={"roles": []})
    client.post("/_admin/reset")
    assert client.get("/_admin/identity").json["users"] == []


LISTED = {"users": [{"name": "ann@contoso.example"}], "apps": [{"id": "app"}], "others": False}


def test_all_at_once(make_app: Callable[..., Flask]) -> None:
    """PUT replaces everything, or nothing where something is wrong with it."""
    client = make_app().test_client()
    client.put("/_admin/identity", json=LISTED)
    bearer(client, "ann@contoso.example")
    before = client.get("/_admin/identity").json
    for content in ({"users": 1}, {"x": []}, [], None, {"others": "no"}):
        refused = client.put("/_admin/identity", json=content)
        assert (refused.status_code, client.get("/_admin/identity").json) == (400, before)
    assert client.put(f"{ENTRIES}/x", json=1).status_code == 400
    stranger = client.put("/_admin/identity/cats/x", json={})
    assert stranger.status_code == 404
    assert "there are no 'cats' in an identity: " in stranger.text
    assert {*LISTED} - {"others"} <= {*stranger.text.replace(",", " ").replace('"', " ").split()}


# ── Several partners ───────────────────────────────────────────────────────────────────────────────


def customers(client: DirectoryClient, headers: dict[str, str]) -> list[str]:
    return [each["id"] for each in client.get("/v1/customers", headers=headers).json["items"]]


def test_the_tenant_of_the_token_decides_whose_customers_are_served(make_app: Callable[..., Flask]) -> None:
    """Disjoint customers under one seed, the same each run; another partner's customer is not found."""
    apps = [make_app(identity=with_partners(Identity(), 3)) for _ in range(2)]
    seen = []
    for app in apps:
        client = app.test_client()
        users = [bearer(client, f"ann@partner{n}.example", f"partner{n}.example") for n in (1, 2, 3)]
        seen.append([customers(client, headers) for headers in users])
        rows = [client.get(USAGE, headers=headers).data for headers in users]
        assert len(set(rows)) == 3
        for whose, headers in enumerate(users):
            for of, ids in enumerate(seen[-1]):
                status = client.get(f"/v1/customers/{ids[0]}", headers=headers).status_code
                assert status == (200 if whose == of else 404)
    assert seen[0] == seen[1]
    assert len({customer for ids in seen[0] for customer in ids}) == 15


@pytest.mark.parametrize("names", [["a@x.example", "b@x.example", "B@x.example"], ["b@x.example"] * 3])
def test_the_one_that_is_there_twice_is_named(names: list[str], tmp_path: Path) -> None:
    """Not the first of the list, but the one to look for."""
    file = tmp_path / "identity.json"
    file.write_text(json.dumps({"users": [{"name": name} for name in names]}), encoding="utf-8")
    with pytest.raises(InputError, match=r"'users' has b@x\.example twice"):
        read_identity(file)


def test_who_a_token_speaks_for(make_app: Callable[..., Flask]) -> None:
    """OpenID Connect's userinfo: the user's own subject and address, by GET as by POST; or 401."""
    client = make_app().test_client()
    told = [
        ask("/common/openid/userinfo", headers=bearer(client, f"{name}@contoso.example")).json
        for name, ask in (("ann", client.get), ("bob", client.get), ("ann", client.post))
    ]
    assert [each["email"] for each in told[:2]] == ["ann@contoso.example", "bob@contoso.example"]
    assert told[0] == told[2]
    assert told[0]["sub"] != told[1]["sub"]
    assert all(value for value in told[0].values())
    assert client.get("/common/openid/userinfo").status_code == 401


def test_each_partner_has_a_quota_of_its_own(make_app: Callable[..., Flask]) -> None:
    """On a throttled day one partner's requests use up its own quota, in the fast lane, too."""
    client = make_app(identity=with_partners(Identity(), 2), scenarios=("throttled",)).test_client()
    first, second = (bearer(client, f"ann@partner{n}.example", f"partner{n}.example") for n in (1, 2))
    statuses = [client.get(USAGE, headers=first).status_code for _ in range(PARTNER.burst + 20)]
    assert (statuses[0], statuses[-1]) == (200, 429)
    assert client.get(USAGE, headers=second).status_code == 200
    # Who has no good token is the first partner's: it is refused for that, or for coming too often.
    assert client.get(USAGE, headers={"Authorization": "Bearer x"}).status_code == 429


def test_what_one_partner_s_tenant_granted_is_redeemed_there(make_app: Callable[..., Flask]) -> None:
    """Or at `common`; not at another's, where a code, an assertion and a refresh token are refused."""
    client = make_app(identity=with_partners(Identity(), 2)).test_client()
    asked = {
        "client_id": "app",
        "response_type": "code",
        "redirect_uri": "http://localhost",
        "scope": "openid",
    }
    asked |= {"login_hint": "ann@partner1.example"}
    form = {"grant_type": "password", "client_id": "app", "username": "ann@partner1.example", "password": "p"}
    granted = client.post("/partner1.example/oauth2/token", data=form | {"resource": "middle"}).json
    token, renewal = granted["access_token"], granted["refresh_token"]
    behalf = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "client_id": "middle"}
    behalf |= {"client_secret": "s", "assertion": token, "requested_token_use": "on_behalf_of"}
    for tenant, code_error, assertion_error, renewal_error in (
        ("partner2.example", [700005], [50013], [50020]),
        ("partner1.example", None, None, None),
        ("common", None, None, None),
    ):
        sent = client.get("/partner1.example/oauth2/v2.0/authorize", query_string=asked)
        (code,) = parse_qs(urlsplit(sent.headers["Location"]).query)["code"]
        redeemed = {"grant_type": "authorization_code", "client_id": "app", "code": code}
        redeemed |= {"redirect_uri": "http://localhost"}
        renewed = {"grant_type": "refresh_token", "client_id": "app", "refresh_token": renewal}
        scope = {"scope": f"{PARTNER_CENTER}/.default"}
        errors = (code_error, assertion_error, renewal_error)
        for sent_form, error in zip((redeemed, behalf, renewed), errors, strict=True):
            answer = client.post(f"/{tenant}/oauth2/v2.0/token", data=sent_form | scope).json
            assert answer.get("error_codes") == error, answer
        renewal = answer.get("refresh_token", renewal)


def test_a_device_code_is_of_one_partner(make_app: Callable[..., Flask]) -> None:
    """Nobody of another partner signs in for it, nor polls for it there; at `common` anybody does."""
    identity = with_partners(Identity(), 2)
    client = make_app(identity=identity, sign_in=SignIn.ASK).test_client()
    form = {"client_id": "app", "resource": PARTNER_CENTER}
    begun = client.post("/partner1.example/oauth2/devicecode", data=form).json
    page, told = "/common/oauth2/deviceauth", {"user_code": begun["user_code"], "decision": "accept"}
    foreign = client.post(page, data=told | {"username": "bob@partner2.example"})
    assert (foreign.status_code, "does not exist in this tenant" in foreign.text) == (400, True)
    assert client.post(page, data=told | {"username": "ann@partner1.example"}).status_code == 200
    poll = {"grant_type": "device_code", "client_id": "app", "code": begun["device_code"]}
    elsewhere = client.post("/partner2.example/oauth2/token", data=poll | form).json
    assert elsewhere["error"] == "bad_verification_code"
    token = client.post("/partner1.example/oauth2/token", data=poll | form).json["access_token"]
    assert client.claims(token)["tid"] == identity.tenants[0].id
    anywhere = client.post("/common/oauth2/devicecode", data=form).json
    told |= {"user_code": anywhere["user_code"], "username": "bob@partner2.example"}
    assert client.post(page, data=told).status_code == 200
    poll |= {"code": anywhere["device_code"]}
    token = client.post("/common/oauth2/token", data=poll | form).json["access_token"]
    assert client.claims(token)["tid"] == identity.tenants[1].id


def test_nobody_signs_in_at_another_partner(make_app: Callable[..., Flask]) -> None:
    """A user of a partner's domain, listed or not, is that partner's alone; other guests are welcome."""
    client = make_app(identity=with_partners(Identity(), 2)).test_client()
    form = {"grant_type": "password", "client_id": "app", "password": "p", "resource": PARTNER_CENTER}
    for name, error in (("bob@partner2.example", [50020]), ("bob@partner1.example", None), ("b@x", None)):
        answer = client.post("/partner1.example/oauth2/token", data=form | {"username": name}).json
        assert answer.get("error_codes") == error, name


def test_the_first_partner_is_the_fake_s_own(make_app: Callable[..., Flask], client: DirectoryClient) -> None:
    """Who adds partners finds the first one's customers unchanged."""
    several = make_app(identity=with_partners(Identity(), 2)).test_client()
    assert customers(several, bearer(several, "ann@partner1.example")) == customers(
        client, bearer(client, "ann@contoso.example")
    )


def test_without_partners_every_tenant_is_the_same(client: DirectoryClient) -> None:
    """As for those who never ask."""
    users = [bearer(client, "ann@contoso.example", tenant) for tenant in ("contoso.example", "x", "common")]
    assert len({tuple(customers(client, headers)) for headers in users}) == 1


def test_a_tenant_that_is_no_partner_is_refused(
    make_app: Callable[..., Flask], client: DirectoryClient
) -> None:
    """Its tokens are good in their form alone: 401."""
    stranger = bearer(client, "ann@contoso.example")
    several = make_app(identity=with_partners(Identity(), 2)).test_client()
    refused = several.get("/v1/customers", headers=stranger)
    assert refused.status_code == 401
    assert "partners" in refused.headers["WWW-Authenticate"]
    document = several.get("/contoso.example/v2.0/.well-known/openid-configuration")
    assert (document.status_code, document.json["error_codes"]) == (400, [90002])


@given(seed=st.integers(0, 2**32), partner=st.integers(1, 1000))
def test_partners_have_seeds_of_their_own(seed: int, partner: int) -> None:
    """The first has the fake's, the others none of the small ones people choose."""
    assert partner_seed(seed, 0) == seed
    assert partner_seed(seed, partner) not in (seed, partner_seed(seed, partner + 1))


def test_a_tenant_is_known_by_name_and_id() -> None:
    """In any case of letters."""
    tenant = Tenant("Contoso.example", "61B72C06-ACE9-4751-BBFF-48209DCE63CA")
    identity = Identity((tenant,), (User("ann@contoso.example"),))
    for name in ("contoso.EXAMPLE", "61b72c06-ace9-4751-bbff-48209dce63ca", tenant.id.upper()):
        assert identity.tenant(name) is tenant
    assert identity.tenant("common", "ANN@contoso.example") is tenant


def test_a_user_is_of_a_tenant_by_its_name_or_id() -> None:
    """Wherever a tenant is named, in any case of letters: at sign-in, by default and for `common`."""
    tenant = Tenant("Contoso.example", "61B72C06-ACE9-4751-BBFF-48209DCE63CA")
    for user in (User("ann@CONTOSO.example"), User("ann@x.example", tenant=tenant.id.upper())):
        identity = Identity((Tenant("first.example"), tenant), (user,), others=False)
        assert identity.tenant("common", user.name) is tenant
        assert identity.user(user.name, tenant) is user
        assert identity.default_user("contoso.EXAMPLE") is user
        with pytest.raises(DirectoryError):
            identity.user(user.name, identity.tenants[0])


def test_several_workers_do_not_ask() -> None:
    """What one of them is told the others do not hear of."""
    with pytest.raises(InputError, match="--workers"):
        Settings(workers=2, sign_in=SignIn.ASK)
