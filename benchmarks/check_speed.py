"""How fast `check` judges a large clean recording: beside parsing alone, and beside plain validators.

    python benchmarks/check_speed.py [--rows 100000] [--rounds 7]

Every contender goes the whole way from the file's bytes, in turn with the others; its best round counts, in
seconds of the process. Only `check` keeps the rules and looks for properties named twice and undocumented;
`fastjsonschema` is there where it is installed. The recordings are of answers about a customer each; of a row
a line; of two operations in turn; without the properties that no published sample has; and in a browser's
archive. The goals are for the first: ten times plain `jsonschema`, half the speed of `orjson` merely parsing.
Exits 1 where one is missed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
import tracemalloc
import uuid
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import jsonschema_rs
import orjson

from partner_insights.contract import Catalogue, Profile
from partner_insights.verify.recordings.check import RecordingChecker
from partner_insights.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Judges: TypeAlias = "Mapping[str, Callable[[Path], None]]"
PARSING = "orjson, parsing alone"
OPERATION = "customer-licenses-usage"
PLAIN_ROWS = 4_000
"""Rows that plain jsonschema is tried with: it is slow, and its speed does not change."""


def main() -> int:
    """Print the tables and the ratios; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    catalogue = Catalogue.load()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, small = folder / "recording.ndjson", folder / "small.ndjson"
        rows = write(path, answers(catalogue, options.rows))
        few = write(small, answers(catalogue, PLAIN_ROWS))
        print(f"{rows} rows in answers of one customer each, {path.stat().st_size / 1e6:.0f} MB of NDJSON\n")
        files = {"jsonschema": (small, few)}
        judges = contenders(catalogue)
        rates = measured(judges, lambda name: files.get(name, (path, rows)), options.rounds)
        for contender, rate in rates.items():
            print(f"{contender:<34}{rate:>12,.0f} rows/s")
        print(f"\nmemory while checking: {peak(catalogue, path) / 2**20:.1f} MiB of Python objects at most")
        others(folder, judges, catalogue, options)
    plain, parsing = rates["check"] / rates["jsonschema"], rates["check"] / rates[PARSING]
    print(f"check is {plain:.1f} times plain jsonschema (goal: 10)")
    print(f"check is {parsing:.2f} times orjson parsing alone (goal: 0.5)")
    return int(plain < 10 or parsing < 0.5)


def others(folder: Path, judges: Judges, catalogue: Catalogue, options: argparse.Namespace) -> None:
    """Recordings of other forms, beside parsing them."""
    print("\nrecordings of other forms, as a part of the speed of orjson parsing them:")
    chosen = {name: judges[name] for name in ("check", PARSING)}
    for title, bodies in forms(catalogue, options.rows // 4).items():
        path = folder / f"{title.replace(' ', '-')}.ndjson"
        rows = write(path, bodies)
        rates = measured(chosen, lambda _, place=(path, rows): place, options.rounds)
        print(f"  {title:<32}{rates['check'] / rates[PARSING]:>12.2f}")
    path = folder / "archive.har"
    rows = write_archive(path, answers(catalogue, PLAIN_ROWS))
    alone = {"check": judges["check"], PARSING: lambda path: parse_archive(path)}
    rates = measured(alone, lambda _: (path, rows), options.rounds)
    print(f"  {'a browser archive':<32}{rates['check'] / rates[PARSING]:>12.2f}\n")


def measured(judges: Judges, file_of: Callable[[str], tuple[Path, int]], rounds: int) -> dict[str, float]:
    """Rows a second of each, at its best; in turn, as the machine is not always equally fast."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, judge in judges.items():
            path, rows = file_of(name)
            best[name] = max(best.get(name, 0.0), rows / timed(judge, path))
    return best


def answers(
    catalogue: Catalogue, wanted: int, resources: tuple[str, ...] = ("CustomerLicensesUsageInsights",)
) -> Iterator[Any]:
    """Clean bodies of one customer each, until there are enough rows."""
    world = World(catalogue, seed=0, customers=wanted, as_of=date(2026, 11, 1))
    made = 0
    for customer, resource in itertools.product(range(wanted), resources):
        rows = world.rows(resource, customer)
        yield {"totalCount": len(rows), "items": rows, "attributes": {"objectType": "Collection"}}
        made += len(rows)
        if made >= wanted:
            return


def forms(catalogue: Catalogue, wanted: int) -> Mapping[str, Iterator[Any]]:
    """Clean lines of other forms."""
    unsaid = {"customerId", "serviceCode", "workloadCode"}
    both = ("CustomerLicensesUsageInsights", "CustomerLicensesDeploymentInsights")
    return {
        "a row a line": (row for body in answers(catalogue, wanted) for row in body["items"]),
        "two operations in turn": answers(catalogue, wanted, both),
        "as the published samples": (
            body | {"items": [{n: row[n] for n in row if n not in unsaid} for row in body["items"]]}
            for body in answers(catalogue, wanted)
        ),
    }


def write(path: Path, lines: Iterable[Any]) -> int:
    """One value a line; how many rows there are."""
    rows = 0
    with path.open("wb") as file:
        for line in lines:
            file.write(orjson.dumps(line) + b"\n")
            rows += line.get("totalCount", 1)
    return rows


def write_archive(path: Path, bodies: Iterable[Any]) -> int:
    """A browser's archive with the same answers."""
    names = ("MS-RequestId", "MS-CorrelationId", "MS-CV", "MS-ServerId")
    headers = [{"name": "Content-Type", "value": "application/json; charset=utf-8"}]
    headers += [{"name": name, "value": str(uuid.UUID(int=number))} for number, name in enumerate(names)]
    entries, rows = [], 0
    for body in bodies:
        customer = body["items"][0]["customerId"]
        url = f"https://localhost/v1/customers/{customer}/analytics/licenses/usage"
        content = {"text": json.dumps(body)}
        response = {"status": 200, "headers": headers, "content": content}
        entries.append({"request": {"method": "GET", "url": url}, "response": response})
        rows += len(body["items"])
    path.write_text(json.dumps({"log": {"entries": entries}}))
    return rows


def parse_archive(path: Path) -> None:
    for entry in orjson.loads(path.read_bytes())["log"]["entries"]:
        orjson.loads(entry["response"]["content"]["text"])


def contenders(catalogue: Catalogue) -> Judges:
    """Each takes a file all the way."""
    checker = RecordingChecker(catalogue, Profile.CORRECTED)
    schema = catalogue.response_schema(OPERATION)
    plain = catalogue.validator(schema)
    quick = jsonschema_rs.Draft202012Validator(bundled(schema, catalogue), validate_formats=True).is_valid

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

    found: dict[str, Callable[[Path], None]] = {
        "check": check,
        PARSING: validating(lambda _: True, orjson.loads),
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
    checker = RecordingChecker(catalogue, Profile.CORRECTED)
    tracemalloc.start()
    checker.check(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


if __name__ == "__main__":
    sys.exit(main())
