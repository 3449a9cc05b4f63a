"""Laws of the quick validators: they pass what is good, and nothing that the one that explains does not."""

from __future__ import annotations

import copy
import json
from datetime import date
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue, Profile
from partner_insights.contract.compiled_schemas import MAX_COMPILED, CompiledSchemas
from partner_insights.contract.query import Query
from partner_insights.contract.schema_errors import SchemaError
from partner_insights.world import World
from partner_insights.world.bodies import response_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema import ValidationError

CATALOGUES = {profile: Catalogue.load(profile) for profile in Profile}
STRICT = CATALOGUES[Profile.STRICT]
OPERATIONS = [each.id for each in STRICT.operations.values() if each.seed]

ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**31, 2**53 + 1, 2**64, 10**400, -0.0, 1e308, 0.5, 1.0, 100.0, 16.430000001]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(
        [
            *("\ud800", "2026-03-10", "2026-02-30", "2026-03-10T00:00:00", "2026-03-10t00:00:00.5"),
            *("2026-03-10T00:00:00Z", "2026-03-10T24:00:00", "2026-03-10T23:59:60Z", "2026-03-10 00:00:00"),
            *("6f1c0d2e-93ab-4e57-8c10-5d2b7a9e4f03", "6f1c0d2e93ab4e578c105d2b7a9e4f03", "reseller"),
        ]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@cache
def good(operation: str) -> Any:
    world = World(STRICT, customers=2, as_of=date(2026, 11, 20))
    promised = STRICT.operations[operation]
    return json.loads(json.dumps(response_body(world, promised, 0 if promised.per_customer else None)))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and a key of it."""
    if isinstance(value, (dict, list)):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


@st.composite
def changed(draw: st.DrawFn, operation: str) -> Any:
    """A good body, one of whose values is another, is missing, or has a neighbour that nobody knows."""
    body = copy.deepcopy(good(operation))
    container, key = draw(st.sampled_from(list(places(body))))
    how = draw(st.sampled_from(["other", "other", "other", "missing", "more"]))
    if how == "missing":
        del container[key]
    elif how == "more" and isinstance(container, dict):
        container["unknown"] = draw(ODD_VALUES)
    else:
        container[key] = draw(ODD_VALUES)
    return body


def is_beyond_the_path(value: object) -> bool:
    """Half a character, or a number that may be rounded when it is read."""
    if isinstance(value, str):
        return "\ud800" in value
    return isinstance(value, int | float) and not -(2**63) < value < 2**64


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_good_answer_is_passed(operation: str) -> None:
    """Else the slow validator would have all the work."""
    for profile in (Profile.CORRECTED, Profile.STRICT):
        assert CATALOGUES[profile].fits(good(operation), CATALOGUES[profile].response_schema(operation))


@settings(max_examples=400)
@given(st.data(), st.sampled_from(OPERATIONS), st.sampled_from(list(Profile)))
def test_what_is_passed_is_valid(data: st.DataObject, operation: str, profile: Profile) -> None:
    """For any change of a good answer; and all that is valid is passed, but for what it cannot hold.

    What is not valid breaks the same keywords, in the same order, for who passes over whatever fits.
    """
    catalogue = CATALOGUES[profile]
    body, schema = data.draw(changed(operation)), catalogue.response_schema(operation)
    valid, passed = catalogue.validator(schema).is_valid(body), catalogue.fits(body, schema)
    assert valid or not passed
    values = [container[key] for container, key in places(body)]
    assert passed or not valid or any(map(is_beyond_the_path, values))
    whole = map(_named, catalogue.validator(schema).iter_errors(body))
    # There each property that is missing is an error; here the keyword is one.
    explained = [found for found, _ in groupby(whole)]
    assert [repr(error) for error in catalogue.errors(body, schema)] == explained


def _named(error: ValidationError) -> str:
    path = tuple(error.absolute_path)
    return repr(SchemaError(path, error.validator, error.validator_value, error.instance, error.schema))


@settings(max_examples=200)
@given(case=st.sampled_from(sorted(STRICT.error_cases)), value=st.data())
def test_what_is_passed_as_an_error_is_one(case: str, value: st.DataObject) -> None:
    """For the bodies of refusals alike."""
    schema = STRICT.error_schema(STRICT.error_cases[case])
    names = sorted(STRICT.schema(STRICT.error_cases[case].body)["properties"])
    body = value.draw(st.dictionaries(st.sampled_from(names), ODD_VALUES))
    assert STRICT.validator(schema).is_valid(body) or not STRICT.fits(body, schema)


@pytest.mark.parametrize(
    "odd",
    [
        {"pattern": "^a$"},
        {"anyOf": [{"type": "string"}]},
        {"type": "string", "format": "email"},
        {"additionalProperties": {"type": "string"}},
        {"properties": {"a": {"items": {"not": {}}}}},
    ],
)
def test_a_schema_that_may_be_read_otherwise_passes_nothing(odd: dict[str, Any]) -> None:
    """Nor does what refers to it."""
    schemas = CompiledSchemas({"Odd": odd})
    assert not schemas.fits("a", odd)
    assert not schemas.fits({"x": "a"}, {"properties": {"x": {"$ref": "Odd.schema.json"}}})
    assert schemas.fits({"x": "a"}, {"properties": {"x": {"type": "string"}}})


def test_the_validators_that_are_remembered_are_bounded() -> None:
    """Each query that groups rows has a schema of its own."""
    operation = next(each for each in STRICT.operations.values() if each.options)
    schemas = CompiledSchemas({name: each.schema for name, each in STRICT.resources.items()})
    for number in range(2 * MAX_COMPILED):
        schema = STRICT.response_schema(operation, Query(group=("productName",) * (number % 3)))
        schemas.fits({}, {**schema, "minLength": number})
    assert len(schemas._compiled) <= MAX_COMPILED
