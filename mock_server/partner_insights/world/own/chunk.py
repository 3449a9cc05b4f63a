"""Rows as somebody gave them, some at a time, as columns: what every form of file comes down to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable


class _Missing:
    """The type of MISSING."""

    def __repr__(self) -> str:
        return "nothing"


MISSING: Final[Any] = _Missing()
"""A cell that was not given."""


class Chunk(Struct, frozen=True):
    """Some rows of one file."""

    columns: dict[str, list[Any]]
    """By the names the file has for them; JSON-ready values, or texts."""
    place: Callable[[int, str | None], str]
    """(number of the row in the chunk, name of the column) → where that is, for people."""
    is_text: bool = False
    """Whether every cell is a text, to be read as what its column is."""
    partial: bool = False
    """Whether the rows are some of a whole, so that the partner's rows are not their sums."""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))
