"""Laws of `check`: published samples hold, a file that is no recording is named, the others are judged."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_insights.cli import main
from partner_insights.contract import Catalogue, Profile, Severity
from partner_insights.errors import InputError
from partner_insights.verify import Request
from partner_insights.verify.judge import rows as judged_rows
from partner_insights.verify.judge.http_checks import http_finding
from partner_insights.verify.judge.violation import violation
from partner_insights.verify.recordings import file_result
from partner_insights.verify.recordings.check import check_recording
from partner_insights.verify.recordings.file_result import FileResult
from partner_insights.verify.recordings.files import BLOCK_BYTES
from partner_insights.verify.report.terminal import MAX_OBSERVED

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
OPERATIONS = tuple(Catalogue.load().operations)
SEED = tuple(operation.id for operation in Catalogue.load().operations.values() if operation.seed)


def check(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


@pytest.fixture
def recording(tmp_path: Path, good: Any) -> Any:
    """Write a body as a file; returns its path."""

    def write(body: Any, name: str = "recording.json") -> Path:
        path = tmp_path / name
        path.write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
        return path

    return write


def published_sample(operation: str) -> bytes:
    """The body of the response example of an operation's page."""
    page = REFERENCE / f"get-{operation}-information.md"
    if not page.exists():
        pytest.skip("the published pages are not there")
    blocks = re.findall(r"```http\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    answers = [block.partition("\n\n")[2] for block in blocks if block.startswith("HTTP/1.1 200")]
    assert len(answers) == 1
    return answers[0].encode()


def test_github_shows_violations_at_their_file(
    recording: Any, good: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its runner each file has annotations of its own, after all else; elsewhere there are none."""
    wrong = good("partner-licenses-usage")
    wrong["totalCount"] += 1
    files = [recording(good("partner-licenses-usage")), recording(wrong, "a, b.json")]
    assert "::" not in check(*files).stdout
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    *_, last = check(*files).stdout.splitlines()
    assert last.startswith(f"::error file={files[1].parent}/a%2C b.json,title=PI201 partner-licenses-usage ")


@pytest.mark.parametrize("found", [4, 5, 6])
def test_violations_are_listed_up_to_a_bound(found: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many of a severity, and all are counted."""
    monkeypatch.setattr(file_result, "MAX_LISTED", 5)
    checked = FileResult("recording.json")
    broken = [
        violation(http_finding("PI310", "is wrong", f"/x{number}"), Request("GET", "x"), Profile.CORRECTED)
        for number in range(found)
    ]
    checked.add(broken, lambda each: each)
    assert (len(checked.listed), checked.severities.total()) == (min(found, 5), found)


def test_lines_of_another_operation_are_all_judged(good: Any, tmp_path: Path) -> None:
    """Not only those of the first block: what is then known to be valid is so for its own operation alone."""
    body = good("customer-licenses-usage")
    body["items"] *= 40
    body["totalCount"] = len(body["items"])
    for number, row in enumerate(body["items"]):
        row = body["items"][number] = {**row}
        row["workloadName"], row["workloadCode"] = f"Workload {number}", f"W{number}"
    line = json.dumps(body)
    number = 3 * BLOCK_BYTES // len(line) + 3
    path = tmp_path / "lines.ndjson"
    path.write_text(f"{line}\n" * number)
    own = check_recording(path, Catalogue.load(), Profile.CORRECTED)
    assert (own.judged, own.violations) == (number, ())
    told = check_recording(path, Catalogue.load(), Profile.CORRECTED, "customers")
    assert told.judged == number
    assert sum(told.counts.values()) >= number


def test_a_key_is_wanted_only_where_customers_are_hidden(
    recording: Any, good: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable is exit 2, but not with `--show-customers`, where nothing needs it."""
    monkeypatch.delenv("NO_KEY", raising=False)
    options = (recording(good("customers")), "--pseudonym-key-env", "NO_KEY")
    assert check(*options).exit_code == 2
    assert check(*options, "--show-customers").exit_code == 0


def test_a_recording_is_not_replaced_by_its_report(recording: Any, good: Any) -> None:
    """`--json` with the name of a file that is read: exit 2, and the file stays."""
    files = [recording(good("customers")), recording(good("customers"), "second.json")]
    before = files[1].read_bytes()
    ran = check(*files, "--json", files[1].parent / "." / "second.json")
    assert (ran.exit_code, files[1].read_bytes()) == (2, before)
    assert "take the place of another file" in ran.stderr


@pytest.mark.parametrize("profile", ["corrected", "strict"])
@pytest.mark.parametrize("operation", SEED)
def test_published_samples_keep_the_corrected_contract(recording: Any, operation: str, profile: str) -> None:
    """The published answers have no violation, not even of an assumption, and name their operation."""
    checked = check_recording(
        recording(published_sample(operation)), Catalogue.load(profile), Profile(profile)
    )
    assert (checked.operation, checked.violations) == (operation, ())


def test_the_literal_contract_fails_exactly_where_the_page_is_wrong(recording: Any) -> None:
    """Under `literal` the usage sample breaks the type of workloadName, once an item; all else warns."""
    body = published_sample("customer-licenses-usage")
    catalogue = Catalogue.load("literal")
    checked = check_recording(recording(body), catalogue, Profile.LITERAL)
    errors = [(each.code, each.pointer) for each in checked.violations if each.severity is Severity.ERROR]
    assert errors == [
        ("PI101", f"/items/{index}/workloadName") for index in range(len(json.loads(body)["items"]))
    ]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_recording_names_its_operation(recording: Any, good: Any, operation: str, bom: bytes) -> None:
    """The objectType of the items, or of the body, tells; a byte order mark is no hindrance."""
    result = check(recording(bom + json.dumps(good(operation)).encode()))
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"{operation}, 0 errors, 0 warnings" in result.stdout


def test_a_violation_is_told_with_its_cell(recording: Any, good: Any, tmp_path: Path) -> None:
    """Exit 1; message, source cell and erratum on the screen and in the JSON report."""
    body = good("customer-licenses-usage")
    body["items"][0]["workloadName"] = 3.14
    report = tmp_path / "report.json"
    result = check(recording(body), "--json", report)
    assert result.exit_code == 1
    assert "erratum E-001 says string" in result.stdout
    written = json.loads(report.read_text(encoding="utf-8"))
    assert written.keys() == {
        "verdict",
        "profile",
        "target",
        "requests",
        "operations",
        "violations",
        "observations",
    }
    assert (written["verdict"], written["operations"]) == ("broken", ["customer-licenses-usage"])
    (violation,) = written["violations"]
    assert violation.keys() == {
        "code",
        "severity",
        "standing",
        "operation",
        "pointer",
        "message",
        "source",
        "erratum",
        "request",
    }
    assert (violation["code"], violation["pointer"]) == ("PI101", "/items/0/workloadName")
    assert violation["source"]["cell"] == "number"


def test_an_assumption_only_warns_unless_strict(recording: Any, good: Any) -> None:
    """Exit 0 under `corrected`, 1 under `strict`."""
    body = good("partner-licenses-deployment")
    body["items"][0]["proratedDeploymentPercent"] = 101
    assert check(recording(body)).exit_code == 0
    assert check(recording(body), "--profile", "strict").exit_code == 1


NO_RECORDINGS: list[tuple[bytes, str]] = [
    (b"", "the body is empty"),
    (b"\xef\xbb\xbf \n", "the body is empty"),
    (b'{"totalCount": 1, "items": [{"a', "cut off: it ends at byte 31"),
    (b"<html><body>Sign in</body></html>", "markup, not JSON"),
    (b"totalCount: 1", "not JSON"),
    (b"{\xff}", "not valid UTF-8"),
    (b"\xff\xfe{\x00}", "not valid UTF-16"),
    (b"\xff\xfe{\x00}\x00", "has no objectType"),
    (b"[" * 100_000, "nests deeper"),
    (b"[1, 2]", "an array, not an object"),
    (b"null", "null, not an object"),
    (b"{}", "save a HAR archive or the body alone, or name it with --operation"),
    (b'{"items": [{"attributes": {"objectType": "Invoice"}}]}', "objectType (Invoice)"),
    (
        b'{"items": [{"attributes": {"objectType": "CustomerLicensesUsageInsights"}},'
        b' {"attributes": {"objectType": "PartnerLicensesUsageInsights"}}]}',
        "several kinds",
    ),
]


@pytest.mark.parametrize(("content", "said"), NO_RECORDINGS)
def test_what_is_no_recording_is_named_and_the_rest_judged(
    recording: Any, good: Any, content: bytes, said: str
) -> None:
    """Exit 2, one line with the file's name and what is wrong with it; the next file is judged."""
    bad = recording(content, "bad.json")
    fine = recording(good("customer"), "fine.json")
    result = check(bad, fine)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert f"{bad}: " in line
    assert said in line
    assert f"{fine}: customer, 0 errors" in result.stdout


def test_a_file_that_cannot_be_read_is_named(recording: Any, good: Any, tmp_path: Path) -> None:
    """A missing file and a folder without recordings are as clear, and stop nothing."""
    folder = tmp_path / "empty"
    folder.mkdir()
    result = check(tmp_path / "missing.json", folder, recording(good("customer")))
    assert result.exit_code == 2
    assert [line.count(str(tmp_path)) > 0 for line in result.stderr.splitlines()] == [True, True]
    assert "1 recording judged" in result.stdout


@pytest.mark.parametrize(
    ("body", "subject", "codes"),
    [
        ({"code": "60003", "description": "Tenant not found", "source": "x"}, "unknown-customer", set()),
        (
            {"code": "2032", "description": "Access denied", "data": None, "source": "x"},
            "app-only",
            {"PI101"},
        ),
        ({"code": "9999", "description": "", "source": "x"}, "internal-error", {"PI109", "PI405"}),
        ({"statusCode": 429, "message": "Rate limit is exceeded."}, "throttled", set()),
        ({"statusCode": "429", "message": "Rate limit is exceeded."}, "throttled", {"PI101"}),
    ],
)
def test_an_error_body_is_known_by_its_shape(
    recording: Any, catalogue: Catalogue, body: Any, subject: str, codes: set[str]
) -> None:
    """Either dialect is judged as what it is, without an operation."""
    checked = check_recording(recording(body), catalogue, Profile.STRICT)
    assert checked.subject == f"an error body ({subject})"
    assert {violation.code for violation in checked.violations} == codes


def test_an_empty_collection_is_judged_by_its_envelope(recording: Any, good: Any) -> None:
    """Without rows only the envelope is judged, and that is said; --operation names what rows would be."""
    body = good("customer-licenses-usage") | {"items": [], "totalCount": 0}
    result = check(recording(body))
    assert result.exit_code == 0
    assert "an empty collection, 0 errors" in result.stdout
    assert "no rows were there" in result.stdout
    named = check(recording(body), "--operation", "customer-licenses-usage")
    assert "customer-licenses-usage, 0 errors" in named.stdout
    wrong = check(recording(body | {"totalCount": 7}))
    assert (wrong.exit_code, "PI201" in wrong.stdout) == (1, True)


def test_operation_overrules_what_the_items_say(recording: Any, good: Any) -> None:
    """Held against the operation it is said to be of, a stranger's body breaks the contract."""
    result = check(recording(good("partner-licenses-usage")), "--operation", "customer-licenses-usage")
    assert result.exit_code == 1
    assert "PI103" in result.stdout


def test_an_unknown_operation_is_refused_with_the_choice(recording: Any) -> None:
    """Exit 2, and the message lists what there is."""
    result = check(recording(b"{}"), "--operation", "nonsense")
    assert result.exit_code == 2
    assert "customer-licenses-usage" in result.stderr


def test_a_report_that_cannot_be_written_is_refused_before_the_work(
    recording: Any, good: Any, tmp_path: Path
) -> None:
    """Exit 2, and nothing is left behind."""
    result = check(recording(good("customer")), "--json", tmp_path / "no" / "report.json")
    assert result.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["recording.json"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=80), position=st.integers(0, 400), remove=st.integers(0, 400))
def test_no_bytes_crash_the_check(
    recording: Any, catalogue: Catalogue, plant: Any, content: bytes, position: int, remove: int
) -> None:
    """A good recording with any bytes cut out and any put in is judged, or refused in words."""
    whole: bytes = plant.exchange("customer-licenses-usage").response.body
    path = recording(whole[:position] + content + whole[position + remove :])
    refusal = str(path)
    try:
        check_recording(path, catalogue, Profile.STRICT)
    except InputError as error:
        refusal = str(error)
    assert str(path) in refusal


def test_rows_too_short_to_be_any_are_counted_and_not_judged(recording: Any) -> None:
    """PI311: a megabyte of empty rows costs no more than reading it; as many whole rows are all judged.

    Too short are also rows that cannot even hold the names of the properties that each has.
    """
    short = {"licensesActive": 1, "channel": "reseller"}
    for row, rows, told in (({}, 60_000, "60,000 rows"), (short, 60_000, "60,000 rows"), ({}, 500, "PI102")):
        path = recording({"totalCount": 1, "items": [row] * rows})
        result = check(path, "--operation", "customer-licenses-usage")
        assert result.exit_code == 1, result.output
        assert told in result.output
        assert ("PI311" in result.output) is (told != "PI102")


def test_of_too_many_rows_none_is_judged(recording: Any, good: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """PI311: whatever their length."""
    body = good("customer-licenses-usage")
    body["items"][0]["licensesActive"] = "x"
    for most, told in ((len(body["items"]), "PI101"), (1, "PI311")):
        monkeypatch.setattr(judged_rows, "MANY_ROWS", 0)
        monkeypatch.setattr(judged_rows, "MAX_ROWS", most)
        output = check(recording(body), "--operation", "customer-licenses-usage").output
        assert (told in output, "PI311" in output) == (True, told == "PI311")


def test_of_many_observations_the_first_are_shown(recording: Any, good: Any) -> None:
    """A body with hundreds of undocumented properties is no report of as many lines."""
    body = good("customer-licenses-usage")
    body["items"][0] |= {f"further{number}": 1 for number in range(MAX_OBSERVED + 50)}
    output = check(recording(body)).output
    assert output.count("observed") == MAX_OBSERVED + 1
    assert "more, not shown here" in output
