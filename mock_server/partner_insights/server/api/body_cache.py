"""Answers that were made once → kept for the next caller, within a bound on memory."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from partner_insights.server.http.response import Answer

_BOUND: Final = 16 * 2**20
_OVERHEAD: Final = 1024
"""What an entry costs besides its bytes: the key, the objects around it."""


class KeptAnswers:
    """The most recently used answers, forgotten oldest first when their bytes exceed the bound.

    Data never changes within a world, so an answer is good for as long as its key says which world and
    conditions it was made under.
    """

    def __init__(self, bound: int = _BOUND) -> None:
        self._bound = bound
        self._bytes = 0
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Answer]) -> Answer:
        """The answer under the key; `make` runs outside the lock, at times twice, always to one effect."""
        with self._lock:
            answer = self._answers.get(key)
            if answer is not None:
                self._answers.move_to_end(key)
                return answer
        answer = make()
        with self._lock:
            if key not in self._answers:
                self._answers[key] = answer
                self._bytes += _cost(answer)
            while self._bytes > self._bound:
                _, oldest = self._answers.popitem(last=False)
                self._bytes -= _cost(oldest)
        return answer

    @property
    def bytes(self) -> int:
        """What the kept answers are reckoned to take."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._answers)


def _cost(answer: Answer) -> int:
    # The compressed form may be made later and is never larger: reckoned in from the start.
    return 2 * len(answer.body) + _OVERHEAD
