"""Laws of `verify` against a bad server that is not ours: what it is sent, what of it is told."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
import tomllib
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from partner_insights.cli.verbs import main
from partner_insights.verify import Failure, Response
from partner_insights.verify.judge.exchange import HIDDEN_IDS
from partner_insights.verify.report.baseline import TO_BE_SAID
from partner_insights.verify.report.pseudonyms import Pseudonyms
from partner_insights.verify.run.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROGRAM = (sys.executable, "-m", "partner_insights", "verify")
TOKEN = "eyJ-a-token-nobody-may-see"
CUSTOMER = "4d3cf487-70f4-4e1e-9ff1-b2bfce8d9f04"
FILES = {
    "--json": "report.json",
    "--junit": "report.xml",
    "--html": "report.html",
    "--markdown": "report.md",
    "--propose-errata": "errata.toml",
}


def bad_server(good: Any, asked: list[str], pause: float = 0.0) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answers whoever asks whatever, with a mistyped value, a misplaced name, the token echoed."""

    def handle(handler: BaseHTTPRequestHandler) -> None:
        asked.append(f"{handler.command} {handler.path}")
        time.sleep(pause)
        path = handler.path.partition("?")[0]
        kinds = {"/licenses/usage": "licenses-usage", "/licenses/deployment": "licenses-deployment"}
        kind = next((name for end, name in kinds.items() if path.endswith(end)), None)
        whose = "customer" if "/customers/" in path else "partner"
        operation = f"{whose}-{kind}" if kind else "customers" if path.endswith("/customers") else "customer"
        body = good(operation)
        if operation == "customer-licenses-usage":
            body["items"][0] |= {"workloadName": 3.14, "channel": ["Contoso"], "owner": "Jo Contoso"}
            body["items"][1]["serviceName"] = {"customerName": "Contoso", "id": CUSTOMER}
        if operation == "customers":
            body["you"] = handler.headers.get("Authorization")
        content = json.dumps(body).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", f"text/{handler.headers.get('Authorization', 'x').split()[-1]}")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)

    return handle


def verify(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    files = [word for pair in FILES.items() for word in pair]
    return subprocess.run(
        [*PROGRAM, *files, *arguments],
        cwd=folder,
        env=os.environ | {"PARTNER_INSIGHTS_TOKEN": TOKEN} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def verify_here(folder: Path, *arguments: str, **environment: str) -> Result:
    """The same in this process, for tests that look at what is written alone: it takes half the time."""
    files = [word for pair in FILES.items() for word in pair]
    with contextlib.chdir(folder):
        return CliRunner(env={"PARTNER_INSIGHTS_TOKEN": TOKEN} | environment).invoke(
            main, ["verify", *files, *arguments]
        )


def everything(folder: Path, ran: subprocess.CompletedProcess[str]) -> str:
    return ran.stdout + ran.stderr + "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())


class Page(HTMLParser):
    """What a page asks of anybody, its headings and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_no_token_and_no_customer_gets_into_any_report(tmp_path: Path, serving: Any, good: Any) -> None:
    """On screen and in five files: neither the token, nor a name, nor an id; only GET and HEAD were sent."""
    asked: list[str] = []
    url = serving(bad_server(good, asked))
    hidden = ("--pseudonym-key-env", "KEY")  # on this machine nothing else hides them
    ran = verify(tmp_path, "--url", url, "--max-requests", "60", *hidden, KEY="a key", GITHUB_ACTIONS="true")
    assert ran.returncode == 1, ran.stderr
    assert {path.name for path in tmp_path.iterdir()} == set(FILES.values())
    told = everything(tmp_path, ran)
    assert "PI101" in told
    for secret in (TOKEN, "ontoso", CUSTOMER, CUSTOMER.upper(), CUSTOMER[:18]):
        assert secret.lower() not in told.lower(), secret
    assert {line.split()[0] for line in asked} <= {"GET", "HEAD"}
    assert any(CUSTOMER in line for line in asked)  # the real id was asked for
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["requests"] == len(asked) == 60
    assert re.search(
        r"^::error title=PI101 customer-licenses-usage /items/0/workloadName::", ran.stdout, re.M
    )
    _is_one_page(tmp_path / "report.html")
    _proposes(tmp_path / "errata.toml")
    body = good("customer-licenses-usage")
    body["items"][0]["workloadName"] = 3.14
    (tmp_path / "body.json").write_text(json.dumps(body))
    own = CliRunner().invoke(
        main, ["check", str(tmp_path / "body.json"), "--errata", str(tmp_path / "errata.toml")]
    )
    assert (own.exit_code in (0, 1), "workloadName" in own.output) == (True, False), own.output


def _is_one_page(path: Path) -> None:
    """Self-contained, with every part, and nothing that runs."""
    page = Page()
    text = path.read_text(encoding="utf-8")
    page.feed(text)
    assert all(each.startswith(("#", "data:")) for each in page.fetched), page.fetched
    assert "script" not in page.tags
    assert "url(" not in text
    assert page.tags.count("h1") == 1
    assert ("lang", "en") in page.attributes
    words = " ".join(page.text)
    for part in (
        "PI101 wrong type",
        "seen valid",
        "seen invalid",
        "never seen",
        "E-001",
        "curl -i",
        "To silence",
    ):
        assert part in words, part


def _proposes(path: Path) -> None:
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["erratum"]
    assert all(entry["evidence"] and entry["targets"] for entry in entries)
    (workload,) = [entry for entry in entries if entry["targets"][0]["property"] == "workloadName"]
    assert workload["targets"][0]["cell"] == "number"
    assert workload["targets"][0]["change"] == {"type": ["number", "string"]}


def test_customers_are_shown_when_asked_for(tmp_path: Path, serving: Any, good: Any) -> None:
    """--show-customers names them; under a key of one's own the pseudonym is the one to be reckoned with."""
    url = serving(bad_server(good, []))
    common = ("--url", url, "--max-requests", "12", "--pseudonym-key-env", "KEY")
    told = []
    for name, extra in (("a", ()), ("b", ("--show-customers",))):
        folder = tmp_path / name
        folder.mkdir()
        verify_here(folder, *common, *extra, KEY="a long random text")
        told.append((folder / "report.json").read_text())
    assert CUSTOMER not in told[0]
    assert Pseudonyms(b"a long random text").guid(CUSTOMER) in told[0]
    assert CUSTOMER in told[1]
    assert HIDDEN_IDS in told[0]
    assert HIDDEN_IDS not in told[1]
    missing = verify_here(tmp_path, *common)
    assert missing.exit_code == 2
    assert "holds no key" in missing.stderr


def test_what_to_try_again_reproduces(tmp_path: Path, serving: Any, good: Any) -> None:
    """On this machine the `curl` lines ask for the customers that the server has, without an option."""
    asked: list[str] = []
    url = serving(bad_server(good, asked))
    verify_here(tmp_path, "--url", url, "--max-requests", "12")
    found = json.loads((tmp_path / "report.json").read_text())["violations"]
    lines = [each["request"]["curl"] for each in found if CUSTOMER in each["request"]["url"].lower()]
    assert lines
    sent = list(asked)
    for line in lines:
        subprocess.run(["sh", "-c", f"{line} -s"], capture_output=True, check=True, timeout=10)
        assert asked[-1] in sent
    assert len(asked) == len(sent) + len(lines)


def test_a_baseline_from_start_to_end(tmp_path: Path, serving: Any, good: Any) -> None:
    """Made on request, then everything is known: exit 0; a reason stays; what is taken out fails again."""
    url = serving(bad_server(good, []))
    run = ("--url", url, "--max-requests", "30", "--baseline", "known.toml")
    assert verify_here(tmp_path, *run).exit_code == 2  # there is none, and none is made unasked
    made = verify_here(tmp_path, *run, "--update-baseline")
    assert made.exit_code == 0, made.stdout
    path = tmp_path / "known.toml"
    unsaid = verify_here(tmp_path, *run)
    assert (unsaid.exit_code, "reason still has to be said" in unsaid.stderr) == (2, True)
    text = path.read_text().replace(TO_BE_SAID, "so since March, and on its way out")
    head, *entries = text.split("[[known]]")
    kept = [each for each in entries if "workloadName" not in each]
    gone = '\ncode = "PI999"\npointer = "/gone"\nreason = "was there"\n'
    path.write_text("[[known]]".join([head, *kept, gone]))
    third = verify_here(tmp_path, *run)
    assert third.exit_code == 1, third.output
    assert "not seen PI999 /gone: was there" in third.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert {each["pointer"] for each in report["violations"]} == {"/items/0/workloadName"}
    assert re.search(r"^known PI101 customer-licenses-usage /items/\*/channel", third.stdout, re.M)
    assert "PI999" in path.read_text()  # nothing was rewritten unasked


@pytest.mark.parametrize("after", [0, 8])
def test_an_interrupt_still_writes_the_reports(tmp_path: Path, serving: Any, good: Any, after: int) -> None:
    """Ctrl-C, during the first request or later: exit 130, and reports of what was done until then."""
    asked: list[str] = []
    url = serving(bad_server(good, asked, pause=0.2 if after else 1.0))
    files = [word for pair in FILES.items() for word in pair]
    process = subprocess.Popen(
        [*PROGRAM, "--url", url, *files],
        cwd=tmp_path,
        env=os.environ | {"PARTNER_INSIGHTS_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while len(asked) <= after and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "interrupted" in out
    assert "Traceback" not in err
    assert {path.name for path in tmp_path.iterdir()} == set(FILES.values())
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["requests"] <= after + 3
    assert (report["violations"] != []) == bool(after)


@pytest.fixture
def certified(tmp_path: Path) -> tuple[str, Path]:
    """A TLS server with a certificate of its own making."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    try:
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-keyout",
                str(key),
                "-out",
                str(certificate),
            ],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("openssl makes the certificate")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(HTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client that does not trust us hangs up."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return f"https://127.0.0.1:{server.server_port}", certificate


def test_a_certificate_is_verified_and_a_ca_file_counts(certified: tuple[str, Path]) -> None:
    """Unknown to the system: nothing is sent, the token least of all; named with --ca-file: an answer."""
    url, certificate = certified
    refused = Client(url).send("GET", "/", ())
    assert isinstance(refused, Failure)
    assert refused.unreached
    assert "certificate" in refused.reason.lower()
    assert isinstance(Client(url, ca_file=str(certificate)).send("GET", "/", ()), Response)


def test_a_ca_file_without_certificates_is_told(tmp_path: Path) -> None:
    """Exit 2, before anything is sent."""
    (tmp_path / "ca.pem").write_text("no certificate")
    ran = verify(tmp_path, "--url", "https://127.0.0.1:9", "--ca-file", "ca.pem")
    assert ran.returncode == 2
    assert "no certificates can be read" in ran.stderr
    assert "Traceback" not in ran.stderr


CONTROLS = "\x1b]0;taken\x07\x1b[2J\x9b31m\u202e"
"""What a terminal would obey: a title, a cleared screen, a colour, text from right to left."""


def hostile(good: Any) -> Callable[[BaseHTTPRequestHandler], None]:
    """Controls wherever a server may write: names and values, header fields, error bodies, a status line."""

    def handle(handler: BaseHTTPRequestHandler) -> None:
        usage = handler.path.startswith("/v1/analytics/licenses/usage")
        body = good("partner-licenses-usage" if usage else "customers")
        if usage:
            body["items"][0] |= {CONTROLS: CONTROLS, "channel": CONTROLS, "workloadName": {CONTROLS: 1}}
        elif not handler.path.startswith("/v1/customers?"):
            handler.wfile.write(CONTROLS.encode() + b" no status line\r\n\r\n")
            handler.close_connection = True
            return
        content = json.dumps(body, ensure_ascii=False).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", CONTROLS.encode().decode("latin-1"))
        handler.send_header("MS-RequestId", "\x1b[2J")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content if handler.command == "GET" else b"")

    return handle


def test_no_control_of_a_server_is_in_any_output(tmp_path: Path, serving: Any, good: Any) -> None:
    """On the screen, in GitHub's annotations, and in files that a terminal shows as they are."""
    url = serving(hostile(good))
    ran = verify_here(tmp_path, "--url", url, "--max-requests", "40", GITHUB_ACTIONS="true")
    assert ran.exit_code == 1
    told = {"screen": ran.output} | {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert set(told) == {"screen", *FILES.values()}
    for name, text in told.items():
        assert text
        assert not [each for each in text if not each.isprintable() and each not in "\n\t"], name
    assert "\\u001b" in told["screen"]
    assert "PI315" in told["screen"]
