"""Parquet of one's own: whatever a column's type, any single broken cell is refused at its place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from partner_insights.contract import Catalogue
from partner_insights.errors import InputError
from partner_insights.world import World
from partner_insights.world.own import load

if TYPE_CHECKING:
    from pathlib import Path

DEPLOYMENT = "CustomerLicensesDeploymentInsights"
EMPTY = World(Catalogue.load(), customers=0, as_of=date(2026, 11, 20))
MADE = World(Catalogue.load(), customers=12, as_of=date(2026, 11, 20))
ROWS = [
    {name: cell for name, cell in row.items() if name != "attributes"}
    | {"processedDateTime": datetime.fromisoformat(row["processedDateTime"])}
    for row in MADE.rows(DEPLOYMENT)
]
AT = len(ROWS) // 2
GOOD = pa.Table.from_pylist(ROWS)
LATE = datetime(2027, 11, 20, tzinfo=UTC)


def changed(name: str, cells: Any, kind: Any = None) -> pa.Table:
    """The good table with other cells in a column."""
    column = cells if isinstance(cells, pa.Array | pa.ChunkedArray) else pa.array(cells, kind)
    return GOOD.set_column(GOOD.schema.get_field_index(name), name, column)


def with_cell(name: str, value: Any, kind: Any = None, of: Any = lambda cell: cell) -> pa.Table:
    """The good table with one other cell, in a column of some type."""
    cells = [of(cell) for cell in GOOD[name].to_pylist()]
    return changed(name, [*cells[:AT], value, *cells[AT + 1 :]], kind)


def every(name: str, value: Any, kind: Any = None) -> pa.Table:
    """The good table with one and the same in a column."""
    return changed(name, [value] * len(ROWS), kind)


def not_utf8() -> pa.Array:
    """Names of which the one at AT is no text."""
    names = [cell.encode() for cell in GOOD["customerName"].to_pylist()]
    names[AT] = b"\xff"
    buffers = pa.array(names, pa.binary()).buffers()
    return pa.Array.from_buffers(pa.string(), len(names), buffers)


def taken(path: Path, table: pa.Table, **how: Any) -> World:
    """The world of a file of that table; InputError."""
    pyarrow.parquet.write_table(table, path, **how)
    return load.with_files([path], EMPTY)


SOLD, TIME, NAME, PERCENT = "licensesSold", "processedDateTime", "customerName", "deploymentPercent"
ONE_CELL: list[tuple[str, pa.Table, str]] = [
    (SOLD, with_cell(SOLD, -1), "minimum"),
    (SOLD, with_cell(SOLD, 1.5, pa.float64(), float), "multipleOf"),
    (SOLD, with_cell(SOLD, float("nan"), pa.float64(), float), "multipleOf"),
    (SOLD, with_cell(SOLD, float("inf"), pa.float32(), float), "multipleOf"),
    (SOLD, with_cell(SOLD, Decimal("1.50"), pa.decimal128(20, 2), Decimal), "multipleOf"),
    (SOLD, with_cell(SOLD, Decimal(10) ** 60, pa.decimal256(70, 0), Decimal), "licences"),
    (SOLD, with_cell(SOLD, 10**9 + 1, pa.uint64()), "licences"),
    (SOLD, with_cell(SOLD, 2**64 - 1, pa.uint64()), "licences"),
    ("licensesDeployed", with_cell("licensesDeployed", 10**8), "PI204"),
    (PERCENT, with_cell(PERCENT, float("nan")), "type"),
    (PERCENT, with_cell(PERCENT, 101.0, pa.float32()), "maximum"),
    (NAME, with_cell(NAME, " ", pa.large_string()), "blank"),
    (NAME, with_cell(NAME, "", pa.dictionary(pa.int8(), pa.string())), "blank"),
    (NAME, changed(NAME, not_utf8()), "cannot be read .*utf-8"),
    ("customerId", with_cell("customerId", "12"), "uuid"),
    (TIME, with_cell(TIME, LATE), "PI212"),
    (TIME, with_cell(TIME, 2**61, pa.timestamp("us", "UTC"), lambda _: None), "cannot be read"),
    (TIME, with_cell(TIME, "yesterday", pa.string(), datetime.isoformat), "date-time"),
]
COLUMNS: list[tuple[str, pa.Table, str]] = [
    (SOLD, changed(SOLD, GOOD[SOLD].cast(pa.string())), "type"),
    (SOLD, every(SOLD, True), "type"),
    (SOLD, every(SOLD, LATE), "type"),
    (SOLD, every(SOLD, LATE.date()), "type"),
    (SOLD, every(SOLD, timedelta(1)), "type"),
    (SOLD, every(SOLD, b"\xff"), "type"),
    (SOLD, every(SOLD, [1]), "type"),
    (SOLD, every(SOLD, [("a", 1)], pa.map_(pa.string(), pa.int64())), "type"),
    (f"{SOLD}.a", every(SOLD, {"a": 1}), "there is no column"),
    (NAME, every(NAME, 1), "type"),
    (TIME, changed(TIME, GOOD[TIME].cast(pa.timestamp("us"))), "date-time"),
    (TIME, every(TIME, LATE.date()), "date-time"),
    ("customerId", every("customerId", bytes(16), pa.binary(16)), "uuid"),
    ("productName", GOOD.drop_columns(["productName"]), "is missing"),
    ("licencesSold", GOOD.append_column("licencesSold", GOOD[SOLD]), "did you mean licensesSold"),
    ("sold", GOOD.append_column("sold", pa.array([-1] * len(ROWS))), "given for one thing"),
]
FILES: list[tuple[pa.Table, str]] = [
    (GOOD.append_column("channel", GOOD["channel"]), "two columns are named 'channel'"),
    (
        pa.table({"customer": ["A"], "product": ["P"], "active.X": [1], "active": [{"X": 1}]}),
        "two columns are named 'active.X'",
    ),
    (
        pa.table({"customer": ["A"], "licenses": [[{"product": "P", "sold": 1}]]}),
        "licenses: a cell of Parquet holds no licences",
    ),
    (GOOD.slice(0, 0), "there is no row"),
    (pa.table({}), "there is no row"),
]


@pytest.mark.parametrize(("name", "table", "rule"), ONE_CELL)
@pytest.mark.parametrize("group", [None, 7])
def test_a_broken_cell_is_refused_at_its_place(
    tmp_path: Path, name: str, table: pa.Table, rule: str, group: int | None
) -> None:
    """With file, row, column and rule, in a file of one group of rows and of many."""
    path = tmp_path / "own.parquet"
    with pytest.raises(InputError, match=rule) as refused:
        taken(path, table, row_group_size=group)
    assert refused.value.where == f"{path}, row {AT + 1}, {name}"


@pytest.mark.parametrize(("name", "table", "rule"), COLUMNS)
def test_a_column_of_another_type_is_refused(tmp_path: Path, name: str, table: pa.Table, rule: str) -> None:
    """At its first cell."""
    path = tmp_path / "own.parquet"
    with pytest.raises(InputError, match=rule) as refused:
        taken(path, table)
    assert refused.value.where == f"{path}, row 1, {name}"


@pytest.mark.parametrize(("table", "words"), FILES)
def test_a_table_that_cannot_be_is_refused(tmp_path: Path, table: pa.Table, words: str) -> None:
    """In words, with the file; nothing of it is left out in silence."""
    path = tmp_path / "own.parquet"
    with pytest.raises(InputError, match=words) as refused:
        taken(path, table)
    assert str(path) in str(refused.value)


def test_a_file_that_is_damaged_is_refused(tmp_path: Path) -> None:
    """Cut at either end or in the middle, empty, or something else."""
    path = tmp_path / "own.parquet"
    taken(path, GOOD)
    whole = path.read_bytes()
    for content in (
        b"",
        b"PAR1PAR1",
        b"customer,product\nA,B\n",
        whole[:-9],
        whole[: len(whole) // 2],
        whole[99:],
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match="is no Parquet") as refused:
            load.with_files([path], EMPTY)
        assert refused.value.where == str(path)


def test_of_several_files_the_one_is_named(tmp_path: Path) -> None:
    """A folder is refused with the file and the row in it."""
    half = len(ROWS) // 2
    pyarrow.parquet.write_table(GOOD.slice(0, half), tmp_path / "a.parquet")
    pyarrow.parquet.write_table(with_cell(SOLD, -1).slice(half), tmp_path / "b.parquet")
    with pytest.raises(InputError, match="minimum") as refused:
        load.with_files([tmp_path], EMPTY)
    assert refused.value.where == f"{tmp_path / 'b.parquet'}, row {AT - half + 1}, {SOLD}"


@pytest.mark.parametrize(
    "table",
    [
        changed(SOLD, GOOD[SOLD].cast(pa.float64())),
        changed(SOLD, GOOD[SOLD].cast(pa.uint64())),
        changed(SOLD, GOOD[SOLD].dictionary_encode()),
        changed(SOLD, [Decimal(cell) for cell in GOOD[SOLD].to_pylist()]),
        changed(PERCENT, GOOD[PERCENT].cast(pa.float32())),
        changed(NAME, GOOD[NAME].cast(pa.large_string())),
        changed(NAME, GOOD[NAME].cast(pa.string_view())),
        changed(NAME, GOOD[NAME].cast(pa.binary())),
        changed(NAME, GOOD[NAME].dictionary_encode()),
        changed(TIME, GOOD[TIME].cast(pa.timestamp("ns", "Europe/Paris"))),
        changed(TIME, pa.array([f"{cell.value}001" for cell in GOOD[TIME].cast(pa.timestamp("us", "UTC"))])
                .cast(pa.int64()).cast(pa.timestamp("ns", "UTC"))),
    ],
)  # fmt: skip
def test_the_same_in_other_types_is_taken(tmp_path: Path, table: pa.Table) -> None:
    """As tools of data frames write them: the same rows."""
    assert taken(tmp_path / "own.parquet", table).rows(DEPLOYMENT) == MADE.rows(DEPLOYMENT)
