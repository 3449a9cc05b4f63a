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
CHUNK: Final = 16_384
"""Rows at a time."""
BLOCK: Final = 2**19
"""Bytes of text that are read together: what comes of them should stay in a processor's cache."""
MAX_LINE: Final = 16 * 2**20
"""Bytes of one line."""
BOM: Final = b"\xef\xbb\xbf"


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


def within(where: str, place: str) -> str:
    """A place within what is read."""
    return f"{where}, {place}" if where and place else where or place
