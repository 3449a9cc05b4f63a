"""A decision about a request as bytes: what every lane of the fake hands to the wire."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

JSON: Final = "application/json; charset=utf-8"
BOM: Final = b"\xef\xbb\xbf"

WORTH_SQUEEZING: Final = 1024
"""Below about one packet, gzip costs more than it saves."""


@dataclass(frozen=True)
class Answer:
    """Status, body and the headers that belong to this answer alone (the common ones come on the wire)."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str | None = JSON
    """None: an answer without a body."""

    @cached_property
    def gzipped(self) -> bytes | None:
        """The body compressed, made once; None where it is not worth it. Same body, same bytes."""
        if len(self.body) < WORTH_SQUEEZING:
            return None
        return gzip.compress(self.body, compresslevel=6, mtime=0)


def json_answer(
    content: Any, *, status: int = 200, headers: Sequence[tuple[str, str]] = (), bom: bool = False
) -> Answer:
    """Compact JSON, on request behind a byte order mark."""
    encoded = orjson.dumps(content)
    return Answer(status, BOM + encoded if bom else encoded, tuple(headers))
