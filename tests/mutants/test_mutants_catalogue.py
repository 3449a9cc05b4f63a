"""Laws of the mutants: each breaks what it says and nothing else, always in the same way."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue
from partner_insights.mutants import (
    MutableResponse,
    Mutant,
    RequestContext,
    mutants,
    sample,
    single_fault_rows,
)
from partner_insights.mutants.catalogue import BEHAVIOURS
from partner_insights.mutants.invalid_values import BREAKS
from partner_insights.mutants.schema_locations import (
    ANNOTATIONS,
    APPLICATORS,
    IMPOSSIBLE,
    SchemaLocation,
    edit_at,
    schema_locations,
    why_impossible,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CATALOGUE = Catalogue.load("strict")
MUTANTS = mutants(CATALOGUE)
SCHEMA = [mutant for mutant in MUTANTS.values() if mutant.kind == "schema"]
WIRE_ONLY = {
    "PI108",  # no derived schema has an enum
    "PI111",  # nor a pattern
    "PI112",  # nor a bound that is itself excluded
    "PI113",
    "PI114",  # nor null beside a resource
    "PI322",  # nor is a connection that is closed in place of one
    "PI323",  # nor an answer that the next one differs from
    "PI315",  # no response at all is no invalid response: the fake's connection faults give it
}
"""Codes that no mutant can raise."""


def errors(schema: Mapping[str, Any], value: Any) -> list[tuple[str, str]]:
    """Keyword and pointer of each broken keyword; a missing property is pointed at where it should be."""
    found = []
    for error in CATALOGUE.validator(schema).iter_errors(value):
        pointer = "".join(f"/{step}" for step in error.absolute_path)
        if error.validator == "required":
            found += [
                ("required", f"{pointer}/{name}")
                for name in error.validator_value
                if name not in error.instance
            ]
        else:
            found.append((str(error.validator), pointer))
    return found


def test_a_sample_is_valid() -> None:
    """What mutants corrupt keeps every keyword, and has every property there is."""
    for resource, derived in CATALOGUE.resources.items():
        value = sample(CATALOGUE, resource)
        assert errors(derived.schema, value) == []
        assert value.keys() == derived.schema["properties"].keys()


@pytest.mark.parametrize("resource", sorted(CATALOGUE.resources))
def test_a_schema_mutant_breaks_its_keyword_alone(resource: str) -> None:
    """For every mutant of a resource: one error, its keyword, at its pointer; the sound one untouched."""
    schema, sound = CATALOGUE.schema(resource), sample(CATALOGUE, resource)
    before = copy.deepcopy(sound)
    rows = list(single_fault_rows(CATALOGUE, resource, sound))
    assert rows
    for row in rows:
        assert errors(schema, row.value) == [(row.mutant.keyword, row.mutant.pointer)], row.mutant.id
    assert sound == before


def test_a_second_fault_is_seen() -> None:
    """The check above can fail: a value with two faults has two errors."""
    broken = [row for row in single_fault_rows(CATALOGUE, "ErrorResponse") if row.mutant.pointer == "/code"]
    assert {row.mutant.keyword for row in broken} == {"type", "required"}
    twice = {**broken[0].value, "source": 1}
    assert len(errors(CATALOGUE.schema("ErrorResponse"), twice)) == 2


def keywords_of(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Every keyword a value can break, found without the mutants' own walk; references are not followed."""
    for keyword, stated in schema.items():
        if keyword == "required":
            yield from (f"{path}.{name}:required" for name in stated)
        elif keyword == "properties":
            for name, member in stated.items():
                yield from keywords_of(member, f"{path}.{name}")
        elif keyword == "items":
            yield from keywords_of(stated, f"{path}[]")
        elif keyword not in ANNOTATIONS | APPLICATORS:
            yield f"{path}:{keyword}"


WITHOUT_MUTANT = [
    (location, known)
    for resource in CATALOGUE.resources
    for location in schema_locations(CATALOGUE, resource)
    if (known := why_impossible(location)) is not None
]


def test_every_keyword_of_every_schema_has_a_mutant_or_a_reason() -> None:
    """None is forgotten, wherever it stands."""
    for resource, derived in CATALOGUE.resources.items():
        listed = {location.id for location in schema_locations(CATALOGUE, resource)}
        mutated = {row.mutant.id for row in single_fault_rows(CATALOGUE, resource)}
        reasons = {location.id for location, _ in WITHOUT_MUTANT}
        stated = {f"{resource}{rest}" for rest in keywords_of(derived.schema)}
        assert stated
        assert stated <= listed
        assert listed == mutated | (listed & reasons)
        assert not mutated & reasons


def test_every_mutant_of_a_body_is_in_the_catalogue() -> None:
    """The fake and the fixtures have the same mutants of a body."""
    bodies = {mutant.resource for mutant in SCHEMA}
    assert {"Collection", "ErrorResponse", "ThrottledResponse", "Customer", "CustomerCollection"} <= bodies
    for resource in bodies:
        assert resource is not None
        assert {row.mutant.id for row in single_fault_rows(CATALOGUE, resource)} <= MUTANTS.keys()


ANYTHING: list[Any] = [None, True, 0, -1, 1.5, 2**31, -(2**31) - 1, 2**70, "", "text", [], {}, [1], {"a": 1}]


@pytest.mark.parametrize("location", [each for each, _ in WITHOUT_MUTANT], ids=lambda each: each.id)
def test_what_is_called_impossible_is(location: SchemaLocation) -> None:
    """Whatever value stands there, never is that keyword broken alone."""
    schema, sound = CATALOGUE.schema(location.resource), sample(CATALOGUE, location.resource)
    alone = [(location.keyword, location.pointer)]
    for value in ANYTHING:
        assert errors(schema, edit_at(CATALOGUE, location, sound, lambda _, value=value: value)) != alone


def test_every_reason_is_of_use() -> None:
    """No entry of the set outlives what it excuses."""
    assert {known for _, known in WITHOUT_MUTANT} == set(IMPOSSIBLE.values())
    possible = next(each for each in schema_locations(CATALOGUE, "Link") if each.keyword == "type")
    assert why_impossible(possible) is None


def test_every_keyword_with_a_code_can_be_broken() -> None:
    """The table of ways to break a keyword is complete."""
    coded = {code.keyword for code in CATALOGUE.codes.values() if code.keyword is not None}
    assert coded == BREAKS.keys() | {"required"}


@pytest.mark.parametrize(
    ("keyword", "schema", "sound"),
    [
        ("enum", {"type": "string", "enum": ["a", "b"]}, "a"),
        ("pattern", {"type": "string", "pattern": "^[a-z]+$"}, "abc"),
        ("minLength", {"type": "string", "minLength": 3}, "abc"),
        ("type", {"type": ["string", "null"]}, "abc"),
        ("type", {"type": ["number", "null"], "minimum": 3}, 5),
        ("type", {"type": "boolean"}, True),
        ("type", {"type": "array", "items": {"type": "string"}}, ["a"]),
        ("const", {"const": 5}, 5),
        ("format", {"type": "string", "format": "date"}, "2017-03-10"),
    ],
)
def test_keywords_of_other_tables_can_be_broken_too(keyword: str, schema: dict[str, Any], sound: Any) -> None:
    """Also those that no derived schema of ours uses, alone as well."""
    assert errors(schema, sound) == []
    assert errors(schema, BREAKS[keyword](sound, schema)) == [(keyword, "")]


def test_every_mutant_is_described() -> None:
    """An id, a line for people, operations there are, and codes that there are."""
    for name, mutant in MUTANTS.items():
        assert name == mutant.id
        assert mutant.title
        assert "\n" not in mutant.title
        assert mutant.operations
        assert mutant.operations <= CATALOGUE.operations.keys()
        assert mutant.codes
        assert set(mutant.codes) <= CATALOGUE.codes.keys()
        assert mutant.admits <= CATALOGUE.error_cases.keys()
    assert len({mutant.title for mutant in MUTANTS.values()}) == len(MUTANTS)
    assert len(MUTANTS) == len(SCHEMA) + len(BEHAVIOURS)  # no id twice


def test_every_code_has_a_mutant() -> None:
    """The catalogue of wrongs is as wide as the catalogue of codes."""
    covered = {code for mutant in MUTANTS.values() for code in mutant.codes}
    assert covered | WIRE_ONLY == CATALOGUE.codes.keys()
    assert not covered & WIRE_ONLY


def good_answer(operation: str) -> MutableResponse:
    promised = CATALOGUE.operations[operation]
    rows = [sample(CATALOGUE, promised.resource), sample(CATALOGUE, promised.resource)]
    body: Any = rows[0]
    if promised.envelope is not None:
        body = promised.layout.with_rows(sample(CATALOGUE, promised.envelope), rows)
    headers = (("Content-Type", CATALOGUE.content_type), *((name, "x") for name in CATALOGUE.common_headers))
    return MutableResponse(200, headers, json.dumps(body).encode())


@settings(max_examples=400)
@given(
    mutant=st.sampled_from(list(MUTANTS.values())),
    operation=st.sampled_from(list(CATALOGUE.operations)),
    method=st.sampled_from(["GET", "HEAD", "OPTIONS"]),
    ordinal=st.integers(0, 50),
    refused=st.booleans(),
)
def test_a_mutant_is_pure(mutant: Mutant, operation: str, method: str, ordinal: int, refused: bool) -> None:
    """It changes equal responses to equal requests in the same way, and leaves others alone."""
    good = good_answer(operation)
    if refused:
        good = MutableResponse(404, good.headers, json.dumps(sample(CATALOGUE, "ErrorResponse")).encode())
    request = RequestContext(CATALOGUE, CATALOGUE.operations[operation], method, None, ordinal)
    mutated = mutant.apply(good, request)
    assert mutated == mutant.apply(good, request)
    if operation not in mutant.operations:
        assert mutated == good
    if method == "GET" and not refused and mutant.kind == "schema" and operation in mutant.operations:
        expected = mutant.resource not in {"ErrorResponse", "ThrottledResponse", "AnalyticsErrorResponse"}
        throttled = mutant.resource == "ThrottledResponse" and mutated.status == 429
        assert (mutated != good) == (expected or throttled)


def test_an_unusual_answer_leaves_a_mutant_unharmed() -> None:
    """Empty collections and empty bodies have nothing to corrupt, and nothing breaks over them."""
    for name in CATALOGUE.operations:
        promised = CATALOGUE.operations[name]
        if promised.envelope is None:
            continue
        empty = good_answer(name).with_content(
            promised.layout.with_rows(sample(CATALOGUE, promised.envelope), [])
        )
        for mutant in MUTANTS.values():
            mutant.apply(empty, RequestContext(CATALOGUE, promised))
