"""Laws of the gate for entries of archives: whatever it passes, the judge finds nothing in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue, Profile
from partner_insights.errors import InputError
from partner_insights.verify.recordings.archived_url import UrlReader
from partner_insights.verify.recordings.check import RecordingChecker
from partner_insights.verify.recordings.clean_entries import CleanEntries

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CATALOGUE = Catalogue.load()
CHECKER = RecordingChecker(CATALOGUE, Profile.STRICT)
OWNER = "4d3cf487-70f4-4e1e-9ff1-b2bfce8d9f04"
"""Whose rows the good bodies are."""
CUSTOMER, OTHER = "25b6edd5-1f53-456b-b48c-c64f60ec2dda", "6492b9d6-5629-429b-934c-040b1946e760"
PATHS = {
    "customer-licenses-usage": "/v1/customers/{}/analytics/licenses/usage",
    "customer-licenses-deployment": "/v1.0/customers/{}/analytics/licenses/deployment",
    "partner-licenses-usage": "/v1/analytics/licenses/usage",
    "customers": "/v1/customers",
}
SAID = {
    "Content-Type": ["application/json; charset=utf-8", "application/json;charset=UTF-8"],
    "MS-RequestId": [CUSTOMER, OTHER],
    "MS-CorrelationId": [CUSTOMER, OTHER],
    "MS-CV": ["a.0", "b.1"],
    "MS-ServerId": ["102030524", "7"],
}
"""What a clean answer says."""
FURTHER = {
    "Content-Type": ["application/json", "text/html", ""],
    "MS-RequestId": ["no-guid", "", f" {OTHER} "],
    "MS-CV": ["", "again"],
    "Date": ["Fri, 20 Nov 2026 10:00:00 GMT", "Mon, 09 Mar 2026 10:00:00 GMT", "yesterday", ""],
    "Last-Modified": ["Fri, 20 Nov 2026 10:00:00 GMT", "x"],
    "Content-Length": ["1", "22", "²", "-1"],
    "ETag": ['"a"', 'W/"b"', "bare"],
    "Age": ["5", "70", "x"],
    "Cache-Control": ["no-store", "max-age=60", "max-age=x", "private, max-age=3"],
    "Retry-After": ["3", "Fri, 20 Nov 2026 10:00:00 GMT", "soon"],
    "Content-Encoding": ["gzip", "br", "identity"],
    "Transfer-Encoding": ["chunked", "gzip"],
    "x-trace": ["1", "2"],
    "Server": ["s", "t"],
    "ms-requestid": [CUSTOMER, "no-guid"],
}
CHANGES = ["owner", "body", "missing", "query", "method", "status", "when", "indented"]
HOST = "https://api.partnercenter.microsoft.com"
SENT = {
    "Accept": ["application/json", "text/html", "*/*"],
    "Accept-Encoding": ["gzip", "identity", "br, gzip"],
    "MS-RequestId": [CUSTOMER, OTHER, "mine"],
    "MS-CorrelationId": [CUSTOMER, OTHER.upper(), ""],
    "Authorization": ["Bearer x"],
}


WHEN = [None, "2026-03-12T00:00:00Z", "2026-03-01T00:00:00Z", "1999-01-01", "x"]


def entry(url: str, text: str, said: Iterable[tuple[str, str]], **parts: Any) -> Any:
    sent = [{"name": name, "value": value} for name, value in parts.get("sent", ())]
    response = {"status": 200, "content": {"text": text}} | parts.get("response", {})
    made = {
        "request": {"method": parts.get("method", "GET"), "url": url, "headers": sent},
        "response": response | {"headers": [{"name": name, "value": value} for name, value in said]},
    }
    when = parts.get("when")
    return made if when is None else made | {"startedDateTime": when}


@st.composite
def entries(draw: st.DrawFn, bodies: dict[str, Any]) -> Any:
    """A clean entry, or one that differs from one in a thing or two."""
    operation, asked = draw(st.sampled_from(sorted(PATHS))), draw(st.sampled_from([CUSTOMER, OTHER]))
    changes = draw(st.sets(st.sampled_from(CHANGES), max_size=2))
    owner = draw(st.sampled_from([CUSTOMER, OTHER])) if "owner" in changes else asked
    body = json.loads(json.dumps(bodies[operation]).replace(OWNER, owner))
    said = [(name, draw(st.sampled_from(values))) for name, values in SAID.items()]
    parts: dict[str, Any] = {}
    if "body" in changes:
        draw(st.sampled_from([body, *body["items"]]))["totalCount"] = draw(st.sampled_from([1, 2, "2"]))
    if "missing" in changes:
        said.remove(draw(st.sampled_from(said)))
    query = draw(st.sampled_from(["?a=1", f"?x={OTHER}", "?seekOperation=x"])) if "query" in changes else ""
    if "method" in changes:
        parts["method"] = draw(st.sampled_from(["get", "HEAD", "POST"]))
    if "status" in changes:
        parts["response"] = {"status": draw(st.sampled_from([404, 206, 429]))}
    if "when" in changes:
        parts["when"] = draw(st.sampled_from(WHEN))
    text = json.dumps(body, indent=1 if "indented" in changes else None)
    return entry(HOST + PATHS[operation].format(asked) + query, text, said, **parts)


def report(path: Path) -> tuple[Any, ...]:
    try:
        checked = CHECKER.check(path)
    except InputError as error:
        return (str(error),)
    found = (checked.violations, checked.observations, checked.counts, checked.severities)
    refused = [str(each) for each in checked.refusals]
    return (*found, checked.judged, checked.subjects, checked.unanswered, refused)


def reported_alike(some: list[Any], path: Path) -> bool:
    """Whether the gate passes nothing in an archive that the judge would find something in."""
    path.write_text(json.dumps({"log": {"entries": some}}))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(CHECKER, "_clean", CleanEntries(CATALOGUE, CHECKER._fast_path))
        found = report(path)
        patched.setattr(CHECKER, "_clean", Nothing())
        return found == report(path)


@settings(max_examples=150)
@given(data=st.data())
def test_what_is_passed_unread_the_judge_finds_nothing_in(
    data: st.DataObject, good: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any archive has the same report, whether the gate passes entries or the judge reads all of them."""
    bodies = {operation: good(operation) for operation in PATHS}
    some = data.draw(st.lists(entries(bodies), min_size=2, max_size=6))
    assert reported_alike(some, tmp_path_factory.getbasetemp() / "drawn.har")


@pytest.mark.parametrize("turn", [1, -1])
def test_no_later_change_passes_for_an_earlier(turn: int, good: Any, tmp_path: Path) -> None:
    """Of two answers, one was changed after it was sent."""
    url, text = HOST + PATHS["partner-licenses-usage"], json.dumps(good("partner-licenses-usage"))
    said = [*((name, values[0]) for name, values in SAID.items()), ("Date", "Fri, 20 Nov 2026 10:00:00 GMT")]
    some = [
        entry(url, text, [*said, ("Last-Modified", f"Fri, 20 Nov 2026 {at}:00:00 GMT")])
        for at in ("09", "11")
    ]
    assert reported_alike(some[::turn], tmp_path / "changed.har")


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("name", sorted(FURTHER))
def test_no_value_of_a_field_passes_for_another(name: str, turn: int, good: Any, tmp_path: Path) -> None:
    """Whichever came first, in the place of the usual one or beside it, and whenever it was."""
    url, text = HOST + PATHS["partner-licenses-usage"], json.dumps(good("partner-licenses-usage"))
    usual = [(each, values[0]) for each, values in SAID.items()]
    others = [each for each in usual if each[0] != name]
    values = [*SAID.get(name, ()), *FURTHER[name]]
    some = [
        entry(url, text, [*said, (name, value)], when=when)
        for said in (others, usual)
        for value in values
        for when in WHEN
    ]
    assert reported_alike(some[::turn], tmp_path / "fields.har")


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("name", sorted(SENT))
def test_no_value_of_a_requests_field_passes_for_another(
    name: str, turn: int, good: Any, tmp_path: Path
) -> None:
    """Whichever came first, and whatever the answer repeats of it."""
    url, text = HOST + PATHS["partner-licenses-usage"], json.dumps(good("partner-licenses-usage"))
    usual = {each: values[0] for each, values in SAID.items()}
    coding = [("Content-Encoding", "gzip")]
    some = [
        entry(
            url, text, [*(usual | dict.fromkeys(usual.keys() & {name}, answered)).items(), *coding], sent=sent
        )
        for answered in (CUSTOMER, OTHER, "mine", "")
        for sent in ([], *([(name, value)] for value in SENT[name]))
    ]
    assert reported_alike(some[::turn], tmp_path / "fields.har")


class Nothing:
    """A gate that passes nothing."""

    def among(self, _: object) -> dict[int, Any]:
        return {}


@pytest.mark.parametrize("operation", ["customer-licenses-usage", "partner-licenses-usage"])
def test_what_differs_in_ids_and_times_alone_is_judged_once(
    operation: str, good: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a long archive of clean answers the judge sees the first."""
    text = json.dumps(good(operation))
    some = []
    for number in range(40):
        guid = f"25b6edd5-1f53-456b-b48c-{number:012x}"
        said = {
            **{"Content-Type": "application/json; charset=utf-8", "MS-RequestId": guid, "MS-CV": guid},
            **{"MS-CorrelationId": guid, "MS-ServerId": "7", "ETag": f'"{number}"', "X-Trace": str(number)},
            **{"Date": f"Fri, 20 Nov 2026 10:00:{number:02} GMT", "Content-Length": str(number)},
        }
        url, body = "https://localhost" + PATHS[operation].format(guid), text.replace(OWNER, guid)
        some.append(entry(url, body, said.items(), when="2026-11-20T10:00:00Z"))
    path = tmp_path / "long.har"
    path.write_text(json.dumps({"log": {"entries": some}}))
    looked_at: list[Any] = []
    judge = CHECKER._check
    monkeypatch.setattr(CHECKER, "_check", lambda *found: looked_at.append(found) or judge(*found))
    CHECKER._fast_path.forget()
    checked = CHECKER.check(path)
    assert (checked.violations, checked.judged, checked.observations) == ((), 40, [])
    assert len(looked_at) <= 1


@given(
    st.lists(
        st.sampled_from([CUSTOMER, OTHER, CUSTOMER.upper(), "no-id", "%32" + CUSTOMER[1:], ""]), max_size=3
    )
)
def test_a_url_is_read_alike_first_and_again(parts: list[str]) -> None:
    """Whatever ids stand where in it."""
    reader = UrlReader(CATALOGUE)
    for customer in (CUSTOMER, OTHER, CUSTOMER.upper(), "x"):
        for form in ("https://h/{0}/v1/customers/{1}/analytics/licenses/usage?{2}#{0}", "http://{0}/v1/{1}"):
            filled = form.format(*(each.format(customer) for each in [*parts, "{}", "{}", "{}"][:3]))
            assert reader.read(filled) == UrlReader(CATALOGUE).read(filled)
