"""JSON and TOML of any origin: what they say, and of which type it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from partner_insights.documents import json_type, json_value

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
)


@given(VALUES)
def test_a_value_is_valid_by_its_type(value: object) -> None:
    """The type is one of JSON Schema, and the value is of it."""
    Draft202012Validator.check_schema(schema := {"type": json_type(value)})
    Draft202012Validator(schema).validate(value)


@pytest.mark.parametrize(("text", "type_"), [("1", "integer"), ("1.0", "number"), ("true", "boolean")])
def test_a_number_is_as_it_was_written(text: str, type_: str) -> None:
    """A point makes a number of an integer, and a boolean is no number."""
    assert json_type(json_value(text)) == type_
