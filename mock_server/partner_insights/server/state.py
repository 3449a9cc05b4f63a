"""The scenarios in force → the world they show: the one thing about a running fake that can change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

from partner_insights.server.scenarios import DEFAULT, Conditions, combine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_insights.world import World


@dataclass(frozen=True)
class Scene:
    """What requests are answered from: a world, and the conditions it is shown under."""

    scenarios: tuple[str, ...]
    conditions: Conditions
    world: World


class State:
    """The current scene; a request reads it once, so it never sees half a change."""

    def __init__(self, world: World, scenarios: Sequence[str], *, bom: bool) -> None:
        self._world = world
        self._bom = bom
        self._worlds: dict[tuple[int | None, int], World] = {(None, 0): world}
        self._lock = Lock()
        self._initial = tuple(scenarios) or (DEFAULT,)
        self.scene = self._scene(self._initial)

    def select(self, scenarios: Sequence[str]) -> None:
        """Put other scenarios in force; InputError, and no change, where they are unknown or contradict."""
        self.scene = self._scene(tuple(dict.fromkeys(scenarios)) or (DEFAULT,))

    def reset(self) -> None:
        """Back to the state at the start."""
        self.scene = self._scene(self._initial)

    def _scene(self, scenarios: tuple[str, ...]) -> Scene:
        conditions = combine(scenarios)
        if self._bom:
            conditions = replace(conditions, bom=True)
        return Scene(scenarios, conditions, self._shown(conditions))

    def _shown(self, conditions: Conditions) -> World:
        key = (conditions.customers, conditions.days_behind)
        with self._lock:
            if key not in self._worlds:
                self._worlds[key] = replace(
                    self._world,
                    customers=self._world.customers if conditions.customers is None else conditions.customers,
                    as_of=self._world.as_of - timedelta(days=conditions.days_behind),
                )
            return self._worlds[key]
