"""The format or the name of a property → texts that suit it: people, places, money, identifiers, dates."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from partner_insights.contract.formats import GUID, LOCAL_TIME, is_local_time
from partner_insights.world.customer_ids import guid
from partner_insights.world.hashing import MASK, mix
from partner_insights.world.product_file import default_catalogue
from partner_insights.world.vocabulary import Vocabulary

TextMaker = Callable[[int], str]
"""The text of one hash."""

_EPOCH: Final = datetime(2015, 1, 1, tzinfo=UTC)
_MINUTES: Final = 10 * 365 * 24 * 60
_LATER: Final = timedelta(days=14 * 365)
"""From something that has begun to its end: an end is never before a start."""
_BORN: Final = timedelta(days=50 * 365)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_ENDS: Final = frozenset({"end", "ends", "expiration", "expiry", "expires", "due", "renewal", "next"})
_BIRTH: Final = frozenset({"birth", "birthday", "born"})

_COUNTRIES: Final = ("US", "DE", "FR", "GB", "JP", "BR", "PL", "IN", "CA", "AU")
_COUNTRY_NAMES: Final = ("United States", "Germany", "France", "Japan", "Brazil", "Poland", "Canada")
_CULTURES: Final = ("en-US", "de-DE", "fr-FR", "ja-JP", "pt-BR", "pl-PL")
_LANGUAGES: Final = ("en", "de", "fr", "ja", "pt", "pl")
_CURRENCIES: Final = ("USD", "EUR", "GBP", "JPY", "BRL", "PLN")
_STATES: Final = ("WA", "CA", "NY", "TX", "Bavaria", "Ontario")
_PHRASES: Final = (
    *("Monthly review", "Requested by the customer", "Renewed for a year", "Standard plan", "Business plan"),
    *("Migration project", "Pilot group", "Annual commitment", "Support contract", "Branch office"),
)
_STATUSES: Final = ("active", "pending", "suspended")
_UNITS: Final = ("1 Hour", "1 GB", "1 Month", "Licenses")


def words_of(name: str) -> tuple[str, ...]:
    """The words of a property's name, small: `billingPostalCode` → billing, postal, code."""
    return tuple(word.casefold() for word in _WORD.findall(name))


def format_maker(form: str, words: Sequence[str]) -> TextMaker | None:
    """What makes texts of a format; None for a format that nobody here knows."""
    if form == "date-time":
        return lambda word: _moment(word, words).isoformat()
    if form == LOCAL_TIME:
        return lambda word: _moment(word, words).replace(tzinfo=None).isoformat()
    if form == "date":
        return lambda word: _moment(word, words).date().isoformat()
    return _FORMATS.get(form)


def matches_format(text: str, form: str) -> bool:
    """Whether a text is of a format; true for a format that nobody here knows."""
    check = _CHECKS.get(form)
    try:
        return check is None or bool(check(text))
    except ValueError:
        return False


def named_maker(words: Sequence[str], vocabulary: Vocabulary) -> TextMaker:
    """What makes texts for a name: the first of the kinds below that has a word of it, or a plain word."""
    present = set(words)
    last = words[-1] if words else ""
    for names, make in _BY_WORD:
        if any(present.issuperset(name.split()) for name in names):
            return lambda word: make(word, vocabulary)
    if present & {"date", "time", "datetime", "timestamp"}:
        return lambda word: _moment(word, words).isoformat()
    if last in _BY_LAST:
        make = _BY_LAST[last]
        return lambda word: make(word, vocabulary)
    return _plain


def _pick(options: Sequence[str], word: int, salt: int = 0) -> str:
    return options[(mix(word + salt & MASK) >> 20) % len(options)]


def _plain(word: int) -> str:
    return f"value-{word & 0xFFFFFF:06x}"


def _guid(word: int) -> str:
    return guid(word, word * 0xD1342543DE82EF95)


def _moment(word: int, words: Sequence[str] = ()) -> datetime:
    moment = _EPOCH + timedelta(minutes=word % _MINUTES)
    if _BIRTH & set(words):
        return moment - _BORN
    return moment + _LATER if _ENDS & set(words) else moment


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.casefold() if letter.isalnum()) or "someone"


def _first_name(word: int, vocabulary: Vocabulary) -> str:
    return _pick(vocabulary.words()[0].first_names, word, 1)


def _last_name(word: int, vocabulary: Vocabulary) -> str:
    return _pick(vocabulary.words()[0].last_names, word, 2)


def _person(word: int, vocabulary: Vocabulary) -> str:
    return f"{_first_name(word, vocabulary)} {_last_name(word, vocabulary)}"


def _company(word: int, vocabulary: Vocabulary) -> str:
    return _pick([name for words in vocabulary.words() for name in words.companies], word, 3)


def _email(word: int, vocabulary: Vocabulary) -> str:
    first, last = _ascii(_first_name(word, vocabulary)), _ascii(_last_name(word, vocabulary))
    return f"{first}.{last}@{_domain(word)}"


def _domain(word: int) -> str:
    return f"tenant{word % 10_000}.example"


def _url(word: int) -> str:
    return f"https://tenant.example/{word & 0xFFFFFF:06x}"


def _street(word: int, vocabulary: Vocabulary) -> str:
    return f"{1 + word % 300} {_pick(vocabulary.words()[0].streets, word, 4)}"


def _digits(count: int) -> Callable[[int, Vocabulary], str]:
    return lambda word, _: f"{word % 10**count:0{count}d}"


def _of(options: Sequence[str]) -> Callable[[int, Vocabulary], str]:
    return lambda word, _: _pick(options, word)


def _product(word: int, vocabulary: Vocabulary) -> str:
    return _pick([product.names[-1][1] for product in default_catalogue().products], word)


_VocabularyMaker = Callable[[int, Vocabulary], str]

_BY_WORD: Final[tuple[tuple[tuple[str, ...], _VocabularyMaker], ...]] = (
    (("email", "mail", "user principal name"), _email),
    (("phone", "fax"), lambda word, _: f"+1 425 555 01{word % 100:02d}"),
    (("first name", "given name", "middle name"), _first_name),
    (("last name", "family name", "surname"), _last_name),
    (("display name", "full name", "user name", "contact name"), _person),
    (("company name", "organization name", "customer name"), _company),
    (("partner name", "vendor name", "publisher name"), _company),
    (("product name", "sku name"), _product),
    (("country name",), _of(_COUNTRY_NAMES)),
    (("country", "nationality"), _of(_COUNTRIES)),
    (("currency symbol",), _of(("$", "€", "£", "¥"))),
    (("currency",), _of(_CURRENCIES)),
    (("culture", "locale"), _of(_CULTURES)),
    (("language",), _of(_LANGUAGES)),
    (("postal", "zip"), _digits(5)),
    (("city",), lambda word, vocabulary: _pick(vocabulary.words()[0].cities, word)),
    (("address line", "street"), _street),
    (("ip address",), lambda word, _: f"192.0.2.{1 + word % 254}"),
    (("domain", "host"), lambda word, _: _domain(word)),
    (("url", "uri", "href"), lambda word, _: _url(word)),
    (("http method",), _of(("GET",))),
    (("etag",), lambda word, _: f'"{word & 0xFFFFFFFF:08x}"'),
    (("guid", "uuid"), lambda word, _: _guid(word)),
    (("version",), lambda word, _: f"{1 + word % 3}.{word % 10}"),
    (("sku id",), lambda word, _: f"{word % 10_000:04d}"),
    (("price",), lambda word, _: f"{1 + word % 500}.{word % 100:02d}"),
    (("amount",), lambda word, _: f"{1 + word % 5000}.{word % 100:02d}"),
)
"""Words of a name, all of one of the texts, and what such a property holds; the first that fits counts."""

_BY_LAST: Final[Mapping[str, _VocabularyMaker]] = {
    **dict.fromkeys(("id", "ids"), lambda word, _: _guid(word)),
    "address": _street,
    **dict.fromkeys(("region", "state", "province"), _of(_STATES)),
    "status": _of(_STATUSES),
    **dict.fromkeys(("company", "customer", "partner"), _company),
    "method": _of(("GET",)),
    "number": _digits(8),
    "unit": _of(_UNITS),
    **dict.fromkeys(
        ("description", "comment", "notes", "note", "reason", "title", "text", "message", "name"),
        _of(_PHRASES),
    ),
    "link": lambda word, _: _url(word),
}
"""The last word of a name, where no pair of words is known."""

_FORMATS: Final[Mapping[str, TextMaker]] = {
    "uuid": _guid,
    "email": lambda word: f"user{word & 0xFFFF}@tenant.example",
    "uri": _url,
    "uri-reference": lambda word: f"/{word & 0xFFFFFF:06x}",
    "hostname": _domain,
    "ipv4": lambda word: f"192.0.2.{1 + word % 254}",
    "time": lambda word: _moment(word).time().isoformat() + "Z",
    "duration": lambda word: f"P{1 + word % 12}M",
}

_CHECKS: Final[Mapping[str, Callable[[str], object]]] = {
    "uuid": GUID.fullmatch,
    "date": lambda text: re.fullmatch(r"\d{4}-\d\d-\d\d", text) and date.fromisoformat(text),
    LOCAL_TIME: is_local_time,
    "date-time": lambda text: (
        re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", text)
        and datetime.fromisoformat(text.upper())
    ),
    "uri": lambda text: urlsplit(text).scheme and not re.search(r"[\s<>\"{}|\\^`]", text),
    "email": lambda text: "@" in text,
    "ipv4": ipaddress.IPv4Address,
}
