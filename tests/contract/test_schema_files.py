"""A schema's references to others: found wherever they stand, and nowhere else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from partner_insights.contract.model import PROVENANCE
from partner_insights.contract.schema_files import file_name, reference_to, references_in, referred

REFERENCE = st.sampled_from(["Customer", "Row"]).map(lambda name: (reference_to(name), [name]))
NOTHING = st.sampled_from([(5, []), ("Row", []), ({"$ref": 5}, []), ({PROVENANCE: reference_to("Row")}, [])])


def lists(inner: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(inner, max_size=3).map(
        lambda pairs: ([schema for schema, _ in pairs], [name for _, names in pairs for name in names])
    )


def objects(inner: st.SearchStrategy) -> st.SearchStrategy:
    return st.dictionaries(st.sampled_from(["items", "properties", "x"]), inner, max_size=3).map(
        lambda pairs: (
            {key: schema for key, (schema, _) in pairs.items()},
            [name for _, names in pairs.values() for name in names],
        )
    )


@given(st.recursive(REFERENCE | NOTHING, lambda inner: lists(inner) | objects(inner), max_leaves=6))
def test_references_are_found_at_any_depth(pair: tuple[object, list[str]]) -> None:
    """In objects and lists, in their order; not in what tells where a schema comes from."""
    schema, names = pair
    assert list(references_in(schema)) == names


def test_a_reference_names_its_resource() -> None:
    """By its file; what refers to none names none."""
    assert referred(reference_to("Row")) == "Row"
    assert referred({"$ref": file_name("Row"), "title": "x"}) == "Row"
    assert referred({"type": "string"}) is None
