"""Customers: a name and a domain of their own, words of their culture, and Faker in one module only."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

import partner_insights.world
from partner_insights.contract import Catalogue
from partner_insights.world import FakerVocabulary, World
from partner_insights.world.bodies import CustomerPage, customer_body, customers_body
from partner_insights.world.company_names import patterns
from partner_insights.world.customers import Customers
from partner_insights.world.vocabulary import COMPANIES, LOCALES, WORDS_FILE

LAW = settings(max_examples=30)
CATALOGUE = Catalogue.load("corrected")
WORLD_DIR = Path(partner_insights.world.__file__).parent
DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\.example")


@LAW
@given(st.integers(), st.integers(0, 10**7), st.integers(1, 3000))
def test_no_two_customers_share_a_name(seed: int, start: int, count: int) -> None:
    """Display names are distinct, whichever customers are looked at."""
    names = Customers(seed, FakerVocabulary()).names(start, start + count)
    assert len(set(names)) == count
    assert all(name == name.strip() and name.isprintable() for name in names)


def test_the_first_names_are_fakers_own() -> None:
    """The companies of a small world are named by Faker; only a larger one forms names."""
    pool = {name for words in FakerVocabulary().words() for name in words.companies}
    customers = Customers(0, FakerVocabulary())
    assert len(pool) == COMPANIES
    schools = {customers.name(index) for index in customers._schools(0, COMPANIES)}
    assert 0 < len(schools) < 30
    assert set(customers.names(0, COMPANIES)) - schools < pool
    assert not pool & set(customers.names(COMPANIES, 3 * COMPANIES))


def test_names_stay_believable_and_unique_at_size() -> None:
    """Of three hundred thousand customers none share a name, and no name needs a number to be its own."""
    names = Customers(5, FakerVocabulary()).names(0, 300_000)
    assert len(set(names)) == len(names)
    assert not [name for name in names if re.search(r"\d", name)]


def test_academic_customers_are_schools() -> None:
    """A customer of academic products has a school's name, and no other has."""
    world = World(CATALOGUE, customers=3000, as_of=date(2026, 11, 22))
    columns = world.columns("CustomerLicensesDeploymentInsights")
    pairs = zip(columns["customerName"].tolist(), columns["productName"].tolist(), strict=True)
    academic = {name for name, product in pairs if product.endswith(("FACULTY", "STUDENTS"))}
    schools = {
        part.strip()
        for culture in patterns().values()
        for pattern in culture["schools"]
        for part in pattern.split("{}")
        if part.strip()
    }
    assert academic
    assert {name for name in academic if not any(word in name for word in schools)} == set()
    others = {world.names.name(index) for index in range(3000)} - academic
    assert sum(any(word in name for word in schools) for name in others) < len(academic)


def test_every_locale_shows() -> None:
    """A world of fifty customers speaks several languages, one of two hundred all of them."""
    world = World(CATALOGUE, customers=200, as_of=date(2026, 11, 22))
    countries = [world.customer(index).country for index in range(200)]
    assert len(set(countries[:50])) >= 4
    assert set(countries) == {locale.country for locale in LOCALES}


@LAW
@given(st.integers(), st.lists(st.integers(0, 10**6 - 1), min_size=2, max_size=50, unique=True))
def test_customers_are_well_formed(seed: int, indexes: list[int]) -> None:
    """Ids are the world's; domains are distinct, under a reserved TLD; nothing is empty."""
    world = World(CATALOGUE, seed=seed, customers=10**6, as_of=date(2026, 11, 22))
    people = [world.customer(index) for index in indexes]
    assert len({who.domain for who in people}) == len(people)
    for who, index in zip(people, indexes, strict=True):
        assert who.id == world.customer_id(index)
        assert DOMAIN.fullmatch(who.domain)
        assert all(value != "" for value in asdict(who).values())


def test_faker_is_known_to_one_module() -> None:
    """Only one module mentions Faker's package, so only words can come from it."""
    importing = {
        path.name
        for path in WORLD_DIR.glob("*.py")
        if re.search(r"^\s*(from|import) faker\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert importing == {"faker_words.py"}


def test_faker_is_not_loaded_for_a_world() -> None:
    """Names are had without the time Faker takes, and whichever Faker is installed."""
    script = (
        "import sys; from datetime import date; from partner_insights.contract import Catalogue;"
        "from partner_insights.world import World;"
        "w = World(Catalogue.load('corrected'), as_of=date(2026, 1, 1));"
        "w.customer(3); print('faker' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, timeout=60, text=True
    )
    assert run.stdout.split() == ["False"]


def test_the_kept_words_are_what_faker_says(tmp_path: Path) -> None:
    """`words.json` is what the Faker that it names gives; where a word was changed, the check says so."""
    shipped = json.loads(WORDS_FILE.read_bytes())
    if shipped["faker"] != version("faker"):
        pytest.skip("another Faker is installed than chose the words")
    from partner_insights.world.faker_words import refresh

    assert refresh(WORDS_FILE, check=True) == 0
    changed = tmp_path / WORDS_FILE.name
    changed.write_text(WORDS_FILE.read_text("utf-8").replace("PLC", "Inc", 1), "utf-8")
    assert refresh(changed, check=True) == 1
    assert refresh(changed, check=False) == 0
    assert changed.read_bytes() == WORDS_FILE.read_bytes()


@LAW
@given(st.integers(0, 2**32), st.integers(0, 2000), st.integers(1, 500))
def test_a_page_of_customers_is_made_of_their_bodies(seed: int, start: int, size: int) -> None:
    """What a list tells of a customer is what the customer's own address tells."""
    world = World(CATALOGUE, seed=seed, customers=2000, as_of=date(2026, 11, 22))
    items = customers_body(world, CustomerPage(start, size))["items"]
    assert len(items) == min(size, 2000 - start)
    assert items[-3:] == [
        customer_body(world, start + at) for at in range(max(0, len(items) - 3), len(items))
    ]
