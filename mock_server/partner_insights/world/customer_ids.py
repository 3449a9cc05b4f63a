"""Customer index ↔ customer id: GUIDs that carry the customer's number, so a world needs no table of them.

A version-4 GUID has 122 free bits. Read as two halves of 61 bits they hold the index and sixty-one zero bits,
sent through a four-round Feistel network keyed by the seed. Undone, an id of another world shows something
else than zeros (but for one in 2**61), and so is known not to be of this one.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from partner_insights.contract.formats import GUID
from partner_insights.world.hashing import MASK, Words, field_key, mix, mix_all

_HALF: Final = (1 << 61) - 1
_ROUNDS: Final = 4
_VERSION: Final = 0x4000
_VARIANT: Final = 1 << 63


class CustomerIds(Struct, frozen=True, dict=True):
    """The bijection between customer indexes (below 2**61) and their GUIDs under one seed."""

    seed: int

    @cached_property
    def _keys(self) -> tuple[int, ...]:
        return tuple(field_key(self.seed, "customer", "id", str(round_)) for round_ in range(_ROUNDS))

    def id(self, index: int) -> str:
        """The GUID of one customer, lower case."""
        left, right = index, 0
        for key in self._keys:
            left, right = right, left ^ mix(right + key & MASK) >> 3
        high = left >> 1
        word = (high >> 12) << 16 | _VERSION | high & 0xFFF
        text = f"{word:016x}{_VARIANT | (left & 1) << 61 | right:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def ids(self, start: int, stop: int) -> list[str]:
        """The GUIDs of customers start … stop−1."""
        if stop <= start:
            return []
        lines = self._lines(np.arange(start, stop, dtype=np.uint64)).tobytes().decode("ascii")
        return lines.splitlines()  # the fastest way to many texts

    def index(self, guid: str) -> int | None:
        """The index inside a GUID of any case; None where the text is no GUID or not one of this seed."""
        if not GUID.fullmatch(guid):
            return None
        number = int(guid.replace("-", ""), 16)
        high, low = number >> 64, number & MASK
        if high >> 12 & 0xF != 4 or low >> 62 != 2:
            return None
        left = (high >> 16 << 12 | high & 0xFFF) << 1 | low >> 61 & 1
        right = low & _HALF
        for key in reversed(self._keys):
            left, right = right ^ mix(left + key & MASK) >> 3, left
        return left if right == 0 else None

    def _lines(self, index: Words) -> npt.NDArray[np.uint8]:
        """The 36 ASCII bytes of each index's GUID, and a line feed."""
        left, right = index, np.zeros_like(index)
        for key in self._keys:
            left, right = right, left ^ mix_all(right + np.uint64(key)) >> np.uint64(3)
        high = left >> np.uint64(1)
        words = np.empty((len(index), 2), dtype=">u8")
        words[:, 0] = (high >> np.uint64(12)) << np.uint64(16) | np.uint64(_VERSION) | high & np.uint64(0xFFF)
        words[:, 1] = np.uint64(_VARIANT) | (left & np.uint64(1)) << np.uint64(61) | right
        digits = np.frombuffer(words.tobytes().hex().encode("ascii"), dtype=np.uint8).reshape(-1, 32)
        text = np.full((len(index), 37), ord("-"), dtype=np.uint8)
        text[:, 36] = ord("\n")
        for begin, end, shift in ((0, 8, 0), (8, 12, 1), (12, 16, 2), (16, 20, 3), (20, 32, 4)):
            text[:, begin + shift : end + shift] = digits[:, begin:end]
        return text


def guid(high: int, low: int) -> str:
    """Any 128 bits as a version-4 GUID, for identifiers nobody needs to invert."""
    text = f"{high & ~0xF000 | _VERSION:016x}{low & MASK >> 2 | _VARIANT:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
