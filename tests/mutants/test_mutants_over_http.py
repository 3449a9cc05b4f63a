"""Laws over HTTP: the fake passes the judge, a mutant of it does not."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from partner_insights._data import schemas_dir
from partner_insights.child_server import RunningFake, running_fake
from partner_insights.cli import main
from partner_insights.contract import Catalogue, Standing
from partner_insights.derive.bundled_pages import derive_pages
from partner_insights.derive.custom_pages import CustomContract
from partner_insights.mutants import mutants
from partner_insights.verify.run.comparisons import clock_goes_on, sums
from partner_insights.verify.run.results import ContractViolated

if TYPE_CHECKING:
    from collections.abc import Iterator

CATALOGUE = Catalogue.load("strict")
MUTANTS = mutants(CATALOGUE)
ELSEWHERE = {
    **dict.fromkeys(("PI108", "PI112", "PI113", "PI114"), "test_a_page_of_other_limits_is_broken"),
    "PI111": "test_a_pattern_that_an_erratum_states_is_judged",
    "PI322": "test_a_service_that_fails_for_a_moment_is_reported",
    "PI323": "test_a_service_that_fails_for_a_moment_is_reported",
    "PI315": "test_no_response_at_all_is_reported",
}
"""Codes of keywords that no shipped table states, and of no answer at all, with the test that raises each."""

GAUGES = CustomContract(
    (Path(__file__).parents[1] / "pages/gauge-resources.md",),
    Path(__file__).parents[1] / "pages/gauge.toml",
)


def the_first_of_each_code() -> Iterator[tuple[str, str]]:
    """Each code with a mutant it is right for; behaviours first, as most of them have one code."""
    ordered = sorted(MUTANTS.values(), key=lambda mutant: (mutant.kind, len(mutant.codes)))
    seen: set[str] = set()
    for mutant in ordered:
        for code in mutant.codes:
            if code not in seen:
                seen.add(code)
                yield code, mutant.id


FIRSTS = list(the_first_of_each_code())
SCHEMA = [mutant.id for mutant in MUTANTS.values() if mutant.kind == "schema"]
SOME = SCHEMA[::19]
"""Every nineteenth schema mutant; `benchmarks/kill_matrix.py` tries them all."""


def test_what_the_fake_answers_keeps_the_contract(inspect: Any, every_attempt: Any) -> None:
    """Without a mutant, the requests below find nothing: no kill is a false alarm."""
    session = inspect()
    for operation in CATALOGUE.operations:
        for attempt in every_attempt(session, operation):
            attempt()
    for partner in ("partner-licenses-deployment", "partner-licenses-usage"):
        sums(session, partner, partner.replace("partner", "customer"))
    session.check(None, path="/v1/unknown")
    assert session.results.violations == []


@pytest.mark.parametrize(("code", "name"), FIRSTS, ids=[f"{code}-{name}" for code, name in FIRSTS])
def test_each_code_is_raised_by_a_fake_that_does_wrong(
    code: str, name: str, inject: Any, inspect: Any, interrogated: Any
) -> None:
    """There is no code that only exchanges written by hand can raise."""
    mutant = MUTANTS[name]
    with inject(name):
        found = interrogated(inspect(), mutant)
    assert {(each, "error") for each in mutant.codes} & found, (code, found)


@pytest.mark.parametrize("name", sorted(name for name in MUTANTS if name.startswith("head-of-")))
def test_head_is_judged_whatever_get_does(name: str, inject: Any, inspect: Any, interrogated: Any) -> None:
    """Each mutant that answers HEAD alone otherwise is found."""
    with inject(name):
        found = interrogated(inspect(), MUTANTS[name])
    assert {(each, "error") for each in MUTANTS[name].codes} & found, found


@pytest.mark.parametrize("name", ["clock-of-the-hour", "clock-of-the-day"])
def test_a_clock_of_the_fake_that_stands_still_is_found(name: str, inject: Any, inspect: Any) -> None:
    """At an operation, once its Date has stood for two seconds."""
    session = inspect()
    with inject(name), pytest.raises(ContractViolated, match="PI320"):
        clock_goes_on(session, "customers", still=2)


def test_the_clock_of_the_fake_goes_on(inspect: Any) -> None:
    """Nothing is found where nobody meddles with it."""
    session = inspect()
    clock_goes_on(session, "customers", still=2)
    assert session.results.violations == []


def test_no_code_is_left_out() -> None:
    """Each code of codes.toml and rules.toml is among those raised here."""
    assert {code for code, _ in FIRSTS} | ELSEWHERE.keys() == CATALOGUE.codes.keys()
    assert all(callable(globals()[test]) for test in ELSEWHERE.values())


@pytest.fixture(scope="module")
def gauges() -> Iterator[RunningFake]:
    """A fake of a page with keywords that the shipped ones do not have."""
    with running_fake(*GAUGES.arguments()) as fake:
        yield fake


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("PI108", "Gauge.state:enum"),
        ("PI112", "Gauge.level:exclusiveMinimum"),
        ("PI113", "Gauge.load:exclusiveMaximum"),
        ("PI114", "Gauge.part:anyOf"),
    ],
)
def test_a_page_of_other_limits_is_broken(
    gauges: RunningFake, inject_into: Any, tmp_path: Path, code: str, name: str
) -> None:
    """With a mutant of its fake, `verify` by the same page finds the one keyword that is broken."""
    with inject_into(gauges, name):
        assert judged(gauges, tmp_path) == {(code, "documented")}


def test_a_page_of_other_limits_is_kept(gauges: RunningFake, tmp_path: Path) -> None:
    """Its fake without a mutant is valid, so what was found of the mutants is theirs."""
    assert judged(gauges, tmp_path) == set()


def judged(fake: RunningFake, folder: Path) -> set[tuple[str, str]]:
    """Code and standing of all that `verify` finds, with as few requests as it can."""
    report = folder / "report.json"
    runner = CliRunner(env={"PARTNER_INSIGHTS_TOKEN": fake.token})
    bounds = ["--max-requests", "6", "--rate", "1000"]
    result = runner.invoke(
        main, ["verify", *GAUGES.arguments(), "--url", fake.url, "--json", str(report), *bounds]
    )
    found = {(each["code"], each["standing"]) for each in json.loads(report.read_text())["violations"]}
    assert result.exit_code == (1 if found else 0), result.output
    return found


PATTERN = """
[[erratum]]
id = "A-900"
title = "a channel is a word in capitals"
standing = "assumed"
reason = "To have a pattern, which no table can state."
evidence = ["this test"]
targets = [
    { page = "analytics-resources.md", resource = "PartnerLicensesUsageInsights", property = "channel", \
column = "Type", cell = "string", change = { pattern = "^[A-Z]+$" } },
]
"""


def test_a_pattern_that_an_erratum_states_is_judged(inspect: Any, tmp_path: Path) -> None:
    """PI111 of every row that does not match it, with the erratum; and nothing else."""
    folder = tmp_path / "schemas"
    shutil.copytree(schemas_dir(), folder)
    errata = folder / "errata.toml"
    errata.write_text(errata.read_text() + PATTERN.replace("\\\n", ""))
    derived = derive_pages([folder / "tables"], folder)
    session = inspect(catalogue=Catalogue.of(derived.schemas.values(), folder, "strict"))
    with pytest.raises(ContractViolated):
        session.check("partner-licenses-usage")
    session.check("partner-licenses-deployment")
    assert {(each.code, each.erratum) for each in session.results.violations} == {("PI111", "A-900")}


def test_no_response_at_all_is_reported(inspect: Any, fake: Any) -> None:
    """PI315, and PI311 for headers without end: from a server that closes, and from one that floods."""
    session = inspect()
    for content, code in ((b"", "PI315"), (b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 300 + b"\r\n", "PI311")):
        with one_answer(content) as url:
            session.sender.client.url = url
            with pytest.raises(ContractViolated, match=code):
                session.check("partner-licenses-usage")


@contextlib.contextmanager
def one_answer(content: bytes) -> Iterator[str]:
    """A server that sends the same bytes to every client, and closes the connection."""
    import socket
    import threading

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.recv(65536)
                        connection.sendall(content)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("name", SOME)
def test_a_schema_mutant_is_found(name: str, inject: Any, inspect: Any, interrogated: Any) -> None:
    """One broken keyword in one place is reported under its code."""
    with inject(name):
        found = interrogated(inspect(), MUTANTS[name])
    assert {(code, "error") for code in MUTANTS[name].codes} & found


WEIGHED = [
    "PartnerLicensesDeploymentInsights.proratedDeploymentPercent:minimum",
    "ErrorResponse.source:required",
    "missing-charset",
    "missing-server-id",
    "another-day-for-some-customers",
]
CERTAIN = [
    "PartnerLicensesDeploymentInsights.licensesSold:minimum",
    "duplicated-row",
    "foreign-rows",
    "link-to-another-host",
    "doubled-content-type",
    "last-year-for-some-customers",
]


@pytest.mark.parametrize("name", WEIGHED)
def test_what_breaks_an_assumption_only_warns_unless_strict(
    name: str, inject: Any, inspect: Any, interrogated: Any
) -> None:
    """Both profiles mean something: warnings alone under `corrected`, an error under `strict`."""
    with inject(name):
        lenient = interrogated(inspect("corrected"), MUTANTS[name])
        strict = interrogated(inspect("strict"), MUTANTS[name])
    (code,) = MUTANTS[name].codes
    assert (code, "warning") in lenient
    assert {severity for _, severity in lenient} == {"warning"}
    assert (code, "error") in strict
    assert {severity for _, severity in strict} == {"error"}


@pytest.mark.parametrize("name", CERTAIN)
def test_what_no_honest_service_breaks_is_an_error_in_every_profile(
    name: str, inject: Any, inspect: Any, interrogated: Any
) -> None:
    """Though it is only assumed."""
    assert MUTANTS[name].standing is Standing.ASSUMED
    with inject(name):
        lenient = interrogated(inspect("corrected"), MUTANTS[name])
    assert {(code, "error") for code in MUTANTS[name].codes} & lenient


@pytest.mark.parametrize(("code", "status"), [("PI322", None), ("PI323", 500), ("PI323", 503)])
@pytest.mark.parametrize(("every", "severity"), [(7, "error"), (40, "warning")])
def test_a_service_that_fails_for_a_moment_is_reported(
    inspect: Any, fake: Any, serving_bytes: Any, every: int, severity: str, code: str, status: int | None
) -> None:
    """PI322, PI323: the request is sent again, so that the run goes on; the third time it was no chance."""
    session = inspect("corrected")
    with serving_bytes(every, status) as url:
        session.sender.client.url = url
        for _ in range(50):
            with contextlib.suppress(ContractViolated):
                session.check("partner-licenses-usage")
    found = {(each.code, each.severity.value) for each in session.results.violations}
    assert (code, severity) in found
    assert not {other for other, _ in found} & {"PI301", "PI322", "PI323"} - {code}


@pytest.fixture
def serving_bytes() -> Any:
    """A server that keeps connections; in place of each so manieth answer it closes one, or fails."""

    @contextlib.contextmanager
    def serve(every: int, status: int | None) -> Iterator[str]:
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        asked = [0]

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                asked[0] += 1
                if asked[0] % every == 0 and status is None:
                    self.close_connection = True
                    return
                self.send_response(200 if asked[0] % every else status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()

    return serve


def test_what_breaks_a_documented_constraint_is_an_error_in_both(
    inject: Any, inspect: Any, interrogated: Any
) -> None:
    """A number that is text."""
    with inject("number-as-string"):
        assert ("PI101", "error") in interrogated(inspect("corrected"), MUTANTS["number-as-string"])


def test_a_mutant_taken_off_leaves_no_trace(inject: Any, inspect: Any) -> None:
    """The measure of one mutant says nothing of the one before."""
    with inject("wrong-total-count"):
        assert inspect().customers.complete
    session = inspect()
    for operation in ("partner-licenses-usage", "customers"):
        session.check(operation)
    assert session.results.violations == []
