"""The formats that a derived schema may carry → one checker of them, which everything that judges asks."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jsonschema import FormatChecker

TEXTS: Final = ("date-time", "date", "uuid", "uri")
"""Of texts: jsonschema checks them, `date-time` and `uri` only where packages of their own are installed."""

GUID_PATTERN: Final = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
"""Of any case; a regular expression for any language."""
GUID: Final = re.compile(GUID_PATTERN)

WIDTHS: Final[Mapping[str, tuple[int, int]]] = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
}
"""Of numbers, and what fits in them; whether a number is whole is for its type to say."""

ANNOTATIONS: Final = ("float", "double", "decimal")
"""Not checked on purpose: how a reader should hold a number forbids none that JSON can write."""


@cache
def format_checker() -> FormatChecker:
    """What jsonschema checks by itself, and the widths of integers, which it takes for annotations."""
    from jsonschema import Draft202012Validator, FormatChecker

    checker = FormatChecker(())
    checker.checkers = dict(Draft202012Validator.FORMAT_CHECKER.checkers)
    for name, bounds in WIDTHS.items():
        checker.checks(name)(lambda value, bounds=bounds: _within(value, *bounds))
    return checker


def _within(value: object, lowest: int, highest: int) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True  # the type's to report
    return lowest <= value <= highest
