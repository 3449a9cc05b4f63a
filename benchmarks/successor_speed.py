"""How fast the newer analytics answer a query over a large world, beside DuckDB on the same rows.

`python benchmarks/successor_speed.py [--customers N] [--check] [--peers DIR]` serves a world over HTTP on
loopback and asks for 10,000 rows with a filter, for the same again, and for sums by service and channel.
DuckDB (an extra of development) runs the same queries on the Parquet file of the same rows, and json-server
(by npm) pages through 100,000 of them. With `--check` it exits 1 where a bound is passed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from partner_insights.child_server import running_fake
from partner_insights.contract import Catalogue
from partner_insights.fixtures.files.write import write_resource
from partner_insights.world import World
from serve_peers import Site, install
from serve_speed import get, started

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/v1/analytics/commercial/deployment/license"
FILTER = "serviceCode eq 'crm' or channel eq 'direct'"
PEER_ROWS = 100_000
BOUNDS = {"filter, first": 300.0, "filter, again": 20.0, "grouped, first": 3000.0}
"""Milliseconds."""


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--customers", type=int, default=1_000_000)
    options.add_argument("--check", action="store_true")
    options.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "serve-speed-peers")
    given = options.parse_args()
    found = _served(given.customers)
    found |= _by_duckdb(given.customers)
    found |= _by_json_server(given.peers)
    for name, milliseconds in found.items():
        bound = BOUNDS.get(name)
        print(f"{name:24} {milliseconds:9.1f} ms" + (f"  (bound {bound:.0f})" if bound else ""))
    slow = [name for name, bound in BOUNDS.items() if found[name] > bound]
    if "grouped by DuckDB" in found and found["grouped, again"] > 2 * found["grouped by DuckDB"]:
        slow.append("grouped, again")
    if slow:
        print(f"slower than the bound: {', '.join(slow)}")
    return 1 if slow and given.check else 0


def _served(customers: int) -> dict[str, float]:
    with running_fake("--customers", str(customers), "--auth", "off", "--as-of", "2026-11-20", "-q") as fake:
        connection = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=120)

        def get(query: str) -> Any:
            connection.request("GET", f"{PATH}?{query}")
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise SystemExit(f"{query}: {response.status} {body[:200]!r}")
            return body

        get("top=1&filter=" + quote("productName eq 'warm'"))  # the modules are loaded
        filtered = f"filter={quote(FILTER)}"
        times = {
            "filter, first": _milliseconds(lambda: get(filtered)),
            "filter, again": _milliseconds(lambda: get(filtered)),
            "filter, next page": _milliseconds(lambda: get(f"{filtered}&skip=10000")),
            "grouped, first": _milliseconds(lambda: get("groupby=serviceCode,channel")),
            "grouped, again": _milliseconds(lambda: get("groupby=serviceCode,channel")),
        }
        if not json.loads(get(filtered))["Value"]:
            raise SystemExit("the filter chooses nothing: the times mean nothing")
        return times


def _by_duckdb(customers: int) -> dict[str, float]:
    try:
        import duckdb
    except ImportError:
        return {}
    world = World(Catalogue.load(), customers=customers, as_of=date(2026, 11, 20))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "deployment.parquet"
        write_resource(world, "LicensesDeployment", file, "parquet")
        source = f"read_parquet('{file.as_posix()}')"
        filtered = f"select * from {source} where serviceCode = 'crm' or channel = 'direct' limit 10000"
        count = f"select count(*) from {source} where serviceCode = 'crm' or channel = 'direct'"
        sums = "sum(licensesDeployed), sum(licensesSold)"
        grouped = f"select serviceCode, channel, {sums} from {source} group by all"
        database = duckdb.connect()
        return {
            "filter by DuckDB": _milliseconds(
                lambda: (database.execute(filtered).fetchall(), database.execute(count).fetchall())
            ),
            "grouped by DuckDB": _milliseconds(lambda: database.execute(grouped).fetchall()),
        }


def _by_json_server(peers: Path) -> dict[str, float]:
    """A page of as many rows that json-server filters by one value, of so many rows as it can be given."""
    world = World(Catalogue.load(), customers=PEER_ROWS, as_of=date(2026, 11, 20))
    rows = world.rows_of("LicensesDeployment", 0, PEER_ROWS // 2)[:PEER_ROWS]
    peers.mkdir(parents=True, exist_ok=True)
    install(peers, ["json-server"])
    with tempfile.TemporaryDirectory() as folder:
        site = Site(b'{"ready": true}', json.dumps(rows).encode(), Path(folder), peers)
        path = "/large?channel=direct&_page=1&_per_page=10000"
        try:
            with started("json-server", site) as peer:
                times = [get(peer.url, path, {})[0] * 1000 for _ in range(2)]
        except OSError as missing:
            print(f"json-server: {missing}")
            return {}
    return dict(zip(("json-server, first", "json-server, again"), times, strict=True))


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    sys.exit(main())
