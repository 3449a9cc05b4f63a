"""Laws of judge and mutants, without a server between: any world's answer passes, any schema mutant fails."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue, Operation, Profile, Standing
from partner_insights.contract.error_bodies import refusal_body
from partner_insights.mutants import MutableResponse, Mutant, RequestContext, mutants
from partner_insights.mutants.http import HTTP
from partner_insights.verify import Exchange, Request, Response, Token, judge_exchange
from partner_insights.verify.judge.violation import pointer_pattern
from partner_insights.world import World
from partner_insights.world.bodies import response_body

CATALOGUES = {profile: Catalogue.load(profile) for profile in (Profile.STRICT, Profile.CORRECTED)}
CATALOGUE = CATALOGUES[Profile.STRICT]
ALL = mutants(CATALOGUE)
SCHEMA = [mutant for mutant in ALL.values() if mutant.kind == "schema"]
GUID = "25b6edd5-1f53-456b-b48c-c64f60ec2dda"
IDS = {"MS-RequestId": GUID, "MS-CorrelationId": GUID, "MS-CV": "c.0", "MS-ServerId": "d"}


def good_exchange(
    seed: int, operation: Operation, *, refused: bool, analytics: bool = False
) -> tuple[Request, MutableResponse]:
    """What a world of this seed answers; without a token, or to a query that is none, a refusal."""
    world = World(CATALOGUE, seed=seed, customers=3, as_of=date(2026, 11, 20))
    customer = 0 if operation.per_customer else None
    request = Request(
        "GET",
        "http://127.0.0.1:8010" + operation.path,
        operation=operation.id,
        customer=None if customer is None else world.customer_id(customer),
        customer_known=None if customer is None else True,
        query=(("top", "no number"),) if analytics else (),
        token=Token.ABSENT if refused and not analytics else Token.USER,
    )
    case = operation.error("invalid-analytics-query" if analytics else "unauthenticated")
    headers = [("Content-Type", CATALOGUE.content_type), *IDS.items()]
    body: Any = response_body(world, operation, customer)
    if refused:
        headers.append(("WWW-Authenticate", "Bearer"))
        body = refusal_body(case)
    return request, MutableResponse(case.status if refused else 200, tuple(headers), b"").with_content(body)


def found(
    request: Request, response: MutableResponse, profile: Profile
) -> set[tuple[str, str, Standing, str]]:
    exchange = Exchange(request, Response(response.status, response.headers, response.body))
    judged = judge_exchange(exchange, CATALOGUES[profile], profile=profile)
    return {
        (violation.code, pointer_pattern(violation.pointer), violation.standing, violation.severity.value)
        for violation in judged
    }


BYTES = [each.id for each in HTTP if set(each.codes.split()) & {"PI306", "PI307", "PI308", "PI309", "PI310"}]


@pytest.mark.parametrize("name", CATALOGUE.operations)
def test_mutants_of_bytes_are_found_in_any_body(name: str) -> None:
    """Whatever its envelope: a body that cannot be read, or not by everyone, is told by the mutant's code."""
    operation = CATALOGUE.operations[name]
    request, good = good_exchange(7, operation, refused=False)
    for each in (ALL[each] for each in BYTES if name in ALL[each].operations):
        mutated = each.apply(good, RequestContext(CATALOGUE, operation))
        codes = {code for code, *_ in found(request, mutated, Profile.STRICT)}
        assert codes & set(each.codes), each.id


@pytest.mark.parametrize("name", [each.id for each in CATALOGUE.operations.values() if each.envelope])
def test_nulls_are_found_in_the_last_row(name: str) -> None:
    """In place of it, or of one of its values: the other rows and the list are as they were."""
    operation = CATALOGUE.operations[name]
    request, good = good_exchange(7, operation, refused=False)
    rows = operation.layout.rows
    last = f"/{rows}/{len(good.content[rows]) - 1}"
    for each in (ALL["null-row"], ALL["null-in-the-last-row"]):
        if name in each.operations:
            mutated = each.apply(good, RequestContext(CATALOGUE, operation))
            exchange = Exchange(request, Response(200, mutated.headers, mutated.body))
            found = judge_exchange(exchange, CATALOGUE, profile=Profile.STRICT)
            assert {one.code for one in found} == {"PI101"}
            places = [one.pointer for one in found]
            assert places
            assert all(one == last or one.startswith(f"{last}/") for one in places)


@settings(max_examples=80)
@given(seed=st.integers(0, 2**32), mutant=st.sampled_from(SCHEMA), choice=st.data())
def test_any_answer_passes_and_any_schema_mutant_of_it_fails(
    seed: int, mutant: Mutant, choice: st.DataObject
) -> None:
    """The mutant's code at the mutant's place, weighed by its standing; nothing of the sound answer."""
    operation = CATALOGUE.operations[choice.draw(st.sampled_from(sorted(mutant.operations)))]
    refused = mutant.resource in ("ErrorResponse", "AnalyticsErrorResponse")
    analytics = mutant.resource == "AnalyticsErrorResponse"
    request, good = good_exchange(seed, operation, refused=refused, analytics=analytics)
    assert found(request, good, Profile.STRICT) == set()
    mutated = mutant.apply(good, RequestContext(CATALOGUE, operation, ordinal=2))
    inside = operation.envelope is not None and mutant.resource == operation.resource
    place = pointer_pattern((f"/{operation.layout.rows}/0" if inside else "") + (mutant.pointer or ""))
    (code,) = mutant.codes
    assert (code, place, mutant.standing, "error") in found(request, mutated, Profile.STRICT)
    lenient = found(request, mutated, Profile.CORRECTED)
    weighed = "error" if mutant.standing is not Standing.ASSUMED or is_certain(mutant) else "warning"
    assert (code, place, mutant.standing, weighed) in lenient
    if weighed == "warning":
        # What breaks a keyword may break a rule, too: a totalCount below zero is no number of items.
        assert {severity for other, *_, severity in lenient if other.startswith("PI1")} == {"warning"}


def is_certain(mutant: Mutant) -> bool:
    """Whether the assumption that a mutant breaks is one that no honest service can break."""
    schema = CATALOGUE.schema(mutant.resource or "")
    for step in (mutant.pointer or "").split("/")[1:]:
        owner, schema = schema, schema["properties"].get(step, {}) if "properties" in schema else {}
    missing = mutant.keyword == "required"
    constraint = CATALOGUE.constraint(
        owner if missing else schema, mutant.keyword or "", step if missing else None
    )
    return CATALOGUE.errata[constraint.erratum or ""].weight.certain
