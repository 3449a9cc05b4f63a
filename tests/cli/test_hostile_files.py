"""Files that somebody names, and that nest too deeply or are of no use: a message, and exit code 2."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from partner_insights.cli.verbs import main

if TYPE_CHECKING:
    from pathlib import Path

TOML = "a = " + "[" * 5000
KEYS = "a" + ".a" * 20_000 + " = 1"
JSON = "[" * 100_000
PAGE = "# Ship\n\n| Property | Type | Description |\n|---|---|---|\n| id | string | Its id. |\n"


def run(words: list[str]) -> tuple[int, str]:
    """The exit code of a command, and what it says; a worker of `serve` speaks for itself."""
    if words[0] != "serve":
        result = CliRunner().invoke(main, words)
        return result.exit_code, result.output
    command = [sys.executable, "-m", "partner_insights", *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("line", "suffix", "text"),
    [
        ("serve --port 0 --catalogue FILE", "json", JSON),
        ("serve --port 0 --data FILE", "json", JSON),
        ("serve --port 0 --identity FILE", "json", JSON),
        ("serve --port 0 --identity FILE", "toml", TOML),
        ("serve --port 0 --operations FILE --page PAGE", "toml", KEYS),
        ("verify --url http://127.0.0.1:9 --baseline FILE", "json", JSON),
        ("verify --url http://127.0.0.1:9 --baseline FILE", "toml", TOML),
        ("verify --url http://127.0.0.1:9 --errata FILE", "toml", TOML),
        ("check FILE --errata FILE", "toml", KEYS),
        ("check FILE", "json", JSON),
        ("derive PAGE --out OUT --dialect FILE", "toml", TOML),
        ("diff FILE FILE", "json", JSON),
    ],
)
def test_what_nests_too_deeply_is_told_in_words(
    tmp_path: Path, line: str, suffix: str, text: str, bom: str
) -> None:
    """Exit code 2, and a line that names the file; also behind a byte order mark."""
    file, page = tmp_path / f"deep.{suffix}", tmp_path / "ship.md"
    file.write_text(bom + text, encoding="utf-8")
    page.write_text(PAGE, encoding="utf-8")
    places = {"FILE": str(file), "PAGE": str(page), "OUT": str(tmp_path / "out")}
    code, said = run([places.get(word, word) for word in line.split()])
    assert code == 2, said
    assert f"deep.{suffix}: " in said
    assert not (tmp_path / "out").exists()
