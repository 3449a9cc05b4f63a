"""Violations → their causes: what is alike but for its place is told once, with all its places."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from partner_insights.verify.judge.violation import pointer_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from partner_insights.verify.judge.violation import Violation, ViolationKey

_VALUES = re.compile(r'"[^"]*"|\'[^\']*\'|\S*\d\S*')
"""What differs in a message from one answer to another."""


class Cause(NamedTuple):
    """Violations of one cause."""

    first: Violation
    """What is told in full."""
    others: tuple[Violation, ...]

    @property
    def places(self) -> tuple[Violation, ...]:
        """All of them."""
        return self.first, *self.others


def causes(violations: Iterable[Violation]) -> list[Cause]:
    """Alike in code, weight, standing and property, or in what is said of the answer; in their order."""
    found: dict[tuple[str, ...], list[Violation]] = {}
    for each in violations:
        key = (each.code, each.severity, each.standing, each.erratum or "", _subject(each))
        found.setdefault(key, []).append(each)
    return [Cause(first, tuple(others)) for first, *others in found.values()]


def _subject(violation: Violation) -> str:
    names = [step for step in pointer_pattern(violation.pointer).split("/") if step not in ("", "*")]
    return f"/{names[-1]}" if names else _VALUES.sub("…", violation.message)


def place_of(violation: Violation) -> str:
    """Operation and pointer, indexes blanked."""
    parts = violation.operation, pointer_pattern(violation.pointer)
    return " ".join(part for part in parts if part) or "the answer"


def place_lines(cause: Cause, seen: Mapping[ViolationKey, str]) -> list[str]:
    """A line a place where there are several: where, in how many answers, and its own cell."""
    if not cause.others:
        return []
    lines = []
    for each in cause.places:
        notes = [seen.get(each.key, "")]
        if each.source is not None and each.source != cause.first.source:
            notes.append(f"{each.source.page}:{each.source.line}")
        lines.append(", ".join(note for note in (place_of(each), *notes) if note))
    return lines
