"""The forms that a link to the next page may have."""

from __future__ import annotations

from enum import StrEnum


class NextLink(StrEnum):
    """The form of the link to the next page."""

    RELATIVE = "relative"
    """The last part of the path, and the query, as the sister service writes it."""
    PATH = "path"
    """The whole path, and the query."""
    ABSOLUTE = "absolute"
    """With scheme and host."""
