"""`record`, `serve --from`, over real HTTP: judged as it passes, stored about nobody, replayed as it was."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import urllib3
from click.testing import CliRunner

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.cli.verbs import main
from partner_insights.contract import Catalogue
from partner_insights.errors import InputError
from partner_insights.record.anonymizer import Anonymizer
from partner_insights.record.store import Store
from partner_insights.recording_folder import INDEX, Recording
from partner_insights.server.process.ready_file import ReadyFile
from partner_insights.verify import Response
from partner_insights.verify.recordings.check import check_recording
from partner_insights.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CATALOGUE = Catalogue.load()
KEY = {"RECORDING_KEY": "a key of the tests"}
PARTNER = "/v1/analytics/licenses/deployment"
USAGE = "/v1/customers/{}/analytics/licenses/usage"


@dataclass
class Running:
    """A recording proxy as a child process."""

    url: str
    process: subprocess.Popen[str]
    said: str = ""

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.said, _ = self.process.communicate(timeout=20)
        return self.process.returncode


@contextmanager
def recorder(url: str, out: Path, *options: str) -> Iterator[Running]:
    if sys.platform == "win32":
        pytest.skip("a stop by SIGTERM as on POSIX")
    ready = out.parent / f"{out.name}.ready"
    command = [sys.executable, "-m", "partner_insights", "record", "--url", url, "--out", str(out)]
    command += ["--port", "0", "--ready-file", str(ready), "--pseudonym-key-env", "RECORDING_KEY", *options]
    ready.unlink(missing_ok=True)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **KEY}
    )
    try:
        deadline = time.monotonic() + 30
        while not ready.exists():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield Running(json.loads(ready.read_bytes())["url"], process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def get(url: str, token: str = "any", **headers: str) -> urllib3.BaseHTTPResponse:
    sent = {"Authorization": f"Bearer {token}", "Cookie": "session=SECRETCOOKIE", **headers}
    return urllib3.request("GET", url, headers=sent, retries=False, timeout=20)


def everything(folder: Path) -> str:
    """All names and contents of a folder, in one text."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(f"{path.relative_to(folder)}\n{path.read_text('utf-8')}" for path in files)


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningFake]:
    with running_fake("--seed", "4", "--customers", "7", "--bom", "--as-of", "2026-11-20") as started:
        yield started


@pytest.fixture(scope="module")
def world(fake: RunningFake) -> World:
    return World(CATALOGUE, seed=4, customers=7, as_of=fake.as_of)


@dataclass
class Session:
    out: Path
    said: str
    exit_code: int
    passed: dict[str, urllib3.BaseHTTPResponse]
    """What the caller of the proxy got, by the path it asked for."""


@pytest.fixture(scope="module")
def session(fake: RunningFake, world: World, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A walk over everything the fake has, through the proxy."""
    out = tmp_path_factory.mktemp("record") / "recording"
    ids = [world.customer_id(index) for index in range(world.customers)]
    passed: dict[str, urllib3.BaseHTTPResponse] = {}
    with recorder(fake.url, out) as proxy:

        def ask(path: str, **headers: str) -> Any:
            answer = get(proxy.url + path, fake.token, **headers)
            passed[" ".join((path, *headers.values()))] = answer
            return json.loads(answer.data.decode("utf-8-sig"))

        ask(PARTNER)
        ask("/v1/analytics/licenses/usage")
        for each in ids:
            ask(USAGE.format(each.upper()))
            ask(f"/v1/customers/{each}/analytics/licenses/deployment")
            ask(f"/v1//customers/{each}/")
        page = ask("/v1/customers?size=3")
        while "next" in page["links"]:
            link = page["links"]["next"]
            page = ask("/v1" + link["uri"], **{each["key"]: each["value"] for each in link["headers"]})
        ask(USAGE.format("00000000-0000-4000-8000-000000000000"))
        ask("/v1/invoices")
        exit_code = proxy.stop()
    return Session(out, proxy.said, exit_code, passed)


def test_answers_pass_unchanged(fake: RunningFake, session: Session) -> None:
    """The caller gets status, body, mark and headers of the upstream's own answer."""
    for path in (PARTNER, "/v1/customers?size=3"):
        direct = get(fake.url + path, fake.token)
        assert session.passed[path].data == direct.data
        assert session.passed[path].status == 200
        assert session.passed[path].headers["MS-ServerId"] == direct.headers["MS-ServerId"]
    assert session.passed["/v1/invoices"].status == 404


def test_nobody_is_named_in_the_recording(fake: RunningFake, world: World, session: Session) -> None:
    """No name, id, domain, token or cookie of the upstream is anywhere in the folder, in any spelling."""
    stored = everything(session.out).lower()
    for index in range(world.customers):
        customer = world.customer(index)
        for secret in (customer.name, customer.domain, customer.id, customer.id.replace("-", "")):
            assert secret.lower() not in stored
            assert json.dumps(secret)[1:-1].lower() not in stored
    tokens = [item["links"]["next"] for item in _pages(session) if "next" in item["links"]]
    for secret in [fake.token, "SECRETCOOKIE", *(link["headers"][0]["value"] for link in tokens)]:
        assert secret.lower() not in stored
    assert len(tokens) == 2


def _pages(session: Session) -> list[Any]:
    return [
        json.loads(answer.data.decode("utf-8-sig"))
        for path, answer in session.passed.items()
        if path.startswith("/v1/customers?")
    ]


def test_one_customer_is_one_pseudonym_everywhere(session: Session, world: World) -> None:
    """List, path, body and link name a customer alike, and no two customers are one."""
    bodies = {path: json.loads(path.read_bytes()) for path in session.out.rglob("*.json")}
    names: dict[str, set[str]] = {}
    for path, body in bodies.items():
        if path.parent.name == "customer-licenses-usage" and "items" in body:
            for row in body["items"]:
                assert row["customerId"] == path.stem
                names.setdefault(row["customerId"], set()).add(row["customerName"])
        for item in body.get("items", []):
            if "companyProfile" in item:
                assert item["companyProfile"]["tenantId"] == item["id"]
                assert item["links"]["self"]["uri"] == f"/customers/{item['id']}"
                names.setdefault(item["id"], set()).add(item["companyProfile"]["companyName"])
    assert len(names) == world.customers
    assert all(len(each) == 1 for each in names.values())
    assert len({name for each in names.values() for name in each}) == world.customers


def test_numbers_and_products_stay(session: Session, world: World) -> None:
    """What tells nothing of a customer is stored as it was: every count, percent, product and date."""
    told = ("productName", "workloadName", "licensesActive", "usagePercent", "processedDateTime", "channel")
    files = (session.out / "customer-licenses-usage").iterdir()
    rows = [row for path in files for row in json.loads(path.read_bytes()).get("items", [])]
    kept = sorted([row[name] for name in told] for row in rows)
    assert kept == sorted([row[name] for name in told] for row in world.rows("CustomerLicensesUsageInsights"))


def test_what_is_stored_keeps_the_contract(session: Session) -> None:
    """Each stored body is a recording that `check` takes and finds nothing wrong with."""
    files = [path for path in session.out.rglob("*.json") if "items" in json.loads(path.read_bytes())]
    assert len(files) > 15
    for path in files:
        checked = check_recording(path, CATALOGUE, CATALOGUE.profile)
        assert [each.message for each in checked.violations] == []


def test_session_is_told(session: Session) -> None:
    """Each answer is told as it passes, and the contract held: exit 0."""
    assert session.exit_code == 0, session.said
    assert "404" in session.said
    assert "not stored: no operation of the contract" in session.said
    assert f"held: {len(session.passed)} answers passed" in session.said.replace("\n", " ")


@pytest.fixture(scope="module")
def replay(session: Session) -> Iterator[RunningFake]:
    with running_fake("--from", str(session.out)) as started:
        yield started


def test_replay_is_the_recording(session: Session, replay: RunningFake) -> None:
    """Served again, every stored request gets the stored status, mark and body, ids in any case."""
    recording = Recording.read(session.out)
    assert len(recording.answers) == len(session.passed) - 1
    of_queries = [answer for answer in recording.answers.values() if answer.key[2] or answer.key[3]]
    assert of_queries
    assert all(re.search(r"-[0-9a-f]{8}\.json$", answer.file) for answer in of_queries)
    for answer in recording.answers.values():
        operation, values, query, continuation = answer.key
        path = CATALOGUE.operations[operation].path
        for value in values:
            path = path.replace("{customer-id}", value.upper())
        headers = {} if continuation is None else {"MS-ContinuationToken": continuation}
        url = urllib3.util.parse_url(replay.url + path + "?" + "&".join(f"{k}={v}" for k, v in query)).url
        got = get(url, **headers)
        mark = b"\xef\xbb\xbf" if answer.bom else b""
        assert got.status == answer.status
        assert got.data == mark + (session.out / answer.file).read_bytes()
        assert all(name in got.headers for name in CATALOGUE.common_headers)


def test_replay_says_what_it_has(session: Session, replay: RunningFake) -> None:
    """The banner of a replay has the recording's own facts, and a curl line that is answered."""
    url = replay.url
    curl = next(line for line in replay.output.splitlines() if line.startswith("curl"))
    fetched = subprocess.run(["sh", "-c", f"{curl} -sf"], capture_output=True, check=True)
    said = replay.output
    assert f"{len(Recording.read(session.out).answers)} recorded answers of customer" in said
    assert "seed" not in said
    assert url in curl
    assert json.loads(fetched.stdout.decode("utf-8-sig"))


def test_replayed_list_is_followed_by_its_links(session: Session, world: World) -> None:
    """A client can walk from page to page of a replay as it did over the real thing."""
    with running_fake("--from", str(session.out), "--auth", "off") as replay:
        found: list[str] = []
        uri, headers = "/customers?size=3", {}
        while uri:
            page = json.loads(get(f"{replay.url}/v1{uri}", **headers).data.decode("utf-8-sig"))
            found += [item["id"] for item in page["items"]]
            link = page["links"].get("next", {"uri": None, "headers": []})
            uri, headers = link["uri"], {each["key"]: each["value"] for each in link["headers"]}
        assert len(set(found)) == len(found) == world.customers


def test_replay_says_what_was_not_recorded(replay: RunningFake, world: World) -> None:
    """A request nobody recorded is 404 in the API's dialect, and says why; tokens are as --auth has it."""
    missing = get(replay.url + USAGE.format(world.customer_id(0)))
    assert missing.status == 404
    assert missing.json()["description"].startswith("Not recorded")
    assert "8 other answers" in missing.json()["description"]
    assert urllib3.request("GET", replay.url + PARTNER).status == 401
    assert urllib3.request("GET", replay.url + "/").status == 200


def test_same_key_goes_on_and_another_is_refused(
    session: Session, fake: RunningFake, world: World, tmp_path: Path
) -> None:
    """A later run under the same key has the same pseudonyms; under another, the folder is refused."""
    out = tmp_path / "again"
    with recorder(fake.url, out) as proxy:
        get(proxy.url + USAGE.format(world.customer_id(2)), fake.token)
        proxy.stop()
    (file,) = (out / "customer-licenses-usage").iterdir()
    assert file.read_bytes() == (session.out / "customer-licenses-usage" / file.name).read_bytes()
    with recorder(fake.url, out) as proxy:
        get(proxy.url + PARTNER, fake.token)
        proxy.stop()
    assert len(Recording.read(out).answers) == 2
    before = everything(out)
    refused = CliRunner().invoke(main, ["record", "--url", fake.url, "--out", str(out), "--port", "0"])
    assert refused.exit_code == 2
    assert "--pseudonym-key-env" in refused.output
    assert everything(out) == before


class Spoilt(BaseHTTPRequestHandler):
    """A server with customers in every place where nobody documented any."""

    body = json.dumps(
        {
            "totalCount": 1,
            "items": [
                {
                    "customerId": "not-a-guid-contoso",
                    "customerName": "Contoso",
                    "workloadName": 3.14,
                    "contact": {"Contoso": "ann@contoso.com", "phone": 5550123, "note": ["Ann Contoso"]},
                    "serviceName": "o365",
                    "attributes": {"objectType": "CustomerLicensesUsageInsights", "etag": "contoso-1"},
                }
            ],
            "links": {
                "self": {"uri": "https://contoso.com/customers/contoso?filter=contoso", "method": "GET"}
            },
            "attributes": {"objectType": "Collection"},
        }
    ).encode()
    answers: ClassVar = {
        "/v1/analytics/licenses/usage": (500, b'{"code":"500","description":"Contoso is down","source":"X"}'),
        "/v1/analytics/licenses/deployment": (200, b"<html>Contoso</html>"),
        "/v1/customers": (302, b""),
    }

    def do_GET(self) -> None:
        status, body = self.answers.get(self.path, (200, self.body))
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Set-Cookie", "session=SECRETCOOKIE")
        self.send_header("X-Tenant", "contoso")
        self.send_header("Location", "https://contoso.com/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def spoilt() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Spoilt) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_violations_are_shown_and_the_unforeseen_is_replaced(spoilt: str, tmp_path: Path) -> None:
    """A broken answer is shown with its code, ends in exit 1, and is stored with nothing of the customer."""
    out = tmp_path / "recording"
    with recorder(spoilt, out) as proxy:
        got = get(proxy.url + USAGE.format("c0ffee00-0000-4000-8000-000000000001"))
        assert got.headers["Set-Cookie"] == "session=SECRETCOOKIE"
        get(proxy.url + "/v1/analytics/licenses/usage")
        get(proxy.url + "/v1/analytics/licenses/deployment")
        assert get(proxy.url + "/v1/customers").status == 302, "passed on, not followed"
        assert proxy.stop() == 1, proxy.said
    assert "PI101" in proxy.said
    assert "not stored: the body is no JSON" in proxy.said
    stored = everything(out)
    assert "contoso" not in stored.lower()
    assert "SECRETCOOKIE" not in stored
    assert "5550123" not in stored
    assert "Ann" not in stored
    body = json.loads(next((out / "customer-licenses-usage").iterdir()).read_bytes())
    (row,) = body["items"]
    assert row["workloadName"] == 3.14, "the violation itself stays, to be judged again"
    assert row["serviceName"] == "o365"
    assert row["attributes"]["objectType"] == "CustomerLicensesUsageInsights"
    assert body["links"]["self"]["uri"].startswith("/customers/customer-")


def raw(url: str, request: bytes) -> bytes:
    """What the proxy says to bytes that no client library would send."""
    address = urllib3.util.parse_url(url)
    with socket.create_connection((address.host, address.port), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


class Trap(BaseHTTPRequestHandler):
    """A server that nobody may reach."""

    reached: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.reached.append(self.path)
        self.send_error(418)

    do_CONNECT = do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_no_other_host_is_reached_through_it(fake: RunningFake, tmp_path: Path) -> None:
    """Neither an absolute URL, nor CONNECT, nor a network path, nor a Host; and no page makes it ask any."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Trap) as trap, recorder(fake.url, tmp_path / "r") as proxy:
        threading.Thread(target=trap.serve_forever, daemon=True).start()
        other = f"127.0.0.1:{trap.server_address[1]}"
        own = proxy.url.removeprefix("http://")
        told = [
            raw(proxy.url, f"GET http://{other}/v1/customers HTTP/1.1\r\nHost: {own}\r\n\r\n".encode()),
            raw(proxy.url, f"CONNECT {other} HTTP/1.1\r\nHost: {own}\r\n\r\n".encode()),
            raw(proxy.url, f"GET //{other}/ HTTP/1.1\r\nHost: {own}\r\n\r\n".encode()),
            raw(proxy.url, f"GET @{other}/ HTTP/1.1\r\nHost: {own}\r\n\r\n".encode()),
            raw(proxy.url, b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
            raw(proxy.url, f"GET / HTTP/1.1\r\nHost: {own}\r\nContent-Length: 3\r\n\r\nabc".encode()),
            raw(proxy.url, f"GET / HTTP/1.1\r\nHost: {own}\r\nOrigin: http://a.example\r\n\r\n".encode()),
            raw(proxy.url, f"GET / HTTP/1.1\r\nHost: {own}\r\nSec-Fetch-Site: cross-site\r\n\r\n".encode()),
        ]
        statuses = [int(answer.split()[1]) for answer in told]
        assert statuses == [400, 405, 404, 400, 421, 400, 403, 403]
        for method in ("POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
            answer = urllib3.request(method, proxy.url + PARTNER, retries=False)
            assert (answer.status, answer.headers["Allow"]) == (405, "GET")
        proxy.stop()
        trap.shutdown()
    assert Trap.reached == []


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """A file system of 24 kB where we may mount one."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system needs the right to mount one")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_full_disk(fake: RunningFake, world: World, tmp_path: Path) -> None:
    """On a full disk traffic still passes, which is told, exit 2 in the end; what was stored stays."""
    disk = tmp_path / "disk"
    paths = [USAGE.format(world.customer_id(index)) for index in range(world.customers)]
    with small_disk(disk):
        with recorder(fake.url, disk / "recording") as proxy:
            before = get(proxy.url + PARTNER, fake.token).status
            assert [get(proxy.url + path, fake.token).status for path in paths] == [before] * len(paths)
            assert proxy.stop() == 2
        assert "not stored: it could not be written: No space left on device" in proxy.said
        assert "not all could be written: No space left on device" in proxy.said
        assert "Traceback" not in proxy.said
        answers = Recording.read(disk / "recording").answers
        assert 0 < len(answers) < len(paths)
        for answer in answers.values():
            assert json.loads((disk / "recording" / answer.file).read_bytes())["totalCount"] > 0
        assert not list((disk / "recording").rglob("*.part"))
        with contextlib.suppress(OSError), (disk / "more").open("wb") as rest:
            rest.write(b"x" * 2**20)
        with pytest.raises(InputError, match="No space left on device"):
            Store(disk / "other", Anonymizer(b"key", CATALOGUE))
        assert list((disk / "other").iterdir()) == []


def test_a_folder_is_recorded_to_by_one(
    fake: RunningFake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second recorder is refused while the first one runs, and let in after it, however that ended."""
    monkeypatch.setenv("RECORDING_KEY", KEY["RECORDING_KEY"])
    out = tmp_path / "recording"
    again = ["record", "--url", fake.url, "--out", str(out), "--port", "0"]
    with recorder(fake.url, out) as first:
        assert get(first.url + PARTNER, fake.token).status == 200
        before = everything(out)
        second = CliRunner().invoke(main, [*again, "--pseudonym-key-env", "RECORDING_KEY"])
        assert (second.exit_code, "another process is writing it" in second.output) == (2, True)
        assert everything(out) == before
        first.process.kill()
        first.process.wait()
    with recorder(fake.url, out) as third:
        third.stop()
    assert "0 answers passed, 1 stored" in third.said
    assert [each.name for each in out.iterdir() if each.name.startswith(".")] == []


def test_stopped_as_soon_as_it_is_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorder that is stopped as soon as it is ready ends with its summary, not by the signal."""
    write = ReadyFile.write

    def write_and_stop(ready: ReadyFile, told: dict[str, object]) -> None:
        write(ready, told)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(ReadyFile, "write", write_and_stop)
    options = ["--out", str(tmp_path / "r"), "--port", "0", "--ready-file", str(tmp_path / "ready")]
    before = signal.signal(
        signal.SIGTERM, lambda number, frame: pytest.fail("the recorder was not yet listening")
    )
    try:
        ended = CliRunner().invoke(main, ["record", "--url", "http://127.0.0.1:9", *options])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (ended.exit_code, "0 answers passed, 0 stored" in ended.output) == (2, True)
    assert not (tmp_path / "ready").exists()


def test_what_is_under_way_at_the_end_is_passed_on(fake: RunningFake, tmp_path: Path) -> None:
    """A recorder that is stopped waits for the answer, and stores it."""
    with recorder(fake.url, tmp_path / "recording") as proxy, ThreadPoolExecutor() as pool:
        late = pool.submit(get, proxy.url + PARTNER, fake.token, Prefer="fault=delay; seconds=1.5")
        time.sleep(0.5)
        proxy.stop()
        assert late.result().status == 200
    assert "1 answer passed, 1 stored" in proxy.said


def test_of_a_content_type_the_charset_alone_is_stored() -> None:
    """Any other parameter may name somebody; what is no JSON has none."""
    for value, stored in (
        ('Application/JSON; charset="UTF-8"', 'Application/JSON; charset="UTF-8"'),
        ("application/json", "application/json"),
        ("application/json; tenant=contoso", "application/json"),
        ("application/json; charset=utf-8 ; tenant=contoso", "application/json; charset=utf-8"),
        ("application/jsonp", None),
        ("application/json-seq", None),
        ("text/html", None),
    ):
        answer = Store._answer(("customers", (), (), None), Response(200, (("Content-Type", value),), b"{}"))
        assert answer.content_type == stored


def test_line_that_does_not_fit_is_taken_back(tmp_path: Path) -> None:
    """A line of the index that there is no room for leaves nothing of itself: the next one is whole."""
    store = Store(tmp_path / "recording", Anonymizer(b"key", CATALOGUE))
    index = tmp_path / "recording" / INDEX
    before = index.read_bytes()
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
    try:
        with pytest.raises(OSError, match=r"No space|too large"):
            store._append({"file": "x" * 100})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert index.read_bytes() == before


def test_unreachable_upstream_is_a_bad_gateway(tmp_path: Path) -> None:
    """Where the upstream does not answer, the caller is told so, and nothing was recorded: exit 2."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with recorder(url, tmp_path / "r") as proxy:
            answer = get(proxy.url + PARTNER)
            assert answer.status == 502
            words = answer.json()["description"]
            assert "upstream" in words
            assert proxy.stop() == 2
            assert f"502 partner-licenses-deployment; not stored: {words}" in proxy.said
    assert (tmp_path / "r" / INDEX).read_bytes().count(b"\n") == 1


@pytest.mark.parametrize("fault", ["truncate", "reset", "close"])
def test_an_answer_broken_off_is_told_as_that(fake: RunningFake, tmp_path: Path, fault: str) -> None:
    """An answer that breaks off is no upstream out of reach, to the caller and on the terminal."""
    with recorder(fake.url, tmp_path / "r") as proxy:
        answer = get(proxy.url + PARTNER, fake.token, Prefer=f"fault={fault}")
        words = "the upstream's answer is not HTTP, or its connection ended first"
        assert (answer.status, answer.json()["description"]) == (502, words)
        assert proxy.stop() == 2
        assert f"502 partner-licenses-deployment; not stored: {words}" in proxy.said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--url", "ftp://127.0.0.1", "--out", "r"], ["ftp://127.0.0.1", "http"]),
        (["--url", "127.0.0.1:8010", "--out", "r"], ["--url"]),
        (["--url", "http://user:secret@127.0.0.1", "--out", "r"], ["user or password"]),
        (["--url", "http://127.0.0.1:9", "--out", "no/such"], ["no such folder"]),
        (["--url", "http://127.0.0.1:9", "--out", "file"], ["is a file"]),
        (["--url", "http://127.0.0.1:9", "--out", "photos"], ["no recording", "--out"]),
        (["--url", "http://127.0.0.1:9", "--out", "r", "--port", "70000"], ["--port"]),
        (["--url", "http://127.0.0.1:9", "--out", "r", "--pseudonym-key-env", "NO_SUCH"], ["NO_SUCH"]),
        (["--out", "r"], ["--url"]),
    ],
)
def test_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], words: list[str]
) -> None:
    """What cannot be recorded is exit 2 and one message; what is there stays as it was."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("kept")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "kept").write_text("kept")
    before = everything(tmp_path)
    result = CliRunner().invoke(main, ["record", *options])
    assert result.exit_code == 2
    assert [word for word in words if word not in result.output] == []
    assert "Traceback" not in result.output
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "word"),
    [(["--seed", "1"], "--seed"), (["--customers", "3"], "--customers"), ([], "no recording")],
)
def test_bad_replay(tmp_path: Path, options: list[str], word: str) -> None:
    """A folder that is no recording, or options of a world beside one, are exit 2."""
    result = CliRunner().invoke(main, ["serve", "--from", str(tmp_path), *options])
    assert result.exit_code == 2
    assert word in result.output


@pytest.mark.parametrize(
    "name", ["operation", "values", "query", "continuation", "status", "headers", "file"]
)
def test_a_line_of_odd_values_is_no_answer(tmp_path: Path, name: str) -> None:
    """Whatever stands in the place of a member: the line is passed over, and the others are read."""
    line = {
        "operation": "customers", "values": [], "query": {}, "continuation": None, "status": 200,
        "contentType": None, "headers": {}, "bom": False, "file": "customers/answer.json",
    }  # fmt: skip
    (tmp_path / "customers").mkdir()
    (tmp_path / line["file"]).write_bytes(b"{}")
    odd: list[Any] = [True, 7, 1e308, "\0", [[]], [7], {"a": 7}, {"a": []}, {"a\r\nb": "c"}]
    lines = [{"recording": 1}, *({**line, name: each} for each in odd), line]
    (tmp_path / INDEX).write_text("".join(json.dumps(each) + "\n" for each in lines))
    recording = Recording.read(tmp_path)
    bodies = {answer.key: recording.body(answer) for answer in recording.answers.values()}
    assert bodies[("customers", (), (), None)] == b"{}"
    assert len(bodies) == 1 + (name == "query")  # a name with a line break is one of a query


def test_recording_cut_short_is_read(session: Session, tmp_path: Path) -> None:
    """A line of the index that a crash cut is passed over; the answers before it are there."""
    index = (session.out / INDEX).read_bytes()
    (tmp_path / INDEX).write_bytes(index[:-30])
    assert len(Recording.read(tmp_path).answers) == len(Recording.read(session.out).answers) - 1
