"""How fast `check` judges a large clean recording: beside parsing alone, and beside plain validators.

    python benchmarks/check_speed.py [--rows 200000] [--rounds 3]

Every row of the table goes the whole way from the file's bytes, best of some rounds. Only `check` keeps the
rules and looks for properties named twice and undocumented; `fastjsonschema` has a row where it is installed.
Exits 1 where a goal is missed: ten times plain `jsonschema`, half the speed of `orjson` merely parsing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import tracemalloc
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from partner_insights.contract import Catalogue, Profile
from partner_insights.verify.gate import compiled
from partner_insights.verify.recording import Checker
from partner_insights.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OPERATION = "customer-licenses-usage"
PLAIN_ROWS = 4_000
"""Rows that plain jsonschema is tried with: it is slow, and its speed does not change."""


def main() -> int:
    """Print the table and the ratios; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    catalogue = Catalogue.load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording.ndjson"
        small = Path(folder) / "small.ndjson"
        rows = write(path, options.rows, catalogue)
        few = write(small, PLAIN_ROWS, catalogue)
        print(f"{rows} rows in answers of one customer each, {path.stat().st_size / 1e6:.0f} MB of NDJSON\n")
        rates: dict[str, float] = {}
        for name, judge in contenders(catalogue).items():
            file, count = (small, few) if name == "jsonschema" else (path, rows)
            seconds = min(timed(judge, file) for _ in range(options.rounds))
            rates[name] = count / seconds
            print(f"{name:<34}{rates[name]:>12,.0f} rows/s")
        print(f"\nmemory while checking: {peak(catalogue, path) / 2**20:.1f} MiB of Python objects at most")
    plain, parsing = rates["check"] / rates["jsonschema"], rates["check"] / rates["orjson, parsing alone"]
    print(f"check is {plain:.1f} times plain jsonschema (goal: 10)")
    print(f"check is {parsing:.2f} times orjson parsing alone (goal: 0.5)")
    return int(plain < 10 or parsing < 0.5)


def write(path: Path, wanted: int, catalogue: Catalogue) -> int:
    """A clean recording: one answer a line; how many rows it has."""
    world = World(catalogue, seed=0, customers=wanted, as_of=date(2026, 11, 1))
    written = 0
    with path.open("wb") as file:
        for customer in range(wanted):
            rows = world.rows("CustomerLicensesUsageInsights", customer)
            body = {"totalCount": len(rows), "items": rows, "attributes": {"objectType": "Collection"}}
            file.write(orjson.dumps(body) + b"\n")
            written += len(rows)
            if written >= wanted:
                break
    return written


def contenders(catalogue: Catalogue) -> Mapping[str, Callable[[Path], None]]:
    """Each takes a file all the way."""
    checker = Checker(catalogue, Profile.CORRECTED)
    schema = catalogue.response_schema(OPERATION)
    plain = catalogue.validator(schema)
    quick = compiled(bundled(schema, catalogue))

    def check(path: Path) -> None:
        if checker.check(path).violations:
            raise AssertionError("the recording was to be clean")

    def validating(valid: Callable[[Any], Any], loads: Callable[[bytes], Any]) -> Callable[[Path], None]:
        def judge(path: Path) -> None:
            with path.open("rb") as file:
                for line in file:
                    if valid(loads(line)) is False:
                        raise AssertionError("the recording was to be valid")

        return judge

    found = {
        "check": check,
        "orjson, parsing alone": validating(lambda _: True, orjson.loads),
        "jsonschema-rs, no rules": validating(quick, orjson.loads),
        "jsonschema": validating(plain.is_valid, json.loads),
    }
    try:
        import fastjsonschema
    except ImportError:
        print("fastjsonschema is not installed: left out\n")
    else:
        found["fastjsonschema, no rules"] = validating(
            fastjsonschema.compile(apart(bundled(schema, catalogue))), orjson.loads
        )
    return found


def bundled(schema: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """The schema with all it refers to in one document."""
    definitions = {name: derived.schema for name, derived in catalogue.resources.items()}
    text = json.dumps({**schema, "$defs": definitions})
    for name in definitions:
        text = text.replace(f'"$ref": "{name}.schema.json"', f'"$ref": "#/$defs/{name}"')
        text = text.replace(f'"$id": "{name}.schema.json", ', "")
    return dict(json.loads(text))


def apart(schema: Any) -> Any:
    """A reference in an `allOf` of its own: `fastjsonschema` does not see what stands beside one."""
    if isinstance(schema, list):
        return [apart(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: apart(each) for name, each in schema.items() if name not in ("$ref", "x-source", "$id")}
    if isinstance(schema.get("$ref"), str):
        parts["allOf"] = [{"$ref": schema["$ref"]}]
    return parts


def timed(judge: Callable[[Path], None], path: Path) -> float:
    """Seconds of the process, not of the clock: other work on the machine does not count."""
    began = time.process_time()
    judge(path)
    return time.process_time() - began


def peak(catalogue: Catalogue, path: Path) -> int:
    """The most memory that checking takes, beyond what is there before."""
    checker = Checker(catalogue, Profile.CORRECTED)
    tracemalloc.start()
    checker.check(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


if __name__ == "__main__":
    sys.exit(main())
