"""Who the customers of a world with given data are: those given that stand for no made one, then the made."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from partner_insights.world.customers import domain_letters
from partner_insights.world.hashing import mix_all
from partner_insights.world.own.table import NOBODY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from partner_insights.world.customer_ids import CustomerIds
    from partner_insights.world.customers import Customers
    from partner_insights.world.hashing import Integers
    from partner_insights.world.own.data import OwnData


class Roster(Struct, frozen=True, eq=False, dict=True):
    """Indexes of the world's customers ↔ ids, names and domains."""

    data: OwnData
    generated_ids: CustomerIds
    generated_names: Customers
    customers: int
    """Of the world, all together."""

    @cached_property
    def more(self) -> Integers:
        """Positions of the given customers that come first, in order."""
        return self.data.more[: self.customers]

    @cached_property
    def generated_count(self) -> int:
        """How many customers are made, or given in the place of a made one."""
        return self.customers - len(self.more)

    @cached_property
    def generated_bound(self) -> int:
        """One more than the index of the last made customer."""
        return (
            int(self.generated_index(np.array([self.generated_count - 1]))[0]) + 1
            if self.generated_count
            else 0
        )

    @cached_property
    def _removed(self) -> Integers:
        return np.array(self.data.removed, dtype=np.int64)

    @cached_property
    def _kept_before(self) -> Integers:
        """How many made customers come before each that is removed and are not."""
        return self._removed - np.arange(len(self._removed))

    @cached_property
    def standing_for(self) -> Mapping[int, int]:
        """Made index → the position of the given customer that stands in its place."""
        places = np.flatnonzero(self.data.made != NOBODY)
        return dict(zip(self.data.made[places].tolist(), places.tolist(), strict=True))

    @cached_property
    def hidden(self) -> Integers:
        """Indexes of made customers that do not show, in order."""
        return np.sort(np.concatenate([self._removed, self.data.made[self.data.made != NOBODY]]))

    def generated_index(self, rank: Integers) -> Integers:
        """The nth customer after the given ones that come first → its index among the made ones."""
        return rank + self._kept_before.searchsorted(rank, side="right")

    def world_index(self, made: Integers) -> Integers:
        """The index in the world of made customers that are not removed."""
        return made - self._removed.searchsorted(made) + len(self.more)

    def world_index_of(self, position: Integers) -> Integers:
        """The index in the world of given customers; beyond its end where it does not show them."""
        made, index = self.data.made[position], self.data.more.searchsorted(position)
        stands_for_one = made != NOBODY
        return np.where(stands_for_one, self.world_index(made), index) if stands_for_one.any() else index

    def spans(self, start: int, stop: int) -> tuple[Integers, range]:
        """Of customers start … stop−1 the positions of the given ones, and the range of the made ones.

        In the range those that are hidden stand, too.
        """
        first = self.more[start:stop]
        if stop <= len(self.more):
            return first, range(0)
        ranks = np.array([max(start - len(self.more), 0), stop - len(self.more) - 1])
        if ranks[1] < ranks[0]:
            return first, range(0)
        begin, last = self.generated_index(ranks).tolist()
        instead = self.data.made
        within = np.flatnonzero((instead >= begin) & (instead <= last))
        hidden = np.searchsorted(self.hidden, last + 1) - np.searchsorted(self.hidden, begin)
        made = range(begin, last + 1) if hidden <= last - begin else range(0)
        return np.concatenate([first, within]), made

    def positions(self, start: int, stop: int) -> list[int]:
        """Of customers start … stop−1 the positions among the given ones; of the others −1 − made index."""
        first: list[int] = self.more[start:stop].tolist()
        if stop <= len(self.more):
            return first
        ranks = np.arange(max(start - len(self.more), 0), max(stop - len(self.more), 0))
        made = self.generated_index(ranks).tolist()
        return first + [self.standing_for.get(each, -1 - each) for each in made]

    def id(self, index: int) -> str:
        """The GUID of one customer."""
        return self.ids(index, index + 1)[0]

    def ids(self, start: int, stop: int) -> list[str]:
        """The GUIDs of customers start … stop−1."""
        return self._told(start, stop, self.generated_ids.ids, self.data.ids.__getitem__)

    def name(self, index: int) -> str:
        """The display name of one customer."""
        return self.names(index, index + 1)[0]

    def names(self, start: int, stop: int) -> list[str]:
        """The display names of customers start … stop−1."""
        return self._told(start, stop, self.generated_names.names, self.data.names.__getitem__)

    def domains(self, start: int, stop: int) -> list[str]:
        """The domains of customers start … stop−1."""
        return self._told(start, stop, self.generated_names.domains, self._domain)

    def index(self, guid: str) -> int | None:
        """The customer of an id of any case; None where there is none."""
        place = self.data.position.get(guid.lower())
        if place is not None:
            (index,) = self.world_index_of(np.array([place])).tolist()
            return index if index < self.customers else None
        made = self.generated_ids.index(guid)
        if made is None or made in self.standing_for or made in self.data.removed:
            return None
        return int(self.world_index(np.array([made]))[0])

    def country(self, index: int) -> str:
        """The country of one customer: of one that stands for no made one, that of some made one."""
        (entity,) = self.entity_at(np.array([index])).tolist()
        return self.generated_names.country(entity)

    def entity_at(self, index: Integers) -> Integers:
        """What stands for customers of the world when something about them is drawn."""
        places = [self.positions(each, each + 1)[0] for each in index.tolist()]
        given = iter(self.entities(np.array([each for each in places if each >= 0], dtype=np.int64)).tolist())
        return np.array([next(given) if each >= 0 else -1 - each for each in places], dtype=np.int64)

    def entities(self, position: Integers) -> Integers:
        """What stands for given customers when something about them is drawn: a made one's own index."""
        if len(position) > len(self.data):  # each once is less
            return self.entities(np.arange(len(self.data)))[position]
        found = self.data.made[position]
        left = found == NOBODY
        if left.any():
            found[left] = entities_of([self.data.ids[place] for place in position[left].tolist()])
        return found

    def _domain(self, place: int) -> str:
        given, made = self.data.domains[place], int(self.data.made[place])
        if given is not None:
            return given
        if made != NOBODY:
            return self.generated_names.domains(made, made + 1)[0]
        return f"{domain_letters(self.data.names[place])}-{self.data.ids[place][:8]}.example"

    def _told(
        self,
        start: int,
        stop: int,
        of_generated: Callable[[int, int], list[str]],
        of_given: Callable[[int], str],
    ) -> list[str]:
        if stop <= start:
            return []
        places = self.positions(start, stop)
        made = [-1 - place for place in places if place < 0]
        first = made[0] if made else 0
        texts = of_generated(first, made[-1] + 1) if made else []
        return [of_given(place) if place >= 0 else texts[-1 - place - first] for place in places]


def entities_of(customer_ids: Sequence[str]) -> Integers:
    """A number for each given customer, of 62 bits, by which what is drawn about it is drawn.

    It is the halves of the id, put together and mixed.
    """
    words = np.frombuffer(bytes.fromhex("".join(customer_ids).replace("-", "")), dtype=">u8")
    mixed = mix_all((words[::2] ^ words[1::2]).astype(np.uint64))
    entities: Integers = (mixed >> np.uint64(2)).view(np.int64)
    return entities
