"""What is written down about signing in: nothing that could be used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from partner_insights.server.auth.tokens import PARTNER_CENTER

if TYPE_CHECKING:
    import pytest

    from conftest import DirectoryClient

TOKENS = ("access_token", "refresh_token", "id_token")


def test_nothing_secret_is_written_down(client: DirectoryClient, capsys: pytest.CaptureFixture[str]) -> None:
    """No code, token, secret, password or verifier in journal, verdict, identity or output."""
    back = client.returned(client.authorize(login_hint="ann@contoso.example"))
    answer = client.redeem(back["code"], client_secret="a-client-secret").json
    form = {"grant_type": "password", "client_id": "app", "username": "ann@contoso.example"}
    form |= {"password": "a-password-of-ann", "resource": PARTNER_CENTER}
    password = client.post("/contoso.example/oauth2/token", data=form).json
    device = client.post(
        "/contoso.example/oauth2/devicecode", data={"client_id": "app", "resource": "r"}
    ).json
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    client.get("/v1/analytics/licenses/usage", headers=bearer)
    exchange = client.post("/generatetoken", headers=bearer, data={"grant_type": "jwt_token"}).json
    secrets = {
        back["code"],
        *(
            each[name]
            for each in (answer, password)
            for name in ("access_token", "refresh_token", "id_token")
        ),
        exchange["access_token"],
        device["device_code"],
        "a-client-secret",
        "a-password-of-ann",
        "a-verifier-of-forty-three-characters-or-more",
    }
    views = [client.get(f"/_admin/{view}").json for view in ("journal", "verdict", "identity", "world")]
    written = json.dumps(views) + "".join(capsys.readouterr())
    assert "/oauth2/v2.0/authorize" in written
    assert not [secret for secret in secrets if secret in written]
