"""A report → Markdown that fits a pull-request comment: the verdict, a table, each finding folded."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from partner_insights.verify.judge.violation import pointer_pattern
from partner_insights.verify.report.causes import causes, place_lines, place_of
from partner_insights.verify.report.coverage import CellState
from partner_insights.verify.report.verdict import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.verify.judge.violation import Violation
    from partner_insights.verify.report.causes import Cause
    from partner_insights.verify.report.report import Report

MAX_LENGTH = 60_000
"""Characters; GitHub takes 65,536 in a comment."""

MARKS = {"held": "✅", "broken": "❌", "untested": "⚠️"}
MARKUP = re.compile(r"([\\`*_{}\[\]()#+|~!-])")


def markdown(report: Report) -> str:
    """The comment; findings that do not fit are counted in its last line."""
    parts = list(_opening(report))
    length = sum(map(len, parts))
    left_out = 0
    for cause in causes(report.judgement.violations):
        part = "\n".join(_details(report, cause))
        if left_out or length + len(part) > MAX_LENGTH:
            left_out += len(cause.places)
            continue
        parts.append(part)
        length += len(part) + 1
    if left_out:
        parts.append(f"{left_out} more are in the full report.")
    return "\n".join([*parts, ""])


def _opening(report: Report) -> Iterator[str]:
    verdict = report.judgement.verdict.value
    yield f"### {MARKS[verdict]} {report.judgement.sentence}\n"
    yield f"{escaped(report.summary)}\n"
    violations = report.judgement.violations
    if violations:
        yield "| Code | Severity | Operation | Where | Source | Times |\n|---|---|---|---|---|---:|"
        for violation in violations[:100]:
            yield _row(report, violation)
        if len(violations) > 100:
            yield f"\n{len(violations) - 100} more rows are left out."
        yield ""
    yield from _baseline(report)
    cells = [state for _, states in report.shares for state in states.items()]
    valid, invalid, never = (
        sum(count for state, count in cells if state is each)
        for each in (CellState.VALID, CellState.INVALID, CellState.NEVER)
    )
    yield f"Cells of the documentation: {valid} seen valid, {invalid} seen invalid, {never} never seen.\n"


def _row(report: Report, violation: Violation) -> str:
    source = violation.source
    where = code(pointer_pattern(violation.pointer)) if violation.pointer else "the answer"
    cells = (
        violation.code,
        violation.severity.value,
        code(violation.operation) if violation.operation else "–",
        where,
        f"{source.page}:{source.line}" if source is not None else "–",
        str(report.counts.get(violation.key, 1)),
    )
    return f"| {' | '.join(cells)} |"


def _baseline(report: Report) -> Iterator[str]:
    comparison = report.comparison
    if comparison is None:
        return
    yield (
        f"Baseline: {len(comparison.known)} known, {len(comparison.expired)} expired, "
        f"{len(comparison.unseen)} not seen.\n"
    )
    entries = [("expired", each) for each in comparison.expired]
    entries += [("not seen", each) for each in comparison.unseen if each not in comparison.expired]
    for state, entry in entries[:50]:
        place = " ".join(filter(None, (entry.code, entry.operation, entry.pointer)))
        yield f"- {state}: {code(place)} {escaped(entry.reason)}"
    if entries:
        yield ""


def _details(report: Report, cause: Cause) -> Iterator[str]:
    violation = cause.first
    place = plain(place_of(violation))
    if cause.others:
        place += f" and {counted(len(cause.others), 'more place')}"
    yield f"<details><summary>{violation.code} {place}, {violation.standing.value}</summary>\n"
    yield f"{escaped(violation.message)}\n"
    yield from (f"- at {code(line)}" for line in place_lines(cause, report.seen))
    if not cause.others and violation.key in report.seen:
        yield f"- in {report.seen[violation.key]}"
    if violation.value:
        yield f"- value: {code(violation.value)}"
    if violation.source is not None:
        source = violation.source
        yield f"- cell: {source.page}:{source.line}: {code(source.cell)}"
    if violation.erratum is not None:
        yield f"- erratum {escaped(report.erratum(violation))}"
    yield f"- {escaped(report.catalogue.codes[violation.code].how_to_accept)}"
    if violation.request.curl:
        fence = "`" * max(3, 1 + longest_run(violation.request.curl))
        yield f"\n{fence}sh\n{violation.request.curl}\n{fence}"
    yield "\n</details>\n"


def code(text: str) -> str:
    """A code span that holds any text, also in a table's cell."""
    fence = "`" * (1 + longest_run(text))
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}".replace("|", "\\|").replace("\n", " ")


def escaped(text: str) -> str:
    """Text that means no markup, mentions nobody and stays on its line."""
    return plain(MARKUP.sub(r"\\\1", text))


def plain(text: str) -> str:
    """Text for HTML; a name after an @ is looked for in what is left of all markup, so a gap hides it."""
    return html.escape(text, quote=False).replace("@", "@\u200b").replace("\n", " ")


def longest_run(text: str) -> int:
    """The longest run of backticks."""
    return max(map(len, re.findall("`+", text)), default=0)
