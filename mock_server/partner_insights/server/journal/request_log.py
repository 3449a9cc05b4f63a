"""The journal → a line for each request on standard output.

No request pays for its line: a thread of its own reads the journal ten times a second and writes what is new.
"""

from __future__ import annotations

import json
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from partner_insights.server.settings import LogFormat

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_insights.server.journal.journal import Entry, Journal

SECONDS: Final = 0.1
MAX_LINES: Final = 100
"""Requests told of in one turn: nobody reads a thousand lines a second, and writing them takes time."""
_JSON_KEYS: Final = (
    *("time", "method", "path", "query", "operation", "status", "milliseconds"),
    *("fault", "requestId", "correlationId", "notes"),
)


class RequestLog:
    """Tells of each request of a journal once it is answered."""

    def __init__(self, journal: Journal, log_format: LogFormat, write: Callable[[str], None]) -> None:
        self._journal = journal
        self._render = _as_json if log_format is LogFormat.JSON else _as_text
        self._left_out = _left_out_json if log_format is LogFormat.JSON else _left_out_text
        self._write = write
        self._seen = 0
        self._pending: list[Entry] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Write from now on, until there is nobody to write to."""
        threading.Thread(target=self._run, name="request-log", daemon=True).start()

    def flush(self) -> None:
        """Write what is new. OSError or ValueError where that is impossible."""
        with self._lock:
            entries, left_out, self._seen = self._journal.since(self._seen, MAX_LINES)
            waiting, self._pending = [*self._pending, *entries], []
            lines = []
            for entry in waiting:
                if entry.answered is None:
                    self._pending.append(entry)
                else:
                    lines.append(self._render(self._journal, entry))
            if left_out:
                lines.append(self._left_out(left_out))
            if lines:
                self._write("".join(f"{line}\n" for line in lines))

    def _run(self) -> None:
        pause = threading.Event()
        with suppress(OSError, ValueError):
            while True:
                pause.wait(SECONDS)
                self.flush()


def write_out(text: str) -> None:
    """Write to standard output at once, whatever its encoding."""
    stream = sys.stdout
    stream.write(text.encode(stream.encoding, "replace").decode(stream.encoding))
    stream.flush()


def _as_text(journal: Journal, entry: Entry) -> str:
    content = journal.content(entry)
    target = content["path"] + (f"?{content['query']}" if content["query"] else "")
    status = "no reply" if entry.status is None else str(entry.status)
    line = f"{content['time'][11:23]}Z {entry.method} {target} {status} {content['milliseconds']:.1f} ms"
    remarks = [f"fault {entry.fault}"] if entry.fault else []
    remarks += journal.hints(entry)
    line = "; ".join([line, *remarks])
    # What a caller sent must not steer the terminal.
    return line if line.isprintable() else line.encode("unicode_escape").decode("ascii")


def _as_json(journal: Journal, entry: Entry) -> str:
    content: dict[str, Any] = journal.content(entry)
    return json.dumps({key: content[key] for key in _JSON_KEYS})


def _left_out_text(number: int) -> str:
    return f"{number:,} more requests, too many to tell of one by one"


def _left_out_json(number: int) -> str:
    return json.dumps({"requestsLeftOut": number})
