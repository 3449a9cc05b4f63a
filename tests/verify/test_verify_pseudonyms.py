"""Laws of the pseudonyms: stable under a key, and nothing of a customer's name or id is left in any text."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from hypothesis import assume, given
from hypothesis import strategies as st

from partner_insights.contract import Severity, Standing
from partner_insights.contract.formats import GUID
from partner_insights.verify import Observation, Request, Violation
from partner_insights.verify.judge.violation import display_value, shortened
from partner_insights.verify.report.pseudonyms import Pseudonyms

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120).filter(
    lambda text: bool(text.strip())
)
distinct = st.text("QXZJKVW", min_size=4, max_size=110)
guids = st.uuids().map(str)


@given(key=st.binary(min_size=1), guid=guids, name=names)
def test_pseudonyms_are_stable(key: bytes, guid: str, name: str) -> None:
    """The same key gives the same pseudonym, in any run and any case of an id; another key another one."""
    one, again, other = Pseudonyms(key), Pseudonyms(key), Pseudonyms(key + b"x")
    assert one.guid(guid) == again.guid(guid)
    assert one.guid(guid.upper()).lower() == one.guid(guid)
    assert one.name(name) == again.name(name)
    assert one.guid(guid) != other.guid(guid)
    assert one.guid(guid) != guid
    assert GUID.fullmatch(one.guid(guid))


@given(name=st.builds("{} {}".format, distinct, distinct), guid=guids, cut=st.integers(20, 200))
def test_nothing_is_left_of_a_name_or_an_id(name: str, guid: str, cut: int) -> None:
    """Quoted, escaped, in capitals or cut short by an ellipsis: no four letters of the name stay."""
    hidden = Pseudonyms()
    body = {"items": [{"customerName": name, "customerId": guid, "attributes": {}}]}
    hidden.learn(body)
    for text in (
        name,
        display_value(name),
        display_value(body),
        display_value([name, guid]),
        name.lower(),
        shortened(f"the row of {name} {guid}"),
    ):
        told = hidden.text(text)
        lowered = told.lower()
        assert not any(name[at : at + 4].lower() in lowered for at in range(len(name) - 3)), told
        assert guid[:13] not in told


@given(name=distinct, guid=guids, before=st.text("abc ", max_size=90))
def test_nothing_is_left_of_a_name_of_one_word(name: str, guid: str, before: str) -> None:
    """A message quotes whatever a service has sent: there it is hidden, whole or cut short."""
    hidden = Pseudonyms()
    hidden.learn({"items": [{"customerName": name, "customerId": guid, "attributes": {}}]})
    row = {"is": before, "customerName": name}
    for text in (display_value(name), display_value(row), display_value([name.lower()]), repr(name)):
        told = hidden.text(text)
        assert not any(name[at : at + 4] in told.upper() for at in range(len(name) - 3)), told


def test_a_name_that_is_a_word_of_ours_spoils_no_message() -> None:
    """What is told of a customer called `customer` reads as of any other."""
    hidden = Pseudonyms(b"key")
    words = ("customer", "The", "answer", "Value", "PI104", "documented", "name")
    hidden.learn({"items": [{"customerName": word} for word in words]})
    said = "the answer names the customer \"customer\", and 'The' in another; the rule says: the name"
    found = hidden.violation(a_violation("/items/0/customerName", "customer", said))
    customer, the = hidden.name("customer"), hidden.name("the")
    assert found.message == (
        f"the answer names the customer \"{customer}\", and '{the}' in another; the rule says: the name"
    )
    assert found.value == f'"{customer}"'


def test_ids_and_names_in_a_query_are_hidden_as_they_are_meant() -> None:
    """In `%27` before an id stand two digits that are none of it; a name may be the value, or in quotes."""
    hidden = Pseudonyms(b"key")
    guid = "0544572e-5c34-4844-9034-2fb016c56cad"
    hidden.learn({"items": [{"customerName": "Contoso"}, {"customerName": "Müller & Söhne"}]})
    chosen = f"id eq '{guid}' and customerName eq 'contoso' or name eq 'Müller & Söhne'"
    query = (("filter", chosen), ("top", "7"), ("name", "Contoso"))
    url = f"http://h/v1/%7B{guid}%7D?{urlencode(query)}"
    shown = hidden.violation(
        replace(a_violation("/Value/0/id", "x", "m"), request=Request("GET", url, query=query))
    ).request
    for text in (shown.url, shown.curl, unquote_plus(shown.url), str(shown.query)):
        assert not any(each in text.lower() for each in (guid, "contoso", "söhne"))
    assert parse_qsl(urlsplit(shown.url).query) == list(shown.query)
    assert shown.query[1] == ("top", "7")
    assert hidden.guid(guid) in unquote_plus(shown.url)


def test_a_customer_that_is_called_like_a_property_changes_no_pointer() -> None:
    """A baseline goes by pointers; what is no property, and a customer's name, is none of them."""
    hidden = Pseudonyms(b"key", frozenset({"Value", "@nextLink"}))
    hidden.learn({"items": [{"customerName": name} for name in ("Value", "@nextLink", "Contoso")]})
    for pointer, shown in (
        ("/Value/3/name", "/Value/3/name"),
        ("/@nextLink", "/@nextLink"),
        ("/Contoso/3", "/*/3"),
    ):
        assert hidden.violation(a_violation(pointer, 3, "x")).pointer == shown


@given(name=names)
def test_any_name_is_found_in_a_message(name: str) -> None:
    """Whatever characters it has, and however a message has to write them."""
    assume(name.lower() == name or len(name.lower()) == len(name))
    hidden = Pseudonyms(b"key")
    hidden.learn({"companyName": name})
    assert json.loads(hidden.text(json.dumps(name, ensure_ascii=False))) == hidden.name(name)


def a_violation(pointer: str, value: Any, message: str) -> Violation:
    return Violation(
        "PI101",
        Severity.ERROR,
        Standing.DOCUMENTED,
        "customer-licenses-usage",
        pointer,
        message,
        None,
        None,
        display_value(value),
        Request(
            "GET",
            "http://h/v1/customers/4d3cf487-70f4-4e1e-9ff1-b2bfce8d9f04/x",
            customer="4d3cf487-70f4-4e1e-9ff1-b2bfce8d9f04",
        ),
    )


def test_a_violation_keeps_what_is_wrong() -> None:
    """A name of another type is hidden; other values, the pointer and the path's form stay."""
    hidden = Pseudonyms(b"key")
    odd = hidden.violation(a_violation("/items/0/customerName", 4711, "the page says string; you sent 4711"))
    assert "4711" not in odd.message + odd.value
    assert odd.message.startswith("the page says string; you sent customer-")
    plain = hidden.violation(
        a_violation("/items/0/licensesSold", "12", 'the page says number; you sent "12"')
    )
    assert (plain.message, plain.value) == ('the page says number; you sent "12"', '"12"')
    assert "4d3cf487" not in plain.request.url + plain.request.curl + str(plain.request.customer)
    assert plain.request.url == f"http://h/v1/customers/{plain.request.customer}/x"


def test_a_common_word_for_a_name_harms_no_pointer_and_no_path() -> None:
    """A baseline written today matches tomorrow, under another key, whatever customers are called."""
    keys = set()
    for key in (b"today", b"tomorrow"):
        hidden = Pseudonyms(key)
        words = ("Items", "Channel", "Customers", "Total", "Page", "usage", "Analytics")
        hidden.learn({"items": [{"customerName": word} for word in words]})
        message = 'totalCount of "Channel" is wrong on page 1'
        found = hidden.violation(a_violation("/items/3/channel", 3, message))
        assert (found.pointer, "/v1/customers/" in found.request.url) == ("/items/3/channel", True)
        assert found.message.startswith("totalCount of ")
        assert '"Channel"' not in found.message
        keys |= {
            found.key,
            hidden.violation(a_violation("/items/3/4d3cf487-70f4-4e1e-9ff1-b2bfce8d9f04", 3, "x")).key,
        }
    assert len(keys) == 2


def test_what_no_page_speaks_of_is_not_shown() -> None:
    """Nobody knows whether an undocumented property holds a name."""
    hidden = Pseudonyms(b"key")
    seen = Observation(
        "undocumented-property", "x", "/items/0/owner", 'no page lists this property; it holds "Jo"'
    )
    assert "Jo" not in hidden.observation(seen).message


def test_the_violations_of_one_request_share_what_is_shown_of_it() -> None:
    """A long query is looked through once, not for each violation; again once another name is known."""
    hidden = Pseudonyms(b"key")
    first = a_violation("/items/0/licensesSold", "12", "a")
    again = replace(first, message="b")
    other = replace(first, request=replace(first.request, customer="Contoso"))
    shown = hidden.violation(first).request
    assert hidden.violation(again).request is shown
    assert hidden.violation(other).request.customer == "Contoso"
    hidden.learn({"customerName": "Contoso"})
    assert hidden.violation(other).request.customer == hidden.name("Contoso")
