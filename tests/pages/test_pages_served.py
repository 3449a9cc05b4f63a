"""Any pages: derived, served, asked over HTTP, and judged by the contract they are the source of."""

from __future__ import annotations

import itertools
import json
import urllib.error
import urllib.request
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.cli import main
from partner_insights.contract import Catalogue
from partner_insights.contract.paths import find_listing, key_property
from partner_insights.derive.custom_pages import CustomContract
from partner_insights.errors import InputError
from partner_insights.verify.judge.schema_checks import KEYWORD_TEXTS
from partner_insights.verify.options import SuiteOptions
from partner_insights.verify.run.suite import run_suite
from partner_insights.world import World
from partner_insights.world.schema_data.bodies import SchemaData, UnknownPathValue

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
PAGES = (HERE / "shop-resources.md", HERE / "product-page.md")
SHOP = CustomContract(PAGES, HERE / "shop.toml")
STRANGER = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def shop() -> Iterator[RunningFake]:
    with running_fake(*SHOP.arguments(), "--customers", "3") as fake:
        yield fake


def get(fake: RunningFake, path: str) -> tuple[int, Any]:
    request = urllib.request.Request(fake.url + path, headers={"Authorization": f"Bearer {fake.token}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def a_customer(fake: RunningFake) -> str:
    return str(get(fake, "/v1/customers")[1]["items"][0]["id"])


def test_values_suit_their_properties(shop: RunningFake) -> None:
    """Names, mails, money, dates, countries and nested resources look like what they are called."""
    customer = a_customer(shop)
    status, body = get(shop, f"/v1/customers/{customer}/orders")
    assert status == 200
    assert body["totalCount"] == len(body["items"]) > 1
    for order in body["items"]:
        assert order["customerId"] == customer
        assert "@" in order["contactEmail"]
        assert order["contactPhone"].startswith("+")
        assert len(order["billingCountry"]) == 2
        assert order["currencyCode"] == "EUR"
        assert 0 < order["totalPrice"] <= 5000
        assert isinstance(order["isTrial"], bool)
        begun = datetime.fromisoformat(order["creationDate"])
        assert date.fromisoformat(order["expirationDate"]) > begun.date()
        assert order["attributes"]["objectType"] == "Order"
        for line in order["lines"]:
            product = line["product"]
            assert product["infoUri"].startswith("https://")
            assert (product["state"], product["unit"]) in set(
                itertools.product(("active", "retired"), ("piece", "hour"))
            )
            assert all(picture.startswith("https://") for picture in product["pictures"])
    assert len({order["orderId"] for order in body["items"]}) == len(body["items"])


def test_what_a_list_showed_is_found_again_and_nothing_else(shop: RunningFake) -> None:
    """Every item of a list is answered alike under its id, at any case; another id is 404, as is its list."""
    orders = f"/v1/customers/{a_customer(shop)}/orders"
    for order in get(shop, orders)[1]["items"]:
        assert get(shop, f"{orders}/{order['orderId'].upper()}") == (200, order)
        assert get(shop, f"{orders}/{order['orderId']}/lines")[0] == 200
    assert get(shop, f"{orders}/{STRANGER}")[0] == 404
    assert get(shop, f"{orders}/{STRANGER}/lines")[0] == 404
    assert get(shop, f"/v1/customers/{STRANGER}/orders")[1]["code"] == "60003"
    assert get(shop, "/v1/customers/nobody/orders")[0] == 400
    assert get(shop, "/v1/products?size=51")[0] == 400


def test_a_nullable_value_is_null_now_and_then() -> None:
    """Over many customers, what may be null is null at times and has a value at others."""
    catalogue = SHOP.read().catalogue
    world = World(catalogue, customers=30, as_of=date(2026, 11, 22))
    made, orders = SchemaData(world, catalogue), catalogue.operations["customers-orders"]
    told = [
        order["cancelledBy"] is None
        for index in range(30)
        for order in made.items(orders, {"customer-id": world.customer_id(index)})
    ]
    assert 0 < sum(told) < len(told) / 2


def test_circles_are_cut() -> None:
    """An order whose lines name their order ends, and every cut is one the contract allows."""
    catalogue = SHOP.read("strict").catalogue
    body = SchemaData(World(catalogue, as_of=date(2026, 11, 22)), catalogue).body(
        catalogue.operations["products"], {}
    )
    depth, product = 0, body["items"][0]
    while product:
        depth, product = depth + 1, product.get("parent")
    assert depth == 4


def test_a_fake_keeps_the_contract_of_its_pages() -> None:
    """Derived, served and judged by the same pages, nothing is broken and every operation is asked."""
    run = run_suite(
        SuiteOptions(
            page=tuple(map(str, PAGES)), operations=str(HERE / "shop.toml"), max_requests=None, seed=3
        )
    )
    assert run.crashes == []
    assert [str(violation.message) for violation in run.results.violations] == []
    assert set(SHOP.read().catalogue.operations) <= run.results.operations
    tried = {law.name.partition("[")[0] for law in run.tests if law.outcome == "passed"}
    assert {
        "test_an_item_that_no_list_shows_is_not_found",
        "test_the_answer_is_the_same_with_any_header",
    } <= tried


def test_what_the_world_does_not_know_keeps_what_its_page_says(tmp_path: Path) -> None:
    """A shipped resource at another path, and a page's of a shipped one's name in another case."""
    page, operations = tmp_path / "customer.md", tmp_path / "operations.toml"
    page.write_text(
        "# customer\n\n| Property | Type | Description |\n|---|---|---|\n| number | string | Its. |\n"
    )
    operations.write_text(
        '[[operation]]\npath = "/v2.0/customers"\nresource = "Customer"\nenvelope = "Collection"\n'
        '[[operation]]\npath = "/v1/uses/{use}"\nresource = "CustomerLicensesUsageInsights"\n'
        'envelope = "Collection"\n'
    )
    contract = CustomContract((page,), operations)
    assert {each.resource for each in contract.read().catalogue.operations.values()} == {
        "customer",
        "CustomerLicensesUsageInsights",
    }
    run = run_suite(SuiteOptions(page=(str(page),), operations=str(operations), max_requests=None, seed=3))
    assert (run.crashes, [str(each.message) for each in run.results.violations]) == ([], [])
    assert len(run.results.operations) == 2


def test_another_contract_finds_the_fake_at_fault(tmp_path: Path) -> None:
    """The judge that found nothing does find a server that serves other pages than it is judged by."""
    changed = tmp_path / "product-page.md"
    page = (HERE / "product-page.md").read_text()
    changed.write_text(page.replace("| name        | string ", "| name        | boolean"))
    operations = tmp_path / "shop.toml"
    operations.write_text(
        '[[operation]]\nid = "products"\npath = "/v1/products"\nresource = "Product"\n'
        'envelope = "Collection"\n'
    )
    with running_fake("--page", str(PAGES[1]), "--operations", str(operations)) as fake:
        runner = CliRunner(env={"PARTNER_INSIGHTS_TOKEN": fake.token})
        named = ["--page", str(changed), "--operations", str(operations), "--url", fake.url]
        result = runner.invoke(main, ["verify", *named])
    assert result.exit_code == 1
    assert "boolean" in result.output


def test_every_keyword_of_a_derived_schema_can_be_told_of() -> None:
    """Whatever keyword a violation is about, there are words for what the page says, and none for others."""
    judged = {code.keyword for code in Catalogue.load().codes.values() if code.keyword is not None}
    assert set(KEYWORD_TEXTS) == judged


@pytest.mark.parametrize(
    ("operations", "words"),
    [
        ("", "names no operation"),
        ('[[operation]]\npath = "/v1/a"', "lacks its path or resource"),
        ('[[operation]]\npath = "v1/a"\nresource = "Product"', "is no path"),
        ('[[operation]]\npath = "/v1/a"\nresource = "Nothing"', "no page defines"),
        ('[[operation]]\npath = "/v1/a"\nresource = "Product"\nmethod = "POST"', "only reads"),
        (
            '[[operation]]\npath = "/v1/a"\nresource = "Product"\nenvelope = "Product"',
            "no resource with `items`",
        ),
        (
            '[[operation]]\npath = "/v1/a"\nresource = "Product"\nenvelope = "CustomerCollection"',
            "holds Customer, and not Product",
        ),
        ('[[operation]]\npath = "/v1/a"\nresource = "Product"\nerrors = ["x"]', "missing or unknown"),
        ('[[operation]]\npath = "/v1/{a}"\nresource = "Product"\n' * 2, "one id or path"),
    ],
)
def test_operations_that_do_not_fit_are_refused(tmp_path: Path, operations: str, words: str) -> None:
    """An operations file that cannot be meant is refused by what is wrong with it, exit code 2."""
    file = tmp_path / "ops.toml"
    file.write_text(operations)
    with pytest.raises(InputError, match=words):
        CustomContract((PAGES[1],), file).read()
    result = CliRunner().invoke(main, ["serve", "--page", str(PAGES[1]), "--operations", str(file)])
    assert result.exit_code == 2


def test_an_uncertain_page_fails_closed_and_is_served_leniently(tmp_path: Path) -> None:
    """Without --lenient a cell that cannot be read stops the fake; with it the property is not sent."""
    page = tmp_path / "odd-resources.md"
    page.write_text(
        "# Odd\n\n## Odd\n\nAn odd one.\n\n| Property | Type | Description |\n|---|---|---|\n"
        "| id | string | Its name. |\n| what | strnig | Misspelt. |\n"
    )
    file = tmp_path / "ops.toml"
    file.write_text('[[operation]]\npath = "/v1/odds"\nresource = "Odd"\nenvelope = "Collection"\n')
    with pytest.raises(InputError, match=r"odd-resources\.md:10"):
        CustomContract((page,), file).read()
    lenient = CustomContract((page,), file, lenient=True).read()
    assert [found.line for found in lenient.diagnostics] == [10]
    catalogue = lenient.catalogue
    body = SchemaData(World(catalogue, as_of=date(2026, 11, 22)), catalogue).body(
        catalogue.operations["odds"], {}
    )
    assert {tuple(item) for item in body["items"]} == {("id",)}


def test_options_come_together() -> None:
    """--page without --operations, or the other way round, is wrong usage."""
    for options in (["--page", str(PAGES[0])], ["--operations", str(SHOP.operations)], ["--lenient"]):
        assert CliRunner().invoke(main, ["serve", *options]).exit_code == 2
        assert CliRunner().invoke(main, ["verify", *options]).exit_code == 2


def test_the_same_seed_makes_the_same_answers() -> None:
    """A body is a pure function of seed and path: another seed, customer or list has other items."""
    catalogue = SHOP.read().catalogue
    orders = catalogue.operations["customers-orders"]

    def ids(seed: int, customer: int) -> list[str]:
        world = World(catalogue, seed=seed, customers=3, as_of=date(2026, 11, 22))
        items = SchemaData(world, catalogue).items(orders, {"customer-id": world.customer_id(customer)})
        return [item["orderId"] for item in items]

    assert ids(1, 0) == ids(1, 0)
    assert not set(ids(1, 0)) & set(ids(1, 1))
    assert not set(ids(1, 0)) & set(ids(2, 0))


def test_a_parameter_is_shown_by_the_list_before_it() -> None:
    """`{order-id}` is the orderId of the list at the path before it; without a list, anything is found."""
    catalogue = SHOP.read().catalogue
    shown = find_listing(catalogue.operations["customers-orders-by-id"], "order-id", catalogue)
    assert shown is not None
    assert (shown.listing.id, shown.key) == ("customers-orders", "orderId")
    properties = {"iso2Code": {"type": "string"}, "id": {"type": "string"}, "code": {"$ref": "x"}}
    assert key_property({"properties": properties}, "country-iso2-code") == "iso2Code"
    assert key_property({"properties": properties}, "country-id") == "id"
    assert key_property({"properties": properties}, "country-code") is None
    world = World(catalogue, customers=1, as_of=date(2026, 11, 22))
    values = {"customer-id": world.customer_id(0), "order-id": "x"}
    with pytest.raises(UnknownPathValue, match="order-id"):
        SchemaData(world, catalogue).body(catalogue.operations["customers-orders-by-id"], values)


def test_names_are_spelt_as_the_wire_does_on_request(tmp_path: Path) -> None:
    """With wire_case the properties of a table in capitals begin small, and the answers have them so."""
    page = tmp_path / "box-resources.md"
    page.write_text(
        "# Boxes\n\n## Box\n\nA box.\n\n| Property | Type | Description |\n|---|---|---|\n"
        "| BoxId | string | Its name. |\n"
    )
    file = tmp_path / "ops.toml"
    file.write_text('[[operation]]\npath = "/v1/boxes"\nresource = "Box"\n')
    for wire_case, name in ((True, "boxId"), (False, "BoxId")):
        contract = CustomContract((page,), file, wire_case=wire_case)
        assert ("--wire-case" in contract.arguments()) is wire_case
        assert list(contract.read().catalogue.schema("Box")["properties"]) == [name]
