"""Customer names and ids in any text → pseudonyms: the same one for the same customer under one key."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from partner_insights.contract.formats import GUID_PATTERN
from partner_insights.documents import json_value
from partner_insights.verify.judge.violation import Observation, Violation, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from partner_insights.contract import JsonValue
    from partner_insights.verify.judge.exchange import Headers, Request

PERSONAL = frozenset(
    {
        *("customername", "companyname", "domain", "customerid", "tenantid", "id"),
        *("customertenantid", "partnertenantid", "subscriptionid", "subscriptionname", "friendlyname"),
    }
)
"""Properties that identify a customer, folded: a violation may be about a misspelt one, too."""

GUID = re.compile(rf"\b{GUID_PATTERN}\b")
_CUT_GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]*(?=…)")
_PROPERTY = re.compile(r"[a-z][A-Za-z]*|\d*")
_FEW_NAMES = 200
"""So few names are looked for in a text one by one; most texts have none."""
MIN_NAME = 3
"""Characters of a name that is looked for anywhere; a shorter one only between quotes."""
_QUOTES = "\"'"
"""What stands around a value in a message, and in a filter."""
_OWN_IDS = frozenset({"ms-requestid", "ms-correlationid"})
HIDDEN = "; what it holds is not shown"


class _Index(NamedTuple):
    """The known names, to be looked for."""

    names: list[str]
    """In order."""
    lengths: list[int]
    """That names have, the longest first."""


class Pseudonyms:
    """What was learnt of the customers, and the texts without it.

    A text must pass only once: a pseudonym of a pseudonym would mean nothing.
    """

    def __init__(self, key: bytes | None = None, properties: Container[str] = ()) -> None:
        """Without a key, pseudonyms are stable for this object's life only.

        `properties` are known to be names of properties, whoever is called so.
        """
        self._properties = properties
        self._key = key or secrets.token_bytes(32)
        self._known: dict[str, str] = {}
        self._index: _Index | None = None
        self._hidden: tuple[Request, Request] | None = None
        """The latest request, and what became of it: all violations of an answer have the same."""

    def __repr__(self) -> str:
        return f"<pseudonyms of {len(self._known)} names>"

    def guid(self, text: str) -> str:
        """The pseudonym of an id: a GUID again, in capitals where the id is: a finding may hang on it."""
        digits = self._digest("id", text.lower())[:32]
        made = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        if text == text.lower():
            return made
        return made.upper() if text == text.upper() else made[:18] + made[18:].upper()

    def name(self, text: str) -> str:
        """The pseudonym of a name."""
        return f"customer-{self._digest('name', text.lower())[:8]}"

    def forget(self) -> None:
        """Look for no name any more; each keeps its pseudonym, should it be learnt again."""
        self._known.clear()
        self._index = self._hidden = None

    def learn(self, value: JsonValue) -> None:
        """Note every name in a body, wherever it stands."""
        names: dict[str, None] = {}
        pending: list[tuple[JsonValue, bool]] = [(value, False)]
        while pending:
            current, named = pending.pop()
            if isinstance(current, dict):
                pending += [(member, named or is_personal(key)) for key, member in current.items()]
            elif isinstance(current, list):
                pending += [(member, named) for member in current]
            elif named and isinstance(current, str):
                names[current] = None
        for name in names:
            if name.strip() and not GUID.fullmatch(name):
                self._learn(name)

    def text(self, text: str) -> str:
        """The text with every known name, and every GUID, replaced; also where it was cut by an ellipsis."""
        if self._known:
            if self._index is None:
                self._index = _Index(sorted(self._known), sorted(set(map(len, self._known)), reverse=True))
            text = self._without_names(text, self._index)
            if "…" in text:
                text = "…".join([*map(self._uncut, text.split("…")[:-1]), text.rpartition("…")[2]])
        return self._ids(text)

    def _ids(self, text: str) -> str:
        """The text with every GUID replaced: a path that we sent names customers by them alone."""
        return _CUT_GUID.sub("", GUID.sub(lambda found: self.guid(found[0]), text))

    def _pointer(self, pointer: str) -> str:
        """The pointer with `*` for a step that names a customer, the same under every key.

        A baseline goes by pointers. What is written like a property is one, whoever is called so.
        """
        return "/".join("*" if self._names_customer(step) else step for step in pointer.split("/"))

    def _names_customer(self, step: str) -> bool:
        if step in self._properties or _PROPERTY.fullmatch(step):
            return False
        return self._value(step) != step

    def _value(self, value: str) -> str:
        """A whole value, as a message would quote it."""
        return self.text(f'"{value}"')[1:-1]

    def violation(self, violation: Violation) -> Violation:
        """The violation as a report may show it."""
        message, value = violation.message, violation.value
        if value and is_personal(violation.pointer.rpartition("/")[2]) and not GUID.search(value):
            # A name that is no text, such as a number, cannot be looked for anywhere else.
            hidden = self._shown(value)
            message, value = message.replace(value, hidden), hidden
        return replace(
            violation,
            pointer=self._pointer(violation.pointer),
            message=self.text(message),
            value=self.text(value),
            request=self.request(violation.request),
        )

    def _shown(self, value: str) -> str:
        """The pseudonym of a value that a message shows: of a text, in quotes as that is."""
        try:
            text = json_value(value)
        except ValueError:  # it was cut short
            text = None
        return f'"{self.name(text)}"' if isinstance(text, str) else self.name(value)

    def request(self, request: Request) -> Request:
        """The request with pseudonyms for customers; its curl line then names nobody who exists."""
        if self._hidden is None or self._hidden[0] is not request:
            self._hidden = request, self._request(request)
        return self._hidden[1]

    def _request(self, request: Request) -> Request:
        url, headers = self._url(request.url), self._headers(request.headers)
        return replace(
            request,
            url=url,
            headers=headers,
            hidden=(url, headers) != (request.url, request.headers),
            customer=self._value(request.customer) if request.customer is not None else None,
            query=tuple((name, self._value(value)) for name, value in request.query),
        )

    def _url(self, url: str) -> str:
        """The URL with ids in its steps, and ids and names in the values of its query, replaced.

        They are looked for as they are meant: in `%270544…` the 27 would be taken for digits of the id.
        """
        path, mark, query = url.partition("?")
        steps = (_replaced(step, unquote, self._ids, quote) for step in path.split("/"))
        pairs = (pair.partition("=") for pair in query.split("&"))
        values = (
            f"{name}{sign}{_replaced(value, unquote_plus, self._value, quote_plus)}"
            for name, sign, value in pairs
        )
        return "/".join(steps) + mark + "&".join(values)

    def _headers(self, headers: Headers) -> Headers:
        """MS-RequestId and MS-CorrelationId are made for the request: they tell of nobody."""
        return tuple(
            (name, value if name.lower() in _OWN_IDS else self._ids(value)) for name, value in headers
        )

    def observation(self, observation: Observation) -> Observation:
        """The observation as a report may show it; nobody knows what an undocumented property holds."""
        message = observation.message
        if observation.kind == "undocumented-property":
            message = message.partition("; it holds ")[0] + HIDDEN
        return replace(observation, message=self.text(message), pointer=self._pointer(observation.pointer))

    def _learn(self, name: str) -> None:
        pseudonym = self.name(name)
        for spelt in {name, name.strip(), printable(name), json.dumps(name, ensure_ascii=False)[1:-1]}:
            # As it stands in a message: escaped, quoted, or cut short. A word may be one of our own message.
            quotes = _QUOTES if len(spelt) < MIN_NAME or (spelt.isascii() and spelt.isalpha()) else ("",)
            for mark in quotes:
                if _lowered(sought := f"{mark}{spelt}{mark}") not in self._known:
                    self._known[_lowered(sought)] = f"{mark}{pseudonym}{mark}"
                    self._index = self._hidden = None

    def _without_names(self, text: str, index: _Index) -> str:
        """The longest name at each place, from the left, replaced, never a part of a word."""
        lowered, start, done = _lowered(text), 0, 0
        if len(self._known) <= _FEW_NAMES and not any(name in lowered for name in self._known):
            return text
        parts: list[str] = []
        while start < len(text):
            length = next(
                (
                    each
                    for each in index.lengths
                    if lowered[start : start + each] in self._known and _is_whole(text, start, start + each)
                ),
                0,
            )
            if length:
                parts += [text[done:start], self._known[lowered[start : start + length]]]
                done = start + length
            start += length or 1
        return "".join([*parts, text[done:]])

    def _uncut(self, part: str) -> str:
        """A text that was cut off at its end, without the beginning of a name there."""
        names = self._index.names if self._index is not None else []
        lowered = _lowered(part)
        for start in range(max(0, len(part) - 200), len(part) - MIN_NAME + 1):
            place = bisect_left(names, lowered[start:])
            begins = place < len(names) and names[place].startswith(lowered[start:])
            if begins and _is_whole(text=part, start=start, end=len(part)):
                return part[:start] + self._known[names[place]]
        return part

    def _digest(self, kind: str, text: str) -> str:
        return hmac.new(self._key, f"{kind}:{text}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _replaced(
    part: str, decode: Callable[[str], str], hide: Callable[[str], str], encode: Callable[[str], str]
) -> str:
    """A part of a URL with what it means replaced; as it is written where nothing was."""
    meant = decode(part)
    hidden = hide(meant)
    return part if hidden == meant else encode(hidden)


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether a part of a text is no part of a longer word."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return not (before.isalnum() and text[start].isalnum()) and not (
        after.isalnum() and text[end - 1].isalnum()
    )


def _lowered(text: str) -> str:
    """In small letters, and as long as before: few letters have a small form of several characters."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)


def is_personal(name: str) -> bool:
    """Whether a property of this name, however it is spelt, identifies a customer."""
    return name.casefold() in PERSONAL
