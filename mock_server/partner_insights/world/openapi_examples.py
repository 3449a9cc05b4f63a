"""A catalogue and a world → the OpenAPI description with examples: ids that are there, answers that come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from msgspec import Struct
from msgspec.structs import replace

from partner_insights.contract.openapi import openapi_document
from partner_insights.contract.paths import find_listing
from partner_insights.contract.query import read_query
from partner_insights.world.bodies import CustomerPage, collection_body, customer_body, customers_body
from partner_insights.world.customer_resource import CUSTOMER
from partner_insights.world.query import query_body
from partner_insights.world.query.page import Plans
from partner_insights.world.query.row_table import FEW_CUSTOMERS
from partner_insights.world.schema_data.bodies import SchemaData

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue, Operation
    from partner_insights.world.world import World

_MAX_ITEMS: Final = 2
"""Items of an example; a real answer may have ten thousand."""
_CUSTOMER_ID: Final = "customer-id"


def openapi_with_examples(catalogue: Catalogue, world: World, url: str | None = None) -> dict[str, Any]:
    """The catalogue's description with examples from the world; `url` is where a fake serves it."""
    document: dict[str, Any] = orjson.loads(orjson.dumps(openapi_document(catalogue)))  # no part is shared
    if url is not None:
        document["servers"] = [{"url": url, "description": "The fake."}]
    if world.customers:
        examples = Examples(catalogue, world)
        for operation in catalogue.operations.values():
            entry = document["paths"][operation.path][operation.method.lower()]
            _add(entry, examples.values(operation), examples.body(operation))
    return document


def _add(entry: dict[str, Any], values: dict[str, str], body: dict[str, Any]) -> None:
    for parameter in entry["parameters"]:
        if parameter.get("in") == "path":
            parameter["example"] = values[parameter["name"]]
    for media in entry["responses"]["200"]["content"].values():
        media["example"] = body


class Examples(Struct, frozen=True):
    """Parameter values that a world knows, and the bodies they lead to."""

    catalogue: Catalogue
    world: World

    def values(self, operation: Operation) -> dict[str, str]:
        """Values for the parameters of the path that lead somewhere: those that lists show."""
        values: dict[str, str] = {}
        for name in operation.parameters:
            shown = find_listing(operation, name, self.catalogue)
            if name == _CUSTOMER_ID:
                values[name] = self.world.customer_id(0)
            if shown is not None and shown.listing.synthetic:
                above = dict(zip(shown.listing.parameters, values.values(), strict=False))
                values[name] = str(
                    SchemaData(self.world, self.catalogue).items(shown.listing, above)[0][shown.key]
                )
            values.setdefault(name, "1")
        return values

    def body(self, operation: Operation) -> dict[str, Any]:
        """The body of a 200, cut to a few items."""
        if operation.synthetic:
            return SchemaData(self.world, self.catalogue).body(operation, self.values(operation))
        customer = 0 if operation.per_customer else None
        if operation.options:
            asked = replace(read_query(operation.options, ()), top=_MAX_ITEMS)
            # A small world would keep all columns for two rows; of a large one only their places are kept.
            plans = Plans() if self.world.customers <= FEW_CUSTOMERS else None
            return query_body(self.world, operation, asked, plans=plans)
        if operation.resource != CUSTOMER:
            rows = self.world.rows(operation.resource, customer)[:_MAX_ITEMS]
            return collection_body(self.catalogue, operation.envelope or operation.resource, rows)
        if customer is not None:
            return customer_body(self.world, customer)
        return customers_body(self.world, CustomerPage(size=_MAX_ITEMS, named=True))
