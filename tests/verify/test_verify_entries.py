"""Laws of reading recordings: folders, lines and browser archives, with the place of each finding."""

from __future__ import annotations

import base64
import gzip
import json
import os
import threading
import time
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from partner_insights import file_reader
from partner_insights.cli import main
from partner_insights.contract import Catalogue, Profile
from partner_insights.fixtures.files.write import resources, write_operation, write_resource
from partner_insights.fixtures.testing.settings import WorldSettings
from partner_insights.verify.recordings import archived_body, archives, file_result
from partner_insights.verify.recordings import check as check_module
from partner_insights.verify.recordings import files as entries_module
from partner_insights.verify.recordings.check import RecordingChecker
from partner_insights.verify.recordings.file_result import (
    BYTES_AN_ENTRY,
    CLEAN_COST,
    MAX_ALIKE,
    MAX_LISTED,
)

if TYPE_CHECKING:
    from pathlib import Path

    from partner_insights.verify.recordings.entry import RecordedResponse
    from partner_insights.verify.recordings.file_result import FileResult

USAGE = "customer-licenses-usage"
CUSTOMER = "4d3cf487-70f4-4e1e-9ff1-b2bfce8d9f04"
HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "MS-RequestId": "25b6edd5-1f53-456b-b48c-c64f60ec2dda",
    "MS-CorrelationId": "6492b9d6-5629-429b-934c-040b1946e760",
    "MS-CV": "v",
    "MS-ServerId": "s",
}


PARTNER = "/v1/analytics/licenses/usage"


def check(folder: Path, *arguments: object) -> tuple[Result, Any]:
    report = folder / "the.report"
    result = CliRunner().invoke(main, ["check", *map(str, arguments), "--json", str(report)])
    assert not isinstance(result.exception, Exception), result.exception
    return result, json.loads(report.read_text(encoding="utf-8")) if report.exists() else None


def har(*entries: Any) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": entries}})


def entry(path: str, body: Any, status: int = 200, encoding: str | None = None, **parts: Any) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    content = {"text": base64.b64encode(text.encode()).decode() if encoding else text, "encoding": encoding}
    headers = [{"name": name, "value": value} for name, value in HEADERS.items()]
    secret = [{"name": "Authorization", "value": "Bearer very-secret"}]
    return {
        "startedDateTime": parts.get("started", "2026-04-01T10:00:00.000Z"),
        "request": {
            "method": "GET",
            "url": f"https://api.partnercenter.microsoft.com{path}",
            "headers": secret,
        },
        "response": {"status": status, "headers": parts.get("headers", headers), "content": content},
    }


def test_a_folder_is_all_its_recordings(tmp_path: Path, good: Any) -> None:
    """Files of any known form at any depth, in the order of their names; others are left alone."""
    folder = tmp_path / "recordings"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "b.json").write_text(json.dumps(good("customer")))
    (folder / "a.ndjson").write_text(json.dumps(good(USAGE)) + "\n")
    (folder / "notes.txt").write_text("not JSON")
    result, report = check(tmp_path, folder)
    assert (result.exit_code, result.stderr) == (0, "")
    assert report["operations"] == ["customer", USAGE]
    assert [line.split(":")[0] for line in result.stdout.splitlines()[:2]] == [
        str(folder / "a.ndjson"),
        str(folder / "deep" / "b.json"),
    ]


def test_each_line_is_an_answer_or_a_row(tmp_path: Path, good: Any) -> None:
    """A violation tells file and line; a line that is nothing is named, and the rest judged."""
    body = good(USAGE)
    broken_row = body["items"][1] | {"licensesActive": 475}
    broken_body = good(USAGE)
    broken_body["totalCount"] = 7
    lines = [
        json.dumps(body),
        json.dumps(body["items"][0]),
        "",
        json.dumps(broken_row),
        json.dumps(broken_body),
    ]
    path = tmp_path / "all.ndjson"
    path.write_text("\n".join([*lines, "{not JSON"]))
    result, report = check(tmp_path, path, "--profile", "strict")
    assert result.exit_code == 2
    found = {(each["code"], each["pointer"], each["request"]["entry"]) for each in report["violations"]}
    assert found == {("PI205", "/licensesActive", "line 4"), ("PI201", "/totalCount", "line 5")}
    assert {each["request"]["file"] for each in report["violations"]} == {str(path)}
    assert f"{path}, line 6: " in result.stderr
    assert f"{path}, line 4" in result.stdout


@pytest.mark.parametrize("stated", [(), ("--operation", USAGE)])
def test_rows_are_judged_in_any_form(tmp_path: Path, good: Any, stated: tuple[str, ...]) -> None:
    """A row, an array of rows or of bodies, a body: each finding tells which of them."""
    body = good(USAGE)
    row, wrong = body["items"][0], body["items"][1] | {"workloadName": 5}
    path = tmp_path / "rows.json"
    for value, judged, entry_of_wrong in (
        (row, 1, None),
        (wrong, 1, ""),
        ([row, wrong], 2, "item 2"),
        ([body, body | {"items": [wrong], "totalCount": 1}], 2, "item 2"),
        ([row, body], 2, None),
    ):
        path.write_text(json.dumps(value))
        result, report = check(tmp_path, path, *stated)
        assert result.stderr == ""
        assert f"{judged} recording" in result.stdout.splitlines()[-1]
        found = {(each["code"], each["request"]["entry"]) for each in report["violations"]}
        assert found == ({("PI101", entry_of_wrong)} if entry_of_wrong is not None else set())


@pytest.mark.parametrize("name", [*Catalogue.load().operations, *resources(Catalogue.load())])
def test_what_fixtures_write_is_judged(tmp_path: Path, name: str) -> None:
    """The answer to any operation, and the rows of any resource, those without an objectType as well."""
    catalogue = Catalogue.load()
    world = WorldSettings(seed=3, customers=2).world()
    resource = catalogue.operations[name].resource if name in catalogue.operations else name
    of = [each for each in catalogue.operations.values() if each.resource == resource]
    for form in ("json", "ndjson"):
        path = tmp_path / f"{name}.{form}"
        if name in catalogue.operations:
            write_operation(world, catalogue.operations[name], path, form)
        else:
            write_resource(world, name, path, form)
        result, report = check(tmp_path, path)
        assert (result.exit_code, report["violations"]) == (0, []), result.output
        assert any(f"{path}: {each.id}" in result.stdout or f"of {each.id})" in result.stdout for each in of)


def test_a_written_world_is_judged(tmp_path: Path) -> None:
    """The folder as it is: its manifest tells of the files and is none of them."""
    out = tmp_path / "world"
    made = CliRunner().invoke(main, ["fixtures", "write", "world", "--customers", "2", "--out", str(out)])
    assert made.exit_code == 0, made.output
    result, _ = check(tmp_path, out)
    assert (result.exit_code, result.stderr) == (0, "")


def test_any_number_of_clean_rows_is_judged(
    tmp_path: Path, good: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of those that the fast path does not know: only what is broken is too much at some time."""
    monkeypatch.setattr(file_result, "SLOW_ENTRIES", 3)
    monkeypatch.setattr(file_result, "BYTES_AN_ENTRY", 10**9)
    row = good("licenses-usage-analytics")["Value"][0]
    path = tmp_path / "many.ndjson"
    path.write_text("\n".join([json.dumps(row)] * 50))
    result, _ = check(tmp_path, path)
    assert "50 recordings judged" in result.stdout
    assert result.exit_code == 0


@pytest.mark.parametrize("operation", ["customer", "customers", USAGE, "partner-licenses-usage"])
def test_what_invalid_fixtures_hold_is_judged(tmp_path: Path, operation: str) -> None:
    """The valid row is valid under its own operation; of the others each breaks what its manifest says."""
    catalogue = Catalogue.load()
    resource = catalogue.operations[operation].resource
    folder = tmp_path / "invalid"
    made = CliRunner().invoke(main, ["fixtures", "invalid", resource, "--out", str(folder)])
    assert made.exit_code == 0, made.output
    result, report = check(tmp_path, folder / "valid.json", "--operation", operation)
    assert (result.exit_code, report["violations"]) == (0, [])
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for each in manifest["files"]:
        _, report = check(tmp_path, folder / each["file"], "--operation", operation, "--profile", "strict")
        assert set(each["codes"]) <= {found["code"] for found in report["violations"]}, each


def test_the_cost_of_a_hostile_body_has_bounds(tmp_path: Path, good: Any) -> None:
    """Half a megabyte of items with a name of its own each: told in part, and in no time."""
    row = good(USAGE)["items"][0]
    items = [{f"name{number}": number} for number in range(20_000)]
    names = [row | {"customerName": f"Someone {number}", "workloadName": number} for number in range(500)]
    path = tmp_path / "hostile.json"
    for content in (items, names):
        path.write_text(json.dumps({"totalCount": len(content), "items": content}))
        began = time.process_time()
        result, report = check(tmp_path, path, "--operation", USAGE, "--profile", "strict")
        assert time.process_time() - began < 8  # it took a minute; a busy machine is slow
        assert result.exit_code == 1
        assert len(json.dumps(report)) < 3_000_000
        assert len(report["observations"]) <= MAX_LISTED
        assert "Someone" not in json.dumps(report)
    assert sum(each["code"] == "PI101" for each in report["violations"]) == MAX_ALIKE


@pytest.mark.parametrize("rows", [100, 2_000])
def test_the_cost_of_many_broken_rows_has_bounds(tmp_path: Path, rows: int) -> None:
    """A megabyte of answers with thousands of violations each: told of the first of them, and in no time."""
    text = json.dumps({"totalCount": 1, "items": [{}] * rows})
    path = tmp_path / "rows.har"
    path.write_text(har(*[entry(PARTNER, text)] * (2**20 // len(text))))
    began = time.process_time()
    result, report = check(tmp_path, path)
    assert time.process_time() - began < 4  # it took up to sixteen seconds
    assert (result.exit_code, "more entries were not looked at" in result.stderr) == (2, True)
    assert "PI102" in {each["code"] for each in report["violations"]}


def test_the_cost_of_many_broken_entries_has_bounds(
    tmp_path: Path, good: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many are looked at, and more the longer the file is; the rest is counted, clean ones are judged."""
    monkeypatch.setattr(file_result, "SLOW_ENTRIES", 20)
    broken = b'{"attributes":{"objectType":"CustomerLicensesUsageInsights"}}'
    clean = json.dumps(good(USAGE)).encode()
    path = tmp_path / "many.ndjson"
    lines = [broken] * 300 + [clean] * 5
    path.write_bytes(b"\n".join(lines))
    result, report = check(tmp_path, path)
    assert result.exit_code == 2
    left = int(result.stderr.partition(" more entries were not looked at")[0].rpartition(" ")[2])
    assert 20 <= 300 - left <= 21 + path.stat().st_size // BYTES_AN_ENTRY
    assert f"{305 - left} recordings judged by the corrected contract, {left} not judged" in result.stdout
    assert {each["code"] for each in report["violations"]} >= {"PI102"}
    path.write_bytes(b"x\n" * 3000 + clean)
    result, _ = check(tmp_path, path)
    assert result.exit_code == 2
    assert "0 recordings judged" in result.stdout


PAGE = '{"Value":[],"TotalCount":0,"@nextLink":null}'


def test_the_same_bytes_are_judged_once_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of empty pages costs no more than reading it; each is counted, in every file anew."""
    judge, judged = RecordingChecker._judge, []

    def counted(checker: RecordingChecker, entry: RecordedResponse, checked: FileResult) -> str:
        judged.append(checked.name)
        return judge(checker, entry, checked)

    monkeypatch.setattr(RecordingChecker, "_judge", counted)
    path, other = tmp_path / "many.ndjson", tmp_path / "few.ndjson"
    path.write_text(f"{PAGE}\n" * 23_000)
    other.write_text(f"{PAGE}\n" * 2)
    checker = RecordingChecker(Catalogue.load(), Profile.CORRECTED)
    many, few = checker.check(path), checker.check(other)
    assert judged == [str(path), str(other)]
    assert (many.judged, few.judged, many.subjects.keys()) == (23_000, 2, few.subjects.keys())
    assert [each.to_json() for each in many.observations] == [each.to_json() for each in few.observations]
    assert [each.kind for each in few.observations] == ["empty-collection"]


def test_broken_bytes_are_reported_each_time(tmp_path: Path) -> None:
    """What breaks something is never taken for known."""
    path = tmp_path / "broken.ndjson"
    path.write_text(f"{PAGE}\n{PAGE.replace('0', '-1')}\n" * 3)
    result, report = check(tmp_path, path)
    assert result.exit_code == 1
    assert [each["request"]["entry"] for each in report["violations"] if each["code"] == "PI105"] == [
        f"line {number}" for number in (2, 4, 6)
    ]


@pytest.mark.parametrize(("blanks", "all_of_them"), [(0, False), (110, True)])
def test_the_cost_of_many_short_bodies_has_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blanks: int, all_of_them: bool
) -> None:
    """Of clean bodies that all differ so many are looked at; of 150 bytes or more, all."""
    monkeypatch.setattr(file_result, "SLOW_ENTRIES", 20)
    path = tmp_path / "short.ndjson"
    pages = [PAGE.replace("null", f'"{number:05}{" " * blanks}"') for number in range(3_000)]
    path.write_text("\n".join(pages))
    result, report = check(tmp_path, path)
    assert not report["violations"]
    words = result.stderr.partition(" more entries were not looked at")[0]
    left = int(words.rpartition(" ")[2].replace(",", "") or 0)
    spent = (20 + path.stat().st_size / BYTES_AN_ENTRY) / CLEAN_COST
    assert (left == 0) if all_of_them else (abs(3_000 - left - spent) < 100)
    assert result.exit_code == (0 if all_of_them else 2)


def test_an_archive_is_judged_by_what_was_asked(tmp_path: Path, good: Any) -> None:
    """URL and headers count: another customer's rows, a missing charset; other traffic is passed over."""
    other = "5b1c1f0e-6a57-4b8e-8a0a-0f6d1c2b3a49"
    path = tmp_path / "browser.har"
    usage = "/v1/customers/{}/analytics/licenses/usage"
    plain = [{"name": name, "value": value.partition(";")[0]} for name, value in HEADERS.items()]
    path.write_text(
        har(
            entry("/index.html", "<html>"),
            entry(usage.format(CUSTOMER), good(USAGE), encoding="base64"),
            entry(usage.format(other), good(USAGE)),
            entry("/v1//analytics/licenses/usage/", good("partner-licenses-usage"), headers=plain),
            entry(usage.format(other), {"code": "2032", "description": "x", "source": "y"}, status=403),
            entry("/v1/analytics/licenses/usage", "", status=304),
        )
    )
    result, report = check(tmp_path, path)
    assert result.exit_code == 1, result.output  # a row of another customer
    found = {(each["code"], each["request"]["entry"]) for each in report["violations"]}
    assert found == {("PI202", "entry 3"), ("PI303", "entry 4")}
    assert "4 recordings judged" in result.stdout
    assert "very-secret" not in result.stdout + json.dumps(report)
    assert other not in result.stdout + json.dumps(report)


def test_the_date_of_an_archive_counts(tmp_path: Path, good: Any) -> None:
    """PI212: an answer of 2026-03-01 may not speak of 2026-03-10."""
    path = tmp_path / "old.har"
    path.write_text(
        har(
            entry(
                "/v1/analytics/licenses/usage",
                good("partner-licenses-usage"),
                started="2026-03-01T00:00:00Z",
            )
        )
    )
    _, report = check(tmp_path, path)
    assert {each["code"] for each in report["violations"]} == {"PI212"}


def test_an_archive_of_too_many_values_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it is read: it would fill the memory."""
    path = tmp_path / "many.har"
    path.write_text(har(entry(PARTNER, {"totalCount": 0, "items": []})))
    monkeypatch.setattr(archives, "MAX_VALUES", 5)
    result, _ = check(tmp_path, path)
    assert result.exit_code == 2
    assert "the archive has more than 5 commas and brackets" in result.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "no HAR archive"),
        ("[1", "no HAR archive"),
        ('{"log": {"entries": 5}}', "no HAR archive"),
        ('{"log": {"entries": []}}', "no entry is of an operation"),
        ('{"log": {"entries": [5, {"request": {}}]}}', "no entry is of an operation"),
        (har(entry(PARTNER, {}) | {"response": {"status": "new"}}), "status is none of HTTP"),
        (har(entry(PARTNER, {}, status=600)), "status is none of HTTP"),
        *(
            (
                har(entry(PARTNER, "") | {"response": {"status": 200, "content": {"text": text}}}),
                "form than text",
            )
            for text in (5, {}, [])
        ),
        (har(entry(PARTNER, {}) | {"response": {"status": 200, "content": {"size": 9}}}), "holds no body"),
        (
            har(entry(PARTNER, {}) | {"response": {"status": 200, "bodySize": 9, "content": {}}}),
            "holds no body",
        ),
        (har(entry(PARTNER, {}) | {"response": {"status": 200}}), "holds no body"),
        (har(entry(PARTNER, {}) | {"response": None}), "got an answer"),
    ],
)
def test_a_bad_archive_is_told_in_words(tmp_path: Path, text: str, said: str) -> None:
    """Exit 2, one line, no traceback."""
    path = tmp_path / "bad.har"
    path.write_text(text)
    result, _ = check(tmp_path, path)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("content", [{"size": 0, "text": ""}, {"size": 0}, {"text": ""}])
def test_a_body_that_is_stated_to_be_empty_was_not_left_out(tmp_path: Path, content: Any) -> None:
    """The service sent nothing, which is for the judge to say: the archive is not at fault."""
    path = tmp_path / "empty.har"
    answered = {"status": 200, "headers": [{"name": "Content-Length", "value": "0"}], "content": content}
    path.write_text(har(entry(PARTNER, {}) | {"response": answered}))
    result, report = check(tmp_path, path)
    assert result.exit_code == 1
    assert "PI306" in {each["code"] for each in report["violations"]}


def test_a_broken_entry_is_judged_as_what_its_url_asks_for(tmp_path: Path) -> None:
    """Whatever its body is: the file is told of as an answer of that operation."""
    path = tmp_path / "broken.har"
    for body in ({}, [], "", {"items": []}):
        path.write_text(har(entry(PARTNER, body)))
        found = check_module.check_recording(path, Catalogue.load(), Profile.CORRECTED)
        assert (found.subject, found.operation) == ("partner-licenses-usage",) * 2


FOREIGN = [
    {"request": {"method": "GET", "url": "https://ads.example/pixel"}},
    {"request": {"method": "GET", "url": "https://ads.example/pixel"}, "response": None},
    {"request": {"method": "GET", "url": "https://[broken/pixel"}, "response": {"status": 200}},
    {"request": {"method": "GET", "url": 5}, "response": {"status": None}},
    {"request": None, "response": {"status": "odd"}},
    {
        "request": {"method": "GET", "url": "https://shop.example/v1/customers?limit=3"},
        "response": {"status": 200, "content": {"text": '{"object": "list"}'}},
    },
    *(
        {"request": {"method": "GET", "url": scheme + PARTNER}}
        for scheme in ("wss://x", "file://", "chrome://x")
    ),
    [],
    None,
]
UNANSWERED = [
    {"response": None},
    *(
        {"response": {"status": status}}
        for status in (0, -1, -999, None, "", "0", -1000.0, 99, 101, 302, 307)
    ),
]


def test_other_traffic_and_requests_without_an_answer_are_passed_over(tmp_path: Path, good: Any) -> None:
    """What is not ours may be anything; what got no answer is counted, and no fault of the service."""
    without = entry(PARTNER, "")
    del without["response"]
    ours = [*(entry(PARTNER, "") | parts for parts in UNANSWERED), without]
    path = tmp_path / "browser.har"
    path.write_text(har(*FOREIGN, *ours, entry(PARTNER, good("partner-licenses-usage"))))
    result, report = check(tmp_path, path)
    assert (result.exit_code, result.stderr, report["violations"]) == (0, "", [])
    assert f"no answer: {len(ours)} requests" in result.stdout


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("http://127.0.0.1:8010", 1),
        ("http://[::1]:8010", 1),
        ("http://fake.localhost", 1),
        ("https://gateway.example/partner", 2),
    ],
)
def test_where_the_service_is_known_other_hosts_are_not_asked(
    tmp_path: Path, good: Any, host: str, ours: int
) -> None:
    """Beside this machine's, another host's entry is other traffic; where no host is known, all are ours."""
    asked = [entry(PARTNER, good("partner-licenses-usage")) for _ in range(2)]
    for each, start in zip(asked, (host, "https://other.example"), strict=True):
        each["request"]["url"] = start + PARTNER
    path = tmp_path / "browser.har"
    path.write_text(har(*asked))
    result, _ = check(tmp_path, path)
    assert f"{ours} recording" in result.stdout


def test_a_success_has_one_status_and_a_failure_another_body(tmp_path: Path, good: Any) -> None:
    """A good body is no success under every status, with the published samples to compare."""
    body = good("partner-licenses-usage")
    path = tmp_path / "browser.har"
    statuses = {200: set(), 202: {"PI301"}, 206: {"PI301"}, 404: {"PI102"}, 500: {"PI102"}, 429: {"PI102"}}
    path.write_text(har(*(entry(PARTNER, body, status=status) for status in statuses)))
    _, report = check(tmp_path, path)
    found = {(each["request"]["entry"], each["code"]) for each in report["violations"]}
    assert found == {
        (f"entry {number}", code) for number, codes in enumerate(statuses.values(), 1) for code in codes
    }


@pytest.mark.parametrize("fields", [[], None, {}])
def test_a_header_that_the_archive_left_out_is_not_missed(tmp_path: Path, good: Any, fields: Any) -> None:
    """No response comes without one, so its absence says nothing of the service; the body is judged."""
    path = tmp_path / "browser.har"
    rows = good("partner-licenses-usage")
    path.write_text(
        har(entry(PARTNER, rows, headers=fields), entry(PARTNER, rows | {"totalCount": 77}, headers=fields))
    )
    _, report = check(tmp_path, path)
    assert {(each["request"]["entry"], each["code"]) for each in report["violations"]} == {
        ("entry 2", "PI201")
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["usage.json", "usage.ndjson", "usage.har", "archive.json", "archive"])
def test_a_file_is_read_in_the_encoding_of_its_mark(
    tmp_path: Path, good: Any, name: str, encoding: str
) -> None:
    """As the shells of Windows write; an archive is known by how it begins, whatever its name."""
    archive = har(entry(PARTNER, good("partner-licenses-usage")))
    text = archive if "usage" not in name or name.endswith(".har") else json.dumps(good(USAGE)) + "\r\n"
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    result, _ = check(tmp_path, path)
    assert result.exit_code == 0, result.output
    assert "held: 1 recording" in result.output


def test_a_body_in_a_file_beside_the_archive_is_read(tmp_path: Path, good: Any) -> None:
    """Playwright attaches bodies; a file that is not there, or is elsewhere, is named."""
    recorded = entry(PARTNER, "")
    recorded["response"]["content"] = {"size": -1, "_file": "body.json"}
    path = tmp_path / "page.har"
    path.write_text(har(recorded))
    result, _ = check(tmp_path, path)
    assert (result.exit_code, "'body.json' beside it, which cannot be read" in result.stderr) == (2, True)
    (tmp_path / "body.json").write_text(json.dumps(good("partner-licenses-usage")))
    result, _ = check(tmp_path, path)
    assert result.exit_code == 0, result.output
    (tmp_path / "inner").mkdir()
    recorded["response"]["content"]["_file"] = "../body.json"
    path = tmp_path / "inner" / "page.har"
    path.write_text(har(recorded))
    result, _ = check(tmp_path, path)
    assert (result.exit_code, "which is no file beside it" in result.stderr) == (2, True)


@pytest.mark.parametrize("attached", [False, True])
def test_bodies_that_are_not_in_the_archive_have_bounds(
    tmp_path: Path, good: Any, *, attached: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compressed a thousandfold, or one file named by every entry: the rest is named, and not unpacked."""
    monkeypatch.setattr(archived_body, "ROOM", 2**20)
    body = good("partner-licenses-usage")
    text = json.dumps(body | {"items": [*body["items"], *[{"channel": "x"}] * 2_000]})
    (tmp_path / "body.json").write_text(text)
    kept = {"text": base64.b64encode(gzip.compress(text.encode())).decode(), "encoding": "base64"}
    recorded = entry(PARTNER, "")
    recorded["response"]["content"] = {"size": -1, "_file": "body.json"} if attached else kept
    recorded["response"]["headers"].append({"name": "Content-Encoding", "value": "gzip"})
    path = tmp_path / "many.har"
    path.write_text(har(*[recorded] * 300))
    began = time.process_time()
    result, report = check(tmp_path, path)
    assert time.process_time() - began < 6  # it took a quarter of a minute
    assert (result.exit_code, "far larger than the archive" in result.stderr) == (2, True)
    assert "PI102" in {each["code"] for each in report["violations"]}


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (gzip.compress(b"{}", mtime=0), "unpack it first"),
        (b"PK\x03\x04rest", "name what is in it"),
        (b"HTTP/2 200 \r\ncontent-type: application/json\r\n\r\n{}", "save the body alone"),
        ('{"items": []}'.encode("utf-16-le"), "save it in UTF-8"),
        (b"GET /v1/customers HTTP/1.1\nAccept: */*\n\nHTTP/1.1 200 OK\n", "or each body alone"),
        (b"*   Trying 127.0.0.1:8010...\n", "or each body alone"),
        (b"WARC/1.0\r\nWARC-Type: warcinfo\r\n", "save a HAR archive"),
        (b"7549:9:websocket;0:~8:response;", "--set hardump=NEW.har"),
        (b"interactions:\n- request:\n    body: null\n", "record it in JSON"),
        (b"---\nhttp_interactions:\n- request:\n", "record it in JSON"),
        (b'{"info": {"_postman_id": "5", "name": "n"}, "item": []}', "or each body alone"),
        (b'{"id": "5", "name": "n", "request": {"url": "/v1/customers"}}', "its folder __files"),
        (b'{"mappings": [{"request": {"url": "/v1/customers"}}]}', "or each body alone"),
        (b'{"data": {"pairs": [{"request": {}}]}}', "or each body alone"),
        (b'[{"scope": "https://api.partnercenter.microsoft.com:443"}]', "or each body alone"),
        (b'{"openapi": "3.1.0", "info": {}}', "or each body alone"),
    ],
    ids=[
        *("gzip", "zip", "curl -i", "UTF-16", "HTTPie", "curl -v", "Wget", "mitmproxy", "vcrpy", "VCR"),
        *("Postman", "a mapping of WireMock", "WireMock", "Hoverfly", "nock", "OpenAPI"),
    ],
)
@pytest.mark.parametrize("suffix", [".json", ".har"])
def test_what_people_save_in_place_of_a_recording_is_told(
    tmp_path: Path, content: bytes, remedy: str, suffix: str
) -> None:
    """What the file is, and what to do."""
    path = tmp_path / f"saved{suffix}"
    path.write_bytes(content)
    result, _ = check(tmp_path, path)
    assert (result.exit_code, remedy in result.stderr) == (2, True), result.stderr


def test_other_spellings_of_a_request_are_read(tmp_path: Path, good: Any) -> None:
    """The version as clients of the published Swagger file write it, any case, and a header as one object."""
    path = tmp_path / "browser.har"
    made = entry("/v1.0/Analytics/licenses/USAGE", good("partner-licenses-usage"), headers=HEADERS)
    made["request"]["method"] = "get"
    path.write_text(har(made))
    result, report = check(tmp_path, path)
    assert (result.exit_code, report["violations"]) == (0, []), result.output


@pytest.mark.parametrize(
    ("kept", "stated", "told"),
    [(0.5, 0, "bytes of the body"), (0.5, None, None), (1, 100, None), (1, 3, None), (0.5, -(10**6), None)],
    ids=["cut off by the archive", "cut off by the service", "edited since", "without its mark", "nonsense"],
)
def test_a_body_that_the_archive_cut_off_is_no_fault_of_the_service(
    tmp_path: Path, good: Any, kept: float, stated: int | None, told: str | None
) -> None:
    """Browsers keep the beginning of a large body, and tell how long all of it was."""
    text = json.dumps(good("partner-licenses-usage"))
    part = text[: int(len(text) * kept)]
    made = entry(PARTNER, part)
    made["response"]["content"] = {"text": part, "size": len(part) if stated is None else len(text) + stated}
    path = tmp_path / "browser.har"
    path.write_text(har(made))
    result, report = check(tmp_path, path)
    if told is not None:
        assert (result.exit_code, report["violations"]) == (2, [])
        assert told in result.stderr
    else:
        assert {each["code"] for each in report["violations"]} == ({"PI307"} if kept < 1 else set())


def members(content: bytes) -> bytes:
    """In several members (RFC 1952, section 2.2), with the padding that some writers leave."""
    half = len(content) // 2
    return gzip.compress(content[:half]) + gzip.compress(content[half:]) + bytes(8)


def twice(content: bytes) -> bytes:
    return gzip.compress(gzip.compress(content))


def raw_deflate(content: bytes) -> bytes:
    return zlib.compress(content)[2:-4]


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("gzip", gzip.compress),
        ("gzip", members),
        ("gzip, GZIP", twice),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("gzip", bytes),
    ],
)
@pytest.mark.parametrize("broken", [False, True])
def test_a_body_that_is_still_compressed_is_judged(
    tmp_path: Path, good: Any, coding: str, compress: Any, broken: bool
) -> None:
    """Whether the archive holds the body as it was on the wire or as the browser read it."""
    body = good("partner-licenses-usage")
    if broken:
        body["totalCount"] = 77
    stored = base64.encodebytes(compress(json.dumps(body).encode())).decode()
    headers = [{"name": name, "value": value} for name, value in HEADERS.items()]
    labels = [{"name": "content-encoding", "value": each} for each in coding.split(", ")]
    made = entry(PARTNER, "", headers=[*headers, *labels])
    made["response"]["content"] = {"text": stored, "encoding": "Base64"}
    path = tmp_path / "browser.har"
    path.write_text(har(made))
    result, report = check(tmp_path, path)
    assert result.stderr == ""
    assert {each["code"] for each in report["violations"]} == ({"PI201"} if broken else set())


@pytest.mark.parametrize(
    ("coding", "stored", "said"),
    [
        ("br", b"\x0b\x02\x80{}\x03", "the archive holds the body in br"),
        ("zstd", b"\x28\xb5\x2f\xfd\x00", "the archive holds the body in zstd"),
        ("gzip", gzip.compress(b"x" * 5_000, mtime=0)[:-9], "in gzip that is cut off"),
        ("gzip", "\x1f\ufffd\x08 garbled".encode(), "in gzip that cannot be read"),
        ("deflate", b"\x78\xef\xbf\xbd garbled", "in deflate that cannot be read"),
    ],
    ids=["br", "zstd", "gzip cut off", "gzip garbled", "deflate garbled"],
)
def test_a_coding_that_is_not_read_is_named(tmp_path: Path, coding: str, stored: bytes, said: str) -> None:
    """Exit 2, and no violation: it says nothing of the service."""
    made = entry(PARTNER, "", headers=[{"name": "Content-Encoding", "value": coding}])
    made["response"]["content"] = {"text": base64.b64encode(stored).decode(), "encoding": "base64"}
    path = tmp_path / "browser.har"
    path.write_text(har(made))
    result, _ = check(tmp_path, path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "PI3" not in result.stdout


@pytest.mark.parametrize("label", ["base64", "BASE64", " base64 "])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes])
def test_base64_is_read_in_any_spelling(tmp_path: Path, good: Any, label: str, encode: Any) -> None:
    """In lines, in the alphabet of URLs, and whatever the case of the label."""
    made = entry(PARTNER, "")
    body = json.dumps(good("partner-licenses-usage") | {"note": "ÿÿþ~~~???"}, ensure_ascii=False)
    assert b"-" in base64.urlsafe_b64encode(body.encode())
    made["response"]["content"] = {"text": encode(body.encode()).decode(), "encoding": label}
    path = tmp_path / "browser.har"
    path.write_text(har(made))
    _, report = check(tmp_path, path)
    assert report["violations"] == []


def test_plain_text_under_the_label_base64_is_read(tmp_path: Path, good: Any) -> None:
    """Some tools label every body so."""
    made = entry(PARTNER, good("partner-licenses-usage"))
    made["response"]["content"]["encoding"] = "base64"
    path = tmp_path / "browser.har"
    path.write_text(har(made))
    result, report = check(tmp_path, path)
    assert (result.exit_code, report["violations"]) == (0, [])


@pytest.mark.parametrize("suffix", ["json", "ndjson", "har"])
def test_what_has_no_end_is_refused(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that never ends is read up to a limit; a pipe that nobody writes to is waited for in vain."""
    monkeypatch.setattr(file_reader, "MAX_STREAM", 2**22)
    monkeypatch.setattr(file_reader, "SILENCE_SECONDS", 0.2)
    monkeypatch.setattr(entries_module, "MAX_BODY", 2**20)
    endless = tmp_path / f"zero.{suffix}"
    endless.symlink_to("/dev/zero")
    result, _ = check(tmp_path, endless)
    assert result.exit_code == 2
    assert "MiB" in result.stderr
    pipe = tmp_path / f"pipe.{suffix}"
    os.mkfifo(pipe)
    result, _ = check(tmp_path, pipe)
    assert result.exit_code == 2
    assert "nothing was written" in result.stderr


def test_a_pipe_is_read_as_a_file_is(tmp_path: Path, good: Any) -> None:
    """In several pieces, with pauses between them."""
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    content = json.dumps(good("partner-licenses-usage")).encode()

    def write() -> None:
        with pipe.open("wb", buffering=0) as file:
            for start in range(0, len(content), 500):
                file.write(content[start : start + 500])
                time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    result, _ = check(tmp_path, pipe)
    writer.join()
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_file_of_one_endless_line_is_not_called_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that the line is too long."""
    monkeypatch.setattr(entries_module, "MAX_BODY", 4_000)
    path = tmp_path / "long.ndjson"
    path.write_text("x" * 10_000)
    result, _ = check(tmp_path, path)
    assert "line 1: the line is longer than" in result.stderr
    assert "empty" not in result.stderr


@pytest.mark.parametrize("size", [1, 900, 3_999])
def test_a_line_without_end_is_passed_over(
    tmp_path: Path, good: Any, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A line over the limit is named and skipped; those before and after it are judged, by their numbers."""
    monkeypatch.setattr(entries_module, "MAX_BODY", 4_000)
    monkeypatch.setattr(entries_module, "BLOCK_BYTES", size)
    whole, broken = json.dumps(good(USAGE)), json.dumps(good(USAGE) | {"totalCount": 7})
    path = tmp_path / "long.ndjson"
    path.write_text(f"{whole}\n\n{'x' * 10_000}\n{broken}\n\n{'x' * 4_000}\n{whole}\n{'x' * 5_000}")
    result, report = check(tmp_path, path)
    assert result.exit_code == 2
    assert [line for line in (3, 6, 8) if f"line {line}: the line is longer" in result.stderr] == [3, 6, 8]
    assert [each["request"]["entry"] for each in report["violations"]] == ["line 4"]
    assert "3 recordings judged" in result.stdout


def test_memory_is_flat_whatever_the_length(tmp_path: Path, good: Any) -> None:
    """A recording takes a fraction of its size in memory; of many broken lines all are counted, some kept."""
    broken = good(USAGE)
    broken["items"][0]["workloadName"] = 3.14
    lines = [json.dumps(good(USAGE))] * 20 + [json.dumps(broken)]
    path = tmp_path / "long.ndjson"
    path.write_text(("\n".join(lines) + "\n") * (MAX_ALIKE + 50))
    checker = RecordingChecker(Catalogue.load(), Profile.CORRECTED)
    short = tmp_path / "short.ndjson"
    short.write_text("\n".join(lines))
    checker.check(short)  # once, so that what is made once does not count
    tracemalloc.start()
    checked = checker.check(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(checked.violations), sum(checked.counts.values())) == (MAX_ALIKE, MAX_ALIKE + 50)
    assert most < path.stat().st_size / 4


def test_customers_of_a_recording_stand_under_pseudonyms(tmp_path: Path, good: Any) -> None:
    """Names and ids are in no report unless asked for."""
    body = good(USAGE)
    body["items"][0] |= {"customerName": ["Contoso"], "customerId": "contoso-4711"}
    path = tmp_path / "usage.json"
    path.write_text(json.dumps(body))
    hidden, report = check(tmp_path, path)
    told = hidden.stdout + json.dumps(report)
    assert "PI101" in told
    assert "PI104" in told
    assert "ontoso" not in told
    shown, _ = check(tmp_path, path, "--show-customers")
    assert "Contoso" in shown.stdout
    assert "contoso-4711" in shown.stdout
