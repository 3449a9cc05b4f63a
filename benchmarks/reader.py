"""How long the reader takes over ten megabytes of each shape; exits 1 where one takes longer than the limit.

python benchmarks/reader.py [--megabytes 10] [--limit 5]
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from partner_insights.tables import read_page_text

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = "## Foo\n\n| Property | Type | Description |\n|---|---|---|\n"
ROW = "| p{0} | string | Some `words` {0} of it, as **bold** as they come. |\n"
VALUES = '| p{0} | string | The state {0}: "open", "shut", or "lost". |\n'
SHAPES: dict[str, Callable[[int], str]] = {
    "rows": lambda size: TABLE + "".join(ROW.format(i) for i in range(size // len(ROW))),
    "value lists": lambda size: TABLE + "".join(VALUES.format(i) for i in range(size // len(VALUES))),
    "prose": lambda size: "Some words here and there.\n\n" * (size // 28),
    "one paragraph": lambda size: "Some words here and there.\n" * (size // 27),
    "orphan rows": lambda size: TABLE + "| a | string | b |\n\n" * (size // 20),
    "headings": lambda size: "# a\n" * (size // 4),
    "one wide heading": lambda size: "# a" + " " * size + "b",
    "quotes": lambda size: ("> " * 20 + "x\n") * (size // 42),
    "lists": lambda size: "".join(" " * (i % 40) + "- a\n" for i in range(size // 25)),
    "stars": lambda size: "**a " * (size // 4),
    "one wide row": lambda size: TABLE + "|" * size,
    "wide table": lambda size: "a|" * (size // 4) + "\n" + "-|" * (size // 4),
    "brackets in a cell": lambda size: TABLE + "| a | string | " + "[" * size + " |",
    "brackets in cells": lambda size: TABLE + ("| a | string | " + "[" * 550 + " |\n") * (size // 570),
    "unclosed fences": lambda size: "```\n~~~\n" * (size // 8),
    "html": lambda size: "<div>\n\n" * (size // 7),
    "html tables": lambda size: "<table><tr><td>a</td></tr>\n" * (size // 27),
    "comments": lambda size: "<!-- a\n" * (size // 7),
}


def main() -> int:
    """Print the seconds of each shape; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=10)
    parser.add_argument("--limit", type=float, default=5)
    options = parser.parse_args()
    slow = 0
    for name, shape in SHAPES.items():
        text = shape(int(options.megabytes * 1_000_000))
        start = time.process_time()
        read_page_text(text, "page.md")
        seconds = time.process_time() - start
        slow += seconds > options.limit
        print(f"{name:20} {len(text) / 1e6:5.1f} MB  {seconds:6.2f} s", flush=True)
    return int(slow > 0)


if __name__ == "__main__":
    raise SystemExit(main())
