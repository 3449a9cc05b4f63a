"""A server that answers → word of it for the script that started it: a file, there in full or not at all."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from partner_insights.documents import json_value
from partner_insights.errors import InputError
from partner_insights.files import is_stream, try_writing, write_stream, written_aside

if TYPE_CHECKING:
    from pathlib import Path

MAX_READY: Final = 2**16
"""Bytes of a ready file."""


class ReadyFile(Struct, frozen=True):
    """`{"url", "token", "pid", "seed", "asOf"}` as JSON: there in full or not at all, for its owner only.

    Over TLS also `"fingerprint"`, and `"caFile"` where the certificate is of our own making.
    """

    path: Path

    @classmethod
    def prepare(cls, path: Path) -> ReadyFile:
        """Remove the file of an older run; InputError where none can be written, or that run goes on."""
        file = cls(path)
        if file.is_living():
            raise InputError(
                f"{path} is the ready file of a server that still answers",
                where="--ready-file",
                remedy="end that one, or name another file",
            )
        try:
            try_writing(path)
            if not is_stream(path):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(path, error) from error
        return file

    def write(self, content: dict[str, object]) -> None:
        """Put the file in place; InputError where it cannot be written any more."""
        told = json.dumps(content).encode()
        try:
            if is_stream(self.path):
                write_stream(self.path, told)
                return
            with written_aside(self.path, mode=0o600) as file:
                file.write(told)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def remove(self, pid: int) -> None:
        """At the end: what it names does not answer any more. The file of another run stays."""
        if not is_stream(self.path) and self._content().get("pid") == pid:
            self.path.unlink(missing_ok=True)

    def is_living(self) -> bool:
        """Whether the process that the file names runs, and something answers at its URL."""
        content = self._content()
        try:
            url = urlsplit(content["url"])
            if not _runs(content["pid"]):
                return False
            socket.create_connection((url.hostname or "", url.port or 0), timeout=1).close()
        except (KeyError, TypeError, ValueError, AttributeError, OSError):
            return False
        return True

    def _content(self) -> dict[str, Any]:
        """What the file says; nothing where it is none of ours."""
        try:
            if not self.path.is_file():
                return {}
            with self.path.open("rb") as file:
                content = json_value(file.read(MAX_READY))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"{path} cannot be written ({error.strerror})",
        where="--ready-file",
        remedy="name a file in a folder of yours",
    )


def _runs(pid: int) -> bool:
    """Whether there is such a process; taken for granted on Windows, where asking would be a signal."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return pid > 0
