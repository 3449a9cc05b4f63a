"""The single faults that no value can show, each with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from partner_insights.mutants.schema_locations import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.contract import Catalogue
    from partner_insights.mutants.schema_locations import Place


@dataclass(frozen=True)
class Impossible:
    """A kind of place whose keyword cannot be broken alone."""

    ids: str
    """A regular expression for the whole id of the place."""
    reason: str


IMPOSSIBLE: Final = (
    Impossible(
        r".*\.attributes\.objectType:type",
        "the objectType is a constant as well: what is no string is not that string, and breaks both",
    ),
)


def impossible(catalogue: Catalogue) -> Iterator[tuple[Place, Impossible]]:
    """Every place that has no mutant, and why."""
    for resource in catalogue.resources:
        for place in places(catalogue, resource):
            known = why_impossible(place)
            if known is not None:
                yield place, known


def why_impossible(place: Place) -> Impossible | None:
    """The reason why this place has no mutant; None where it has one."""
    return next((each for each in IMPOSSIBLE if re.fullmatch(each.ids, place.id)), None)
