"""The URL of an entry of an archive → the operation and the customer that it asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from partner_insights.contract.paths import VERSION_ALIASES

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue, Operation

_SCHEMES: Final = ("http", "https")
"""Of URLs that are asked of the service: an archive also holds those of sockets, extensions and files."""
_ID: Final = re.compile("[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_REMEMBERED: Final = 1_000
_LONG: Final = 1_000
"""Characters of a URL that is not remembered."""


class OperationUrl(NamedTuple):
    """A URL of an operation."""

    text: str
    host: str | None
    query: str
    operation: Operation
    customer: str | None
    """As the path names it, decoded."""


class UrlReader:
    """Knows the paths of a catalogue's operations; what differs in a customer's id alone is read once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._patterns = [
            (_pattern(each), operation)
            for operation in catalogue.operations.values()
            for each in (operation.path, *operation.aliases)
        ]
        self._known: dict[tuple[str, ...], OperationUrl | None] = {}

    def read(self, text: Any) -> OperationUrl | None:
        """None for what is no URL of an operation."""
        if not isinstance(text, str):
            return None
        if len(text) > _LONG or "%" in text:
            return self._read(text)
        around = tuple(_ID.split(text))
        guid = text[len(around[0]) : len(text) - len(around[-1])] if len(around) == 2 else None
        if around in self._known:
            known = self._known[around]
            return (
                known
                if known is None or guid is None
                else OperationUrl(text, known.host, known.query, known.operation, guid)
            )
        found = self._read(text)
        if len(around) == 1 or (guid is not None and (found is None or found.customer == guid)):
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[around] = found
        return found

    def _read(self, text: str) -> OperationUrl | None:
        try:
            parts = urlsplit(text)
        except ValueError:
            return None
        for pattern, operation in self._patterns if parts.scheme in _SCHEMES else ():
            if match := pattern.fullmatch(parts.path):
                customer = match.groupdict().get("customer")
                asked = unquote(customer) if customer is not None else None
                return OperationUrl(text, parts.hostname, parts.query, operation, asked)
        return None


def _pattern(path: str) -> re.Pattern[str]:
    """An operation's path under any prefix, in any case, with doubled and trailing slashes."""
    steps = map(_step, path.strip("/").split("/"))
    return re.compile("(?:/[^/]+)*?/+" + "/+".join(steps) + "/*", re.IGNORECASE)


def _step(step: str) -> str:
    if "{" in step:
        return r"(?P<customer>[^/]+)" if step == "{customer-id}" else "[^/]+"
    spellings = [step, *(alias for alias, version in VERSION_ALIASES.items() if version == step)]
    return f"(?:{'|'.join(map(re.escape, spellings))})"
