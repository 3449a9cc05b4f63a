"""Laws of queries: a tree of statements in any writing, pages of any size, groups, and hostile texts."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue
from partner_insights.contract.query import InvalidQuery, OptionKind, parse_filter, read_query
from partner_insights.contract.query.moments import as_moment
from partner_insights.contract.query.parameters import FieldType
from partner_insights.server import Settings, create_app
from partner_insights.server.settings import AuthMode
from partner_insights.world import World
from partner_insights.world.query import WorldTable, query_body, row_table
from partner_insights.world.query.row_table import FEW_CUSTOMERS

if TYPE_CHECKING:
    from collections.abc import Callable

CATALOGUE = Catalogue.load()
WORLD = World(CATALOGUE, seed=11, customers=25, as_of=date(2026, 11, 20))
NEWER = {kind: CATALOGUE.operations[f"licenses-{kind}-analytics"] for kind in ("deployment", "usage")}
FILTER = NEWER["usage"].options.of(OptionKind.FILTER)
assert FILTER is not None
ROWS: dict[str, list[dict[str, Any]]] = {
    kind: query_body(WORLD, each, read_query(each.options, ()))["Value"] for kind, each in NEWER.items()
}
CLIENT = create_app(WORLD, CATALOGUE, Settings(auth=AuthMode.OFF)).test_client()
SLOW = settings(max_examples=30)

Tree = Any
"""(field, operator, value), or (tree, "and" or "or", tree)."""


def trees(kind: str) -> st.SearchStrategy[Tree]:
    fields = [
        name for name in ROWS[kind][0] if name in (NEWER[kind].options.of(OptionKind.FILTER) or FILTER).fields
    ]
    values = {name: sorted({row[name] for row in ROWS[kind]}) for name in fields}
    statement = st.sampled_from(fields).flatmap(
        lambda name: st.tuples(
            st.just(name), st.sampled_from(("eq", "ne")), st.sampled_from([*values[name], "O'Nobody (x) or"])
        )
    )
    return st.recursive(
        statement, lambda inner: st.tuples(inner, st.sampled_from(("and", "or")), inner), max_leaves=8
    )


def holds(tree: Tree, row: dict[str, Any]) -> bool:
    """What the tree means, in plain Python."""
    first, word, second = tree
    if word == "and":
        return holds(first, row) and holds(second, row)
    if word == "or":
        return holds(first, row) or holds(second, row)
    return (row[first].lower() == second.lower()) is (word == "eq")


def written(tree: Tree, draw: Callable[[Any], Any], within: str = "or") -> str:
    """The tree with any blanks, any case of the values, and more parentheses than it needs or not."""
    first, word, second = tree
    blank = draw(st.sampled_from((" ", "  ", "\t ")))
    if word in ("eq", "ne"):
        value = draw(st.sampled_from((str, str.upper, str.lower)))(second) if second.isascii() else second
        text = f"{first}{blank}{word}{blank}'" + value.replace("'", "''") + "'"
    else:
        text = blank.join((written(first, draw, word), word, written(second, draw, word)))
    if (word == "or" and within == "and") or draw(st.integers(0, 4)) == 0:
        pad = draw(st.sampled_from(("", " ")))
        text = f"({pad}{text}{pad})"
    return text


def get(kind: str, **query: str) -> Any:
    answer = CLIENT.get(f"/v1/analytics/commercial/{kind}/license", query_string=query)
    assert answer.status_code == 200, (query, answer.get_data(as_text=True))
    return answer.get_json()


@pytest.mark.parametrize("kind", NEWER)
@given(data=st.data())
@SLOW
def test_a_filter_means_its_tree(kind: str, data: st.DataObject) -> None:
    """The rows are those that a plain evaluation of the tree over all rows gives, in their order."""
    tree = data.draw(trees(kind))
    text = written(tree, data.draw)
    expected = [row for row in ROWS[kind] if holds(tree, row)]
    body = get(kind, filter=text)
    assert (body["Value"], body["TotalCount"]) == (expected, len(expected))


@pytest.mark.parametrize("kind", NEWER)
@given(data=st.data(), top=st.integers(1, 200))
@settings(max_examples=10)
def test_pages_of_any_size_are_the_whole(kind: str, data: st.DataObject, top: int) -> None:
    """Whatever the page size and the filter, the pages together are the answer without a page size."""
    chosen = {"filter": written(data.draw(trees(kind)), data.draw)} if data.draw(st.booleans()) else {}
    whole = get(kind, **chosen)
    seen: list[Any] = []
    for skip in range(0, max(whole["TotalCount"], 1), top):
        page = get(kind, **chosen, top=str(top), skip=str(skip))
        assert page["TotalCount"] == whole["TotalCount"]
        assert (page["@nextLink"] is None) is (skip + top >= whole["TotalCount"])
        seen += page["Value"]
    assert seen == whole["Value"]


@pytest.mark.parametrize("kind", NEWER)
@given(data=st.data())
@SLOW
def test_groups_are_of_what_the_filter_leaves(kind: str, data: st.DataObject) -> None:
    """Grouping adds up the rows that the filter chooses, each combination once, in the order they come."""
    tree = data.draw(trees(kind))
    group = NEWER[kind].options.of(OptionKind.GROUP)
    assert group is not None
    names = data.draw(st.lists(st.sampled_from([*group.fields]), min_size=1, max_size=3, unique=True))
    measures = [each.name for each in group.measures]
    sums: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for row in ROWS[kind]:
        if holds(tree, row):
            sums[tuple(row[name] for name in names)].update({each: row[each] for each in measures})
    expected = [
        dict(zip(names, values, strict=True)) | {each: counts[each] for each in measures}
        for values, counts in sums.items()
    ]
    body = get(kind, filter=written(tree, data.draw), groupby=",".join(names))
    assert (body["Value"], body["TotalCount"]) == (expected, len(expected))


ORDERED = [each for each in CATALOGUE.operations.values() if each.options.of(OptionKind.ORDER) is not None]


def rank(value: Any) -> tuple[bool, Any]:
    """Nothing before anything, dates by their moments, texts without regard to case."""
    if isinstance(value, str):
        value = as_moment(value) or value.lower()
    return value is not None, 0 if value is None else value


@pytest.mark.parametrize("operation", ORDERED, ids=lambda each: each.id)
@given(data=st.data())
@settings(max_examples=15)
def test_rows_come_in_the_order_asked_for(operation: Any, data: st.DataObject) -> None:
    """By the first field, then the next, each up or down; rows that are alike in them stay as they were."""
    option = operation.options.of(OptionKind.ORDER)
    wanted = data.draw(
        st.lists(
            st.tuples(st.sampled_from([*option.fields]), st.sampled_from(["", " asc", " desc"])),
            min_size=1, max_size=3, unique_by=lambda each: option.fields[each[0]].property,
        )
    )  # fmt: skip
    expected = query_body(WORLD, operation, read_query(operation.options, ()))["Value"]
    for name, direction in reversed(wanted):
        key = option.fields[name].property
        expected = sorted(expected, key=lambda row: rank(row.get(key)), reverse=direction == " desc")
    text = ",".join(f"{name}{direction}" for name, direction in wanted)
    found = query_body(WORLD, operation, read_query(operation.options, ((option.name, text),)))
    assert found["Value"] == expected
    name = wanted[0][0]
    for refused in (f"{name} down", f"{name},{name}", f"{name} asc desc", "", f"{name},,{name}"):
        with pytest.raises(InvalidQuery):
            read_query(operation.options, ((option.name, refused),))


@pytest.mark.parametrize("kind", NEWER)
@pytest.mark.parametrize("days", [0, 1, 40])
def test_sums_are_the_older_partner_rows(kind: str, days: int) -> None:
    """Grouped by service and channel, the newer rows are the older partner's, on earlier days, too."""
    day = WORLD.calendar.processed_day("deployment" if kind == "deployment" else "usage")
    asked = date.fromordinal(day.toordinal() - days).isoformat()
    earlier = World(CATALOGUE, seed=11, customers=25, as_of=date.fromordinal(WORLD.as_of.toordinal() - days))
    fields = "serviceCode,channel" + (",workloadName" if kind == "usage" else "")
    body = get(kind, groupby=fields, processedDateTime=asked)
    whole = "licensesSold" if kind == "deployment" else "licensesQualified"
    newer = {tuple(row[name] for name in fields.split(",")): row[whole] for row in body["Value"]}
    names = ["serviceName", "channel", *(["workloadName"] if kind == "usage" else [])]
    resource = f"Customer Licenses {kind.title()} Insights".replace(" ", "")
    older: Counter[tuple[str, ...]] = Counter()
    for row in earlier.rows(resource):
        older[tuple(row[name] for name in names)] += row[whole]
    assert newer == older
    if kind == "deployment":
        rows = earlier.rows("PartnerLicensesDeploymentInsights")
        assert newer == {(row["serviceName"], row["channel"]): row["licensesSold"] for row in rows}


@given(data=st.data())
@settings(max_examples=50)
def test_any_mutated_text_is_refused_or_means_something(data: st.DataObject) -> None:
    """A filter with letters put in, taken out or swapped is answered 200 or the documented 400."""
    text = written(data.draw(trees("usage")), data.draw)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.text(max_size=2)) + text[at + data.draw(st.integers(0, 2)) :]
    answer = CLIENT.get("/v1/analytics/commercial/usage/license", query_string={"filter": text})
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert answer.get_json()["innererror"]["code"] == "InvalidQueryParameters"


HOSTILE = {
    "parentheses": "(" * 10_000 + "channel eq 'x'" + ")" * 10_000,
    "a megabyte": "channel eq '" + "x" * 2**20 + "'",
    "quotes": "channel eq " + "'" * 2**20,
    "deep or": " or (channel eq 'x'" * 50_000,
    "many or": " or ".join(["channel eq 'x'"] * 50_000),
    "open": "(" * 2**20,
    "blanks": " " * 2**20,
    "letters": "a" * 2**20,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_filters_are_refused_at_once(text: str) -> None:
    """In bounded time, and without a level of the stack for each level of the text."""
    began = time.perf_counter()
    with pytest.raises(InvalidQuery):
        parse_filter(text, FILTER)  # type: ignore[arg-type]
    assert time.perf_counter() - began < 0.5


def test_the_longest_filter_is_answered() -> None:
    """As many statements as fit are read and decided without recursion."""
    text = " or ".join(["channel eq 'x'"] * 440)
    assert get("usage", filter=text)["TotalCount"] == 0
    deep = "channel eq 'direct'"
    for _ in range(60):
        deep = f"(channel eq 'x' or {deep})"
    assert get("usage", filter=deep)["TotalCount"] == sum(row["channel"] == "direct" for row in ROWS["usage"])


@pytest.mark.parametrize(("customers", "kept"), [(FEW_CUSTOMERS, True), (FEW_CUSTOMERS + 1, False)])
def test_columns_of_a_small_world_are_computed_once(customers: int, kept: bool) -> None:
    """Whatever was asked for before, they read the same; those of a large one are never kept."""
    world = World(CATALOGUE, seed=11, customers=customers, as_of=date(2026, 11, 20))
    table, span = WorldTable(world, "LicensesUsage"), (0, customers)
    for names in (["customerName"], ["productName", "customerName"], list(table.names)):
        anew = world.columns("LicensesUsage", *span, only=names)
        found = table.columns(span, names)
        assert {name: found[name].tolist() for name in names} == {n: anew[n].tolist() for n in names}
    assert bool(table.known) is kept
    assert (table.columns(span, ["customerName"])["customerName"] is found["customerName"]) is kept


@pytest.mark.parametrize("kind", NEWER)
@pytest.mark.parametrize("options", [{}, {"orderby": "channel"}, {"filter": "channel ne 'direct'"}])
def test_spans_of_any_size_answer_alike(
    kind: str, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are read some customers at a time: groups, order and pages are of all of them."""
    operation, answers = NEWER[kind], []
    fields = ("channel", "serviceName,channel", "customerName,channel", "customerTenantId")
    paged = options | {"skip": "40", "top": "400"}
    asked = [paged, *({**options, "groupby": each, "orderby": ""} for each in fields)]
    for customers, part in ((row_table.CUSTOMERS, row_table.PART), (64, 16)):
        monkeypatch.setattr(row_table, "CUSTOMERS", customers)
        monkeypatch.setattr(row_table, "PART", part)
        world = World(CATALOGUE, seed=11, customers=FEW_CUSTOMERS + 50, as_of=date(2026, 11, 20))
        for each in asked:
            given = [(name, value) for name, value in each.items() if value]
            answers.append(query_body(world, operation, read_query(operation.options, given)))
    assert answers[: len(asked)] == answers[len(asked) :]
    assert all(answer["Value"] for answer in answers)


SPANNED = [
    each
    for each in CATALOGUE.operations.values()
    if each.options.of(OptionKind.LEVEL) is not None and each.options.of(OptionKind.GROUP) is not None
]


def first_day(text: str | None, level: str) -> str | None:
    """The first day of the span that a date is in, written as the rows write their dates."""
    if text is None:
        return None
    day = date.fromisoformat(text[:10])
    first = day - timedelta(days={"day": 0, "week": day.weekday(), "month": day.day - 1}[level])
    return first.isoformat() + ("T00:00:00" if len(text) > len("2026-11-20") else "")


@pytest.mark.parametrize("operation", SPANNED, ids=lambda each: each.id)
@pytest.mark.parametrize("level", ["day", "week", "month"])
def test_dates_are_grouped_by_spans_of_time(operation: Any, level: str) -> None:
    """Rows of one day, week or month are one group, with the sums of all of them; other fields stay whole."""
    group, spans = operation.options.of(OptionKind.GROUP), operation.options.of(OptionKind.LEVEL)
    rows = query_body(WORLD, operation, read_query(operation.options, ()))["Value"]
    for name, rule in group.fields.items():
        expected: dict[Any, Counter[str]] = defaultdict(Counter)
        for row in rows:
            value = row[rule.property]
            value = first_day(value, level) if rule.type is FieldType.DATE else value
            expected[value].update(
                {each.name: 1 if each.sums is None else int(row[each.sums] or 0) for each in group.measures}
            )
        asked = [(group.name, name), (spans.name, level)]
        found = query_body(WORLD, operation, read_query(operation.options, asked))["Value"]
        assert [row[rule.property] for row in found] == [*expected], name
        for row in found:
            assert {each.name: row[each.name] for each in group.measures} == expected[row[rule.property]]
