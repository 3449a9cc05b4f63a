"""A folder of recorded answers ↔ values: what `record` writes and `serve --from` reads.

`recording.ndjson` has a line about the folder, then one for each answer; each body is a file of its own, as
it came over the wire. A later line about the same request counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import quote, urlencode

from msgspec import Struct

from partner_insights.documents import json_value
from partner_insights.errors import InputError
from partner_insights.file_reader import read_input
from partner_insights.files import real_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

INDEX: Final = "recording.ndjson"
VERSION: Final = 1
"""Of the form of the folder."""

_FIELD: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
"""The name or value of a header field, as it can be sent."""

Key: TypeAlias = tuple[str, tuple[str, ...], tuple[tuple[str, str], ...], str | None]
"""What tells one request from another: operation, values of its path, query, continuation token."""


def key_of(operation: str, values: Iterable[str], query: Mapping[str, str], continuation: str | None) -> Key:
    """The key of a request; ids are alike in any case, and so is a query in any order."""
    return operation, tuple(value.lower() for value in values), tuple(sorted(query.items())), continuation


class RecordedAnswer(Struct, frozen=True):
    """One answer, and the request it answered."""

    key: Key
    status: int
    content_type: str | None
    headers: tuple[tuple[str, str], ...]
    bom: bool
    """Whether the body came behind a byte order mark, which its file leaves out."""
    file: str

    def as_json(self) -> dict[str, Any]:
        """As a line of the index."""
        operation, values, query, continuation = self.key
        return {
            "operation": operation,
            "values": list(values),
            "query": dict(query),
            "continuation": continuation,
            "status": self.status,
            "contentType": self.content_type,
            "headers": dict(self.headers),
            "bom": self.bom,
            "file": self.file,
        }

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> RecordedAnswer:
        """From a line of the index; LookupError, TypeError or ValueError for what is none."""
        if not isinstance(line["values"], list):
            raise TypeError("no values")
        return cls(
            key=key_of(
                _text(line["operation"]),
                map(_text, line["values"]),
                {name: _text(value) for name, value in line["query"].items()},
                None if line["continuation"] is None else _text(line["continuation"]),
            ),
            status=_status(line["status"]),
            content_type=None if line["contentType"] is None else _field(line["contentType"]),
            headers=tuple((_field(name), _field(value)) for name, value in line["headers"].items()),
            bom=bool(line["bom"]),
            file=_text(line["file"]),
        )


class Recording(Struct, frozen=True):
    """All answers of a folder."""

    folder: Path
    facts: Mapping[str, Any]
    """The first line: the form's version, ours, and what proves the key of the pseudonyms."""
    answers: Mapping[Key, RecordedAnswer]

    @classmethod
    def read(cls, folder: Path) -> Recording:
        """InputError where the folder is no recording."""
        try:
            lines = read_input(folder / INDEX).splitlines()
            facts = json_value(lines[0])
            if facts["recording"] != VERSION:
                raise InputError(f"is a recording of another form ({facts['recording']})", where=str(folder))
        except OSError as error:
            raise InputError(
                f"is no recording: {INDEX} cannot be read ({error.strerror or error})",
                where=str(folder),
                remedy="name a folder that `partner-insights record` wrote",
            ) from error
        except (ValueError, LookupError, TypeError) as error:
            raise InputError(f"is no recording: {INDEX} does not say so", where=str(folder)) from error
        answers = {answer.key: answer for answer in map(_answer, lines[1:]) if answer is not None}
        return cls(folder, facts, answers)

    def first_request(self, paths: Mapping[str, str]) -> str | None:
        """Path and query of a request that is answered, well if possible; `paths` are those of operations."""
        plain = [
            answer for answer in self.answers.values() if answer.key[3] is None and answer.key[0] in paths
        ]
        if not plain:
            return None
        operation, values, query, _ = next((each for each in plain if each.status == 200), plain[0]).key
        path = paths[operation]
        for value in values:
            before, _, after = path.partition("{")
            path = before + quote(value, safe="") + after.partition("}")[2]
        return f"{path}?{urlencode(query)}" if query else path

    def body(self, answer: RecordedAnswer) -> bytes:
        """An answer's body, without the mark; InputError where its file is gone or outside of the folder."""
        path = real_path(self.folder / answer.file)
        if not path.is_relative_to(real_path(self.folder)):
            raise InputError("lies outside of the recording", where=str(path))
        try:
            return read_input(path)
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error


def _status(value: Any) -> int:
    if not isinstance(value, int) or not 100 <= value <= 599:
        raise ValueError("no status of HTTP")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("no text, or none that a path can be of")
    return value


def _field(value: Any) -> str:
    if not isinstance(value, str) or not _FIELD.fullmatch(value):
        raise ValueError("no field of HTTP")
    return value


def _answer(line: bytes) -> RecordedAnswer | None:
    try:
        return RecordedAnswer.read(json_value(line))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None  # cut short by a crash: the answer was not recorded
