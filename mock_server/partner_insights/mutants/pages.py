"""Mutants of pages: the total, the link, and queries that are taken for others."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

from partner_insights.contract.query import (
    InvalidQuery,
    OptionKind,
    matches,
    parse_filter,
    read_query,
    render,
)
from partner_insights.mutants.dates import day_before, of_dates
from partner_insights.mutants.mutant import (
    ASSUMED,
    DOCUMENTED,
    Behaviour,
    BehaviourTable,
    Pairs,
    RequestContext,
)
from partner_insights.mutants.operation_groups import has_generations, paged, with_option
from partner_insights.mutants.response_edits import DATE, Row, in_clear_text, of_body, of_first

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partner_insights.contract import Operation
    from partner_insights.contract.query import QueryOption
    from partner_insights.mutants.mutant import Misread

PAGES: Final = BehaviourTable()
mutant = PAGES.mutant


def _layout(request: RequestContext) -> tuple[str, str, str]:
    operation = request.operation
    assert operation is not None  # noqa: S101 - these mutants are of paged operations alone
    return operation.layout.rows, operation.layout.total, operation.layout.next_link or ""


@mutant("PI231 PI232", DOCUMENTED, of_body, paged)
def total_one_more(body: Any, request: RequestContext) -> Any:
    """TotalCount is one more than there are rows."""
    _, total, _ = _layout(request)
    return {**body, total: body[total] + 1}


@mutant("PI231 PI232", DOCUMENTED, of_body, paged)
def total_of_the_page(body: Any, request: RequestContext) -> Any:
    """TotalCount is the number of rows of the page."""
    rows, total, _ = _layout(request)
    return {**body, total: len(body[rows])} if body[total] != len(body[rows]) else None


@mutant("PI232", DOCUMENTED, of_body, paged)
def link_on_the_last_page(body: Any, request: RequestContext) -> Any:
    """The last page has a link to another."""
    _, _, link = _layout(request)
    return {**body, link: "license?skip=10000"} if body[link] is None else None


@mutant("PI232", DOCUMENTED, of_body, paged)
def no_link(body: Any, request: RequestContext) -> Any:
    """No page has a link to the next."""
    _, _, link = _layout(request)
    return {**body, link: None} if body[link] is not None else None


@mutant("PI232", DOCUMENTED, of_body, paged)
def link_without_the_query(body: Any, request: RequestContext) -> Any:
    """The link to the next page forgets how many rows to skip."""
    _, _, link = _layout(request)
    return {**body, link: body[link].partition("?")[0]} if body[link] is not None else None


@mutant("PI221", ASSUMED, of_body, paged)
def next_link_to_another_host(body: Any, request: RequestContext) -> Any:
    """The link behind the rows of a page leads to another host."""
    return _linked(body, request, "https://elsewhere.example/v1/license")


@mutant("PI221", ASSUMED, of_body, paged)
def next_link_in_clear_text(body: Any, request: RequestContext) -> Any:
    """The link behind the rows of a page leads to the documented host, without TLS."""
    return _linked(body, request, f"{in_clear_text(request)}/v1/license")


@mutant("PI221", ASSUMED, of_body, paged)
def next_link_to_another_resource(body: Any, request: RequestContext) -> Any:
    """The link behind the rows of a page leads to the customers."""
    return _linked(body, request, "/v1/customers")


def _linked(body: Any, request: RequestContext, target: str) -> Any:
    """The page with its link leading there, by the same query; None where it has no link."""
    _, _, link = _layout(request)
    query = (body[link] or "").partition("?")[2]
    return None if body[link] is None else {**body, link: f"{target}?{query}"}


def _link_without(kind: OptionKind) -> Any:
    """The link to the next page without a parameter of the query."""

    def change(body: Any, request: RequestContext) -> Any:
        _, _, name = _layout(request)
        path, _, query = (body[name] or "").partition("?")
        operation = request.operation
        pairs = parse_qsl(query, keep_blank_values=True)
        kept = [pair for pair in pairs if operation is None or _kind(operation, pair[0]) is not kind]
        return {**body, name: f"{path}?{urlencode(kept)}"} if len(kept) < len(pairs) else None

    return of_body(change)


@mutant("PI231 PI233", DOCUMENTED, of_body, paged)
def repeated_row_of_a_page(body: Any, request: RequestContext) -> Any:
    """The last row of a page comes twice."""
    rows, _, _ = _layout(request)
    return {**body, rows: [*body[rows], body[rows][-1]]} if body[rows] else None


@mutant("PI231 PI233", ASSUMED, of_body, paged)
def exact_values(body: Any, request: RequestContext) -> Any:
    """A filter compares values with regard to case (S-07)."""
    operation = request.operation
    option = None if operation is None else operation.options.of(OptionKind.FILTER)
    kinds = {} if operation is None else {_kind(operation, name): text for name, text in request.query}
    if operation is None or option is None or OptionKind.FILTER not in kinds or OptionKind.GROUP in kinds:
        return None
    try:
        wanted = parse_filter(kinds[OptionKind.FILTER], option, exact=True)
    except InvalidQuery:
        return None
    rows = operation.layout.rows_of(body) or []
    return operation.layout.with_rows(body, [row for row in rows if matches(wanted, row)])


@mutant("PI235", ASSUMED, of_first, has_generations)
def other_licenses(row: Row, _: RequestContext) -> Row:
    """The newer analytics count one licence more than the older."""
    name = next(name for name in ("licensesSold", "licensesQualified") if name in row)
    return {**row, name: row[name] + 1}


@mutant("PI235", ASSUMED, of_dates, has_generations)
def newer_rows_weeks_behind(text: str) -> str:
    """The newer analytics stand still for weeks, while the older go on."""
    return f"{date.fromisoformat(text[:10]) - timedelta(days=40)}{text[10:]}"


def _without(kind: OptionKind, beside: OptionKind | None = None) -> Misread:
    def misread(pairs: Pairs, operation: Operation) -> Pairs:
        kinds = {_kind(operation, name) for name, _ in pairs}
        if beside is not None and beside not in kinds:
            return pairs
        return tuple((name, text) for name, text in pairs if _kind(operation, name) is not kind)

    return misread


def _kind(operation: Operation, name: str) -> OptionKind | None:
    option = operation.options.named(name)
    return None if option is None else option.kind


def _edited(kind: OptionKind, edit: Callable[[str, QueryOption], str]) -> Misread:
    """Each parameter of a kind with another text."""

    def misread(pairs: Pairs, operation: Operation) -> Pairs:
        options = [operation.options.named(name) for name, _ in pairs]
        return tuple(
            (name, edit(text, option) if option is not None and option.kind is kind else text)
            for (name, text), option in zip(pairs, options, strict=True)
        )

    return misread


def _reordered(directions: Mapping[str, str]) -> Misread:
    """Each field of `orderby` in another direction."""

    def other(entry: str) -> str:
        name, _, direction = entry.strip().partition(" ")
        return f"{name} {directions.get(direction, direction)}".strip()

    return _edited(OptionKind.ORDER, lambda text, _: ",".join(map(other, text.split(","))))


@mutant("PI237", ASSUMED, of_body, with_option(OptionKind.SNAPSHOT))
def rows_of_the_day_before(body: Any, request: RequestContext) -> Any:
    """Asked for the rows of a day, the service has those of the day before."""
    operation = request.operation
    if operation is None or OptionKind.SNAPSHOT not in {_kind(operation, name) for name, _ in request.query}:
        return None
    rows = operation.layout.rows_of(body) or []
    return operation.layout.with_rows(body, [{**row, DATE: day_before(row[DATE])} for row in rows])


def _first_field(text: str, _: QueryOption) -> str:
    return text.partition(",")[0]


def _or_before_and(text: str, option: QueryOption) -> str:
    """`a or b and c` as `(a or b) and c`."""
    try:
        return render(parse_filter(text, option, binds={"or": 2, "and": 1}), option)
    except InvalidQuery:
        return text


def _clamped(pairs: Pairs, operation: Operation) -> Pairs:
    """A `top` above the limit as the limit."""
    top = operation.options.of(OptionKind.TOP)
    if top is None or top.maximum is None:
        return pairs
    try:
        read_query(operation.options, pairs)
    except InvalidQuery as invalid:
        if invalid.parameter == top.name:
            return tuple((name, str(top.maximum) if name == top.name else text) for name, text in pairs)
    return pairs


PAGES.extend(
    (
        Behaviour("link-without-the-filter", "the link to the next page has no filter", "PI232", DOCUMENTED,
                  _link_without(OptionKind.FILTER), paged),
        Behaviour("link-without-the-groups", "the link to the next page groups nothing", "PI232", DOCUMENTED,
                  _link_without(OptionKind.GROUP), paged),
        Behaviour("ignores-filter", "the filter is ignored", "PI233", DOCUMENTED, on=paged,
                  misread=_without(OptionKind.FILTER)),
        Behaviour("groups-before-filter", "grouping ignores the filter", "PI234", DOCUMENTED, on=paged,
                  misread=_without(OptionKind.FILTER, OptionKind.GROUP)),
        Behaviour("ignores-level", "aggregationLevel is ignored", "PI234", DOCUMENTED,
                  on=with_option(OptionKind.LEVEL), misread=_without(OptionKind.LEVEL)),
        Behaviour("ignores-order", "orderby is ignored", "PI236", DOCUMENTED,
                  on=with_option(OptionKind.ORDER), misread=_without(OptionKind.ORDER)),
        Behaviour("only-upwards", "orderby sorts upwards, whatever it says", "PI236", DOCUMENTED,
                  on=with_option(OptionKind.ORDER), misread=_reordered({"desc": "asc"})),
        Behaviour("upside-down", "orderby sorts downwards by default", "PI236", DOCUMENTED,
                  on=with_option(OptionKind.ORDER), misread=_reordered({"": "desc"})),
        Behaviour("by-the-first-field", "orderby sorts by its first field alone", "PI236", DOCUMENTED,
                  on=with_option(OptionKind.ORDER), misread=_edited(OptionKind.ORDER, _first_field)),
        Behaviour("ignores-the-day", "processedDateTime is ignored", "PI237", ASSUMED,
                  on=with_option(OptionKind.SNAPSHOT), misread=_without(OptionKind.SNAPSHOT)),
        Behaviour("ignores-named-fields", "a field that is a parameter is ignored", "PI233", DOCUMENTED,
                  on=with_option(OptionKind.FIELD), misread=_without(OptionKind.FIELD)),
        Behaviour("or-before-and", "or binds tighter than and", "PI233", DOCUMENTED, on=paged,
                  misread=_edited(OptionKind.FILTER, _or_before_and)),
        Behaviour("ignores-skip", "skip is ignored", "PI231 PI232 PI233", DOCUMENTED, on=paged,
                  misread=_without(OptionKind.SKIP)),
        Behaviour("clamps-top", "a page size above the limit is cut", "PI301", DOCUMENTED, on=paged,
                  misread=_clamped),
    )
)  # fmt: skip
