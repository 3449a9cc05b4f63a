"""Hypothesis strategies for what the contract suite sends: ids, headers and tokens."""

from __future__ import annotations

import math
import string
from functools import lru_cache
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from partner_insights.contract.formats import GUID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis.strategies import SearchStrategy

_ACCEPTED = (
    "application/json",
    "*/*",
    "application/*",
    "application/json; charset=utf-8",
    "text/html, */*;q=0.1",
)
_UNACCEPTABLE = ("text/html", "application/xml", "image/png, text/plain;q=0.5", "application/json;q=0")
_HEADERS = {
    "Accept": _ACCEPTED,
    "X-Locale": ("en-US", "de-DE", "hu-HU", "ja-JP", "pt-BR"),
    "MS-Contract-Version": ("v1",),
    "MS-PartnerCenter-Application": ("contract suite",),
    "MS-PartnerCenter-Client": ("Partner Center .NET SDK", "Partner Center Java SDK"),
    "Accept-Encoding": ("gzip", "identity", "gzip, deflate"),
}
_NAME_LETTERS = string.ascii_letters + string.digits
_VALUE_LETTERS = _NAME_LETTERS + " !#$%&'()*+,-./:;<=>?@[]^_`{|}~"

_EXPIRED_JWT = (
    # A well-formed token of 2001, signed by nobody the service knows; header {"alg":"HS256","typ":"JWT"}.
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjk5OTk5OTk5OX0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


REQUEST_IDS: Mapping[str, str] = {
    "MS-RequestId": "2a1f7c0e-5b64-4d0c-9c1e-6b1f0a7d3e55",
    "MS-CorrelationId": "b7c4d0f2-3e18-4f6a-8a57-0d9e2c61f4b3",
}
"""Ids of requests that are refused, which are echoed as any others."""

SHARED = 8
"""Strategies that are kept of each kind: tests that are given the same one share what is drawn."""


def text_of(letters: str, *, min_size: int = 0, max_size: int) -> SearchStrategy[str]:
    """A text of these letters, by its number: one draw, where each letter would be one.

    `st.text` would read the whole table of Unicode for it, in each run anew.
    """
    base = len(letters)
    first, after = (sum(base**size for size in range(sizes)) for sizes in (min_size, max_size + 1))
    return st.integers(first, after - 1).map(lambda number: _numbered(number, letters))


def any_step() -> SearchStrategy[str]:
    """A step of a path: any characters of Unicode but the slash, and no surrogates."""
    codes = st.one_of(st.integers(0, 0x7F), st.integers(0x80, 0xD7FF), st.integers(0xE000, 0x10FFFF))
    characters = codes.map(chr).filter(lambda each: each != "/")
    return st.lists(characters, min_size=1, max_size=60).map("".join)


def _numbered(number: int, letters: str) -> str:
    """The texts of some letters, numbered from the empty one on: short ones first, and none twice."""
    text = []
    while number:
        number, place = divmod(number - 1, len(letters))
        text.append(letters[place])
    return "".join(text)


@lru_cache(maxsize=SHARED)
def guids() -> SearchStrategy[str]:
    """A GUID as clients write them: small letters, capitals, or both."""
    return in_any_case(st.uuids(version=4).map(str))


def in_any_case(text: SearchStrategy[str]) -> SearchStrategy[str]:
    """The text in small letters, in capitals, or in a mix: a GUID is the same in each."""
    return st.one_of(text, text.map(str.upper), text.map(_mixed_case))


@lru_cache(maxsize=SHARED)
def listed_guids(customers: tuple[str, ...]) -> SearchStrategy[str]:
    """The id of one of the customers, in any case."""
    return in_any_case(st.sampled_from(customers))


def _mixed_case(text: str) -> str:
    return "".join(letter.upper() if index % 2 else letter for index, letter in enumerate(text))


@lru_cache(maxsize=SHARED)
def unknown_guids(customers: tuple[str, ...]) -> SearchStrategy[str]:
    """A GUID that is no customer's."""
    taken = {customer.lower() for customer in customers}
    return guids().filter(lambda guid: guid.lower() not in taken)


@lru_cache(maxsize=SHARED)
def malformed_ids(*, wild: bool) -> SearchStrategy[str]:
    """A customer id that is no GUID.

    Tame ones look like an id gone wrong, and reach any service; wild ones hold any character but the slash,
    some of which a front door in the cloud refuses before the service sees them.
    """
    tame = st.one_of(
        text_of(_NAME_LETTERS + "-", min_size=1, max_size=40),
        st.uuids(version=4).map(lambda guid: str(guid)[:-1]),
        st.uuids(version=4).map(lambda guid: f"{guid}0"),
        st.uuids(version=4).map(lambda guid: f"g{str(guid)[1:]}"),
        st.uuids(version=4).map(lambda guid: guid.hex),
    )
    ids = st.one_of(tame, any_step()) if wild else tame
    return ids.filter(lambda text: not GUID.fullmatch(text) and bool(text.strip(".")))


@lru_cache(maxsize=SHARED)
def optional_ids() -> SearchStrategy[Mapping[str, str]]:
    """Request ids, or none."""
    return st.sampled_from(({}, REQUEST_IDS))


@lru_cache(maxsize=SHARED)
def request_headers() -> SearchStrategy[dict[str, str]]:
    """Any mix of the headers a client may send; a request is owed the same answer with all of them."""
    names = text_of(_NAME_LETTERS, min_size=1, max_size=12).map(lambda name: f"X-Unknown-{name}")
    values = text_of(_VALUE_LETTERS, max_size=40).map(str.strip)
    ids = st.fixed_dictionaries({}, optional=dict.fromkeys(("MS-RequestId", "MS-CorrelationId"), guids()))
    others = st.dictionaries(names, values, max_size=2)
    return st.builds(lambda *parts: {**parts[0], **parts[1], **parts[2]}, _mixes(_HEADERS), ids, others)


def covering_mixes(seed: int) -> list[dict[str, str]]:
    """Mixes of the headers a client may send: each value of each header is in one of them, and so is none."""
    columns = [(name, (*values, None)) for name, values in _HEADERS.items()]
    rows = max(len(column) for _, column in columns)
    return [
        {
            name: value
            for place, (name, column) in enumerate(columns)
            if (value := column[(row + seed * place) % len(column)]) is not None
        }
        for row in range(rows)
    ]


def _mixes(choices: Mapping[str, tuple[str, ...]]) -> SearchStrategy[dict[str, str]]:
    """For each name one of its values or none: all mixes have a number, and that is drawn."""
    mixes = math.prod(len(values) + 1 for values in choices.values())
    return st.integers(0, mixes - 1).map(lambda number: _mix(number, choices))


def _mix(number: int, choices: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    mixed: dict[str, str] = {}
    for name, values in choices.items():
        number, place = divmod(number, len(values) + 1)
        if place:
            mixed[name] = values[place - 1]
    return mixed


@lru_cache(maxsize=SHARED)
def unacceptable() -> SearchStrategy[str]:
    """An Accept header that rules JSON out."""
    return st.sampled_from(_UNACCEPTABLE)


@lru_cache(maxsize=SHARED)
def invalid_authorizations() -> SearchStrategy[str]:
    """An Authorization header that proves nothing."""
    garbage = text_of(_NAME_LETTERS + "-._~", min_size=1, max_size=60)
    return st.one_of(
        st.sampled_from((f"Bearer {_EXPIRED_JWT}", "Bearer", "Basic dXNlcjpwYXNzd29yZA==", "Negotiate")),
        garbage.map(lambda token: f"Bearer {token}"),
    )


@lru_cache(maxsize=SHARED)
def other_methods() -> SearchStrategy[str]:
    """A method that no operation here has; only ever sent to a fake of our own."""
    return st.sampled_from(("POST", "PUT", "PATCH", "DELETE"))


def invalid_sizes() -> SearchStrategy[str]:
    """A page size that is none."""
    return st.one_of(
        st.integers(max_value=-1).map(str),
        st.integers(min_value=501).map(str),
        st.sampled_from(("", "ten", "1.5", "1e2", "0x10", "null")),
    )


def unknown_paths() -> SearchStrategy[str]:
    """A path that no operation has."""
    steps = st.lists(text_of(_NAME_LETTERS, min_size=1, max_size=12), min_size=1, max_size=4)
    return steps.map(lambda names: "/v1/unknown-" + "/".join(names))
