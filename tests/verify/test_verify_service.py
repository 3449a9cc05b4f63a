"""Laws across the answers of a run: what one says is held against what others said, in any order."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partner_insights.contract import Profile
from partner_insights.verify.judge import damaged_names, service_rules
from partner_insights.verify.judge.damaged_names import are_plain, damage, is_damaged_form
from partner_insights.verify.judge.rows import success_of
from partner_insights.verify.judge.rule_registry import service_findings
from partner_insights.verify.judge.service_rules import ServiceFacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_insights.verify import Exchange

DEPLOYMENT, USAGE = "customer-licenses-deployment", "customer-licenses-usage"
PARTNER_DEPLOYMENT, PARTNER_USAGE = "partner-licenses-deployment", "partner-licenses-usage"
ALL = ("customers", "customer", PARTNER_DEPLOYMENT, PARTNER_USAGE, DEPLOYMENT, USAGE)
ANOTHER = "5b1c1f0e-6a57-4b8e-8a0a-0f6d1c2b3a49"


def contradictions(plant: Any, exchanges: list[Exchange]) -> list[tuple[str, str]]:
    """Code, and severity under `corrected`, of all that do not go together."""
    facts = ServiceFacts()
    found = []
    for exchange in exchanges:
        answer = success_of(exchange, plant.catalogue)
        assert answer is not None
        found += service_findings(answer, facts)
    return [(each.code, Profile.CORRECTED.severity(each.standing, certain=each.certain)) for each in found]


def everywhere(**changed: Any) -> Callable[[Any], None]:
    """Other values in every row."""
    return lambda body: [row.update(changed) for row in body["items"]]


def in_a_row(**changed: Any) -> Callable[[Any], None]:
    return lambda body: body["items"][0].update(changed)


def in_profile(**changed: Any) -> Callable[[Any], None]:
    return lambda body: body["companyProfile"].update(changed)


def smaller(name: str) -> Callable[[Any], None]:
    return lambda body: [row.update({name: row[name] / 100}) for row in body["items"]]


CONTRADICTIONS: list[tuple[str, str, str, Callable[[Any], None]]] = [
    ("PI214", "warning", USAGE, everywhere(customerName="Fabrikam")),
    ("PI214", "error", USAGE, everywhere(customerName="Conto")),
    ("PI214", "error", DEPLOYMENT, everywhere(customerName="CONTOSO ")),
    ("PI214", "error", "customer", in_profile(companyName="Cont\ufffdso")),
    ("PI214", "error", "customer", in_profile(domain="fabrikam.example")),
    ("PI214", "error", "customer", lambda body: body.update(relationshipToPartner="advisor")),
    ("PI217", "error", USAGE, smaller("usagePercent")),
    ("PI217", "error", DEPLOYMENT, smaller("deploymentPercent")),
    ("PI218", "warning", PARTNER_USAGE, everywhere(processedDateTime="2026-03-09T00:00:00+00:00")),
    ("PI218", "error", USAGE, everywhere(processedDateTime="2025-03-10T00:00:00+00:00")),
    ("PI220", "error", USAGE, everywhere(serviceCode="crm")),
    ("PI220", "error", USAGE, everywhere(workloadCode="EXC")),
    ("PI220", "error", DEPLOYMENT, everywhere(productName="OFFICE 365 ENTERPRISE E3", serviceName="crm")),
]
"""Code, severity under `corrected`, the answer that says something else, and what."""


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 2)), max_size=9))
@example([("a", 0), ("b", 0), ("c", 0), ("c", 1), ("a", 1)])
def test_so_many_facts_are_remembered(said: list[tuple[str, int]]) -> None:
    """Of those subjects always what was said first; of later ones nothing is held against what is said."""
    known: dict[str, int] = {}
    facts = ServiceFacts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service_rules, "MAX_FACTS", 2)
        for subject, value in said:
            if len(known) < 2:
                known.setdefault(subject, value)
            assert facts.first(subject, value, "of").value == known.get(subject, value)
    assert facts.said.keys() == known.keys()


def test_what_goes_together_is_not_accused(plant: Any) -> None:
    """The good answers in any order; each again in another language, where names may be others."""
    exchanges = [plant.exchange(operation) for operation in ALL]
    assert contradictions(plant, [*exchanges, *reversed(exchanges)]) == []
    body = plant.exchange(USAGE).response.body.replace(b"Exchange", b"Austausch")
    german = plant.exchange(USAGE, content=body, headers_sent=(("X-Locale", "de-DE"),))
    assert contradictions(plant, [*exchanges, german]) == []


@pytest.mark.parametrize(("code", "severity", "operation", "change"), CONTRADICTIONS)
@pytest.mark.parametrize("first", [False, True], ids=["after the others", "before the others"])
def test_what_does_not_go_together_is_found(
    plant: Any, good: Any, code: str, severity: str, operation: str, change: Any, first: bool
) -> None:
    """PI214, PI217, PI218, PI220: whichever answer comes first."""
    body = good(operation)
    change(body)
    others = [plant.exchange(each) for each in ALL if each != operation]
    wrong = plant.exchange(operation, body)
    found = contradictions(plant, [wrong, *others] if first else [*others, wrong])
    assert set(found) == {(code, severity)}


@pytest.mark.parametrize("uri", ["/v1/customers/1", "http://127.0.0.1:8010/customers/1"])
def test_links_are_of_one_form(plant: Any, good: Any, uri: str) -> None:
    """PI222, a warning: a client that joins all links alike fails with those of another form."""
    answers = []
    for link in ("/customers/1", uri):
        body = good("customer") | {"links": {"self": {"uri": link, "method": "GET", "headers": []}}}
        answers.append(plant.exchange("customer", body))
    page = plant.exchange("customers")
    assert contradictions(plant, [page, answers[0], page]) == []
    assert contradictions(plant, [page, answers[1]]) == [("PI222", "warning")]
    assert contradictions(plant, [answers[1], page, answers[1]]) == [("PI222", "warning")]


def test_the_name_of_another_customer_is_no_new_name(plant: Any, good: Any) -> None:
    """PI214, an error: a renamed customer is called by a name that nobody else has."""
    body = good("customers")
    (customer,) = body["items"]
    profile = customer["companyProfile"] | {"tenantId": ANOTHER, "companyName": "Fabrikam"}
    body["items"].append(customer | {"id": ANOTHER, "companyProfile": profile})
    rows = good(USAGE)
    everywhere(customerName="Fabrikam")(rows)
    found = contradictions(plant, [plant.exchange("customers", body), plant.exchange(USAGE, rows)])
    assert set(found) == {("PI214", "error")}


@pytest.mark.parametrize(
    ("name", "certain"),
    [
        ("Caf\u00c3\u00a9 Central", True),
        ("\u00e6\u2014\u00a5\u00e6\u0153\u00ac", True),
        ("Conto\ufffdo", True),
        ("Smith &amp; Sons", True),
        ("O&#39;Neill", True),
        ("Caf\\u00e9", True),
        ("Contoso%20Ltd", True),
        ("Conto\x00so", True),
        ("", True),
        ("M?ller", False),
        ("Tab\there", False),
        (" Contoso", False),
    ],
)
def test_a_damaged_name_is_told(name: str, certain: bool) -> None:
    """A wrong decoding, a lost letter, an entity; a tab or a blank may be how it is registered."""
    found = damage(name)
    assert found is not None
    assert found[1] is certain


@pytest.mark.parametrize(
    "name",
    [
        "Contoso",
        "Café Central",
        "AT&T",
        "Åse & Søn A/S",
        "日本電気",
        "Ærø ¿Qué? Ltd.",
        "B&B; more",
        "100% Ltd",
    ],
)
def test_a_whole_name_is_not_accused(name: str) -> None:
    """Any alphabet, marks and an ampersand."""
    assert damage(name) is None


names = st.text(st.sampled_from("ab é日\n\t?%&\ufffd\ud800Ã¼"), max_size=4) | st.text(max_size=6)


@given(some=st.lists(names, min_size=1, max_size=4))
def test_names_are_plain_together_only_where_each_is_whole(some: list[str]) -> None:
    """Looked at as one text, no name hides its damage behind another; nor does a line feed part one."""
    if are_plain(some):
        assert [damage(each) for each in some] == [None] * len(some)
    assert are_plain(["Contoso", "Café Central"])
    assert not are_plain(["Contoso", "Con\ntoso"])
    assert not are_plain(["Contoso", ""])


DAMAGED_BY = [
    lambda name: name.encode("utf-8", "surrogatepass").decode("cp1252", "ignore"),
    lambda name: name.encode("utf-8", "surrogatepass").decode("latin-1"),
    html.escape,
    lambda name: quote(name, errors="surrogatepass"),
    lambda name: f" {name}",
    lambda name: f"{name}\u3000",
    lambda name: name,
]


@given(
    # Half a pair, which JSON may hold, cannot be damaged by an encoding.
    st.text(st.characters(max_codepoint=0x24F) | st.characters(codec="utf-8"), min_size=1, max_size=6),
    st.sampled_from(DAMAGED_BY),
)
def test_a_name_that_is_whole_at_a_glance_is_whole(name: str, damaged: Callable[[str], str]) -> None:
    """What every single test says of it is the same."""
    text = damaged(name)
    found = damage.__wrapped__(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(damaged_names, "_PLAIN", re.compile("(?!)"))
        assert damage.__wrapped__(text) == found


def test_every_letter_beside_others_is_as_it_is_alone() -> None:
    """No character is whole at a glance that is not so by every single test, nor one that was misread."""
    glance = damaged_names._PLAIN
    plain = [each for each in map(chr, range(0x110000)) if glance.fullmatch(each)]
    one_by_one = [each for each in plain if ord(each) < 0x2200]
    rest = "".join(plain[len(one_by_one) :])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(damaged_names, "_PLAIN", re.compile("(?!)"))
        for text in ("a" + each for each in (*one_by_one, rest)):
            assert damage.__wrapped__(text) is None, text[:2]
    for letter in map(chr, (*range(0x80, 0xD800), *range(0xE000, 0xFFFE))):
        assert not glance.fullmatch(letter.encode().decode("latin-1")), letter
        assert not glance.fullmatch(letter.encode().decode("cp1252", "replace")), letter


@pytest.mark.parametrize(
    ("one", "other", "damaged"),
    [
        ("Contoso", "CONTOSO ", True),
        ("Contoso GmbH", "Contoso Gm", True),
        ("Müller", "Muller", True),
        ("Müller", "M?ller", True),
        ("Contoso", "", True),
        ("Contoso", "Contoso Ltd", False),
        ("Contoso", "Fabrikam", False),
        ("Contoso Europe", "Contoso America", False),
    ],
)
def test_a_damaged_name_is_told_from_another(one: str, other: str, damaged: bool) -> None:
    """Case, blanks, marks, lost letters and a cut within a word; a new name is another."""
    assert is_damaged_form(one, other) is is_damaged_form(other, one) is damaged
