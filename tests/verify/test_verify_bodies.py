"""Laws of reading bodies: no bytes crash the reader, JSON comes through, and nothing odd passes unseen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partner_insights.verify.judge.json_body import BOM, MAX_DEPTH, MAX_VALUES, read_body
from partner_insights.verify.judge.violation import pointer_pattern, printable, shortened

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(content: bytes) -> None:
    """Any bytes give a body that is readable, or a defect that says why not."""
    body = read_body(content)
    assert body.readable or body.defects
    assert all(defect.message.isprintable() for defect in body.defects)


@given(json_values, st.booleans())
def test_json_comes_through(value: Any, bom: bool) -> None:
    """A JSON text gives its value, with and without a byte order mark."""
    body = read_body(BOM * bom + json.dumps(value).encode())
    assert (body.readable, body.value, body.bom, body.defects) == (True, value, bom, ())


@given(json_values.map(json.dumps).filter(lambda text: text[:1] in '{["'), st.data())
def test_a_truncated_text_is_named_with_its_end(text: str, data: st.DataObject) -> None:
    """A text cut anywhere is no JSON, and the message says at which byte it ends."""
    cut = data.draw(st.integers(1, len(text) - 1))
    (defect,) = read_body(text[:cut].encode()).defects
    assert defect.code == "PI307"
    assert f"ends at byte {len(text[:cut].rstrip())}" in defect.message or "at byte" in defect.message


@given(json_values.map(json.dumps), st.integers(0, 6))
def test_twice_named_members_are_found_where_they_are(inner: str, depth: int) -> None:
    """PI309, with its pointer, at any depth."""
    text = '{"a": ' * depth + f'{{"b": 1, "b": {inner}}}' + "}" * depth
    found = [(defect.code, defect.pointer) for defect in read_body(text.encode()).defects]
    assert found == [("PI309", "/a" * depth + "/b")]


@given(st.text())
def test_what_a_message_shows_is_printable_and_short(text: str) -> None:
    """No control character, no lone surrogate and no novel reaches a terminal."""
    assert printable(text).isprintable()
    assert len(shortened(text)) <= 80
    shortened(text).encode()


@pytest.mark.parametrize("number", ["1e999", "-1E+400", "9" * 309, "-" + "9" * 10_000])
def test_a_number_that_becomes_infinity_is_none(number: str) -> None:
    """PI310, at its place; whoever reads it as 64 bits has lost it."""
    found = [(each.code, each.pointer) for each in read_body(f'{{"a": [0, {number}]}}'.encode()).defects]
    assert found == [("PI310", "/a/1")]


def test_a_large_number_is_a_number() -> None:
    """As long as it has a float of 64 bits."""
    assert read_body(b"1e308").value == 1e308
    assert read_body(b"9" * 308).value == 10**308 - 1


@given(st.integers())
@example(2**70 + 1)
def test_whole_numbers_keep_every_digit(number: int) -> None:
    """A whole number of any size is itself, not the nearest float."""
    assert read_body(f'{{"n":{number}}}'.encode()).value == {"n": number}


def test_places_differ_by_property_not_by_index() -> None:
    """Two rows with the same fault are one finding."""
    assert pointer_pattern("/items/12/attributes/objectType") == "/items/*/attributes/objectType"
    assert pointer_pattern("/items/12") == "/items/*"
    assert pointer_pattern("/2nd/0x") == "/2nd/0x"


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_is_bounded(opening: bytes, closing: bytes) -> None:
    """PI311 of the first level that is too deep, of arrays and objects alike, and of no level before it."""
    deepest, too_deep = (
        read_body(opening * depth + b"0" + closing * depth) for depth in (MAX_DEPTH, MAX_DEPTH + 1)
    )
    assert (deepest.readable, deepest.defects) == (True, ())
    assert [defect.code for defect in too_deep.defects] == ["PI311"]


@pytest.mark.parametrize("piece", [b"0,", b"{},", b"[],"])
def test_values_are_bounded(piece: bytes) -> None:
    """PI311, told without reading them: a small body must not fill the memory."""
    few, many = (b"[" + piece * (size // len(piece)) + b"0]" for size in (MAX_VALUES, 2 * MAX_VALUES))
    assert read_body(few).readable
    assert [defect.code for defect in read_body(many + b" ").defects] == ["PI311"]


@pytest.mark.parametrize("levels", [254, 255, 400, 1023, 1025, 100_000])
def test_any_depth_is_told(levels: int) -> None:
    """Levels that the fast reader takes, and could not write again, are no crash but a body too deep."""
    nested = b"[" * levels + b"]" * levels
    for body in (nested, b'{"totalCount":1,"items":[' + nested + b"]}"):
        assert [defect.code for defect in read_body(body).defects] == ["PI311"]
