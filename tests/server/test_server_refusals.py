"""What a request that cannot be served is answered: status, whole body, headers, and in which order."""

from __future__ import annotations

import base64
import hmac
import json
import math
import time
from datetime import date
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue
from partner_insights.server.auth.signing_key import SigningKey
from partner_insights.server.auth.tokens import PARTNER_CENTER, Subject, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from conftest import Ask
    from partner_insights.world import World

CATALOGUE = Catalogue.load()
OPERATIONS = tuple(CATALOGUE.operations)
PER_CUSTOMER = tuple(each.id for each in CATALOGUE.operations.values() if each.per_customer)
USER_ONLY = tuple(each.id for each in CATALOGUE.operations.values() if "app-only" not in each.auth)
STRANGER = "00000000-0000-4000-8000-000000000000"
SOURCE = "PartnerFD"


def path_of(operation_id: str, customer_id: str) -> str:
    return CATALOGUE.operations[operation_id].path.replace("{customer-id}", customer_id)


def body_of(code: str, description: str, *data: str) -> dict[str, Any]:
    return {
        "code": code,
        "description": description,
        **({"data": list(data)} if data else {}),
        "source": SOURCE,
    }


@pytest.mark.parametrize("operation_id", OPERATIONS)
@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic dTpw", "token", "Bearer a b"]
)
def test_no_token(ask: Ask, world: World, operation_id: str, authorization: str | None) -> None:
    """Without a bearer token: 401, code 400, and a challenge without an error code (RFC 6750, 3.1)."""
    headers = {} if authorization is None else {"Authorization": authorization}
    reply = ask(path_of(operation_id, world.customer_id(0)), headers=headers, token=None)
    assert (reply.status, reply.json) == (401, body_of("400", "Access denied"))
    assert reply.headers["www-authenticate"] == f'Bearer realm="{PARTNER_CENTER}"'


def tampered(token: str) -> str:
    return token[:-2] + ("AA" if token[-2:] != "AA" else "BB")


TENANT = "61b72c06-ace9-4751-bbff-48209dce63ca"


def signed(key: SigningKey = SigningKey(7), algorithm: str = "RS256", **changes: object) -> str:  # noqa: B008
    """A token good at every point but those changed; None takes a claim away."""
    now = int(time.time())
    both: dict[str, object] = {
        "aud": PARTNER_CENTER,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "tid": TENANT,
        "exp": now + 60,
        "nbf": now,
        "iat": now,
        "scp": "user_impersonation",
    }
    claims = {name: value for name, value in (both | changes).items() if value is not None}
    return jwt.encode(claims, None if algorithm == "none" else key.private, algorithm=algorithm)


def public_key_as_secret() -> str:
    """A token signed by HMAC with the public key, which a careless verifier would take."""
    key = SigningKey(7).private.public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header, content, _ = signed().split(".")
    header = b64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    return f"{header}.{content}.{b64(hmac.digest(pem, f'{header}.{content}'.encode(), 'sha256'))}"


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


FOREIGN = "the token was not issued by this fake"
NO_JWT = "the token is not a signed JWT of the token endpoint"
MALFORMED = "a claim of the token is of another type"
OTHER_ISSUER = "the token is of another issuer"
BAD_TOKENS: dict[str, tuple[Callable[[], str], str]] = {
    "expired": (lambda: signed(exp=1), "the token has expired"),
    "audience": (lambda: signed(aud="https://graph.microsoft.com"), "the token is for another audience"),
    "directory graph": (lambda: signed(aud="https://graph.windows.net"), "the token is for another audience"),
    "signature": (lambda: tampered(signed()), FOREIGN),
    "other fake": (lambda: signed(SigningKey(8)), FOREIGN),
    "issuer": (lambda: signed(iss="https://sts.example/"), OTHER_ISSUER),
    "tenant": (lambda: signed(tid="00000000-0000-0000-0000-000000000000"), OTHER_ISSUER),
    "no tenant": (lambda: signed(tid=None), OTHER_ISSUER),
    "early": (lambda: signed(nbf=4_000_000_000), "the token is not valid yet"),
    "tenant of another type": (lambda: signed(tid=5), MALFORMED),
    "user of another type": (lambda: signed(upn=["ann"]), MALFORMED),
    "factors of another type": (lambda: signed(amr=5), MALFORMED),
    "date of another type": (lambda: signed(fake_date=5), MALFORMED),
    "infinite": (lambda: signed(exp=math.inf), NO_JWT),
    "endless": (lambda: signed(exp=None), "the token lacks exp or aud"),
    "unsigned": (lambda: signed(algorithm="none"), NO_JWT),
    "public key as secret": (public_key_as_secret, NO_JWT),
    "no JWT": (lambda: "anything", NO_JWT),
    "sealed": (lambda: Tokens(b"k" * 32).seal("refresh", {}, 60), NO_JWT),
    "id token": (
        lambda: Tokens(b"k" * 32, 7).identity(Subject("t", "c", "u"), 2, "http://localhost", {}),
        "the token is for another audience",
    ),
}


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_bad_token(client: FlaskClient, kind: str) -> None:
    """A token that is no good: the same 401, and a challenge that says why."""
    make, reason = BAD_TOKENS[kind]
    reply = client.get("/v1/customers", headers={"Authorization": f"Bearer {make()}"})
    assert (reply.status_code, reply.get_json()) == (401, body_of("400", "Access denied"))
    challenge = f'Bearer realm="{PARTNER_CENTER}", error="invalid_token", error_description="{reason}"'
    assert reply.headers["WWW-Authenticate"] == challenge


def test_the_same_claims_signed_are_admitted(client: FlaskClient) -> None:
    """The faults above are what is refused: the same claims without them pass, in any case of the scheme."""
    token = signed()
    late = signed(exp=10**400)
    assert client.get("/v1/customers", headers={"Authorization": f"Bearer {late}"}).status_code == 200
    for scheme in ("Bearer", "bearer", "BEARER  "):
        assert client.get("/v1/customers", headers={"Authorization": f"{scheme} {token}"}).status_code == 200


def test_a_token_expires_although_it_was_good(client: FlaskClient) -> None:
    """A token that was checked once is not good for ever."""
    expires = int(time.time()) + 3
    headers = {"Authorization": "Bearer " + signed(exp=expires)}
    assert client.get("/v1/customers", headers=headers).status_code == 200
    with time_machine.travel(expires + 0.1):
        assert client.get("/v1/customers", headers=headers).status_code == 401


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_app_only(client: FlaskClient, world: World, app_only: dict[str, str], operation_id: str) -> None:
    """The analytics refuse an app-only token with 403 and code 2032; the customer operations accept it."""
    reply = client.get(path_of(operation_id, world.customer_id(0)), headers=app_only)
    if operation_id in USER_ONLY:
        assert (reply.status_code, reply.get_json()) == (403, body_of("2032", "Access denied"))
    else:
        assert reply.status_code == 200
    assert len(USER_ONLY) == 11


@pytest.mark.parametrize("operation_id", PER_CUSTOMER)
@given(guid=st.uuids(version=4).map(str) | st.just(STRANGER) | st.uuids().map(lambda each: str(each).upper()))
def test_unknown_customer(ask: Ask, operation_id: str, guid: str) -> None:
    """Any GUID that is not of this world: 404, code 60003."""
    reply = ask(path_of(operation_id, guid))
    assert (reply.status, reply.json) == (404, body_of("60003", "Tenant not found"))


def test_a_customer_of_a_larger_world_is_unknown(
    client: FlaskClient, world: World, app_user: dict[str, str]
) -> None:
    """The seed alone does not make a customer: the number of customers bounds them."""
    from dataclasses import replace

    next_one = replace(world, customers=world.customers + 1).customer_id(world.customers)
    assert client.get(f"/v1/customers/{next_one}", headers=app_user).status_code == 404


@pytest.mark.parametrize("operation_id", PER_CUSTOMER)
@pytest.mark.parametrize(
    "malformed",
    [
        "x",
        "123",
        STRANGER[:-1],
        STRANGER + "0",
        STRANGER.replace("-", ""),
        f"{{{STRANGER}}}",
        "%C3%A9",
        "..%2e",
        "%00",
    ],
)
def test_malformed_customer(ask: Ask, operation_id: str, malformed: str) -> None:
    """An id that is no GUID in its usual form: 400, code 3000, naming the parameter."""
    reply = ask(path_of(operation_id, malformed))
    assert (reply.status, reply.json) == (400, body_of("3000", "Invalid property", "customer-id"))


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/nothing", "/v1/analytics", "/v2/customers", "/v1/customers/x/y"]
)
@pytest.mark.parametrize("token", [None, "own"])
def test_unknown_path(ask: Ask, path: str, token: str | None) -> None:
    """An address nobody knows: 404, code 1000, token or not."""
    reply = ask(path, token=token)
    assert (reply.status, reply.json) == (404, body_of("1000", "Not found"))


@pytest.mark.parametrize("operation_id", OPERATIONS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_wrong_method(ask: Ask, world: World, operation_id: str, method: str) -> None:
    """A method the address does not have: 405, and Allow says which it has."""
    reply = ask(path_of(operation_id, world.customer_id(0)), method, body=b"{}")
    assert (reply.status, reply.json) == (405, body_of("405", "Method not allowed"))
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("operation_id", OPERATIONS)
@pytest.mark.parametrize(
    "accept",
    ["text/html", "image/*", "application/xml", "application/json;q=0", "*/*, application/json;q=0", "junk"],
)
def test_unacceptable(ask: Ask, world: World, operation_id: str, accept: str) -> None:
    """Who does not take JSON gets 406, told in JSON all the same."""
    reply = ask(path_of(operation_id, world.customer_id(0)), headers={"Accept": accept})
    assert (reply.status, reply.json) == (406, body_of("406", "Not acceptable"))


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/*",
        "application/json",
        "Application/JSON; charset=utf-8",
        "text/html, */*;q=0.1",
        *(f"application/json;{weight}" for weight in ("q=1.2.3", "q=.", "q=", "q=x", f"q={'9' * 4000}")),
    ],
)
def test_acceptable(ask: Ask, accept: str | None) -> None:
    """Who takes JSON, or says nothing, is served."""
    headers = {} if accept is None else {"Accept": accept}
    assert ask("/v1/customers?size=1", headers=headers).status == 200


@pytest.mark.parametrize(
    "size",
    ["501", "-1", "+5", "x", "", "1.0", "1e2", " 7", "%EF%BC%95", "9" * 400, "0000000011999", "1_0"],
)
def test_invalid_size(ask: Ask, size: str) -> None:
    """A size that is not a whole number from 0 to 500: 400, code 3000, naming it."""
    reply = ask(f"/v1/customers?size={size.replace(' ', '%20')}")
    assert (reply.status, reply.json) == (400, body_of("3000", "Invalid property", "size"))


@pytest.mark.parametrize("index", ["-1", "x", "", "1.0", "x&index=y"])
def test_invalid_index(ask: Ask, index: str) -> None:
    """An index that is no whole number is refused also where no page is sought by it."""
    reply = ask(f"/v1/customers?index={index}")
    assert (reply.status, reply.json) == (400, body_of("3000", "Invalid property", "index"))


@pytest.mark.parametrize(
    ("query", "token", "named"),
    [
        ("?seekOperation=Next", None, "MS-ContinuationToken"),
        ("", "x", "seekOperation"),
        ("?seekOperation=Sideways", "x", "seekOperation"),
    ],
)
def test_half_a_continuation(ask: Ask, query: str, token: str | None, named: str) -> None:
    """A continuation wants both its query parameter and its header: the first page again would never end."""
    reply = ask(f"/v1/customers{query}", headers={} if token is None else {"MS-ContinuationToken": token})
    assert (reply.status, reply.json) == (400, body_of("3000", "Invalid property", named))


def test_the_order_of_the_checks(
    client: FlaskClient, app_user: dict[str, str], app_only: dict[str, str]
) -> None:
    """Token before its kind, before Accept, before the id's form, before the customer."""
    wrong = {"Accept": "text/html"}
    usage = "/v1/customers/{}/analytics/licenses/usage"
    statuses = [
        client.get(usage.format("x"), headers=wrong).status_code,
        client.get(usage.format("x"), headers=app_only | wrong).status_code,
        client.get(usage.format("x"), headers=app_user | wrong).status_code,
        client.get(usage.format("x"), headers=app_user).status_code,
        client.get(usage.format(STRANGER), headers=app_user).status_code,
    ]
    assert statuses == [401, 403, 406, 400, 404]


HEADER_VALUES = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40)
HEADER_NAMES = [
    *(
        "Authorization",
        "Accept",
        "Accept-Encoding",
        "MS-RequestId",
        "MS-CorrelationId",
        "MS-Contract-Version",
    ),
    *(
        "X-Locale",
        "MS-ContinuationToken",
        "Content-Type",
        "Cookie",
        "If-None-Match",
        "Range",
        "X-Forwarded-For",
    ),
    *("Origin", "X-HTTP-Method-Override"),
]
LIKELY_VALUES = ["Bearer x", "application/json", "*/*", "gzip", "bytes=0-1", "Basic =", "a;q=x"]
HEADERS = st.dictionaries(st.sampled_from(HEADER_NAMES), HEADER_VALUES | st.sampled_from(LIKELY_VALUES))
LIKELY_SEGMENTS = [
    *("v1", "V1", "customers", "analytics", "licenses", "usage", "deployment", STRANGER, "_admin", "world"),
    *(
        "scenario",
        "static",
        "oauth2",
        "token",
        "v2.0",
        "..",
        ".",
        "%2e%2e",
        "%00",
        "%FF",
        "%0d%0aX:%20y",
        "%",
    ),
]
# What is no URI at all, the HTTP library refuses before any application sees it.
URI_CHARACTERS = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='#?"<>\\^`{|}')
SEGMENTS = st.sampled_from(["", *LIKELY_SEGMENTS]) | st.text(URI_CHARACTERS, max_size=10)
PATHS = st.lists(SEGMENTS, max_size=7).map(lambda segments: "/" + "/".join(segments))
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])


@settings(max_examples=300)
@given(
    method=METHODS,
    path=PATHS,
    query=st.sampled_from(["", "?", "?size=%FF", "?a=1&a=2", "?%00"]),
    headers=HEADERS,
)
def test_nothing_breaks_it(ask: Ask, method: str, path: str, query: str, headers: dict[str, str]) -> None:
    """Whatever is asked: never a 5xx or a traceback, always JSON (or the page) and the common headers."""
    reply = ask(path + query, method, headers, token=None)
    assert reply.status < 500
    assert b"Traceback" not in reply.body
    assert {name.lower() for name in CATALOGUE.common_headers} <= reply.headers.keys()
    if method != "HEAD" and reply.status != 204 and not reply.headers["content-type"].startswith("text/html"):
        assert reply.headers["content-type"] == CATALOGUE.content_type
        assert isinstance(reply.json, dict)


class _Broken:
    """A world whose rows cannot be had: the planted fault."""

    seed, customers, percent_scale = 7, 1, 100
    as_of = date(2026, 11, 22)

    def rows(self, resource: str, customer: int | None = None) -> list[dict[str, Any]]:
        raise RuntimeError("a secret of the inside")


def test_a_crash_is_a_documented_500(
    make_app: Callable[..., Flask], app_user: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """A crash answers the documented 500, tells nothing more, and is logged once under its request id."""
    client = make_app(_Broken()).test_client()
    request_id = "61b72c06-ace9-4751-bbff-48209dce63ca"
    reply = client.get("/v1/analytics/licenses/usage", headers=app_user | {"MS-RequestId": request_id})
    assert (reply.status_code, json.loads(reply.data)) == (500, body_of("500", "Internal server error"))
    assert reply.headers["MS-RequestId"] == request_id
    (record,) = caplog.records
    assert request_id in record.getMessage()
    assert record.exc_info is not None


@pytest.mark.parametrize(
    "path", ["/_admin/nope", "/_admin/health/more", "/_admin", "/_admin/", "//_admin//nope"]
)
def test_an_unknown_control_is_refused_in_the_admins_words(ask: Ask, path: str) -> None:
    """A path that is no control says which there are; a wrong method, which are right."""
    nothing, wrong = ask(path), ask("/_admin/journal", "POST", body=b"{}")
    assert nothing.status == 404
    assert " is no control; there are " in nothing.json["error"]
    assert {"journal", "verdict", "clock"} <= set(nothing.json["error"].replace(",", "").split())
    assert (wrong.status, wrong.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert wrong.json["error"] == "/_admin/journal takes GET, HEAD, OPTIONS, not POST"
