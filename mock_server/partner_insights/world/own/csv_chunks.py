"""A CSV file → chunks of texts, each row at the line it begins on.

A block of lines without a quotation mark is split as a whole, which takes a third of the time of `csv`; any
other is read by it.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, BinaryIO, Final

from partner_insights.errors import InputError
from partner_insights.world.own.chunk import BLOCK, BOM, MAX_LINE, Chunk, within
from partner_insights.world.own.csv_header import Header, read_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SAVE: Final = "save it as CSV in UTF-8"


class _Text:
    """The text of a file, block by block: line by line for `csv`, or all whole lines of a block at once."""

    def __init__(self, file: BinaryIO, where: str) -> None:
        self._file = file
        self._where = where
        self._rest = b""
        self._is_first = True
        self._text = ""
        """The block."""
        self._reader: io.StringIO | None = io.StringIO()
        """Of the block, as soon as a line of it is asked for; at its end where it was passed over."""
        self._begun = 0
        """Lines of the file before the block."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._opened().readline()
        if not line and self._load():
            line = self._opened().readline()
        if not line:
            raise StopIteration
        return line

    @property
    def is_at_end_of_block(self) -> bool:
        """Whether the next line is of the next block."""
        return self._reader is not None and self._reader.tell() == len(self._text)

    def block(self) -> str:
        """The lines that are left of the block, or all of the next one; empty at the end of the file."""
        if self.is_at_end_of_block and not self._load():
            return ""
        return self._text if self._reader is None else self._text[self._reader.tell() :]

    def pass_over(self, lines: int) -> None:
        """The lines that were left of the block were read as a whole."""
        begun = 0 if self._reader is None else _breaks(self._text[: self._reader.tell()])
        self._begun += begun + lines
        self._text, self._reader = "", io.StringIO()

    def _opened(self) -> io.StringIO:
        if self._reader is None:
            self._reader = io.StringIO(self._text, newline="")
        return self._reader

    def _load(self) -> bool:
        """The next block; False at the end."""
        self._begun += _breaks(self._text)
        content = b""
        while not content:
            read = self._file.read(BLOCK)
            whole = self._rest + read
            # Lines end as `csv` ends them; a carriage return at the very end may have its line feed to come.
            end = max(whole.rfind(b"\n"), whole.rfind(b"\r", 0, -1)) + 1 if read else len(whole)
            content, self._rest = whole[:end], whole[end:]
            if len(self._rest) > MAX_LINE:
                words = f"a line is longer than {MAX_LINE // 2**20} MiB"
                raise InputError(words, where=within(self._where, f"line {self._begun + 1}"))
            if not read:
                break
        if self._is_first:
            content, self._is_first = content.removeprefix(BOM), False
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            place = within(self._where, f"line {self._begun + 1 + _breaks(content[: error.start].decode())}")
            raise InputError(f"is not UTF-8 ({error.reason})", where=place, remedy=_SAVE) from error
        self._text, self._reader = text, None
        return bool(text)


def _breaks(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def csv_chunks(file: BinaryIO, where: str) -> Iterator[Chunk]:
    """The rows under a header. InputError."""
    text = _Text(file, where)
    header = read_header(text, text.block().splitlines(), where)
    line = header.lines
    while block := text.block():
        columns = _split(block, len(header.names), header.delimiter)
        if columns is not None:
            count = len(columns[0])
            text.pass_over(count)
            numbers: Sequence[int] = range(line + 1, line + 1 + count)
            line += count
        else:
            numbers, rows, line = _read(text, line, header, where)
            rows = _of_one_width(rows, numbers, len(header.names), where)
            if not rows:
                continue
            columns = list(map(list, zip(*rows, strict=True)))
        unnamed = header.unnamed(columns)
        if unnamed is not None:
            words = f"{unnamed[1][:80]!r} stands under a column without a name"
            raise InputError(words, where=within(where, f"line {numbers[unnamed[0]]}"), remedy="name it")
        yield Chunk(header.columns(columns), _by_line(where, numbers), is_text=True)


def _split(block: str, width: int, delimiter: str) -> list[list[str]] | None:
    """The columns of lines that have no quotation mark and are all as wide as the header; None for others."""
    end = "\r\n" if "\r" in block else "\n"
    nothing = f"{end}{delimiter * (width - 1)}{end}"
    if '"' in block or width < 2 or nothing in f"{end}{block}{end}":
        return None
    marked = block.removesuffix(end).replace(end, f"{delimiter}\n{delimiter}")
    cells = marked.split(delimiter)
    marks = cells[width :: width + 1]
    ends = marked.count("\n")
    if "\r" in marked or ends != len(marks) or ends != marks.count("\n"):
        return None
    if len(cells) != ends * (width + 1) + width:
        return None
    return [cells[place :: width + 1] for place in range(width)]


def _read(text: _Text, line: int, header: Header, where: str) -> tuple[list[int], list[list[str]], int]:
    """The rows that begin in the block, the line of each, and the last line of them; empty ones are none."""
    reader = header.reader(text)
    numbers: list[int] = []
    rows: list[list[str]] = []
    begin = line + 1
    try:
        for row in reader:
            if any(row):
                numbers.append(begin)
                rows.append(row)
            begin = line + reader.line_num + 1
            if text.is_at_end_of_block:
                break
    except csv.Error as error:
        place = within(where, f"line {line + reader.line_num}")
        raise InputError(f"is no CSV ({error})", where=place) from error
    return numbers, rows, line + reader.line_num


def _of_one_width(rows: list[list[str]], numbers: Sequence[int], width: int, where: str) -> list[list[str]]:
    """The rows, without the empty cells that some have behind the last column. InputError."""
    if set(map(len, rows)) <= {width}:
        return rows
    for row, number in zip(rows, numbers, strict=True):
        if len(row) < width or any(row[width:]):
            raise InputError(
                f"{len(row)} cells under {width} columns",
                where=within(where, f"line {number}"),
                remedy="a cell that holds what stands between cells needs quotation marks",
            )
    return [row[:width] for row in rows]


def _by_line(where: str, numbers: Sequence[int]) -> Callable[[int, str | None], str]:
    def place(row: int, column: str | None) -> str:
        line = f"line {numbers[row]}" if 0 <= row < len(numbers) else "line 1"
        return within(where, line if column is None else f"{line}, {column}")

    return place
