"""Laws of formats and patterns: the standards have their say, the same to all that judge."""

from __future__ import annotations

from typing import Any

import pytest

from partner_insights.contract import Catalogue
from partner_insights.contract.compiled_schemas import compiled
from partner_insights.contract.formats import TEXTS, matches
from partner_insights.verify.recordings.fast_decoder import conforms

GUID = "6f1c0d2e-93ab-4e57-8c10-5d2b7a9e4f03"

HOLD: dict[str, tuple[str, ...]] = {
    # RFC 3339, section 5.6
    "date-time": (
        "2025-12-30T00:00:00Z",
        "2025-12-30t09:08:07.125z",
        "2025-12-30T23:59:59.123456789012Z",
        "2024-02-29T00:00:00+14:00",
        "2025-12-30T00:00:00-00:00",
        "2025-12-30T00:00:00-23:59",
        "2016-12-31T23:59:60Z",
        "2016-12-31T15:59:60.5-08:00",
        "0001-01-01T00:00:00Z",
    ),
    "date": ("2025-12-30", "2024-02-29", "2000-02-29", "2025-01-31", "2025-04-30"),
    # RFC 4122, section 3; any version, in any case
    "uuid": (
        GUID,
        GUID.upper(),
        "00000000-0000-0000-0000-000000000000",
        "FFFFFFFF-ffff-FFFF-ffff-FFFFFFFFFFFF",
        "6f1c0d2e-93ab-ae57-0c10-5d2b7a9e4f03",
    ),
    # RFC 3986, section 3
    "uri": (
        "https://partner.example/v1/customers?size=5#top",
        "https://user@partner.example:8443/a/%7Eb;c=1,2",
        "http://[2001:db8::7]/path",
        "http://192.0.2.1:80",
        "urn:example:animal:ferret:nose",
        "mailto:someone@partner.example",
        "tel:+1-425-555-0101",
        "ldap://[2001:db8::7]/c=GB?one",
        "https://partner.example/?q='(a)'!*",
        "file:///etc/hosts",
    ),
}

BROKEN: dict[str, tuple[str, ...]] = {
    "date-time": (
        "",
        "2025-12-30",
        "2025-12-30T00:00:00",
        "2025-12-30T00:00:00Z\n",
        "2025-12-30 00:00:00Z",
        "2025-12-30T00:00Z",
        "2025-12-30T00:00:00.Z",
        "2025-12-30T24:00:00Z",
        "2025-12-30T00:60:00Z",
        "2025-12-30T00:00:61Z",
        "2016-12-31T22:59:60Z",
        "2016-12-31T23:58:60Z",
        "2016-12-31T23:59:60+01:00",
        "2025-02-29T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-12-32T00:00:00Z",
        "2025-12-30T00:00:00+24:00",
        "2025-12-30T00:00:00+00:60",
        "2025-12-30T00:00:00+0100",
        "2025-12-30T00:00:00Z+01:00",
        "25-12-30T00:00:00Z",
        "12025-12-30T00:00:00Z",
        "+2025-12-30T00:00:00Z",
        "2025-364T00:00:00Z",
        "20251230T000000Z",
        "2025-12-30T00:00:00,5Z",
        "Tue, 30 Dec 2025 00:00:00 GMT",
        "٢025-12-30T00:00:00Z",
        "2025-12-3০T00:00:00Z",
        "2025-12-30T1०:00:00Z",
    ),
    "date": (
        "",
        "2025-12-30\n",
        "2025-02-29",
        "1900-02-29",
        "2025-04-31",
        "2025-13-01",
        "2025-00-10",
        "2025-1-01",
        "25-12-30",
        "20251230",
        "2025-W01-1",
        "2025-364",
        "30/12/2025",
        "2025-12-30T00:00:00Z",
        "2025-12-3٤",
    ),
    "uuid": (
        "",
        GUID[:-1],
        GUID + "-",
        GUID + "0",
        GUID + "\n",
        GUID.replace("-", "_"),
        GUID.replace("-", ""),
        GUID.replace("-", "", 1) + "-",
        f"{{{GUID}}}",
        f"urn:uuid:{GUID}",
        GUID.replace("6", "g", 1),
        GUID[:-1] + "٣",
        GUID[:-1] + "３",
        "6f1c-0d2e93ab-4e57-8c10-5d2b7a9e4f03",
    ),
    "uri": (
        "",
        "/customers",
        "//partner.example/customers",
        "customers",
        "#top",
        "partner.example",
        "://partner.example",
        "1http://partner.example",
        "a,b:c",
        "https://partner.example/a b",
        "https:// partner.example",
        "https://partner.example\\customers",
        "https://partner.example/<a>",
        'https://partner.example/"a"',
        "https://partner.example/{a}",
        "https://partner.example/a^b",
        "https://partner.example/a|b",
        "https://partner.example/`",
        "https://partner.example/%zz",
        "https://partner.example/\n",
        "https://pärtner.example/",
        "https://[2001:db8::7/",
        "https://partner.example:port/",
    ),
}

CASES = [(form, text, True) for form in HOLD for text in HOLD[form]] + [
    (form, text, False) for form in BROKEN for text in BROKEN[form]
]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


def test_every_format_of_texts_has_cases() -> None:
    """None is left to chance."""
    assert HOLD.keys() == BROKEN.keys() == set(TEXTS)


@pytest.mark.parametrize(("form", "text", "holds"), CASES)
def test_a_format_is_what_its_standard_says(catalogue: Catalogue, form: str, text: str, holds: bool) -> None:
    """To the gate, the judge and the decoder of lines alike."""
    schema = {"type": "string", "format": form}
    assert catalogue.validator(schema).is_valid(text) is holds
    assert compiled(schema)(text) is holds
    assert conforms(form, text) is holds


@pytest.mark.parametrize("form", TEXTS)
@pytest.mark.parametrize("value", [5, 1.5, True, None, [], {}])
def test_a_format_of_texts_forbids_nothing_else(catalogue: Catalogue, form: str, value: Any) -> None:
    """That is for the type to say."""
    assert catalogue.validator({"format": form}).is_valid(value)
    assert compiled({"format": form})(value)


@pytest.mark.parametrize("form", TEXTS)
def test_half_a_character_is_of_no_format(catalogue: Catalogue, form: str) -> None:
    """JSON can write one."""
    for text in ("\ud800", HOLD[form][0] + "\udfff"):
        assert not catalogue.validator({"format": form}).is_valid(text)
        assert not conforms(form, text)


PATTERNS = [
    ("^[A-Z]{3}$", "ABC", True),
    ("^[A-Z]{3}$", "ABC\n", False),
    ("[A-Z]{3}", "xABCx", True),
    (r"^\d$", "7", True),
    (r"^\d$", "٣", False),
    (r"^\w$", "é", False),
    (r"^\s$", "\ufeff", True),
    (r"^\cA$", "\x01", True),
    ("^.$", "\ud800", True),
]


@pytest.mark.parametrize(("pattern", "text", "holds"), PATTERNS)
def test_a_pattern_is_what_ecma_262_says(catalogue: Catalogue, pattern: str, text: str, holds: bool) -> None:
    """To the judge and to what makes texts; to the gate, too, which never sees half a character."""
    assert catalogue.validator({"pattern": pattern}).is_valid(text) is holds
    assert matches(pattern, text) is holds
    if text.isprintable() or text.isascii():
        assert compiled({"pattern": pattern})(text) is holds


def test_an_expression_that_nobody_can_read_is_matched_by_none(catalogue: Catalogue) -> None:
    """It is no reason to fail."""
    assert not matches("[", "[")
    assert not catalogue.validator({"pattern": "["}).is_valid("[")
