"""`diff`: two editions of pages, or of derived schemas → what changed, and an exit code by how
much it matters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from partner_insights._data import schemas_dir
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
def command(old: Path, new: Path, form: str, fail_on: str) -> int:
    """Tell what changed between two editions: pages, folders of pages, or derived folders.

    Each change is breaking (a type, a constant or the presence changed, a property or a value is gone), a
    translation (the new page was translated by a machine), compatible (something came besides) or
    wire-irrelevant (wording, an example). Errata whose cell changed are named. Exit codes: 0 no change of the
    level of --fail-on, 1 such a change, 2 unreadable input.
    """
    folder = schemas_dir()
    errata = read_errata(folder / "errata.toml").values()
    comparison = compare(old, new, errata, shipped=folder / TABLES)
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


def _markdown(comparison: EditionDiff) -> str:
    lines = [f"**{_summary(comparison)}**"]
    if comparison.changes:
        lines += ["", "| Level | What | Cell | Before | After |", "|---|---|---|---|---|"]
    for change in comparison.changes:
        texts = (change.before, change.after)
        before, after = ("" if text is None else text.replace("|", "\\|") for text in texts)
        what = f"`{change.subject}` {change.aspect}"
        lines.append(
            f"| {change.level.label} | {what} | {change.column} ({change.place}) | {before} | {after} |"
        )
    if comparison.errata:
        lines += ["", "Errata that need another look:", ""]
        lines += [f"- {_look(look)}" for look in comparison.errata]
    return "\n".join(lines)


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
