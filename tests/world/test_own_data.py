"""What is given wins, and everything follows from it: rows, sums, names; what cannot be is refused."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import orjson
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from partner_insights.contract import Catalogue
from partner_insights.errors import InputError
from partner_insights.fixtures.factories.own_data import OwnCustomer, partner, small_worlds
from partner_insights.world import World
from partner_insights.world.own import cells, load, parquet_chunks
from partner_insights.world.own.chunk import MISSING
from partner_insights.world.own.files import chunks_in, chunks_of, chunks_of_value
from partner_insights.world.own.folding import distinct
from partner_insights.world.own.roster import entities_of
from partner_insights.world.own.row_decoder import RowDecoder

if TYPE_CHECKING:
    from pathlib import Path

LAW = settings(max_examples=12)
CATALOGUE = Catalogue.load("corrected")
DAY = date(2026, 11, 22)
MADE = World(CATALOGUE, seed=7, customers=12, as_of=DAY)
EMPTY = MADE.without_customers()
DEPLOYMENT, USAGE = "CustomerLicensesDeploymentInsights", "CustomerLicensesUsageInsights"
PARTNER = ("PartnerLicensesDeploymentInsights", "PartnerLicensesUsageInsights")


def taken(value: Any, world: World = EMPTY, **options: bool) -> World:
    return load.put(load.read(chunks_of_value(value), world, **options), world)


def assert_partner_is_the_sum(world: World) -> None:
    """The partner's rows by hand, from the customers'."""
    for resource, partner_resource, whole, part, percent in (
        (DEPLOYMENT, PARTNER[0], "licensesSold", "licensesDeployed", "proratedDeploymentPercent"),
        (USAGE, PARTNER[1], "licensesQualified", "licensesActive", "proratedLicensesUsagePercent"),
    ):
        sums: dict[Any, Counter[str]] = {}
        for row in world.rows(resource):
            key = row["serviceName"], row["channel"], row.get("workloadName")
            sums.setdefault(key, Counter()).update({"whole": row[whole], "part": row[part]})
        told = {
            (row["serviceName"], row["channel"], row.get("workloadName")): row
            for row in world.rows(partner_resource)
        }
        assert told.keys() == sums.keys()
        for key, row in told.items():
            expected = 100 * sums[key]["part"] / max(sums[key]["whole"], 1)
            assert abs(row[percent] - expected) < 0.00501
            assert row.get("licensesSold", sums[key]["whole"]) == sums[key]["whole"]


@LAW
@given(small_worlds())
def test_what_is_given_is_what_is_told(customers: list[OwnCustomer]) -> None:
    """Every count of any data set comes back in the rows, and no other; partner rows are sums."""
    world = taken(customers)
    expected_deployment = {
        (customer["name"], licence["product"]): (licence["sold"], licence["deployed"])
        for customer in customers
        for licence in customer["licenses"]
    }
    expected_usage = {
        (customer["name"], licence["product"], workload): (licence["sold"], active)
        for customer in customers
        for licence in customer["licenses"]
        for workload, active in licence["active"].items()
    }
    assert [world.names.name(index) for index in range(world.customers)] == [
        each["name"] for each in customers
    ]
    assert {
        (row["customerName"], row["productName"]): (row["licensesSold"], row["licensesDeployed"])
        for row in world.rows(DEPLOYMENT)
    } == expected_deployment
    assert {
        (row["customerName"], row["productName"], row["workloadName"]): (
            row["licensesQualified"],
            row["licensesActive"],
        )
        for row in world.rows(USAGE)
    } == expected_usage
    assert_partner_is_the_sum(world)


@LAW
@given(small_worlds(), st.integers(0, 40))
def test_rows_of_a_world_are_the_same_world(customers: list[OwnCustomer], made: int) -> None:
    """All rows of a world, taken into an empty one, give the same bytes in all operations."""
    world = taken(customers, replace(MADE, customers=made))
    assume(world.rows(DEPLOYMENT))  # of customers alone licences would be drawn
    rows = [row for name in ("Customer", DEPLOYMENT, USAGE) for row in world.rows(name)]
    again = taken(rows)
    for name in ("Customer", DEPLOYMENT, USAGE, *PARTNER):
        assert json.dumps(again.rows(name)) == json.dumps(world.rows(name))


@LAW
@given(small_worlds())
def test_made_customers_are_as_without(customers: list[OwnCustomer]) -> None:
    """Beside given customers the made ones have the rows they have alone, and sums are of both."""
    world = taken(customers, MADE)
    for name in (DEPLOYMENT, USAGE):
        assert [row for row in world.rows(name) if MADE.customer_index(row["customerId"]) is not None] == (
            MADE.rows(name)
        )
    assert_partner_is_the_sum(world)


@LAW
@given(
    st.lists(st.tuples(st.sampled_from(["remove", "rename", "sell", "drop"]), st.integers(0, 11)), max_size=6)
)
def test_edits_of_made_customers_change_what_they_say(edits: list[tuple[str, int]]) -> None:
    """An edit changes its customer alone: the others keep place and rows; sums follow."""
    world, touched, gone = MADE, set(), set()
    for kind, index in edits:
        customer_id = MADE.customer_id(index)
        if customer_id in gone:
            continue
        touched.add(customer_id)
        product = MADE.rows(DEPLOYMENT, index)[0]["productName"]
        if kind == "remove":
            gone.add(customer_id)
            world = load.remove(customer_id, world) or world
        elif kind == "drop":
            try:
                world = load.remove_licences(customer_id, product, world)
            except KeyError:
                continue
        else:
            content: dict[str, Any] = {"id": customer_id, "name": f"Renamed {index}", "licenses": []}
            if kind == "sell":
                content["licenses"] = [{"product": product, "sold": 77_000}]
            world = load.change(load.read(chunks_of_value(content), world), world)
    ids = [MADE.customer_id(index) for index in range(12)]
    assert world.ids.ids(0, world.customers) == [each for each in ids if each not in gone]
    for name in (DEPLOYMENT, USAGE):
        assert [row for row in world.rows(name) if row["customerId"] not in touched] == [
            row for row in MADE.rows(name) if row["customerId"] not in touched
        ]
    assert_partner_is_the_sum(world)


def test_a_change_of_one_number_leaves_the_others() -> None:
    """What is not given of a made customer stays as it was drawn, on every day."""
    row = MADE.rows(DEPLOYMENT, 3)[0]
    content = {
        "id": row["customerId"],
        "licenses": [{"product": row["productName"], "sold": row["licensesSold"]}],
    }
    content["name"] = row["customerName"]
    changed = load.change(load.read(chunks_of_value(content), MADE), MADE)
    for name in (DEPLOYMENT, USAGE):
        assert changed.rows(name) == MADE.rows(name)
    later = date(2026, 12, 24)
    assert replace(changed, as_of=later).rows(USAGE) == replace(MADE, as_of=later).rows(USAGE)


CELLS: list[tuple[str, Any, str]] = [
    ("licensesSold", -1, "minimum"),
    ("licensesSold", 1.5, "multipleOf"),
    ("licensesSold", "7", "type"),
    ("licensesSold", True, "type"),
    ("licensesSold", None, "type"),
    ("licensesSold", 10**12, "licences"),
    ("licensesDeployed", 10**8, "PI204"),
    ("deploymentPercent", 101, "maximum"),
    ("deploymentPercent", 3.25, "PI207"),
    ("customerId", "12", "uuid"),
    ("customerId", 12, "type"),
    ("customerName", "", "blank"),
    ("customerName", ["a"], "type"),
    ("productName", None, "type"),
    ("processedDateTime", "yesterday", "date-time"),
    ("processedDateTime", "2026-11-20T00:00:00+02:00", "PI211"),
    ("processedDateTime", "2027-11-20T00:00:00+00:00", "PI212"),
    ("channel", {}, "type"),
    ("attributes", {"objectType": "Nothing"}, "const"),
    ("attributes", None, "type"),
    ("licencesSold", 5, "did you mean licensesSold"),
]


@pytest.mark.parametrize(("name", "value", "rule"), CELLS)
def test_a_broken_cell_is_refused_at_its_place(name: str, value: Any, rule: str) -> None:
    """One broken cell among good ones: refused with pointer and rule."""
    rows = MADE.rows(DEPLOYMENT)
    at = len(rows) // 2
    rows[at] = {**rows[at], name: value}
    with pytest.raises(InputError, match=rule) as refused:
        taken(rows)
    place = "attributes.objectType" if name == "attributes" and value else name
    assert f"/{at}/{place.replace('.', '/')}" in str(refused.value) or f"/0/{name}" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("licensesActive", 10**8, "PI205"),
        ("workloadName", "", "blank"),
        ("usagePercent", "x", "type"),
        ("processedDateTime", "2026-11-01T00:00:00+00:00", "PI213"),
    ],
)
def test_a_broken_cell_of_use_is_refused(name: str, value: Any, rule: str) -> None:
    """So it is of a row of use."""
    rows = MADE.rows(USAGE)
    rows[1] = {**rows[1], name: value}
    with pytest.raises(InputError, match=rule):
        taken(rows)


@pytest.mark.parametrize(
    ("cells", "counts"),
    [
        ({"licensesSold": 40, "deploymentPercent": 60}, (40, 24, 60.0)),
        ({"licensesDeployed": 24, "deploymentPercent": 60}, (40, 24, 60.0)),
        ({"licensesSold": 10, "deploymentPercent": 33.33}, "PI207"),
        ({"licensesDeployed": 1, "deploymentPercent": 66.67}, "PI207"),
        ({"licensesDeployed": 1, "deploymentPercent": 0}, "PI207"),
        ({"licensesDeployed": 0, "deploymentPercent": 0}, (None, 0, 0.0)),
    ],
)
def test_a_count_follows_from_the_other_and_the_percent(cells: dict[str, Any], counts: Any) -> None:
    """Of sold, deployed and percent the third is what it can be alone; where nothing can, it is refused."""
    row = {"customer": "A", "product": "X", **cells}
    if isinstance(counts, str):
        with pytest.raises(InputError, match=counts):
            taken(row)
        return
    (told,) = taken(row).rows(DEPLOYMENT)
    sold, deployed, percent = counts
    assert (sold or told["licensesSold"], told["licensesDeployed"]) == (told["licensesSold"], deployed)
    assert told["deploymentPercent"] == percent


@LAW
@given(st.floats(0, 100), st.integers(0, 90), st.integers(0, 60))
def test_a_percent_alone_is_that_of_the_counts(percent: float, other: float, sold: int) -> None:
    """Where no count is given they are drawn as near as can be, and the percent is theirs (PI207)."""
    use = {"workload": "Exchange", "usagePercent": other}
    licence = {"customer": "A", "product": "X", "deploymentPercent": round(percent, 2), **use}
    world = taken([licence, {**use, "customer": "B", "product": "X", "sold": sold}])
    for resource, part, whole, name in (
        (DEPLOYMENT, "licensesDeployed", "licensesSold", "deploymentPercent"),
        (USAGE, "licensesActive", "licensesQualified", "usagePercent"),
    ):
        for row in world.rows(resource):
            assert 0 <= row[part] <= row[whole]
            assert row[whole] == 0 or abs(row[name] - 100 * row[part] / row[whole]) <= 1


def test_percents_are_in_the_scale_of_the_world() -> None:
    """Percents given in one scale show in that of the world; in their own they are as they were given."""
    rows = [row for name in (DEPLOYMENT, USAGE) for row in MADE.rows(name)]
    part = replace(MADE, percent_scale=1)
    fractions = [row for name in (DEPLOYMENT, USAGE) for row in part.rows(name)]
    for given_rows, scale in ((rows, 100), (fractions, 1)):
        world = taken(given_rows, replace(EMPTY, percent_scale=scale))
        for shown, told in ((100, rows), (1, fractions)):
            again = replace(world, percent_scale=shown)
            assert [row for name in (DEPLOYMENT, USAGE) for row in again.rows(name)] == told


def test_workloads_of_other_letters_are_one_in_the_sums() -> None:
    """No two rows of the partner differ in case alone (PI203)."""
    licence = {"product": "X", "sold": 9, "active": {"exchange": 5}, "channel": "Reseller"}
    world = taken([{"name": "A", "licenses": [licence]}], MADE)
    for resource in PARTNER:
        keys = [
            tuple(row.get(name, "").casefold() for name in ("serviceName", "channel", "workloadName"))
            for row in world.rows(resource)
        ]
        assert len(set(keys)) == len(keys)


def test_a_row_given_twice_is_refused() -> None:
    """PI203: the second of two rows about one licence is named, and where the first is."""
    rows = MADE.rows(DEPLOYMENT)
    with pytest.raises(InputError, match=r"/30.*/2.*PI203") as refused:
        taken([*rows[:30], rows[2], *rows[30:]])
    assert refused.value.where == "/30"


def test_a_partner_row_that_is_no_sum_is_refused() -> None:
    """The partner's rows of a written world are taken where they are the sums, and for no more."""
    rows = [row for name in (DEPLOYMENT, USAGE, *PARTNER) for row in MADE.rows(name)]
    taken(rows)
    rows[-1] = {**rows[-1], "proratedLicensesUsagePercent": 1.0}
    with pytest.raises(InputError, match="PI209"):
        taken(rows)


def test_what_is_invalid_can_be_taken_on_purpose() -> None:
    """`allow_invalid`: the broken cells show as they were given, and are marked."""
    rows = [{"customer": "Odd", "product": "A", "sold": 5, "deployed": 7}]
    rows += [{"customer": "Odd", "product": "B", "sold": "many", "deployed": 0, "active": {"W": 0}}]
    world = taken(rows, allow_invalid=True)
    told = {row["productName"]: row for row in world.rows(DEPLOYMENT)}
    assert (told["A"]["licensesSold"], told["A"]["licensesDeployed"]) == (5, 7)
    assert told["B"]["licensesSold"] == "many"
    assert world.own is not None
    assert [customer for customer, _ in world.own.notes] == [world.customer_id(0)] * 2


BY_PRODUCT: dict[tuple[Any, ...], list[Any]] = {}
for _row in MADE.rows(USAGE):
    BY_PRODUCT.setdefault((_row["customerId"], _row["productName"], _row["channel"]), []).append(_row)
OF_ONE = max(BY_PRODUCT.values(), key=len)
"""The rows of a licence with several workloads."""


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [0, 0, 1, 2, 3], [0, 1, 2, 3, 0], [3, 1, 2, 2, 1, 0, 0]])
def test_rows_of_use_that_are_given_twice_on_purpose_are_shown_twice(order: list[int]) -> None:
    """In whatever order they come; but those of two answers that say the same are one each."""
    given = [OF_ONE[at] for at in order]

    def told(*values: Any, partial: bool = False) -> Counter[str]:
        chunks = (
            structs.replace(each, partial=partial) for value in values for each in chunks_of_value(value)
        )
        world = load.put(load.read(chunks, EMPTY, allow_invalid=True), EMPTY)
        return Counter(json.dumps(row, sort_keys=True) for row in world.rows(USAGE))

    shown = Counter(json.dumps(row, sort_keys=True) for row in given)
    assert told(given) == shown
    assert told(given, OF_ONE[:4], partial=True) == shown


@pytest.mark.parametrize("name", ["licensesActive", "processedDateTime"])
@pytest.mark.parametrize("at", range(3))
def test_a_broken_cell_of_use_shows_in_its_row_alone(at: int, name: str) -> None:
    """Read by rows or by columns; neither in another workload nor in the row of deployment."""
    given = [row | {name: "broken"} if number == at else row for number, row in enumerate(OF_ONE)]
    world = taken([*given, *MADE.rows(USAGE, 5)], allow_invalid=True)
    for resource in (USAGE, DEPLOYMENT):
        rows = world.rows(resource)
        workloads = [row.get("workloadName") for row in rows if row.get(name) == "broken"]
        assert workloads == [OF_ONE[at]["workloadName"]] * (resource == USAGE)
        for each, column in world.columns(resource).items():
            assert column.tolist() == [row[each] for row in rows]


def test_a_number_beyond_64_bits_can_be_shown() -> None:
    """Whatever else stands in the document, a huge number taken on purpose is one that JSON is written of."""
    body = (
        b'[{"customer": "A", "product": "X", "sold": 1%s, "deployed": 0},'
        b' {"customer": "B", "product": "X", "sold": NaN}]'
    )
    data = load.read(chunks_in(body % (b"0" * 30), "application/json"), EMPTY, allow_invalid=True)
    assert orjson.loads(orjson.dumps(load.put(data, EMPTY).rows(DEPLOYMENT, 0)))[0]["licensesSold"] == 1e30


@pytest.mark.parametrize("suffix", ["json", "ndjson", "csv", "parquet"])
def test_every_form_of_a_written_resource_is_taken(tmp_path: Path, suffix: str) -> None:
    """What `fixtures write` writes, in each form, is the same rows."""
    from partner_insights.fixtures.files.write import write_resource

    for name in ("Customer", DEPLOYMENT, USAGE, *PARTNER):
        write_resource(MADE, name, tmp_path / f"{name}.{suffix}", suffix)
    world = load.put(load.read(chunks_of(tmp_path), EMPTY), EMPTY)
    for name in ("Customer", DEPLOYMENT, USAGE, *PARTNER):
        assert world.rows(name) == MADE.rows(name)


@given(numbers=st.lists(st.integers(0, 9), max_size=20), bound=st.integers(10, 30))
def test_distinct_numbers_are_found_either_way(numbers: list[int], bound: int) -> None:
    """By counting where the bound is small, by sorting else: in order, and each has its place."""
    array = np.array(numbers, dtype=np.int64)
    present, place = distinct(array, bound)
    assert present.tolist() == sorted(set(numbers))
    assert present[place].tolist() == numbers


def test_what_is_drawn_of_a_customer_stays() -> None:
    """The number by which its cells are filled in is that of the id, among others and alone."""
    known = {
        "5bc8fbbc-bde5-c099-4164-d8399f767c45": 4550253066180651766,
        "d76d4330-f144-6bea-b0c1-1fdecb91ce37": 967049258900025879,
    }
    assert entities_of(list(known)).tolist() == list(known.values())
    assert [entities_of([each]).item() for each in known] == list(known.values())


def test_a_row_takes_little_memory(tmp_path: Path) -> None:
    """Of a file with many customers: 400 bytes a row while it is read, with who they are; 250 afterwards."""
    from partner_insights.fixtures.files.write import write_resource

    file = tmp_path / "rows.csv"
    rows = write_resource(replace(MADE, customers=20_000), DEPLOYMENT, file, "csv")
    load.with_files([file], EMPTY)  # what is made once
    tracemalloc.start()
    world = load.with_files([file], EMPTY)
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert world.own is not None
    assert len(world.own.licences) == rows
    assert most < 400 * rows
    assert kept < 250 * rows


def test_a_csv_names_line_and_column() -> None:
    """A broken cell of a CSV is named by line, also behind a cell with a line break, and column."""
    out = io.StringIO()
    csv.writer(out).writerows([["customer", "product", "sold"], ["A\nB", "X", 1], ["C", "X", "1x"]])
    with pytest.raises(InputError, match="line 4, sold: '1x' is no number"):
        load.read(chunks_in(out.getvalue().encode(), "text/csv"), EMPTY)


def test_a_row_names_its_customer_by_id_or_name() -> None:
    """Where there are columns for both, one of them will do; with neither it is nobody's."""
    lines = [
        "customerId,customer,product,sold\n",
        f"{UUID(int=7)},,Office 365 E3,5\n",
        ",Fabrikam,Office 365 E3,7\n",
        ",,Office 365 E3,9\n",
    ]
    world = load.put(load.read(chunks_in("".join(lines[:3]).encode(), "text/csv"), EMPTY), EMPTY)
    assert sorted(row["licensesSold"] for row in world.rows(DEPLOYMENT)) == [5, 7]
    with pytest.raises(InputError, match="line 4, customer: is missing: whose row is it"):
        load.read(chunks_in("".join(lines).encode(), "text/csv"), EMPTY)


@pytest.mark.parametrize(
    ("body", "media", "words"),
    [
        (b"", "text/csv", "empty"),
        (b"customer,product\nA\n", "text/csv", "1 cells under 2 columns"),
        (b"customer,customer\nA,B\n", "text/csv", "two columns"),
        (b"customer,product\nA,\xff\n", "text/csv", "UTF-8"),
        (b'[\n{"customer": "A"},\n', "application/json", "no end"),
        (b'{"customer": ', "application/json", "no JSON"),
        (b"[1]", "application/json", "object"),
        (b'{"customer": "\\ud800", "product": "A"}', "application/json", "no JSON"),
        (b"customer,Exchange\nA,1\n", "text/csv", "or active.Exchange where it is a workload"),
        (b"customer,prodct\nA,B\n", "text/csv", "did you mean product?"),
        (b"customer|product\nA|B\n", "text/csv", "line 1, customer|product: there is no column"),
        (b"[]", "application/json", "no row"),
        (b'{"customer": "A"}\n{"customer"}\n', "application/x-ndjson", "line 2"),
        (
            b"customer,product\nA,B\n",
            "application/x-www-form-urlencoded",
            "by Content-Type if it is text/csv",
        ),
        (
            b'{"customer": "A"}\n{"customer": "B"}\n',
            "application/json",
            "Content-Type .* application/x-ndjson",
        ),
        (b"customer\tproduct\nA\n", "text/tab-separated-values; charset=utf-8", "1 cells under 2 columns"),
        (b"PAR1", "application/vnd.apache.parquet", "Parquet"),
        (b'{"customer": "A", "sold": 4}', "application/json", "of which product"),
        (b'{"product": "A", "sold": 4}', "application/json", "whose row"),
        (b'{"customer": "A", "product": "B", "active": 4}', "application/json", "of which workload"),
    ],
)
def test_what_is_no_data_is_refused_in_words(body: bytes, media: str, words: str) -> None:
    """No traceback for any bytes."""
    with pytest.raises(InputError, match=words):
        load.read(chunks_in(body, media), EMPTY)


@LAW
@given(st.binary(max_size=200), st.sampled_from(["text/csv", "application/json", "application/x-ndjson"]))
def test_any_bytes_are_taken_or_refused(body: bytes, media: str) -> None:
    """Whatever is sent, it is data or an InputError."""
    try:
        load.read(chunks_in(body, media), EMPTY)
    except InputError:
        return


NO_LINES = (
    b'{"customer": "A"},{"customer": "B"}\n{"x": [{}\n{}]}\n{"customer": "C"}',
    b'{"customer": "A"},[{"customer": "B"}\n{"customer": "C"}],{"customer": "D"}\n{"x": [{}\n{}]}',
    b'{"customer": "A"},\n{"customer": "B"}\n',
    b'{"customer": "A"\n}',
    b'{"customer": "A"}\n,{"customer": "B"}',
)


@pytest.mark.parametrize("body", NO_LINES)
def test_lines_that_are_json_together_alone_are_refused(body: bytes) -> None:
    """Lines are read many at a time, and each has to be a row by itself."""
    with pytest.raises(InputError, match=r"line [12].*is no JSON"):
        load.read(chunks_in(body, "application/x-ndjson"), EMPTY)


CELL = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=3),
    st.just([]), st.dictionaries(st.sampled_from("ab"), st.integers(0, 9), max_size=2),
)  # fmt: skip
LINES = st.lists(
    st.one_of(
        st.dictionaries(st.sampled_from(["customer", "a.b", "x~/", "", "items"]), CELL, max_size=4).map(
            json.dumps
        ),
        st.just('{"customer": "A", "a.b": 1}'),
        st.sampled_from(
            ["", " ", '{"a": 1} {"a": 2}', '{"a":\n1}', '{"a": 1},', "[", "]", '{"a": "\\ud800"}', "3"]
        ),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=150)
@given(LINES, st.sampled_from(["\n", "\n", "\r\n"]), st.booleans())
@example(['{"a": 0}', '{"a": 1} {"a": 2}', '{"a":\n1}'], "\n", False)
@example(['{"a": 1}', f'{{"a": 1{"0" * 30}}}'], "\n", False)
@example(['{"licenses": 3}'], "\n", False)
@example(['{"": 1}', '{"": 2}'], "\n", True)
@example(['{"a": {"b": 0}}', '{"a": {}}'], "\n", False)
@example(['{"a": {"b": 0, "c": 0}}', '{"a": {"c": 1}}', '{"a": {}}'], "\n", True)
def test_rows_that_are_alike_are_read_as_any_others(lines: list[str], end: str, is_array: bool) -> None:
    """The decoder for rows that are alike gives the same cells at the same places, and refusals."""
    body = f"[{end}{f',{end}'.join(lines)}{end}]" if is_array else end.join(lines) + end

    def read() -> Any:
        try:
            chunks = list(
                chunks_in(body.encode(), "application/json" if is_array else "application/x-ndjson")
            )
        except InputError as error:
            return str(error)
        return [
            (name, chunk.place(at, name), repr(cell))
            for chunk in chunks
            for name in sorted(chunk.columns)
            for at, cell in enumerate(chunk.columns[name])
        ]

    told = read()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RowDecoder, "columns", lambda *_: None)
        assert told == read()


def test_rows_that_are_alike_are_decoded_together_however_long_they_are() -> None:
    """A line may be longer than what is decoded at once: it is whole there, and none is read one by one."""
    names = [size * "A" for size in (1, 200_000, 3, 300_000, 140_000, 5)]
    block = b"".join(json.dumps({"customer": name}).encode() + b"\n" for name in names)
    assert RowDecoder(lines=True, others=frozenset()).columns(block) == {"customer": names}


@pytest.mark.parametrize("wrong", range(4))
def test_a_broken_cell_is_named_by_its_line_in_whichever_file_it_is(tmp_path: Path, wrong: int) -> None:
    """Of several files, each with several rows, by the file and the line there."""
    paths = []
    for number in range(4):
        lines = [{"customer": f"{number} {row}", "product": "X", "sold": 1} for row in range(number + 2)]
        lines[-1]["sold"] = "many" if number == wrong else 1
        paths.append(tmp_path / f"{number}.ndjson")
        paths[-1].write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(InputError, match=rf"{wrong}\.ndjson, line {wrong + 2}, /sold"):
        load.read(chain.from_iterable(map(chunks_of, paths)), EMPTY)


def test_percents_of_two_decimals_are_compared_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly all percents are written so; only others, and those far off, are looked at one by one."""
    looked_at: list[float] = []
    unit = cells._unit
    monkeypatch.setattr(cells, "_unit", lambda value: looked_at.append(value) or unit(value))
    wholes = np.arange(1, 400)
    parts = wholes // 3
    percents = np.round(parts / wholes * 100, 2)
    assert not cells.disagrees(percents, parts, wholes, 100).any()
    assert looked_at == []
    percents[[5, 50]] += 0.013, 2
    assert np.flatnonzero(cells.disagrees(percents, parts, wholes, 100)).tolist() == [5, 50]
    assert looked_at == percents[[5, 50]].tolist()


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf\n{"customer": "A"}\r\n\n  \n {"customer": "B}, {"} \n',
        b'[{"customer": "A"},{"customer": "B}, {"}]',
    ],
)
def test_blank_lines_and_a_mark_are_passed_over(body: bytes) -> None:
    """A mark at the beginning, blank lines, spaces, and what looks like two rows within a text."""
    data = load.read(chunks_in(body, "application/x-ndjson"), EMPTY)
    assert data.names == ("A", "B}, {")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_file_is_read_in_the_encoding_of_its_mark(tmp_path: Path, encoding: str) -> None:
    """As PowerShell's Export-Csv -Encoding Unicode writes."""
    path = tmp_path / "own.csv"
    path.write_bytes('"customer","product","sold"\r\n"Hänel","Visio Plan 2","3"\r\n'.encode(encoding))
    assert load.read(chunks_of(path), EMPTY).names == ("Hänel",)


def test_a_customer_alone_has_what_a_made_one_would() -> None:
    """Of a customer without licences they are drawn, the same each time; an empty list of them is none."""
    world = taken([{"name": "Drawn"}, {"name": "Empty", "licenses": []}])
    assert world.rows(DEPLOYMENT, 0) == taken([{"name": "Drawn"}]).rows(DEPLOYMENT)
    assert world.rows(DEPLOYMENT, 0)
    assert world.rows(DEPLOYMENT, 1) == world.rows(USAGE, 1) == []


def test_a_partner_is_said_in_a_sentence() -> None:
    """The builder says what the rows will be; a sentence without its subject is refused."""
    told = partner().customer("Fabrikam").sells("Office 365 E3", 100).deployed(60).active(Exchange=40)
    world = taken(list(told))
    (row,), (use,) = world.rows(DEPLOYMENT), world.rows(USAGE)
    assert (row["licensesSold"], row["licensesDeployed"], row["deploymentPercent"]) == (100, 60, 60.0)
    assert (use["workloadCode"], use["licensesActive"], use["usagePercent"]) == ("EXO", 40, 40.0)
    assert taken(list(partner().customer("A").sells_nothing())).rows(DEPLOYMENT) == []
    with pytest.raises(InputError, match="by whom"):
        partner().sells("Office 365 E3", 1)
    with pytest.raises(InputError, match="of what"):
        partner().customer("A").active(Exchange=1)


def test_cells_of_parquet_are_read_as_what_they_tell(tmp_path: Path) -> None:
    """Decimals are numbers, bytes and ids texts, a moment of any zone one in UTC; no name stands twice."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    moment = datetime(2026, 11, 19, 0, 0, tzinfo=UTC)
    customer = "cd98e472-fbbf-4ed4-ba69-d7987f6aca49"
    columns = {
        "customerId": pyarrow.array([UUID(customer).bytes], pyarrow.uuid()),
        "customerName": pyarrow.array(["Zoë".encode()]),
        "productName": pyarrow.array(["X"], pyarrow.large_string()),
        "licensesSold": pyarrow.array([Decimal("9.00")]),
        "licensesDeployed": pyarrow.array([6.0], pyarrow.float32()),
        "processedDateTime": pyarrow.array([moment], pyarrow.timestamp("ns", "Asia/Tokyo")),
    }
    file = tmp_path / "rows.parquet"
    parquet.write_table(pyarrow.table(columns), file)
    (row,) = load.with_files([file], EMPTY).rows(DEPLOYMENT)
    told = [row[name] for name in ("customerId", "customerName", "licensesSold", "processedDateTime")]
    assert told == [customer, "Zoë", 9, "2026-11-19T00:00:00+00:00"]
    odd = {"customer": ["A"], "product": ["X"], "sold": pyarrow.array([timedelta(1)])}
    parquet.write_table(pyarrow.table(odd), file)
    world = load.put(load.read(chunks_of(file), EMPTY, allow_invalid=True), EMPTY)
    assert orjson.loads(orjson.dumps(world.rows(DEPLOYMENT)))[0]["licensesSold"] == "1 day, 0:00:00"
    parquet.write_table(pyarrow.Table.from_arrays([*odd.values(), odd["sold"]], [*odd, "sold"]), file)
    with pytest.raises(InputError, match="two columns are named 'sold'"):
        load.with_files([file], EMPTY)


@pytest.mark.parametrize(
    ("kind", "cell", "told"),
    [
        ("string", "A", "A"),
        ("large_string", "A", "A"),
        ("int64", 5, 5),
        ("float64", 0.5, 0.5),
        ("float64", float("inf"), float("inf")),
        ("bool_", True, True),
        ("binary", b"A", "A"),
        ("decimal128", Decimal("2.50"), 2.5),
        ("timestamp", datetime(2026, 11, 19, 1, 2, 3, 450_000), "2026-11-19T01:02:03.45"),
        ("date32", DAY, "2026-11-22"),
    ],
)
@pytest.mark.parametrize("places", [(0,), (0, None), (None, 0, None), (None,)])
def test_a_cell_of_parquet_that_is_null_is_left_out(
    kind: str, cell: Any, told: Any, places: tuple[int | None, ...]
) -> None:
    """Among others or alone, of any type, in a dictionary or not; the others stay in their places."""
    pyarrow = pytest.importorskip("pyarrow")
    more = {"decimal128": (5, 2), "timestamp": ("us",)}.get(kind, ())
    column = pyarrow.array([None if at is None else cell for at in places], getattr(pyarrow, kind)(*more))
    expected = [MISSING if at is None else told for at in places]
    assert parquet_chunks._cells(column) == expected
    if kind in ("string", "large_string", "timestamp"):
        assert parquet_chunks._cells(column.dictionary_encode()) == expected


@pytest.mark.parametrize("name", ["EXO", "exchange", "exo"])
def test_a_workload_may_be_named_by_its_code_and_in_any_case(name: str) -> None:
    """It is the catalogue's: the code is known, and no second workload stands beside it."""
    row = {"customer": "Fabrikam", "product": "Office 365 E3", "sold": 10, "workload": name, "active": 4}
    (use,) = taken([row]).rows(USAGE)
    assert (use["workloadName"].casefold(), use["workloadCode"]) == ("exchange", "EXO")
    twice = {**row, "active.Exchange": 5, "workload": name}
    with pytest.raises(InputError, match=r"workload \(PI203 unique-rows\)"):
        taken([twice])


def test_too_many_active_licences_are_named_by_their_column() -> None:
    """The column of a workload is the place, not the API's name, which the file does not have."""
    row = {"customer": "Fabrikam", "product": "Office 365 E3", "sold": 10, "active.Exchange": 11}
    with pytest.raises(
        InputError, match=r"^/0/active/Exchange: 11 active licences are more than the 10 sold"
    ):
        taken([row])


def test_a_file_without_a_row_is_named(tmp_path: Path) -> None:
    """Of several files nobody would know which."""
    file = tmp_path / "own.csv"
    file.write_text("customer,product,sold\n")
    with pytest.raises(InputError, match=r"own\.csv: there is no row in it"):
        load.with_files([file], EMPTY)


@pytest.mark.parametrize("name", ["Licenses", "LICENSES", "licences"])
def test_licences_under_another_name_are_no_customer_without_any(name: str) -> None:
    """What holds the rows is told by its exact name; any other is refused, with what was meant."""
    with pytest.raises(InputError, match=f"there is no column '{name}'"):
        taken([{"name": "Fabrikam", name: [{"product": "Office 365 E3", "sold": 10}]}])
