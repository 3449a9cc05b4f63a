"""Throttled, flaky and slow days, and the clock: what they do, and that they do it again."""

from __future__ import annotations

import dataclasses
import time
from datetime import date
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.errors import InputError
from partner_insights.server import Settings
from partner_insights.server.faults.random_faults import RandomFaults
from partner_insights.server.faults.rate_limit import MAX_WAIT, Quota, RateLimiter
from partner_insights.server.http.routes import RouteMatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from partner_insights.world import World

USAGE = "/v1/analytics/licenses/usage"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(steps=st.lists(st.tuples(st.floats(0, 3), st.sampled_from([None, "a", "b"])), max_size=200))
def test_quotas_hold_on_both_keys(steps: list[tuple[float, str | None]]) -> None:
    """Within any time no more pass than the burst and what was refilled, per customer and in all."""
    clock, partner, customer = Clock(), Quota("partner", 5, 2.0), Quota("customer", 3, 0.5)
    throttle = RateLimiter(clock, partner, customer)
    passed: list[tuple[float, str | None]] = []
    for step, who in steps:
        clock.now += step
        if throttle.check(who) is None:
            passed.append((clock.now, who))
    for start, (began, _) in enumerate(passed):
        for stop in range(start, len(passed)):
            lasted = passed[stop][0] - began
            window = passed[start : stop + 1]
            assert len(window) <= 5 + 2.0 * lasted + 1e-6
            for who in "ab":
                assert sum(each[1] == who for each in window) <= 3 + 0.5 * lasted + 1e-6


def test_who_waits_is_let_in_and_who_does_not_waits_longer() -> None:
    """After Retry-After a request passes; one before its time extends the wait, up to a bound."""
    clock = Clock()
    throttle = RateLimiter(clock, Quota("partner", 100, 1.0), Quota("customer", 1, 0.5))
    assert throttle.check("a") is None
    refused = throttle.check("a")
    assert refused is not None
    assert (refused.key, refused.retry_after) == ("customer", 2)
    assert throttle.check("b") is None
    clock.now += 1.5
    again = throttle.check("a")
    assert again is not None
    assert again.retry_after == 2  # half a second was left; one more is added
    clock.now += again.retry_after
    assert throttle.check("a") is None
    for _ in range(200):
        longest = throttle.check("a")
    assert longest is not None
    assert longest.retry_after <= MAX_WAIT


def test_throttled_answers_in_its_own_dialect(
    make_app: Callable[..., Flask], app_user: dict[str, str], world: World
) -> None:
    """429 with Retry-After, in its own dialect; another customer passes, until all are too many."""
    client = make_app(scenarios=("throttled",)).test_client()

    def ask(index: int) -> Any:
        path = f"/v1/customers/{world.customer_id(index)}/analytics/licenses/usage"
        return client.get(path, headers=app_user)

    first = [ask(0) for _ in range(11)]
    assert [reply.status_code for reply in first] == [200] * 10 + [429]
    wait = int(first[-1].headers["Retry-After"])
    assert first[-1].get_json() == {
        "statusCode": 429,
        "message": f"Rate limit is exceeded. Try again in {wait} seconds.",
    }
    assert ask(1).status_code == 200
    keys = set()
    for index in range(1, 20):
        for _ in range(8):
            ask(index)
    for entry in client.get("/_admin/journal?status=429").get_json()["entries"]:
        keys.add((entry["retryAfter"] is not None, entry["fault"]))
    assert keys == {(True, "code 429")}
    assert client.get(USAGE, headers=app_user).status_code == 429
    client.post("/_admin/reset")
    assert client.get(USAGE, headers=app_user).status_code == 200


def test_flaky_is_a_seeded_share() -> None:
    """Of many requests a tenth get 500, a tenth 503, one in twenty nothing; the seed says which ones."""
    addresses = [RouteMatch("customer-licenses-usage", str(number)) for number in range(40)]

    def drawn(seed: int, *, backwards: bool = False) -> dict[RouteMatch, list[Any]]:
        weather = RandomFaults(seed)
        order = addresses[::-1] if backwards else addresses
        turns = [(address, weather.fault(address)) for _ in range(50) for address in order]
        return {address: [fault for other, fault in turns if other == address] for address in addresses}

    once = drawn(3)
    assert once == drawn(3) == drawn(3, backwards=True)
    assert once != drawn(4)
    met = [fault and (fault.code or fault.name) for faults in once.values() for fault in faults]
    shares = {what: met.count(what) / len(met) for what in (500, 503, "timeout", None)}
    assert shares == pytest.approx({500: 0.10, 503: 0.10, "timeout": 0.05, None: 0.75}, abs=0.03)


def test_slow_is_lognormal() -> None:
    """Half take longer than a quarter of a second, one in twenty longer than 0.93 s, none for ever."""
    weather = RandomFaults(1)
    taken = [weather.latency(RouteMatch("customers")) for _ in range(2000)]
    assert median(taken) == pytest.approx(0.25, rel=0.1)
    assert sum(each > 0.93 for each in taken) / len(taken) == pytest.approx(0.05, abs=0.02)
    assert all(0 < each <= 10 for each in taken)


def test_slow_requests_take_their_time(make_app: Callable[..., Flask], app_user: dict[str, str]) -> None:
    """On a slow day a request takes what was drawn for it; the answer is the same."""
    slow = make_app(scenarios=("slow",)).test_client()
    began = time.monotonic()
    answer = slow.get(USAGE, headers=app_user).data
    assert time.monotonic() - began >= RandomFaults(7).latency(RouteMatch("partner-licenses-usage"))
    assert answer == make_app().test_client().get(USAGE, headers=app_user).data


def test_a_flaky_day_spoils_a_share_and_leaves_tokens_alone(
    make_app: Callable[..., Flask], app_user: dict[str, str]
) -> None:
    """The drawn requests fail, all others are answered; the token endpoint is another service."""
    client = make_app(scenarios=("flaky",)).test_client()
    weather = RandomFaults(7)
    for _ in range(12):
        fault = weather.fault(RouteMatch("partner-licenses-deployment"))
        if fault is not None and fault.code is None:
            break
        expected = 200 if fault is None else fault.code
        assert client.get("/v1/analytics/licenses/deployment", headers=app_user).status_code == expected
    form = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b", "resource": "c"}
    assert all(client.post("/t/oauth2/token", data=form).status_code == 200 for _ in range(30))


def test_several_workers_do_not_count() -> None:
    """Scenarios that count requests are refused with several workers, and others are not."""
    with pytest.raises(InputError, match="count requests"):
        Settings(scenarios=("bom", "throttled"), workers=2)
    assert Settings(scenarios=("bom", "stale"), workers=2).workers == 2


def test_the_clock_moves_the_data(client: FlaskClient, app_user: dict[str, str], world: World) -> None:
    """On another day the numbers have drifted and processedDateTime follows; the way back leads back."""

    def deployment() -> Any:
        return client.get("/v1/analytics/licenses/deployment", headers=app_user).get_json()

    today, deployed = client.get(USAGE, headers=app_user).get_json(), deployment()
    assert client.post("/_admin/clock", json={"days": 30}).get_json() == {"asOf": "2026-12-22"}
    later = client.get(USAGE, headers=app_user).get_json()
    moved = dataclasses.replace(world, as_of=date(2026, 12, 22))
    assert later["items"] == moved.rows("PartnerLicensesUsageInsights")
    for before, after in zip(today["items"], later["items"], strict=True):
        gone = date.fromisoformat(after["processedDateTime"][:10]) - date.fromisoformat(
            before["processedDateTime"][:10]
        )
        assert gone.days == 30
    sold = [[row["licensesSold"] for row in body["items"]] for body in (deployment(), deployed)]
    assert sold[0] != sold[1]
    assert client.get("/_admin/world").get_json()["asOf"] == "2026-12-22"
    assert client.post("/_admin/clock", json={"asOf": "2026-11-22"}).status_code == 200
    assert client.get(USAGE, headers=app_user).get_json() == today
    client.post("/_admin/clock", json={"days": -1})
    client.post("/_admin/reset")
    assert client.get("/_admin/clock").get_json() == {"asOf": "2026-11-22"}
    assert client.get(USAGE, headers=app_user).get_json() == today


def test_the_clock_and_a_scenario_go_together(client: FlaskClient, app_user: dict[str, str]) -> None:
    """A stale day stays ten days behind the date, wherever that is turned."""
    client.post("/_admin/scenario", json={"scenario": "stale"})
    before = client.get(USAGE, headers=app_user).get_json()["items"][0]["processedDateTime"]
    client.post("/_admin/clock", json={"days": 1})
    after = client.get(USAGE, headers=app_user).get_json()["items"][0]["processedDateTime"]
    assert (date.fromisoformat(after[:10]) - date.fromisoformat(before[:10])).days == 1
    assert client.get("/_admin/scenario").get_json()["active"] == ["stale"]


NO_DAYS = [
    {}, None, {"asOf": "soon"}, {"asOf": "1999-12-31"}, {"days": 10**9}, {"days": -(10**9)}, {"days": 1.5},
    {"days": True}, {"asOf": "2026-11-22", "days": 1},
]  # fmt: skip


@pytest.mark.parametrize("content", NO_DAYS)
def test_no_day_to_turn_to(client: FlaskClient, content: Any) -> None:
    """What is no day is refused in words, and the date stays."""
    reply = client.post("/_admin/clock", json=content)
    assert reply.status_code == 400
    assert reply.get_json()["error"]
    assert client.get("/_admin/clock").get_json() == {"asOf": "2026-11-22"}


def test_several_workers_have_no_clock(make_app: Callable[..., Flask]) -> None:
    """A new date would reach one of the workers only."""
    assert make_app(workers=2).test_client().post("/_admin/clock", json={"days": 1}).status_code == 409
