"""From day to day licences drift: small steps, seats only at renewals, adoption that heads for a plateau."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue
from partner_insights.world import World
from partner_insights.world.hashing import Integers, entities
from partner_insights.world.licenses import Licenses

LAW = settings(max_examples=30)
CATALOGUE = Catalogue.load("corrected")
DEPLOYMENT = "CustomerLicensesDeploymentInsights"
USAGE = "CustomerLicensesUsageInsights"

seeds = st.integers(0, 2**64)
days = st.dates(date(2015, 1, 1), date(2100, 12, 31))


def numbers(world: World) -> tuple[Integers, Integers, Integers]:
    """Sold and deployed of every deployment row; active of every usage row."""
    deployment, usage = world.columns(DEPLOYMENT), world.columns(USAGE)
    return (
        np.asarray(deployment["licensesSold"]),
        np.asarray(deployment["licensesDeployed"]),
        np.asarray(usage["licensesActive"]),
    )


@LAW
@given(seeds, days)
def test_a_day_changes_little(seed: int, as_of: date) -> None:
    """Overnight no licence comes or goes, few seats change, and users of a licence by 1% and one at most.

    But for the nights in which the catalogue of products changes.
    """
    today = World(CATALOGUE, seed=seed, customers=300, as_of=as_of)
    tomorrow = replace(today, as_of=as_of + timedelta(days=1))
    assume(today.licenses.products is tomorrow.licenses.products)
    for name in ("customerId", "productName"):
        assert today.columns(DEPLOYMENT)[name].tolist() == tomorrow.columns(DEPLOYMENT)[name].tolist()
    (sold, deployed, active), (sold_then, deployed_then, active_then) = numbers(today), numbers(tomorrow)
    renewed = sold != sold_then
    assert renewed.mean() < 0.03
    assert (np.abs(sold_then - sold) <= 0.34 * sold + 1).all()
    moved = np.abs(deployed_then - deployed)
    assert (moved <= np.where(renewed, np.abs(sold_then - sold), 0) + 0.0098 * (sold / 0.9 + 1) + 1).all()
    used = today.licenses.usage(0, 300).licence
    assert (np.abs(active_then - active) <= 1.06 * moved[used] + 0.0043 * deployed[used] + 1).all()


@LAW
@given(seeds, days)
def test_a_month_changes_something(seed: int, as_of: date) -> None:
    """Time shows: within thirty days deployed and active licences of a hundred customers move."""
    before = World(CATALOGUE, seed=seed, customers=100, as_of=as_of)
    then = replace(before, as_of=as_of + timedelta(days=30))
    assume(before.licenses.products is then.licenses.products)
    _, deployed, active = numbers(before)
    _, deployed_then, active_then = numbers(then)
    assert (deployed != deployed_then).any()
    assert (active != active_then).any()


def test_seats_change_at_renewals_only() -> None:
    """The seats of a licence stay as they are but for one day a year, the same day every year."""
    start = date(2024, 1, 10).toordinal()
    sold = np.stack(
        [Licenses(5, (day, day)).deployment(0, 40).sold for day in range(start, start + 3 * 365 + 1)]
    )
    changed = np.diff(sold, axis=0) != 0
    assert changed.any()
    for licence in changed.T:
        assert len(set(np.flatnonzero(licence) % 365)) <= 1


def test_adoption_heads_for_a_plateau() -> None:
    """In a generation users only grow or only shrink, ever more slowly; the next begins without a jump."""
    licences = Licenses(8, (0, 0))
    hashes = entities(1, np.arange(200))
    first = date(2020, 1, 1).toordinal()
    share = np.stack(
        [licences._adoption(hashes, np.full(200, day)) for day in range(first, first + 2 * 1461)]
    )
    assert share.min() >= 0
    assert share.max() <= 1.05
    step = np.diff(share, axis=0)
    assert np.abs(step).max() < 0.0098
    slower = np.abs(step[1:]) <= np.abs(step[:-1]) + 1e-12
    # Two generations are seen in part: at most two starts of a curve, where the step grows.
    assert (~slower).sum(axis=0).max() <= 2
    turns = np.sign(step[1:]) != np.sign(step[:-1])
    assert turns.sum(axis=0).max() <= 2
