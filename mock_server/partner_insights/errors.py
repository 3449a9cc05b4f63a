"""The errors a user can act on, and the exit code each one means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class InputError(Exception):
    """Something the user gave cannot be used: says what, where, and what to do about it."""

    exit_code = 2

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" — {self.remedy}" if self.remedy else ""
        return f"{place}{self.what}{advice}"


def names_there_are(name: str, names: Iterable[str]) -> str:
    """The remedy for a name that is none of these: the nearest of them, in any case, and all there are."""
    from difflib import get_close_matches

    known = list(names)
    folded = {each.lower(): each for each in known}
    near = [folded[each] for each in get_close_matches(name.lower(), folded, 1)]
    return "".join(f"did you mean {each}? " for each in near) + f"there are {', '.join(known)}"


class TargetUnreachable(InputError):
    """The server to judge could not be reached at all."""

    exit_code = 3
