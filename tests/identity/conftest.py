"""A directory in this process, another over TLS, and one way to post a form to either."""

from __future__ import annotations

import base64
import hashlib
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask.testing import FlaskClient

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.contract import Catalogue
from partner_insights.server import Settings, create_app
from partner_insights.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flask import Flask
    from werkzeug.test import TestResponse

AS_OF = date(2026, 11, 22)
TENANT = "61b72c06-ace9-4751-bbff-48209dce63ca"
V1, V2 = f"/{TENANT}/oauth2", f"/{TENANT}/oauth2/v2.0"
PARTNER_CENTER = "https://api.partnercenter.microsoft.com"
REDIRECT = "http://localhost:8400/back?from=test"
VERIFIER = "a-verifier-of-forty-three-characters-or-more"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class DirectoryClient(FlaskClient):
    """A client of an application in this process that knows its way about the directory."""

    def authorize(self, base: str = V2, **changes: str | None) -> TestResponse:
        """The answer of the authorize endpoint to a good request but for changes; None leaves one out."""
        asked: Mapping[str, str | None] = {
            "client_id": "app",
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": f"openid profile offline_access {PARTNER_CENTER}/user_impersonation",
            "state": "a state & more",
            "nonce": "a nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return self.get(f"{base}/authorize", query_string=_sent(asked, changes))

    def redeem(self, code: str, base: str = V2, /, **changes: str | None) -> TestResponse:
        """The answer of the token endpoint to a code; None leaves a field out."""
        asked: Mapping[str, str | None] = {
            "grant_type": "authorization_code",
            "client_id": "app",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            "client_info": "1",
        }
        return self.post(f"{base}/token", data=_sent(asked, changes))

    def returned(self, response: TestResponse) -> dict[str, str]:
        """The parameters a browser is sent back with, in query or fragment."""
        assert response.status_code == 302, response.text
        location = urlsplit(response.headers["Location"])
        return dict(parse_qsl(location.fragment or location.query, strict_parsing=True))

    def claims(self, token: str) -> dict[str, Any]:
        """What a token says, unverified, as a client sees it."""
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        return claims


def _sent(asked: Mapping[str, str | None], changes: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in {**asked, **changes}.items() if value is not None}


@pytest.fixture(scope="session")
def make_app() -> Callable[..., Flask]:
    """An application in this process."""
    catalogue = Catalogue.load()
    world = World(catalogue, seed=7, customers=5, as_of=AS_OF)

    def make(**settings: Any) -> Flask:
        app = create_app(world, catalogue, Settings(**settings))
        app.test_client_class = DirectoryClient
        return app

    return make


@pytest.fixture(scope="session")
def client(make_app: Callable[..., Flask]) -> FlaskClient:
    return make_app().test_client()


@pytest.fixture(scope="session")
def secure() -> Iterator[RunningFake]:
    """A fake over TLS, as sign-in libraries want it."""
    with running_fake("--seed", "7", "--customers", "5", "--tls-self-signed") as running:
        yield running
        assert "Traceback" not in running.output


class Certificate:
    """An application's certificate of its own making, with its key."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "app")])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(name, name, self._key.public_key(), 1, now, now + timedelta(1))
        self._certificate = builder.sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> str:
        return self._certificate.public_bytes(Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self._certificate.public_bytes(Encoding.DER)

    @property
    def key_pem(self) -> str:
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def thumbprint(self) -> str:
        return self._certificate.fingerprint(hashes.SHA1()).hex()

    def assertion(
        self, algorithm: str = "RS256", headers: dict[str, Any] | None = None, **changes: Any
    ) -> str:
        """A client assertion of the application `app`, good but for the changes."""
        claims = {
            "aud": f"https://login.microsoftonline.com{V2}/token",
            "iss": "app",
            "sub": "app",
            "exp": int(time.time()) + 60,
        }
        return jwt.encode(claims | changes, self._key, algorithm=algorithm, headers=headers)


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    return Certificate()


@pytest.fixture(scope="session")
def ed25519_certificate() -> x509.Certificate:
    """One of a key that RS256 cannot be verified by."""
    key, now = ed25519.Ed25519PrivateKey.generate(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "app")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(1))
    return builder.sign(key, None)
