"""Parts of recordings, to their very bounds: bodies of archives, what an entry states, lines in blocks."""

from __future__ import annotations

import base64
import gzip
import io
import zlib
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partner_insights.errors import InputError
from partner_insights.verify.recordings import archived_body as bodies
from partner_insights.verify.recordings import archives, files
from partner_insights.verify.recordings.archived_body import Room
from partner_insights.verify.recordings.entry import LineBlock, RecordedResponse

if TYPE_CHECKING:
    from pathlib import Path

    from partner_insights.verify.judge.exchange import Headers


def body_of(answered: dict[str, Any], headers: Headers = (), folder: Any = None, size: int = 100) -> bytes:
    return bodies.archived_body(answered, headers, folder, Room(size))


ABSENT: list[tuple[Any, Any, str | None, bool]] = [
    (None, None, None, False),
    (0, None, None, True),
    ("0", None, None, True),
    (-1, 0, None, True),
    (None, None, "0", True),
    (-1, -1, None, False),
    (1, None, None, False),
    (0, 1, None, False),
    (0, 0, "1", False),
    (0, 0, "many", True),
    (0, 0, "9" * 19, True),
    (0, 0, "9" * 18, False),
]


@pytest.mark.parametrize(("size", "wire_size", "length", "is_empty"), ABSENT)
def test_a_body_is_empty_where_that_is_stated(
    size: Any, wire_size: Any, length: str | None, is_empty: bool
) -> None:
    """By any of three lengths, and by none of them contradicted; otherwise the archive left it out."""
    headers = () if length is None else (("content-length", length),)
    answered = {"bodySize": wire_size, "content": {"size": size}}
    if is_empty:
        assert body_of(answered, headers) == b""
    else:
        with pytest.raises(InputError, match="holds no body"):
            body_of(answered, headers)
    answered["content"]["text"] = ""
    stated = [each for each in (size, wire_size, length) if str(each) in ("1", "9" * 18)]
    if stated:
        with pytest.raises(InputError, match="holds no body"):
            body_of(answered, headers)
    else:
        assert body_of(answered, headers) == b""


CODINGS = {
    "gzip": gzip.compress,
    "X-GZIP": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": lambda content: zlib.compress(content)[2:-4],
    "identity": bytes,
    "": bytes,
}
TEXTS = st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace"))


@given(content=TEXTS, codings=st.lists(st.sampled_from(sorted(CODINGS)), max_size=3))
@example(content=b"", codings=["gzip"])
@example(content=b"{\xef\xbf\xbd}", codings=[])
@example(content=b"\xef\xbb\xbf [\xef\xbf\xbd", codings=["gzip"])
def test_a_compressed_body_is_what_was_compressed(content: bytes, codings: list[str]) -> None:
    """By any codings, one after the other; and where the archive holds it decoded, whatever the label."""
    stored = content
    for coding in codings:
        stored = CODINGS[coding](stored)
    headers = (("Content-Type", "gzip"), ("content-encoding", ", ".join(codings)), ("x", "br"))
    answered = {"content": {"text": base64.b64encode(stored).decode(), "encoding": "base64", "size": 0}}
    assert body_of(answered, headers) == content
    plain = b'{"a": 1}'
    assert body_of({"content": {"text": plain.decode()}}, headers) == plain


@pytest.mark.parametrize("compress", [None, "gzip", "deflate"])
@pytest.mark.parametrize("more", [0, 1])
def test_a_body_has_a_greatest_length(
    compress: str | None, more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it is stored; so long it is taken, and no byte longer."""
    monkeypatch.setattr(bodies, "MAX_BODY", 2**20)
    content = b"[" + b"1" * (2**20 - 1 + more)
    stored = content if compress is None else CODINGS[compress](content)
    answered = {"content": {"text": base64.b64encode(stored).decode(), "encoding": "base64"}}
    headers = (("Content-Encoding", compress),) if compress is not None else ()
    if more:
        with pytest.raises(InputError, match="the body is larger than 1 MiB"):
            body_of(answered, headers)
    else:
        assert body_of(answered, headers) == content


@pytest.mark.parametrize("more", [0, 1])
def test_bodies_that_are_not_in_the_archive_have_room_for_so_many_bytes(more: int) -> None:
    """What is held takes none of it, nor a file beside the archive the first time it is named."""
    room = Room(10)
    assert room.left == 16 * 2**20 + 200
    room.left = 100
    room.take(b"x" * 60, b"x" * 70)
    room.take(b"x" * 60, b"x" * 20)
    assert room.left == 60
    room.take(b"x" * 60, b"", "body.json")
    assert room.left == 60
    if more:
        with pytest.raises(InputError, match="far larger than the archive"):
            room.take(b"x" * 61, b"", "body.json")
    else:
        room.take(b"x" * 60, b"", "body.json")
    assert room.left == 0


@pytest.mark.parametrize(
    ("text", "size", "is_cut"),
    [("{", 4, False), ("{", 5, True), ("{}", 99, False), ("{", "5", False), ("{", None, False)],
)
def test_a_broken_body_that_was_longer_was_cut_off(text: str, size: Any, is_cut: bool) -> None:
    """By more than a byte order mark, which some count; a whole one is whole."""
    answered = {"content": {"text": text, "size": size}}
    if is_cut:
        with pytest.raises(InputError, match="holds 1 of the 5 bytes"):
            body_of(answered)
    else:
        assert body_of(answered) == text.encode()


@pytest.mark.parametrize(
    ("text", "label", "body"),
    [
        ("1234", None, b"1234"),
        ("MTIzNA==", "base64", b"1234"),
        ("{}", "base64", b"{}"),
        ("MTIzN", "base64", None),
        ("MTIz", "BASE64 ", b"123"),
    ],
)
def test_a_text_is_decoded_where_its_label_and_its_letters_say_so(
    text: str, label: str | None, body: bytes | None
) -> None:
    """Neither alone; one that is cut off is named."""
    answered = {"content": {"text": text, "encoding": label}}
    if body is None:
        with pytest.raises(InputError, match="in base64 that is cut off"):
            body_of(answered)
    else:
        assert body_of(answered) == body


STATUSES: list[tuple[Any, int | None]] = [
    (None, 0), ("", 0), (200, 200), ("200", 200), (200.0, 200), ("599", 599), (0, 0), (-999, -999), (99, 99),
    (600, None), (1000, None), (True, None), (False, None), (200.5, None), ([], None), (-(10**10), None),
]  # fmt: skip


@pytest.mark.parametrize(("stated", "status"), STATUSES)
def test_a_status_is_one_of_http_or_none(stated: Any, status: int | None) -> None:
    """As tools write it: a number, a text, none at all, or what stands for a failure."""
    if status is None:
        with pytest.raises(InputError, match="its status is none of HTTP"):
            archives._status(stated)
    else:
        assert archives._status(stated) == status


@pytest.mark.parametrize(
    ("stated", "moment"),
    [
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01T10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (archives.FIRST_DAY.isoformat(), archives.FIRST_DAY),
        ("1970-01-01T00:00:00Z", None),
        ("yesterday", None),
        (5, None),
        (None, None),
    ],
)
def test_an_entry_is_of_the_time_it_states(stated: Any, moment: datetime | None) -> None:
    """In UTC where it has no zone; otherwise, or from before the service was, of today."""
    before = datetime.now(UTC)
    found = archives.moment_of_entry({"startedDateTime": stated})
    assert found == moment if moment is not None else before <= found <= datetime.now(UTC)


LINES = st.lists(st.sampled_from([b"{}", b"", b" ", b'{"a":5}', b"x", b"12345678901", b"}{"]), max_size=8)


@given(lines=LINES, end=st.sampled_from([b"", b"\n", b"\n\n"]), block=st.integers(1, 12))
@example(lines=[b"{}"], end=b"\n", block=64)
@example(lines=[b"12345678901", b"{}"], end=b"", block=3)
def test_lines_keep_their_numbers_whatever_a_block_holds(lines: list[bytes], end: bytes, block: int) -> None:
    """Empty ones count, and so does one that is too long, which is named in place of what it holds."""
    content = b"\n".join(lines) + end
    expected = [
        (f"line {at}", line.strip() if len(line) < 11 else None)
        for at, line in enumerate(lines, 1)
        if line.strip()
    ]
    found: list[tuple[str, bytes | None]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BLOCK_BYTES", block)
        patch.setattr(files, "MAX_BODY", 10)
        if not expected:
            with pytest.raises(InputError, match="the file is empty"):
                list(files._lines("f", io.BytesIO(content)))
            return
        for each in files._lines("f", io.BytesIO(content)):
            if isinstance(each, InputError):
                found.append((str(each.where).removeprefix("f, "), None))
                continue
            rows = each.content.removesuffix(b"\n").split(b"\n")
            are_objects = all(row[:1] == b"{" and row[-1:] == b"}" for row in rows)
            assert each.objects == len(rows) * are_objects
            assert each.number == len(rows)
            recorded = list(each.entries(range(len(each.lines))))
            assert [one.content for one in recorded] == each.lines
            assert all(one.line and one.file == "f" for one in recorded)
            found += [(one.place, one.content) for one in recorded]
    assert found == expected


@given(values=st.lists(st.integers(0, 3), min_size=1, max_size=8), block=st.integers(1, 60))
def test_what_an_array_holds_keeps_its_number(values: list[int], block: int) -> None:
    """However many there are in a block, each is as if in a line."""
    content = str([{"a" * value: value} for value in values]).replace("'", '"').encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BLOCK_BYTES", block)
        blocks = list(files._body_or_array("f", content))
    assert all(isinstance(each, LineBlock) for each in blocks)
    rows = [one for each in blocks for one in each.entries(range(each.objects))]  # type: ignore[union-attr]
    assert [one.name for one in rows] == [f"f, item {at}" for at in range(1, len(values) + 1)]
    sizes = [[len(line) for line in each.lines] for each in blocks]  # type: ignore[union-attr]
    assert all(sum(some) <= block or len(some) == 1 for some in sizes)
    assert all(sum(some) + following[0] > block for some, following in pairwise(sizes))


@pytest.mark.parametrize("content", [b"{}", b"5", b"[5]", b"[{}, 5]", b"[", b'\xef\xbb\xbf {"a": []}'])
def test_what_is_no_array_of_objects_is_one_body(content: bytes) -> None:
    """The judge says what is wrong with it."""
    assert list(files._body_or_array("f", content)) == [RecordedResponse("f", "", content)]
    with pytest.raises(InputError, match="the array is empty"):
        list(files._body_or_array("f", b" []"))


@pytest.mark.parametrize("more", [0, 1])
def test_a_file_has_a_greatest_length(tmp_path: Path, more: int) -> None:
    """So many bytes are read, and not one more."""
    content = b"x" * (3 * 2**20 + more)
    if more:
        with pytest.raises(InputError, match="the file is larger than 3 MiB"):
            files._content("f", io.BytesIO(content), 3 * 2**20)
    else:
        assert files._content("f", io.BytesIO(content), 3 * 2**20) == content
