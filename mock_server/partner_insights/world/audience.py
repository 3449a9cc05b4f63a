"""Seed and customers → which of them are schools and universities: names and products follow from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from partner_insights.world.hashing import Integers, Words, entities, field_key

if TYPE_CHECKING:
    import numpy.typing as npt

ACADEMIC_SHARE: Final = 0.04
_BELOW: Final = np.uint64(ACADEMIC_SHARE * 2**64)


def customer_words(seed: int, index: Integers) -> Words:
    """The hash that stands for each customer."""
    return entities(field_key(seed, "customer"), index)


def is_academic(customers: Words) -> npt.NDArray[np.bool_]:
    """Whether each customer is academic, by the hash that stands for it."""
    return customers < _BELOW
