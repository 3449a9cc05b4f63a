"""How soon the fake answers, as ratios to what the machine takes to import its libraries in the same round.

    python benchmarks/start_speed.py [--rounds 9] [--peers DIR] [--only NAME]… [--json FILE]

Each round starts everything once: an interpreter that imports what the fake is built on, the fake up to its
ready file and up to its first answer with data, and the peers. Ratios are of one round; their medians count.
Peers need `npm`; what is missing is said. Exits 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

import partner_insights
from partner_insights.child_server import running_fake
from partner_insights.fixtures.testing.server import InsightsServer
from partner_insights.fixtures.testing.settings import ServerOptions
from serve_peers import Site, install
from serve_speed import HEADERS, PARTNER, get, started

if TYPE_CHECKING:
    from collections.abc import Mapping

LIBRARIES = "import flask, numpy, httptools, uvloop"
PEERS = ("@scalar/mock-server", "Prism")
RESETS = 20
PLUGIN = ("partner_insights.fixtures.testing.plugin", "partner_insights.verify.pytest_options")
PLUGIN_RUNS = 9
BODY = b'{"totalCount":0,"items":[],"attributes":{"objectType":"Collection"}}'

Row = dict[str, float]


def main() -> int:
    """Print the ratios and the goals; 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "serve-speed-peers")
    parser.add_argument("--only", action="append", choices=PEERS, help="start these peers only")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    names = options.only or list(PEERS)
    options.peers.mkdir(parents=True, exist_ok=True)
    install(options.peers, names)
    # An installed package has its bytecode; of a checkout, no start is to be charged with making it.
    compileall.compile_dir(Path(partner_insights.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as scratch:
        site = Site(BODY, BODY, Path(scratch), options.peers)
        one_round(site, names)  # files come into the system's memory
        rounds = [one_round(site, names) for _ in range(options.rounds)]
        ratios = compared(rounds)
        ratios["plugin ms"] = plugin_milliseconds()
    show(rounds, ratios)
    if options.json:
        options.json.write_text(json.dumps({"rounds": rounds, "medians": ratios}, indent=2) + "\n", "utf-8")
    return judge(ratios, names)


def one_round(site: Site, peers: list[str]) -> Row:
    """Seconds of each start; a peer that cannot be started is left out."""
    row = {"libraries": seconds(sys.executable, "-c", LIBRARIES)}
    options = ServerOptions()
    began = time.perf_counter()
    with running_fake(*options.arguments()) as fake:
        row["ready"] = time.perf_counter() - began
        get(fake.url, PARTNER, HEADERS | {"Authorization": f"Bearer {fake.token}"})
        row["data"] = time.perf_counter() - began
        server = InsightsServer.of(fake, options)
        before = time.perf_counter()
        server.reset()
        row["first use"] = row["ready"] + time.perf_counter() - before
        before = time.perf_counter()
        for _ in range(RESETS):
            server.reset()
        row["reset"] = (time.perf_counter() - before) / RESETS
    for name in peers:
        try:
            with started(name, site) as peer:
                row[name] = peer.cold
        except (OSError, ValueError) as error:
            print(f"{name} is missing: {error}", file=sys.stderr)
    return row


def seconds(*command: str) -> float:
    """How long a command takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def compared(rounds: list[Row]) -> Row:
    """Medians of the rounds' ratios: to the libraries, and of the fake's data to a peer's first answer."""
    ratios = {
        name: median(row[name] / row["libraries"] for row in rounds)
        for name in ("ready", "data", "first use", "reset")
    }
    for name in PEERS:
        if all(name in row for row in rounds):
            ratios[name] = median(row["data"] / row[name] for row in rounds)
    return ratios


def plugin_milliseconds() -> float:
    """What the plugin adds to a pytest that does not use it: its import behind that of pytest, at best."""
    program = (
        "import time, pytest; began = time.perf_counter(); "
        f"import {', '.join(PLUGIN)}; print(time.perf_counter() - began)"
    )
    taken = [
        float(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout)
        for _ in range(PLUGIN_RUNS)
    ]
    return min(taken) * 1000


def show(rounds: list[Row], ratios: Row) -> None:
    """The table: what each start took, and the ratios."""
    table = Table("start", "median, s", "ratio")
    for name in dict.fromkeys(name for row in rounds for name in row):
        taken = median(row[name] for row in rounds if name in row)
        table.add_row(name, f"{taken:.3f}", f"{ratios[name]:.2f}" if name in ratios else "")
    console = Console(width=100)
    console.print(table)
    console.print(f"load average {os.getloadavg()[0]:.1f}")


def judge(ratios: Mapping[str, Any], peers: list[str]) -> int:
    """Print each goal with what was reached; 1 where one was missed or could not be tried."""
    goals = [
        ("ready file, times the import of the libraries", "ready", 1.25),
        ("first answer with data, times the same", "data", 1.4),
        ("first use of insights_server, times the same", "first use", 1.4),
        ("reset of insights_server, times the same", "reset", 0.05),
        *((f"first answer with data, times the start of {name}", name, 1.0) for name in peers),
        ("what the plugin adds to a pytest without it, ms", "plugin ms", 20.0),
    ]
    missed = 0
    for words, key, goal in goals:
        reached = ratios.get(key)
        kept = reached is not None and reached <= goal
        missed += not kept
        said = "not tried" if reached is None else f"{reached:.2f}"
        print("kept  " if kept else "MISSED", f"{words}: {said} (goal: at most {goal})")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
