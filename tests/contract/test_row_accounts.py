"""What became of every row: counted, reported as JSON and as a page, whether or not the pages derive."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.cli import main
from partner_insights.derive.row_accounts import Outcome, counts_of, row_accounts
from partner_insights.tables import read_page_text

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "| Property | Type | Description |\n|---|---|---|\n"
ROWS = {
    Outcome.TYPED: [
        "| {} | string | At most 5 characters. |",
        "| {} | array of strings | x |",
        "| {} | object | x |",
    ],
    Outcome.REFERENCED: ["| {} | [Other](#other) | x |", "| {} | array of [Other](#other) resources | x |"],
    Outcome.UNCERTAIN: [
        "| {} | string | Values include `a`, `b`. |",
        "| {} | int | Usually between 1 and 5. |",
        "| {} | int | 0 = off, 1 = on. |",
        "| {} | array of strings | Each at most 20 characters. |",
    ],
    Outcome.REFUSED: ["| {} | strng | x |", "| the {} | string | x |", "| {} | string | x | y |"],
}
rows = st.lists(
    st.sampled_from([(outcome, row) for outcome, kind in ROWS.items() for row in kind]),
    min_size=1,
    max_size=9,
)


@given(rows)
def test_every_row_has_one_outcome(written: list[tuple[Outcome, str]]) -> None:
    """As many rows come out as went in, each with its own line and outcome."""
    lines = [row.format(f"name{place}") for place, (_, row) in enumerate(written)]
    text = f"## Thing\n\n{HEAD}" + "\n".join(lines) + f"\n\n## Other\n\n{HEAD}| id | string | x |\n"
    page = read_page_text(text, "p.md")
    accounts = list(row_accounts(page, page.diagnostics))
    assert [(each.line, each.outcome) for each in accounts[:-1]] == [
        (5 + place, Outcome.TYPED if outcome is Outcome.REFUSED and "| y |" in row else outcome)
        for place, (outcome, row) in enumerate(written)
    ]
    counts = counts_of(accounts, len(page.resources))
    assert sum(counts[outcome.value] for outcome in Outcome) == counts["rows"] == len(written) + 1


def test_a_bound_that_binds_nothing_is_not_stated() -> None:
    """What is said of how many items an array has is no constraint of ours."""
    page = read_page_text(f"## Thing\n\n{HEAD}| tags | array of strings | The tags; max 25 |\n", "p.md")
    (account,) = row_accounts(page, page.diagnostics)
    assert account.stated == ("Type",)


def test_rows_of_a_table_that_is_no_resource_are_refused() -> None:
    """They are counted with their table, whose line the page's diagnostic has."""
    page = read_page_text(f"# What a thing is\n\n{HEAD}| a | string | x |\n| b | string | x |\n", "p.md")
    (account,) = row_accounts(page, page.diagnostics)
    assert (account.line, account.outcome, account.rows) == (3, Outcome.REFUSED, 2)


PAGE = f"""## Thing

{HEAD}| id | string | Names it. |
| kind | string | Values include `a`. |
| <b>it</b> | [Other](#other) | <script>x</script> |
| size | strng | x |
"""


def derive(folder: Path, *options: str) -> tuple[int, str]:
    (folder / "page.md").write_text(PAGE, encoding="utf-8")
    result = CliRunner().invoke(main, ["derive", str(folder / "page.md"), *options])
    return result.exit_code, result.stdout


def test_the_summary_counts_rows(tmp_path: Path) -> None:
    """In text and in JSON, as soon as the pages derive."""
    code, text = derive(tmp_path, "--lenient")
    assert (code, text.splitlines()[-1]) == (
        0,
        "1 resource, 4 rows: 1 typed, 0 referenced, 1 uncertain, 2 refused",
    )
    document = json.loads(derive(tmp_path, "--lenient", "--format", "json")[1])
    assert document["counts"] == {
        **{"resources": 1, "rows": 4, "typed": 1, "referenced": 0, "uncertain": 1, "refused": 2},
    }


def test_the_report_says_why_pages_do_not_derive(tmp_path: Path) -> None:
    """It is written although nothing else is, with each row's line, cells and messages."""
    report = tmp_path / "report.json"
    assert derive(tmp_path, "--report", str(report))[0] == 2
    document = json.loads(report.read_text(encoding="utf-8"))
    assert [(row["line"], row["property"], row["outcome"]) for row in document["rows"]] == [
        (5, "id", "typed"),
        (6, "kind", "uncertain"),
        (7, "it", "refused"),
        (8, "size", "refused"),
    ]
    assert "cannot be read for certain" in document["rows"][3]["messages"][0]


def test_the_report_shows_the_tables_in_colour(tmp_path: Path) -> None:
    """Each row with its outcome; text of the page is text of the report."""
    report = tmp_path / "report.html"
    derive(tmp_path, "--lenient", "--report", str(report))
    html = report.read_text(encoding="utf-8")
    lines = re.findall(r'class="line (\w+)" title="\w+">(\d+)', html)
    assert lines == [("typed", "5"), ("uncertain", "6"), ("refused", "7"), ("refused", "8")]
    assert "<script>" not in html
    assert derive(tmp_path, "--report", str(tmp_path / "report.txt"))[0] == 2
