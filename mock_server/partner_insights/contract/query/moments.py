"""A date as a query or a row writes it → one form, so that equal moments are equal texts and sort in time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

_DATE: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[Tt ](?P<clock>\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?)"
    r"(?P<zone>[Zz]|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)


def as_moment(value: Any) -> str | None:
    """`2018-01-01` → `2018-01-01T00:00:00`; with a zone, the moment in UTC. None for what is no date."""
    found = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    clock = found["clock"] or "00:00:00"
    clock = clock if clock.count(":") == 2 else f"{clock}:00"
    whole, _, fraction = clock.partition(".")
    try:
        moment = datetime.fromisoformat(f"{found['day']}T{whole}")
        if found["zone"]:
            zoned = datetime.fromisoformat(f"{found['day']}T{whole}{found['zone'].upper()}")
            moment = zoned.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    fraction = fraction.rstrip("0")
    return f"{moment.isoformat()}.{fraction}" if fraction else moment.isoformat()


def bucket(value: Any, level: str | None) -> Any:
    """The span of time a date falls into, by its first moment: a day, a week from Monday on, a month.

    It is written as the date is: a day alone, a time without a zone, or one in UTC. Without a level, a date
    stands for itself; what is no date, or of the year 1, does too.
    """
    moment = as_moment(value)
    if moment is None or level not in ("day", "week", "month"):
        return value
    day = date.fromisoformat(moment[:10])
    if level == "week":
        if day < date(1, 1, 8):
            return value
        day -= timedelta(days=day.weekday())
    elif level == "month":
        day = day.replace(day=1)
    found = _DATE.fullmatch(value.strip())
    if found is None or found["clock"] is None:
        return day.isoformat()
    zone = {None: "", "Z": "Z"}.get(found["zone"], "+00:00")
    return f"{day.isoformat()}T00:00:00{zone}"
