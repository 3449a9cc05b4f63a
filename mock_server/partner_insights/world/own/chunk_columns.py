"""The columns of a chunk, by whatever names a file has for them → by the API's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from partner_insights.errors import InputError
from partner_insights.world.own.chunk import MISSING
from partner_insights.world.own.columns_of_data import NEWER, NEWER_ID, api_name

if TYPE_CHECKING:
    import numpy.typing as npt

    from partner_insights.world.own.chunk import Chunk


class ChunkColumns:
    """The columns of one chunk; InputError for one that nobody knows."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self.absent = "" if chunk.is_text else MISSING
        """A cell that was left out."""
        self.columns: dict[str, list[Any]] = {}
        self.names: dict[str, list[str]] = {}
        """The API's name of each column → the names it has in the file."""
        for name, values in chunk.columns.items():
            known = api_name(name, chunk.place(-1 if chunk.is_text else 0, name))
            if known is not None:
                self._put(known, name, values)
        self.newer = self._spell_newer()
        """Which rows are the newer operations'."""

    def name_in(self, name: str, at: int) -> str:
        """What the file calls a column, in a row of the chunk."""
        names = self.names.get(name, [name])
        given = (
            each
            for each in names
            if self._chunk.columns.get(each, [self.absent] * (at + 1))[at] != self.absent
        )
        return next(given, names[0])

    def _put(self, known: str, name: str, values: list[Any]) -> None:
        """A column by the API's name, or more of it."""
        if name not in self.names.setdefault(known, []):
            self.names[known].append(name)
        self.columns[known] = self._either(known, values) if known in self.columns else values

    def _spell_newer(self) -> npt.NDArray[np.bool_]:
        """Which rows are the newer operations'; their columns by the names they have here."""
        absent = self.absent
        newer = np.array([cell != absent for cell in self.columns.get(NEWER_ID, ())], dtype=np.bool_)
        if not newer.any():
            self.columns.pop(NEWER_ID, None)
            return np.zeros(len(self._chunk), dtype=np.bool_)
        flags = newer.tolist()
        for name, (known, texts) in NEWER.items():
            column = self.columns.pop(name, None)
            if column is None:
                continue
            told = (
                [texts.get(cell, cell) if type(cell) is str else cell for cell in column] if texts else column
            )
            if all(flags):
                self._put(known, name, told)
                continue
            self._put(known, name, [cell if flag else absent for cell, flag in zip(told, flags, strict=True)])
            if name != NEWER_ID:
                rest = [absent if flag else cell for cell, flag in zip(column, flags, strict=True)]
                self._put(name, name, rest)
        return newer

    def _either(self, known: str, values: list[Any]) -> list[Any]:
        """Two columns of one meaning, of which a row has the one or the other."""
        merged = []
        for at, (one, other) in enumerate(zip(self.columns[known], values, strict=True)):
            if one is not self.absent and other is not self.absent and one != other:
                names = self.names[known]
                words = f"{one!r} and {other!r} are given for one thing, {' and '.join(names)}"
                raise InputError(
                    words, where=self._chunk.place(at, names[-1]), remedy="leave one of them out"
                )
            merged.append(other if one is self.absent or one == "" else one)
        return merged
