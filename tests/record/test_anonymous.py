"""What is stored of an answer says nothing of its customers, whatever the answer is."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from partner_insights.contract import Catalogue
from partner_insights.record.anonymizer import (
    ADDRESSES,
    DOMAINS,
    IDS,
    NAMES,
    OPAQUE,
    PROSE,
    UNCHANGED,
    Anonymizer,
    documented_properties,
)

CATALOGUE = Catalogue.load()
ANONYMOUS = Anonymizer(b"key", CATALOGUE)
SECRET = "Contoso Ltd"

PLACES = st.sampled_from(
    ["customerName", "CustomerName", "domain", "id", "etag", "uri", "description", "nickname", "x", "Contoso"]
)
BODIES: st.SearchStrategy[Any] = st.recursive(
    st.just(SECRET) | st.integers(0, 99) | st.none(),
    lambda inner: st.dictionaries(PLACES, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=12,
)


@given(BODIES)
def test_a_secret_does_not_come_through(body: Any) -> None:
    """A text that may name a customer is replaced wherever it stands, as a value or as a property's name."""
    assert "contoso" not in json.dumps(ANONYMOUS.body(body)).lower()


@given(BODIES)
def test_shape_stays(body: Any) -> None:
    """Objects keep their number of members, lists their length, and what is null stays null."""
    assert shape(ANONYMOUS.body(body)) == shape(body)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return [shape(member) for member in value.values()]
    return list(map(shape, value)) if isinstance(value, list) else value is None


def test_every_documented_text_has_a_treatment() -> None:
    """Whatever text the contract documents is either listed as harmless or replaced in its own way."""
    texts = set()
    pending: list[Any] = [each.schema for each in CATALOGUE.resources.values()]
    while pending:
        for name, schema in pending.pop().get("properties", {}).items():
            pending.append(schema)
            kinds = schema.get("type", ())
            if "string" in ([kinds] if isinstance(kinds, str) else kinds):
                texts.add(name.casefold())
    treated = UNCHANGED | NAMES | DOMAINS | IDS | ADDRESSES | OPAQUE | PROSE
    assert len(texts) > 15
    assert texts - treated == set()
    assert treated <= {name.casefold() for name in documented_properties(CATALOGUE)}


def test_pseudonyms_hang_on_the_key_alone() -> None:
    """The same key gives the same pseudonyms in another run; another key gives others."""
    body = {"id": "7BB674D2-65c7-4bde-87e6-2bb621edb3fd", "customerName": SECRET, "domain": "contoso.com"}
    assert Anonymizer(b"key", CATALOGUE).body(body) == ANONYMOUS.body(body)
    other = Anonymizer(b"other", CATALOGUE).body(body)
    assert all(other[name] != value for name, value in ANONYMOUS.body(body).items())
    assert Anonymizer(b"other", CATALOGUE).key_check != ANONYMOUS.key_check


def test_documented_refusals_stay_readable() -> None:
    """What the documentation itself says is kept, whatever number of seconds is in it."""
    for said in ("Access denied", "Rate limit is exceeded. Try again in 3 seconds."):
        assert ANONYMOUS.body({"message": said}) == {"message": said}


def test_links_lead_to_this_api_only() -> None:
    """A link loses its host and keeps the documented words; a customer in it is the pseudonym of the body."""
    guid = "7bb674d2-65c7-4bde-87e6-2bb621edb3fd"
    linked = ANONYMOUS.uri(f"https://api.contoso.com/v1/customers/{guid}?size=20&seekOperation=Next&who=me")
    assert linked.startswith(f"/v1/customers/{ANONYMOUS.name(guid)}?size=20&seekOperation=Next&")
    assert "who" not in linked
    assert "contoso" not in linked
