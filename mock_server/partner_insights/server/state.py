"""Scenarios and date in force → the world they show: what can change about the data of a running fake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

from partner_insights.errors import InputError
from partner_insights.server.scenarios import DEFAULT, Conditions, combine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

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
        self._world = self._first = world
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
        self._turn_to(self._first)
        self.scene = self._scene(self._initial)

    def move(self, as_of: date) -> None:
        """The world on another day; InputError, and no change, for a day no world can have."""
        before = self._world
        if as_of == before.as_of:
            return
        self._turn_to(replace(before, as_of=as_of))
        try:
            self.scene = self._scene(self.scene.scenarios)
        except InputError:
            self._turn_to(before)
            raise

    @property
    def as_of(self) -> date:
        """The fake's date, which a stale answer is behind."""
        return self._world.as_of

    def _turn_to(self, world: World) -> None:
        with self._lock:
            if world is not self._world:
                self._world = world
                self._worlds = {(None, 0): world}

    def _scene(self, scenarios: tuple[str, ...]) -> Scene:
        conditions = combine(scenarios)
        if self._bom:
            conditions = replace(conditions, bom=True)
        return Scene(scenarios, conditions, self._shown(conditions))

    def _shown(self, conditions: Conditions) -> World:
        key = (conditions.customers, conditions.days_behind)
        with self._lock:
            if key not in self._worlds:
                try:
                    shown = self._world.as_of - timedelta(days=conditions.days_behind)
                except OverflowError as error:
                    raise InputError("there is no such day", where=f"{self._world.as_of}") from error
                customers = self._world.customers if conditions.customers is None else conditions.customers
                self._worlds[key] = replace(self._world, customers=customers, as_of=shown)
            return self._worlds[key]
