"""`diff`: two editions of pages, or of derived schemas → what changed, and an exit code by how
much it matters."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from partner_insights._data import schemas_dir
from partner_insights.cli.page_options import dialect_option
from partner_insights.contract.toml_files import read_errata
from partner_insights.derive.bundled_pages import TABLES
from partner_insights.derive.diff import Change, EditionDiff, Level, compare

if TYPE_CHECKING:
    from partner_insights.derive.diff import ErratumToReview

_LEVELS = [level.label for level in Level]


@click.command("diff")
@click.argument("old", type=click.Path(exists=True, path_type=Path))
@click.argument("new", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="Form of the report.",
)
@click.option(
    "--fail-on",
    "fail_on",
    type=click.Choice(_LEVELS),
    default=Level.COMPATIBLE.label,
    show_default=True,
    help="Exit 1 for a change of this level or a graver one; they are listed from least to gravest.",
)
@dialect_option
def command(old: Path, new: Path, form: str, fail_on: str, dialect: str | None) -> int:
    """Tell what changed between two editions: pages, folders of pages, or derived folders.

    Each change is breaking (a type, a constant or the presence changed, a property or a value is gone), a
    translation (the new page was translated by a machine), compatible (something came besides) or
    wire-irrelevant (wording, an example). Errata whose cell changed are named. Exit codes: 0 no change of the
    level of --fail-on, 1 such a change, 2 unreadable input.
    """
    folder = schemas_dir()
    errata = read_errata(folder / "errata.toml").values()
    comparison = compare(old, new, errata, shipped=folder / TABLES, dialect=dialect)
    click.echo({"text": _text, "json": _json, "markdown": _markdown}[form](comparison))
    level = comparison.level
    return int(level is not None and level >= Level[fail_on.upper().replace("-", "_")])


def _text(comparison: EditionDiff) -> str:
    lines = []
    for change in comparison.changes:
        lines.append(f"{change.level.label}: {change.subject}: {change.aspect} ({change.place})")
        lines += [f"  {change.column} cell, before: {_shown(change.before)}"]
        lines += [f"  {change.column} cell, after:  {_shown(change.after)}"]
    lines += [f"look again: {_look(look)}" for look in comparison.errata]
    return "\n".join([*lines, _summary(comparison)])


def _json(comparison: EditionDiff) -> str:
    document = {
        "level": None if comparison.level is None else comparison.level.label,
        "changes": [_change(change) for change in comparison.changes],
        "errata": [
            {
                "id": look.erratum,
                "title": look.title,
                "target": look.subject,
                "column": look.column,
                "expected": look.expected,
                "found": look.found,
                "fits": look.fits,
            }
            for look in comparison.errata
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _change(change: Change) -> dict[str, str | None]:
    return {
        "level": change.level.label,
        "resource": change.resource,
        "property": change.name,
        "aspect": change.aspect,
        "column": change.column,
        "before": change.before,
        "after": change.after,
        "place": change.place,
    }


_TITLES = {
    Level.BREAKING: "Breaking: a client has to change",
    Level.TRANSLATION: "Translated by a machine: names cannot be trusted",
    Level.COMPATIBLE: "Compatible: something came besides",
    Level.WIRE_IRRELEVANT: "Wording, names and pages: nothing on the wire",
}
# A comment of a pull request holds 65,536 characters.
_MAX_CHANGES = 60
_MAX_CELL = 160


def _markdown(comparison: EditionDiff) -> str:
    """A summary for a pull request: the gravest first, what changes nothing on the wire folded away."""
    lines = [f"**{_summary(comparison)}**"]
    for level in reversed(Level):
        changes = [change for change in comparison.changes if change.level is level]
        if not changes:
            continue
        folded = level is Level.WIRE_IRRELEVANT
        title = f"{_TITLES[level]} ({len(changes)})"
        lines += ["", f"<details><summary>{title}</summary>" if folded else f"### {title}", ""]
        lines += ["| What | Change | Before | After | Where |", "|---|---|---|---|---|"]
        lines += map(_markdown_row, changes[:_MAX_CHANGES])
        if len(changes) > _MAX_CHANGES:
            lines += ["", f"… and {len(changes) - _MAX_CHANGES} more."]
        lines += ["", "</details>"] if folded else []
    if comparison.errata:
        lines += ["", "### Errata that need another look", ""]
        lines += [f"- {_look(look)}" for look in comparison.errata]
    return "\n".join(lines)


def _markdown_row(change: Change) -> str:
    what = f"{_code(change.subject)} | {change.aspect}, {change.column} cell"
    before, after = change.meaning or (change.before, change.after)
    return f"| {what} | {_cell(before)} | {_cell(after)} | {_code(change.place)} |"


def _code(text: str) -> str:
    return "`" + text.replace("`", "'").replace("|", "¦") + "`"


def _cell(text: str | None) -> str:
    """A cell as text in a Markdown table: no mark of it is one of the table, a link or a tag."""
    if text is None:
        return "—"
    shown = text if len(text) <= _MAX_CELL else f"{text[:_MAX_CELL]}…"
    return re.sub(r"([\\`*_\[\]<>|@#])", r"\\\1", " ".join(shown.split()))


def _look(look: ErratumToReview) -> str:
    fits = "still fits" if look.fits else "does not fit any more"
    return (
        f"{look.erratum} ({look.title}): the {look.column} cell of {look.subject} is now "
        f"{_shown(look.found)}; "
        f"the erratum expects {look.expected!r} and {fits}"
    )


def _summary(comparison: EditionDiff) -> str:
    if not comparison.changes:
        return "no change"
    counts = [
        (level, sum(change.level is level for change in comparison.changes)) for level in reversed(Level)
    ]
    return ", ".join(f"{count} {level.label}" for level, count in counts if count)


def _shown(text: str | None) -> str:
    return "none" if text is None else repr(text)
