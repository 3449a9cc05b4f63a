"""Properties no table knows by name get values their schema allows."""

from __future__ import annotations

import re
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from partner_insights.contract import Catalogue
from partner_insights.contract.query.parameters import QueryOptions
from partner_insights.world import World
from partner_insights.world.columns import DictionaryColumn
from partner_insights.world.schema_data.regex_values import Pattern

LAW = settings(max_examples=100)
DAY = date(2026, 11, 22)
Schema = dict[str, Any]


def world_of(properties: Schema, resource: str = "Widget", **others: Schema) -> World:
    schemas = {resource: {"properties": properties}, **others}
    operation = SimpleNamespace(resource=resource, per_customer=True, options=QueryOptions())
    return World(
        SimpleNamespace(
            resources={name: SimpleNamespace(schema=schema) for name, schema in schemas.items()},
            operations={"widget": operation},
        ),
        seed=1,
        customers=12,
        as_of=DAY,
    )


def assert_allowed(values: list[Any], schema: Schema) -> None:
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for value in values:
        validator.validate(value)


texts = st.text(min_size=1, max_size=5)
leaves: st.SearchStrategy[Schema] = st.one_of(
    st.builds(lambda value: {"const": value}, st.one_of(texts, st.integers(), st.none(), st.booleans())),
    st.builds(
        lambda options: {"enum": options},
        st.lists(
            st.one_of(texts, st.integers(), st.lists(st.integers(), max_size=2)), min_size=1, max_size=4
        ),
    ),
    st.builds(
        lambda kind, examples: {"type": kind, "examples": examples},
        st.sampled_from(["string", "number", "boolean", "integer"]),
        st.lists(st.one_of(texts, st.integers(), st.booleans()), max_size=3),
    ),
    st.builds(
        lambda form: {"type": "string", "format": form},
        st.sampled_from(["uuid", "date-time", "date", "email", "uri"]),
    ),
    st.builds(
        lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
        st.integers(0, 20),
        st.integers(0, 9),
    ),
    st.builds(
        lambda kind, low, more: {"type": kind, "minimum": low, "maximum": low + more},
        st.sampled_from(["number", "integer"]),
        st.integers(-50, 50),
        st.integers(0, 500),
    ),
    st.builds(
        lambda low, step: {"type": "number", "minimum": low * step, "multipleOf": step},
        st.integers(-9, 9),
        st.integers(1, 7),
    ),
    st.sampled_from([{"type": ["null", "string"]}, {"type": "boolean"}, {}]),
)
schemas: st.SearchStrategy[Schema] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(
            lambda named: {"type": "object", "properties": named, "required": list(named)},
            st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
        ),
    ),
    max_leaves=4,
)


@LAW
@given(schemas)
def test_values_keep_their_schema(schema: Schema) -> None:
    """Every value of a column made from a schema is valid by that schema, formats asserted."""
    rows = world_of({"thing": schema}).rows("Widget")
    assert len(rows) == 12
    assert_allowed([row["thing"] for row in rows], schema)


@pytest.mark.parametrize(
    ("options", "is_coded"), [(["red", "blue"], True), ([1, 2], False), (["red", None], False)]
)
def test_only_texts_of_a_list_are_kept_by_their_places(options: list[Any], is_coded: bool) -> None:
    """What writes files takes every such column for one of texts, and writes each of them once."""
    world = world_of({"thing": {"enum": options}})
    column = world.columns("Widget")["thing"]
    assert isinstance(column, DictionaryColumn) is is_coded
    assert set(column.tolist()) == set(options)


@pytest.mark.parametrize(("least", "most"), [(None, None), (0, 1), (0, 3), (2, 4), (2, None), (3, 3)])
def test_lists_are_of_every_length_there_may_be(least: int | None, most: int | None) -> None:
    """From the least, or one, to the most, or three, or the least where that is more."""
    bounds = {"minItems": least, "maxItems": most}
    schema = {"type": "array", "items": {"type": "integer"}}
    schema |= {name: bound for name, bound in bounds.items() if bound is not None}
    lengths = {len(row[name]) for row in world_of({"a": schema, "b": schema}).rows("Widget") for name in "ab"}
    longest = min(most if most is not None else 3, max(least or 0, 3))
    assert lengths == set(range(max(least or 0, 1), longest + 1))


@pytest.mark.parametrize(
    "pattern", ["^[a-c]{2}-\\d$", "^[a-c]{2}-\\d", "[a-c]{2}-\\d$", "^a\\$", "a\\$$", "^$"]
)
def test_a_text_of_a_simple_expression_matches_it(pattern: str) -> None:
    """Wherever it is anchored, and where the last sign is none of the end but a dollar."""
    read = Pattern.read(pattern)
    assert read is not None
    assert all(re.search(pattern, read.text(word)) for word in range(20))


@pytest.mark.parametrize(
    ("schema", "wrong"), [({"const": "a"}, "b"), ({"type": "string", "format": "date"}, "x")]
)
def test_a_value_that_breaks_its_schema_is_seen(schema: Schema, wrong: str) -> None:
    """The law above can fail."""
    with pytest.raises(Exception, match=wrong):
        assert_allowed([wrong], schema)


def test_a_reference_is_followed_and_a_circle_cut() -> None:
    """A `$ref` becomes the object it names, with what is written beside it; a circle of them ends."""
    loop = {"properties": {"name": {"type": "string"}, "next": {"$ref": "Loop.schema.json"}}}
    world = world_of(
        {
            "loop": {"$ref": "Loop.schema.json", "properties": {"name": {"const": "mine"}}},
            "gone": {"$ref": "Absent.schema.json"},
        },
        Loop=loop,
    )
    row = world.rows("Widget", 3)[0]
    assert row["loop"]["name"] == "mine"
    assert set(row["loop"]["next"]) == {"name", "next"}
    assert row["gone"] == {}
    depth, inner = 0, row["loop"]
    while inner:
        depth, inner = depth + 1, inner.get("next")
    assert depth == 3


def test_an_unknown_property_of_a_licence_row_is_made_for_each_row() -> None:
    """A property added to a licence resource gets a value in every row, the same in any range."""
    name = "CustomerLicensesUsageInsights"
    properties = {
        "licensesActive": {"type": "number"},
        "colour": {"type": "string", "enum": ["red", "green", "blue"]},
        "attributes": {},
    }
    world = world_of(properties, resource=name)
    rows = world.rows(name)
    assert [list(row) for row in rows] == [list(properties)] * len(rows)
    assert {row["colour"] for row in rows} == {"red", "green", "blue"}
    assert [row for index in range(12) for row in world.rows(name, index)] == rows


def test_columns_leave_attributes_out_and_agree_with_rows() -> None:
    """A column turned into an array or a list reads as the rows do."""
    world = World(Catalogue.load("corrected"), as_of=DAY)
    for name, described in world.catalogue.resources.items():
        if not world.has_rows(name):
            continue
        columns = world.columns(name)
        asked = (each for each in world.catalogue.operations.values() if each.resource == name)
        left_out = {"attributes", *(key for each in asked for key in each.options.only_grouped)}
        assert list(columns) == [key for key in described.schema["properties"] if key not in left_out]
        for key, column in columns.items():
            values = [row[key] for row in world.rows(name)]
            assert column.tolist() == values
            assert np.asarray(column).tolist() == values


def test_a_resource_nobody_knows_is_a_key_error() -> None:
    """Asking for a resource the catalogue lacks says so."""
    with pytest.raises(KeyError, match="Nothing"):
        world_of({}).rows("Nothing")


@pytest.mark.parametrize("form", ["date", "date-time"])
def test_what_begins_is_over_and_what_ends_is_ahead(form: str) -> None:
    """The words of a name say where in time its dates lie: births long ago, ends after the world's day."""
    names = ("birthDate", "createdDate", "startDate", "expiryDate", "contractEndDate")
    rows = world_of({name: {"type": "string", "format": form} for name in names}).rows("Widget")
    birth, *begins, expiry, end = [{str(row[name])[:10] for row in rows} for name in names]
    assert max(birth) < min(min(each) for each in begins)
    assert max(max(each) for each in begins) < DAY.isoformat() < min(expiry | end)


NO_NOTE = r"(?!value-|(Monthly|Requested|Renewed|Standard|Business|Migration|Pilot|Annual|Support|Branch) )"
NAME = r"[^\W\d_][\w'’. -]*"
TEXTS = {
    r"[a-z0-9]+\.[a-z0-9]+@tenant\d+\.example": "email contactMail userPrincipalName",
    r"\+1 425 555 01\d\d": "phone faxNumber",
    rf"{NO_NOTE}{NAME}": "firstName givenName middleName lastName familyName surname city",
    rf"{NO_NOTE}{NAME} {NAME}": "displayName fullName userName contactName",
    rf"{NO_NOTE}.+": "companyName organizationName "
    "endCustomerName partnerName vendorName publisherName company resellerCustomer partner",
    r"[A-Z][\w (),.+-]*[A-Z0-9)][\w (),.+-]*": "productName skuName",
    r"[A-Z][a-z]+( [A-Z][a-z]+)?": "countryName",
    r"[A-Z]{2}": "country nationality",
    r"[$€£¥]": "currencySymbol",
    r"[A-Z]{3}": "currency",
    r"[a-z]{2}-[A-Z]{2}": "culture locale",
    r"[a-z]{2}": "language",
    r"\d{5}": "postalCode zip",
    r"\d+ .+": "addressLine1 street address",
    r"192\.0\.2\.\d+": "ipAddress",
    r"tenant\d+\.example": "domain hostName",
    r"https://tenant\.example/[0-9a-f]{6}": "url pageUri href link",
    r"GET": "httpMethodUsed method",
    r'"[0-9a-f]{8}"': "etag",
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "guid uuid orderId memberIds",
    r"[123]\.\d": "version",
    r"\d{4}": "skuId",
    r"\d+\.\d\d": "price amount",
    r"\d{4}-\d\d-\d\dT.+\+00:00": "someDate someTime datetime timestamp",
    r"WA|CA|NY|TX|Bavaria|Ontario": "region state province",
    r"active|pending|suspended": "status",
    r"\d{8}": "number",
    r"1 Hour|1 GB|1 Month|Licenses": "unit",
    r"[A-Z]\w+ [\w ]+": "description comment notes note reason title text message name",
    r"value-[0-9a-f]{6}": "colour idea",
}
"""What a property's text is like → names of such properties."""


@pytest.mark.parametrize(("pattern", "names"), TEXTS.items())
def test_a_name_says_what_its_texts_are(pattern: str, names: str) -> None:
    """A text that only its name describes is of the kind the words say, and plain where they say none."""
    named = names.split()
    rows = world_of({name: {"type": "string"} for name in named}).rows("Widget")
    wrong = {name: row[name] for row in rows for name in named if not re.fullmatch(pattern, str(row[name]))}
    assert wrong == {}
