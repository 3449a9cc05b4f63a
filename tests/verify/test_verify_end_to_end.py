"""Laws of `verify`, as a user runs it: green on the fake, red on planted faults, the token in no output."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.cli import main
from partner_insights.contract import Catalogue
from partner_insights.derive.custom_pages import CustomContract
from partner_insights.verify.run.comparisons import SAMPLE
from partner_insights.verify.run.invalid_tokens import INVALID_TOKENS
from partner_insights.verify.run.target import REMOTE_CEILING

OPERATIONS = len(Catalogue.load().operations)
PAGES = Path(__file__).parents[1] / "pages"
FEW = CustomContract((PAGES / "gauge-resources.md",), PAGES / "gauge.toml")
"""One list, for what is the same of every operation: the suite on it takes a tenth of the time."""
HABITS = {"PYTEST_ADDOPTS": "--no-such-option", "PYTEST_PLUGINS": "no_such_plugin"}
PROGRAM = (sys.executable, "-m", "partner_insights")


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningFake]:
    with running_fake("--seed", "11", "--customers", "7") as running:
        yield running


@dataclass
class Ran:
    """What a run of `verify` left behind."""

    exit_code: int
    stdout: str
    stderr: str
    folder: Path

    @property
    def report(self) -> Any:
        return json.loads((self.folder / "report.json").read_text(encoding="utf-8"))

    @property
    def junit(self) -> ElementTree.Element:
        return ElementTree.parse(self.folder / "report.xml").getroot()

    @property
    def everything(self) -> str:
        files = (path.read_text(encoding="utf-8") for path in self.folder.rglob("*") if path.is_file())
        return self.stdout + self.stderr + "".join(files)

    @property
    def errors(self) -> set[tuple[str, str]]:
        found = (each for each in self.report["violations"] if each["severity"] == "error")
        return {(violation["code"], violation["operation"]) for violation in found}


def verify(folder: Path, *arguments: str, **environment: str) -> Ran:
    """Run `verify` in an empty folder, with habits in the environment that must not reach it."""
    result = subprocess.run(
        [*PROGRAM, "verify", "--json", "report.json", "--junit", "report.xml", *arguments],
        cwd=folder,
        env=os.environ | HABITS | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in result.stderr
    return Ran(result.returncode, result.stdout, result.stderr, folder)


def verify_here(folder: Path, *arguments: str, **environment: str) -> Ran:
    """The same in this process, for what a process of its own adds nothing to."""
    reports = ("--json", "report.json", "--junit", "report.xml")
    with contextlib.chdir(folder):
        result = CliRunner(env=HABITS | environment).invoke(main, ["verify", *reports, *arguments])
    assert isinstance(result.exception, SystemExit | None), result.exception
    return Ran(result.exit_code, result.stdout, result.stderr, folder)


def test_the_fake_keeps_the_contract(verified: tuple[int, str, str, Path]) -> None:
    """Without --url a fake is started and held to the strict contract: exit 0, reports, nothing else left."""
    ran = Ran(*verified)
    assert (ran.exit_code, ran.stderr) == (0, ""), ran.stdout
    report = ran.report
    assert (report["verdict"], report["profile"], report["violations"]) == ("held", "strict", [])
    assert len(report["operations"]) == OPERATIONS
    assert report["requests"] > 300
    (suite,) = ran.junit
    assert (suite.tag, suite.get("failures"), suite.get("errors")) == ("testsuite", "0", "0")
    assert suite.get("skipped") == "0"
    assert "0 failed, 0 skipped" in ran.stdout
    assert int(suite.get("tests", "0")) == len(suite.findall("testcase")) > 50
    assert {path.name for path in ran.folder.iterdir()} == {"report.json", "report.xml"}
    assert "\x1b" not in ran.stdout


@dataclass
class Proxy:
    """A server between the suite and a fake, with faults put in."""

    url: str
    upstream: RunningFake
    methods: set[str] = field(default_factory=set)
    paths: list[str] = field(default_factory=list)


Fault = Callable[[BaseHTTPRequestHandler, int, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]


@pytest.fixture
def proxy(fake: RunningFake, serving: Any) -> Callable[..., Proxy]:
    """Start a proxy with a fault, of the fake or another."""

    def start(fault: Fault, fake: RunningFake = fake) -> Proxy:
        started = Proxy("", fake)

        def handle(handler: BaseHTTPRequestHandler) -> None:
            started.methods.add(handler.command)
            started.paths.append(handler.path)
            answered = fault(handler, *forwarded(fake.url, handler))
            if answered is None:
                return
            status, headers, body = answered
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            if handler.command != "HEAD":
                handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(body)

        started.url = serving(handle)
        return started

    return start


def forwarded(url: str, handler: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
    headers = {
        name: value
        for name, value in handler.headers.items()
        if name.lower() not in ("host", "accept-encoding")
    }
    request = urllib.request.Request(url + handler.path, headers=headers, method=handler.command)
    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        kept = {
            name: value
            for name, value in answer.headers.items()
            if name.lower() not in ("content-length", "connection")
        }
        return answer.status, kept, answer.read()


def faultless(_: Any, status: int, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    return status, headers, body


def several_faults(
    handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    """One fault an operation, and the token echoed in an error body."""
    path = handler.path.partition("?")[0]
    if path == "/v1/analytics/licenses/deployment" and status == 200:
        body = body.replace(b'"totalCount":', b'"totalCount":1')
    if path == "/v1/analytics/licenses/usage" and status == 401:
        status, body = 200, b'{"totalCount":0,"items":[],"attributes":{"objectType":"Collection"}}'
    if path.endswith("/analytics/licenses/deployment") and "/customers/" in path:
        headers = {
            name: value.partition(";")[0] if name.lower() == "content-type" else value
            for name, value in headers.items()
        }
    if path.endswith("/analytics/licenses/usage") and "/customers/" in path and status >= 400:
        told = handler.headers.get("Authorization") or "nobody"
        body = json.dumps({"code": 1, "description": told, "source": told}).encode()
    return status, headers, body


def test_another_server_is_judged_and_only_read(tmp_path: Path, proxy: Any) -> None:
    """A faultless server at --url: exit 0 under `corrected`, only GET and HEAD sent, the token nowhere."""
    with running_fake(*FEW.arguments()) as fake:
        server = proxy(faultless, fake)
        options = ("--url", server.url, "--token-env", "MY_TOKEN", *FEW.arguments())
        ran = verify_here(tmp_path, *options, MY_TOKEN=fake.token)
    assert (ran.exit_code, ran.report["profile"], ran.report["violations"]) == (0, "corrected", []), (
        ran.stdout
    )
    assert ran.report["requests"] == len(server.paths)
    assert server.methods == {"GET", "HEAD"}
    assert fake.token not in ran.everything


def test_planted_faults_are_found_and_told_without_the_token(tmp_path: Path, proxy: Any) -> None:
    """Each fault under its code at its operation, and no other error; the curl line names the variable.

    All of the suite's requests to a server that is not ours are GET and HEAD; those it sends to another
    machine by default suffice for every law, with more customers, too.
    """
    server = proxy(several_faults)
    ran = verify(
        tmp_path,
        "--url",
        server.url,
        "--token-env",
        "MY_TOKEN",
        "--profile",
        "strict",
        MY_TOKEN=server.upstream.token,
    )
    assert ran.exit_code == 1
    assert ran.report["verdict"] == "broken"
    assert server.methods == {"GET", "HEAD"}
    assert len(server.paths) + 3 * SAMPLE < REMOTE_CEILING
    assert ran.errors == {
        ("PI201", "partner-licenses-deployment"),
        ("PI401", "partner-licenses-usage"),
        ("PI303", "customer-licenses-deployment"),
        ("PI101", "customer-licenses-usage"),
    }, ran.stdout
    assert server.upstream.token not in ran.everything
    counted = next(each for each in ran.report["violations"] if each["code"] == "PI201")
    assert '-H "Authorization: Bearer $MY_TOKEN"' in counted["request"]["curl"]
    (suite,) = ran.junit
    assert int(suite.get("failures", "0")) == len(suite.findall("testcase/failure")) > 0
    assert any("PI201" in (failure.text or "") for failure in suite.iter("failure"))
    repeated = subprocess.run(
        ["/bin/sh", "-c", counted["request"]["curl"].replace("curl -i", "printf '%s\\n'", 1)],
        env=os.environ | {"MY_TOKEN": "filled-in"},
        capture_output=True,
        text=True,
    )
    assert "Authorization: Bearer filled-in" in repeated.stdout


def test_the_ceiling_ends_a_run_cleanly(tmp_path: Path, proxy: Any) -> None:
    """After --max-requests nothing more is sent; what was found until then is reported, and why it ended."""
    server = proxy(several_faults)
    ran = verify_here(
        tmp_path, "--url", server.url, "--max-requests", "12", PARTNER_INSIGHTS_TOKEN=server.upstream.token
    )
    assert (ran.exit_code, len(server.paths), ran.report["requests"]) == (1, 12, 12)
    assert "stopped early: the ceiling of 12 requests was reached" in ran.stdout
    assert sum(ran.report["notTried"].values()) == ran.report["tests"]["skipped"]
    assert "the ceiling of 12 requests was reached" in ran.report["notTried"]


def test_nothing_tested_is_no_success(tmp_path: Path, proxy: Any) -> None:
    """Exit 2 where no law was tried to its end."""
    server = proxy(faultless)
    ran = verify_here(
        tmp_path, "--url", server.url, "--max-requests", "1", PARTNER_INSIGHTS_TOKEN=server.upstream.token
    )
    assert (ran.exit_code, ran.report["verdict"]) == (2, "untested"), ran.stdout


def test_a_refused_token_is_no_broken_contract(tmp_path: Path, fake: RunningFake) -> None:
    """Exit 2, naming the variable: with a wrong token nothing can be told of a server."""
    ran = verify_here(tmp_path, "--url", fake.url, PARTNER_INSIGHTS_TOKEN="stale-token")
    assert (ran.exit_code, len(ran.stderr.splitlines())) == (2, 1)
    assert "refuses the token in PARTNER_INSIGHTS_TOKEN" in ran.stderr
    assert "stale-token" not in ran.everything


def test_without_a_token_a_server_that_demands_one_is_not_judged(tmp_path: Path, fake: RunningFake) -> None:
    """Exit 2, naming the variable and what the server said; no report is written."""
    ran = verify_here(tmp_path, "--url", fake.url, PARTNER_INSIGHTS_TOKEN="")
    assert ran.exit_code == 2
    (line,) = ran.stderr.splitlines()
    assert "the environment variable PARTNER_INSIGHTS_TOKEN holds no token" in line
    assert "the server answers 401" in line
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_wants_no_token_is_judged_without(tmp_path: Path) -> None:
    """`serve --auth off` keeps the contract; the tests of tokens are skipped, with the reason in a report."""
    operations = len(FEW.read().catalogue.operations)
    with running_fake("--auth", "off", *FEW.arguments()) as open_fake:
        ran = verify_here(tmp_path, "--url", open_fake.url, *FEW.arguments(), PARTNER_INSIGHTS_TOKEN="")
    assert (ran.exit_code, ran.stderr) == (0, ""), ran.stdout
    assert (ran.report["verdict"], len(ran.report["operations"])) == ("held", operations)
    skipped = {
        case.get("name", ""): case for case in ran.junit.iter("testcase") if case.find("skipped") is not None
    }
    about_tokens = [name for name in skipped if "token" in name]
    assert len(about_tokens) == (len(INVALID_TOKENS) + 2) * operations
    assert ran.everything.count("PARTNER_INSIGHTS_TOKEN holds none") >= len(about_tokens)


def test_the_suite_runs_under_pytest_itself(tmp_path: Path, proxy: Any) -> None:
    """`pytest contract_tests --insights-url` fails on a planted fault, in words, never with the token."""
    server = proxy(several_faults)
    suite = Path(__file__).resolve().parents[2] / "contract_tests"
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", str(suite), "-p", "no:cacheprovider", "-q", "--showlocals"),
            *("-k", "without_any_optional_header or unknown_path", f"--insights-url={server.url}"),
        ],
        cwd=tmp_path,
        env=os.environ | {"PARTNER_INSIGHTS_TOKEN": server.upstream.token},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 1
    assert f"1 failed, {OPERATIONS - 1} passed, 1 skipped" in result.stdout
    assert re.search(r"^1 test: only tried on a fake of our own", result.stdout, re.MULTILINE)
    assert "FAILED PI201 " in result.stdout  # in the summary line
    assert "session.py" not in result.stdout  # no inner frames
    assert "warnings of the contract" in result.stdout
    assert re.search(r"^PI303 customer-licenses-deployment: the Content-Type", result.stdout, re.MULTILINE)
    assert re.search(r"PI201 at /totalCount: totalCount is 1(\d), and there are \1 items", result.stdout)
    assert server.upstream.token not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("exit_code", "url", "token", "said"),
    [
        (3, "http://127.0.0.1:9", "x", "could not be reached"),
        (3, "http://127.0.0.1:9", "", "could not be reached"),
        (2, "http://127.0.0.1:9", "two words", "holds no token"),
        (2, "127.0.0.1:9", "x", "no http or https URL"),
        (2, "http://me:secret@127.0.0.1:9", "x", "password"),
        (2, "http://127.0.0.1:99999", "x", "no URL"),
        (2, "http://127.0.0.1:9/v1/customers", "x", "give the base URL alone: http://127.0.0.1:9"),
    ],
)
def test_an_unusable_target_is_told_in_one_line(
    tmp_path: Path, exit_code: int, url: str, token: str, said: str
) -> None:
    """Exit 3 where nobody answers, 2 where the options cannot be used; no report is written."""
    ran = verify_here(tmp_path, "--url", url, PARTNER_INSIGHTS_TOKEN=token)
    assert ran.exit_code == exit_code
    (line,) = ran.stderr.splitlines()
    assert said in line
    assert "secret" not in line
    assert list(tmp_path.iterdir()) == []
