"""`health` tells a fake from nothing and from something else."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.cli import health as verb
from partner_insights.cli.verbs import main
from partner_insights.server.http.response import SERVER_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import SplitResult


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningFake]:
    """As in a container: its admin API is not open to callers without the token."""
    with running_fake("--customers=2", "--host=0.0.0.0", "--tls-self-signed") as running:
        yield running


@pytest.fixture
def stranger() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def health(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["health", *arguments], env=environment)


def test_a_fake_is_healthy(fake: RunningFake) -> None:
    """Over TLS, without a token and whatever the certificate; the variable names it as well."""
    assert (health(fake.url).exit_code, health(fake.url).output) == (0, "")
    assert health(PARTNER_INSIGHTS_URL=fake.url).exit_code == 0


def test_something_else_is_none(stranger: str) -> None:
    """Another server is exit 1, and said so."""
    result = health(stranger)
    assert result.exit_code == 1
    assert result.stderr.endswith(f"what answers at {stranger} is no fake\n")


def test_nothing_is_waited_for(fake: RunningFake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing answers it is exit 3, at once or after --wait; a fake that comes meanwhile is seen."""
    nothing = "http://user:pw@127.0.0.1:1/é"
    assert "pw" not in health(nothing).output
    assert health(nothing).exit_code == health(nothing, "--wait=0.1").exit_code == 3
    looks = iter([ConnectionRefusedError, ConnectionResetError])
    look = verb._is_fake

    def late(server: SplitResult) -> bool:
        for error in looks:
            raise error
        return look(server)

    monkeypatch.setattr(verb, "_is_fake", late)
    assert health(fake.url, "--wait=5").exit_code == 0


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8010",
        "ftp://127.0.0.1",
        "http://",
        "http://[::1",
        "http://a:99999",
        "http://a..b",
        "http://u:pw@é..x",
    ],
)
def test_a_url_that_is_none(url: str) -> None:
    """It is exit 2, with one that would do, and without a password of it."""
    result = health(url)
    assert result.exit_code == 2
    assert "pw" not in result.output
    assert "give one like http://127.0.0.1:8010" in result.output


def test_it_knows_how_a_fake_calls_itself() -> None:
    """The name stands in two places, so that the verb needs not load the server."""
    assert verb._SERVER_ID == SERVER_ID
