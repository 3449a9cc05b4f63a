"""A CSV is read by blocks: what a cell holds depends neither on where a block ends nor on the delimiter."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue
from partner_insights.errors import InputError
from partner_insights.world import World
from partner_insights.world.own import csv_chunks, load
from partner_insights.world.own.csv_header import DELIMITERS
from partner_insights.world.own.files import chunks_in

CELL = st.text(st.sampled_from('ab",;\t\n\r é'), max_size=6)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(CELL, CELL), max_size=12),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(1, 12),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(DELIMITERS),
)
def test_any_csv_is_read_as_csv_reads_it(
    rows: list[tuple[str, str]], end: str, block: int, quoting: int, delimiter: str
) -> None:
    """Cells and lines are those of the standard library's reader, whatever a block holds; no empty row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end, quoting=quoting, delimiter=delimiter)
    writer.writerows([("customer", "product"), *rows])
    content = out.getvalue().encode()
    reader = csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True, delimiter=delimiter)
    next(reader)
    expected, line = [], reader.line_num
    for row in reader:
        assume(len(row) == 2)  # the writer may leave a carriage return without quotation marks
        if any(row):
            expected.append((f"line {line + 1}", *row))
        line = reader.line_num
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_chunks, "BLOCK", block)
        found = [
            (chunk.place(at, None), chunk.columns["customer"][at], chunk.columns["product"][at])
            for chunk in csv_chunks.csv_chunks(io.BytesIO(content), "")
            for at in range(len(chunk))
        ]
    assert found == expected


@pytest.mark.parametrize("block", [1, 10, 100])
@pytest.mark.parametrize("before", [0, 1, 60])
@pytest.mark.parametrize(
    "row", ["A,B\n", "A,B\r", '"A\nA",B\n'], ids=["plain", "of old Macs", "of two lines"]
)
def test_bytes_that_cannot_be_read_are_refused_at_their_line(
    row: str, before: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of cp1252 names the line of the first letter that is no UTF-8; one line without end, its own."""
    monkeypatch.setattr(csv_chunks, "BLOCK", block)
    monkeypatch.setattr(csv_chunks, "MAX_LINE", 200)
    head, line = "customer,product\n" + row * before, 2 + before * len(row.splitlines())
    with pytest.raises(InputError, match=f"line {line}: is not UTF-8"):
        list(csv_chunks.csv_chunks(io.BytesIO(f"{head}Müller,B\n".encode("cp1252")), ""))
    longest = "M" * 198 + ",B"
    assert sum(map(len, csv_chunks.csv_chunks(io.BytesIO(f"{head}{longest}\n".encode()), ""))) == before + 1
    with pytest.raises(InputError, match=f"line {line}: a line is longer than"):
        list(csv_chunks.csv_chunks(io.BytesIO(f"{head}{longest * 2}".encode()), ""))


EMPTY = World(Catalogue.load(), customers=0, as_of=date(2026, 11, 22))
ENGLISH = """customer,product,sold,deployed,deploymentPercent
Fabrikam,Office 365 E3,80,60,75
"Wingtip, Toys",Microsoft 365 E5,1200,333,27.75
"""


def rows_of(content: str | bytes) -> list[dict[str, Any]]:
    """The rows of deployment that a CSV is."""
    body = content.encode() if isinstance(content, str) else content
    world = load.put(load.read(chunks_in(body, "text/csv"), EMPTY), EMPTY)
    return world.rows("CustomerLicensesDeploymentInsights")


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_what_a_spreadsheet_writes_where_commas_are_decimals_says_the_same(delimiter: str) -> None:
    """Semicolons or tabs, decimal commas, a mark in front, empty lines and cells behind the last column."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    header, *rows = csv.reader(io.StringIO(ENGLISH))
    writer.writerow([*header, ""])
    for row in rows:
        writer.writerow([*(row[:4]), row[4].replace(".", ","), "", ""])
        writer.writerow([""] * (len(header) + 1))
    assert rows_of("\ufeff" + out.getvalue()) == rows_of(ENGLISH)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            ENGLISH.replace(",", ", ").replace('"Wingtip,  ', '"Wingtip, '), id="a space behind each comma"
        ),
        pytest.param(ENGLISH.replace("80,60", " 80 ,60"), id="spaces around a number"),
        pytest.param(
            ENGLISH.replace("customer,product,sold", "Customer\u00a0Name,PRODUCT,Licenses_Sold"),
            id="names as people write them",
        ),
        pytest.param("sep=,\n" + ENGLISH, id="what Excel writes before the header"),
        pytest.param(ENGLISH.encode("utf-16"), id="UTF-16 with its mark"),
    ],
)
def test_what_people_and_spreadsheets_write_says_the_same(content: str | bytes) -> None:
    """Padding as in the header, names with spaces and in any case, Excel's hint, wide letters."""
    assert rows_of(content) == rows_of(ENGLISH)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("customer;product;sold\nA;Office 365 E3;1.234\n", "line 2, sold: 1.234 is no whole number"),
        ("customer;product;sold\nA;Office 365 E3;1.234,5\n", "line 2, sold: '1.234,5' is no number"),
        ("customer,product,sold\nA,Office 365 E3,7,5\n", "line 2: 4 cells under 3 columns"),
        ("customer,product,sold,\nA,Office 365 E3,7,x\n", "line 2: 'x' stands under a column without a name"),
        (
            "PK\x03\x04,product\nA,Office 365 E3\n",
            "line 1: is no CSV: there are control characters in the header",
        ),
        ("customer;product;solt\nA;Office 365 E3;7\n", "line 1, solt: there is no column 'solt'"),
    ],
)
def test_what_cannot_be_told_is_refused_at_its_cell(content: str, words: str) -> None:
    """A thousands separator, a decimal comma between commas, a cell of no column, a column nobody knows."""
    with pytest.raises(InputError) as refused:
        rows_of(content)
    assert str(refused.value).startswith(words)
