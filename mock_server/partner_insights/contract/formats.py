"""The formats and patterns that a schema may carry → one checker of them, which everything that judges asks.

The standards have their say here as `jsonschema-rs` reads them (RFC 3339, 4122 and 3986, and the regular
expressions of ECMA-262); `jsonschema`, which explains, has looser ideas of its own.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jsonschema import Draft202012Validator, FormatChecker, ValidationError

TEXTS: Final = ("date-time", "date", "uuid", "uri")
"""Of texts."""
LOCAL_TIME: Final = "date-time-local"
"""A date and a time without a zone (in OpenAPI's registry of formats)."""
_LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)

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

_PATTERNS: Final = 1_000
"""Expressions that are kept ready."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@cache
def format_checker() -> FormatChecker:
    """The formats of texts and the widths of integers, for `jsonschema`."""
    from jsonschema import FormatChecker

    checker = FormatChecker(())
    checker.checkers = {}
    for name in TEXTS:
        checker.checks(name)(_text_check(name))
    checker.checks(LOCAL_TIME)(lambda value: not isinstance(value, str) or is_local_time(value))
    for name, bounds in WIDTHS.items():
        checker.checks(name)(lambda value, bounds=bounds: _within(value, *bounds))
    return checker


@cache
def validator_class() -> type[Draft202012Validator]:
    """`jsonschema`'s validator, with the patterns of ECMA-262."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    made: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, {"pattern": _pattern_errors}
    )
    return made


def is_local_time(text: str) -> bool:
    """Whether a text is a date and a time that there are, without a zone."""
    if not _LOCAL.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text[:19].upper())
    except ValueError:
        return False
    return True


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches; an expression that cannot be read is matched by none."""
    check = _pattern_check(pattern)
    return check is not None and check(_SURROGATE.sub("\ufffd", text))


def _text_check(name: str) -> Callable[[object], bool]:
    import jsonschema_rs

    conforms = jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True).is_valid

    def check(value: object) -> bool:
        # No text of a format has half a character, which the library cannot take at all.
        return not isinstance(value, str) or (not _SURROGATE.search(value) and conforms(value))

    return check


@lru_cache(maxsize=_PATTERNS)
def _pattern_check(pattern: str) -> Callable[[object], bool] | None:
    import jsonschema_rs

    try:
        return jsonschema_rs.Draft202012Validator({"pattern": pattern}).is_valid
    except ValueError:
        return None


def _pattern_errors(validator: Any, pattern: str, value: object, schema: object) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    if isinstance(value, str) and not matches(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _within(value: object, lowest: int, highest: int) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True  # the type's to report
    return lowest <= value <= highest
