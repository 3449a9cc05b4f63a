"""Seed, field and entity → random-looking numbers, without ever drawing a sequence.

Every number is `draw(entities, field, step)`: a counter-based hash (the SplitMix64 finaliser, Steele, Lea and
Flood 2014) of three 64-bit words. So a value depends on nothing but its own seed, field, entity and step (a
term, a day): not on which other values were needed, in which order, or by how many workers. All arithmetic
is on integers or on operations IEEE 754 defines exactly, so that every machine computes the same bytes.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Words: TypeAlias = npt.NDArray[np.uint64]
"""Hashes: one uint64 for each entity."""
Integers: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

MASK: Final = (1 << 64) - 1
GOLDEN: Final = 0x9E3779B97F4A7C15
"""2**64 / φ, odd: spreads consecutive counters over all 64 bits."""
_FIRST: Final = 0xBF58476D1CE4E5B9
_SECOND: Final = 0x94D049BB133111EB
_12, _27, _30, _31 = (np.uint64(bits) for bits in (12, 27, 30, 31))
_FIRST_WORD, _SECOND_WORD = np.uint64(_FIRST), np.uint64(_SECOND)
_ONE: Final = np.uint64(0x3FF0000000000000)
"""The bits of 1.0: a mantissa filled with hash bits makes a float in [1, 2)."""


@cache
def keep_freed_memory() -> None:
    """Have the C library keep some megabytes that arrays leave, for the arrays after them.

    glibc takes the largest block that was ever freed as the measure of what it hands back to the system; to
    ask for it again page by page takes a third of the time of work in chunks. The block is never written to.
    """
    np.empty(2**21)


def field_key(seed: int, *names: str) -> int:
    """The 64-bit key of one field of a world, the same in every process."""
    text = "\x1f".join((str(seed), *names))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def mix(word: int) -> int:
    """The SplitMix64 finaliser of one Python integer below 2**64; a bijection."""
    word = (word ^ (word >> 30)) * _FIRST & MASK
    word = (word ^ (word >> 27)) * _SECOND & MASK
    return word ^ (word >> 31)


def mix_all(words: Words) -> Words:
    """`mix` of every word, in place: hands back its argument, so pass an array you own."""
    words ^= words >> _30
    words *= _FIRST_WORD
    words ^= words >> _27
    words *= _SECOND_WORD
    words ^= words >> _31
    return words


def entities(key: int | Words, index: Integers) -> Words:
    """The hash that stands for each entity `index` of a kind; `key` is the kind's, or one for each index."""
    words = index.astype(np.uint64)
    words *= np.uint64(GOLDEN)
    words += np.uint64(key) if isinstance(key, int) else key
    return mix_all(words)


def draw(entity: Words, field: int, step: int | Integers = 0) -> Words:
    """The hash of one field of each entity, at one step of it (a term, a month; else 0)."""
    words = entity ^ np.uint64(field)
    if isinstance(step, int):
        if step:
            words += np.uint64(step * GOLDEN & MASK)
    else:
        words += step.astype(np.uint64) * np.uint64(GOLDEN)
    return mix_all(words)


def unit(words: Words) -> Floats:
    """Each hash as a float in [0, 1), of 52 bits; in place, so pass an array you own."""
    words >>= _12
    words |= _ONE
    floats: Floats = words.view(np.float64)
    floats -= 1.0
    return floats


def integers_below(words: Words, bound: int) -> Integers:
    """Each hash as a whole number in [0, bound), bound at most 2**31."""
    return ((words >> np.uint64(32)) * np.uint64(bound) >> np.uint64(32)).view(np.int64)
