"""Laws of what `check` prints: on a narrow terminal, lines of its table break between words."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from partner_insights.cli.verbs import main

if TYPE_CHECKING:
    from pathlib import Path

OPERATION = "partner-licenses-usage"
LONG = "proratedLicensesUsagePercent"


def table(tmp_path: Path, body: dict[str, Any], columns: int) -> str:
    """The table that `check` prints of a body, on a terminal of so many columns."""
    path = tmp_path / "body.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    runner = CliRunner(env={"COLUMNS": str(columns)})
    result = runner.invoke(main, ["check", "--operation", OPERATION, str(path)])
    assert result.exit_code == 1, result.stderr
    found = re.search(r"^ Code .*?\n\s*\n", result.stdout, re.DOTALL | re.MULTILINE)
    assert found is not None, result.stdout
    return found[0]


@pytest.fixture
def body(good: Any) -> dict[str, Any]:
    """Four kinds of violations, one of them of the longest name there is."""
    answered: dict[str, Any] = good(OPERATION)
    for row in answered["items"]:
        row |= {LONG: "x", "workloadName": 3.14, "attributes": {"objectType": 3}}
    return answered


def test_at_80_columns_no_word_is_folded(tmp_path: Path, body: dict[str, Any]) -> None:
    """Operations stand whole, and pointers are whole or broken before a `/`."""
    shown = table(tmp_path, body, 80)
    assert max(map(len, shown.splitlines())) <= 80
    words = shown.split()
    assert words.count(OPERATION) == 4
    for pointer in (f"/items/*/{LONG}", "/items/*/workloadName", "/items/*/attributes/objectType"):
        assert pointer in words


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("columns", [80, 60])
def test_on_a_terminal_prose_is_broken_between_words(
    tmp_path: Path, body: dict[str, Any], columns: int
) -> None:
    """All that is said in full has lines of its width, and the words of what is said where nobody looks."""
    import fcntl
    import pty
    import struct
    import termios

    (tmp_path / "body.json").write_text(json.dumps(body), encoding="utf-8")
    command = [sys.executable, "-m", "partner_insights", "check", "--operation", OPERATION, "body.json"]
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {
        "TERM": "xterm",
        "NO_COLOR": "1",
    }
    whole = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8", timeout=60)
    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    shown = b""
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdin=terminal, stdout=terminal) as process:
        os.close(terminal)
        with suppress(OSError):  # what Linux says of a terminal that all have closed
            while read := os.read(reader, 65_536):
                shown += read
    os.close(reader)
    assert process.returncode == 1
    prose = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).partition("\r\n\r\nPI")[2]
    assert max(map(len, prose.splitlines())) <= columns
    assert prose.split() == whole.stdout.partition("\n\nPI")[2].split()


@pytest.mark.parametrize("columns", [0, 1])
def test_what_was_found_is_told_on_a_terminal_of_any_width(
    tmp_path: Path, body: dict[str, Any], columns: int
) -> None:
    """Some tools run a command on a terminal that says it has no columns."""
    assert "PI101" in table(tmp_path, body, columns)


def test_a_pointer_breaks_before_a_slash(tmp_path: Path, body: dict[str, Any]) -> None:
    """Where a pointer has no room in one line, its names stay whole."""
    shown = table(tmp_path, body, 62)
    assert max(map(len, shown.splitlines())) <= 62
    words = shown.split()
    at = words.index(f"/{LONG}")
    assert words[at - 1] == "/items/*"


def test_the_source_has_a_column_where_there_is_room(tmp_path: Path, body: dict[str, Any]) -> None:
    """The table of a wide terminal has all columns, each row one line."""
    heading, _, *rows = [line for line in table(tmp_path, body, 140).splitlines() if line.strip()]
    assert heading.split() == ["Code", "Severity", "Operation", "Where", "Source", "Times"]
    assert len(rows) == 4
    assert all(re.search(r"\S+\.md:\d+", row) for row in rows)
