"""The parameters of a request → what it asks for: which rows, grouped and ordered how, and which page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from partner_insights.contract.query.filter_syntax import Filter, FilterStatement, parse_filter
from partner_insights.contract.query.moments import as_moment
from partner_insights.contract.query.parameters import (
    MAX_LENGTH,
    FieldType,
    InvalidQuery,
    OptionKind,
    QueryOption,
    QueryOptions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_DIGITS: Final = 15
Order = tuple[tuple[str, bool], ...]
"""Properties to sort by, the first first; whether downwards."""


class Query(Struct, frozen=True):
    """What a request asks for."""

    filter: Filter = ()
    group: tuple[str, ...] | None = None
    """The properties whose combinations are the rows; None: rows as they are."""
    dates: frozenset[str] = frozenset()
    """Those of them that are dates."""
    level: str | None = None
    order: Order = ()
    select: tuple[str, ...] | None = None
    snapshot: str | None = None
    """The moment the rows were processed; None: the latest."""
    top: int = 10_000
    skip: int = 0
    given: tuple[tuple[str, str], ...] = ()
    """The parameters as they were sent, those that mean nothing here among them."""

    def after(self, options: QueryOptions) -> tuple[tuple[str, str], ...]:
        """The parameters of the next page."""
        return _with(_with(self.given, options, OptionKind.TOP, self.top), options, OptionKind.SKIP, self.end)

    @property
    def end(self) -> int:
        """How many rows there are up to the end of the page."""
        return self.skip + self.top


def read_query(options: QueryOptions, given: Iterable[tuple[str, str]], *, exact: bool = False) -> Query:
    """What the parameters ask for; InvalidQuery where the options do not allow it.

    Parameters of other names mean nothing. With `exact`, the case of every compared value matters.
    """
    pairs = tuple(given)
    texts: dict[str, tuple[QueryOption, str]] = {}
    for name, text in pairs:
        option = options.named(name)
        if option is None:
            continue
        if option.name in texts:
            raise InvalidQuery(option.name, f"{option.name} is given twice")
        texts[option.name] = option, text
    top, skip = options.of(OptionKind.TOP), options.of(OptionKind.SKIP)
    query = Query(given=pairs, top=_default(top, 10_000), skip=_default(skip, 0), level=_level(options))
    for option, text in texts.values():
        if option.needs is not None and option.needs not in texts:
            raise InvalidQuery(option.name, f"{option.name} needs {option.needs}")
        query = _applied(query, option, text, exact)
    return query


def _applied(query: Query, option: QueryOption, text: str, exact: bool) -> Query:
    match option.kind:
        case OptionKind.TOP:
            return replace(query, top=_whole_number(option, text))
        case OptionKind.SKIP:
            return replace(query, skip=_whole_number(option, text))
        case OptionKind.FILTER:
            return replace(query, filter=_both(parse_filter(text, option, exact=exact), query.filter))
        case OptionKind.FIELD:
            return replace(query, filter=_both(query.filter, (_equal(option, text, exact),)))
        case OptionKind.GROUP:
            names = _names(option, text)
            dates = {option.fields[each].property for each in names if _is_date(option, each)}
            properties = tuple(option.fields[each].property for each in names)
            return replace(query, group=properties, dates=frozenset(dates))
        case OptionKind.ORDER:
            return replace(query, order=_order(option, text))
        case OptionKind.SELECT:
            return replace(query, select=tuple(option.fields[each].property for each in _names(option, text)))
        case OptionKind.LEVEL:
            if text not in option.values:
                raise InvalidQuery(option.name, f"{option.name} is none of {', '.join(option.values)}")
            return replace(query, level=text)
        case OptionKind.SNAPSHOT:
            return replace(query, snapshot=_moment(option, text))


def _default(option: QueryOption | None, otherwise: int) -> int:
    return option.default if option is not None and isinstance(option.default, int) else otherwise


def _level(options: QueryOptions) -> str | None:
    option = options.of(OptionKind.LEVEL)
    return option.default if option is not None and isinstance(option.default, str) else None


def _both(first: Filter, second: Filter) -> Filter:
    return (*first, *second, "and") if first and second else first or second


def _equal(option: QueryOption, text: str, exact: bool) -> FilterStatement:
    """The statement that a field given as a parameter of its own makes."""
    rule = option.fields[option.name]
    value: str | float | None = text
    if rule.type is FieldType.DATE:
        value = _moment(option, text)
    elif rule.type is FieldType.NUMBER:
        value = float(text) if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,15})?", text) else None
    if value is None:
        raise InvalidQuery(option.name, f"{option.name} is no number")
    return FilterStatement(rule.property, "eq", value, rule.type, rule.exact or exact)


def _is_date(option: QueryOption, name: str) -> bool:
    return option.fields[name].type is FieldType.DATE


def _names(option: QueryOption, text: str) -> list[str]:
    """The fields of a list with commas."""
    names = _entries(option, text)
    for place, name in enumerate(names):
        if name not in option.fields:
            raise InvalidQuery(option.name, f"unknown field {name[:80]}")
        if name in names[:place]:
            raise InvalidQuery(option.name, f"field {name} is named twice")
    return names


def _order(option: QueryOption, text: str) -> Order:
    order: dict[str, bool] = {}
    for entry in _entries(option, text):
        name, *direction = entry.split()
        if name not in option.fields:
            raise InvalidQuery(option.name, f"unknown field {name[:80]}")
        if direction not in ([], ["asc"], ["desc"]):
            raise InvalidQuery(option.name, f"{name} is ordered neither asc nor desc")
        wanted = option.fields[name].property
        if wanted in order:
            raise InvalidQuery(option.name, f"field {name} is named twice")
        order[wanted] = direction == ["desc"]
    return tuple(order.items())


def _entries(option: QueryOption, text: str) -> list[str]:
    if len(text) > MAX_LENGTH:
        raise InvalidQuery(option.name, f"longer than {MAX_LENGTH} characters")
    entries = [entry.strip() for entry in text.split(",")]
    if not all(entries):
        raise InvalidQuery(option.name, f"empty field in {option.name}")
    return entries


def _whole_number(option: QueryOption, text: str) -> int:
    # int() alone would take signs, spaces, underscores and other scripts' digits.
    if not (text.isascii() and text.isdigit()):
        raise InvalidQuery(option.name, f"{option.name} is no whole number")
    digits = text.lstrip("0") or "0"
    number = int(digits) if len(digits) <= _MAX_DIGITS else 10**_MAX_DIGITS
    if number < option.minimum or number > (option.maximum or 10**_MAX_DIGITS - 1):
        raise InvalidQuery(option.name, f"{option.name} is out of range")
    return number


def _moment(option: QueryOption, text: str) -> str:
    moment = as_moment(text)
    if moment is None:
        raise InvalidQuery(option.name, f"{option.name} is no date")
    return moment


def _with(
    pairs: tuple[tuple[str, str], ...], options: QueryOptions, kind: OptionKind, value: int
) -> tuple[tuple[str, str], ...]:
    """The parameters with this value of one kind, in its place or at the end."""
    option = options.of(kind)
    if option is None:
        return pairs
    names = (option.name, *option.also)
    if not any(name in names for name, _ in pairs):
        return (*pairs, (option.name, str(value)))
    return tuple((name, str(value) if name in names else text) for name, text in pairs)
