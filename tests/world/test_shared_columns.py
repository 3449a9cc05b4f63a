"""The siblings' rows go with the world: its customers, dates in the order of what they tell of."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from partner_insights.contract import Catalogue
from partner_insights.world import World
from partner_insights.world.shared_columns import AHEAD, CUSTOMER_ID, CUSTOMER_NAME, ONLY_OF, PAST, STATUS

CATALOGUE = Catalogue.load()
DAYS = (date(2018, 2, 28), date(2026, 11, 27))


def world(seed: int, day: date) -> World:
    return World(CATALOGUE, seed=seed, customers=60, as_of=day)


@pytest.mark.parametrize("resource", PAST)
def test_every_date_has_its_place(resource: str) -> None:
    """No date of a sibling is left to chance, and no name here is misspelt."""
    dates = {name for name in CATALOGUE.schema(resource)["properties"] if name.endswith("Date")}
    assert dates == {*PAST[resource], *AHEAD.get(resource, ())}


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("resource", PAST)
def test_what_happened_comes_in_order_and_is_over(resource: str, day: date) -> None:
    """Past dates ascend and end by the world's day; those ahead ascend after it; nulls may stand between."""
    for row in world(3, day).rows(resource):
        past = [row[name] for name in PAST[resource] if row[name] is not None]
        ahead = [row[name] for name in AHEAD.get(resource, ()) if row[name] is not None]
        assert all(before <= after for before, after in pairwise([*past, *ahead]))
        assert all(each[:10] <= day.isoformat() for each in past)
        assert all(each[:10] > day.isoformat() for each in ahead)


@pytest.mark.parametrize("resource", ONLY_OF)
def test_a_date_that_only_some_have_fits_the_status(resource: str) -> None:
    """A row has the date of what its status says, and of nothing that did not happen to it."""
    rows = world(9, DAYS[1]).rows(resource)
    for name, statuses in ONLY_OF[resource].items():
        assert [row[name] is not None for row in rows] == [row[STATUS] in statuses for row in rows]
    assert len({row[STATUS] for row in rows}) > 2


@pytest.mark.parametrize("resource", ["AzureUsage", "Subscription", "Referrals"])
def test_the_customers_are_those_of_the_list(resource: str) -> None:
    """Ids and names as the customer list and the licence rows have them, row by row."""
    made = world(5, DAYS[1])
    names = {each["id"]: each["companyProfile"]["companyName"] for each in made.rows("Customer")}
    rows = made.rows(resource)
    assert [row[CUSTOMER_NAME] for row in rows] == list(names.values())
    if CUSTOMER_ID in rows[0]:
        assert [row[CUSTOMER_ID] for row in rows] == list(names)


@pytest.mark.parametrize("resource", PAST)
def test_a_part_is_a_part_of_the_whole(resource: str) -> None:
    """A column alone, and customers by themselves, have the values that all rows have."""
    made, name = world(7, DAYS[1]), PAST[resource][-1]
    whole = [row[name] for row in made.rows(resource)]
    assert made.columns(resource, only={name})[name].tolist() == whole
    assert made.columns(resource, 20, 30, only={name})[name].tolist() == whole[20:30]
