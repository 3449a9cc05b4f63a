"""Small changes to the package, drawn by a seed, one at a time → those that no test notices.

    pip install coverage
    python benchmarks/mutation.py --draw 60 --seed 1

A comparison is turned, `and` made `or`, a sign changed, a condition negated, a value not returned. Package
and tests are copied; coverage says which test files reach which lines, in child processes as well: once, in
`.mutation/map.json`, an hour of one core; --map goes on with it. Each change is tried by the files that reach
its line, the quickest first, until one fails. Changes that are none, as they cannot be told from the
original, stand in mutation_same.toml with the reason. Exit code 1 where fewer than 92 % are noticed.

mutmut and cosmic-ray draw nothing by a seed, and choose tests by what runs in their own process: here much
of the package runs in servers that tests start.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = Path("mock_server") / "partner_insights"
MAP: Final = ROOT / ".mutation" / "map.json"
SAME: Final = ROOT / "benchmarks" / "mutation_same.toml"
GOAL: Final = 0.92
LEFT_OUT: Final = ("generators", "repository/test_distribution.py", "repository/test_readme.py")
"""Tests of what is made of the package elsewhere: they take minutes, and need what may not be installed."""
COVERAGE: Final = """
[run]
source = {source}
data_file = {data}
parallel = true
sigterm = true
concurrency = multiprocessing,thread
patch = subprocess,_exit
disable_warnings = no-data-collected,couldnt-parse
"""

TURNED: Final[Mapping[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
SIGNS: Final[Mapping[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True)
class Change:
    """One change to one place of a module."""

    module: str
    """Its path in the package."""
    line: int
    statement: int
    """The line its statement begins at."""
    start: int
    """Where in the source's bytes."""
    end: int
    before: str
    after: str

    def apply(self, source: bytes) -> bytes:
        """The module with the change."""
        return source[: self.start] + self.after.encode() + source[self.end :]

    def __str__(self) -> str:
        return f"{self.module}:{self.line}  {self.before}  →  {self.after}"


class _Finder(ast.NodeVisitor):
    """The changes there may be in a module."""

    def __init__(self, module: str, source: bytes) -> None:
        self._module = module
        self._source = source
        self._begins = [0]
        for line in source.splitlines(keepends=True):
            self._begins.append(self._begins[-1] + len(line))
        self._statement = 0
        self.found: list[Change] = []

    def visit(self, node: ast.AST) -> None:
        """Remember which statement one is in."""
        if isinstance(node, ast.stmt):
            self._statement = node.lineno
        super().visit(node)

    def _add(self, node: ast.expr, after: str) -> None:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._begins[node.lineno - 1] + node.col_offset
        end = self._begins[node.end_lineno - 1] + node.end_col_offset
        before = " ".join(self._source[start:end].decode().split())
        self.found.append(Change(self._module, node.lineno, self._statement, start, end, before, after))

    def visit_Compare(self, node: ast.Compare) -> None:
        turned = TURNED[type(node.ops[0])]()
        self._add(node, f"({ast.unparse(ast.Compare(node.left, [turned, *node.ops[1:]], node.comparators))})")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self._add(node, f"({ast.unparse(ast.BoolOp(other, node.values))})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, (ast.Not, ast.USub)):
            self._add(node, f"({ast.unparse(node.operand)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        other = SIGNS.get(type(node.op))
        if other is not None:
            self._add(node, f"({ast.unparse(ast.BinOp(node.left, other(), node.right))})")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self._add(node.value, "None")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if not isinstance(node.test, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
            self._add(node.test, f"(not {ast.unparse(node.test)})")
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body):
            self.visit(part)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Nothing: before Python 3.12 its parts do not say where they are."""


def changes(package: Path) -> list[Change]:
    """Every change there may be in the package, in the order of modules and lines."""
    found = []
    for path in sorted(package.rglob("*.py")):
        finder = _Finder(path.relative_to(package).as_posix(), source := path.read_bytes())
        finder.visit(ast.parse(source))
        found += finder.found
    return found


@contextmanager
def copied() -> Iterator[Path]:
    """The files under version control, in a folder of their own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout.split(b"\0")  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        for name in filter(None, map(os.fsdecode, listed)):
            if (ROOT / name).is_file():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, Path(folder) / name)
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        yield Path(folder)


def run_tests(
    folder: Path, file: str, seconds: float, *options: str, **environment: str
) -> tuple[bool, float]:
    """Whether a test file passes in the copy, and in how many seconds; one that hangs does not."""
    paths = {"PYTHONPATH": str(folder / PACKAGE.parent), "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, *options, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", file]
    began = time.monotonic()
    with subprocess.Popen(
        command, cwd=folder, env=os.environ | paths | environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            passed = process.wait(seconds) in (0, 5)  # 5: there is none of it here
        except subprocess.TimeoutExpired:
            passed = False
        finally:
            end_group(process.pid)
    return passed, time.monotonic() - began


def end_group(group: int) -> None:
    """End what a test run left behind: the group was made for it."""
    with suppress(ProcessLookupError):
        os.killpg(group, 9)


def digest(path: Path) -> str:
    """What tells a module from the same one of another day."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def reached(folder: Path, known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each test file that passes: how long it takes, and the lines of the package that it reaches.

    What is `known` already stays; each file more is one step, so that nothing is lost half way.
    """
    from coverage import CoverageData
    from coverage.exceptions import DataError

    files = sorted(each.relative_to(folder).as_posix() for each in folder.glob("tests/**/test_*.py"))
    for file in files:
        if file in known or file.removeprefix("tests/").startswith(LEFT_OUT):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            settings = Path(scratch) / "coveragerc"
            settings.write_text(COVERAGE.format(source=folder / PACKAGE, data=Path(scratch) / "data"))
            measured = ("-m", "coverage", "run", f"--rcfile={settings}")
            passed, seconds = run_tests(folder, file, 900, *measured)
            lines: dict[str, set[int]] = defaultdict(set)
            for part in Path(scratch).glob("data.*"):
                data = CoverageData(str(part))
                with suppress(DataError):  # half written: by a process that a test killed
                    data.read()
                for name in data.measured_files():
                    lines[Path(name).relative_to(folder / PACKAGE).as_posix()].update(data.lines(name) or ())
        print(f"{'' if passed else 'FAILS, left out: '}{file}  {seconds:.0f} s", file=sys.stderr, flush=True)
        some = {name: sorted(each) for name, each in lines.items() if each and passed}
        digests = {name: digest(folder / PACKAGE / name) for name in some}
        known[file] = {"seconds": seconds, "lines": some, "digests": digests}
        yield known


def noticed_by(change: Change, folder: Path, known: Mapping[str, Any]) -> tuple[str | None, int]:
    """The test file that fails with the change, and how many were tried."""
    path = folder / PACKAGE / change.module
    places, now, reaching = {change.line, change.statement}, digest(path), []
    for file, told in known.items():
        if told["lines"] is None:
            reaching.append(file)
            continue
        lines = told["lines"].get(change.module, ())
        # Of a module that has changed since, no line is where it was.
        if lines and (told["digests"].get(change.module) != now or not places.isdisjoint(lines)):
            reaching.append(file)
    source = path.read_bytes()
    path.write_bytes(change.apply(source))
    try:
        for place, file in enumerate(sorted(reaching, key=lambda each: known[each]["seconds"]), 1):
            if not run_tests(folder, file, 3 * known[file]["seconds"] + 30)[0]:
                return file, place
    finally:
        path.write_bytes(source)
    return None, len(reaching)


def explained() -> dict[tuple[str, str, str], str]:
    """Changes that are none: module, before and after, and why."""
    same = tomllib.loads(SAME.read_text(encoding="utf-8"))["same"]
    return {(each["module"], each["before"], each["after"]): each["reason"] for each in same}


def main() -> int:
    """Draw, try, and say what survived."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draw", type=int, default=60, help="how many changes are tried")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--only", default="", help="in modules whose path begins so, as server/")
    parser.add_argument("--tests", nargs="+", help="try each by these files, and not by what the map says")
    parser.add_argument(
        "--map", action="store_true", help="find out which lines the tests reach that are not in the map"
    )
    parser.add_argument("--json", type=Path, help="write what was tried to this file")
    options = parser.parse_args()
    with copied() as folder:
        known = json.loads(MAP.read_text()) if MAP.exists() else {}
        if options.tests:
            known = {file: {"seconds": 60, "lines": None} for file in options.tests}
            if failing := [file for file in known if not run_tests(folder, file, 600)[0]]:
                parser.error(f"without any change, too, this fails: {', '.join(failing)}")
        elif options.map or not known:
            for step in reached(folder, known):
                MAP.parent.mkdir(exist_ok=True)
                MAP.write_text(json.dumps(step))
        possible = [each for each in changes(folder / PACKAGE) if each.module.startswith(options.only)]
        drawn = random.Random(options.seed).sample(possible, min(options.draw, len(possible)))
        same, tried, survivors = explained(), [], []
        for number, change in enumerate(drawn, 1):
            if (change.module, change.before, change.after) in same:
                continue
            file, count = noticed_by(change, folder, known)
            tried.append({"change": str(change), "noticed": file, "files": count})
            if file is None:
                survivors.append(f"{change}  (reached by {count} test files)")
            print(f"{number}/{len(drawn)}  {change}: {file or 'SURVIVED'}", file=sys.stderr, flush=True)
    if options.json:
        options.json.write_text(json.dumps(tried, indent=2))
    share = 1 - len(survivors) / max(1, len(tried))
    print(f"{len(tried)} of {len(possible):,} changes tried, {share:.0%} noticed; the goal is {GOAL:.0%}")
    print(*survivors, sep="\n")
    return share < GOAL


if __name__ == "__main__":
    raise SystemExit(main())
