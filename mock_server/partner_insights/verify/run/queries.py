"""An operation with a query language → its rows, read page by page, and queries drawn from them."""

from __future__ import annotations

import math
from datetime import date, timedelta
from itertools import islice, product
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from hypothesis import strategies as st

from partner_insights.contract.formats import GUID
from partner_insights.contract.query import FilterStatement, OptionKind, matches, render
from partner_insights.contract.query.moments import as_moment
from partner_insights.contract.query.parameters import FieldType
from partner_insights.verify.judge.judge import (
    TENANT,
    judge_generations,
    judge_generations_of_all,
    judge_whole,
)
from partner_insights.verify.judge.rows import success_of
from partner_insights.verify.run.client import Stopped
from partner_insights.verify.run.customer_list import MAX_PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

    from partner_insights.contract import Operation
    from partner_insights.contract.query import FieldRule, Filter, QueryOption
    from partner_insights.verify.judge.exchange import Exchange
    from partner_insights.verify.run.session import SuiteSession

Pairs = tuple[tuple[str, str], ...]

MAX_ROWS: Final = 2000
"""Rows of an operation that are read to hold queries against."""
MAX_STATEMENTS: Final = 5
_TREES: Final = math.factorial(MAX_STATEMENTS - 1) * 2 ** (MAX_STATEMENTS - 1)
"""Numbers enough for every way to join so many."""
_PAGE: Final = 1000
_UNSORTED: Final = "id"
"""What each system sorts in its own way."""
_SURE_SORTS: Final = ("number", "date", "text")
"""What is sorted alike everywhere comes first."""
_NO_VALUE: Final = "nothing has this"
_WRONG_FILTERS: Final = (
    *("", "nothing eq 'x'", "{field} is 'x'", "{field} EQ 'x'", "{field} eq 'x", "({field} eq 'x'"),
    *("{field} eq 'x')", "{field} eq 'x' and", "{field} eq 'x' {field} eq 'y'", "{field} not eq 'x'"),
    *('{field} eq "x"', "(" * 200 + "{field} eq 'x'" + ")" * 200),
)
_WRONG_FIELDS: Final = ("", "nothing", "{field},,", "{field},{field}")
_WRONG: Final[Mapping[OptionKind, tuple[str, ...]]] = {
    OptionKind.TOP: ("0", "-1", "ten", "1.5", "", "999999999999999999"),
    OptionKind.SKIP: ("-1", "one", "0x1"),
    OptionKind.FILTER: _WRONG_FILTERS,
    OptionKind.GROUP: _WRONG_FIELDS,
    OptionKind.ORDER: _WRONG_FIELDS,
    OptionKind.SNAPSHOT: ("yesterday", "2026-13-01"),
}
"""What no option of a kind takes; `field` is one that it knows."""
_SPANS: Final = {"month": "{day}", "day": "{other},{day}"}
"""By which fields rows are grouped; not by the week: which day it begins with is only assumed."""


class Queries:
    """The queries of one operation, asked in one session."""

    def __init__(self, session: SuiteSession, operation: str) -> None:
        self._session = session
        self._operation: Operation = session.catalogue.operations[operation]
        if self._operation.options.of(OptionKind.TOP) is None:
            raise Stopped(f"{operation} is not paged by its query")

    @property
    def whole(self) -> list[dict[str, Any]]:
        """All rows; Stopped (a skip) where they are too many, or cannot be read."""
        return self._whole[1]

    @property
    def _whole(self) -> tuple[Exchange, list[dict[str, Any]]]:
        """The first page, and the rows of all."""
        remembered = self._session.whole_answers
        if self._operation.id not in remembered:
            first, rows, complete = self.read((), _PAGE)
            if not complete or len(rows) > MAX_ROWS:
                raise Stopped(f"{self._operation.id} has more rows than are read")
            remembered[self._operation.id] = first, rows
        return remembered[self._operation.id]

    def read(self, pairs: Pairs, top: int) -> tuple[Exchange, list[dict[str, Any]], bool]:
        """The first page of a query, the rows of all its pages, and whether those are all there are.

        Only the query of a link is followed: it cannot lead the token elsewhere.
        """
        first = exchange = self._session.check(
            self._operation.id, query=(*pairs, (self._option(OptionKind.TOP).name, str(top)))
        )
        rows: list[dict[str, Any]] = []
        pages = MAX_ROWS // top + 2 if self._session.target.own else MAX_PAGES
        for _ in range(pages):
            answer = success_of(exchange, self._session.catalogue)
            if answer is None:
                return first, rows, False
            rows += [row.members for row in answer.rows]
            link = answer.members.get(self._operation.layout.next_link or "")
            if not isinstance(link, str):
                return first, rows, True
            query = parse_qsl(urlsplit(link).query, keep_blank_values=True)
            exchange = self._session.check(self._operation.id, query=query)
        return first, rows, False

    def holds(self, pairs: Pairs, top: int) -> None:
        """Ask a query, read all its pages, and hold them against what it leaves of all rows."""
        whole = self.whole
        exchange, rows, complete = self.read(pairs, top)
        if complete:
            self._session.report(
                judge_whole(
                    exchange, rows, whole, self._session.catalogue, profile=self._session.target.profile
                )
            )

    def agrees(self, older: str, customer: str) -> None:
        """Hold a customer's rows against those of an older operation."""
        newer = self._session.check(
            self._operation.id, query=((self._option(OptionKind.FILTER).name, f"{TENANT} eq '{customer}'"),)
        )
        before = self._session.check(older, customer=customer)
        profile = self._session.target.profile
        self._session.report(judge_generations(newer, before, self._session.catalogue, profile=profile))

    def all_agree(self, older: str) -> None:
        """Hold the rows of all customers against what an older operation has answered of them already."""
        answers, profile = self._session.answers_of_customers.get(older, []), self._session.target.profile
        if answers:
            found = judge_generations_of_all(*self._whole, answers, self._session.catalogue, profile=profile)
            self._session.report(found)

    # ── Drawn queries ──────────────────────────────────────────────────────────────────────────────

    def filters(self) -> SearchStrategy[Pairs]:
        """Filters about values there are, joined in every order."""
        option = self._option(OptionKind.FILTER)
        of_fields = [list(_statements(rule, self.whole)) for rule in option.fields.values()]
        statement = st.one_of([st.sampled_from(each) for each in of_fields if each])
        leaves = st.lists(statement, min_size=1, max_size=MAX_STATEMENTS)
        whole = st.builds(_joined, leaves, st.integers(0, _TREES - 1))
        return whole.map(lambda wanted: ((option.name, render(wanted, option)),))

    def groups(self) -> SearchStrategy[Pairs]:
        """One to three fields to group by."""
        option = self._option(OptionKind.GROUP)
        names = [name for name, rule in option.fields.items() if rule.type is not FieldType.DATE]
        fields = st.lists(st.sampled_from(names), min_size=1, max_size=3, unique_by=_property_of(option))
        return fields.map(lambda chosen: ((option.name, ",".join(chosen)),))

    def in_two_pages(self) -> Iterator[tuple[Pairs, int]]:
        """A filter that leaves many rows, and groups, each with a page size that makes two pages of it."""
        option, group = self._option(OptionKind.FILTER), self._operation.options.of(OptionKind.GROUP)
        sizes = {each: sum(matches((each,), row) for row in self.whole) for each in self._common(option)}
        widest = max(sizes, key=lambda each: sizes[each], default=None)
        if widest is not None and sizes[widest] > 1:
            yield ((option.name, render((widest,), option)),), (sizes[widest] + 1) // 2
        for name, rule in group.fields.items() if group is not None else ():
            groups = len({str(row.get(rule.property)) for row in self.whole})
            if group is not None and groups > 1 and rule.type is not FieldType.DATE:
                yield ((group.name, name),), (groups + 1) // 2
                break

    def _common(self, option: QueryOption) -> Iterator[FilterStatement]:
        """A statement about each text that may be compared: it is what it is in the first row, or is not."""
        for rule in option.fields.values():
            value = self.whole[0].get(rule.property) if self.whole else None
            if rule.type is FieldType.TEXT and isinstance(value, str):
                for operator, wanted in (("eq", value), ("ne", _NO_VALUE)):
                    if operator in rule.operators:
                        yield FilterStatement(rule.property, operator, wanted, rule.type, rule.exact)

    def spans(self) -> Iterator[Pairs]:
        """Each date to group by: by month alone, by day beside another field."""
        option, level = self._option(OptionKind.GROUP), self._option(OptionKind.LEVEL)
        dates = [name for name, rule in option.fields.items() if rule.type is FieldType.DATE]
        other = next(name for name in option.fields if name not in dates)
        for day in dates:
            for span, names in _SPANS.items():
                if span in level.values:
                    yield (option.name, names.format(day=day, other=other)), (level.name, span)

    def orders(self) -> Iterator[Pairs]:
        """A number, a date and a text to sort by, upwards and downwards, and two of them."""
        option = self._option(OptionKind.ORDER)
        chosen: dict[str, str] = {}
        for name, rule in option.fields.items():
            values = [
                row[rule.property] for row in self.whole if isinstance(row.get(rule.property), (str, int))
            ]
            if len(set(values)) > 1:
                chosen.setdefault(_sort_of(values[0]), name)
        chosen.pop(_UNSORTED, None)
        names = list(chosen.values())
        entries = [f"{name}{direction}" for name in names for direction in ("", " desc")]
        surest = [chosen[sort] for sort in _SURE_SORTS if sort in chosen]
        pairs = (f"{one},{two} desc" for two in surest for one in option.fields if self._are_nested(one, two))
        for entry in [*entries, *islice(pairs, 1)]:
            yield ((option.name, entry),)

    def _are_nested(self, first: str, second: str) -> bool:
        """Whether rows that are alike in the first field differ in the second, so that it sorts them."""
        fields = self._option(OptionKind.ORDER).fields
        names = [fields[name].property for name in (first, second)]
        pairs = {tuple(str(row.get(name)) for name in names) for row in self.whole}
        return 1 < len({one for one, _ in pairs}) < len(pairs)

    def days(self) -> Iterator[tuple[Pairs, Pairs]]:
        """The day of the rows, and the day before; nothing where they are of several."""
        option = self._option(OptionKind.SNAPSHOT)
        dates = {str(row.get("processedDateTime"))[:10] for row in self.whole}
        if len(dates) == 1 and (day := as_moment(dates.pop())) is not None:
            latest = date.fromisoformat(day[:10])
            yield ((option.name, f"{latest}"),), ((option.name, f"{latest - timedelta(days=1)}"),)

    def named_values(self) -> Iterator[Pairs]:
        """A value of each of some fields that are parameters themselves."""
        for option in self._operation.options:
            if option.kind is OptionKind.FIELD:
                name = option.fields[option.name].property
                values = (row.get(name) for row in self.whole)
                value = next((each for each in values if isinstance(each, (str, int))), None)
                if value is not None:
                    yield ((option.name, str(value)),)

    def refused(self) -> SearchStrategy[Pairs]:
        """Queries that the pages do not allow."""
        wrong: list[tuple[str, str]] = []
        for option in self._operation.options:
            field = next(iter(option.fields), "")
            texts = [text.format(field=field) for text in _WRONG.get(option.kind, ())]
            if option.kind is OptionKind.TOP and option.maximum:
                texts.append(str(option.maximum + 1))
            if option.kind is OptionKind.FILTER and "not" not in option.functions:
                texts.append(f"not ({field} eq 'x')")
            wrong += [(option.name, text) for text in texts]
        return st.sampled_from(wrong).map(lambda pair: (pair,))

    def _option(self, kind: OptionKind) -> QueryOption:
        """The parameter of a kind; Stopped (a skip) where there is none."""
        option = self._operation.options.of(kind)
        if option is None:
            raise Stopped(f"{self._operation.id} has no {kind}")
        return option


def _sort_of(value: str | int) -> str:
    """How values of this kind are sorted."""
    if not isinstance(value, str):
        return "number"
    if as_moment(value) is not None:
        return "date"
    return _UNSORTED if GUID.fullmatch(value) else "text"


def _property_of(option: QueryOption) -> Any:
    return lambda name: option.fields[name].property


def _statements(rule: FieldRule, whole: Sequence[Mapping[str, Any]]) -> Iterator[FilterStatement]:
    """Statements about a field, with values it has and one it has not."""
    present = (row.get(rule.property) for row in whole)
    seen = {str(value): value for value in present if value is not None}
    values: list[Any] = [seen[text] for text in sorted(seen)[:40]]
    if rule.type is FieldType.TEXT:
        values = [str(value) for value in values] + [_NO_VALUE]
        values += [] if rule.exact else [value.swapcase() for value in values[:3] if value.isascii()]
    elif rule.type is FieldType.BOOLEAN:
        values = [True, False]
    elif rule.type is FieldType.DATE:
        values.append("2018-01-01T00:00:00")
    for operator, value in product(rule.operators, values):
        wanted = (value, values[0]) if operator == "in" else value
        yield FilterStatement(rule.property, operator, wanted, rule.type, rule.exact)


def _joined(statements: Sequence[FilterStatement], number: int) -> Filter:
    """The statements joined by words, in the order that the number says."""

    def below(limit: int) -> int:
        nonlocal number
        number, digit = divmod(number, limit)
        return digit

    def join(some: Sequence[FilterStatement]) -> Filter:
        if len(some) == 1:
            return (some[0],)
        split = 1 + below(len(some) - 1)
        return (*join(some[:split]), *join(some[split:]), ("and", "or")[below(2)])

    return join(statements)
