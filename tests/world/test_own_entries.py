"""What was read so far of given rows: codes, columns and places are those of all pieces laid end to end."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.errors import InputError
from partner_insights.world.own import entries
from partner_insights.world.own.chunk import MISSING, Chunk
from partner_insights.world.own.entries import Entries, Given, Interned
from partner_insights.world.own.table import runs_of
from partner_insights.world.product_file import default_catalogue


def given_of(*sizes: int, allow_invalid: bool = False) -> Given:
    """Pieces of so many rows, each of a file of its own, which calls what is sold by its number."""
    read = Given(date(2026, 11, 22), default_catalogue(), 100, allow_invalid, is_all=True)
    for number, size in enumerate(sizes):
        chunk = Chunk({"sold": [0] * size}, lambda row, column, of=number: f"{of}: {row} {column}")
        names = {"licensesSold": [f"sold {number}"], "active.Teams": [f"Teams {number}"]}
        assert read.begin(chunk, names) == sum(sizes[:number])
    return read


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_a_row_is_found_in_its_piece(sizes: list[int]) -> None:
    """By its number among all: the file, the row there, and what the file calls a column."""
    read = given_of(*sizes)
    assert (read.rows, read.answers) == (sum(sizes), len(sizes))
    rows = [(piece, row) for piece, size in enumerate(sizes) for row in range(size)]
    for number, (piece, row) in enumerate(rows):
        assert read.place(number, "sold") == f"{piece}: {row} sold"
        assert read.named(number, "licensesSold") == f"sold {piece}"
        assert read.named(number, "licensesActive", "Teams") == f"Teams {piece}"
        assert read.named(number, "licensesActive", "Exchange") == "licensesActive"
        assert read.named(number, "channel", "Teams") == "channel"


def test_what_is_invalid_is_refused_or_taken_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the place of the cell; on purpose so many are taken, with their values where they have one."""
    with pytest.raises(InputError, match=r"1: 0 sold: is odd"):
        given_of(2, 2).problem(2, "sold", "is odd")
    monkeypatch.setattr(entries, "MAX_INVALID", 3)
    read = given_of(2, 2, allow_invalid=True)
    for row, value in enumerate((None, MISSING, 5)):
        read.problem(row, "sold", "is odd", value, "licensesSold")
    assert read.notes == [(0, "0: 0 sold: is odd"), (1, "0: 1 sold: is odd"), (2, "1: 0 sold: is odd")]
    assert read.raw == [(0, "licensesSold", None), (2, "licensesSold", 5)]
    with pytest.raises(InputError, match=r"1: 1 sold: more than 3 cells are invalid"):
        read.problem(3, "sold", "is odd")


CELL = st.sampled_from(["A", "B", "", None, MISSING])
PIECES = st.integers(1, 3).flatmap(
    lambda width: st.lists(
        st.lists(st.tuples(*[CELL] * width), min_size=1, max_size=4).flatmap(
            lambda rows: st.tuples(st.just(rows), st.integers(0, width - 1))
        ),
        max_size=4,
    )
)


@given(PIECES)
def test_a_tuple_has_one_code_in_all_pieces(pieces: list[tuple[list[tuple[Any, ...]], int]]) -> None:
    """Codes count the distinct tuples in the order of their first rows; each is new in one piece alone."""
    interned, known = Interned(), {}
    for rows, absent in pieces:
        columns: list[list[Any] | None] = [list(column) for column in zip(*rows, strict=True)]
        if len(columns) > 1:  # a column that a file does not have
            columns[absent] = None
            rows = [(*row[:absent], MISSING, *row[absent + 1 :]) for row in rows]
        before = len(known)
        for row in rows:
            known.setdefault(row, len(known))
        codes, new = interned.of(columns, MISSING)
        assert codes == [known[row] for row in rows]
        assert new == list(known)[before:]
    assert interned.nothing == {code for row, code in known.items() if set(row) <= {"", None, MISSING}}


@given(st.lists(st.lists(st.tuples(st.booleans(), st.integers(-5, 5)), min_size=1, max_size=4), max_size=5))
def test_columns_grow_by_the_rows_that_are_meant(pieces: list[list[tuple[bool, int]]]) -> None:
    """In one type, that of the first piece; a column that is given away is not there any more."""
    grown = Entries()
    for piece in pieces:
        mask, values = np.array([meant for meant, _ in piece]), [value for _, value in piece]
        grown.add(mask, sold=np.array(values, dtype=np.int64), active=np.array(values, dtype=np.int8))
    expected = [value for piece in pieces for meant, value in piece if meant]
    assert bool(grown) == bool(expected)
    assert grown.column("sold").tolist() == grown.column("active").tolist() == expected
    assert grown.joined("sold").tolist() == expected
    assert grown.column("sold").tolist() == []
    assert grown.column("none", np.float64).dtype == np.float64


@given(st.sets(st.integers(0, 9)))
def test_neighbours_are_one_run(places: set[int]) -> None:
    """Runs hold the places and no others, and between two of them something is left out."""
    runs = runs_of(sorted(places))
    assert [place for first, end in runs for place in range(first, end)] == sorted(places)
    assert all(end < first for (_, end), (first, _) in pairwise(runs))
