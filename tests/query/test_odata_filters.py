"""OData's own filters: what a tree of statements says of rows, written, read and decided again."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights._data import schemas_dir
from partner_insights.contract.query import FilterStatement, matches, parse_filter, render
from partner_insights.contract.query.parameters import FieldType, QueryOption, option_of
from partner_insights.world.query.row_table import ItemTable
from partner_insights.world.query.values import chosen

if TYPE_CHECKING:
    from partner_insights.contract.query import Filter

NUMBERS = ("eq", "ne", "in", "gt", "ge", "lt", "le")
TEXTS = (*NUMBERS, "contains", "startswith", "endswith")
OPTION: QueryOption = option_of(
    "$filter",
    {
        **tomllib.loads((schemas_dir() / "operations.toml").read_text(encoding="utf-8"))["query"]["$filter"],
        "fields": {"name": TEXTS, "seats": NUMBERS},
        "numbers": ["seats"],
    },
)
names = st.sampled_from(["Ann", "anna", "Bo", "O'Hara", "", "not", "in"])
ROWS = [
    {"name": name, "seats": seats}
    for name in ("Ann", "anna", "bo", "O'Hara", None)
    for seats in (1, 2.5, None)
]


@st.composite
def statements(draw: st.DrawFn) -> FilterStatement:
    """A statement about a name or a number."""
    name, operators, values, kind = draw(
        st.sampled_from(
            [
                ("name", TEXTS, names, FieldType.TEXT),
                ("seats", NUMBERS, st.sampled_from([1, 2, 2.5]), FieldType.NUMBER),
            ]
        )
    )
    operator = draw(st.sampled_from(operators))
    some: Any = st.lists(values, min_size=1, max_size=3).map(tuple) if operator == "in" else values
    return FilterStatement(name, operator, draw(some), kind)


def plain(statement: FilterStatement, row: dict[str, Any]) -> bool:
    """What the statement says, in Python's own words."""
    low = lambda value: value.lower() if isinstance(value, str) else value  # noqa: E731
    actual, operator = low(row[statement.property]), statement.operator
    if operator == "in":
        return actual is not None and actual in [low(each) for each in statement.value]
    wanted = low(statement.value)
    if operator in ("eq", "ne"):
        return (actual == wanted) is (operator == "eq")
    if actual is None:
        return False
    return {
        "gt": lambda: actual > wanted,
        "ge": lambda: actual >= wanted,
        "lt": lambda: actual < wanted,
        "le": lambda: actual <= wanted,
        "contains": lambda: wanted in actual,
        "startswith": lambda: actual[: len(wanted)] == wanted,
        "endswith": lambda: actual[len(actual) - len(wanted) :] == wanted and len(wanted) <= len(actual),
    }[operator]()


Tree = Any
trees: st.SearchStrategy[Tree] = st.recursive(
    statements(),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner), st.tuples(st.sampled_from(["and", "or"]), inner, inner)
    ),
    max_leaves=8,
)


def postfix(tree: Tree) -> Filter:
    """The tree as a filter has it."""
    if isinstance(tree, FilterStatement):
        return (tree,)
    word, *parts = tree
    return (*(each for part in parts for each in postfix(part)), word)


def holds(tree: Tree, row: dict[str, Any]) -> bool:
    """What the tree says of a row."""
    if isinstance(tree, FilterStatement):
        return plain(tree, row)
    word, *parts = tree
    found = [holds(part, row) for part in parts]
    return not found[0] if word == "not" else all(found) if word == "and" else any(found)


@given(trees)
@settings(max_examples=300)
def test_a_filter_says_what_its_tree_says(tree: Tree) -> None:
    """Written and read again, row by row and by columns, it keeps the rows that Python would."""
    read = parse_filter(render(postfix(tree), OPTION), OPTION)
    expected = [holds(tree, row) for row in ROWS]
    assert [matches(read, row) for row in ROWS] == expected
    table = ItemTable(tuple(ROWS))
    mask = chosen(read, table.columns((0, len(ROWS)), {"name", "seats"}), len(ROWS))
    assert mask is not None
    assert mask.tolist() == expected


def test_not_binds_tighter_than_and() -> None:
    """Without parentheses it denies the statement behind it alone; as often as fits, without recursion."""
    first, denied, second, word = parse_filter("not seats eq 1 and seats eq 2", OPTION)
    assert (first.value, denied, second.value, word) == (1, "not", 2, "and")  # type: ignore[union-attr]
    assert matches(parse_filter("not " * 2_000 + "seats eq 1", OPTION), {"seats": 1})
