"""The text of a filter → its statements in postfix order, and whether a row keeps them.

No step is recursive, neither the reading nor the deciding: what a filter costs is bounded by its length.
"""

from __future__ import annotations

import re
from functools import cached_property
from operator import contains, ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Struct

from partner_insights.contract.formats import GUID
from partner_insights.contract.query.moments import as_moment
from partner_insights.contract.query.parameters import (
    MAX_DEPTH,
    MAX_LENGTH,
    FieldRule,
    FieldType,
    InvalidQuery,
    QueryOption,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z0-9_.:+-]+)|(?P<mark>[(),])|(?P<end>\Z))"
)
_BINDS: Final = {"and": 2, "or": 1}
"""How tightly: the order of OData 4.01."""
_NOT: Final = "not"
_IN: Final = "in"
_CALLED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "contains": contains,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
"""Operators that are written as a call of a function."""
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    **{"gt": gt, "ge": ge, "lt": lt, "le": le},
    _IN: lambda actual, wanted: actual in wanted,
    **_CALLED,
}
_BOOLEANS: Final = {"true": True, "false": False}
_EDM_DATE: Final = "Edm.DateTimeOffset"
_CLOSED: Final = "("


class FilterStatement(Struct, frozen=True, dict=True):
    """One statement: a property, an operator, and the value it is compared with: for `in` several of them."""

    property: str
    operator: str
    value: Any
    type: FieldType = FieldType.TEXT
    exact: bool = False

    def holds(self, actual: Any) -> bool:
        """Whether a value of the property keeps the statement; an absent one keeps `ne` alone."""
        plain = self._plain(actual)
        if self.operator in ("eq", "ne"):
            return bool((plain == self._wanted) is (self.operator == "eq"))
        return plain is not None and _OPERATORS[self.operator](plain, self._wanted)

    @cached_property
    def _wanted(self) -> Any:
        if self.operator == _IN:
            return frozenset(map(self._plain, self.value))
        return self._plain(self.value)

    def _plain(self, value: Any) -> Any:
        """The value as values of its type are compared."""
        if value is None:
            return None
        if self.type is FieldType.DATE:
            return as_moment(value) or str(value)
        if self.type is FieldType.TEXT:
            return str(value) if self.exact else str(value).casefold()
        return value


Filter: TypeAlias = tuple[FilterStatement | str, ...]
"""Statements, and behind them the words that join the last two, or deny the last; empty: every row."""


def decided(wanted: Filter, leaf: Callable[[FilterStatement], Any]) -> Any:
    """What a filter comes to, of what `leaf` says of each statement: truths, or masks; None for no filter."""
    results: list[Any] = []
    for each in wanted:
        if isinstance(each, FilterStatement):
            results.append(leaf(each))
        elif each == _NOT:
            results.append(results.pop() ^ True)
        else:
            second, first = results.pop(), results.pop()
            results.append(first & second if each == "and" else first | second)
    return results[0] if results else None


def matches(wanted: Filter, row: Mapping[str, Any]) -> bool:
    """Whether a row is among those a filter chooses."""
    return decided(wanted, lambda each: each.holds(row.get(each.property))) is not False


def parse_filter(
    text: str, option: QueryOption, *, exact: bool = False, binds: Mapping[str, int] = _BINDS
) -> Filter:
    """The filter as the option allows it; InvalidQuery for any other text.

    With `exact`, the case of every value matters; `binds` says how tightly the joining words bind.
    """
    return _Reader(text, option, exact, binds).filter()


def render(wanted: Filter, option: QueryOption) -> str:
    """A text of the filter, with parentheses where it means something else without them."""
    names = {rule.property: rule.name for rule in option.fields.values()}
    texts: list[tuple[str, str]] = []
    for each in wanted:
        if isinstance(each, FilterStatement):
            texts.append((_statement_text(each, names[each.property]), ""))
        elif each == _NOT:
            texts.append((f"not ({texts.pop()[0]})", ""))
        else:
            pair = texts[-2:]
            del texts[-2:]
            within = [f"({text})" if each == "and" and word == "or" else text for text, word in pair]
            texts.append((f" {each} ".join(within), each))
    return "".join(text for text, _ in texts)


def _statement_text(statement: FilterStatement, name: str) -> str:
    operator = statement.operator
    if operator == _IN:
        written = f"({','.join(_value_text(each, statement.type) for each in statement.value)})"
    else:
        written = _value_text(statement.value, statement.type)
    return f"{operator}({name},{written})" if operator in _CALLED else f"{name} {operator} {written}"


def _value_text(value: Any, kind: FieldType) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if kind is FieldType.NUMBER:
        return f"{value:.15g}"
    return "'" + str(value).replace("'", "''") + "'"


def _denials(waiting: list[str]) -> list[str]:
    """The `not`s that deny what was just read, taken from the words that wait."""
    first = len(waiting)
    while first and waiting[first - 1] == _NOT:
        first -= 1
    found = waiting[first:]
    del waiting[first:]
    return found


class _Reader:
    """Reads one filter from left to right (the shunting-yard method of operator precedence)."""

    def __init__(self, text: str, option: QueryOption, exact: bool, binds: Mapping[str, int]) -> None:
        self._option = option
        self._exact = exact
        self._binds = binds
        if not text.strip():
            raise self._invalid(f"empty {option.name}")
        if len(text) > MAX_LENGTH:
            raise self._invalid(f"longer than {MAX_LENGTH} characters")
        self._tokens = list(self._split(text))
        self._at = 0

    def filter(self) -> Filter:
        output: list[FilterStatement | str] = []
        waiting: list[str] = []
        while True:
            while self._next() == _CLOSED or self._denies():
                waiting.append(self._take())
                if waiting.count(_CLOSED) > MAX_DEPTH:
                    raise self._invalid(f"more than {MAX_DEPTH} parentheses within each other")
            output += [self._comparison(), *_denials(waiting)]
            while self._next() == ")" and _CLOSED in waiting:
                self._take()
                while (word := waiting.pop()) != _CLOSED:
                    output.append(word)
                output += _denials(waiting)
            if self._next() is None:
                break
            word = self._take()
            if word not in self._binds:
                raise self._invalid("trailing text")
            while waiting and self._binds.get(waiting[-1], 0) >= self._binds[word]:
                output.append(waiting.pop())
            waiting.append(word)
        if _CLOSED in waiting:
            raise self._invalid("unexpected end")
        return (*output, *reversed(waiting))

    def _comparison(self) -> FilterStatement:
        name = self._word("a field is wanted")
        if name in self._option.functions and self._next() == _CLOSED:
            return self._call(name)
        rule = self._field(name)
        operator = self._word("an operator is wanted")
        if operator not in rule.operators or operator in self._option.functions:
            raise self._invalid(f"unknown operator {operator}")
        if operator == _IN:
            return self._statement(rule, operator, self._values(rule))
        return self._statement(rule, operator, self._value(rule, operator))

    def _denies(self) -> bool:
        """Whether `not` is next, where the filter knows it."""
        return self._next() == _NOT and _NOT in self._option.functions

    def _values(self, rule: FieldRule) -> tuple[Any, ...]:
        """`('one','two')`, behind `in`."""
        self._expect(_CLOSED)
        values = [self._value(rule, _IN)]
        while self._next() == ",":
            self._take()
            values.append(self._value(rule, _IN))
        self._expect(")")
        return tuple(values)

    def _call(self, name: str) -> FilterStatement:
        """`contains(field,'value')`."""
        self._expect(_CLOSED)
        rule = self._field(self._word("a field is wanted"))
        if name not in rule.operators:
            raise self._invalid(f"unknown operator {name}")
        self._expect(",")
        value = self._quoted()
        self._expect(")")
        return self._statement(rule, name, value)

    def _field(self, name: str) -> FieldRule:
        rule = self._option.fields.get(name)
        if rule is None:
            raise self._invalid(f"unknown field {name[:80]}")
        return rule

    def _statement(self, rule: FieldRule, operator: str, value: Any) -> FilterStatement:
        return FilterStatement(rule.property, operator, value, rule.type, rule.exact or self._exact)

    def _value(self, rule: FieldRule, operator: str) -> Any:
        following = self._next() or ""
        if self._option.bare_values and following == "null" and operator in ("eq", "ne"):
            self._take()
            return None
        if self._option.bare_values and rule.type is FieldType.DATE and following[:1].isdigit():
            return self._moment(self._take())
        if self._option.bare_values and rule.type is FieldType.TEXT and GUID.fullmatch(following):
            return self._take()
        if rule.type is FieldType.BOOLEAN:
            word = self._word("true or false is wanted")
            if word not in _BOOLEANS:
                raise self._invalid("true or false is wanted")
            return _BOOLEANS[word]
        if rule.type is FieldType.NUMBER:
            return self._number(self._word("a number is wanted"))
        if rule.type is FieldType.TEXT:
            return self._quoted()
        if self._next() == "cast" and "cast" in self._option.functions:
            return self._cast()
        return self._moment(self._quoted())

    def _cast(self) -> str:
        """`cast('2018-01-01', Edm.DateTimeOffset)`."""
        self._take()
        self._expect(_CLOSED)
        moment = self._moment(self._quoted())
        self._expect(",")
        self._expect(_EDM_DATE)
        self._expect(")")
        return moment

    def _moment(self, text: str) -> str:
        moment = as_moment(text)
        if moment is None:
            raise self._invalid("a date is wanted")
        return moment

    def _number(self, word: str) -> float:
        if not re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", word):
            raise self._invalid("a number is wanted")
        return float(word)

    def _quoted(self) -> str:
        token = self._take()
        if not token.startswith("'"):
            raise self._invalid("a quoted value is wanted")
        return token[1:-1].replace("''", "'")

    def _word(self, otherwise: str) -> str:
        token = self._take()
        if token in ("(", ")", ","):
            raise self._invalid(f"unexpected {token!r}")
        if token.startswith("'"):
            raise self._invalid(otherwise)
        return token

    def _expect(self, wanted: str) -> None:
        if self._take() != wanted:
            raise self._invalid(f"{wanted!r} is wanted")

    def _next(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self) -> str:
        token = self._next()
        if token is None:
            raise self._invalid("unexpected end")
        self._at += 1
        return token

    def _split(self, text: str) -> Iterator[str]:
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None or (found["mark"] == "," and not self._option.functions):
                rest = text[at:].lstrip()
                raise self._invalid(f"unexpected {rest[0]!r}")
            if found["end"] is not None:
                return
            yield found[found.lastgroup or "mark"]
            at = found.end()

    def _invalid(self, reason: str) -> InvalidQuery:
        return InvalidQuery(self._option.name, reason)
