"""A CSV is read by blocks, and what a cell holds never depends on where a block ends."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from partner_insights.errors import InputError
from partner_insights.world.own import csv_chunks

CELL = st.text(st.sampled_from('ab",\n\r é'), max_size=6)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(CELL, CELL), max_size=12),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(1, 12),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_any_csv_is_read_as_csv_reads_it(
    rows: list[tuple[str, str]], end: str, block: int, quoting: int
) -> None:
    """Cells and lines are those of the standard library's reader, whatever the block holds."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end, quoting=quoting)
    writer.writerows([("customer", "product"), *rows])
    content = out.getvalue().encode()
    reader = csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True)
    next(reader)
    expected, line = [], reader.line_num
    for row in reader:
        assume(len(row) == 2)  # the writer may leave a carriage return without quotation marks
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


def test_bytes_of_another_encoding_are_refused_at_their_line() -> None:
    """A file of cp1252 names the line of the first letter that is no UTF-8."""
    body = "customer,product\nA,B\nMüller,B\n".encode("cp1252")
    with pytest.raises(InputError, match="line 3: is not UTF-8"):
        list(csv_chunks.csv_chunks(io.BytesIO(body), ""))
