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

TOP_LEVEL = {
    *{
        ".ci",
        ".gitignore",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "README.md",
        "benchmarks",
        "constraints.txt",
    },
    *{"contract_tests", "docs", "fixtures", "mock_server", "pyproject.toml", "schemas", "tests"},
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


def test_top_level_is_what_a_newcomer_expects() -> None:
    """At the top of the tree stands what belongs there, all of it and nothing else."""
    assert {path.relative_to(ROOT).parts[0] for path in tracked_files()} == TOP_LEVEL


def test_constraints_pin_versions_and_nothing_else() -> None:
    """Every line of constraints.txt is `name==version`: no hosts, no options, no ranges."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert len(pins) > 20
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line)] == []
