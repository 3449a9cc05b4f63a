"""Header values from outside may be anything: a law of everything that reads one."""

from __future__ import annotations

import json
import time
from datetime import UTC, date
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partner_insights.contract import Catalogue, Profile
from partner_insights.header_values import moment_of, number_of, seconds_of
from partner_insights.record.anonymizer import Anonymizer
from partner_insights.record.store import Store
from partner_insights.recording_folder import INDEX
from partner_insights.server import Settings, create_app
from partner_insights.server.auth.tokens import PARTNER_CENTER, Subject, Tokens
from partner_insights.verify.judge.exchange import Exchange, Request, Response
from partner_insights.verify.judge.judge import judge_exchange
from partner_insights.verify.recordings.check import RecordingChecker
from partner_insights.verify.run.client import MAX_WAIT, Client
from partner_insights.world import World

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = Catalogue.load()
TOKEN_KEY = b"the key of the tests, 32 bytes.."
ODD = [
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Thu, 01 Jan 1970 00:00:00",
    "Fri, 31 Feb 2026 25:61:61 GMT",
    "²",
    "9" * 4_000,
    "9" * 5_000,
    "٣",
    "-1",
    "+5",
    "1e9",
    "0x10",
    "1_000",
    "inf",
    "nan",
    "",
    "120",
    "a, b",
]
TEXTS = st.sampled_from(ODD) | st.text(max_size=40) | st.datetimes().map(format_datetime)
NAMES = ("Retry-After", "Date", "Content-Length", "Content-Type", "Age", "Expires")


@given(value=TEXTS)
def test_a_value_is_in_range_or_none(value: str) -> None:
    """A number has ten digits at most, and a moment can be reckoned with in UTC."""
    number, moment, seconds = number_of(value), moment_of(value), seconds_of(value)
    assert number is None or 0 <= number < 10**10
    assert moment is None or moment.utcoffset() == UTC.utcoffset(None)
    assert seconds is None or 0 <= seconds < 1e12


@given(value=TEXTS)
@example(value=ODD[0])
@example(value=ODD[4])
def test_the_client_waits_or_stops(value: str) -> None:
    """A 429 with any Retry-After is waited out, or ends the run in words."""
    client = Client("http://127.0.0.1:9", [])
    before = time.monotonic()
    client._postpone(Response(429, (("Retry-After", value),), b""))
    assert client._not_before - before <= MAX_WAIT + 5


@given(value=TEXTS, status=st.sampled_from([200, 429, 500]))
@example(value=ODD[0], status=200)
def test_the_judge_reads_on(value: str, status: int) -> None:
    """Any header of any answer: what is no value says nothing."""
    request = Request("GET", "http://x/v1/analytics/licenses/usage", operation="partner-licenses-usage")
    response = Response(status, tuple((name, value) for name in NAMES), b"{}")
    assert judge_exchange(Exchange(request, response), CATALOGUE, profile=Profile.STRICT)


@pytest.mark.parametrize("value", ODD)
def test_check_reads_on(tmp_path: Path, value: str) -> None:
    """An archive's headers and dates may be anything."""
    recorded = {
        "startedDateTime": value,
        "request": {"method": "GET", "url": "https://x/v1/analytics/licenses/usage", "headers": []},
        "response": {
            "status": 200,
            "bodySize": value,
            "headers": [{"name": name, "value": value} for name in NAMES],
            "content": {"size": value, "text": "{}"},
        },
    }
    path = tmp_path / "odd.har"
    path.write_text(json.dumps({"log": {"entries": [recorded]}}))
    assert RecordingChecker(CATALOGUE, Profile.STRICT).check(path).judged == 1


def test_recorded_values_are_replayed_and_judged(tmp_path: Path) -> None:
    """What `record` stores, and what stands in an index by another hand: nothing fails."""
    folder = tmp_path / "recording"
    store = Store(folder, Anonymizer(b"key", CATALOGUE))
    path = "/v1/customers/{}/analytics/licenses/usage"
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(len(ODD))]
    for customer, value in zip(ids, ODD, strict=True):
        request = Request("GET", "", operation="customer-licenses-usage", customer=customer)
        answer = Response(429, tuple((name, value) for name in NAMES), b'{"statusCode": 429, "message": "x"}')
        assert store.add(Exchange(request, answer), None) is None
    index = folder / INDEX
    first, *lines = index.read_text().splitlines()
    changed = [
        json.dumps(json.loads(line) | {"headers": {"Retry-After": value}})
        for line, value in zip(lines, ODD, strict=True)
    ]
    broken: list[Any] = [1e400, -1, "x", None, 99_999, True]
    changed += [json.dumps(json.loads(lines[0]) | {"status": status}) for status in broken]
    names = [json.loads(line)["values"][0] for line in lines]
    token = Tokens(TOKEN_KEY, 1).access(Subject("contoso.example", "app", "admin@x.example"), PARTNER_CENTER)
    caller = {"Authorization": f"Bearer {token}"}
    for content in (lines, changed):
        index.write_text("\n".join([first, *content]) + "\n")
        world = World(CATALOGUE, seed=1, customers=2, as_of=date(2026, 11, 22))
        replaying = Settings(token_key=TOKEN_KEY, recording=folder)
        client = create_app(world, CATALOGUE, replaying).test_client()
        found = [client.get(path.format(name), headers=caller) for name in names]
        assert {answer.status_code for answer in found} <= {404, 429}
        assert 429 in {answer.status_code for answer in found}
        assert client.get("/_admin/verdict").status_code == 200
        assert client.get("/_admin/journal").status_code == 200
