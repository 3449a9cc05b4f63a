"""What git tracks names no machine, no package registry, and no file a newcomer could not place."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Each pattern has a class of one letter, so that no pattern matches its own text here.
REGISTRIES = r"py[p]i\.|pyth[o]nhosted|npmj[s]\.|debian\.[o]rg/|index-[u]rl"
MACHINE_PATHS = r"/wor[k]/|/roo[t]/|/far[m]/|/hom[e]/\w|/Use[r]s/\w|/[t]mp/\w|\.pyen[v]/"
FORBIDDEN = re.compile(f"{REGISTRIES}|{MACHINE_PATHS}", re.IGNORECASE)

PRODUCT = {"README.md", "contract_tests", "fixtures", "mock_server", "pyproject.toml", "schemas"}
AROUND_IT = {
    ".ci",
    ".dockerignore",
    ".gitattributes",
    ".github",
    ".gitignore",
    ".pre-commit-hooks.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "LICENSE",
    "action.yml",
    "benchmarks",
    "compose.yaml",
    "constraints.txt",
    "docs",
    "tests",
}


def tracked_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def forbidden_lines(text: str) -> list[str]:
    """The lines that name a registry's host or a path of somebody's machine."""
    return [line for line in text.splitlines() if FORBIDDEN.search(line)]


def test_no_file_names_a_registry_or_a_machine() -> None:
    """Nothing tracked depends on where it was written or where packages were fetched from."""
    found = {}
    for path in tracked_files():
        content = path.read_bytes()
        if b"\0" not in content and (lines := forbidden_lines(content.decode("utf-8", "replace"))):
            found[str(path.relative_to(ROOT))] = lines
    assert found == {}


@pytest.mark.parametrize(
    "words",
    [
        ("https://py", "pi.", "org/simple"),
        ("files.python", "hosted.org"),
        ("--index", "-url x"),
        ("/wo", "rk/main/README.md"),
        ("sys.path.insert(0, '/ro", "ot/x')"),
        ("/ho", "me/ann/partner-insights"),
        ("/tm", "p/v/bin/python"),
    ],
)
def test_planted_name_is_found(words: tuple[str, ...]) -> None:
    """Each kind of forbidden name is found in a line that holds it, and only that line is reported."""
    line = "".join(words)
    assert forbidden_lines(f"before\n{line}\nafter") == [line]


def out_of_place(top_level: set[str]) -> set[str]:
    """What is missing from the top of the tree, or does not belong there."""
    return (PRODUCT - top_level) | (top_level - PRODUCT - AROUND_IT)


def test_top_level_is_what_a_newcomer_expects() -> None:
    """At the top of the tree stand the product's parts, and nothing that nobody would look for there."""
    assert out_of_place({path.relative_to(ROOT).parts[0] for path in tracked_files()}) == set()


def test_stray_and_missing_top_level_files_are_found() -> None:
    """A file nobody expects is reported, and a part that is gone."""
    assert out_of_place(PRODUCT | {"docs", "notes.txt"}) == {"notes.txt"}
    assert out_of_place((PRODUCT | {"docs"}) - {"schemas"}) == {"schemas"}


def test_constraints_pin_versions_and_nothing_else() -> None:
    """Every line of constraints.txt is `name==version`: no hosts, no options, no ranges."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert len(pins) > 20
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line)] == []
