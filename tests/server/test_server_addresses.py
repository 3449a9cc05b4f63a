"""Paths with any parameters: they are named in the journal, and faults are planned for them, as for ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from partner_insights.cli.page_options import read_custom
from partner_insights.contract.paths import fill
from partner_insights.derive.custom_pages import CustomContract
from partner_insights.server import Settings, create_app
from partner_insights.server.http.routes import PathTable
from partner_insights.world import World
from partner_insights.world.openapi_examples import Examples

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from partner_insights.contract import Catalogue

PAGES = Path(__file__).parents[1] / "pages"


@pytest.fixture(scope="module")
def shop() -> Catalogue:
    return read_custom(
        CustomContract((PAGES / "shop-resources.md", PAGES / "product-page.md"), PAGES / "shop.toml")
    )


@pytest.fixture
def paths(shop: Catalogue) -> dict[str, str]:
    """Operation → a path of it that is found."""
    examples = Examples(shop, World(shop, customers=3))  # type: ignore[arg-type]
    return {each.id: fill(each.path, examples.values(each)) for each in shop.operations.values()}


@pytest.fixture
def client(shop: Catalogue) -> FlaskClient:
    return create_app(World(shop, customers=3), shop, Settings(auth="off")).test_client()  # type: ignore[arg-type]


def test_every_operation_is_found_by_its_path(
    client: FlaskClient, shop: Catalogue, paths: dict[str, str]
) -> None:
    """By the addresses as by the router; doubled and trailing slashes make no difference."""
    addresses = PathTable(shop.operations.values())
    for operation, path in paths.items():
        assert addresses.find(unquote(path)).operation == operation
        assert addresses.find(unquote(path).replace("/v1", "//v1/") + "/").operation == operation
        assert client.get(path).status_code == 200
    entries = client.get("/_admin/journal").json["entries"]
    assert [entry["operation"] for entry in entries] == list(paths)


def test_faults_are_planned_for_every_operation(client: FlaskClient, paths: dict[str, str]) -> None:
    """Each planned fault meets the request to its operation, and no other."""
    plan = {"faults": [{"operation": each, "code": 503} for each in paths], "all": True}
    account = client.post("/_admin/faults", json=plan).json
    assert [client.get(path).status_code for path in reversed(paths.values())] == [503] * len(paths)
    assert [client.get(path).status_code for path in paths.values()] == [200] * len(paths)
    assert client.get(f"/_admin/faults/{account['id']}").json["consumed"] == len(paths)


def test_the_words_of_a_path_come_before_its_parameters(shop: Catalogue) -> None:
    """Where two operations fit, it is the one the router takes, in whichever order they are listed."""
    from msgspec.structs import replace

    products = shop.operations["products"]
    special = replace(products, id="special", path="/v1/products/special")
    named = replace(products, id="named", path="/v1/{kind}/special")
    for order in ((special, named), (named, special)):
        addresses = PathTable(order)
        assert addresses.find("/v1/products/special").operation == "special"
        assert addresses.find("/v1/orders/special").operation == "named"
    item = replace(products, id="item", path="/v1/products/{product-id}")
    for order in ((item, named), (named, item)):
        assert PathTable(order).find("/v1/products/special").operation == "item"
