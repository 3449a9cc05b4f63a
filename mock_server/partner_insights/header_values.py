"""Header values from outside → numbers and moments; what is out of range or of another form is no value."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_NUMBER: Final = re.compile(r"[0-9]{1,10}")
"""RFC 9110, section 5.6: digits of ASCII; more than ten say nothing that can be waited for or read."""


def number_of(value: str | None) -> int | None:
    """A number that is not negative, such as a Content-Length."""
    return int(value) if value is not None and _NUMBER.fullmatch(value) else None


def moment_of(value: str | None) -> datetime | None:
    """A date in UTC, in any of the forms of HTTP."""
    try:
        stated = parsedate_to_datetime(value or "")
        return stated.replace(tzinfo=UTC) if stated.tzinfo is None else stated.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def seconds_of(value: str | None) -> float | None:
    """How long a Retry-After asks to wait, by a number or a date."""
    number = number_of(value)
    if number is not None:
        return float(number)
    until = moment_of(value)
    return None if until is None else max(0.0, (until - datetime.now(UTC)).total_seconds())
