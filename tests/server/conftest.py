"""A running fake, an application in this process, and one way to ask either."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import pytest

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.contract import Catalogue
from partner_insights.server import Settings, create_app
from partner_insights.server.auth.tokens import PARTNER_CENTER, Subject, Tokens
from partner_insights.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flask import Flask
    from flask.testing import FlaskClient

AS_OF = date(2026, 11, 22)
KEY = b"the key of the tests, 32 bytes.."


@dataclass(frozen=True)
class Reply:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body.decode("utf-8"))


class Ask(Protocol):
    def __call__(
        self,
        path: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
        token: str | None = "own",
    ) -> Reply: ...


def ask_of(fake: RunningFake) -> Ask:
    """Requests over a connection of their own; `token="own"` is the fake's."""

    def ask(
        path: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
        token: str | None = "own",
    ) -> Reply:
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {fake.token if token == 'own' else token}")
        connection = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=10)
        try:
            connection.putrequest(method, path, skip_host="Host" in sent, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value.encode("latin-1"))
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            content = response.read()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, content)
        finally:
            connection.close()

    return ask


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture(scope="session")
def world(catalogue: Catalogue) -> World:
    """The same world as the running fake's."""
    return World(catalogue, seed=7, customers=23, as_of=AS_OF)


@pytest.fixture(scope="session")
def fake() -> Iterator[RunningFake]:
    with running_fake("--seed", "7", "--customers", "23", "--as-of", AS_OF.isoformat()) as running:
        yield running
        assert "Traceback" not in running.output


@pytest.fixture(scope="session")
def patched_fake(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Fakes some of whose constants are others: each as what its ready file has, until the context ends."""

    @contextlib.contextmanager
    def patched_fake(constants: str, *options: str) -> Iterator[SimpleNamespace]:
        folder = tmp_path_factory.mktemp("patched")
        script, ready = folder / "patched.py", folder / "ready.json"
        script.write_text(
            "from partner_insights.cli import main\n"
            "from partner_insights.server.http import request\n"
            "from partner_insights.server.process import connection, connections\n"
            "if __name__ == '__main__':\n"
            f"    {constants}\n"
            "    main()\n"
        )
        words = ["serve", "--port", "0", "--ready-file", str(ready), *options]
        process = subprocess.Popen([sys.executable, str(script), *words], stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while not ready.exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield SimpleNamespace(**json.loads(ready.read_text()))
        finally:
            process.terminate()
            process.wait(10)

    return patched_fake


@pytest.fixture(scope="session")
def ask(fake: RunningFake) -> Ask:
    return ask_of(fake)


@pytest.fixture(scope="session")
def asking() -> Callable[[RunningFake], Ask]:
    """For tests that start fakes of their own."""
    return ask_of


@pytest.fixture(scope="session")
def make_app(catalogue: Catalogue, world: World) -> Callable[..., Flask]:
    """An application in this process, its tokens signed with a key the tests know."""

    def make(world: World = world, **settings: Any) -> Flask:
        return create_app(world, catalogue, Settings(token_key=KEY, **settings))

    return make


@pytest.fixture(scope="session")
def tokens() -> Tokens:
    return Tokens(KEY, 7)


@pytest.fixture(scope="session")
def app_user(tokens: Tokens) -> dict[str, str]:
    """The Authorization header of an App+User caller of `make_app`."""
    token = tokens.access(Subject("contoso.example", "app", "admin@contoso.example"), PARTNER_CENTER)
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="session")
def app_only(tokens: Tokens) -> dict[str, str]:
    token = tokens.access(Subject("contoso.example", "app"), PARTNER_CENTER)
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def client(make_app: Callable[..., Flask]) -> FlaskClient:
    return make_app().test_client()
