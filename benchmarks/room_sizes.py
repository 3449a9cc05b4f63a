"""How many lines each room has, now and at another commit.

    python benchmarks/room_sizes.py [--against COMMIT] [--below server]

Lines that are not blank, of the Python files that git knows; the working tree is what counts as now.
"""

from __future__ import annotations

import argparse
import subprocess
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

PACKAGE = Path(__file__).resolve().parents[1] / "mock_server" / "partner_insights"


def sizes(folder: Path, commit: str | None = None) -> Counter[str]:
    """Lines by room: a folder's name, or a module's where that lies in no further folder."""
    command = ["git", "grep", "--count", "[^[:space:]]", *([commit] if commit else []), "--", "*.py"]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if found.returncode > 1:  # 1: not a line
        raise SystemExit(found.stderr.strip())
    rooms: Counter[str] = Counter()
    for line in found.stdout.splitlines():
        path, _, count = line.removeprefix(f"{commit}:").rpartition(":")
        rooms[path.partition("/")[0]] += int(count)
    return rooms


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", metavar="COMMIT", help="compare with it")
    parser.add_argument("--below", default="", metavar="ROOM", help="the rooms of a room, such as server")
    options = parser.parse_args()
    folder = PACKAGE / options.below
    if not folder.is_dir():
        raise SystemExit(f"{options.below} is no room: name a folder of {PACKAGE.name}")
    now = sizes(folder)
    before = sizes(folder, options.against) if options.against else now
    columns = ("lines", "before", "change") if options.against else ("lines",)
    table = Table("room", *columns)
    for column in table.columns[1:]:
        column.justify = "right"
    for room in [*sorted(now | before), "all"]:
        lines, old = (each.total() if room == "all" else each[room] for each in (now, before))
        table.add_row(room, *(str(lines), str(old), f"{lines - old:+}")[: len(columns)])
    Console().print(table)


if __name__ == "__main__":
    main()
