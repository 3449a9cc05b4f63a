"""What data of one's own costs: a million rows read, an edit, and the small answer after it.

    python benchmarks/own_data_speed.py [--rows 1000000] [--check]

Rows of use and of deployment in the API's own form are written as CSV, NDJSON, JSON and Parquet, and each
file is read in a process of its own, beside a library that merely parses it. Seconds are of the process. Then
edits over HTTP, beside a request that changes nothing. With `--check` it exits 1 where a bound is passed.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import orjson

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.contract import Catalogue
from partner_insights.fixtures.files.write import write_resource
from partner_insights.world import World
from partner_insights.world.own import load

if TYPE_CHECKING:
    from collections.abc import Callable

AS_OF = date(2026, 11, 20)
ROWS_OF_A_CUSTOMER = {"CustomerLicensesUsageInsights": 7.7, "CustomerLicensesDeploymentInsights": 2.3}
"""By the resources that are read."""
BOUNDS = {
    "load s": 10.0,
    "load MB": 400.0,
    "edit ms, 50": 5.0,
    "edit ms, 100000": 100.0,
    "after an edit": 1.2,
}
EDITS = 40
ASKED = 1500


def parse_csv(path: Path) -> None:
    """By the standard library."""
    with path.open(newline="", encoding="utf-8") as file:
        for _ in csv.reader(file):
            pass


def parse_ndjson(path: Path) -> None:
    """By orjson, a line at a time."""
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)


def parse_json(path: Path) -> None:
    """By orjson, all at once."""
    orjson.loads(path.read_bytes())


def parse_parquet(path: Path) -> None:
    """By PyArrow, into its own columns."""
    import pyarrow.parquet

    pyarrow.parquet.read_table(path)


PARSERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "csv": ("csv", parse_csv),
    "ndjson": ("orjson", parse_ndjson),
    "json": ("orjson", parse_json),
    "parquet": ("pyarrow", parse_parquet),
}


def main() -> int:
    """Print what was measured; 1 where a bound is passed and `--check` is given."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--check", action="store_true")
    options.add_argument("--measure", nargs=2, metavar=("HOW", "FILE"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.measure:
        print(json.dumps(measured(given.measure[0], Path(given.measure[1]))))
        return 0
    slow = loads(given.rows) + edits()
    for words in slow:
        print(f"beyond its bound: {words}")
    return 1 if slow and given.check else 0


def loads(rows: int) -> list[str]:
    """The table of loads; what is beyond its bound."""
    slow = []
    print(
        f"{'file':8} {'MB':>6}  {'merely parsed':>22}  {'loaded s':>8}  {'times':>5}  {'memory MB':>9}  rows"
    )
    for resource_name, number in ROWS_OF_A_CUSTOMER.items():
        print(resource_name)
        world = World(Catalogue.load(), customers=round(rows / number), as_of=AS_OF)
        slow += loads_of(world, resource_name)
    return slow


def loads_of(world: World, resource_name: str) -> list[str]:
    """The lines of one resource; what is beyond its bound."""
    slow = []
    with tempfile.TemporaryDirectory() as folder:
        for form, (parser, _) in PARSERS.items():
            file = Path(folder) / f"rows.{form}"
            write_resource(world, resource_name, file, form)
            parsed, loaded = (child(how, file) for how in ("parse", "load"))
            times = loaded["seconds"] / parsed["seconds"]
            print(
                f"{form:8} {file.stat().st_size / 1e6:6.0f}  {parser:>9}: {parsed['seconds']:8.2f} s "
                f" {loaded['seconds']:8.2f}  {times:5.1f}  {loaded['megabytes']:9.0f}  {loaded['rows']:,}"
            )
            bounds = (("load s", loaded["seconds"]), ("load MB", loaded["megabytes"]))
            slow += [f"{form}, {name}" for name, value in bounds if value > BOUNDS[name]]
            file.unlink()
    return slow


def child(how: str, file: Path) -> dict[str, Any]:
    """What a process of its own measured."""
    command = [sys.executable, __file__, "--measure", how, str(file)]
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answer


def measured(how: str, file: Path) -> dict[str, Any]:
    """Seconds of the process for one file, the most memory it took, and the rows."""
    world = World(Catalogue.load(), customers=0, as_of=AS_OF)
    rows = 0
    began = time.process_time()
    if how == "parse":
        PARSERS[file.suffix[1:]][1](file)
    else:
        own = load.with_files([file], world).own
        rows = 0 if own is None else max(len(own.uses), len(own.licences))
    seconds = time.process_time() - began
    return {
        "seconds": seconds,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": rows,
    }


def edits() -> list[str]:
    """The table of edits; what is beyond its bound."""
    slow = []
    print(
        f"\n{'customers':>9}  {'nothing ms':>10}  {'edit ms':>8}  {'add':>5}  {'answer µs before, after':>24}"
    )
    for customers in (50, 100_000):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "own.ndjson"
            write_resource(
                World(Catalogue.load(), customers=customers, as_of=AS_OF),
                "CustomerLicensesDeploymentInsights", file, "ndjson",
            )  # fmt: skip
            with running_fake("--data", str(file), "--only-data", "--as-of", AS_OF.isoformat(), "-q") as fake:
                nothing, edit, add, before, after = edited(fake)
        print(
            f"{customers:9,}  {nothing:10.2f}  {edit:8.2f}  {add:5.1f} "
            f" {before * 1000:13.0f} {after * 1000:10.0f}"
        )
        if max(edit, add) > BOUNDS[f"edit ms, {customers}"]:
            slow.append(f"edit ms, {customers}")
        if after > before * BOUNDS["after an edit"]:
            slow.append(f"after an edit, {customers}")
    return slow


def edited(fake: RunningFake) -> tuple[float, ...]:
    """Milliseconds of a request that changes nothing, a change, one more, an answer before and after."""
    connection = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=60)
    token = {"Authorization": f"Bearer {fake.token}", "Content-Type": "application/json"}

    def ask(path: str, method: str = "GET", content: Any = None) -> Any:
        connection.request(method, path, None if content is None else json.dumps(content), token)
        response = connection.getresponse()
        body = response.read()
        if response.status not in (200, 201):
            raise SystemExit(f"{method} {path}: {response.status} {body[:200]!r}")
        return body

    def milliseconds(times: int, act: Callable[[int], Any]) -> float:
        taken = []
        for number in range(times):
            began = time.perf_counter()
            act(number)
            taken.append((time.perf_counter() - began) * 1000)
        return median(taken)

    customer = json.loads(ask("/v1/customers?size=5"))["items"][3]["id"]
    known = json.loads(ask(f"/_admin/customers/{customer}"))["deployment"]
    answer = f"/v1/customers/{customer}/analytics/licenses/usage"
    place = f"/_admin/customers/{customer}/licenses/{quote(known[0]['productName'], safe='')}"
    before = milliseconds(ASKED, lambda _: ask(answer))
    nothing = milliseconds(EDITS, lambda _: ask("/_admin/clock"))
    edit = milliseconds(EDITS, lambda number: ask(place, "PATCH", {"sold": 10_000 + number}))
    add = milliseconds(EDITS, lambda number: ask("/_admin/customers", "POST", {"name": f"One more {number}"}))
    return nothing, edit, add, before, milliseconds(ASKED, lambda _: ask(answer))


if __name__ == "__main__":
    sys.exit(main())
