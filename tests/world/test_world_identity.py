"""Customer ids: a bijection between indexes and GUIDs that only its own seed can undo."""

from __future__ import annotations

import uuid
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue
from partner_insights.world import World
from partner_insights.world.customer_ids import CustomerIds, guid
from partner_insights.world.hashing import draw, entities, field_key, mix, mix_all, unit

LAW = settings(max_examples=100)
CATALOGUE = Catalogue.load("corrected")
seeds = st.integers(-(2**70), 2**70)
indexes = st.integers(0, 2**61 - 1)
words = st.integers(0, 2**64 - 1)


def world(seed: int, customers: int) -> World:
    return World(CATALOGUE, seed=seed, customers=customers, as_of=date(2026, 11, 22))


@LAW
@given(st.lists(words, min_size=1))
def test_one_word_and_many_mix_alike(values: list[int]) -> None:
    """The hash of a Python integer is the hash of the same word in an array."""
    assert mix_all(np.array(values, dtype=np.uint64)).tolist() == [mix(value) for value in values]


@LAW
@given(seeds, st.integers(0, 10**6), st.integers(1, 2000))
def test_draws_fill_the_unit_interval(seed: int, start: int, step: int) -> None:
    """Numbers drawn for consecutive entities are spread evenly over [0, 1), whatever seed, range and step."""
    entity = entities(field_key(seed, "kind"), np.arange(start, start + 10_000))
    drawn = unit(draw(entity, field_key(seed, "field"), step))
    assert drawn.min() >= 0.0
    assert drawn.max() < 1.0
    # Ten standard deviations of a count of a tenth of 10,000: even draws never leave it.
    assert np.abs(np.histogram(drawn, 10, (0, 1))[0] - 1000).max() < 300


@LAW
@given(seeds, indexes)
def test_ids_invert(seed: int, index: int) -> None:
    """Every id is a canonical version-4 GUID that gives its index back, in upper case too."""
    ids = CustomerIds(seed)
    text = ids.id(index)
    assert str(uuid.UUID(text)) == text
    assert uuid.UUID(text).version == 4
    assert uuid.UUID(text).variant == uuid.RFC_4122
    assert ids.index(text) == ids.index(text.upper()) == index


@LAW
@given(seeds, st.integers(0, 2**40), st.integers(-3, 70))
def test_a_range_of_ids_is_its_ids_one_by_one(seed: int, start: int, length: int) -> None:
    """The vectorised and the scalar encoding agree; an empty range is empty."""
    ids = CustomerIds(seed)
    assert ids.ids(start, start + length) == [ids.id(index) for index in range(start, start + length)]


@LAW
@given(seeds, seeds, indexes)
def test_ids_of_another_seed_are_strangers(seed: int, other: int, index: int) -> None:
    """An id made under another seed stands for nobody."""
    stranger = CustomerIds(other).id(index)
    assert CustomerIds(seed).index(stranger) == (index if seed == other else None)


@LAW
@given(seeds, st.integers(0, 99), st.integers(0, 31), st.sampled_from("0123456789abcdef"))
def test_a_changed_digit_is_nobody(seed: int, index: int, place: int, digit: str) -> None:
    """Any id with one digit changed stands for nobody."""
    ids = CustomerIds(seed)
    digits = ids.id(index).replace("-", "")
    changed = str(uuid.UUID(digits[:place] + digit + digits[place + 1 :]))
    assert ids.index(changed) == (index if digits[place] == digit else None)


@LAW
@given(seeds, st.integers(0, 40), st.integers(0, 80))
def test_only_customers_of_the_world_are_known(seed: int, customers: int, index: int) -> None:
    """An id is known exactly where its index is below the number of customers."""
    known = world(seed, customers).customer_index(CustomerIds(seed).id(index))
    assert known == (index if index < customers else None)


@LAW
@given(st.uuids())
def test_any_other_guid_is_unknown(stranger: uuid.UUID) -> None:
    """A GUID of another origin is not mistaken for a customer."""
    assert world(0, 10**9).customer_index(str(stranger)) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("-", ""),
        lambda text: "{" + text + "}",
        lambda text: "urn:uuid:" + text,
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text[:-1],
        lambda text: text.replace("-", "_"),
        lambda text: text[:7] + "-" + text[7] + text[9:],
        lambda text: "١" + text[1:],
        lambda text: "g" + text[1:],
        lambda _: "",
    ],
)
def test_only_the_five_groups_are_a_guid(spoil: object) -> None:
    """Text that is not 8-4-4-4-12 hexadecimal digits stands for nobody, however close it comes."""
    here = world(3, 5)
    assert here.customer_index(here.customer_id(1)) == 1
    assert here.customer_index(spoil(here.customer_id(1))) is None  # type: ignore[operator]


@LAW
@given(words, words)
def test_other_guids_are_version_4_too(high: int, low: int) -> None:
    """Any 128 bits make a canonical version-4 GUID."""
    read = uuid.UUID(guid(high, low))
    assert (read.version, read.variant, str(read)) == (4, uuid.RFC_4122, guid(high, low))


@pytest.mark.parametrize("index", [-1, 5])
def test_a_customer_out_of_range_has_no_id(index: int) -> None:
    """Asking for the id, the person or the rows of a customer that is not there is an IndexError."""
    here = world(0, 5)
    for ask in (here.customer_id, here.customer, lambda i: here.rows("CustomerLicensesUsageInsights", i)):
        with pytest.raises(IndexError):
            ask(index)
