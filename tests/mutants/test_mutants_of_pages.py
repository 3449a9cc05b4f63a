"""Every mutant of pages is found by the judge, without a server between, at each operation it touches."""

from __future__ import annotations

from datetime import date
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from partner_insights.contract import Catalogue, Operation, Profile
from partner_insights.contract.error_bodies import refusal_body
from partner_insights.contract.query import InvalidQuery, OptionKind, read_query
from partner_insights.contract.query.parameters import FieldType
from partner_insights.mutants import MutableResponse, RequestContext, mutants
from partner_insights.mutants.pages import PAGES
from partner_insights.verify import Exchange, Request, Response, judge_exchange
from partner_insights.verify.judge.judge import judge_generations, judge_whole
from partner_insights.world import World
from partner_insights.world.bodies import response_body
from partner_insights.world.query import query_body

if TYPE_CHECKING:
    from partner_insights.contract.query import QueryOption
    from partner_insights.mutants import Mutant
    from partner_insights.mutants.mutant import Pairs

CATALOGUE = Catalogue.load("strict")
MUTANTS = mutants(CATALOGUE)
WORLD = World(CATALOGUE, seed=3, customers=12, as_of=date(2026, 11, 20))
GUID = "25b6edd5-1f53-456b-b48c-c64f60ec2dda"
IDS = {"MS-RequestId": GUID, "MS-CorrelationId": GUID, "MS-CV": "c.0", "MS-ServerId": "d"}
HEADERS = (("Content-Type", CATALOGUE.content_type), *IDS.items())
TOUCHED = [(each.id, operation) for each in PAGES for operation in sorted(MUTANTS[each.id].operations)]
PARTIAL = ("top", "skip", "processedDateTime")
"""Parameters that leave rows which are not among all."""
PAGED = sorted(each.id for each in CATALOGUE.operations.values() if each.options)


@cache
def queries(name: str) -> list[Pairs]:
    """All rows, pages of them, a filter that precedence and case matter for, groups, and too much."""
    operation = CATALOGUE.operations[name]
    by_kind = {each.kind: each for each in operation.options}
    rows = operation.layout.rows_of(query_body(WORLD, operation, read_query(operation.options, ()))) or []
    field, value = next(
        (each.name, rows[0][each.property])
        for each in by_kind[OptionKind.FILTER].fields.values()
        if isinstance(rows[0][each.property], str) and rows[0][each.property].isascii() and not each.exact
        and len({row[each.property] for row in rows}) > 1 and "eq" in each.operators
    )  # fmt: skip
    chosen = ("filter", f"{field} eq '{value.swapcase()}' or {field} eq 'x' and {field} eq 'x'")
    group, level = by_kind[OptionKind.GROUP], by_kind.get(OptionKind.LEVEL)
    dates = [each for each, rule in group.fields.items() if rule.type is FieldType.DATE]
    by_month = [] if level is None else [((group.name, day), (level.name, "month")) for day in dates]
    named = [
        ((each.name, str(rows[0][each.name])),) for each in operation.options if each.kind is OptionKind.FIELD
    ]
    return [
        *by_month,
        *ordered(operation, rows),
        *named[:3],
        *([(("processedDateTime", "2026-11-10"),)] if OptionKind.SNAPSHOT in by_kind else []),
        (),
        (("top", "2"),),
        (("top", "2"), ("skip", "2")),
        (chosen,),
        (chosen, (group.name, field)),
        (shared_by_rows(by_kind[OptionKind.FILTER], rows), ("top", "1")),
        ((group.name, field), ("top", "1")),
        (("top", "10001"),),
    ]


def shared_by_rows(option: QueryOption, rows: list[Any]) -> tuple[str, str]:
    """A filter that more than one row passes."""
    texts = [
        each for each in option.fields.values() if each.type is FieldType.TEXT and "eq" in each.operators
    ]
    values = ((each.name, each.property, row[each.property]) for row in rows for each in texts)
    return next(
        (option.name, f"{name} eq '{value}'")
        for name, prop, value in values
        if sum(row[prop] == value for row in rows) > 1
    )


def ordered(operation: Operation, rows: list[Any]) -> list[Pairs]:
    """By each field that rows differ in, upwards and downwards; by one within another that repeats."""
    option = operation.options.of(OptionKind.ORDER)
    names = () if option is None else tuple(option.fields)
    telling = [name for name in names if len({str(row.get(name)) for row in rows}) > 1]
    within = (
        f"{one},{two} desc"
        for one in telling
        for two in telling
        if two.endswith(("Date", "Count")) and 1 < _values(rows, one) < _values(rows, one, two)
    )
    texts = [*(f"{name}{way}" for name in telling for way in ("", " desc")), *islice(within, 3)]
    return [(("orderby", text),) for text in texts]


def _values(rows: list[Any], *names: str) -> int:
    return len({tuple(str(row.get(name)) for name in names) for row in rows})


@cache
def honest(name: str, pairs: Pairs) -> MutableResponse:
    """What a service without a fault answers."""
    operation = CATALOGUE.operations[name]
    try:
        content: Any = query_body(WORLD, operation, read_query(operation.options, pairs))
        status = 200
    except InvalidQuery:
        refused = operation.error("invalid-analytics-query")
        content, status = refusal_body(refused), refused.status
    return MutableResponse(status, HEADERS, b"").with_content(content)


def answered(operation: Operation, pairs: Pairs, mutant: Mutant | None) -> Exchange:
    """What a service with this fault answers."""
    taken = pairs if mutant is None or mutant.misread is None else mutant.misread(pairs, operation)
    response = honest(operation.id, taken)
    if mutant is not None:
        response = mutant.apply(response, RequestContext(CATALOGUE, operation, query=pairs))
    request = Request("GET", f"http://127.0.0.1{operation.path}", operation=operation.id, query=pairs)
    return Exchange(request, Response(response.status, response.headers, response.body))


def rows_of(operation: Operation, exchange: Exchange) -> list[Any]:
    return operation.layout.rows_of(MutableResponse(200, (), exchange.response.body).content) or []


def found(operation: Operation, mutant: Mutant | None) -> set[str]:
    """The codes of all that is found in the answers, each page for itself, together, and beside the older."""
    judged = []
    whole = rows_of(operation, answered(operation, (), mutant))
    for pairs in queries(operation.id):
        exchange = answered(operation, pairs, mutant)
        judged += judge_exchange(exchange, CATALOGUE, profile=Profile.STRICT)
        if exchange.response.status == 200 and not any(name in PARTIAL for name, _ in pairs):
            rows = rows_of(operation, exchange)
            judged += judge_whole(exchange, rows, whole, CATALOGUE, profile=Profile.STRICT)
    if operation.resource in CATALOGUE.rules["generations-agree"].resources:
        customer, older = WORLD.customer_id(5), f"customer-{operation.id.removesuffix('-analytics')}"
        pairs = (("filter", f"customerTenantId eq '{customer}'"),)
        before = MutableResponse(200, HEADERS, b"").with_content(
            response_body(WORLD, CATALOGUE.operations[older], 5)
        )
        asked = Request("GET", "http://127.0.0.1/", operation=older, customer=customer, customer_known=True)
        judged += judge_generations(
            answered(operation, pairs, mutant),
            Exchange(asked, Response(200, HEADERS, before.body)),
            CATALOGUE,
            profile=Profile.STRICT,
        )
    return {each.code for each in judged}


@pytest.mark.parametrize("operation", PAGED)
def test_answers_that_nothing_was_done_to_are_kept(operation: str) -> None:
    """Without a mutant nothing is found: no kill below is a false alarm."""
    assert found(CATALOGUE.operations[operation], None) == set()


@pytest.mark.parametrize(("name", "operation"), TOUCHED)
def test_a_mutant_of_pages_is_found(name: str, operation: str) -> None:
    """By one of the codes that are right for it."""
    assert found(CATALOGUE.operations[operation], MUTANTS[name]) & set(MUTANTS[name].codes)
