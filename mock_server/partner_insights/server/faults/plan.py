"""JSON of a fault plan → faults to come, each for one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec import Struct

from partner_insights.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partner_insights.server.faults.names import FaultCatalogue
    from partner_insights.server.http.routes import RouteMatch

_Found = TypeVar("_Found")

ANY: Final = "*"
"""Any request to the API, to a path without operation too; the token endpoints are not of it."""
MAX_FAULTS: Final = 1000
MAX_SECONDS: Final = 600
"""Seconds a fault may hold an answer, or tell a client to wait."""

_FIELDS: Final = ("operation", "customer", "code", "fault", "retryAfter", "seconds")
_FORM: Final = 'send JSON (application/json): {"faults": [{"operation": "*", "code": 503}, …], "all": false}'


class Fault(Struct, frozen=True):
    """What is to happen to one request: an answer with a status, or a fault of that name."""

    operation: str = ANY
    customer: str | None = None
    """Lower case; None: any."""
    code: int | None = None
    """The status to answer with; 200 lets the request pass unharmed."""
    name: str | None = None
    """Of a wire fault or a mutant."""
    retry_after: int | None = None
    seconds: float | None = None
    """How long a delay or a stall takes (None: as long as its own default)."""
    spared: frozenset[str] = frozenset()
    """The operations that it means nothing for: their requests do not meet it."""

    def matches(self, route: RouteMatch) -> bool:
        """Whether it is meant for a request to this route."""
        if self.operation != route.operation and (self.operation != ANY or route.is_directory):
            return False
        if route.operation in self.spared:
            return False
        return self.customer in (None, route.customer)

    def content(self) -> dict[str, Any]:
        """As it was planned."""
        values = (self.operation, self.customer, self.code, self.name, self.retry_after, self.seconds)
        return {name: value for name, value in zip(_FIELDS, values, strict=True) if value is not None}


class FaultPlan(Struct, frozen=True):
    """A whole plan as it was sent."""

    faults: tuple[Fault, ...]
    all: bool = False
    """Every request consumes it, not only those that carry its id."""
    repeat: bool = False
    """Its faults are never used up: each request meets the first that is meant for it."""


def read_plan(content: Any, names: FaultCatalogue) -> FaultPlan:
    """The plan in a body; InputError says what is wrong with which fault."""
    if not isinstance(content, dict) or not isinstance(content.get("faults"), list):
        raise InputError("that is no fault plan", remedy=_FORM)
    _refuse_unknown(content, ("faults", "all", "repeat"), "the plan")
    faults = content["faults"]
    if not 1 <= len(faults) <= MAX_FAULTS:
        raise InputError(f"a plan of {len(faults)} faults", remedy=f"plan 1 to {MAX_FAULTS}")
    switches = {name: content.get(name, False) for name in ("all", "repeat")}
    for name, value in switches.items():
        if not isinstance(value, bool):
            raise InputError(f"{name!r} is {value!r}", remedy="say true or false")
    read = tuple(_read_fault(each, f"fault {place}", names) for place, each in enumerate(faults, 1))
    return FaultPlan(read, **switches)


def _read_fault(content: Any, where: str, names: FaultCatalogue) -> Fault:
    if not isinstance(content, dict):
        raise InputError("that is no fault", where=where, remedy=_FORM)
    _refuse_unknown(content, _FIELDS, where)
    operation = content.get("operation")
    if not isinstance(operation, str):
        raise InputError("it names no operation", where=where, remedy='name one, or "*" for any')
    if operation != ANY:
        _named(names.check_operation, operation, where)
    customer = content.get("customer")
    if customer is not None:
        _named(names.check_customer, customer, where)
    code, name = content.get("code"), content.get("fault")
    if (code is None) == (name is None):
        raise InputError("it needs either a code or a fault", where=where, remedy=_FORM)
    spared: frozenset[str] = frozenset()
    if name is not None:
        spared = _named(names.spared_by, name, where)
        if operation in spared:
            raise InputError(
                f"{name} changes nothing of {operation}",
                where=where,
                remedy='name an operation that it is about, or "*" for the next request to one',
            )
    elif not is_code(code):
        raise InputError(
            f"code {code!r} is no failure", where=where, remedy="give 400 to 599, or 200 to pass"
        )
    retry_after = _number(content, "retryAfter", where, whole=True)
    return Fault(
        operation,
        None if customer is None else customer.lower(),
        code,
        name,
        None if retry_after is None else int(retry_after),
        _number(content, "seconds", where),
        spared,
    )


def is_code(code: Any) -> bool:
    """Whether it is a status that can be asked for."""
    return type(code) is int and (code == 200 or 400 <= code <= 599)


def _named(check: Callable[[str], _Found], name: Any, where: str) -> _Found:
    try:
        if not isinstance(name, str):
            raise InputError(f"{name!r} is no name")
        return check(name)
    except InputError as error:
        raise InputError(str(error), where=where) from error


def _number(content: Mapping[str, Any], name: str, where: str, *, whole: bool = False) -> float | None:
    value = content.get(name)
    if value is None:
        return None
    if type(value) not in ((int,) if whole else (int, float)) or not 0 <= value <= MAX_SECONDS:
        kind = "a whole number" if whole else "a number"
        raise InputError(
            f"{name!r} is {value!r}", where=where, remedy=f"give {kind} of seconds from 0 to {MAX_SECONDS}"
        )
    return float(value)


def _refuse_unknown(content: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    unknown = [name for name in content if name not in known]
    if unknown:
        raise InputError(
            f"it has the unknown field {unknown[0]!r}", where=where, remedy=f"known are {', '.join(known)}"
        )
