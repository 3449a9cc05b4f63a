"""Laws of cassettes: vcrpy's, Betamax's and VCR's say what an archive says."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.cli import main
from partner_insights.verify.recordings import archives
from partner_insights.verify.recordings.cassettes import cassette_entries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from partner_insights.contract import Catalogue

HEADERS = {
    "Content-Type": ["application/json; charset=utf-8"],
    "MS-RequestId": ["25b6edd5-1f53-456b-b48c-c64f60ec2dda"],
    "MS-CorrelationId": ["6492b9d6-5629-429b-934c-040b1946e760"],
    "MS-CV": ["v"],
    "MS-ServerId": ["s"],
}


def interaction(text: str, **parts: Any) -> dict[str, Any]:
    url = "https://api.partnercenter.microsoft.com/v1/analytics/licenses/usage"
    headers = HEADERS | parts.pop("headers", {})
    response = {"status": {"code": 200, "message": "OK"}, "headers": headers, "body": {"string": text}}
    sent = {"Authorization": ["Bearer very-secret"]}
    return {"request": {"method": "GET", "uri": url, "headers": sent}, "response": response | parts}


def vcrpy(text: str) -> Any:
    return {"version": 1, "interactions": [interaction(text)]}


def betamax(text: str) -> Any:
    body = {"encoding": "utf-8", "base64_string": base64.b64encode(gzip.compress(text.encode())).decode()}
    stated = interaction(text, body=body, headers={"Content-Encoding": ["gzip"]})
    return {
        "http_interactions": [stated | {"recorded_at": "2026-04-01T10:00:00"}],
        "recorded_with": "betamax",
    }


def vcr(text: str) -> Any:
    stated = interaction(text, body={"encoding": "UTF-8", "string": text})
    stated["request"]["method"] = "get"
    return {"http_interactions": [stated | {"recorded_at": "Wed, 01 Apr 2026 10:00:00 GMT"}]}


def check(path: Path) -> Result:
    result = CliRunner().invoke(main, ["check", str(path)])
    assert not isinstance(result.exception, Exception), result.exception
    return result


@pytest.mark.parametrize("recorder", [vcrpy, betamax, vcr])
def test_a_cassette_is_judged_as_an_archive(
    tmp_path: Path, good: Any, recorder: Callable[[str], Any]
) -> None:
    """The operation by the URL, status and headers, too; the token is nowhere."""
    path = tmp_path / "cassette.json"
    body = good("partner-licenses-usage")
    path.write_text(json.dumps(recorder(json.dumps(body)), indent=4))
    assert "partner-licenses-usage, 0 errors" in check(path).stdout
    body["items"][0]["workloadName"] = 3.14
    path.write_text(json.dumps(recorder(json.dumps(body))))
    broken = check(path)
    assert (broken.exit_code, "PI101" in broken.stdout) == (1, True), broken.output
    assert "very-secret" not in broken.output


def test_the_cassette_that_fixtures_write_is_judged(tmp_path: Path) -> None:
    """All its answers, and none is broken."""
    path = tmp_path / "cassette.json"
    written = ["fixtures", "write", "world", "--customers", "1", "--as", "vcr", "--out", str(path)]
    assert CliRunner().invoke(main, written).exit_code == 0
    answers = len(json.loads(path.read_text())["interactions"])
    assert (check(path).exit_code, f"{answers} recordings judged" in check(path).stdout) == (0, True)


@pytest.mark.parametrize(
    ("recorder", "moment"),
    [(betamax, datetime(2026, 4, 1, 10, tzinfo=UTC)), (vcr, datetime(2026, 4, 1, 10, tzinfo=UTC))],
)
def test_a_cassette_is_of_the_time_it_states(recorder: Callable[[str], Any], moment: datetime) -> None:
    """Which VCR writes as a header has it."""
    (entry,) = cassette_entries(recorder("{}")) or ()
    assert archives.moment_of_entry(entry) == moment


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["request", "response", "uri", "status", "code", "headers", "body", "recorded_at"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(interactions=st.lists(JSON, max_size=3))
def test_nothing_in_a_cassette_is_taken_on_trust(catalogue: Catalogue, interactions: Any) -> None:
    """Each is an entry, of whatever it is made."""
    found = list(cassette_entries({"interactions": interactions}) or ())
    assert len(found) == len(interactions)
    for entry in found:
        archives.moment_of_entry(entry)
        archives._fields(entry["response"])
