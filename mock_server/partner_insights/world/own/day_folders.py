"""Files of several days, each in its folder (`processedDate=2026-11-20`) → those of the day that counts."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Final

from partner_insights.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_DAY: Final = re.compile(r"processedDate=(.*)")


def of_newest_day(files: Sequence[Path], folder: Path, as_of: date) -> list[Path]:
    """The files of the newest day up to `as_of`, and those that are of none; InputError."""
    days = {each: _day(each.relative_to(folder), folder) for each in files}
    known = {day for day in days.values() if day is not None}
    newest = max((day for day in known if day <= as_of), default=None)
    if known and newest is None:
        raise InputError(
            f"its days begin on {min(known)}, after the day of the world, {as_of}",
            where=str(folder),
            remedy=f"give --as-of {min(known)}, or a later day",
        )
    return [each for each, day in days.items() if day is None or day == newest]


def _day(path: Path, folder: Path) -> date | None:
    """The day of the folder that a file is in."""
    found = next(filter(None, map(_DAY.fullmatch, path.parent.parts)), None)
    if found is None:
        return None
    try:
        return date.fromisoformat(found[1])
    except ValueError as error:
        words = f"{found[0]!r} names no day like processedDate=2026-11-20"
        raise InputError(words, where=str(folder)) from error
