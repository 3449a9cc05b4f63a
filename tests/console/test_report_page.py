"""Laws of the HTML report as a page: where its lines break, what is folded, and a phone's width."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from partner_insights.contract import Profile, Severity, Standing
from partner_insights.derive.page_report import report_text
from partner_insights.derive.row_accounts import Outcome, RowAccount, counts_of
from partner_insights.verify import Request, Violation
from partner_insights.verify.judge.violation import Observation
from partner_insights.verify.report.baseline import Comparison, Deviation
from partner_insights.verify.report.census import Census
from partner_insights.verify.report.coverage import CellState, coverage
from partner_insights.verify.report.html import html
from partner_insights.verify.report.report import Report
from partner_insights.verify.report.verdict import Judgement
from partner_insights.verify.run import suite

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from partner_insights.contract import Catalogue

OPERATION = "customer-licenses-deployment"
POINTER = "/items/3/proratedLicensesUsagePercent/undocumentedProperty/<b>objectType"
BROKEN = "/items<wbr>/*<wbr>/proratedLicensesUsagePercent<wbr>/undocumentedProperty<wbr>/&lt;b&gt;objectType"
URL = f"http://127.0.0.1:8080/v1/analytics/{'license/' * 20}"
VIOLATION = Violation(
    "PI101",
    Severity.ERROR,
    Standing.DOCUMENTED,
    OPERATION,
    POINTER,
    "the page says string; you sent 3.14",
    None,
    None,
    "3.14",
    Request("GET", URL, operation=OPERATION),
)
EXPIRED = Deviation("PI102", OPERATION, POINTER, "a reason", "TICKET-1", date(2026, 1, 1))


def report(catalogue: Catalogue, state: CellState, *violations: Violation) -> Report:
    """Of a run that saw each cell in that state."""
    observed = (Observation("undocumented-property", OPERATION, POINTER, "seen once; it holds a text"),)
    compared = Comparison((), ((VIOLATION, EXPIRED),), (EXPIRED,), ()) if violations else None
    judgement = Judgement(
        Profile.CORRECTED, URL, 1, (OPERATION,), violations, observed, tested=True, comparison=compared
    )
    rows = tuple(
        replace(row, cells=tuple(replace(cell, state=state) for cell in row.cells))
        for row in coverage(catalogue, Census(), violations)
    )
    tests = (suite.TestResult(f"test_the_{'long_' * 20}name[{OPERATION}]", "failed", 0.1),)
    return Report(judgement, f"{URL} by the corrected contract", catalogue, {}, {}, rows, Census(), tests)


def test_pointers_have_places_to_break(catalogue: Catalogue) -> None:
    """Before each `/` but the first, wherever a pointer stands."""
    page = html(report(catalogue, CellState.INVALID, VIOLATION))
    assert page.count(BROKEN) == 3  # two findings, one of them known, and the observation
    assert page.count(BROKEN.replace("*", "3")) == 3  # "first at" of both, and the entry of the baseline
    assert "/proratedLicensesUsagePercent/" not in page


@pytest.mark.parametrize(
    ("state", "violations", "opened"),
    [
        (CellState.VALID, (), False),
        (CellState.VALID, (VIOLATION,), False),
        (CellState.NEVER, (), False),
        (CellState.INVALID, (VIOLATION,), True),
    ],
)
def test_what_is_not_broken_is_folded(
    catalogue: Catalogue, state: CellState, violations: tuple[Violation, ...], opened: bool
) -> None:
    """Coverage is open where a cell was seen invalid; observations, which fail nothing, are never."""
    page = html(report(catalogue, state, *violations))
    _, covered, observed = re.split(r"<h2>(?:Coverage of the documentation|Observations)</h2>", page)
    resources = {operation.resource for operation in catalogue.operations.values()}
    tables = re.findall(r"<details( open)?><summary>.*?<table.*?</details>", covered, re.DOTALL)
    assert [bool(each) for each in tables] == [opened] * len(resources)
    found = re.search(r"<details( open)?><summary>1 observation .*?<table.*?</details>", observed, re.DOTALL)
    assert found is not None
    assert not found[1]


def test_the_chart_draws_what_is_broken(catalogue: Catalogue) -> None:
    """A bar for each operation with violations; the others are counted."""
    chart = re.compile(r"Violations by operation</figcaption>(.*?)</figure>", re.DOTALL)
    (drawn,) = chart.findall(html(report(catalogue, CellState.INVALID, VIOLATION)))
    assert re.findall(r'<div class="bar"><span>(.*?)</span>', drawn) == [OPERATION]
    assert "None in" not in drawn
    (drawn,) = chart.findall(html(report(catalogue, CellState.VALID)))
    assert 'class="bar"' not in drawn
    assert "None in 1 operation." in drawn


def test_what_to_type_is_code(catalogue: Catalogue) -> None:
    """An option in the words of a code stands as code, without its backticks."""
    page = html(report(catalogue, CellState.INVALID, VIOLATION))
    assert "<code>--errata FILE</code>" in page
    assert "`" not in page


@pytest.mark.external
def test_the_account_of_rows_fits_a_phone(browser: Browser, tmp_path: Path) -> None:
    """What `derive --report` writes scrolls sideways nowhere."""
    words = "long words " * 20
    cells = {"Property": "id", "Type": "string", "Description": words}
    accounts = [
        RowAccount("page.md", line, "Order", "id", cells, each, ("Type",), (words,))
        for line, each in enumerate(Outcome)
    ]
    file = tmp_path / "rows.html"
    file.write_text(report_text(file, counts_of(accounts, 1), accounts), encoding="utf-8")
    page = browser.new_page(viewport={"width": 375, "height": 812})
    page.goto(file.as_uri())
    scrolled = "[document.documentElement, ...document.querySelectorAll('.scroll')].map(e => e.scrollWidth)"
    assert max(page.evaluate(scrolled)) <= 375
    page.close()


@pytest.mark.external
@pytest.mark.parametrize("width", [375, 1280])
def test_the_page_is_as_wide_as_the_screen(
    catalogue: Catalogue, browser: Browser, tmp_path: Path, width: int
) -> None:
    """Unfolded, nothing is scrolled sideways on a phone, and no pointer breaks inside a name."""
    file = tmp_path / "report.html"
    file.write_text(html(report(catalogue, CellState.INVALID, VIOLATION)), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 812})
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if width == 375:
        sideways = (
            "[...document.querySelectorAll('.wide')].filter(each => each.scrollWidth > each.clientWidth)"
        )
        assert page.evaluate(f"{sideways}.length") == 0
    folded = """[...document.querySelectorAll('code')].flatMap(code => [...code.childNodes])
        .filter(node => node.nodeType === Node.TEXT_NODE && node.data.startsWith('/'))
        .map(node => { const range = document.createRange(); range.selectNodeContents(node);
                       return [node.data, range.getClientRects().length] })"""
    pieces = page.evaluate(folded)
    assert pieces
    assert [text for text, lines in pieces if lines != 1] == []
    page.close()
