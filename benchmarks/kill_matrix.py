"""Every mutant of a running fake, and who finds it: our contract suite, and Schemathesis beside it.

    python benchmarks/kill_matrix.py                          # all mutants, one seed, ten clean controls
    python benchmarks/kill_matrix.py --only wrong-total-count --only 'Customer*:type'
    python benchmarks/kill_matrix.py --schemathesis           # needs `st` (see benchmarks/README.md)

One fake answers for the whole run, with each mutant in turn by its admin API; the suite of
`verify` judges it over HTTP, in this process, by the strict contract. A mutant is killed when a violation
under one of the codes that rightly report it is an error. A run ends early once that is so for every
operation the mutant touches; what is not found runs through to the end. Exit code 1 where a mutant
survives or a control is not clean.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import json
import random
import sys
import time
import urllib.request
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from rich.console import Console
from rich.table import Table

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.contract import Catalogue, Profile, Severity
from partner_insights.mutants import Mutant, mutants
from partner_insights.verify.options import APP_TOKEN_ENV, TOKEN_ENV, SuiteOptions
from partner_insights.verify.run.client import Secret
from partner_insights.verify.run.suite import OPEN_SESSION, run_tests
from partner_insights.verify.run.target import Target

sys.path.insert(0, str(Path(__file__).parent))
from rival import SLOW, Rival

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

CUSTOMERS = 12
"""Of the fake's world: few, so that the laws about every customer are quick."""

NOWHERE = "(no operation)"

ACROSS = {"PI208", "PI209", "PI210"}
"""Codes about several answers: the operation they name is the partner's, wherever the fault is."""


@dataclass
class Row:
    """What became of one mutant, or of a control."""

    mutant: str
    kind: str
    codes: tuple[str, ...]
    killed: bool
    found: dict[str, list[str]] = field(default_factory=dict)
    """Code → the operations it was reported of; only errors."""
    missed: list[str] = field(default_factory=list)
    """Operations the mutant touches and no right violation names."""
    requests: int = 0
    seconds: float = 0.0
    rival: list[str] | None = None
    """What Schemathesis reports, empty for nothing; None where it did not run."""


class MutatedFake:
    """A fake and the mutants it is given."""

    def __init__(self, fake: RunningFake) -> None:
        self.fake = fake

    @contextlib.contextmanager
    def inject(self, mutant: str, operations: Iterable[str] = ("*",)) -> Iterator[None]:
        """Every response of these operations is the mutant's until the end."""
        faults = [{"operation": operation, "fault": mutant} for operation in operations]
        plan = {"faults": faults, "all": True, "repeat": True}
        account = self._call("POST", "/_admin/faults", plan)
        try:
            yield
        finally:
            self._call("DELETE", f"/_admin/faults/{account['id']}")

    def _call(self, method: str, path: str, content: Any = None) -> Any:
        request = urllib.request.Request(
            self.fake.url + path,
            method=method,
            data=None if content is None else json.dumps(content).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def _app_only_token(self) -> str:
        """A new one: it is good for an hour, and the whole matrix takes longer."""
        form = {
            "grant_type": "client_credentials",
            "client_id": "kill-matrix",
            "client_secret": "any",
            "scope": "https://api.partnercenter.microsoft.com/.default",
        }
        with urllib.request.urlopen(
            f"{self.fake.url}/kill-matrix/oauth2/v2.0/token", data=urlencode(form).encode()
        ) as answer:
            return str(json.load(answer)["access_token"])

    def target(self, seed: int, profile: Profile) -> Target:
        """The fake as the suite judges it."""
        return Target(
            url=self.fake.url,
            own=True,
            profile=profile,
            token=Secret(self.fake.token),
            app_only=Secret(self._app_only_token()),
            token_variable=TOKEN_ENV,
            app_token_variable=APP_TOKEN_ENV,
            seed=seed,
            max_requests=None,
            rate=None,
        )


class EarlyEnd:
    """Ends the suite once the mutant is found at every operation it touches."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        session = self._session.config.stash[OPEN_SESSION]
        if report.when == "call" and not missing(session.results, self._mutant):
            self._session.shouldstop = "found"


def errors_of(record: Any) -> dict[str, list[str]]:
    """Code → operations, of the errors alone."""
    found: dict[str, set[str]] = {}
    for violation in record.violations:
        if violation.severity is Severity.ERROR:
            found.setdefault(violation.code, set()).add(violation.operation or NOWHERE)
    return {code: sorted(operations) for code, operations in sorted(found.items())}


def missing(record: Any, mutant: Mutant) -> set[str]:
    """The operations that the mutant touches and that no right violation names yet."""
    found = errors_of(record)
    named = {name for code in mutant.codes for name in found.get(code, ())}
    if ACROSS & set(mutant.codes) & found.keys() or NOWHERE in named:
        return set()
    return set(mutant.operations) - named


def judged(mutated: MutatedFake, seed: int, mutant: Mutant | None, profile: Profile = Profile.STRICT) -> Row:
    """One run of the suite against the fake as it is now."""
    started = time.perf_counter()
    observers = [] if mutant is None else [EarlyEnd(mutant)]
    run = run_tests(mutated.target(seed, profile), SuiteOptions(seed=seed), *observers)
    found = errors_of(run.results)
    crashes = [f"{law.name}: {law.message}" for law in run.crashes]
    if crashes:
        raise RuntimeError(f"the suite itself broke on {mutant and mutant.id}: {crashes[0]}")
    return Row(
        mutant=mutant.id if mutant is not None else f"control, seed {seed}",
        kind=mutant.kind if mutant is not None else "control",
        codes=mutant.codes if mutant is not None else (),
        killed=bool(found.keys() & set(mutant.codes)) if mutant is not None else bool(run.results.violations),
        found=found,
        missed=sorted(missing(run.results, mutant)) if mutant is not None else [],
        requests=run.results.requests,
        seconds=round(time.perf_counter() - started, 2),
    )


def controls(seeds: int) -> Iterator[Row]:
    """The fake without a mutant, with so many seeds of its world and of the requests."""
    for seed in range(seeds):
        with running_fake("--seed", str(seed), "--customers", str(CUSTOMERS)) as fake:
            row = judged(MutatedFake(fake), seed, None)
        print_row(row)
        yield row


def evenly(chosen: list[Mutant]) -> list[Mutant]:
    """In an order of which each beginning is a fair sample: drawn by chance, as much of each kind."""
    order = random.Random(2026)
    places = {}
    for kind in sorted({mutant.kind for mutant in chosen}):
        same = [mutant for mutant in chosen if mutant.kind == kind]
        order.shuffle(same)
        places |= {mutant.id: (number + 0.5) / len(same) for number, mutant in enumerate(same)}
    return sorted(chosen, key=lambda mutant: places[mutant.id])


def kept(file: Path | None, chosen: list[Mutant]) -> list[Row]:
    """The rows of an earlier run that are in this file."""
    if file is None or not file.exists():
        return []
    names = {mutant.id for mutant in chosen}
    rows = [Row(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row.mutant in names]


def print_row(row: Row) -> None:
    """One line on stderr as soon as a row is known: the whole matrix takes minutes."""
    clean = not row.killed if row.kind == "control" else row.killed and not row.missed
    words = "" if clean else f"  killed={row.killed} missed={row.missed}"
    theirs = "" if row.rival is None else f"  Schemathesis: {', '.join(row.rival) or 'nothing'}"
    print(
        f"{row.seconds:6.1f} s  {row.mutant}: {', '.join(row.found) or 'nothing'}{words}{theirs}",
        file=sys.stderr,
    )


def matrix(chosen: list[Mutant], rival: Rival | None) -> Iterator[Row]:
    """Every chosen mutant in turn, in one fake."""
    with running_fake("--seed", "7", "--customers", str(CUSTOMERS)) as fake:
        mutated = MutatedFake(fake)
        for mutant in chosen:
            if rival is not None:
                rival.learn(fake, mutant.operations)
            with mutated.inject(mutant.id):
                row = judged(mutated, 7, mutant)
                if rival is not None:
                    row.rival = rival.judge(fake, mutant.operations)
            if row.killed and row.missed:
                # What makes the customer list unreadable leaves no customer id: try it without the list.
                with mutated.inject(mutant.id, row.missed):
                    row.missed = sorted(set(row.missed) & set(judged(mutated, 7, mutant).missed))
            print_row(row)
            yield row


def show(rows: list[Row], *, every: bool) -> None:
    """The table with all columns, survivors first, and the totals."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    compared = any(row.rival is not None for row in rows)
    columns = ("Schemathesis",) if compared else ()
    table = Table("mutant", "right codes", "verify", "missed at", *columns, title="kill matrix")
    for row in sorted(rows, key=lambda each: (each.killed, not each.missed)):
        if every or not row.killed or row.missed or row.rival is not None:
            verdict = ", ".join(code for code in row.found) if row.found else "SURVIVED"
            if row.found and not row.killed:
                verdict = f"SURVIVED ({verdict})"
            theirs = "" if row.rival is None else ", ".join(row.rival) or "survived"
            words = (row.mutant, " ".join(row.codes), verdict, ", ".join(row.missed), theirs)
            table.add_row(*words[: 4 + len(columns)])
    console.print(table)
    for kind in ("schema", "behaviour"):
        ours = [row for row in rows if row.kind == kind]
        line = f"{kind}: verify {sum(row.killed for row in ours)} of {len(ours)}"
        if compared:
            found = [row.rival for row in ours if row.rival is not None]
            line += f"; Schemathesis {sum(bool(each) and each != [SLOW] for each in found)} of {len(found)}"
            slow = found.count([SLOW])
            line += f" ({slow} did not end)" if slow else ""
        console.print(line)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10, help="controls to run (default: 10)")
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="mutants, by id or pattern")
    parser.add_argument("--kind", choices=("schema", "behaviour"), help="only mutants of this kind")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows")
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="keep rows here as they come, and pass over those there are"
    )
    parser.add_argument("--every", action="store_true", help="print every row, not only what is of interest")
    parser.add_argument("--schemathesis", action="store_true", help="run Schemathesis, too")
    parser.add_argument(
        "--st", default="st", metavar="COMMAND", help="how Schemathesis is called (default: st)"
    )
    parser.add_argument("--examples", type=int, metavar="N", help="Schemathesis's --max-examples")
    arguments = parser.parse_args()

    catalogue = Catalogue.load("strict")
    known = mutants(catalogue)
    chosen = [
        mutant
        for name, mutant in known.items()
        if (not arguments.only or any(fnmatch.fnmatchcase(name, pattern) for pattern in arguments.only))
        and arguments.kind in (None, mutant.kind)
    ]
    options = () if arguments.examples is None else ("--max-examples", str(arguments.examples))
    rival = Rival(arguments.st, options) if arguments.schemathesis else None

    clean = list(controls(arguments.seeds))
    rows = kept(arguments.keep, chosen)
    done = {row.mutant for row in rows}
    for row in matrix(evenly([mutant for mutant in chosen if mutant.id not in done]), rival):
        rows.append(row)
        if arguments.keep is not None:
            with arguments.keep.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(asdict(row)) + "\n")
    if rival is not None:
        print(f"{rival.version}, of the fake without a mutant: {', '.join(rival.baseline) or 'nothing'}")
    show(rows, every=arguments.every)
    alarms = [row for row in clean if row.killed]
    requests = sum(row.requests for row in clean)
    print(f"controls: {len(clean) - len(alarms)} of {len(clean)} clean, {requests} requests")
    for row in alarms:
        print(f"  {row.mutant}: {row.found}")
    if arguments.json is not None:
        arguments.json.write_text(
            json.dumps([asdict(row) for row in clean + rows], indent=1) + "\n", encoding="utf-8"
        )
    return 1 if alarms or not all(row.killed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
