"""What is sold keeps the rules of `products.json` on every day, and a file that could not is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

from partner_insights.contract import Catalogue, Standing
from partner_insights.errors import InputError
from partner_insights.world import DictionaryColumn, World
from partner_insights.world.product_file import PRODUCTS_FILE, default_catalogue, read_catalogue
from partner_insights.world.products import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_insights.world.hashing import Integers

CATALOGUE = Catalogue.load("corrected")
DEPLOYMENT = "CustomerLicensesDeploymentInsights"
USAGE = "CustomerLicensesUsageInsights"
FILE: dict[str, Any] = json.loads(PRODUCTS_FILE.read_bytes())
CUSTOMERS = 100_000
DAYS = (
    date(2005, 1, 1),
    date(2016, 12, 1),
    date(2019, 6, 1),
    date(2020, 4, 20),
    date(2020, 5, 1),
    date(2021, 8, 10),
    date(2022, 3, 10),
    date(2026, 11, 22),
)
"""Before all, and around the days on which most changes."""


@dataclass(frozen=True)
class Sales:
    """What the rows of one day say, as a reader of the API sees it: a number for each deployment row."""

    days: dict[str, str]
    """Service code → the day its numbers describe."""
    names: list[str]
    """Of the products; `product` counts in them."""
    customer: Integers
    product: Integers
    sold: Integers
    channel: Integers
    used: set[tuple[str, str]]
    """Every product with each workload of its usage rows."""

    @classmethod
    def of(cls, world: World) -> Sales:
        pairs = zip(SERVICES, world.calendar.data_days, strict=True)
        deployment, usage = world.columns(DEPLOYMENT), world.columns(USAGE)
        workloads = categories(usage["workloadName"])
        seen = np.unique(codes(usage["productName"]) * 1000 + codes(usage["workloadName"])).tolist()
        names = categories(usage["productName"])
        return cls(
            days={service.code: date.fromordinal(day).isoformat() for service, day in pairs},
            names=categories(deployment["productName"]),
            customer=codes(deployment["customerId"]),
            product=codes(deployment["productName"]),
            sold=np.asarray(deployment["licensesSold"]),
            channel=codes(deployment["channel"]),
            used={(names[each // 1000], workloads[each % 1000]) for each in seen},
        )

    def plant(self, *names: str, sold: int = 3) -> Sales:
        """The same with a customer more, who holds these products."""
        places = len(self.names) + np.arange(len(names))
        return replace(
            self,
            names=[*self.names, *names],
            customer=np.append(self.customer, np.full(len(names), self.customer.max() + 1)),
            product=np.append(self.product, places),
            sold=np.append(self.sold, np.full(len(names), sold)),
            channel=np.append(self.channel, np.zeros(len(names), np.int64)),
        )

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """The product of the file behind each name on the day; an empty one where none has it."""
        return [self.entry(name) for name in self.names]

    def entry(self, name: str) -> dict[str, Any]:
        for entry in FILE["products"]:
            day = self.days[entry["service"]]
            names = sorted({"": entry["name"], **entry.get("renamed", {})}.items())
            if runs(entry, day) and name == [name for first, name in names if first <= day][-1]:
                return dict(entry)
        return {}

    def customers_with(self, holds: Callable[[dict[str, Any]], bool]) -> npt.NDArray[np.bool_]:
        """Whether each customer has a product of which this holds."""
        of_product = np.array([holds(entry) for entry in self.entries])
        return np.bincount(self.customer, of_product[self.product]) > 0


def codes(column: Any) -> Integers:
    assert isinstance(column, DictionaryColumn)
    return column.codes


def categories(column: Any) -> list[str]:
    assert isinstance(column, DictionaryColumn)
    return list(column.categories)


def runs(entry: dict[str, Any], day: str) -> bool:
    return bool(entry.get("from", "") <= day <= entry.get("until", "9999-12-31"))


def names_of(entry: dict[str, Any]) -> set[str]:
    return {entry["name"], *entry.get("renamed", {}).values()}


def not_sold(sales: Sales) -> bool:
    return any(not sales.entries[each] for each in np.unique(sales.product))


def held_twice(sales: Sales) -> bool:
    """The same product, under its name on the day or under that of another."""
    ids = [entry["id"] for entry in FILE["products"]]
    owners = {name: entry["id"] for entry in reversed(FILE["products"]) for name in names_of(entry)}
    products = zip(sales.names, sales.entries, strict=True)
    numbers = np.array([ids.index(entry.get("id", owners[name])) for name, entry in products])
    pairs = sales.customer * 1000 + numbers[sales.product]
    return len(np.unique(pairs)) < len(pairs)


def too_many_seats(sales: Sales) -> bool:
    limits = np.array([entry.get("max-seats", 10**9) for entry in sales.entries])
    return bool((sales.sold > limits[sales.product]).any())


def mixed_audience(sales: Sales) -> bool:
    academic = sales.customers_with(lambda entry: entry.get("audience") == "academic")
    commercial = sales.customers_with(lambda entry: entry.get("audience") == "commercial")
    return bool((academic & commercial).any())


def something_missing(sales: Sales) -> bool:
    needs = {entry["needs"] for entry in FILE["products"] if "needs" in entry}
    return any(
        (
            sales.customers_with(lambda entry, need=need: entry.get("needs") == need)  # type: ignore[misc]
            & ~sales.customers_with(lambda entry, need=need: need in entry.get("gives", ()))  # type: ignore[misc]
        ).any()
        for need in needs
    )


def workload(name: str) -> dict[str, Any]:
    return next(entry for entry in FILE["workloads"] if entry["name"] == name)


def foreign_workload(sales: Sales) -> bool:
    return any(
        sales.entry(product)["service"] not in workload(name)["services"] for product, name in sales.used
    )


def ended_workload(sales: Sales) -> bool:
    return any(
        not runs(workload(name), sales.days[sales.entry(product)["service"]]) for product, name in sales.used
    )


def one_channel_each(sales: Sales) -> bool:
    """Of the customers with several licences nobody buys in both channels, or half of them do."""
    licences = np.bincount(sales.customer)
    direct = np.bincount(sales.customer, sales.channel == 0)
    both = (direct > 0) & (direct < licences)
    return not 0.01 < both.sum() / (licences > 1).sum() < 0.5


CHECKS: dict[str, Callable[[Sales], bool]] = {
    "sold-on-the-day": not_sold,
    "one-name-a-day": held_twice,
    "seat-limit": too_many_seats,
    "audience": mixed_audience,
    "needs": something_missing,
    "workload-of-service": foreign_workload,
    "workload-on-the-day": ended_workload,
    "channel-of-purchase": one_channel_each,
}
"""Rule → whether it is broken, told from the rows and the file alone."""


def test_every_rule_has_a_law() -> None:
    """No rule of the file goes without a check here, and each says why it is believed."""
    assert [rule.id for rule in default_catalogue().rules] == list(CHECKS)
    for rule in default_catalogue().rules:
        assert rule.says
        assert rule.reason
        assert rule.source
        assert rule.standing is Standing.ASSUMED


def test_every_rule_is_documented() -> None:
    """docs/data.md says what the file says."""
    page = (Path(__file__).parents[2] / "docs/data.md").read_text(encoding="utf-8")
    for rule in default_catalogue().rules:
        assert f"| `{rule.id}` | {rule.says} | {rule.reason} | {rule.source} |" in page
    assert f"{len(FILE['products'])} products" in page


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_a_hundred_thousand_customers_keep_every_rule(day: date) -> None:
    """On each of these days no row breaks a rule of the catalogue."""
    sales = Sales.of(World(CATALOGUE, seed=day.year, customers=CUSTOMERS, as_of=day))
    assert [rule for rule, broken in CHECKS.items() if broken(sales)] == []


@cache
def some_sales() -> Sales:
    return Sales.of(World(CATALOGUE, customers=3000, as_of=date(2026, 11, 22)))


@pytest.mark.parametrize(
    ("rule", "names", "sold"),
    [
        ("sold-on-the-day", ["SKYPE FOR BUSINESS ONLINE (PLAN 2)"], 3),
        ("sold-on-the-day", ["OFFICE 365 BUSINESS ESSENTIALS"], 3),
        ("one-name-a-day", ["OFFICE 365 BUSINESS PREMIUM", "MICROSOFT 365 BUSINESS STANDARD"], 3),
        ("seat-limit", ["MICROSOFT 365 BUSINESS BASIC"], 301),
        ("audience", ["OFFICE 365 A1 FOR FACULTY", "OFFICE 365 E3"], 3),
        ("needs", ["MICROSOFT TEAMS DOMESTIC CALLING PLAN"], 3),
    ],
)
def test_a_planted_sale_breaks_its_rule(rule: str, names: list[str], sold: int) -> None:
    """Each check can fail, and of no other rule; but a name that is no more is not sold either."""
    planted = some_sales().plant(*names, sold=sold)
    broken = {name for name, check in CHECKS.items() if check(planted)}
    assert rule in broken
    assert broken - {rule} <= {"sold-on-the-day"}


@pytest.mark.parametrize(
    ("rule", "used"),
    [
        ("workload-of-service", ("DYNAMICS 365 FINANCE", "Exchange")),
        ("workload-on-the-day", ("OFFICE 365 E3", "Skype For Business")),
    ],
)
def test_a_planted_use_breaks_its_rule(rule: str, used: tuple[str, str]) -> None:
    """So do the checks of workloads."""
    sales = some_sales()
    planted = replace(sales, used={*sales.used, used})
    assert [name for name, check in CHECKS.items() if check(planted)] == [rule]


def test_one_channel_for_each_customer_is_found() -> None:
    """And that of channels."""
    sales = some_sales()
    assert one_channel_each(replace(sales, channel=np.zeros_like(sales.channel)))


def test_every_product_is_sold() -> None:
    """No product is too rare to be seen in a large world, under the name it has on the day."""
    seen: set[str] = set()
    for day in DAYS:
        world = World(CATALOGUE, customers=20_000, as_of=day)
        product = world.columns(DEPLOYMENT)["productName"]
        assert isinstance(product, DictionaryColumn)
        seen |= {product.categories[code] for code in np.unique(product.codes)}
    assert {entry["id"] for entry in FILE["products"]} == {
        entry["id"] for entry in FILE["products"] if seen & names_of(entry)
    }


def test_a_rename_changes_the_name_alone() -> None:
    """The licences of Phone System are the same on the day before its rename and on the day itself."""
    renamed = date(2022, 3, 1)
    world = World(CATALOGUE, customers=2000, as_of=renamed)
    lists, held = [], []
    for day in (renamed - timedelta(days=1), renamed):
        licenses = World(CATALOGUE, customers=2000, as_of=day).licenses
        licenses = type(licenses)(world.seed, (day.toordinal(),) * len(SERVICES))
        rows = licenses.deployment(0, 2000)
        ids = [licenses.products.products[each].id for each in rows.product.tolist()]
        held.append(sorted(zip(rows.customer.tolist(), ids, strict=True)))
        lists.append(
            {
                product.id: name
                for product, name in zip(licenses.products.products, licenses.products.names, strict=True)
            }
        )
    assert held[0] == held[1]
    assert lists[0]["phone-system"] == "PHONE SYSTEM"
    assert lists[1]["phone-system"] == "MICROSOFT TEAMS PHONE STANDARD"


def test_products_are_in_the_order_of_rows() -> None:
    """On every day of a change: by service and name, each name once, and few enough for a byte."""
    catalogue = default_catalogue()
    assert [each.name for each in catalogue.workloads] == sorted({each.name for each in catalogue.workloads})
    for day in catalogue.changes:
        products = catalogue.on((day, day))
        order = [
            (product.service.code, name)
            for product, name in zip(products.products, products.names, strict=True)
        ]
        assert order == sorted(set(order))
        assert len(order) < 255
        assert all(name == name.upper() for name in products.names)


def test_the_shipped_file_is_sound() -> None:
    """What no start of the fake checks."""
    assert read_catalogue(PRODUCTS_FILE).products == default_catalogue().products


def edited(edit: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(PRODUCTS_FILE.read_bytes())
    edit(document)
    return document


def product(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in document["products"] if entry["id"] == name)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda file: file["products"].append(file["products"][0]), "one id"),
        (lambda file: file["products"].clear(), "1 to 254 products"),
        (lambda file: product(file, "finance").pop("seats"), "'seats' is missing"),
        (lambda file: file["products"][3].update(service="azure"), "/products/3: 'azure' is .* unknown"),
        (lambda file: file["products"][3].update(workloads=5), "/products/3: .*int"),
        (lambda file: file["workloads"][2].pop("share"), "/workloads/2: 'share' is missing"),
        (lambda file: product(file, "finance").update(weight=0), "finance has no positive weight"),
        (lambda file: product(file, "finance").update(audience="public"), "'public'"),
        (lambda file: product(file, "finance").update(workloads=["EXO"]), "another service"),
        (lambda file: product(file, "finance").update(workloads=[]), "no workload on 0001-01-01"),
        (
            lambda file: product(file, "finance").update(until="2020-01-01"),
            "not sold on 2020-01-02",
        ),
        (lambda file: product(file, "finance").update(renamed={"tomorrow": "X"}), "tomorrow"),
        (lambda file: product(file, "finance").update(needs="phone"), "is a base product and needs"),
        (lambda file: product(file, "team-members").update(needs="luck"), "'luck'"),
        (lambda file: product(file, "business-basic").update({"max-seats": 1}), "two seats"),
        (lambda file: product(file, "finance").update(name="DYNAMICS CRM ONLINE BASIC"), "one name"),
        (
            lambda file: product(file, "finance").update({"from": "2020-01-01", "otherwise": "finance"}),
            "replaced in a circle",
        ),
        (
            lambda file: product(file, "finance").update({"from": "2020-01-01", "otherwise": "ax-task"}),
            "or by an add-on",
        ),
        (lambda file: file.pop("workloads"), "'workloads' is missing"),
    ],
)
def test_a_file_that_could_not_be_sold_from_is_refused(
    tmp_path: Path, edit: Callable[[dict[str, Any]], object], says: str
) -> None:
    """Each with the file and the product."""
    path = tmp_path / "products.json"
    path.write_text(json.dumps(edited(edit)))
    with pytest.raises(InputError, match=says) as refusal:
        read_catalogue(path)
    assert refusal.value.where == str(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", None])
def test_what_is_no_catalogue_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """No file, no JSON or no object."""
    path = tmp_path / "products.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError):
        read_catalogue(path)


def test_a_world_sells_from_the_catalogue_it_is_given(tmp_path: Path) -> None:
    """Another file's products, and no others."""
    path = tmp_path / "products.json"
    path.write_text(
        json.dumps(
            edited(
                lambda file: (
                    file.update(products=[{**product(file, "finance"), "name": "OURS"}]) or file.pop("rules")
                )  # they are for people
            )
        )
    )
    world = World(CATALOGUE, as_of=date(2010, 1, 1), products=read_catalogue(path))
    assert {row["productName"] for row in world.rows(DEPLOYMENT)} == {"OURS"}
