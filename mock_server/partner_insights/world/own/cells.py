"""Cells of a column → codes of texts, whole numbers, percents; what cannot be is a problem at its place."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson

from partner_insights.contract.formats import GUID, LOCAL_TIME, format_checker
from partner_insights.world.own.chunk import MISSING
from partner_insights.world.own.columns_of_data import SNAPSHOT
from partner_insights.world.own.table import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import date

    import numpy.typing as npt

    from partner_insights.world.hashing import Floats, Integers

MAX_COUNT: Final = 10**9
"""Licences in one cell; sums of a million of them are still whole numbers to a machine."""
MAX_TEXT: Final = 1000
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?([eE][-+]?[0-9]{1,3})?", re.ASCII)
_DIGITS: Final = frozenset("0123456789.")
_MIDNIGHT: Final = re.compile(r".{10}[Tt]00:00:00(\.0+)?")
_EARLIEST: Final = "2000-01-01"
_UTC: Final = re.compile(r".*(?:[Zz]|[+-]00:00)")

Problem = tuple[int, Any, str]
"""Number of a row, its cell, and what is wrong with it."""


def whole_numbers(cells: Sequence[Any], *, is_text: bool) -> tuple[Integers, list[Problem]]:
    """Counts; LEFT_OUT where there is none, or none that could be."""
    if is_text:
        joined = "".join(cells)
        if joined.isascii() and joined.isdigit() and max(map(len, cells)) < 10:
            numbers = _decoded(cells)
            if numbers is not None:
                return np.array(numbers, dtype=np.int64), []
    elif set(map(type, cells)) <= {int} and cells and min(cells) >= 0 and max(cells) <= MAX_COUNT:
        return np.array(cells, dtype=np.int64), []
    return _one_by_one(cells, _count_problem, int, is_text, np.full(len(cells), LEFT_OUT))


def percents(cells: Sequence[Any], *, is_text: bool) -> tuple[Floats, list[Problem]]:
    """Percents; NaN where there is none, or none that could be."""
    if is_text:
        array = _decimals(cells)
    elif set(map(type, cells)) <= {int, float}:
        array = _floats(cells)
    else:
        array = None
    if array is not None and np.all((array >= 0) & (array <= 100)):
        return array, []
    return _one_by_one(cells, _percent_problem, float, is_text, np.full(len(cells), np.nan))


def text_problem(name: str, value: Any, as_of: date) -> str | None:
    """What is wrong with a text in the column of that name; None: nothing."""
    if not isinstance(value, str):
        return f"{_shown(value)} is no text (type)"
    if not value.strip():
        return "is blank"
    if len(value) > MAX_TEXT:
        return f"is longer than {MAX_TEXT} characters"
    check = _CHECKS.get(name)
    return None if check is None else check(value, as_of)


def are_plain(name: str, values: Collection[Any]) -> bool:
    """Whether all texts of a column surely have no problem: most have none, and asking each takes long."""
    if name in ("processedDateTime", SNAPSHOT) or not set(map(type, values)) <= {str}:
        return False
    if max(map(len, values), default=0) > MAX_TEXT or not all(map(str.strip, values)):
        return False
    return name not in _CHECKS or all(map(GUID.fullmatch, values))


def disagrees(percent: Floats, part: Integers, whole: Integers, scale: int) -> npt.NDArray[np.bool_]:
    """Which percents are not the ratio of their counts, within rounding to the decimals they show."""
    wrong: npt.NDArray[np.bool_] = np.zeros(len(percent), dtype=np.bool_)
    known = ~np.isnan(percent)
    if not known.any():
        return wrong
    at = np.flatnonzero(known & (part != LEFT_OUT) & (whole != LEFT_OUT) & (whole > 0))
    shown = percent[at]
    distance = np.abs(shown - part[at] / whole[at] * scale)
    # Two decimals and half a unit: how nearly all are written. Each of the others shows its own decimals.
    plain = np.abs(shown * 100 - np.rint(shown * 100)) < 1e-6
    looked_at = np.flatnonzero((distance > 1e-9) & ~(plain & (distance < 0.00501)))
    wrong[at[looked_at]] = [distance[each] >= _unit(float(shown[each])) for each in looked_at.tolist()]
    return wrong


def _unit(value: float) -> float:
    """One unit of the last decimal shown, a little less."""
    decimals = len(f"{value:.9f}".rstrip("0").partition(".")[2])
    return float(10.0**-decimals) * (1 - 1e-6)


def _one_by_one(
    cells: Sequence[Any],
    problem_of: Callable[[Any], str | None],
    convert: Callable[[Any], Any],
    is_text: bool,
    result: npt.NDArray[Any],
) -> tuple[npt.NDArray[Any], list[Problem]]:
    problems: list[Problem] = []
    for at, cell in enumerate(cells):
        if cell is MISSING or (is_text and cell == ""):
            continue
        value = number_in(cell) if is_text else cell
        wrong = problem_of(value)
        if wrong is None:
            result[at] = convert(value)
        else:
            problems.append((at, value, wrong))
    return result, problems


def number_in(text: str) -> Any:
    """The number that a text is; the text itself where it is none."""
    number = text.strip()
    if _WHOLE.fullmatch(number):
        return int(number)
    return float(number) if _NUMBER.fullmatch(number) else text


def _decimals(cells: Sequence[str]) -> Floats | None:
    """The numbers of a column that has nothing but digits and points; None for any other."""
    if not set("".join(cells)) <= _DIGITS:
        return None
    numbers = _decoded(cells)
    return None if numbers is None else _floats(numbers)


def _decoded(cells: Sequence[str]) -> list[Any] | None:
    """Numbers, read all at once as JSON; None where one is spelled otherwise, or empty."""
    try:
        numbers: list[Any] = orjson.loads(f"[{','.join(cells)}]")
    except orjson.JSONDecodeError:
        return None
    return numbers if len(numbers) == len(cells) else None  # one empty cell makes an empty list


def _count_problem(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{_shown(value)} is no number (type)"
    if value != value or value in (float("inf"), float("-inf")) or value != int(value):
        return f"{_shown(value)} is no whole number (multipleOf 1)"
    if value < 0:
        return f"{_shown(value)} is less than 0 (minimum)"
    return f"{_shown(value)} is more than {MAX_COUNT:,} licences" if value > MAX_COUNT else None


def _percent_problem(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return f"{_shown(value)} is no number (type)"
    if value < 0:
        return f"{_shown(value)} is less than 0 (minimum)"
    return f"{_shown(value)} is more than 100 (maximum)" if value > 100 else None


def _floats(numbers: Sequence[float]) -> Floats | None:
    """None where one is larger than any float."""
    try:
        return np.array(numbers, dtype=np.float64)
    except OverflowError:
        return None


def _guid_problem(value: str, _: date) -> str | None:
    return None if GUID.fullmatch(value) else f"{_shown(value)} is no GUID (format uuid)"


def _time_problem(value: str, as_of: date) -> str | None:
    if not _is_time(value):
        return f"{_shown(value)} is no time like 2026-11-20T00:00:00+00:00 (format date-time)"
    if not _UTC.fullmatch(value):
        return f"{_shown(value)} is not in UTC (PI211 utc)"
    return _future_problem(value, as_of)


def _snapshot_problem(value: str, as_of: date) -> str | None:
    if not _is_time(value, LOCAL_TIME):
        return f"{_shown(value)} is no time like 2026-11-20T00:00:00 (format {LOCAL_TIME})"
    if not _MIDNIGHT.fullmatch(value):
        return f"{_shown(value)} is no midnight: the newer operations tell of whole days"
    if value < _EARLIEST:
        return f"{_shown(value)} lies before {_EARLIEST}, the first day of a world"
    return _future_problem(value, as_of)


def _future_problem(value: str, as_of: date) -> str | None:
    if value[:10] > as_of.isoformat():
        return f"{_shown(value)} lies after the day of the world, {as_of} (PI212 not-in-the-future)"
    return None


@lru_cache(maxsize=1024)
def _is_time(value: str, form: str = "date-time") -> bool:
    return format_checker().conforms(value, form)


_CHECKS: Final = {
    "customerId": _guid_problem,
    "tenantId": _guid_problem,
    "productId": _guid_problem,
    "processedDateTime": _time_problem,
    SNAPSHOT: _snapshot_problem,
}


def _shown(value: Any) -> str:
    if isinstance(value, tuple):  # what is shown of a list or an object
        value = value[0]
    text = (
        {None: "null", True: "true", False: "false"}[value]
        if value is None or isinstance(value, bool)
        else repr(value)
    )
    return text if len(text) <= 80 else f"{text[:77]}…"
