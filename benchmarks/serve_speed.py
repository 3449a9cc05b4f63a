"""How fast the fake answers, starts and how large it gets, beside its peers in the same run.

    python benchmarks/serve_speed.py [--peers DIR] [--seconds 3] [--json FILE] [--only NAME]…

Needs `wrk`, `npm` and `java`. The first run has npm install each peer into a folder of its own below DIR.
Everything listens at loopback and is stopped by its process id. Exits 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import compileall
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

import partner_insights
from partner_insights.child_server import running_fake
from partner_insights.contract import Catalogue
from partner_insights.recording_folder import INDEX, VERSION, RecordedAnswer, key_of
from partner_insights.world import World
from partner_insights.world.bodies import collection_body
from serve_peers import Bodies, commands, home, install

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
WARM_UP = 5
"""Seconds of load before it counts: a virtual machine compiles meanwhile, and threads are made."""
ROUNDS = 15
"""Of a second each, in which the fake and a bare application take turns: no machine is always as fast."""
BARE = "bare WSGI"


def main() -> int:
    """Print the table and the goals; 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "serve-speed-peers")
    parser.add_argument("--seconds", type=int, default=3, help="of load for each server")
    parser.add_argument("--only", action="append", help="measure these peers only")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    install(options.peers)
    # An installed package has its bytecode; of a checkout, no start is to be charged with making it.
    compileall.compile_dir(Path(partner_insights.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as scratch:
        rows, headers, bodies = ours(options.peers, Path(scratch))
        for name, command in commands(options.peers, bodies, port := free_port()).items():
            if name == BARE or (options.only and name not in options.only):
                continue
            try:
                rows[name] = peer(command(), port, home(options.peers, name), headers, options.seconds)
            except (OSError, ValueError) as error:
                rows[name] = {"missing": f"not measured: {error}"}
    page = largest_page()
    million = large_world()
    show(rows, page, million)
    if options.json:
        options.json.write_text(json.dumps({"rows": rows, "page": page, "million": million}, indent=2) + "\n")
    return judge(rows, page, million)


def ours(peers: Path, scratch: Path) -> tuple[dict[str, dict[str, Any]], dict[str, str], Bodies]:
    """What is measured of the fake and, in turn, of a bare application; what all are sent, and serve."""
    began = time.perf_counter()
    with running_fake("--seed", "0", "--as-of", "2026-11-22") as fake:
        cold = time.perf_counter() - began
        headers = HEADERS | {"Authorization": f"Bearer {fake.token}"}
        get(fake.url, PARTNER, headers)
        told = time.perf_counter() - began
        customers = json.loads(get(fake.url, "/v1/customers", headers)[1])["items"]
        paths = [f"/v1/customers/{each['id']}/analytics/licenses/usage" for each in customers]
        path = next(p for p in paths if json.loads(get(fake.url, p, headers)[1])["totalCount"] == ITEMS)
        small = get(fake.url, path, headers)[1]
        bare = commands(peers, Bodies(small, b"", scratch), port := free_port())[BARE]()
        with started(bare, port, scratch) as (process, bare_cold):
            rows = in_turn(
                {
                    "partner-insights": (fake.url + path, fake.pid),
                    BARE: (f"http://127.0.0.1:{port}{path}", process.pid),
                },
                headers,
            )
            rows[BARE] |= {"cold start s": bare_cold, "memory MB": memory(process.pid)}
        row = rows["partner-insights"]
        row |= {"cold start s": cold, "first data s": told, "memory MB": memory(fake.pid)}
    small_path, large_path = record(scratch / "recording", ITEMS, LARGE_ITEMS)
    with running_fake("--from", str(scratch / "recording"), "--auth", "jwt") as fake:
        replayed = HEADERS | {"Authorization": f"Bearer {fake.token}"}
        get(fake.url, small_path, replayed)
        first, large = get(fake.url, large_path, replayed)
        again = min(get(fake.url, large_path, replayed)[0] for _ in range(20))
    row |= {"large first ms": first * 1e3, "large again ms": again * 1e3}
    return rows, headers, Bodies(small, large, scratch)


def in_turn(servers: dict[str, tuple[str, int]], headers: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What is measured of the servers (their addresses and process ids) in turn; medians of the rounds.

    `share` is that of each server's requests a second in those of the last one in the same round.
    """
    rounds = [
        {name: load(*server, headers, 1, 0 if begun else WARM_UP) for name, server in servers.items()}
        for begun in range(ROUNDS)
    ]
    rows: dict[str, dict[str, Any]] = {}
    for name in servers:
        rows[name] = {key: median(each[name][key] for each in rounds) for key in rounds[0][name]}
        *_, last = servers
        rows[name]["share"] = median(each[name]["requests/s"] / each[last]["requests/s"] for each in rounds)
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


def largest_page() -> dict[str, float]:
    """The largest answer that the fake makes itself: the first that tells names at all, and again."""
    with running_fake("--seed", "0", "--as-of", "2026-11-22", "--customers", "500") as fake:
        headers = HEADERS | {"Authorization": f"Bearer {fake.token}"}
        get(fake.url, PARTNER, headers)
        first = get(fake.url, PAGE, headers)[0]
        again = min(get(fake.url, PAGE, headers)[0] for _ in range(20))
    return {"first ms": first * 1e3, "again ms": again * 1e3}


def large_world() -> dict[str, float]:
    """A million customers: the first answer about the partner, and the memory after it."""
    with running_fake("--customers", "1000000") as fake:
        seconds, _ = get(fake.url, PARTNER, HEADERS | {"Authorization": f"Bearer {fake.token}"})
        return {"first partner answer s": seconds, "memory MB": memory(fake.pid)}


def peer(
    command: list[str], port: int, folder: Path, headers: Mapping[str, str], seconds: int
) -> dict[str, Any]:
    """What is measured of a peer; OSError where it does not answer as it should."""
    url = f"http://127.0.0.1:{port}"
    with started(command, port, folder) as (process, cold):
        row = load(f"{url}/small", process.pid, headers, seconds, WARM_UP) | {"cold start s": cold}
        first, _ = get(url, "/large", headers)
        again = min(get(url, "/large", headers)[0] for _ in range(20))
        row |= {
            "memory MB": memory(process.pid),
            "large first ms": first * 1e3,
            "large again ms": again * 1e3,
        }
    return row


@contextmanager
def started(command: list[str], port: int, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """The process once it answers, and how long that took; stopped, with its children, in the end."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while True:
            with suppress(OSError):
                get(f"http://127.0.0.1:{port}", "/small", HEADERS)
                break
            if process.poll() is not None or time.perf_counter() - began > 60:
                raise OSError(f"{Path(command[0]).name} did not come to answer")
            time.sleep(0.02)
        yield process, time.perf_counter() - began
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


def load(url: str, pid: int, headers: Mapping[str, str], seconds: int, warm_up: int) -> dict[str, Any]:
    """Requests a second, CPU of the server for each, and the slowest in a hundred; after a warm-up."""
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]

    def run(lasting: int) -> str:
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{lasting}s", "--latency", *sent, url]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    if warm_up:
        run(warm_up)
    before = cpu(pid)
    said = run(seconds)
    used = cpu(pid) - before
    if "Non-2xx" in said:
        raise OSError("some answers were no 200")
    (count,), ((late, unit),) = (
        re.findall(r"(\d+) requests in", said),
        re.findall(r"99%\s+([\d.]+)(us|ms|s)", said),
    )
    (rate,) = re.findall(r"Requests/sec:\s+([\d.]+)", said)
    scale = {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]
    return {"requests/s": float(rate), "CPU µs": used / int(count) * 1e6, "p99 ms": float(late) * scale}


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
    "CPU µs",
    "p99 ms",
    "large first ms",
    "large again ms",
    "cold start s",
    "first data s",
    "memory MB",
)


def show(
    rows: Mapping[str, Mapping[str, Any]], page: Mapping[str, float], million: Mapping[str, float]
) -> None:
    """The table."""
    table = Table("server", *COLUMNS, "")
    for name, row in rows.items():
        table.add_row(
            name, *(f"{row[each]:,.2f}" if each in row else "" for each in COLUMNS), row.get("missing", "")
        )
    console = Console(width=140)
    console.print(table)
    for words, found in (("the page of 500 customers:", page), ("with 1,000,000 customers:", million)):
        console.print(words, ", ".join(f"{name} {value:.1f}" for name, value in found.items()))
    console.print(f"load average {os.getloadavg()[0]:.1f}")


def judge(
    rows: Mapping[str, Mapping[str, Any]], page: Mapping[str, float], million: Mapping[str, float]
) -> int:
    """Print each goal with what was reached; 1 where one was missed or could not be tried."""
    us = rows["partner-insights"]
    peers = [row for name, row in rows.items() if name not in ("partner-insights", BARE)]
    rates = [row["requests/s"] for row in peers if "requests/s" in row]
    large = [row["large again ms"] for row in peers if "large again ms" in row]
    goals = [
        ("small answer, times the fastest peer", us["requests/s"] / max(rates, default=1e9), 3.0, True),
        ("small answer, share of bare WSGI", us["share"], 0.75, True),
        (
            "10,000 items again, share of the fastest peer",
            us["large again ms"] / min(large, default=1e-9),
            0.5,
            False,
        ),
        ("10,000 items first, ms", us["large first ms"], 60.0, False),
        ("page of 500 customers first, ms", page["first ms"], 60.0, False),
        ("cold start, s", us["cold start s"], 0.6, False),
        ("memory with 50 customers, MB", us["memory MB"], 110.0, False),
        ("memory with 1,000,000, MB", million["memory MB"], 300.0, False),
        ("first partner answer there, s", million["first partner answer s"], 2.0, False),
    ]
    missed = 0
    for words, reached, goal, more in goals:
        kept = reached >= goal if more else reached <= goal
        missed += not kept
        told = f"{reached:.2f} (goal: {'at least' if more else 'at most'} {goal})"
        print("kept  " if kept else "MISSED", f"{words}: {told}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
