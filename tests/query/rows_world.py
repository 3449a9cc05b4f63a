"""Rows given by hand → a world that the fake serves: the latest day of each resource, and earlier ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from partner_insights.world import World

if TYPE_CHECKING:
    from partner_insights.world.columns import Column

Rows = Sequence[Mapping[str, Any]]
RESOURCES = {"deployment": "LicensesDeployment", "usage": "LicensesUsage"}


def by_resource(rows: Mapping[str, Rows]) -> dict[str, Rows]:
    """Rows by their kind, each under a key of its own → those of each resource."""
    return {
        RESOURCES[kind]: [{name: value for name, value in row.items() if name != "key"} for row in some]
        for kind, some in rows.items()
    }


@dataclass(frozen=True)
class RowsWorld(World):
    """A world of one span, whose rows were written down."""

    given: Mapping[str, Rows] = field(default_factory=dict, repr=False)
    moment: str | None = None

    def columns(
        self, resource: str, start: int = 0, stop: int | None = None, only: Collection[str] | None = None
    ) -> dict[str, Column]:
        rows = self.given[resource]
        moment = self.moment or max((row["processedDateTime"] for row in rows), default="")
        shown = [row for row in rows if row["processedDateTime"] == moment]
        names = self.catalogue.resources[resource].schema["properties"]
        return {name: _column([row[name] for row in shown]) for name in names if only is None or name in only}

    def processed_at(self, resource: str, moment: str) -> World | None:
        return replace(self, moment=moment)


def _column(values: list[Any]) -> Column:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
