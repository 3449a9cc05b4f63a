"""Foreign names and other sites' pages: refused everywhere, before faults and journal, in both lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from partner_insights.child_server import running_fake
from partner_insights.cli import main
from partner_insights.request_source import host_name, is_cross_site, means_this_machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from conftest import Ask

USAGE = "/v1/analytics/licenses/usage"
TOKEN = "/contoso.example/oauth2/v2.0/token"
AUTHORIZE = (
    "/contoso.example/oauth2/v2.0/authorize?client_id=app&response_type=code&redirect_uri=http://localhost"
)
PATHS = [
    *(USAGE, "/v1/customers", "/v1/nowhere", TOKEN, AUTHORIZE, "/generatetoken", "/", "/openapi.json"),
    *(
        "/favicon.ico",
        "/_console/console.js",
        "/_admin/health",
        "/_admin/journal",
        "/_admin/nope",
        "/_sessions/nope/v1/customers",
    ),
]
OWN = [
    "localhost",
    "LOCALHOST:8010",
    "fake.localhost",
    "localhost.",
    "127.0.0.1:1",
    "127.9.9.9",
    "[::1]:8010",
]
REAL = [
    "api.partnercenter.microsoft.com",
    "login.microsoftonline.com:443",
    "login.windows.net",
    "login.chinacloudapi.cn",
]
FOREIGN = [
    *(
        "evil.example",
        "evil.example:8010",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "notlocalhost",
    ),
    *("0.0.0.0:8010", "[::]", "[::ffff:127.0.0.1]:8010", "192.0.2.7", "x"),
    "api.partnercenter.microsoft.com.evil.example",
]
NO_HOST = [
    *("", ":8010", "[", "[::1", "x@localhost", "localhost,localhost", "localhost,evil.example"),
    *("localhost/../evil", "local host", "localhost:x", "b\u00fccher.example", "<localhost>", "a\\b"),
]
CROSS = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "null,http://localhost"},
    {"Origin": "app://localhost"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin,cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
]
SAME = [
    {},
    {"Origin": "http://localhost"},
    {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
]
FOLLOWED = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
"""As Chromium sends where a link is followed."""


@pytest.mark.parametrize("host", NO_HOST)
def test_a_host_that_is_none_is_refused_everywhere(make_app: Callable[..., Flask], host: str) -> None:
    """Host with an invalid value, or with two: 400 (RFC 9112, 3.2), whichever names are allowed."""
    for allowed in ((), ("*",)):
        client = make_app(allowed_hosts=allowed).test_client()
        for path in PATHS:
            reply = client.get(path, headers={"Host": host})
            assert reply.status_code == 400, path
            told = reply.get_json()["error" if path.startswith("/_admin/") else "description"]
            assert "Host field" in told


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_name_is_refused_everywhere(make_app: Callable[..., Flask], host: str) -> None:
    """Whatever is asked for, under a name that a page may have led here: 421, in one's own words."""
    client = make_app().test_client()
    for path in PATHS:
        for method in ("GET", "POST"):
            reply = client.open(path, method=method, headers={"Host": host})
            assert reply.status_code == 421, path
            told = reply.get_json()["error" if path.startswith("/_admin/") else "description"]
            assert "--allow-host" in told


@pytest.mark.parametrize("host", [*OWN, *REAL, "fake.example:8010"])
def test_own_and_real_names_are_answered(
    make_app: Callable[..., Flask], app_user: dict[str, str], host: str
) -> None:
    """Names of loopback, the real services' names, and the names allowed."""
    client = make_app(allowed_hosts=("fake.example",)).test_client()
    assert client.get(USAGE, headers=app_user | {"Host": host}).status_code == 200
    assert client.get("/_admin/health", headers={"Host": host}).status_code == 200


def test_bound_outside_any_name_will_do_unless_some_are_allowed(make_app: Callable[..., Flask]) -> None:
    """Other machines have names of their own for this one; naming some shuts out the rest."""
    outside = {"headers": {"Host": "evil.example"}}
    assert make_app(trust_loopback=False).test_client().get(USAGE, **outside).status_code == 401
    named = make_app(trust_loopback=False, allowed_hosts=("fake.example",)).test_client()
    assert named.get(USAGE, **outside).status_code == 421
    assert named.get(USAGE, headers={"Host": "fake.example"}).status_code == 401


@pytest.mark.parametrize("headers", CROSS)
def test_another_sites_page_is_refused_everywhere(
    make_app: Callable[..., Flask], app_user: dict[str, str], headers: dict[str, str]
) -> None:
    """Every path and method, with a token or without: 403."""
    client = make_app().test_client()
    client.get(USAGE, headers=app_user)
    for path in PATHS:
        for method in ("GET", "POST", "HEAD", "OPTIONS"):
            assert client.open(path, method=method, headers=app_user | headers).status_code == 403, path


@pytest.mark.parametrize("headers", SAME)
def test_ones_own_page_and_other_clients_are_not(
    make_app: Callable[..., Flask], app_user: dict[str, str], headers: dict[str, str]
) -> None:
    """The fake's own pages, a person who types the address, and what is no browser."""
    client = make_app().test_client()
    for path in (USAGE, "/", "/_admin/health", "/openapi.json"):
        assert client.get(path, headers=app_user | headers).status_code == 200


def test_links_lead_to_pages_and_to_nothing_else(make_app: Callable[..., Flask]) -> None:
    """Another site's link may open the console and begin a sign-in; no form of it decides there."""
    client = make_app().test_client()
    assert client.get("/", headers=FOLLOWED).status_code == 200
    assert client.get(AUTHORIZE, headers=FOLLOWED).status_code == 302
    for path in (USAGE, "/_admin/journal", "/openapi.json"):
        assert client.get(path, headers=FOLLOWED).status_code == 403
    # A page of an origin allowed signs in silently, in a frame that nobody sees.
    framed = FOLLOWED | {"Sec-Fetch-Dest": "iframe"}
    opened = make_app(cors_origins=("https://app.example",)).test_client()
    assert [each.get(AUTHORIZE, headers=framed).status_code for each in (client, opened)] == [403, 302]
    assert [opened.get(path, headers=framed).status_code for path in ("/", USAGE)] == [403, 403]
    decided = client.post("/contoso.example/oauth2/deviceauth", data={"decision": "accept"}, headers=FOLLOWED)
    assert decided.status_code == 403


def test_they_consume_no_fault_and_are_not_in_the_journal(ask: Ask) -> None:
    """Over HTTP, in the fast lane as well: the plan waits for the client, and only it is judged."""
    strangers = ({"Host": "evil.example"}, *CROSS)
    ask("/_admin/reset", "POST", token=None)
    for _ in range(2):
        assert ask(USAGE).status == 200
    plan = b'{"faults": [{"operation": "*", "code": 503}], "all": true}'
    made = ask("/_admin/faults", "POST", {"Content-Type": "application/json"}, body=plan, token=None)
    assert made.status == 201
    assert [ask(USAGE, headers=each).status for each in strangers] == [421] + [403] * len(CROSS)
    assert ask("/_admin/faults", token=None).json["plans"][0]["faults"][0]["consumed"] is False
    assert ask(USAGE).status == 503
    entries = ask("/_admin/journal", token=None).json["entries"]
    assert [entry["status"] for entry in entries] == [200, 200, 503]
    assert ask("/_admin/reset", "POST", token=None).status == 200


def test_the_options_say_otherwise(asking: Callable[..., Ask]) -> None:
    """`--allow-host` opens a name and the controls under it, `--cors-origin` the API to an origin's pages."""
    with running_fake("--allow-host", "Fake.example", "--cors-origin", "https://app.example") as fake:
        ask = asking(fake)
        assert ask(USAGE, headers={"Host": "fake.example:80"}).status == 200
        assert ask("/_admin/health", headers={"Host": "fake.example"}, token=None).status == 200
        assert ask(USAGE, headers={"Host": "other.example"}).status == 421
        page = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
        for _ in range(2):
            assert ask(USAGE, headers=page | {"Origin": "https://app.example"}).status == 200
        assert ask(USAGE, headers=page | {"Origin": "https://other.example"}).status == 403
        assert ask(USAGE, headers=page).status == 403
        assert ask("/_admin/health", headers=page | {"Origin": "https://app.example"}).status == 403


@pytest.mark.parametrize(
    "host", ["http://fake.example", "fake.example:8010", "", "a b", "fake.example/", "*", "::1"]
)
def test_what_is_no_host_is_said_to_be_none(host: str) -> None:
    """Exit code 2, with the form of one: it would never be in a Host field."""
    refused = CliRunner().invoke(main, ["serve", "--allow-host", host])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"--allow-host: {host!r} is no host" in refused.stderr


@pytest.mark.parametrize(
    ("headers", "cross"), [*((each, True) for each in CROSS), *((each, False) for each in SAME)]
)
def test_what_browsers_say(headers: dict[str, str], cross: bool) -> None:
    """Sec-Fetch-Site counts where there is one, Origin otherwise."""
    said: Any = headers.get("Origin"), headers.get("Sec-Fetch-Site")
    followed = headers.get("Sec-Fetch-Dest") == "document"
    assert is_cross_site("localhost", *said) is (cross or followed)
    assert is_cross_site(None, "http://localhost", None)
    assert is_cross_site("", "null", None)


def test_names_are_read_in_time() -> None:
    """64 KiB of anything, and nothing but loopback means this machine."""
    assert host_name("a" * 60_000 + ".") == "a" * 60_000
    assert host_name("." * 60_000 + ":") == "." * 59_999
    assert host_name("[" * 60_000) is None
    assert [means_this_machine(host_name(each) or "") for each in OWN] == [True] * len(OWN)
    assert not any(means_this_machine(host_name(each) or "") for each in (*FOREIGN, *NO_HOST))
