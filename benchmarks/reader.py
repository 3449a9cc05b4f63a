"""How long the reader takes over ten megabytes of each shape; exits 1 where one takes longer than the limit.

python benchmarks/reader.py [SHAPE ...] [--megabytes 10] [--limit 5]

What counts is the time of the processor. A shape that is longer than any page is refused, with a line that
says where it proved so; it is marked.
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
MARKS = "| **p{0}** | [Foo](#foo) | See [the x{0}](foo.md#x{0}) and `code` or *it* for {0}. |\n"
VALUES = '| p{0} | string | The state {0}: "open", "shut", or "lost". |\n'
FACTS = (
    "| p{0} | int | Optional. A (for example, a{0}_b or c{0}.d). Between 1 and {0}. The default is null. |\n"
)
RESOURCE = (
    "## Resource{0}\n\nThe **Resource{0}** resource is one of many.\n\n"
    "| Property | Type | Description |\n|----------|------|-------------|\n"
    "| id | GUID | The identifier of the resource. |\n"
    '| state | string | The state of it: "open", "shut", or "lost". |\n'
    "| attributes | [ResourceAttributes](utility-resources.md#resourceattributes) | The metadata. "
    'Includes "objectType": "Resource{0}". |\n\n'
)


def repeated(text: str) -> Callable[[int], str]:
    """So many bytes of a text; `{0}` in it counts."""
    if "{0}" in text:
        return lambda size: "".join(text.format(number) for number in range(size // (len(text) + 2)))
    return lambda size: text * (size // len(text))


def in_table(row: str) -> Callable[[int], str]:
    """So many bytes of a row, below the header of a resource."""
    rows = repeated(row)
    return lambda size: TABLE + rows(size)


def in_cells(flood: str, times: int) -> Callable[[int], str]:
    """Rows with a description that says the same so many times."""
    return in_table(f"| a | string | {flood * times} |\n")


SHAPES: dict[str, Callable[[int], str]] = {
    "resources": repeated(RESOURCE),
    "rows": in_table(ROW),
    "marks": in_table(MARKS),
    "value lists": in_table(VALUES),
    "facts": in_table(FACTS),
    "types": in_table("| p{0} | array of Foo{0} | Some words. |\n"),
    "misspelt types": in_table("| p{0} | Strng{0} | Some words. |\n"),
    "small tables": repeated("## R{0}\n\n| Property | Type |\n|---|---|\n| a | string |\n\n"),
    "tables under one heading": repeated("| Property | Type |\n|---|---|\n| a{0} | string |\n\n"),
    "lists of values": repeated("## E{0}\n\n| Value | Description |\n|---|---|\n| a | b |\n\n"),
    "prose": repeated("Some words here and there.\n\n"),
    "one paragraph": repeated("Some words here and there.\n"),
    "orphan rows": in_table("| a | string | b |\n\n"),
    "unfit tables": repeated("| a | b | c |\n|---|---|\n| a | b | c |\n\n"),
    "headings": repeated("# a\n"),
    "underlined headings": repeated("Foo\n---\n\n"),
    "one wide heading": lambda size: "# a" + " " * size + "b",
    "headings with anchors": repeated('## <span id="a{0}"/><span id="b{0}"/>Foo{0}\n\n'),
    "deep quotes": repeated("> " * 2000 + "x\n"),
    "quotes": repeated("> " * 20 + "x\n"),
    "lists": repeated("".join(" " * depth + "- a\n" for depth in range(40))),
    "stars": repeated("**a "),
    "one wide row": lambda size: TABLE + "|" * size,
    "wide table": lambda size: "a|" * (size // 4) + "\n" + "-|" * (size // 4),
    "one giant cell": lambda size: TABLE + "| a | string | " + "**w** " * (size // 6) + " |",
    "brackets": repeated("["),
    "brackets in cells": in_cells("[", 550),
    "links in cells": in_cells("[a](b) ", 80),
    "tags in cells": in_cells("<b>x</b> ", 60),
    "stars in cells": in_cells("**a *b ", 60),
    "backticks in cells": in_cells("`a ``b ```c ", 40),
    "lines in cells": in_cells("x<br>- `a` - b ", 80),
    "examples in cells": in_cells("for example, a_1, b_2, c_3 ", 250),
    "alternatives in cells": in_cells("whether a ", 150),
    "unclosed fences": repeated("```\n~~~\n"),
    "html": repeated("<div>\n\n"),
    "html tables": repeated("<table><tr><td>a</td></tr>\n"),
    "comments": repeated("<!-- a\n"),
    "front matter": lambda size: "---\n" + repeated("a{0}: b\n")(size) + "---\n",
    "definitions of links": repeated("[a{0}]: b{0}.md\n"),
    "line ends": repeated("\r"),
    "tabs": repeated("\t|"),
    "letters": repeated("é é é é\n"),
}


def main() -> int:
    """Print the seconds of each shape; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "shapes", nargs="*", metavar="SHAPE", help="some of the shapes; all where none is named"
    )
    parser.add_argument("--megabytes", type=float, default=10)
    parser.add_argument("--limit", type=float, default=5)
    options = parser.parse_args()
    slow = 0
    for name in options.shapes or SHAPES:
        text = SHAPES[name](int(options.megabytes * 1_000_000))
        megabytes = len(text.encode()) / 1e6
        start = time.process_time()
        page = read_page_text(text, "page.md")
        seconds = time.process_time() - start
        slow += seconds > options.limit
        refused = next((f"refused at line {d.line}" for d in page.diagnostics if d.code == "too-long"), "")
        print(
            f"{name:24} {megabytes:5.1f} MB {seconds:6.2f} s {megabytes / seconds:7.1f} MB/s  {refused}",
            flush=True,
        )
        del page
    return int(slow > 0)


if __name__ == "__main__":
    raise SystemExit(main())
