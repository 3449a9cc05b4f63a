"""The streams a process was given → streams that can be written to, whatever they are."""

from __future__ import annotations

import io
import os
import sys


def prepare_streams() -> None:
    """A standard stream that is closed leads nowhere; a character that cannot be written is replaced.

    Otherwise the first file opened would take the number of a closed stream, and what is meant for a person
    would end up in it.
    """
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor < 3:
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", errors="replace", closefd=False))
        elif isinstance(stream, io.TextIOWrapper) and mode == "w":
            stream.reconfigure(errors="replace")
