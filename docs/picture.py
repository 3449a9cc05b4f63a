"""One command's coloured output → docs/images/check.svg, the picture of the README."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

PICTURE = Path(__file__).parent / "images" / "check.svg"
WIDTH = 104
PROGRAM = [sys.executable, "-m", "partner_insights"]


def run(folder: str, *arguments: str) -> str:
    """What the command prints to a terminal of WIDTH columns."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
    done = subprocess.run(  # noqa: S603 - our own program
        [*PROGRAM, *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    return done.stdout


def draw() -> str:
    """The session of the README in which a recorded response breaks the contract, as SVG."""
    with tempfile.TemporaryDirectory() as folder:
        run(folder, "fixtures", "write", "customer-licenses-usage", "--out", "usage.json")
        usage = (Path(folder) / "usage.json").read_text(encoding="utf-8")
        broken = usage.replace('"workloadName": "Exchange"', '"workloadName": 3.14')
        (Path(folder) / "response.json").write_text(broken, encoding="utf-8")
        printed = run(folder, "check", "response.json")
    screen = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    screen.print("[dim]$[/] [bold]partner-insights check response.json[/]", highlight=False)
    screen.print(Text.from_ansi(printed))
    svg = screen.export_svg(title="partner-insights", theme=DIMMED_MONOKAI, unique_id="check")
    # The picture asks no other host for a font: any monospaced one will do.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(), encoding="utf-8")
