"""The errors a user can act on, and the exit code each one means."""

from __future__ import annotations


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


class TargetUnreachable(InputError):
    """The server to judge could not be reached at all."""

    exit_code = 3
