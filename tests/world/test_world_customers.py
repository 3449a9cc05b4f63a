"""Customers: a name and a domain of their own, words of their culture, and Faker in one module only."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import partner_insights.world
from partner_insights.contract import Catalogue
from partner_insights.world import FakerVocabulary, World
from partner_insights.world.customers import Customers
from partner_insights.world.vocabulary import COMPANIES, LOCALES

LAW = settings(deadline=None, max_examples=30)
CATALOGUE = Catalogue.load("corrected")
WORLD_DIR = Path(partner_insights.world.__file__).parent
DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\.example")
EMAIL = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*@(.+)")


@LAW
@given(st.integers(), st.integers(0, 10**7), st.integers(1, 3000))
def test_no_two_customers_share_a_name(seed: int, start: int, count: int) -> None:
    """Display names are distinct, whichever customers are looked at."""
    names = Customers(seed, FakerVocabulary()).names(start, start + count)
    assert len(set(names)) == count
    assert all(name == name.strip() and name.isprintable() for name in names)


def test_the_first_names_are_fakers_own() -> None:
    """The customers of a small world have plain company names; only a large one adds cities and numbers."""
    pool = {name for words in FakerVocabulary().words() for name in words.companies}
    people = Customers(0, FakerVocabulary())
    assert len(pool) == COMPANIES
    assert set(people.names(0, COMPANIES)) == pool
    assert not pool & set(people.names(COMPANIES, 3 * COMPANIES))


def test_every_locale_shows() -> None:
    """A world of fifty customers speaks several languages, one of two hundred all of them."""
    world = World(CATALOGUE, customers=200, as_of=date(2026, 11, 22))
    cultures = [world.customer(index).culture for index in range(200)]
    assert len(set(cultures[:50])) >= 4
    assert set(cultures) == {locale.culture for locale in LOCALES}


@LAW
@given(st.integers(), st.lists(st.integers(0, 10**6 - 1), min_size=2, max_size=50, unique=True))
def test_people_are_well_formed(seed: int, indexes: list[int]) -> None:
    """Domains are distinct, under a reserved TLD; culture, country and language agree; nothing is empty."""
    world = World(CATALOGUE, seed=seed, customers=10**6, as_of=date(2026, 11, 22))
    people = [world.customer(index) for index in indexes]
    assert len({who.domain for who in people}) == len(people)
    for who, index in zip(people, indexes, strict=True):
        assert (who.index, who.id) == (index, world.customer_id(index))
        assert DOMAIN.fullmatch(who.domain)
        email = EMAIL.fullmatch(who.email)
        assert email is not None
        assert email[2] == who.domain
        assert who.culture == f"{who.language}-{who.country}"
        assert len({who.id, who.commerce_id, who.billing_id}) == 3
        assert all(value != "" for value in vars(who).values())


def test_faker_is_known_to_one_module() -> None:
    """Only the vocabulary mentions Faker's package, so only words can come from it."""
    importing = {
        path.name
        for path in WORLD_DIR.glob("*.py")
        if re.search(r"^\s*(from|import) faker\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert importing == {"vocabulary.py"}


def test_faker_is_loaded_for_names_only() -> None:
    """Ids, partner rows and a customer's numbers are had without the time Faker's import takes."""
    script = (
        "import sys; from datetime import date; from partner_insights.contract import Catalogue;"
        "from partner_insights.world import World;"
        "w = World(Catalogue.load('corrected'), as_of=date(2026, 1, 1));"
        "w.customer_id(3); w.rows('PartnerLicensesUsageInsights'); w.licenses.usage(0, 5);"
        "early = 'faker' in sys.modules; w.customer(3); print(early, 'faker' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, timeout=60, text=True
    )
    assert told.stdout.split() == ["False", "True"]
