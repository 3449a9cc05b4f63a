"""Files that somebody names, and that nest too deeply or are of no use: a message, and exit code 2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from partner_insights.child_server import start_fake
from partner_insights.cli.verbs import main
from partner_insights.errors import InputError

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
    with pytest.raises(InputError) as told:
        start_fake(*words[1:])
    said = str(told.value)
    code = re.match(r"the fake ended with exit code (\d+), having said:\n", said)
    assert code is not None, said
    return int(code[1]), said


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("line", "suffix", "text"),
    [
        ("serve --catalogue FILE", "json", JSON),
        ("serve --data FILE", "json", JSON),
        ("serve --identity FILE", "json", JSON),
        ("serve --identity FILE", "toml", TOML),
        ("serve --operations FILE --page PAGE", "toml", KEYS),
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
