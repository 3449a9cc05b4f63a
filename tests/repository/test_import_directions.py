"""Imports run in one direction only, and what every user's pytest loads stays light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

PACKAGE = "partner_insights"
SOURCE = Path(__file__).resolve().parents[2] / "mock_server"

MAY_IMPORT = {
    "__init__": set(),
    "__main__": {"cli"},
    "errors": set(),
    "toml": set(),
    "files": {"errors"},
    "publication": {"errors", "files"},
    "file_reader": {"errors"},
    "http_reader": {"errors"},
    "documents": {"file_reader"},
    "header_values": set(),
    "request_source": set(),
    "_data": {"errors"},
    "child_server": {"errors", "files", "documents"},
    "running": {"child_server"},  # the old public name of child_server
    "recording_folder": {"errors", "files", "file_reader", "documents"},
    "tables": {"errors", "files", "file_reader", "documents"},
    "contract": {"errors", "_data", "files", "file_reader", "documents"},
    "derive": {"errors", "_data", "files", "file_reader", "documents", "toml", "tables", "contract"},
    "world": {"errors", "_data", "file_reader", "documents", "contract", "recording_folder"},
    "mutants": {"errors", "documents", "contract"},
    "server": {
        *("errors", "_data", "files", "file_reader", "documents"),
        *("header_values", "request_source", "recording_folder"),
        *("contract", "world", "mutants"),
    },
    # The plugin carries the contract suite's options into pytest, and holds a fake in the test's process.
    "fixtures": {
        *("errors", "_data", "files", "documents", "contract", "world", "mutants", "server", "child_server"),
        *("verify",),
    },
    # Never what is judged; a user's own pages are derived where the suite is told of them.
    "verify": {
        *("errors", "_data", "files", "file_reader", "documents", "toml", "http_reader"),
        *("header_values", "recording_folder"),
        *("contract", "derive", "child_server"),
    },
    "client_types": {"contract"},
    # What an agent calls: a started fake, the contract, the judge of a recording.
    "agent": {"errors", "child_server", "contract", "fixtures", "verify"},
    "record": {
        *("errors", "files", "http_reader", "header_values", "request_source", "recording_folder"),
        *("contract", "verify"),
    },
    "cli": {
        *("errors", "_data", "files", "file_reader", "toml", "child_server", "recording_folder", "record"),
        *("tables", "contract", "derive", "world", "mutants", "server", "fixtures", "verify"),
        *("client_types", "agent", "publication"),
    },
}
"""Room → the rooms it may import besides itself. Every room may read `__version__` of the package."""

AT_HOME = {
    "pyromark": {"tables"},
    "faker": {"world"},
    "numpy": {"world", "fixtures"},
    "flask": {"server"},
    "httptools": {"server"},
    "uvloop": {"server"},
    "rich": {"cli", "server", "verify"},
    "click": {"cli"},
    "mcp": {"agent", "cli"},
    "filelock": {"files"},
    "tomli": {"documents"},
}
"""Library → the rooms that may import it at all."""

READ_JSON = {
    "documents": "in one place",
    "verify.judge.json_body": "tells what is wrong with it, and where",
    "verify.recordings.archives": "tells what is wrong with it, and where",
    "derive.howto.lenient_json": "single words of samples",
    "world.own.json_chunks": "numbers of any length, of customers",
    "world.vocabulary": "data of the package",
    "world.company_names": "data of the package",
}
"""Module → why it may decode JSON by itself: of what is nested deeply, `json` makes an error of its own."""

Modules = Mapping[str, str]
"""Dotted module name → its source text."""


class Import(NamedTuple):
    importer: str
    line: int
    imported: str
    at_run_time: bool  # executed when the importer is loaded: not in a function, not for the type checker


@cache
def package_modules() -> Modules:
    modules = {}
    for path in sorted((SOURCE / PACKAGE).rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules[name] = path.read_text(encoding="utf-8")
    return MappingProxyType(modules)


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def imports(modules: Modules) -> Iterator[Import]:
    for importer, source in modules.items():
        is_package = any(name.startswith(f"{importer}.") for name in modules)
        for node, at_run_time in _statements(source):
            for name in _imported_names(node, importer, is_package, modules):
                yield Import(importer, node.lineno, name, at_run_time)


@cache
def _statements(source: str) -> list[tuple[ast.Import | ast.ImportFrom, bool]]:
    """The import statements of a module, each with whether it runs when the module is loaded."""
    found = []
    waiting: list[tuple[ast.AST, bool]] = [(_tree(source), True)]
    while waiting:
        node, at_run_time = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append((node, at_run_time))
        elif isinstance(node, ast.stmt | ast.Module | ast.ExceptHandler | ast.match_case):
            for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            deferred = for_types or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            waiting += [(each, at_run_time and not deferred) for each in ast.iter_child_nodes(node)]
    return found


@cache
def _tree(source: str) -> ast.Module:
    return ast.parse(source)


def _imported_names(
    node: ast.Import | ast.ImportFrom, importer: str, is_package: bool, modules: Modules
) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    else:
        base = node.module or ""
        if node.level:
            here = importer.split(".") + ([""] if is_package else [])
            base = ".".join([*here[: -node.level], *filter(None, [base])])
        for alias in node.names:
            whole = f"{base}.{alias.name}"
            yield whole if whole in modules else base


def wrong_directions(modules: Modules) -> list[str]:
    """Every import between rooms that MAY_IMPORT does not allow, as `importer:line imports imported`."""
    wrong = []
    for importer, line, imported, _ in imports(modules):
        if imported.split(".")[0] != PACKAGE:
            allowed = room(importer) in AT_HOME.get(imported.split(".")[0], {room(importer)})
        elif imported == PACKAGE:
            allowed = importer != PACKAGE
        else:
            allowed = room(imported) in {room(importer)} | MAY_IMPORT[room(importer)]
        if not allowed:
            wrong.append(f"{importer}:{line} imports {imported}")
    return wrong


def circles(modules: Modules) -> list[list[str]]:
    """Modules of one room that import each other in a circle, for the type checker or in a function, too."""
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for importer, _, imported, _ in imports(modules):
        if imported in modules and imported != importer and room(imported) == room(importer):
            graph[importer].add(imported)
    found = []
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            found.append(circle := error.args[1])
            graph[circle[1]].discard(circle[0])
        else:
            return found


NAMED_MODULE = re.compile(rf"\b{PACKAGE}((?:\.\w+)+)")


def named_by_string(modules: Modules) -> list[str]:
    """Every module of another room that a string names, as `module:line names module`.

    Docstrings are for readers only.
    """
    found = []
    for module, source in modules.items():
        statements = ("from ", "import ")
        if not any(
            NAMED_MODULE.search(line)
            for line in source.splitlines()
            if not line.lstrip().startswith(statements)
        ):
            continue  # most, and to look at each node takes a while
        tree = _tree(source)
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        bodies = [node.body for node in ast.walk(tree) if isinstance(node, documented)]
        docstrings = {
            body[0].value for body in bodies if body and isinstance(body[0], ast.Expr)
        }  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
                for name in NAMED_MODULE.findall(node.value):
                    if room(PACKAGE + name) in MAY_IMPORT.keys() - {room(module)}:
                        found.append(f"{module}:{node.lineno} names {PACKAGE}{name}")
    return found


def loaded_with(module: str, modules: Modules) -> set[str]:
    """All modules of the package that loading `module` executes, packages above them included."""
    direct: dict[str, set[str]] = {name: set() for name in modules}
    for importer, _, imported, at_run_time in imports(modules):
        if at_run_time and imported in modules:
            direct[importer].add(imported)
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        parts = waiting.pop().split(".")
        for depth in range(1, len(parts) + 1):
            name = ".".join(parts[:depth])
            if name not in seen:
                seen.add(name)
                waiting += direct[name]
    return seen


def test_rooms_import_in_one_direction() -> None:
    """No module imports against the flow picture, nor a library outside the room that is its home."""
    assert wrong_directions(package_modules()) == []


def test_every_room_is_ruled() -> None:
    """A new room needs a line in MAY_IMPORT, and no line there outlives its module."""
    assert {room(name) for name in package_modules()} == set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("verify.judge.schema_checks", "from partner_insights.world import World"),
        ("verify.judge.schema_checks", "def f():\n    from partner_insights.tables import read_page"),
        ("verify.judge.schema_checks", "import partner_insights.server.app"),
        ("world.world", "from partner_insights.server import create_app"),
        ("tables.page", "from partner_insights import contract"),
        ("tables.page", "from ..contract import model"),
        ("contract.catalogue", "from partner_insights.tables import read_page"),
        ("contract.catalogue", "from ..tables.page import read_page"),
        ("server.app", "from partner_insights.fixtures import plugin"),
        ("server.app", "if TYPE_CHECKING:\n    from partner_insights.verify import judge"),
        ("fixtures.testing.plugin", "from partner_insights.cli import main"),
        ("fixtures.testing.plugin", "import flask"),
        ("running", "from partner_insights.contract import Catalogue"),
        ("", "from partner_insights import errors"),
        ("contract.catalogue", "import numpy as np"),
        ("contract.catalogue", "from faker import Faker"),
    ],
)
def test_planted_import_is_found(importer: str, source: str) -> None:
    """Each import against the flow, in whatever form, is found where it is planted."""
    name = f"{PACKAGE}.{importer}".rstrip(".")
    modules = {**package_modules(), name: source}
    (found,) = [wrong for wrong in wrong_directions(modules) if wrong.startswith(f"{name}:")]
    assert " imports " in found


def test_no_room_has_a_circle_inside() -> None:
    """No module imports another of its room that leads back to it, not even for the type checker."""
    assert circles(package_modules()) == []


@pytest.mark.parametrize(
    "back",
    [
        "from partner_insights.world.world import World",
        "if TYPE_CHECKING:\n    from partner_insights.world.world import World",
        "def f():\n    from partner_insights.world import world",
    ],
)
def test_planted_circle_is_found(back: str) -> None:
    """An import that leads back to its importer, in whatever form, is found."""
    modules = {
        f"{PACKAGE}.world.world": "from partner_insights.world.columns import a",
        f"{PACKAGE}.world.columns": "import partner_insights.world.hashing",
        f"{PACKAGE}.world.hashing": back,
        f"{PACKAGE}.world.calendar": "from partner_insights.world.world import World",
    }
    (circle,) = circles(modules)
    assert set(circle) == modules.keys() - {f"{PACKAGE}.world.calendar"}


def decoders(modules: Modules) -> list[str]:
    """The modules, without the package's name, that decode JSON by `json`."""
    return [
        name.removeprefix(f"{PACKAGE}.")
        for name, source in modules.items()
        if any(
            isinstance(node, ast.Call) and ast.unparse(node.func) in ("json.loads", "json.load")
            for node in ast.walk(_tree(source))
        )
    ]


def test_json_is_decoded_in_one_place() -> None:
    """Else what nests too deeply is an error that nobody expects; the others are listed with their reason."""
    assert sorted(decoders(package_modules())) == sorted(READ_JSON)
    assert decoders({f"{PACKAGE}.record.x": "import json\ndef f(a):\n    return json.loads(a)"}) == [
        "record.x"
    ]


def test_no_room_is_named_by_a_string() -> None:
    """An import that only a string shows would not be seen by the tests above."""
    assert named_by_string(package_modules()) == []


def test_planted_name_is_found() -> None:
    """A module of another room is found in a string; a docstring and a name of the own room are not."""
    source = (
        '"""Of partner_insights.world."""\na = "partner_insights.verify.run"\nb = "-p partner_insights.world"'
    )
    assert named_by_string({f"{PACKAGE}.verify.suite": source}) == [
        f"{PACKAGE}.verify.suite:3 names {PACKAGE}.world"
    ]


@pytest.mark.parametrize("source", ["import json", "from partner_insights.errors import InputError"])
def test_lawful_import_is_left_alone(source: str) -> None:
    """The checker objects to no import that the flow allows."""
    assert wrong_directions({**package_modules(), f"{PACKAGE}.verify.judge.schema_checks": source}) == []


@pytest.mark.parametrize("module", ["verify", "world", "mutants", "server", "fixtures", "child_server"])
def test_markdown_is_read_by_the_derive_side_only(module: str) -> None:
    """Loading any room but the command line loads nothing of `tables`."""
    modules = package_modules()
    loaded = loaded_with(f"{PACKAGE}.{module}", modules)
    assert f"{PACKAGE}.{module}" in loaded
    assert [name for name in loaded if room(name) == "tables"] == []


def test_reading_markdown_indirectly_is_found() -> None:
    """A room that loads the derive side is seen to load `tables`, however many modules lie between."""
    modules = {
        **package_modules(),
        f"{PACKAGE}.contract.rules_": "from partner_insights.derive import derivation",
    }
    modules[f"{PACKAGE}.verify"] = "from partner_insights.contract.rules_ import x"
    assert f"{PACKAGE}.tables" in loaded_with(f"{PACKAGE}.verify", modules)


HEAVY = {
    *(
        "numpy",
        "faker",
        "flask",
        "werkzeug",
        "httptools",
        "uvloop",
        "pyromark",
        "jsonschema",
        "hypothesis",
        "rich",
    ),
    *("jwt", "cryptography"),
}


@pytest.mark.parametrize(
    ("module", "tolerated"),
    [
        ("partner_insights", set()),
        ("partner_insights.cli", set()),
        ("partner_insights.cli.options", set()),
        ("partner_insights.child_server", set()),
        ("partner_insights.fixtures.testing.plugin", set()),
        ("partner_insights.contract", {"jsonschema"}),
        ("partner_insights.verify", {"jsonschema"}),
        ("partner_insights.server.process.serve", set()),
        ("partner_insights.server.process.ready", set()),
        ("partner_insights.server.app", {"flask", "werkzeug", "numpy"}),
    ],
)
def test_import_stays_light(module: str, tolerated: set[str]) -> None:
    """Importing what every run or every user's pytest imports loads no heavy library."""
    assert _heavy_after(f"import {module}") <= tolerated


def test_heavy_import_is_found() -> None:
    """The measure sees a heavy library that an import brings in."""
    assert {"numpy", "flask"} <= _heavy_after("import numpy, flask")


def _heavy_after(statement: str) -> set[str]:
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return HEAVY & set(run.stdout.split())
