"""Rows a second to disk of the 13-column usage resource, ours and every peer's that is installed, in one run.

    python benchmarks/fixtures_speed.py [--customers N] [--runs N] [--peer-seconds S] [--node DIR] [--json F]

Ours is the command line, `fixtures write`, one process for each file, so that its start counts, and its peak
memory is its own. It writes a world and one twice the size: the second less the first is the steady rate. The
goal is held against the clock of the larger world, start included: the slowest of what is printed. A peer
makes rows of the same 13 properties and writes them as NDJSON, for as long as it is given, its start for
free; we are to be 15 times as fast with Parquet, and the ratio of NDJSON is printed beside it. The best of a
few runs counts. On a busy machine only the rows a CPU second, and the ratios, mean something.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USAGE = "CustomerLicensesUsageInsights"
GOALS = {"parquet": 1_400_000, "ndjson": 400_000}
MOST_MEMORY = 400
TIMES_ANY_PEER = 15
BURST = 200


class Run(NamedTuple):
    """What one process wrote, and what it took."""

    rows: int
    size: int
    clock: float
    cpu: float
    peak: int
    """MB."""


class Ours(NamedTuple):
    """Rows a second of one format."""

    clock: float
    """By the clock, process start included."""
    cpu: float
    """A second of CPU time, start included."""
    steady: float
    """By the clock, of the rows that the larger world has more."""
    steady_cpu: float
    peak: int
    rows: int
    size: int


def written(form: str, customers: int, folder: Path) -> Run:
    path = folder / f"rows.{form}"
    command = [sys.executable, "-m", "partner_insights", "fixtures", "write", USAGE, "--out", str(path)]
    began = time.perf_counter()
    process = subprocess.Popen([*command, "--customers", str(customers)], stdout=subprocess.PIPE, text=True)
    told = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    clock = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"fixtures write failed: {told}")
    rows = int(told.split(": ")[-1].split(" row")[0].replace(",", ""))
    size = path.stat().st_size
    path.unlink()
    return Run(rows, size, clock, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)


def ours(form: str, customers: int, runs: int, folder: Path) -> Ours:
    """One format; of a few runs the best."""
    small = [written(form, customers, folder) for _ in range(runs)]
    large = [written(form, 2 * customers, folder) for _ in range(runs)]
    rows, more = large[0].rows, large[0].rows - small[0].rows
    clock, cpu = (min(getattr(run, name) for run in large) for name in ("clock", "cpu"))
    return Ours(
        clock=rows / clock,
        cpu=rows / cpu,
        steady=more / (clock - min(run.clock for run in small)),
        steady_cpu=more / (cpu - min(run.cpu for run in small)),
        peak=max(run.peak for run in large),
        rows=rows,
        size=large[0].size,
    )


# ── Peers: each yields rows of the 13 properties, as a test's author would write it


def faker_rows() -> Iterator[dict[str, Any]]:
    from faker import Faker

    fake = Faker(use_weighting=False)
    while True:
        qualified = fake.random_int(1, 500)
        active = fake.random_int(0, qualified)
        yield {
            "workloadCode": fake.random_element(("EXO", "SPO", "SFB")),
            "workloadName": fake.random_element(("Exchange", "SharePoint", "Skype For Business")),
            "usagePercent": round(100 * active / qualified, 2),
            "licensesActive": active,
            "licensesQualified": qualified,
            "customerId": fake.uuid4(),
            "customerName": fake.company(),
            "productName": fake.random_element(("OFFICE 365 ENTERPRISE E3", "DYNAMICS AX TASK")),
            "serviceCode": fake.random_element(("o365", "crm")),
            "processedDateTime": "2026-01-01T00:00:00+00:00",
            "serviceName": fake.random_element(("o365", "crm")),
            "channel": fake.random_element(("reseller", "direct")),
            "attributes": {"objectType": USAGE},
        }


def mimesis_rows() -> Iterator[dict[str, Any]]:
    from mimesis.schema import Field, Schema

    field = Field()

    def row() -> dict[str, Any]:
        qualified = field("integer_number", start=1, end=500)
        active = field("integer_number", start=0, end=qualified)
        return {
            "workloadCode": field("choice", items=["EXO", "SPO", "SFB"]),
            "workloadName": field("choice", items=["Exchange", "SharePoint", "Skype For Business"]),
            "usagePercent": round(100 * active / qualified, 2),
            "licensesActive": active,
            "licensesQualified": qualified,
            "customerId": field("uuid"),
            "customerName": field("company"),
            "productName": field("choice", items=["OFFICE 365 ENTERPRISE E3", "DYNAMICS AX TASK"]),
            "serviceCode": field("choice", items=["o365", "crm"]),
            "processedDateTime": "2026-01-01T00:00:00+00:00",
            "serviceName": field("choice", items=["o365", "crm"]),
            "channel": field("choice", items=["reseller", "direct"]),
            "attributes": {"objectType": USAGE},
        }

    while True:
        yield from Schema(schema=row, iterations=100).create()


def mimesis_provider_rows() -> Iterator[dict[str, Any]]:
    """Without its schema: the providers called by hand, and Python's own random numbers for all the rest."""
    from mimesis import Generic

    make = Generic()
    choice, number = make.random.choice, make.random.randint
    while True:
        qualified = number(1, 500)
        active = number(0, qualified)
        yield {
            "workloadCode": choice(("EXO", "SPO", "SFB")),
            "workloadName": choice(("Exchange", "SharePoint", "Skype For Business")),
            "usagePercent": round(100 * active / qualified, 2),
            "licensesActive": active,
            "licensesQualified": qualified,
            "customerId": make.cryptographic.uuid(),
            "customerName": make.finance.company(),
            "productName": choice(("OFFICE 365 ENTERPRISE E3", "DYNAMICS AX TASK")),
            "serviceCode": choice(("o365", "crm")),
            "processedDateTime": "2026-01-01T00:00:00+00:00",
            "serviceName": choice(("o365", "crm")),
            "channel": choice(("reseller", "direct")),
            "attributes": {"objectType": USAGE},
        }


def polyfactory_rows() -> Iterator[dict[str, Any]]:
    from dataclasses import asdict, make_dataclass

    from polyfactory.factories import DataclassFactory

    texts = ("workloadCode", "workloadName", "customerId", "customerName", "productName", "serviceCode")
    texts += ("processedDateTime", "serviceName", "channel")
    numbers = {"usagePercent": float, "licensesActive": int, "licensesQualified": int}
    attributes = make_dataclass("Attributes", [("objectType", str)])
    fields = [*((name, str) for name in texts), *numbers.items(), ("attributes", attributes)]
    row = make_dataclass("Row", fields)
    factory = DataclassFactory.create_factory(row)
    while True:
        yield asdict(factory.build())


def hypothesis_rows() -> Iterator[dict[str, Any]]:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    text, count = st.text(max_size=20), st.integers(0, 10**6)
    texts = ("workloadCode", "workloadName", "customerName", "productName", "serviceCode", "serviceName")
    row = st.fixed_dictionaries(
        {
            **dict.fromkeys((*texts, "channel"), text),
            "customerId": st.uuids().map(str),
            "processedDateTime": st.datetimes().map(str),
            "usagePercent": st.floats(0, 100),
            "licensesActive": count,
            "licensesQualified": count,
            "attributes": st.fixed_dictionaries({"objectType": st.just(USAGE)}),
        }
    )
    while True:
        made: list[dict[str, Any]] = []

        @settings(max_examples=BURST, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(row)
        def collect(value: dict[str, Any]) -> None:
            made.append(value)  # noqa: B023 - called at once

        collect()
        yield from made


PEERS: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
    "Faker dictionaries, unweighted": faker_rows,
    "mimesis, field and schema": mimesis_rows,
    "mimesis, two providers by hand": mimesis_provider_rows,
    "polyfactory": polyfactory_rows,
    "Hypothesis": hypothesis_rows,
}


def peer(rows: Iterator[dict[str, Any]], seconds: float, folder: Path) -> float:
    """Rows a second of CPU time, as NDJSON to disk by the fastest encoder there is."""
    import orjson

    for _ in range(BURST):  # Hypothesis makes so many at once: none of them may be had for nothing
        next(rows)
    count, began = 0, time.process_time()
    with (folder / "peer.ndjson").open("wb") as out:
        while time.process_time() - began < seconds:
            for _ in range(50):
                out.write(orjson.dumps(next(rows)) + b"\n")
            count += 50
    return count / (time.process_time() - began)


FAKER_JS = """
import * as found from 'json-schema-faker';
import fs from 'node:fs';
const [schemaFile, rowsFile, seconds] = process.argv.slice(1);
const generate = found.generate ?? (found.JSONSchemaFaker ?? found.default).generate;
const schema = JSON.parse(fs.readFileSync(schemaFile));
const out = fs.openSync(rowsFile, 'w');
await generate(schema);
const began = process.cpuUsage();
const spent = () => { const used = process.cpuUsage(began); return (used.user + used.system) / 1e6; };
let rows = 0;
for (; spent() < Number(seconds); rows += 20) {
  for (let i = 0; i < 20; i++) fs.writeSync(out, JSON.stringify(await generate(schema)) + '\\n');
}
console.log(rows / spent());
"""


def json_schema_faker(seconds: float, folder: Path, installed: Path) -> float | None:
    """From our own schema, by the package in the node_modules of a folder."""
    if shutil.which("node") is None:
        return None
    from partner_insights.contract import Catalogue

    def plain(schema: Any) -> Any:
        """Without annotations and references, which it would have to look up."""
        if isinstance(schema, dict):
            return {name: plain(part) for name, part in schema.items() if not name.startswith(("x-", "$"))}
        return list(map(plain, schema)) if isinstance(schema, list) else schema

    (folder / "schema.json").write_text(json.dumps(plain(Catalogue.load().schema(USAGE))))
    files = [str(folder / name) for name in ("schema.json", "js.ndjson")]
    command = ["node", "--input-type=module", "-e", FAKER_JS, *files, str(seconds)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=installed)
    return float(run.stdout) if run.returncode == 0 else None


def peers(seconds: float, folder: Path, node: Path) -> dict[str, float | None]:
    random.seed(0)
    found: dict[str, float | None] = {}
    for name, rows in PEERS.items():
        try:
            found[name] = peer(rows(), seconds, folder)
        except ImportError:
            found[name] = None
    return {**found, "json-schema-faker": json_schema_faker(seconds, folder, node)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=250_000, help="of the smaller world")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--node", type=Path, default=Path(), help="a folder with json-schema-faker installed")
    parser.add_argument("--peer-seconds", type=float, default=3.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = {form: ours(form, options.customers, options.runs, folder) for form in GOALS}
        rates = peers(options.peer_seconds, folder, options.node)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{USAGE}, one process, to disk; {os.cpu_count()} cores, load {load}")
    held = [told(form, result) for form, result in results.items()]
    print("peers, rows a CPU second as NDJSON; ours, process start included, is so many times as fast")
    for each, rate in rates.items():
        if rate is None:
            print(f"  {each:<32} not installed")
            continue
        lines, parquet = (results[form].cpu / rate for form in ("ndjson", "parquet"))
        held.append(parquet >= TIMES_ANY_PEER)
        print(f"  {each:<32} {rate:>10,.0f}  {parquet:>8,.1f} as Parquet  {lines:>8,.1f} as NDJSON")
    if options.json:
        told_of = {form: result._asdict() for form, result in results.items()}
        options.json.write_text(json.dumps({"ours": told_of, "peers": rates}, indent=2))
    print("every goal held" if all(held) else "a goal was missed")
    return 0 if all(held) else 1


def told(form: str, result: Ours) -> bool:
    """Print a format's rates; whether its goals were held."""
    goal = GOALS[form]
    print(
        f"  {form:<8} {result.rows:,} rows, {result.size / 1e6:,.0f} MB, {result.peak} MB of memory at most\n"
        f"    with process start  {result.clock:>10,.0f} rows a second  {result.cpu:>10,.0f} a CPU second"
        f"  goal {goal:,} a second\n"
        f"    steady              {result.steady:>10,.0f} rows a second"
        f"  {result.steady_cpu:>10,.0f} a CPU second"
    )
    return result.peak < MOST_MEMORY and result.clock >= goal


if __name__ == "__main__":
    sys.exit(main())
