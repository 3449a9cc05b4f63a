"""A report → one HTML page that needs nothing else: no script, no request, light or dark."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from partner_insights.verify.judge.violation import pointer_pattern
from partner_insights.verify.report.causes import place_lines
from partner_insights.verify.report.coverage import CellState
from partner_insights.verify.report.verdict import noun_for

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

    from partner_insights.verify.report.report import Report

MARKS = {CellState.VALID: "✓", CellState.INVALID: "✗", CellState.NEVER: "○", CellState.SILENT: "–"}
"""A state is never shown by colour alone."""

GROUPS = {
    "1": "Values against their cells",
    "2": "Rules across values",
    "3": "Answers on the wire",
    "4": "Who is answered what",
}
"""By the first digit of a code."""


def html(report: Report) -> str:
    """The whole page."""
    per_operation = _per_operation(report)
    broken = [each for each in per_operation if sum(each[1:])]
    return _template().render(
        report=report,
        judgement=report.judgement,
        comparison=report.comparison,
        groups=report.groups,
        group_names=GROUPS,
        broken=broken,
        whole=len(per_operation) - len(broken),
        states=[state for state in CellState if state is not CellState.SILENT],
        marks=MARKS,
        pointer_pattern=pointer_pattern,
        place_lines=place_lines,
        noun=noun_for,
    )


def _per_operation(report: Report) -> list[tuple[str, int, int]]:
    """Errors and warnings of each operation that was requested, for the chart."""
    operations = dict.fromkeys(report.judgement.operations)
    operations.update(dict.fromkeys(each.operation or "any path" for each in report.judgement.violations))
    counted = []
    for operation in operations:
        found = [each for each in report.judgement.violations if (each.operation or "any path") == operation]
        errors = sum(each.severity.value == "error" for each in found)
        counted.append((operation, errors, len(found) - errors))
    return counted


def _breakable(pointer: str) -> Markup:
    """The pointer, escaped, with a place to break the line before each `/` but the first."""
    from markupsafe import Markup, escape

    return escape(pointer[:1]) + Markup("<wbr>/").join(escape(part) for part in pointer[1:].split("/"))


def _with_code(text: str) -> Markup:
    """The text, escaped; what stands between backticks as code."""
    from markupsafe import Markup, escape

    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


@cache
def _template() -> Template:
    # Imported here: only a run that writes a page needs a template.
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(breakable=_breakable, with_code=_with_code)
    return environment.from_string(Path(__file__).with_name("page.html.jinja").read_text(encoding="utf-8"))
