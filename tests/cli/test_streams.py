"""Whatever the standard streams and the names of files are: the same exit code, and the report written."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from partner_insights.cli.verbs import VERBS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a shell, and names of any bytes")
PROGRAM = f"{shlex.quote(sys.executable)} -P -m partner_insights"
FIXTURES = Path(__file__).parents[2] / "fixtures"
SHOP = Path(__file__).parents[1] / "pages"
BAD = b'{"items": [{"attributes": {"objectType": "CustomerLicensesUsageInsights"}, "customerId": 3}]}'
ODD = os.fsdecode(b"od\xff d\xe9")
OLD_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0"}
LINES = {
    "check bad.json --json out": 1,
    "check good.json --json out": 0,
    "explain PI101": 0,
    "openapi --out out": 0,
    "openapi": 0,
    "diff page.md page.md": 0,
    "derive page.md product-page.md --out out": 0,
    "fixtures write world --customers 2 --out out": 0,
    "serve --from .": 2,
    "record --url nothing --out out": 2,
    "fixtures invalid Customer --out out": 0,
    "types --language python --out out": 0,
    "health http://127.0.0.1:9": 3,
    "verify --url http://127.0.0.1:9": 3,
    "--help": 0,
}


def run(line: str, folder: Path, redirected: str = "", **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["sh", "-c", f"{PROGRAM} {line} {redirected}"],
        capture_output=True,
        cwd=folder,
        env={**os.environ, **env},
        check=False,
        timeout=100,
    )


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder whose name, and whose page's, is no UTF-8."""
    folder = tmp_path / ODD
    folder.mkdir()
    good = (FIXTURES / "customer-licenses-usage.json").read_bytes()
    (folder / "good.json").write_bytes(good)
    (folder / "bad.json").write_bytes(BAD)
    (folder / "page.md").write_bytes((SHOP / "shop-resources.md").read_bytes())
    (folder / "product-page.md").write_bytes((SHOP / "product-page.md").read_bytes())
    return folder


def test_every_verb_has_a_line() -> None:
    """A new one is tried, too; `mcp` speaks through its streams, and takes seconds to load."""
    assert {line.split()[0] for line in LINES} - {"--help"} == VERBS.keys() - {"mcp"}


@pytest.mark.parametrize(
    ("line", "redirected"),
    [(line, ">&-") for line in LINES] + [(line, ">&- 2>&- <&-") for line in (*LINES,)[::3]],
)
def test_nobody_listens(line: str, redirected: str, odd: Path) -> None:
    """With closed streams a verb ends as ever, and writes what it was to write, nothing else into it."""
    before = set(odd.iterdir())
    ran = run(line, odd, redirected, **OLD_LOCALE)
    assert (ran.returncode, ran.stdout) == (LINES[line], b"")
    assert b"Traceback" not in ran.stderr
    new = {path.name for path in set(odd.iterdir()) - before}
    assert new == ({"out"} if LINES[line] < 2 and " out" in line else set())
    if "--json" in line:
        assert json.loads((odd / "out").read_bytes())["verdict"] in ("held", "broken")


@pytest.mark.parametrize(
    ("line", "code", "env"),
    [
        ("check FOLDER --json FOLDER/o.json", 1, OLD_LOCALE),
        ("check FOLDER/nope", 2, OLD_LOCALE),
        ("check FOLDER/nope", 2, {}),
        ("derive FOLDER/page.md FOLDER/product-page.md --out FOLDER/out", 0, OLD_LOCALE),
        ("diff FOLDER FOLDER", 0, {}),
        ("serve --from FOLDER", 2, OLD_LOCALE),
        ("openapi --out FOLDER/nope/o.json", 2, {}),
    ],
)
def test_any_name_is_told(line: str, code: int, env: dict[str, str], odd: Path) -> None:
    """A name that the terminal cannot show is told with a character in place; there is no traceback."""
    (odd / ODD).write_bytes(b"no json")
    (odd / "page.md").rename(odd / f"{ODD}.md")
    words = line.replace("page.md", f"'{ODD}.md'", 1).replace("FOLDER", f"../'{ODD}'")
    ran = run(words, odd, **env)
    assert ran.returncode == code, ran.stderr
    assert b"Traceback" not in ran.stderr
    assert not [path for path in odd.iterdir() if path.name.endswith(".part")]
    if "check FOLDER/" in line or "serve" in line:
        assert b"od? d?" in ran.stderr.replace(b"??", b"?")


@pytest.mark.parametrize("line", ["check good.json --json out", "explain PI101", "--help"])
@pytest.mark.parametrize("redirected", [">/dev/full", ">/dev/full 2>/dev/full"])
def test_streams_on_a_full_disk(line: str, redirected: str, odd: Path) -> None:
    """Exit code 2, which no verdict is, and in words where these can be read."""
    ran = run(line, odd, redirected)
    said = b"" if "2>" in redirected else b"partner-insights: No space left on device\n"
    assert (ran.returncode, ran.stderr) == (2, said)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("check bad.json --json loop", 1),
        ("derive page.md product-page.md --out loop", 2),
        ("fixtures write world --customers 2 --out loop", 2),
        ("record --url http://127.0.0.1:9 --port 0 --out loop", 2),
    ],
)
def test_a_link_in_a_circle_is_no_crash(line: str, code: int, odd: Path) -> None:
    """A link to itself in the place of a report is replaced, and of a folder refused in words."""
    (odd / "loop").symlink_to("loop")
    ran = run(line, odd)
    assert ran.returncode == code, ran.stderr
    assert b"Traceback" not in ran.stderr
    assert (odd / "loop").is_symlink() == (code == 2)
