"""Rows of several days: the newest day is the world, and what a day is has to be said."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from partner_insights.contract import Catalogue
from partner_insights.errors import InputError
from partner_insights.fixtures.files.write import write_resource
from partner_insights.world import World
from partner_insights.world.own import load

if TYPE_CHECKING:
    from pathlib import Path

DAYS = [date(2026, 11, 18) + timedelta(days=more) for more in range(3)]
CATALOGUE = Catalogue.load("corrected")
WORLDS = {day: World(CATALOGUE, seed=7, customers=5, as_of=day) for day in DAYS}
RESOURCES = (
    "Customer",
    "CustomerLicensesDeploymentInsights",
    "CustomerLicensesUsageInsights",
    "PartnerLicensesDeploymentInsights",
    "PartnerLicensesUsageInsights",
)


@pytest.fixture(scope="module", params=["{day}/{name}.json", "{name}/{day}/part.csv"])
def days(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of a world: a folder for each day, or one in the folder of each resource."""
    folder = tmp_path_factory.mktemp("days")
    for day, world in WORLDS.items():
        for name in RESOURCES:
            file = folder / request.param.format(name=name, day=f"processedDate={day}")
            file.parent.mkdir(parents=True, exist_ok=True)
            write_resource(world, name, file, file.suffix[1:])
    return folder


def empty(day: date) -> World:
    return World(CATALOGUE, seed=7, customers=0, as_of=day)


@pytest.mark.parametrize("as_of", DAYS[1:])
def test_the_newest_day_that_the_world_has_reached_is_the_world(days: Path, as_of: date) -> None:
    """Its rows come back as they were, and none of another day."""
    world = load.with_files([days], empty(as_of))
    for name in RESOURCES:
        assert world.rows(name) == WORLDS[as_of].rows(name)


def test_days_that_the_world_has_not_reached_are_refused_with_the_first(days: Path) -> None:
    """The flag that picks a day is named, and what to give it."""
    with pytest.raises(InputError, match="after the day of the world, 2026-11-01 — give --as-of 2026-11-18"):
        load.with_files([days], empty(date(2026, 11, 1)))


def test_a_folder_of_no_day_is_refused(tmp_path: Path) -> None:
    """`processedDate=` and something that is no date."""
    folder = tmp_path / "processedDate=yesterday"
    folder.mkdir()
    write_resource(WORLDS[DAYS[0]], "Customer", folder / "Customer.json", "json")
    with pytest.raises(InputError, match="'processedDate=yesterday' names no day"):
        load.with_files([tmp_path], empty(DAYS[0]))


def test_rows_of_two_days_in_one_load_are_refused_with_what_picks_one(tmp_path: Path) -> None:
    """Two files that say nothing of days: the row is told its day, the other's, and what to do."""
    for day in DAYS[:2]:
        write_resource(WORLDS[day], RESOURCES[1], tmp_path / f"{day}.json", "json")
    with pytest.raises(InputError, match=r"is of 2026-11-1\d, .* of 2026-11-1\d: give .* --as-of picks one"):
        load.with_files([tmp_path], empty(DAYS[-1]))
