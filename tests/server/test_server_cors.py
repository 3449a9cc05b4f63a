"""CORS: pages of the origins allowed may read every kind of answer, others none, and nobody the controls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from partner_insights.cli import main
from partner_insights.server.response_cache import key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

USAGE = "/v1/analytics/licenses/usage"
HOME = "https://app.example:3000"
ELSEWHERE = "https://elsewhere.example"


def cors(headers: Any) -> dict[str, str]:
    """What the answer says to a browser."""
    return {name: value for name, value in headers if name.startswith("Access-Control-")}


@pytest.fixture
def make(make_app: Callable[..., Flask], app_user: dict[str, str]) -> Callable[..., Any]:
    """`ask(path, origin, **headers)` of a fake that allows these origins."""

    def make(*allowed: str) -> Any:
        client = make_app(cors_origins=allowed).test_client()

        def ask(path: str, origin: str | None, method: str = "GET", **headers: str) -> Any:
            sent = app_user | {name.replace("_", "-"): value for name, value in headers.items()}
            return client.open(path, method=method, headers=sent | ({"Origin": origin} if origin else {}))

        return ask

    return make


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (USAGE, {}, 200),
        (USAGE, {"Authorization": ""}, 401),
        ("/v1/nowhere", {}, 404),
        (USAGE, {"Prefer": "code=429; retryAfter=3"}, 429),
        (USAGE, {"Prefer": "fault=html-error-page"}, 502),
        (USAGE, {"Prefer": "fault=truncate"}, 200),
        (USAGE, {"X_Fault_Plan": "unknown"}, 400),
        ("/openapi.json", {}, 200),
    ],
)
def test_every_kind_of_answer_is_readable(make: Any, path: str, headers: Any, status: int) -> None:
    """Data, refusals, faults planned and preferred, also those of the wire: by the origin allowed alone."""
    ask = make(HOME)
    read = ask(path, HOME, **headers)
    assert (read.status_code, cors(read.headers)["Access-Control-Allow-Origin"]) == (status, HOME)
    exposed = cors(read.headers)["Access-Control-Expose-Headers"].split(", ")
    assert {"MS-RequestId", "MS-CorrelationId", "Retry-After"} <= set(exposed)
    for stranger in (ELSEWHERE, None, "null", HOME + ".evil.example"):
        assert cors(ask(path, stranger, **headers).headers) == {}
    for origin in (HOME, None):
        assert "Origin" in ", ".join(ask(path, origin, **headers).headers.getlist("Vary"))
    assert ask(path, ELSEWHERE, **headers).status_code == 403


@pytest.mark.parametrize("allowed", [HOME, "*"])
def test_a_known_answer_has_the_permission_of_its_own_request(
    make_app: Callable[..., Flask], app_user: dict[str, str], allowed: str
) -> None:
    """Each request that comes again is granted what it was the first time."""
    app = make_app(cors_origins=(allowed,))
    client = app.test_client()
    fast: Any = app.wsgi_app
    for origin in (HOME, None, *([ELSEWHERE] if allowed == "*" else [])):
        sent = app_user | ({"Origin": origin} if origin else {})
        first = client.get(USAGE, headers=sent)
        status, lines, body, *_ = fast.repeat(key_of(first.request.environ), None, None, origin)
        headers = [tuple(each.split(": ", 1)) for each in lines.decode().splitlines()]
        names = [name for name, _ in headers]
        assert (status, body) == (first.status_code, first.data)
        assert names == [name for name, _ in first.headers]
        assert cors(headers) == cors(first.headers)
        assert [each for each in headers if each[0] == "Vary"] == [
            each for each in first.headers if each[0] == "Vary"
        ]
        assert bool(cors(headers)) == (allowed == "*" or origin == HOME)
    assert (client.get(USAGE, headers=app_user | {"Origin": ELSEWHERE}).status_code == 200) == (
        allowed == "*"
    )


def test_a_preflight_is_answered_and_reaches_nothing(make: Any) -> None:
    """Methods and headers asked for are granted to the origin allowed, without a token and without a body."""
    asked = {"Access_Control_Request_Method": "GET", "Authorization": ""}
    wanted = "authorization,ms-requestid, x-locale"
    granted = make(HOME)(USAGE, HOME, "OPTIONS", Access_Control_Request_Headers=wanted, **asked)
    assert (granted.status_code, granted.data) == (204, b"")
    assert cors(granted.headers) == {
        "Access-Control-Allow-Origin": HOME,
        "Access-Control-Allow-Methods": "GET, HEAD, POST",
        "Access-Control-Allow-Headers": wanted,
        "Access-Control-Max-Age": "600",
    }
    refused = make(HOME)(USAGE, ELSEWHERE, "OPTIONS", **asked)
    assert (refused.status_code, cors(refused.headers)) == (403, {})
    plain = make(HOME)(USAGE, HOME, "OPTIONS")
    assert (plain.status_code, plain.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


def test_any_origin(make: Any) -> None:
    """`*` is any, and an answer to all is the same to all."""
    read = make("*")(USAGE, ELSEWHERE)
    assert cors(read.headers)["Access-Control-Allow-Origin"] == "*"
    assert read.headers.getlist("Vary") == ["Accept-Encoding"]


def test_without_the_option_there_is_nothing_of_it(make: Any) -> None:
    """As the real API, which serves no browsers."""
    ask = make()
    preflight = ask(USAGE, HOME, "OPTIONS", Access_Control_Request_Method="GET")
    for refused in (ask(USAGE, HOME), preflight):
        assert (refused.status_code, cors(refused.headers)) == (403, {})
    assert ask(USAGE, None).headers.getlist("Vary") == ["Accept-Encoding"]


@pytest.mark.parametrize("path", ["/_admin/scenario", "/"])
def test_the_controls_are_nobody_elses(make: Any, path: str) -> None:
    """A page of an origin allowed may neither change what the fake answers nor read its controls."""
    ask = make("*", HOME)
    refused = ask(path, HOME)
    assert (refused.status_code, cors(refused.headers)) == (403, {})
    assert ask("/_admin/scenario", HOME, "POST").status_code == 403
    preflight = ask(path, HOME, "OPTIONS", Access_Control_Request_Method="POST")
    assert cors(preflight.headers) == {}


@pytest.mark.parametrize(
    "origin", ["app.example", "https://app.example/", "https://app.example/x", "", "https://a b"]
)
def test_what_is_no_origin_is_said_to_be_none(origin: str) -> None:
    """Exit code 2, with the form of one: a browser would never send it, so it would never match."""
    refused = CliRunner().invoke(main, ["serve", "--cors-origin", origin])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"--cors-origin: {origin!r} is no origin — give scheme, host and port" in refused.stderr
