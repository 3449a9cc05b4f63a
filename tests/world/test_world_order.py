"""Nothing moves when range, order, size, process or vocabulary change; the bytes are pinned."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from partner_insights.contract import Catalogue
from partner_insights.world import Vocabulary, World
from partner_insights.world import partner_totals as partner
from partner_insights.world.layouts import RESOURCE_KINDS
from partner_insights.world.vocabulary import LOCALES, Words

LAW = settings(max_examples=30)
CATALOGUE = Catalogue.load("corrected")
DAY = date(2026, 11, 22)
PARTNER = ["PartnerLicensesDeploymentInsights", "PartnerLicensesUsageInsights"]
CUSTOMER = ["CustomerLicensesDeploymentInsights", "CustomerLicensesUsageInsights"]
WORDS = {"customerName"}
"""The only property of the four resources that a vocabulary tells."""

DIGEST = "d8b0284a1cbef7ca923a81f6ff8295007a093b2b9c7e692fa85749975187abc2"
"""Of every value of seed 0 but the words; it changes only with the data, on purpose, as CHANGELOG says."""

seeds = st.integers(-(2**64), 2**64)


class Numbered:
    """A vocabulary that is not Faker's: one city, and everything numbered."""

    def words(self) -> tuple[Words, ...]:
        return tuple(
            Words(
                tuple(f"{of.culture} company {number}" for number in range(of.companies)),
                ("Only City",),
                ("Only Street",),
                ("First",),
                ("Last",),
            )
            for of in LOCALES
        )


def digest(world: World) -> str:
    rows = {
        name: [{key: value for key, value in row.items() if key not in WORDS} for row in world.rows(name)]
        for name in PARTNER + CUSTOMER
    }
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def test_the_bytes_are_pinned() -> None:
    """The data of seed 0 is what it has always been, on every machine, Python and NumPy."""
    assert digest(World(CATALOGUE, as_of=DAY)) == DIGEST


def test_the_digest_sees_a_change() -> None:
    """The pin can fail: another seed, day, size or scale has another digest."""
    world = World(CATALOGUE, as_of=DAY)
    others = ({"seed": 1}, {"as_of": date(2026, 11, 23)}, {"customers": 51}, {"percent_scale": 1})
    assert len({digest(replace(world, **other)) for other in others} | {DIGEST}) == len(others) + 1


@pytest.mark.parametrize("hash_seed", ["0", "4321"])
def test_other_processes_agree(hash_seed: str) -> None:
    """A process of its own, with another hash seed, makes the same rows, names and people included."""
    script = (
        "import json, sys; from datetime import date; from msgspec.structs import asdict;"
        "from partner_insights.contract import Catalogue;"
        "from partner_insights.world import World;"
        "w = World(Catalogue.load('corrected'), seed=9, customers=30, as_of=date(2026, 11, 22));"
        "people = [asdict(w.customer(index)) for index in range(30)];"
        "print(json.dumps([w.rows('CustomerLicensesUsageInsights'), people]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
        timeout=60,
    )
    world = World(CATALOGUE, seed=9, customers=30, as_of=DAY)
    rows, people = json.loads(run.stdout)
    assert rows == world.rows(CUSTOMER[1])
    assert people == [asdict(world.customer(index)) for index in range(30)]


@LAW
@given(seeds, st.sampled_from(CUSTOMER), st.integers(0, 60), st.integers(0, 60))
def test_a_range_is_a_slice_of_the_whole(seed: int, resource: str, start: int, stop: int) -> None:
    """The columns of any range of customers are the whole world's, cut to these customers."""
    world = World(CATALOGUE, seed=seed, customers=40, as_of=DAY)
    whole = {name: column.tolist() for name, column in world.columns(resource).items()}
    ids = {world.customer_id(index) for index in range(start, min(stop, 40))}
    places = [place for place, owner in enumerate(whole["customerId"]) if owner in ids]
    for name, column in replace(world).columns(resource, start, stop).items():
        assert column.tolist() == [whole[name][place] for place in places]
        assert len(column) == len(places)


@LAW
@given(seeds, st.sampled_from(CUSTOMER), st.permutations(range(8)))
def test_customers_may_be_asked_in_any_order(seed: int, resource: str, order: list[int]) -> None:
    """The rows of each customer, one by one in any order, are the rows of all."""
    world = World(CATALOGUE, seed=seed, customers=8, as_of=DAY)
    one_by_one = {index: world.rows(resource, index) for index in order}
    assert [row for index in range(8) for row in one_by_one[index]] == replace(world).rows(resource)


@LAW
@given(seeds, st.sampled_from(CUSTOMER), st.integers(1, 30), st.integers(0, 10**6))
def test_a_larger_world_has_the_same_customers(seed: int, resource: str, customers: int, more: int) -> None:
    """Customers that join change nothing about those who are there."""
    small = World(CATALOGUE, seed=seed, customers=customers, as_of=DAY)
    large = replace(small, customers=customers + more)
    last = customers - 1
    assert small.rows(resource, last) == large.rows(resource, last)
    assert small.customer(last) == large.customer(last)


@LAW
@given(seeds, st.integers(0, 40))
def test_only_words_come_from_the_vocabulary(seed: int, customers: int) -> None:
    """Another vocabulary moves no count, id, date, channel or product."""
    faker = World(CATALOGUE, seed=seed, customers=customers, as_of=DAY)
    vocabulary: Vocabulary = Numbered()
    numbered = replace(faker, vocabulary=vocabulary)
    assert digest(numbered) == digest(faker)
    for index in range(customers):
        ours, theirs = faker.customer(index), numbered.customer(index)
        assert ours.name != theirs.name
        for fact in ("id", "channel", "country"):
            assert getattr(ours, fact) == getattr(theirs, fact)


def test_rows_belong_to_the_caller() -> None:
    """Changing the rows one was given changes nobody else's, cached partner rows included."""
    world = World(CATALOGUE, customers=5, as_of=DAY)
    for resource in PARTNER + CUSTOMER:
        before = json.dumps(world.rows(resource))
        for row in world.rows(resource):
            row["attributes"].clear()
            row.clear()
        assert json.dumps(world.rows(resource)) == before


def test_partner_sums_take_constant_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight times the customers are added up in the same memory, one thread's chunk at a time."""
    monkeypatch.setattr(partner, "FEW", 0)
    monkeypatch.setattr(partner, "CHUNK", 2048)
    monkeypatch.setattr(partner, "MAX_THREADS", 1)
    peaks = []
    for customers in (5_000, 40_000):
        world = World(CATALOGUE, customers=customers, as_of=DAY)
        world.rows(PARTNER[1])  # tables made once
        tracemalloc.start()
        replace(world).rows(PARTNER[1])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_many_days_are_asked_for_and_few_are_kept() -> None:
    """On each day the rows are those of a world of that day, in whatever order the days come."""
    world = World(CATALOGUE, 3, 4, DAY)
    latest = world.calendar.processed_day(RESOURCE_KINDS[CUSTOMER[0]].dataset)
    for days in (*range(1, 20), *range(3, 0, -1)):
        before = world.processed_at(CUSTOMER[0], f"{latest - timedelta(days=days)}")
        assert before is not None
        assert before.as_of == DAY - timedelta(days=days)
        assert len(world._snapshots) <= 8
    assert before.rows(CUSTOMER[0]) == World(CATALOGUE, 3, 4, DAY - timedelta(days=1)).rows(CUSTOMER[0])
