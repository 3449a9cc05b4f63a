"""Rows a second to disk of the 13-column usage resource, ours and every peer's that is installed, in one run.

    python benchmarks/fixtures_speed.py [--customers N] [--runs N] [--peer-seconds S] [--node DIR] [--json F]

Ours is written by one process, a child of its own for each format, so that its peak memory is its own. A peer
makes rows of the same 13 properties and writes them as NDJSON, for as long as it is given. Rates are by CPU
time, which a busy machine disturbs least, the best of a few runs; ours by the clock, too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USAGE = "CustomerLicensesUsageInsights"
GOALS = {"parquet": 1_400_000, "ndjson": 400_000}
MOST_MEMORY = 400
TIMES_ANY_PEER = 15
BURST = 200


def ours(form: str, customers: int, folder: Path) -> dict[str, Any]:
    """One format, in a child process; what it says of itself."""
    command = [sys.executable, __file__, "--child", form, "--customers", str(customers), "--out", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(run.stdout)
    return told


def child(form: str, customers: int, folder: Path) -> None:
    from partner_insights.fixtures.formats import check_format
    from partner_insights.fixtures.settings import WorldSettings
    from partner_insights.fixtures.writing import write_resource

    world = WorldSettings(0, customers).world()
    check_format(form)
    world.people.names(0, 1)  # the words are made once a process, however many rows follow
    clock, cpu = time.perf_counter(), time.process_time()
    path = folder / f"rows.{form}"
    rows = write_resource(world, USAGE, path, form)
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    size = path.stat().st_size
    path.unlink()
    told = {"rows": rows, "cpu": rows / cpu, "clock": rows / clock, "peak": peak, "bytes": size}
    print(json.dumps(told))


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
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--node", type=Path, default=Path(), help="a folder with json-schema-faker installed")
    parser.add_argument("--peer-seconds", type=float, default=3.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.customers, options.out)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = {}
        for form in ("parquet", "ndjson", "csv"):
            runs = [ours(form, options.customers, folder) for _ in range(options.runs)]
            results[form] = max(runs, key=lambda run: run["cpu"]) | {"peak": max(run["peak"] for run in runs)}
        rates = peers(options.peer_seconds, folder, options.node)
    print(f"{USAGE}, {options.customers:,} customers, one process, to disk; {os.cpu_count()} cores")
    held = True
    for form, result in results.items():
        goal = GOALS.get(form)
        held &= result["peak"] < MOST_MEMORY and (goal is None or result["cpu"] >= goal)
        print(
            f"  {form:<8} {result['cpu']:>10,.0f} rows a CPU second  {result['clock']:>10,.0f} a second"
            f"  {result['peak']:>4} MB peak  {result['rows']:,} rows, {result['bytes'] / 1e6:,.0f} MB"
            + (f"  goal {goal:,}" if goal else "")
        )
    print("peers, rows a CPU second as NDJSON; ours as NDJSON is so many times as fast, as Parquet so many")
    for each, rate in rates.items():
        if rate is None:
            print(f"  {each:<32} not installed")
            continue
        lines, parquet = (results[form]["cpu"] / rate for form in ("ndjson", "parquet"))
        held &= lines >= TIMES_ANY_PEER
        print(f"  {each:<32} {rate:>10,.0f}  {lines:>8,.0f} times  {parquet:>8,.0f} times")
    if options.json:
        options.json.write_text(json.dumps({"ours": results, "peers": rates}, indent=2))
    print("every goal held" if held else "a goal was missed")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
