"""Scenarios and date in force → the world they show: what can change about the data of a running fake."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING

from msgspec import structs

from partner_insights.errors import InputError
from partner_insights.server.auth.identity import Identity, partner_seed
from partner_insights.server.scenarios import DEFAULT, Conditions, combine
from partner_insights.world.own.events import with_events
from partner_insights.world.world import EARLIEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from partner_insights.server.scenarios import WorldChange
    from partner_insights.world import World
    from partner_insights.world.own.events import Event


@dataclass(frozen=True)
class Snapshot:
    """What requests are answered from: a world, and the conditions it is shown under."""

    scenarios: tuple[str, ...]
    conditions: Conditions
    world: World
    """The first partner's."""
    identity: Identity = field(default_factory=Identity)
    """Who may sign in, and which tenant is which partner."""
    _others: dict[int, Snapshot] = field(default_factory=dict, compare=False, repr=False)

    def of_partner(self, tenant_id: str) -> Snapshot:
        """What the partner whose token it is sees; the first one for a token nobody looked at."""
        partner = self.identity.partner(tenant_id)
        if not partner:
            return self
        # What was given is the first partner's.
        made = self.world.with_own(None)
        other = replace(self, world=replace(made, seed=partner_seed(made.seed, partner)))
        return self._others.setdefault(partner, other)


class State:
    """The current scene; a request reads it once, so it never sees half a change."""

    def __init__(
        self, world: World, scenarios: Sequence[str], *, bom: bool, identity: Identity | None = None
    ) -> None:
        self._world = self._first = world
        self._bom = bom
        self._worlds: dict[tuple[WorldChange, ...], World] = {}
        self.events: dict[int, Event] = {}
        """By their numbers."""
        self._numbers = count(1)
        self.revision = 0
        """Goes up with each edit: who shows data looks again."""
        self._lock = Lock()
        self._edits = Lock()
        self._initial = tuple(scenarios) or (DEFAULT,)
        self._identity = self._first_identity = identity or Identity()
        self.scene = self._scene(self._initial)

    def select(self, scenarios: Sequence[str]) -> None:
        """Put other scenarios in force; InputError, and no change, where they are unknown or contradict."""
        self.scene = self._scene(tuple(dict.fromkeys(scenarios)) or (DEFAULT,))

    def reset(self) -> None:
        """Back to the state at the start."""
        self.revision += 1
        self._replace(self._first)
        if self.events:
            self.events = {}
            self._show_again()
        self._identity = self._first_identity
        self.scene = self._scene(self._initial)

    def set_identity(self, identity: Identity) -> None:
        """Others may sign in from now on."""
        self._identity = identity
        self.scene = self._scene(self.scene.scenarios)

    def edit(self, change: Callable[[World], World]) -> None:
        """Other data from now on; InputError, and no change, for what cannot be. One edit at a time."""
        with self._edits:
            self._replace(change(self._world))
            self.scene = self._scene(self.scene.scenarios)
            self.revision += 1

    def plan(self, event: Event) -> int:
        """Let something happen from a day on; its number."""
        with self._edits:
            number = next(self._numbers)
            self.events = {**self.events, number: event}
            self._show_again()
        return number

    def cancel(self, number: int) -> bool:
        """Let it not happen; False where there is no event of this number."""
        with self._edits:
            known = number in self.events
            self.events = {at: each for at, each in self.events.items() if at != number}
            self._show_again()
        return known

    def world_on(self, day: date) -> World:
        """The first partner's world on another day, under the scenarios in force but for the stale one."""
        customers = replace(self._world, as_of=max(day, EARLIEST))
        return with_events(customers, self.events.values())

    def _show_again(self) -> None:
        """The same data, with other events."""
        with self._lock:
            self._worlds = {}
        self.scene = self._scene(self.scene.scenarios)
        self.revision += 1

    @property
    def world(self) -> World:
        """The first partner's world without what scenarios change about it."""
        return self._world

    def set_date(self, as_of: date) -> None:
        """The world on another day; InputError, and no change, for a day no world can have."""
        before = self._world
        if as_of == before.as_of:
            return
        self._replace(replace(before, as_of=as_of))
        try:
            self.scene = self._scene(self.scene.scenarios)
        except InputError:
            self._replace(before)
            raise

    @property
    def as_of(self) -> date:
        """The fake's date, which a stale answer is behind."""
        return self._world.as_of

    def _replace(self, world: World) -> None:
        with self._lock:
            if world is not self._world:
                self._world = world
                self._worlds = {}

    def _scene(self, scenarios: tuple[str, ...]) -> Snapshot:
        conditions = combine(scenarios)
        if self._bom:
            conditions = structs.replace(conditions, bom=True)
        return Snapshot(scenarios, conditions, self._world_for(conditions), self._identity)

    def _world_for(self, conditions: Conditions) -> World:
        with self._lock:
            if conditions.world not in self._worlds:
                world = self._world
                try:
                    for change in conditions.world:
                        world = change(world)
                except OverflowError as error:
                    raise InputError("there is no such day", where=f"{self._world.as_of}") from error
                self._worlds[conditions.world] = with_events(world, self.events.values())
            return self._worlds[conditions.world]
