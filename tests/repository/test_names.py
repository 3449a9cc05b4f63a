"""One name, one meaning: of classes and modules over all rooms, and none of the words we gave up."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "mock_server" / "partner_insights"

CLASSES_OF_ONE_NAME = {
    "Customer": "of the world, and of the generated types, which have the resources' names",
    "Exchange": "in progress at the fake, and over when it is judged",
    "FaultPlan": "as the fake has it, and a test's hold on it",
    "Service": "the API, and a family of products, which the API calls so",
}
"""Public class → why two modules may call one of theirs so."""

MODULES_OF_ONE_NAME = {
    "bodies": "of the shipped resources, and of those of any other page",
    "catalogue": "of the contract, and of its mutants",
    "columns": "of the shipped resources, and of those of any other page",
    "errata": "are applied by derive, and proposed by a report of verify",
    "errors": "of the program, and the API's responses",
    "examples": "are shown by the console, and drawn by the suite",
    "files": "are written, and recordings read",
    "formats": "of JSON Schema, and of files",
    "html": "is read by tables, and written by verify",
    "markdown": "is read by tables, and written by verify",
    "page": "of tables, and one that tells how to call an operation; and one of rows",
    "rows": "of a table, and of a response",
    "settings": "of a fake, and of a test's fake",
    "strategies": "of Hypothesis, for users' tests and for the suite's requests",
    "types": "of a table's Type cells, and of Python",
    "world": "and its files",
}
"""Module → why two rooms may call one of theirs so. A verb of `cli` has the name of what it calls."""

OF_LIBRARIES = {"connection_made": "what asyncio calls"}
"""Names that others chose."""
DROPPED = {
    *("asked", "worn", "spoilt", "told", "reckon", "lest", "whoever", "dear", "made", "kept", "met", "sift"),
}
"""Words with a plainer one: requested, invalid, reported, compute, …"""

Sources = Mapping[str, str]
"""Module, without the package's name → its source text."""


@cache
def sources() -> Sources:
    found = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE.rglob("*.py"))
    }
    return MappingProxyType(found)


def definitions(source: str) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """The public classes, functions and methods of a module."""
    pending: list[ast.AST] = [ast.parse(source)]
    while pending:
        for node in ast.iter_child_nodes(pending.pop()):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                if not node.name.startswith("_"):
                    yield node
                if not isinstance(node, ast.ClassDef):
                    continue
            pending.append(node)


def classes_of_one_name(modules: Sources) -> dict[str, list[str]]:
    """Public classes of a module's top level that share their name, each with the modules."""
    found = defaultdict(list)
    for module, source in modules.items():
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(module)
    return {name: where for name, where in found.items() if len(where) > 1}


def modules_of_one_name(modules: Sources) -> dict[str, list[str]]:
    """Modules that share their name, each with where they are."""
    found = defaultdict(list)
    for module in modules:
        room, _, name = module.rpartition(".")
        if not name.startswith("__") and room != "cli":
            found[name].append(module)
    return {name: where for name, where in found.items() if len(where) > 1}


def dropped_words(modules: Sources) -> list[str]:
    """Modules, public classes and functions with a word in their name that was given up."""
    names = [(module, module.rpartition(".")[2]) for module in modules]
    names += [
        (f"{module}.{node.name}", node.name)
        for module, source in modules.items()
        for node in definitions(source)
    ]
    return [
        place
        for place, name in names
        if DROPPED & {word.lower() for word in re.findall(r"[A-Z]?[a-z]+", name)} and name not in OF_LIBRARIES
    ]


def test_no_two_classes_have_one_name() -> None:
    """Public classes share a name only where the list above says why, and the list has no other."""
    assert classes_of_one_name(sources()).keys() == CLASSES_OF_ONE_NAME.keys()


def test_no_two_modules_have_one_name() -> None:
    """Modules share a name only where the list above says why, and the list has no other."""
    assert modules_of_one_name(sources()).keys() == MODULES_OF_ONE_NAME.keys()


def test_dropped_words_are_gone() -> None:
    """None of the words given up is in the name of a module, a public class, function or method."""
    assert dropped_words(sources()) == []


def test_planted_twins_are_found() -> None:
    """A second class or module of one name is found with both places; private ones and verbs are not."""
    modules = {
        "world.places": "class Place: ...\nclass _Inner: ...",
        "verify.judge.places": "class Place: ...\nclass _Inner: ...",
        "cli.places": "",
    }
    both = ["world.places", "verify.judge.places"]
    assert classes_of_one_name(modules) == {"Place": both}
    assert modules_of_one_name(modules) == {"places": both}


@pytest.mark.parametrize(
    ("module", "source", "place"),
    [
        ("world.made", "", "world.made"),
        ("server.token_made", "", "server.token_made"),
        ("server.a", "class SpoiltBody: ...", "server.a.SpoiltBody"),
        ("server.a", "def told(): ...", "server.a.told"),
        ("server.a", "class A:\n    async def was_asked(self): ...", "server.a.was_asked"),
        ("server.a", "if True:\n    def reckon(): ...", "server.a.reckon"),
    ],
)
def test_planted_word_is_found(module: str, source: str, place: str) -> None:
    """A dropped word is found in whatever name it is planted."""
    assert dropped_words({module: source}) == [place]


def test_other_words_are_left_alone() -> None:
    """A longer word, a private name and what a function has inside are nobody's business."""
    source = "class Metadata: ...\ndef _told(): ...\ndef f():\n    def asked(): ...\n"
    assert dropped_words({"server.metrics": source}) == []
