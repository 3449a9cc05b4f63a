"""A request and its response: the one value the judge judges."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from partner_insights.contract.query import InvalidQuery, read_query
from partner_insights.header_values import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_insights.contract.query import Query, QueryOptions

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order they were on the wire; names in any case, possibly repeated."""

HIDDEN_IDS = "# with pseudonyms for ids: --show-customers shows them"
"""A comment of the shell: the line as it stands asks for nobody."""


class Token(StrEnum):
    """What the request carried in Authorization."""

    USER = "app+user"
    APP_ONLY = "app-only"
    ABSENT = "none"
    INVALID = "invalid"


@dataclass(frozen=True)
class Request:
    """One request as the judge sees it: its `Authorization` names a variable, never a real token."""

    method: str
    url: str
    headers: Headers = ()
    operation: str | None = None
    """The operation requested; None for a path that no operation has."""
    customer: str | None = None
    """The customer id of the path, decoded, in the case it was sent."""
    customer_known: bool | None = None
    """Whether the customer is the partner's; None where that is not known."""
    query: tuple[tuple[str, str], ...] = ()
    token: Token = Token.USER
    sent: bool = True
    """False for a recording, whose request is not ours to repeat."""
    file: str = ""
    """The recording, and which of its entries; empty for a request of this run."""
    entry: str = ""
    hidden: bool = False
    """Whether ids in it are pseudonyms, so that the server does not know them."""

    def header(self, name: str) -> str | None:
        """The value of a header, found in any case."""
        return find_header(self.headers, name) if self.headers else None

    def parsed_query(self, options: QueryOptions) -> Query | None:
        """What the query asks for, by the options of its operation; None where they do not allow it.

        Read once: a long filter takes longer than the rest of an answer.
        """
        if "_parsed" not in self.__dict__:
            try:
                self.__dict__["_parsed"] = read_query(options, self.query)
            except InvalidQuery:
                self.__dict__["_parsed"] = None
        found: Query | None = self.__dict__["_parsed"]
        return found

    @property
    def curl(self) -> str:
        """The command that repeats this request; a shell fills the token's variable in."""
        if not self.sent:
            return ""
        words = ["curl", "-i"]
        if "gzip" in (self.header("Accept-Encoding") or ""):
            words.append("--compressed")  # a terminal is shown no body that is
        if self.method == "HEAD":
            words.append("--head")
        elif self.method != "GET":
            words += ["-X", self.method]
        for name, value in self.headers:
            line = f"{name}: {value}"
            # Double quotes where a variable has to be filled in, single ones everywhere else.
            words += [
                "-H",
                f'"{line}"' if name.lower() == "authorization" and "$" in value else _quoted(line),
            ]
        words.append(_quoted(self.url))
        if self.hidden:
            words.append(HIDDEN_IDS)
        return " ".join(words)


class WireFault(NamedTuple):
    """Something about the bytes of an answer that a library may trip over."""

    code: str
    reason: str
    certain: bool
    """Whether it cannot have been a matter of timing."""


@dataclass(frozen=True)
class Response:
    """One answer, its body already freed of any Content-Encoding."""

    status: int
    headers: Headers
    body: bytes
    received: datetime = field(default_factory=lambda: datetime.now(UTC))
    elapsed: float = 0.0
    """Seconds from sending the request to the last byte."""
    faults: tuple[WireFault, ...] = ()
    """What was wrong on the wire, though an answer could be read."""

    def header(self, name: str) -> str | None:
        """The value of a header, found in any case."""
        return self._fields.get(name.lower())

    @cached_property
    def _fields(self) -> dict[str, str]:
        return {name.lower(): value for name, value in reversed(self.headers)}

    @property
    def moment(self) -> datetime:
        """The latest moment this answer can speak of: its Date header or its arrival, whichever is later."""
        stated = moment_of(self.header("Date"))
        return self.received if stated is None else max(self.received, stated)


@dataclass(frozen=True)
class Failure:
    """Why there is no answer to judge."""

    code: str
    """`PI315` no answer, or `PI311` more of it than the judge reads."""
    reason: str
    unreached: bool = False
    """Whether not even a connection was made."""
    slow: bool = False
    """Whether the time for an answer was over."""


@dataclass(frozen=True)
class Exchange:
    """A request with its answer, or with the reason why there is none."""

    request: Request
    response: Response | None
    failure: Failure | None = None


def _quoted(text: str) -> str:
    """A word of the shell; what a terminal would obey is written as an escape of bash and zsh."""
    if text.isprintable():
        return shlex.quote(text)
    plain = text.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in plain) + "'"


def find_header(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """The first value of a header, found in any case; None where it is absent."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
