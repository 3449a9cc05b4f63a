"""A name that is one slip from a type's is taken for that type misspelt, never for a resource elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.tables.inline import read_inline
from partner_insights.tables.types import read_type

LONG = ["string", "number", "integer", "boolean", "object", "decimal", "datetime", "timestamp"]
LETTERS = st.sampled_from("aeklmnorstz")


def names_a_resource(name: str) -> bool:
    read = read_type(read_inline(name), {})
    return read is not None and read.kind == "reference"


@given(word=st.sampled_from(LONG), place=st.integers(1, 8), letter=LETTERS, slip=st.sampled_from("-+~"))
def test_one_slip_is_no_resource(word: str, place: int, letter: str, slip: str) -> None:
    """A letter left out, put in or taken for another: what looks like a resource's name is none."""
    place = min(place, len(word) - 1)
    if slip == "~" and len(word) < 8:
        return  # one of seven letters is a seventh: too much to be sure
    slipped = word[:place] + ("" if slip == "-" else letter) + word[place + (slip != "+") :]
    assert not names_a_resource(slipped.capitalize())


@pytest.mark.parametrize(
    "name", ["Customer", "Sku", "Subscription", "Strategy", "Numeral", "Objective", "Dataset"]
)
def test_other_names_are_resources(name: str) -> None:
    """Two slips and more are a word of its own."""
    assert names_a_resource(name)
