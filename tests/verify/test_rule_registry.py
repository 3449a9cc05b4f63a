"""The registry of rules: what its fast checks let through, the judge has nothing against."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest

from partner_insights.contract import Catalogue, Profile
from partner_insights.mutants import MutableResponse, Mutant, RequestContext, mutants
from partner_insights.verify import Exchange, Request, Response, judge_exchange
from partner_insights.verify.judge import rule_registry
from partner_insights.verify.judge.fast_checks import FastCheck
from partner_insights.verify.judge.rule_registry import RULES, AnswerRule
from partner_insights.verify.recordings.fast_path import FastPath
from partner_insights.world import World
from partner_insights.world.bodies import response_body

CATALOGUE = Catalogue.load(Profile.STRICT)
CODES = {CATALOGUE.rules[name].code for name, rule in RULES.items() if isinstance(rule, AnswerRule)}
CHOSEN = [mutant for mutant in mutants(CATALOGUE).values() if CODES.issuperset(mutant.codes)]
CASES = [(mutant, operation) for mutant in CHOSEN for operation in sorted(mutant.operations)]


@cache
def valid(operation: str) -> tuple[Exchange, MutableResponse]:
    """What a world answers, as an exchange and as a response to mutate."""
    promised = CATALOGUE.operations[operation]
    world = World(CATALOGUE, seed=7, customers=9, as_of=date(2026, 11, 20))
    customer = 0 if promised.per_customer else None
    ids = dict.fromkeys(CATALOGUE.common_headers, "a")
    headers = (("Content-Type", CATALOGUE.content_type), *ids.items())
    response = MutableResponse(200, headers, b"").with_content(response_body(world, promised, customer))
    request = Request(
        "GET",
        promised.path,
        operation=operation,
        customer=None if customer is None else world.customer_id(customer),
        customer_known=True,
    )
    return Exchange(request, Response(200, headers, response.body)), response


def let_through(mutant: Mutant, operation: str, path: FastPath) -> bool:
    """Whether a mutated answer passes as `check` looks at an exchange: fast, then by its request's rules."""
    exchange, response = valid(operation)
    context = RequestContext(CATALOGUE, CATALOGUE.operations[operation], customer=exchange.request.customer)
    mutated = mutant.apply(response, context)
    if mutated.body == response.body:
        pytest.skip("there is nothing to mutate in this answer")
    clean = path.valid_operation(mutated.body) == operation
    assert exchange.response is not None
    changed = replace(exchange, response=replace(exchange.response, body=mutated.body))
    found = judge_exchange(changed, CATALOGUE, profile=Profile.STRICT, clean=clean)
    return clean and not {each.code for each in found} & set(mutant.codes)


@pytest.mark.parametrize("known", [False, True], ids=["unknown layout", "known layout"])
@pytest.mark.parametrize(("mutant", "operation"), CASES, ids=[f"{m.id}-{o}" for m, o in CASES])
def test_no_mutant_of_a_rule_passes(mutant: Mutant, operation: str, known: bool) -> None:
    """For every mutant whose codes are rules about one answer and every operation of it."""
    path = FastPath(CATALOGUE)
    if known:
        path.valid_operation(valid(operation)[1].body)
    assert not let_through(mutant, operation, path)


def test_every_rule_has_such_a_mutant() -> None:
    """No rule about one answer is left out of the test above."""
    assert {code for mutant in CHOSEN for code in mutant.codes} == CODES


FAULTY: dict[str, Any] = {
    "unique-rows": "duplicated-row",
    "percent-of-counts": "inconsistent-percent",
    "utc": "date-time-not-in-utc",
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_fast_check_that_says_yes_to_everything_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """With such checks of the rule and its neighbours, a mutant of the rule does pass."""
    lenient = {
        rule: replace(each, fast=lambda _: FastCheck((), lambda _: True))
        if isinstance(each, AnswerRule)
        else each
        for rule, each in RULES.items()
    }
    monkeypatch.setattr(rule_registry, "RULES", lenient)
    operation = "customer-licenses-usage"
    assert let_through(mutants(CATALOGUE)[FAULTY[name]], operation, FastPath(CATALOGUE))
