"""Request headers → what the fake goes by: ids to echo, encodings and media types the caller takes.

Everything here reads a WSGI environ and knows nothing of Flask, so that a lane in front of
Flask can decide alike.
"""

from __future__ import annotations

import os
import re
import sys
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from msgspec import Struct

from partner_insights.errors import InputError
from partner_insights.request_source import host_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ANY_HOST: Final = "*"
_HALVES: Final = 100
"""How many first halves are made at once, and one second half more: ten thousand GUIDs."""
_made: Final[list[Iterator[tuple[str, str]]]] = []
"""GUIDs made beforehand, in halves, of which no two are together twice."""
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_made.clear)
_DIGITS: Final = bytes.maketrans(b"123456789abcdefABCDEF", b"0" * 21)
_GUID: Final = b"00000000-0000-0000-0000-000000000000"
_LOCALE: Final = re.compile(r"[a-z]{2,8}(?:-[a-z0-9]{1,8}){0,3}", re.IGNORECASE | re.ASCII)
_QUALITY: Final = re.compile(r";\s*q\s*=\s*([0-9]+(?:\.[0-9]*)?)", re.IGNORECASE | re.ASCII)


class RequestHeaders(Struct, frozen=True):
    """The parts of a request that are about the exchange and not about the resource."""

    request_id: str
    """MS-RequestId: echoed where the caller sent a GUID, otherwise made up (headers.md: value type GUID)."""
    correlation_id: str
    locale: str | None
    authorization: str | None
    accept: str | None
    accept_encoding: str | None
    continuation: str | None
    """MS-ContinuationToken, which the customer list is read on with."""
    validates_mfa: bool = False
    """Whether the caller wants to know if its token is of a user with a second factor."""
    path: str = ""
    """Of the request, as operations write paths."""
    origin: str = ""
    """Scheme, host and session the caller asked at."""

    @classmethod
    def of(cls, environ: Mapping[str, Any]) -> RequestHeaders:
        """Read a WSGI environ. Only a well-formed GUID or locale is ever repeated to the caller."""
        locale = environ.get("HTTP_X_LOCALE", "")
        return cls(
            request_id=guid_or_new(environ.get("HTTP_MS_REQUESTID", "")),
            correlation_id=guid_or_new(environ.get("HTTP_MS_CORRELATIONID", "")),
            locale=locale if _LOCALE.fullmatch(locale) else None,
            authorization=environ.get("HTTP_AUTHORIZATION"),
            accept=environ.get("HTTP_ACCEPT"),
            accept_encoding=environ.get("HTTP_ACCEPT_ENCODING"),
            continuation=environ.get("HTTP_MS_CONTINUATIONTOKEN"),
            validates_mfa=environ.get("HTTP_VALIDATEMFA", "").strip().lower() == "true",
            path=environ.get("PATH_INFO", ""),
            origin=request_origin(environ),
        )

    @property
    def takes_json(self) -> bool:
        """Whether JSON is acceptable: a missing or empty Accept takes anything (RFC 9110, 12.5.1)."""
        if self.accept is None or not self.accept.strip():
            return True
        return _quality(self.accept, "application/json", "application/*", "*/*") > 0

    @property
    def takes_gzip(self) -> bool:
        """Whether the caller asked for gzip; without the header nobody did."""
        return self.accept_encoding is not None and _quality(self.accept_encoding, "gzip", "*") > 0


def request_origin(environ: Mapping[str, Any]) -> str:
    """Scheme and host a request was sent to, and the path of the session that it named there."""
    scheme, host = environ.get("wsgi.url_scheme", "http"), environ.get("HTTP_HOST", "")
    return f"{scheme}://{host}{environ.get('SCRIPT_NAME', '')}"


def read_host(text: str) -> str:
    """A name or address as a Host field may have it; InputError for anything else."""
    name = host_name(text)
    if name is None or name != text.lower().strip("[]") or name == ANY_HOST:
        remedy = "give a name or an address alone, as in fake.example"
        raise InputError(f"{text!r} is no host", where="--allow-host", remedy=remedy)
    return name


def names_host(environ: Mapping[str, Any]) -> bool:
    """Whether a request has one Host field that is a host; HTTP/1.0 may have none (RFC 9112, 3.2)."""
    host = environ.get("HTTP_HOST")
    return environ.get("SERVER_PROTOCOL") != "HTTP/1.1" if host is None else host_name(host) is not None


def is_guid(text: str) -> bool:
    """Whether the text is a GUID in its usual form, in either case."""
    # Each request asks it twice: a third of what a regular expression takes.
    return text.encode("ascii", "replace").translate(_DIGITS) == _GUID


def new_guid() -> str:
    """A GUID that is new (RFC 9562, version 4), in a twentieth of the time that `uuid4` takes.

    It is for ids: who has seen some of them may guess others.
    """
    try:
        first, second = next(_made[-1])
    except (IndexError, StopIteration):
        parts = [str(UUID(bytes=os.urandom(16), version=4)) for _ in range(_HALVES + 1)]
        firsts, seconds = [each[:19] for each in parts[1:]], [each[19:] for each in parts]
        _made[:] = [islice(zip(cycle(firsts), cycle(seconds), strict=False), len(firsts) * len(seconds))]
        return new_guid()
    return first + second


def guid_or_new(sent: str) -> str:
    """What was sent, where it is a GUID; otherwise a new one."""
    return sent if is_guid(sent) else new_guid()


def _quality(header: str, *ranges: str) -> float:
    """The weight of the first of `ranges`, most specific first, that the header names; 0 for none of them."""
    weights: dict[str, float] = {}
    for element in header.split(","):
        name, _, parameters = element.partition(";")
        weights.setdefault(name.strip().lower(), _weight(parameters))
    return next((weights[name] for name in ranges if name in weights), 0.0)


def _weight(parameters: str) -> float:
    match = _QUALITY.search(";" + parameters)
    return 1.0 if match is None else float(match[1])
