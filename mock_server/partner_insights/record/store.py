"""Judged exchanges → a recording: a body file each, and a line in the index once the file is whole."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import partner_insights
from partner_insights.errors import InputError
from partner_insights.files import one_writer, write_files
from partner_insights.header_values import number_of
from partner_insights.recording_folder import INDEX, VERSION, Key, RecordedAnswer, Recording, key_of
from partner_insights.verify.judge.json_body import BOM, read_body

if TYPE_CHECKING:
    from pathlib import Path

    from partner_insights.record.anonymizer import Anonymizer
    from partner_insights.verify.judge.exchange import Exchange, Response

LOCK: Final = ".lock"
"""In the folder while it is recorded to."""
MAX_ANSWERS: Final = 100_000
MAX_BYTES: Final = 4 * 2**30
"""What one recording may grow to; then traffic still passes, and nothing more is stored."""

_CONTENT_TYPE: Final = re.compile(
    r'application/json(?:\s*;\s*charset="?[\w-]+"?)?(?=\s*(?:;|$))', re.IGNORECASE | re.ASCII
)
"""What is stored of it: any other parameter may say something of somebody."""


class Store:
    """A folder that is being recorded to; one writer at a time."""

    def __init__(self, folder: Path, anonymizer: Anonymizer) -> None:
        """Begin a recording, or go on with one of the same key; InputError where neither can be."""
        self._folder = folder
        self._anonymizer = anonymizer
        self._answers: dict[Key, RecordedAnswer] = {}
        self._bytes = 0
        try:
            folder.mkdir(exist_ok=True)
            with ExitStack() as held:
                held.enter_context(one_writer(folder / LOCK, folder))
                self._begin()
                self._held = held.pop_all()
        except FileNotFoundError as error:
            raise InputError(
                "there is no such folder", where=str(folder.parent), remedy="make it first"
            ) from error
        except FileExistsError as error:
            raise InputError("is no folder", where=str(folder), remedy="name a folder") from error
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror or error}", where=str(folder)) from error

    def _begin(self) -> None:
        if any(each.name != LOCK for each in self._folder.iterdir()):
            self._go_on()
            return
        facts = {"recording": VERSION, "partnerInsights": partner_insights.__version__}
        try:
            self._append(facts | {"keyProof": self._anonymizer.key_check})
        except OSError:
            (self._folder / INDEX).unlink()  # an empty index would be in the way of another try
            raise

    def close(self) -> None:
        """Let others write to the folder."""
        self._held.close()

    def __len__(self) -> int:
        return len(self._answers)

    def add(self, exchange: Exchange, continuation: str | None) -> str | None:
        """Store an answer; why it was not stored, in words, or None.

        A failure never takes the place of a success to the same request. OSError where writing fails.
        """
        response, operation = exchange.response, exchange.request.operation
        if response is None or operation is None:
            return "no operation of the contract"
        key = self._key(exchange, continuation)
        before = self._answers.get(key)
        if before is not None and before.status < 300 <= response.status:
            return "a success of the same request is stored already"
        if before is None and (len(self._answers) >= MAX_ANSWERS or self._bytes >= MAX_BYTES):
            return "the recording is as large as it may become"
        content = self._body(response)
        if content is None:
            return "the body is no JSON, so nobody can tell what it says of customers"
        answer = self._answer(key, response)
        self._write(answer.file, content)
        self._append(answer.as_json())
        self._answers[key] = answer
        self._bytes += len(content)
        return None

    def _go_on(self) -> None:
        try:
            recording = Recording.read(self._folder)
        except InputError as error:
            raise InputError(
                "exists already and is no recording", where=str(self._folder), remedy="choose another --out"
            ) from error
        if recording.facts.get("keyProof") != self._anonymizer.key_check:
            raise InputError(
                "is a recording with other pseudonyms: the same customer would have two",
                where=str(self._folder),
                remedy="choose another --out, or give the same key with --pseudonym-key-env",
            )
        self._answers = dict(recording.answers)
        index = self._folder / INDEX
        if not index.read_bytes().endswith(b"\n"):  # cut short by a crash
            with index.open("ab") as file:
                file.write(b"\n")

    def _key(self, exchange: Exchange, continuation: str | None) -> Key:
        request = exchange.request
        values = [] if request.customer is None else [self._anonymizer.name(request.customer)]
        token = None if continuation is None else self._anonymizer.opaque(continuation)
        return key_of(request.operation or "", values, self._anonymizer.query(dict(request.query)), token)

    def _body(self, response: Response) -> bytes | None:
        if not response.body:
            return b""
        read = read_body(response.body)
        if not read.readable:
            return None
        return json.dumps(self._anonymizer.body(read.value), separators=(",", ":")).encode("ascii")

    @staticmethod
    def _answer(key: Key, response: Response) -> RecordedAnswer:
        operation, values, query, continuation = key
        name = "-".join(values) or "answer"
        if query or continuation:
            name += "-" + hashlib.sha256(repr((query, continuation)).encode()).hexdigest()[:8]
        headers = []
        retry = response.header("Retry-After")
        if retry is not None:
            headers.append(("Retry-After", "60" if number_of(retry) is None else retry))
        if response.status == 401:
            headers.append(("WWW-Authenticate", "Bearer"))  # the rest of it may name the tenant
        content_type = _CONTENT_TYPE.match(response.header("Content-Type") or "")
        return RecordedAnswer(
            key=key,
            status=response.status,
            content_type=content_type[0] if content_type else None,
            headers=tuple(headers),
            bom=response.body.startswith(BOM),
            file=f"{operation}/{name}.json",
        )

    def _write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        write_files({path: content})

    def _append(self, line: dict[str, Any]) -> None:
        """A whole line or, on a full disk, nothing of it: the rest would make the next line invalid."""
        content = json.dumps(line).encode("ascii") + b"\n"
        with (self._folder / INDEX).open("ab", buffering=0) as index:
            end = index.tell()
            try:
                if index.write(content) < len(content):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                index.truncate(end)
                raise
