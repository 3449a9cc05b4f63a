"""What a recording holds: answers, each by itself or with its request, and requests that nobody answered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from partner_insights.verify.judge.exchange import Exchange

_OPENS, _CLOSES = b"{}"


@dataclass(frozen=True)
class RecordedResponse:
    """One recorded answer."""

    file: str
    place: str
    """Which one of its file, in words; empty where the file holds only this."""
    content: bytes
    line: bool = False
    """Whether it is a line, which may be a row without an envelope."""
    exchange: Exchange | None = None
    """Where the recording has the request and the whole response."""
    unpacked: int = 0
    """Bytes of the content that are not in the recording."""

    @property
    def name(self) -> str:
        """File and place."""
        return f"{self.file}, {self.place}" if self.place else self.file


@dataclass(frozen=True)
class Unanswered:
    """A request that was recorded without an answer: nothing to judge, and no fault of the service."""

    file: str
    place: str


@dataclass(frozen=True)
class LineBlock:
    """Lines of NDJSON that follow each other; or what an array holds, as if in lines."""

    file: str
    content: bytes
    """As the file has them."""
    first: int = 1
    """The number of the first line."""
    unit: str = "line"

    @cached_property
    def objects(self) -> int:
        """How many lines there are, where each is from brace to brace; 0 where any is not."""
        return objects_in(self.content)

    @property
    def number(self) -> int:
        """How many lines there are, empty ones among them."""
        return self.objects or len(self.content.removesuffix(b"\n").split(b"\n"))

    @cached_property
    def lines(self) -> list[bytes]:
        """Those that are not empty, without the blanks around them."""
        if self.objects:
            return self.content.removesuffix(b"\n").split(b"\n")
        return [line for _, line in self._numbered]

    @cached_property
    def _numbered(self) -> list[tuple[int, bytes]]:
        lines = map(bytes.strip, self.content.split(b"\n"))
        return [(number, line) for number, line in enumerate(lines, self.first) if line]

    def entries(self, places: Iterable[int]) -> Iterator[RecordedResponse]:
        """The lines at some places, each by itself."""
        for place in places:
            number, line = self._numbered[place]
            yield RecordedResponse(self.file, f"{self.unit} {number}", line, line=True)


def objects_in(content: bytes) -> int:
    """How many lines there are, where each is from brace to brace; 0 where any is not."""
    end = len(content) - content.endswith(b"\n")
    if end < 1 or content[0] != _OPENS or content[end - 1] != _CLOSES:
        return 0
    number, at = 1, content.find(b"\n", 0, end)
    while at >= 0:
        if content[at - 1] != _CLOSES or content[at + 1] != _OPENS:
            return 0
        number, at = number + 1, content.find(b"\n", at + 1, end)
    return number
