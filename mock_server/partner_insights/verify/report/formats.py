"""The name of a report format → what writes it: the one list of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from partner_insights.verify.report.errata import proposed_errata
from partner_insights.verify.report.github import IN_GITHUB, github
from partner_insights.verify.report.html import html
from partner_insights.verify.report.junit import junit
from partner_insights.verify.report.markdown import markdown
from partner_insights.verify.report.verdict import json_report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partner_insights.verify.report.report import Report


@dataclass(frozen=True)
class ReportFormat:
    """One form of a report."""

    render: Callable[[Report], str]
    help: str = ""
    """Of the option of `verify` that names the file to write."""
    printed_in: str | None = None
    """Instead of an option: the report is printed where this environment variable is `true`."""


REPORTS: Final[Mapping[str, ReportFormat]] = {
    "json": ReportFormat(lambda report: json_report(report.judgement), "Write the report as JSON."),
    "junit": ReportFormat(junit, "Write the report as JUnit XML."),
    "html": ReportFormat(html, "Write the report as one HTML page."),
    "markdown": ReportFormat(markdown, "Write the report as Markdown, fit for a pull-request comment."),
    "propose-errata": ReportFormat(
        proposed_errata,
        "Write errata that would make the contract fit what was seen, for a person to accept.",
    ),
    "github": ReportFormat(github, printed_in=IN_GITHUB),
}
"""An option `--NAME FILE` of `verify` is each name's, or the report is printed in its environment."""

WRITTEN: Final[Mapping[str, ReportFormat]] = {
    name: form for name, form in REPORTS.items() if form.printed_in is None
}
