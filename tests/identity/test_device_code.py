"""Device code: a device shows a code, a person signs in elsewhere, and the device learns of it."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from partner_insights.server.auth import device_code as device_code_module
from partner_insights.server.auth.tokens import PARTNER_CENTER
from partner_insights.server.settings import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from conftest import DirectoryClient

TENANT = "61b72c06-ace9-4751-bbff-48209dce63ca"
V1, V2 = f"/{TENANT}/oauth2", f"/{TENANT}/oauth2/v2.0"

SCOPE = f"{PARTNER_CENTER}/user_impersonation offline_access openid"


def begin(client: DirectoryClient, base: str = V2) -> dict[str, Any]:
    asked = {"client_id": "app", "scope": SCOPE, "resource": PARTNER_CENTER}
    begun: dict[str, Any] = client.post(f"{base}/devicecode", data=asked).json
    return begun


def poll(client: DirectoryClient, device_code: str, base: str = V2, client_id: str = "app") -> Any:
    v1 = {"grant_type": "device_code", "code": device_code, "resource": PARTNER_CENTER}
    v2 = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": device_code}
    return client.post(f"{base}/token", data={"client_id": client_id, **(v1 if base == V1 else v2)}).json


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A second passes, for device codes."""
    passed = 0

    def wait() -> None:
        nonlocal passed
        passed += 1

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed)
    monkeypatch.setattr(device_code_module, "time", clock)
    return wait


@pytest.mark.parametrize(("base", "address"), [(V1, "verification_url"), (V2, "verification_uri")])
def test_somebody_signs_in_by_default(
    client: DirectoryClient, wait: Callable[[], None], base: str, address: str
) -> None:
    """Pending first, then a token, once; both versions name their fields their own way."""
    begun = begin(client, base)
    assert begun[address] == "http://localhost/common/oauth2/deviceauth"
    assert int(begun["interval"]) == 1
    assert begun["user_code"] in begun["message"]
    assert isinstance(begun["expires_in"], str if base == V1 else int)
    assert poll(client, begun["device_code"], base)["error"] == "authorization_pending"
    wait()
    answer = poll(client, begun["device_code"], base)
    assert client.claims(answer["access_token"])["aud"] == PARTNER_CENTER
    assert answer["refresh_token"]
    wait()
    assert poll(client, begun["device_code"], base)["error"] == "bad_verification_code"


def test_who_does_not_wait_is_slowed_down(client: DirectoryClient, wait: Callable[[], None]) -> None:
    """RFC 8628, section 3.5: sooner than the interval is refused, and the interval grows."""
    device_code = begin(client)["device_code"]
    assert poll(client, device_code)["error"] == "authorization_pending"
    assert poll(client, device_code)["error"] == "slow_down"
    wait()
    assert poll(client, device_code)["error"] == "slow_down"


@pytest.fixture
def asking(make_app: Callable[..., Flask]) -> DirectoryClient:
    return make_app(sign_in=SignIn.ASK).test_client()


def decide(client: DirectoryClient, code: str, decision: str) -> Any:
    form = {"user_code": code, "decision": decision, "username": "bob@contoso.example", "mfa": "yes"}
    return client.post("/common/oauth2/deviceauth", data=form)


@pytest.mark.parametrize("decision", ["accept", "decline"])
def test_a_person_decides(asking: DirectoryClient, wait: Callable[[], None], decision: str) -> None:
    """With `ask` it is pending until the page was used; the code may be typed in any case."""
    begun = begin(asking)
    assert poll(asking, begun["device_code"])["error"] == "authorization_pending"
    assert decide(asking, f" {begun['user_code'].lower()} ", decision).status_code == 200
    assert decide(asking, begun["user_code"], decision).status_code == 400
    wait()
    answer = poll(asking, begun["device_code"])
    if decision == "accept":
        assert asking.claims(answer["access_token"])["upn"] == "bob@contoso.example"
    else:
        assert answer["error"] == "authorization_declined"


def test_a_code_nobody_has_is_told_so(asking: DirectoryClient) -> None:
    """The page says it, and shows the form again."""
    page = decide(asking, "NOBODY", "accept")
    assert page.status_code == 400
    assert 'role="alert"' in page.text
    assert asking.get("/common/oauth2/deviceauth").status_code == 200


def test_a_code_expires_with_the_fake_s_date(make_app: Callable[..., Flask]) -> None:
    """A day later it is too late."""
    client = make_app().test_client()
    device_code = begin(client)["device_code"]
    assert client.post("/_admin/clock", json={"days": 1}).status_code == 200
    assert poll(client, device_code)["error"] == "expired_token"


def test_a_device_code_is_its_application_s(client: DirectoryClient) -> None:
    """Another application, or no code at all, gets nothing."""
    device_code = begin(client)["device_code"]
    assert poll(client, device_code, client_id="another")["error"] == "bad_verification_code"
    assert poll(client, "x")["error"] == "bad_verification_code"
