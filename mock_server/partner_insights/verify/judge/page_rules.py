"""The rules about a page of a query: its size, its link, its rows and its groups."""

from __future__ import annotations

import json
from collections import Counter, deque
from datetime import date
from math import isfinite
from string import ascii_lowercase, digits
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from partner_insights.contract.formats import GUID
from partner_insights.contract.query import InvalidQuery, matches, read_query
from partner_insights.contract.query.moments import as_moment, bucket
from partner_insights.verify.judge.percents import is_number
from partner_insights.verify.judge.rules import A_MONTH, A_WEEK, broken
from partner_insights.verify.judge.violation import display_value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from partner_insights.contract import Rule
    from partner_insights.contract.query import Measure, Query
    from partner_insights.contract.query.query import Order
    from partner_insights.verify.judge.rows import JudgedResponse, Row
    from partner_insights.verify.judge.violation import Finding


NEAR: Final = 8
"""Rows before a row that its place is held against."""


def page_of_the_query(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI231; of a query that is not known, only that the page is no larger than the whole."""
    layout, query = answer.operation.layout, answer.query
    rows, total = layout.rows_of(answer.body), _total(answer)
    if rows is None or total is None:
        return
    left = max(total - query.skip, 0) if query is not None else total
    wanted = min(left, query.top) if query is not None else min(left, len(rows))
    if len(rows) != wanted:
        message = f"{layout.total} is {total}, so that the page has {wanted} rows; there are {len(rows)}"
        yield broken(answer, rule, f"/{layout.total}", message, value=total)


def next_link(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI232; where the link leads to is judged by its query alone, in whichever form it comes."""
    layout, query, total = answer.operation.layout, answer.query, _total(answer)
    if query is None or total is None or layout.next_link is None or not answer.members:
        return
    link = answer.members.get(layout.next_link)
    pointer = f"/{layout.next_link}"
    if query.end >= total and link is not None:
        yield broken(answer, rule, pointer, "this is the last page, and it has a link to another", value=link)
    elif query.end < total and link is None:
        message = f"there are {total} rows, and no link to those after {query.end}"
        yield broken(answer, rule, pointer, message)
    elif query.end < total and isinstance(link, str) and not _continues(answer, query, link):
        message = f"the link does not ask for the same query from row {query.end} on"
        yield broken(answer, rule, pointer, message, value=link)


def _continues(answer: JudgedResponse, query: Query, link: str) -> bool:
    """Whether a link asks for the next page of the query; `+` may be meant as it is in it."""
    try:
        asked = read_query(answer.operation.options, parse_qsl(urlsplit(link).query, keep_blank_values=True))
    except (InvalidQuery, ValueError):
        return False
    same = (asked.filter, asked.group, asked.order, asked.level, asked.snapshot) == (
        (query.filter, query.group, query.order, query.level, query.snapshot)
    )
    return same and asked.skip == query.end


def filtered_rows(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI233, of one page: no row is another than the filter chooses."""
    query = answer.query
    if query is None or not query.filter or query.group is not None or query.select is not None:
        return
    for row in answer.rows:
        if not matches(query.filter, row.members):
            yield broken(answer, rule, row.pointer(), "the filter does not choose this row")


def grouped_rows(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI234, of one page: no combination comes twice."""
    query = answer.query
    if query is None or query.group is None:
        return
    seen: set[tuple[str, ...]] = set()
    for row in answer.rows:
        key = row.key(query.group)
        if key in seen and all(name in row.members for name in query.group):
            words = ", ".join(display_value(row.members[name]) for name in query.group)
            yield broken(answer, rule, row.pointer(), f"{words} is a row already")
        seen.add(key)


def ordered_rows(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI236, of one page."""
    yield from _order_findings(answer, rule, [row.members for row in answer.rows])


def _order_findings(
    answer: JudgedResponse, rule: Rule, rows: Iterable[Mapping[str, Any]]
) -> Iterator[Finding]:
    """The first row that stands behind one that it belongs before; not all rows can be told from the next."""
    order = answer.query.order if answer.query is not None else ()
    for before, row in _near(rows) if order else ():
        name = _out_of_order(before, row, order)
        if name is not None:
            message = f"{name} is {display_value(row.get(name))}, behind {display_value(before.get(name))}"
            yield broken(answer, rule, f"/{answer.operation.layout.rows}", message, value=row.get(name))
            return


def _near(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each row with the last ones before it."""
    last: deque[Mapping[str, Any]] = deque(maxlen=NEAR)
    for row in rows:
        yield from ((before, row) for before in last)
        last.append(row)


def _out_of_order(first: Mapping[str, Any], second: Mapping[str, Any], order: Order) -> str | None:
    """The property by which two rows stand the wrong way round; None where they do not, or nobody knows."""
    for name, downwards in order:
        sign = _compared(first.get(name), second.get(name))
        if sign is None:
            return None
        if sign:
            return name if (sign > 0) is not downwards else None
    return None


def _compared(one: Any, two: Any) -> int | None:
    """Below zero, zero or above; None where no page says: of null, GUIDs, or signs that are not letters."""
    if one == two:
        return 0
    if is_number(one) and is_number(two):
        return -1 if one < two else 1
    if not isinstance(one, str) or not isinstance(two, str) or GUID.fullmatch(one) or GUID.fullmatch(two):
        return None
    moments = as_moment(one), as_moment(two)
    if moments[0] is not None and moments[1] is not None:
        return (moments[0] > moments[1]) - (moments[0] < moments[1])
    for first, second in zip(one.casefold(), two.casefold(), strict=False):
        if first != second:
            alike = any(first in signs and second in signs for signs in (ascii_lowercase, digits))
            return (-1 if first < second else 1) if alike else None
    return None


def rows_of_the_day(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI237."""
    wanted = answer.query.snapshot if answer.query is not None else None
    for row in answer.rows if wanted is not None else ():
        moment = as_moment(row.text(_DATE))
        if wanted is not None and moment is not None and moment[:10] != wanted[:10]:
            message = f"the query asks for {wanted[:10]}, this row is of {moment[:10]}"
            certain = moment[:10] < wanted[:10]
            yield broken(answer, rule, row.pointer(_DATE), message, _DATE, row.text(_DATE), certain=certain)


def generations_agree(newer: JudgedResponse, older: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI235; both answers are about one customer."""
    counts = _GENERATIONS[newer.resource]
    known = {tuple(row.text(old) for old in _KEYS.values()): row for row in older.rows}
    mine = {tuple(row.text(new) for new in _KEYS): row for row in newer.rows}
    customer = f" of {older.customer}" if older.customer is not None else ""
    for key, row in mine.items():
        earlier = known.get(key)
        words = _licences(key) + customer
        if earlier is None:
            yield broken(newer, rule, row.pointer(), f"the older operation has no row of {words}")
            continue
        yield from _dates_agree(newer, rule, row, earlier, words)
        for name in counts:
            if row.number(name) != earlier.number(name):
                theirs = display_value(earlier.number(name))
                message = f"{name} of {words} is {display_value(row.number(name))}, before it was {theirs}"
                yield broken(newer, rule, row.pointer(name), message, name)
    pointer = f"/{newer.operation.layout.rows}"
    for key in known.keys() - mine.keys():
        words = f"the older operation has a row of {_licences(key)}{customer}"
        yield broken(newer, rule, pointer, words)


def _licences(key: tuple[str | None, ...]) -> str:
    return ", ".join(display_value(part) for part in key if part is not None)


def _dates_agree(answer: JudgedResponse, rule: Rule, row: Row, earlier: Row, words: str) -> Iterator[Finding]:
    """Both are of the latest day; they may have been aggregated some days from each other."""
    dates = [as_moment(each.text(_DATE)) for each in (row, earlier)]
    if answer.query is None or answer.query.snapshot is not None or None in dates:
        return
    mine, theirs = (date.fromisoformat(str(each)[:10]) for each in dates)
    if abs(mine - theirs) > A_WEEK:
        message = f"{_DATE} of {words} is {mine}, before it was {theirs}: that is more than a week apart"
        certain = abs(mine - theirs) > A_MONTH  # how far the newer lags behind is not documented
        yield broken(answer, rule, row.pointer(_DATE), message, _DATE, certain=certain)


_DATE: Final = "processedDateTime"
_KEYS: Mapping[str, str] = {
    "serviceCode": "serviceName",  # the older rows have the code there, too
    "channel": "channel",
    "productName": "productName",
    "workloadName": "workloadName",
}
"""Property of the newer rows → that of the older: together they name a row of a customer."""
_GENERATIONS: Mapping[str, tuple[str, str]] = {
    "LicensesDeployment": ("licensesDeployed", "licensesSold"),
    "LicensesUsage": ("licensesActive", "licensesQualified"),
}
"""Newer resource → what both generations count."""


def _total(answer: JudgedResponse) -> int | None:
    total = answer.members.get(answer.operation.layout.total)
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None


def whole_findings(answer: JudgedResponse, found: list[Any], whole: list[Any]) -> Iterator[Finding]:
    """PI233, PI234 or PI236 of a query whose pages were all read: other rows, or in another order."""
    query = answer.query
    if query is None:
        return
    yield from _order_findings(answer, answer.catalogue.rules["ordered-rows"], found)
    name = "filtered-rows" if query.group is None else "grouped-rows"
    rows = expected_rows(whole, query, answer.operation.options.measures)
    if found == rows:
        return
    measures = {each.name for each in answer.operation.options.measures}
    known = {*answer.catalogue.schema(answer.resource)["properties"], *(query.group or ()), *measures}
    given_rows = (_in_spans(row, query) if isinstance(row, dict) else {} for row in found)
    expected, given = (Counter(_written(row, known) for row in some) for some in (rows, given_rows))
    for wrong, words in ((expected - given, "is missing"), (given - expected, "does not belong here")):
        for row in list(wrong)[:1]:
            rule = answer.catalogue.rules[name]
            message = f"of {sum(expected.values())} rows there are {sum(given.values())}; {row} {words}"
            yield broken(answer, rule, f"/{answer.operation.layout.rows}", message)


def _written(row: Mapping[str, Any], known: Collection[str]) -> str:
    """A row to compare by: what is documented of it, null as absent, numbers however they are spelled."""
    members = {name: _plain(value) for name, value in row.items() if name in known and value is not None}
    return json.dumps(members, sort_keys=True)


def _plain(value: Any) -> Any:
    if not isinstance(value, float) or not isfinite(value):
        return value
    rounded = round(value, 6)
    return int(rounded) if rounded.is_integer() else rounded


def _in_spans(row: Mapping[str, Any], query: Query) -> dict[str, Any]:
    """The row with the grouped dates as the first moments of their spans, in one way of writing."""

    def span(value: Any) -> Any:
        first = bucket(value, query.level)
        return as_moment(first) or first

    return {name: span(each) if name in query.dates else each for name, each in row.items()}


def expected_rows(
    whole: Iterable[Mapping[str, Any]], query: Query, measures: Iterable[Measure]
) -> list[dict[str, Any]]:
    """What a query leaves of all rows, by the documentation: filtered, then grouped."""
    chosen = [dict(row) for row in whole if matches(query.filter, row)]
    if query.group is None:
        return chosen
    sums: dict[tuple[Any, ...], Counter[str]] = {}
    for row in chosen:
        spans = _in_spans(row, query)
        group = sums.setdefault(tuple(spans.get(name) for name in query.group), Counter())
        for measure in measures:
            group[measure.name] += 1 if measure.sums is None else row.get(measure.sums) or 0
    return [
        {**dict(zip(query.group, values, strict=True)), **{each.name: group[each.name] for each in measures}}
        for values, group in sums.items()
    ]
