"""A judgement → what a person reads: a table of what was found, then each finding in full."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from partner_insights.contract import Severity
from partner_insights.verify.judge.violation import pointer_pattern
from partner_insights.verify.report.causes import causes, place_lines
from partner_insights.verify.report.verdict import Judgement, Verdict, counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.verify.judge.violation import Violation, ViolationKey
    from partner_insights.verify.report.baseline import Comparison, Deviation
    from partner_insights.verify.report.causes import Cause

COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}
VERDICT_COLOURS = {Verdict.HELD: "bold green", Verdict.BROKEN: "bold red", Verdict.UNTESTED: "bold yellow"}
CENSUS = ("absent", "closed-list-candidate", "date-form", "null", "number-encoding", "percent-scale")
"""Kinds of observations that every run makes of most properties: for the reports, too many for a screen."""
PLAIN_WIDTH = 140
"""Columns where there is no terminal."""
MIN_WIDTH = 40
"""Columns below which a table says nothing; a terminal that does not know its width has none."""
MAX_OBSERVED = 200
"""Lines of what was observed in one file or run; a report in another form has all."""
AMPLE_WIDTH = 10_000
"""Columns for any table."""


def console() -> Console:
    """Standard output: plain where it is no terminal or NO_COLOR is set, and no character is an error."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PLAIN_WIDTH
    made = Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)
    made.width = max(made.width, MIN_WIDTH) if made.width > 0 else PLAIN_WIDTH
    return made


def show(
    screen: Console,
    judgement: Judgement,
    times: Mapping[ViolationKey, int] | None = None,
    seen: Mapping[ViolationKey, str] | None = None,
) -> None:
    """Print each kind of finding in a row, and each cause once.

    `times` says how often, where the judgement has lost count; `seen` in how many answers, in words.
    """
    kinds = {violation.key: violation for violation in reversed(judgement.violations)}
    counts = times if times is not None else Counter(violation.key for violation in judgement.violations)
    findings = [violation for violation in judgement.violations if kinds[violation.key] is violation]
    if findings:
        screen.print(_table(screen, findings, counts))
    for cause in causes(findings):
        _show_cause(screen, cause, seen or {})
    standing_out = [each for each in judgement.observations if each.kind not in CENSUS]
    shown = list({each.key: each for each in standing_out}.values())
    for observation in shown[:MAX_OBSERVED]:
        place = " ".join(part for part in (observation.operation, observation.pointer) if part) or "body"
        _tell(screen, Text("observed ", "cyan"), Text(f"{place}: {observation.message}"))
    if len(shown) > MAX_OBSERVED:
        _tell(screen, Text("observed ", "cyan"), Text(f"{len(shown) - MAX_OBSERVED:,} more, not shown here"))


def _table(screen: Console, findings: list[Violation], counts: Mapping[ViolationKey, int]) -> Table:
    """Each finding in a row; without room for all columns the source, told below, gives way to the place."""
    table = _columns("Code", "Severity", "Operation", "Where", "Source", "Times")
    for each in findings:
        place = (each.operation or "–", pointer_pattern(each.pointer) or "the answer")
        source = "–" if each.source is None else f"{each.source.page}:{each.source.line}"
        table.add_row(each.code, _severity(each), *place, source, str(counts[each.key]))
    if _width(screen, table) <= screen.width:
        return table
    table = _columns("Code", "Severity", "Where", "Times")
    room = screen.width - _width(screen, table) + len("Where")
    for each in findings:
        where = _broken(each.operation or "", pointer_pattern(each.pointer), room)
        table.add_row(each.code, _severity(each), where, str(counts[each.key]))
    return table


def _columns(*names: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, justify="right" if name == "Times" else "left", overflow="fold")
    return table


def _severity(violation: Violation) -> Text:
    return Text(violation.severity.value, COLOURS[violation.severity])


def _width(screen: Console, table: Table) -> int:
    """The columns that the table takes where nothing is folded."""
    return screen.measure(table, options=screen.options.update_width(AMPLE_WIDTH)).maximum


def _broken(operation: str, pointer: str, room: int) -> str:
    """Operation and pointer in lines that have room: broken at the space first, then before a `/`."""
    whole = " ".join(part for part in (operation, pointer) if part) or "the answer"
    if cell_len(whole) <= room:
        return whole
    lines = [operation, ""] if operation else [""]
    for part in re.findall("/?[^/]+|/", pointer):
        if lines[-1] and cell_len(lines[-1] + part) > room:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def _show_cause(screen: Console, cause: Cause, seen: Mapping[ViolationKey, str]) -> None:
    violation = cause.first
    place = " ".join(part for part in (violation.operation, violation.pointer) if part) or "body"
    more = f" and {counted(len(cause.others), 'more place')}" if cause.others else ""
    heading = f"{violation.code} {place}{more}, {violation.standing.value}"
    _tell(screen, Text(), Text(heading, COLOURS[violation.severity]))
    lines = [("", violation.message), *(("at", line) for line in place_lines(cause, seen))]
    if not cause.others and violation.key in seen:
        lines.append(("in", seen[violation.key]))
    if violation.source is not None:
        lines.append(("source", f"{violation.source.page}:{violation.source.line}: {violation.source.cell}"))
    if violation.erratum is not None:
        lines.append(("erratum", violation.erratum))
    if violation.request.entry:
        lines.append(("in", f"{violation.request.file}, {violation.request.entry}"))
    for label, text in lines:
        _tell(screen, _label(label), Text(text))
    if violation.request.curl:
        # One line, however long: it is there to be copied.
        screen.print(Text.assemble(_label("again"), violation.request.curl), soft_wrap=True)
    screen.print()


def _label(word: str) -> Text:
    return Text.assemble("  ", (f"{word:<9}" if word else "", "dim"))


def _tell(screen: Console, label: Text, text: Text) -> None:
    """One line; on a terminal as many as it takes, broken between words and set in under the first."""
    lines = [text]
    if screen.is_terminal:
        lines = list(text.wrap(screen, max(screen.width - label.cell_len, MIN_WIDTH))) or lines
    for number, line in enumerate(lines):
        start = Text(" " * label.cell_len) if number else label
        screen.print(Text.assemble(start, line), soft_wrap=True)


def show_comparison(screen: Console, comparison: Comparison) -> None:
    """Print what a baseline made of the run: the known by one line each, and the entries to look at."""
    for violation, entry in comparison.known:
        _tell(screen, *_entry("known", "cyan", entry, violation.message))
    for entry in comparison.expired:
        _tell(screen, *_entry("expired", "bold red", entry, f"accepted until {entry.expires}"))
    for entry in comparison.unseen:
        if entry not in comparison.expired:
            _tell(screen, *_entry("not seen", "yellow", entry, entry.reason))


def _entry(word: str, colour: str, entry: Deviation, message: str) -> tuple[Text, Text]:
    place = " ".join(part for part in (entry.code, entry.operation, entry.pointer) if part)
    return Text(f"{word} ", colour), Text(f"{place}: {message}")


def show_verdict(screen: Console, judgement: Judgement, words: str) -> None:
    """Print the last line."""
    colour = VERDICT_COLOURS[judgement.verdict]
    _tell(screen, Text(), Text.assemble((judgement.headline, colour), f": {words}"))
