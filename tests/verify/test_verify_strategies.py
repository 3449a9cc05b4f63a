"""Laws of what the suite draws by numbers: each text, mix and filter has one, and all are drawn."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from partner_insights.contract import Catalogue
from partner_insights.contract.query import FilterStatement, OptionKind
from partner_insights.verify.run.queries import _TREES, MAX_STATEMENTS, Queries, _joined
from partner_insights.verify.run.strategies import _HEADERS, _mix, _numbered, covering_mixes


def test_every_text_has_a_number() -> None:
    """The empty one has the first, short ones come before long ones, and none comes twice."""
    texts = [_numbered(number, "abc") for number in range(1 + 3 + 9 + 27)]
    assert texts[0] == ""
    assert [len(text) for text in texts] == sorted(map(len, texts))
    assert sorted(texts) == sorted(
        "".join(each) for size in range(4) for each in itertools.product("abc", repeat=size)
    )


def test_every_mix_of_headers_has_a_number() -> None:
    """None of them is the first; with two of three values each of two names, there are nine."""
    mixes = [_mix(number, {"A": ("1", "2"), "B": ("3", "4")}) for number in range(9)]
    assert mixes[0] == {}
    assert len({tuple(mix.items()) for mix in mixes}) == 9
    assert set(_mix(10**9, _HEADERS)) <= set(_HEADERS)


@pytest.mark.parametrize("seed", [0, 1, 7, 2**40])
def test_no_value_of_a_header_is_left_to_a_draw(seed: int) -> None:
    """Each is in one of the mixes that are always sent, and each header is left out of one."""
    mixes = covering_mixes(seed)
    assert len(mixes) <= 6
    for name, values in _HEADERS.items():
        assert {mix.get(name) for mix in mixes} == {*values, None}


@pytest.mark.parametrize(("size", "trees"), [(1, 1), (2, 2), (3, 2 * 4), (4, 5 * 8), (5, 14 * 16)])
def test_every_way_to_join_statements_has_a_number(size: int, trees: int) -> None:
    """Each tree of them with `and` or `or` at each knot; the statements stay in their order."""
    assert size <= MAX_STATEMENTS
    statements = [FilterStatement(f"p{place}", "eq", "x") for place in range(size)]
    found = {_joined(statements, number) for number in range(_TREES)}
    assert len(found) == trees
    for each in found:
        assert [part for part in each if isinstance(part, FilterStatement)] == statements


CATALOGUE = Catalogue.load()
GROUPED = [each.id for each in CATALOGUE.operations.values() if each.options.of(OptionKind.GROUP)]


@pytest.mark.parametrize("operation", GROUPED)
@given(st.data())
def test_no_groups_are_of_one_property_twice(operation: str, data: st.DataObject) -> None:
    """Such a query is refused: it would say nothing of sums."""
    queries = Queries(cast("Any", SimpleNamespace(catalogue=CATALOGUE)), operation)
    option = CATALOGUE.operations[operation].options.of(OptionKind.GROUP)
    assert option is not None
    [(name, text)] = data.draw(queries.groups())
    properties = [option.fields[each].property for each in text.split(",")]
    assert name == option.name
    assert len(set(properties)) == len(properties)


LIMITED = [
    (each.id, option.name, option.maximum)
    for each in CATALOGUE.operations.values()
    if (option := each.options.of(OptionKind.TOP)) is not None and option.maximum
]


@pytest.mark.parametrize(("operation", "name", "maximum"), LIMITED)
def test_more_rows_than_a_page_may_have_are_asked_for(operation: str, name: str, maximum: int) -> None:
    """Among the queries that a server has to refuse is the first that its page forbids."""
    queries = Queries(cast("Any", SimpleNamespace(catalogue=CATALOGUE)), operation)
    asked = ((name, str(maximum + 1)),)
    assert find(queries.refused(), lambda pairs: pairs == asked) == asked
