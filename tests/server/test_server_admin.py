"""The controls: what they say, what they change, and whom they obey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from partner_insights import __version__
from partner_insights.errors import InputError
from partner_insights.server.admin.wrong_tokens import WrongTokens
from partner_insights.server.scenarios import SCENARIOS, combine

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from conftest import Ask
    from partner_insights.child_server import RunningFake

USAGE = "/v1/analytics/licenses/usage"
CONTROLS = [
    ("GET", "/_admin/health"),
    ("GET", "/_admin/world"),
    ("POST", "/_admin/reset"),
    ("GET", "/_admin/scenario"),
    ("GET", "/_admin/token"),
    ("GET", "/_admin/figures"),
    ("GET", "/_admin/customers"),
    ("POST", "/_admin/scenario"),
    ("GET", "/"),
]
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}
STRANGERS: dict[str, dict[str, Any]] = {
    "peer": {"environ_base": ELSEWHERE},
    "rebound": {"headers": {"Host": "rebound.example:8010"}},
    "junk-host": {"headers": {"Host": "["}},
    "cross-site": {"headers": {"Origin": "https://elsewhere.example"}},
    "wrong-token": {"headers": {"X-Admin-Token": "wrong"}, "environ_base": ELSEWHERE},
}
NO_SWITCH: list[tuple[Any, str]] = [
    *((body, "send JSON") for body in ({}, [], {"scenario": []}, {"scenario": [1]}, {"scenario": None})),
    ({"scenario": "bomb"}, "there is no scenario 'bomb'"),
    ({"scenario": ["outage", "bom"]}, "do not combine"),
]


def test_it_says_what_is_faked(ask: Ask, fake: RunningFake) -> None:
    """Health and world answer a local caller without any token."""
    assert ask("/_admin/health", token=None).json == {"status": "ok"}
    told = ask("/_admin/world", token=None).json
    assert 0 <= told.pop("uptimeSeconds") < 1000
    assert told.pop("revision") >= 0
    assert told == {
        "seed": 7, "customers": 23, "given": 0, "invalid": 0, "asOf": fake.as_of.isoformat(),
        "percentScale": 100, "scenario": ["healthy"], "auth": "jwt", "workers": 1, "version": __version__,
    }  # fmt: skip


def test_scenarios_are_listed(ask: Ask) -> None:
    """Every scenario is listed with a line, and with those it does not combine with."""
    listed = ask("/_admin/scenario", token=None).json
    assert listed["active"] == ["healthy"]
    assert [each["name"] for each in listed["scenarios"]] == list(SCENARIOS)
    assert all(each["description"] for each in listed["scenarios"])
    for one in listed["scenarios"]:
        for other in listed["scenarios"]:
            if one is not other:
                assert (other["name"] in one["conflicts"]) == clash(one["name"], other["name"])


def clash(*names: str) -> bool:
    try:
        combine(names)
    except InputError:
        return True
    return False


def test_a_switch_changes_the_next_answer_until_reset(client: FlaskClient, app_user: dict[str, str]) -> None:
    """A scenario is in force from the next answer on; reset brings back the start's."""
    before = client.get(USAGE, headers=app_user).data
    reply = client.post("/_admin/scenario", json={"scenario": ["silent-empty", "bom"]})
    assert (reply.status_code, reply.get_json()["active"]) == (200, ["silent-empty", "bom"])
    assert client.get(USAGE, headers=app_user).data.startswith(b'\xef\xbb\xbf{"totalCount":0')
    assert client.post("/_admin/scenario", json={"scenario": "outage"}).status_code == 200
    assert client.get(USAGE, headers=app_user).status_code == 503
    assert client.post("/_admin/reset").get_json()["active"] == ["healthy"]
    assert client.get(USAGE, headers=app_user).data == before


def test_reset_returns_to_the_scenario_of_the_start(make_app: Callable[..., Flask]) -> None:
    """What `--scenario` named is where reset leads."""
    client = make_app(scenarios=("stale",)).test_client()
    client.post("/_admin/scenario", json={"scenario": "healthy"})
    assert client.post("/_admin/reset").get_json()["active"] == ["stale"]


@pytest.mark.parametrize(("body", "part"), NO_SWITCH)
def test_a_bad_switch_changes_nothing(client: FlaskClient, body: Any, part: str) -> None:
    """What cannot be put in force is refused with 400, in words, and leaves all as it was."""
    client.post("/_admin/scenario", json={"scenario": "stale"})
    reply = client.post("/_admin/scenario", json=body)
    assert reply.status_code == 400
    assert part in reply.get_json()["error"]
    assert client.get("/_admin/scenario").get_json()["active"] == ["stale"]


def test_several_workers_do_not_switch(make_app: Callable[..., Flask]) -> None:
    """With several workers a switch would reach one of them: refused, and reset has nothing to do."""
    client = make_app(workers=2, scenarios=("bom",)).test_client()
    reply = client.post("/_admin/scenario", json={"scenario": "healthy"})
    assert (reply.status_code, "workers" in reply.get_json()["error"]) == (409, True)
    assert client.post("/_admin/reset").get_json()["active"] == ["bom"]


@pytest.mark.parametrize(("method", "path"), CONTROLS)
@pytest.mark.parametrize("stranger", STRANGERS)
def test_strangers_are_refused(make_app: Callable[..., Flask], method: str, path: str, stranger: str) -> None:
    """A peer elsewhere, another site: 403 on every control and the page; a rebound name 421, junk 400."""
    client = make_app(admin_token="the secret").test_client()
    reply = client.open(path, method=method, **STRANGERS[stranger])
    assert reply.status_code == {"rebound": 421, "junk-host": 400}.get(stranger, 403)
    assert "curl" not in reply.get_data(as_text=True)


@pytest.mark.parametrize("header", [{"X-Admin-Token": "the secret"}, {"Authorization": "bearer the secret"}])
@pytest.mark.parametrize(("trust", "name"), [(True, "localhost"), (False, "fake.example")])
def test_the_admin_token_opens_from_anywhere(
    make_app: Callable[..., Flask], header: dict[str, str], trust: bool, name: str
) -> None:
    """Whoever has the token is obeyed, from any peer, by any name the fake answers to."""
    client = make_app(admin_token="the secret", trust_loopback=trust).test_client()
    reply = client.get(
        "/_admin/world", headers={"Host": name, **header}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert reply.status_code == 200


def test_no_control_is_kept_or_taken_for_something_else(client: FlaskClient) -> None:
    """Answers and refusals of every control say no-store and nosniff: they hold tokens, and what was sent."""
    for method, path in (*CONTROLS, ("GET", "/_admin/nope"), ("DELETE", "/_admin/reset")):
        headers = client.open(path, method=method).headers
        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff"), path
    plan = client.post("/_admin/faults", json={"faults": [{"operation": "*", "code": 503}]})
    assert (plan.status_code, plan.headers["Cache-Control"]) == (201, "no-store")


def test_guessing_is_slowed_and_no_other_address_waits(make_app: Callable[..., Flask]) -> None:
    """After five wrong tokens an address is not heard for a second, then two, whatever it sends."""
    app = make_app(admin_token="the secret", trust_loopback=False)

    def ask(token: str, peer: str = "192.0.2.7") -> Any:
        client = app.test_client()
        return client.get(
            "/_admin/world", headers={"X-Admin-Token": token}, environ_base={"REMOTE_ADDR": peer}
        )

    assert [ask("wrong").status_code for _ in range(6)] == [403] * 5 + [429]
    assert ask("the secret").status_code == 429
    assert int(ask("wrong").headers["Retry-After"]) == 1
    assert ask("the secret", "192.0.2.8").status_code == 200
    # An address of IPv6 stands for all its client may take.
    assert [ask("wrong", f"2001:db8::{number}").status_code for number in range(6)] == [403] * 5 + [429]
    assert ask("the secret", "2001:db8:0:1::1").status_code == 200


def test_wrong_tokens_are_counted_within_bounds() -> None:
    """The wait doubles up to a minute, ends, and is forgotten with the right token; so are old addresses."""
    now = 0.0
    wrong = WrongTokens(lambda: now)
    waits = []
    for _ in range(200):
        wrong.add("192.0.2.7")
        waits.append(wrong.wait("192.0.2.7"))
    assert waits[:12] == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert waits[-1] == 60
    now = 60.0
    assert wrong.wait("192.0.2.7") == 0
    wrong.forget("192.0.2.7")
    wrong.add("::ffff:192.0.2.7")
    assert wrong.wait("192.0.2.7") == 0
    for number in range(10_001):
        wrong.add(f"10.0.{number // 256}.{number % 256}")
    assert len(wrong._seen) == 10_000
    assert wrong.wait(None) == wrong.wait("no address") == 0


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost:8010", "127.0.0.1", "[::1]:8010"])
def test_local_callers_need_no_token_unless_bound_outside(
    make_app: Callable[..., Flask], peer: str, host: str
) -> None:
    """Loopback is trusted where the fake is bound to loopback, and only there."""
    for trust, status in ((True, 200), (False, 403)):
        client = make_app(admin_token="the secret", trust_loopback=trust).test_client()
        reply = client.get("/_admin/health", headers={"Host": host}, environ_base={"REMOTE_ADDR": peer})
        assert reply.status_code == status


def test_json_nested_beyond_reason_is_none(client: FlaskClient) -> None:
    """A body that no reader of JSON can hold is refused in words, like any that is none."""
    for path in ("/_admin/faults", "/_admin/clock", "/_admin/scenario"):
        refused = client.post(path, data="[" * 100_000, content_type="application/json")
        assert (refused.status_code, "send JSON" in refused.get_json()["error"]) == (400, True)


def test_the_description_is_served(ask: Ask, catalogue: Any) -> None:
    """`/openapi.json` is the description, with every operation in it."""
    reply = ask("/openapi.json", token=None)
    described = reply.json
    assert described["openapi"].startswith("3.1")
    assert {each.path for each in catalogue.operations.values()} <= described["paths"].keys()
