"""The Prefer header of a request (RFC 7240) → the fault it asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from partner_insights.errors import InputError
from partner_insights.server.faults.plan import MAX_SECONDS, Fault, is_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.server.faults.names import FaultCatalogue

_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_PREFERENCE: Final = re.compile(rf"(?:[^,\"]|{_QUOTED})+")
_PART: Final = re.compile(rf"(?:[^;\"]|{_QUOTED})+")
_NUMBERS: Final = {"retryafter": int, "seconds": float}


def fault_from(header: str, names: FaultCatalogue) -> tuple[Fault, str] | None:
    """The first preference that is a fault, with what Preference-Applied says of it; None for none.

    `code=404`, `fault=NAME`, with the parameters `retryAfter` and `seconds`: `code=429; retryAfter=2`.
    Whatever cannot be understood is passed over, as the RFC wants (section 2).
    """
    for name, value, parameters in _preferences(header):
        try:
            fault = _fault(name, value, names, **_numbers(parameters))
        except (InputError, ValueError):
            continue
        if fault is not None:
            return fault, f"{name}={value}"
    return None


def _fault(name: str, value: str, names: FaultCatalogue, **more: Any) -> Fault | None:
    if name == "fault":
        return Fault(name=value, spared=names.spared_by(value), **more)
    if name == "code" and value.isascii() and value.isdigit() and is_code(int(value[:9])):
        return Fault(code=int(value), **more)
    return None


def _numbers(parameters: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in (("retryafter", "retry_after"), ("seconds", "seconds")):
        if name in parameters:
            number = _NUMBERS[name](parameters[name])
            if not 0 <= number <= MAX_SECONDS:
                raise ValueError(name)
            found[field] = number
    return found


def _preferences(header: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    for preference in _PREFERENCE.findall(header[:4096]):
        parts = [part.partition("=") for part in _PART.findall(preference)]
        words = [(name.strip().lower(), _word(value)) for name, _, value in parts]
        if words:
            yield *words[0], dict(words[1:])


def _word(text: str) -> str:
    text = text.strip()
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if len(text) > 1 and text[0] == text[-1] == '"' else text
