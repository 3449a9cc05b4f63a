"""How fast the fake answers, starts and how large it gets, beside its peers in the same run.

    python benchmarks/serve_speed.py [--peers DIR] [--seconds 3] [--json FILE] [--only NAME]…

Needs `wrk`, and for the peers `npm`, `java` and `nginx`; what is missing is said. The first run has npm
install each peer into a folder of its own below DIR. Everything listens at loopback and is stopped by its
process id. Exits 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import compileall
import http.client
import json
import multiprocessing
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

import partner_insights
import token_speed
from partner_insights.child_server import running_fake
from partner_insights.contract import Catalogue
from partner_insights.recording_folder import INDEX, VERSION, RecordedAnswer, key_of
from partner_insights.world import World
from partner_insights.world.bodies import collection_body
from serve_peers import PEERS, Site, install

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HEADERS = {
    "Accept": "application/json",
    "MS-RequestId": "11111111-2222-3333-4444-555555555555",
    "MS-CorrelationId": "11111111-2222-3333-4444-555555555556",
}
ITEMS = 5
LARGE_ITEMS = 10_000
"""More than any operation of the API answers with: it is replayed from a recording (`serve --from`)."""
PAGE = "/v1/customers?size=500"
"""The largest answer that is made."""
PARTNER = "/v1/analytics/licenses/usage"
CONNECTIONS = 64
CROWD = 4096
"""Connections where answers are held back: so many that there are always some to answer."""
WARM_UP = 5
"""Seconds of load before it counts: a virtual machine compiles meanwhile, and threads are made."""
ROUNDS = 15
"""Of a second each, in which the fake and its nearest peers take turns: no machine is always as fast."""
FAKE = "partner-insights"
RAW = "a raw socket"

_EACH_TIME = {"all": True, "repeat": True}
CONDITIONS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "flaky": ("scenario", {"scenario": "flaky"}),
    "slow": ("scenario", {"scenario": "slow"}),
    "a plan that fits no request": (
        "faults",
        _EACH_TIME | {"faults": [{"operation": "customers", "code": 503}]},
    ),
    "a plan that fits each": (
        "faults",
        _EACH_TIME | {"faults": [{"operation": "customer-licenses-usage", "code": 503}]},
    ),
}
"""What touches every request, by name: the control it is put in force with, and what is posted to it."""

Row = dict[str, Any]


def main() -> int:
    """Print the table and the goals; 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "serve-speed-peers")
    parser.add_argument("--seconds", type=int, default=3, help="of load for each server")
    parser.add_argument("--only", action="append", choices=PEERS, help="measure these peers only")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    options.peers.mkdir(parents=True, exist_ok=True)
    names = options.only or list(PEERS)
    install(options.peers, names)
    # An installed package has its bytecode; of a checkout, no start is to be charged with making it.
    compileall.compile_dir(Path(partner_insights.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as scratch:
        rows = measured(options.peers, Path(scratch), names, options.seconds)
    result = {"servers": rows, "touched": touched(), "page": largest_page(), "million": large_world()}
    show(result)
    print("\nsigning in, beside oidc-provider-mock (token_speed.py alone measures this):")
    result["signIn"] = list(token_speed.lines(options.seconds))
    print(*result["signIn"], sep="\n")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return judge(result)


def measured(peers: Path, scratch: Path, names: list[str], seconds: int) -> dict[str, Row]:
    """What is measured of the fake and its peers, by name."""
    small_path, large_path = record(scratch / "recording", ITEMS, LARGE_ITEMS)
    large = (scratch / f"recording/{LARGE_ITEMS}.json").read_bytes()
    with running_fake("--seed", "0", "--as-of", "2026-11-22") as fake, ExitStack() as stack:
        headers = HEADERS | {"Authorization": f"Bearer {fake.token}"}
        get(fake.url, PARTNER, headers)
        rows: dict[str, Row] = {FAKE: {}}
        path = small_answer(fake.url, headers)
        site = Site(get(fake.url, path, headers)[1], large, scratch, peers)
        near: dict[str, Started] = {}
        for name in names:
            with noting(rows, name):
                if PEERS[name].in_turn:
                    near[name] = stack.enter_context(started(name, site))
        servers = {FAKE: (fake.url + path, fake.pid)}
        servers |= {name: (f"{each.url}/small", each.pid) for name, each in near.items()}
        for name, row in in_turn(servers, headers).items():
            rows[name] = rows.get(name, {}) | row
        rows[FAKE]["memory MB"] = memory(fake.pid)
        for name, each in near.items():
            rows[name] |= each.sizes(headers)
    for name in names:
        with noting(rows, name):
            if not PEERS[name].in_turn:
                rows[name] = alone(name, site, headers, seconds)
    rows[FAKE] |= replayed(scratch / "recording", small_path, large_path)
    with raw_socket(large) as url:
        rows[RAW] = large_answers(url, "/large", headers)
    return rows


def small_answer(url: str, headers: Mapping[str, str]) -> str:
    """The path of an answer with a few items."""
    customers = json.loads(get(url, "/v1/customers", headers)[1])["items"]
    paths = [f"/v1/customers/{each['id']}/analytics/licenses/usage" for each in customers]
    return next(path for path in paths if json.loads(get(url, path, headers)[1])["totalCount"] == ITEMS)


@contextmanager
def noting(rows: dict[str, Row], name: str) -> Iterator[None]:
    """A peer that is missing, or does not answer as it should, has a row that says so."""
    try:
        yield
    except (OSError, ValueError) as error:
        rows[name] = {"missing": str(error)}


def in_turn(servers: Mapping[str, tuple[str, int]], headers: Mapping[str, str]) -> dict[str, Row]:
    """What is measured of the servers (their addresses and process ids) in turn; medians of the rounds.

    `times` is how many times as many requests a second the first of them answers in the same round.
    """
    rounds = [
        {name: load(*server, headers, 1, 0 if begun else WARM_UP) for name, server in servers.items()}
        for begun in range(ROUNDS)
    ]
    rows: dict[str, Row] = {}
    for name in servers:
        rows[name] = {key: median(each[name][key] for each in rounds) for key in rounds[0][name]}
        first = next(iter(servers))
        rows[name]["times"] = median(each[first]["requests/s"] / each[name]["requests/s"] for each in rounds)
    return rows


def record(folder: Path, *sizes: int) -> list[str]:
    """A recording of answers with so many items each, their rows a world's; the paths of the answers."""
    folder.mkdir()
    catalogue = Catalogue.load()
    operation = catalogue.operations["customer-licenses-usage"]
    world = World(catalogue, customers=5000, as_of=date(2026, 11, 22))
    rows = world.rows(operation.resource)
    assert len(rows) >= max(sizes)  # or the goal would be met by a smaller answer
    lines: list[dict[str, Any]] = [{"recording": VERSION}]
    for nth, size in enumerate(sizes):
        body = collection_body(catalogue, operation.envelope or operation.resource, rows[:size])
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        (folder / f"{size}.json").write_text(text, "utf-8")
        key = key_of(operation.id, [world.customer_id(nth)], {}, None)
        answer = RecordedAnswer(key, 200, catalogue.content_type, (), False, f"{size}.json")
        lines.append(answer.as_json())
    (folder / INDEX).write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return [operation.path.replace("{customer-id}", world.customer_id(nth)) for nth in range(len(sizes))]


def replayed(recording: Path, small_path: str, large_path: str) -> Row:
    """The time of the large answer, from a recording."""
    with running_fake("--from", str(recording), "--auth", "jwt") as fake:
        headers = HEADERS | {"Authorization": f"Bearer {fake.token}"}
        get(fake.url, small_path, headers)
        return large_answers(fake.url, large_path, headers)


@contextmanager
def raw_socket(body: bytes) -> Iterator[str]:
    """The address of what sends these bytes and does nothing else: what the system itself takes for them."""
    response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        process = multiprocessing.get_context("fork").Process(
            target=_send_to_all, args=(listening, response), daemon=True
        )
        process.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            process.terminate()
            process.join()


def _send_to_all(listening: socket.socket, response: bytes) -> None:
    while True:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            while connection.recv(65536):
                connection.sendall(response)


def large_answers(url: str, path: str, headers: Mapping[str, str]) -> Row:
    """The time of a large answer, first and again."""
    first = get(url, path, headers)[0]
    again = min(get(url, path, headers)[0] for _ in range(20))
    return {"large first ms": first * 1e3, "large again ms": again * 1e3}


def touched() -> dict[str, Row]:
    """What is measured of the fake while conditions touch every request, by their names.

    Many of these requests get an error, or their answer late.
    """
    rows = {}
    for name, (control, content) in CONDITIONS.items():
        with running_fake("--seed", "0", "--as-of", "2026-11-22") as fake:  # its own: one holds answers back
            headers = HEADERS | {"Authorization": f"Bearer {fake.token}"}
            url = fake.url + small_answer(fake.url, headers)
            post(f"{fake.url}/_admin/{control}", content)
            rows[name] = load(url, fake.pid, headers, 6, 0, connections=CROWD, only_good=False)
    return rows


def largest_page() -> Row:
    """The largest answer that the fake makes itself: the first that tells names at all, and again."""
    with running_fake("--seed", "0", "--as-of", "2026-11-22", "--customers", "500") as fake:
        headers = HEADERS | {"Authorization": f"Bearer {fake.token}"}
        get(fake.url, PARTNER, headers)
        first = get(fake.url, PAGE, headers)[0]
        again = min(get(fake.url, PAGE, headers)[0] for _ in range(20))
    return {"first ms": first * 1e3, "again ms": again * 1e3}


def large_world() -> Row:
    """A million customers: the first answer about the partner, and the memory after it."""
    with running_fake("--customers", "1000000") as fake:
        seconds, _ = get(fake.url, PARTNER, HEADERS | {"Authorization": f"Bearer {fake.token}"})
        return {"first partner answer s": seconds, "memory MB": memory(fake.pid)}


@dataclass(frozen=True)
class Started:
    """A peer that answers."""

    name: str
    url: str
    pid: int
    cold: float
    """Seconds until it did."""

    def sizes(self, headers: Mapping[str, str]) -> Row:
        """What is measured of it besides its speed."""
        large = large_answers(self.url, "/large", headers) if PEERS[self.name].has_large else {}
        return {"memory MB": memory(self.pid)} | large


def alone(name: str, site: Site, headers: Mapping[str, str], seconds: int) -> Row:
    """What is measured of a peer while no other runs; OSError where it does not answer as it should."""
    with started(name, site) as peer:
        return load(f"{peer.url}/small", peer.pid, headers, seconds, WARM_UP) | peer.sizes(headers)


@contextmanager
def started(name: str, site: Site) -> Iterator[Started]:
    """A peer once it answers; stopped, with its children, in the end."""
    site = replace(site, port=free_port())
    peer = PEERS[name]
    if peer.packages and not site.packages(peer.folder).is_dir():
        raise OSError(f"npm could not install {' '.join(peer.packages)}")
    command = peer.command(site)
    url = f"http://127.0.0.1:{site.port}"
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=site.peers / peer.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while True:
            with suppress(OSError):
                get(url, "/small", HEADERS)
                break
            if process.poll() is not None or time.perf_counter() - began > 60:
                raise OSError(f"{Path(command[0]).name} did not come to answer")
            time.sleep(0.02)
        yield Started(name, url, process.pid, time.perf_counter() - began)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def get(url: str, path: str, headers: Mapping[str, str]) -> tuple[float, bytes]:
    """Seconds until the whole answer is there, and its body; OSError unless it is a 200."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    connection.connect()
    began = time.perf_counter()
    connection.request("GET", path, headers=dict(headers))
    response = connection.getresponse()
    body = response.read()
    seconds = time.perf_counter() - began
    connection.close()
    if response.status != 200:
        raise OSError(f"{path} was answered with {response.status}")
    return seconds, body


def post(url: str, content: Any) -> None:
    """Post JSON; OSError unless it is taken."""
    json_type = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(content).encode(), json_type)).close()


def load(
    url: str,
    pid: int,
    headers: Mapping[str, str],
    seconds: int,
    warm_up: int,
    *,
    connections: int = CONNECTIONS,
    only_good: bool = True,
) -> Row:
    """Requests a second, CPU of the server for each, and the slowest in a hundred; after a warm-up."""
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]

    def run(lasting: int) -> str:
        command = ["wrk", "-t1", f"-c{connections}", f"-d{lasting}s", "--latency", *sent, url]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    if warm_up:
        run(warm_up)
    before = cpu(pid)
    said = run(seconds)
    used = cpu(pid) - before
    if only_good and "Non-2xx" in said:
        raise OSError("some answers were no 200")
    (count,), ((late, unit),) = (
        re.findall(r"(\d+) requests in", said),
        re.findall(r"99%\s+([\d.]+)(us|ms|s)", said),
    )
    (rate,) = re.findall(r"Requests/sec:\s+([\d.]+)", said)
    scale = {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]
    return {
        "requests/s": float(rate),
        "CPU µs": used / max(int(count), 1) * 1e6,
        "p99 ms": float(late) * scale,
    }


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [pid, *(each for child in found.split() for each in family(int(child)))]


def cpu(pid: int) -> float:
    """Seconds of the processor that a family has used."""
    fields = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in family(pid)]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """The most memory the largest process of a family has had, in MB (2**20 bytes)."""
    peaks = [re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{each}/status").read_text()) for each in family(pid)]
    return max(int(peak[0]) for peak in peaks if peak) / 1024


def free_port() -> int:
    """A port nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


COLUMNS = (
    "requests/s",
    "times",
    "CPU µs",
    "p99 ms",
    "large first ms",
    "large again ms",
    "memory MB",
)


def show(result: Mapping[str, Mapping[str, Any]]) -> None:
    """The tables."""
    table = Table("server", *COLUMNS)
    for name, row in result["servers"].items():
        table.add_row(name, *(f"{row[each]:,.2f}" if each in row else "" for each in COLUMNS))
    console = Console(width=150)
    console.print(table)
    for name, row in result["servers"].items():
        if "missing" in row:
            console.print(f"{name} is missing: {row['missing']}")
    for name, row in result["touched"].items():
        console.print(f"{name}: {row['requests/s']:,.0f} requests/s, {row['CPU µs']:.1f} µs of CPU")
    for words, key in (("the page of 500 customers:", "page"), ("with 1,000,000 customers:", "million")):
        console.print(words, ", ".join(f"{name} {value:.1f}" for name, value in result[key].items()))
    console.print(f"load average {os.getloadavg()[0]:.1f}")


def judge(result: Mapping[str, Mapping[str, Any]]) -> int:
    """Print each goal with what was reached; 1 where one was missed or could not be tried."""
    rows, page, million = result["servers"], result["page"], result["million"]
    us = rows[FAKE]
    again = us["large again ms"]
    mocks = [row for name, row in rows.items() if name in PEERS and PEERS[name].is_mock]
    fastest = min((row["large again ms"] for row in mocks if "large again ms" in row), default=None)
    goals: list[tuple[str, float | None, float, bool]] = [
        ("small answer, times apimock-rs", rows.get("apimock-rs", {}).get("times"), 2.5, True),
        ("small answer, times nginx", rows.get("nginx, a file", {}).get("times"), 0.45, True),
        (f"p99 over {CONNECTIONS} connections, ms", us["p99 ms"], 4.0, False),
        ("10,000 items again, share of the fastest peer", again / fastest if fastest else None, 0.6, False),
        ("10,000 items again, times a raw socket", again / rows[RAW]["large again ms"], 1.5, False),
        ("10,000 items first, ms", us["large first ms"], 60.0, False),
        *((f"{name}, requests/s", row["requests/s"], 8e3, True) for name, row in result["touched"].items()),
        ("page of 500 customers first, ms", page["first ms"], 60.0, False),
        ("memory with 50 customers, MB", us["memory MB"], 110.0, False),
        ("memory with 1,000,000, MB", million["memory MB"], 300.0, False),
        ("first partner answer there, s", million["first partner answer s"], 2.0, False),
    ]
    missed = 0
    for words, reached, goal, more in goals:
        kept = reached is not None and (reached >= goal if more else reached <= goal)
        missed += not kept
        said = "not tried" if reached is None else f"{reached:.2f}"
        bound = "at least" if more else "at most"
        print("kept  " if kept else "MISSED", f"{words}: {said} (goal: {bound} {goal})")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
