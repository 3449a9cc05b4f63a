"""An operation of any page and the values in its path → the body of its 200, from the schemas alone.

A list has a few items, always the same for the same path; an item is found again under the key the list
showed, and under no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import Struct

from partner_insights.contract.paths import find_listing, fold_name, is_findable
from partner_insights.contract.query.next_link import NextLink
from partner_insights.contract.schema_files import reference_to
from partner_insights.world.hashing import entities, field_key
from partner_insights.world.query.bodies import next_link
from partner_insights.world.query.page import Plans, page_of
from partner_insights.world.query.row_table import ItemTable
from partner_insights.world.schema_data.columns import schema_column
from partner_insights.world.schema_data.text_values import matches_format

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract import Catalogue, Operation, SchemaObject
    from partner_insights.contract.query import Query
    from partner_insights.world.world import World

MIN_ITEMS: Final = 3
MAX_ITEMS: Final = 7
"""Items of a list, at least and at most."""


class UnknownPathValue(LookupError):
    """A value in a path that no list shows; `parameter` names it."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter)
        self.parameter = parameter


class SchemaData(Struct, frozen=True):
    """Bodies for the operations of a catalogue whose data nobody knows."""

    world: World
    catalogue: Catalogue

    def body(self, operation: Operation, values: Mapping[str, str], *, empty: bool = False) -> dict[str, Any]:
        """The body; `values` are the path's, decoded. UnknownValue where a list does not show one of them.

        With `empty`, a list has no items.
        """
        found = self._followed(operation, values)
        if operation.envelope is not None:
            return self._enveloped(operation, [] if empty else self.items(operation, values))
        if found is not None:
            return found
        return self._rows(operation, values, 1)[0]

    def page(
        self,
        operation: Operation,
        values: Mapping[str, str],
        query: Query,
        path: str,
        host: str,
        *,
        empty: bool = False,
    ) -> dict[str, Any]:
        """The page of a list that a query asks for; `path` and `host` are those of the request.

        UnknownValue where a list does not show one of the path's values.
        """
        self._followed(operation, values)
        items = [] if empty else self.items(operation, values)
        page = page_of(ItemTable(tuple(items)), query, operation.options.measures, Plans())
        body = self._enveloped(operation, page.rows) | {operation.layout.total: page.total}
        if operation.layout.next_link is not None and query.end < page.total:
            body[operation.layout.next_link] = next_link(operation, query, path, NextLink.ABSOLUTE, host)
        return body

    def items(self, operation: Operation, values: Mapping[str, str]) -> list[dict[str, Any]]:
        """The items of a list under the given values of its path."""
        key = field_key(self.world.seed, "made", operation.resource, *_context(operation, values))
        count = MIN_ITEMS + key % (MAX_ITEMS - MIN_ITEMS + 1)
        return self._rows(operation, values, count)

    def _followed(self, operation: Operation, values: Mapping[str, str]) -> dict[str, Any] | None:
        """Look every value up; the item itself where its path ends with that value."""
        item = None
        for parameter in operation.parameters:
            item = self._found(operation, parameter, values)
        ends_here = operation.path.endswith(("}", "})")) and operation.envelope is None
        return item if ends_here else None

    def _found(
        self, operation: Operation, parameter: str, values: Mapping[str, str]
    ) -> dict[str, Any] | None:
        """The item a list shows under the value; None where no list shows this parameter's values.

        UnknownValue where a list shows them and this is none. The item is None, too, where it is of another
        resource than the operation's: then only that it exists is known.
        """
        shown = find_listing(operation, parameter, self.catalogue)
        if shown is None:
            return None
        if not shown.listing.synthetic:
            if parameter == "customer-id" and self.world.customer_index(values[parameter]) is None:
                raise UnknownPathValue(parameter)
            return None
        own = (values[name] for name in operation.parameters)
        above = dict(zip(shown.listing.parameters, own, strict=False))
        for item in self.items(shown.listing, above):
            if is_findable(item.get(shown.key)) and _same(item[shown.key], values[parameter]):
                return item if shown.listing.resource == operation.resource else None
        raise UnknownPathValue(parameter)

    def _rows(self, operation: Operation, values: Mapping[str, str], count: int) -> list[dict[str, Any]]:
        schema = self.catalogue.schema(operation.resource)
        context = _context(operation, values)
        entity = entities(field_key(self.world.seed, "row", operation.resource, *context), np.arange(count))
        seed = field_key(self.world.seed, "made", operation.resource)
        column = schema_column(
            {**schema, "type": "object", **reference_to(operation.resource)},
            entity,
            seed,
            self.world.resolve,
            -1,  # a row is not within anything
            vocabulary=self.world.vocabulary,
        )
        rows: list[Any] = column.tolist()
        return [_with_values(row, schema, operation, values) for row in rows]

    def _enveloped(self, operation: Operation, items: list[dict[str, Any]]) -> dict[str, Any]:
        """The envelope around the items: what it counts and names is true, the rest only if required."""
        name = operation.envelope or ""
        schema = self.catalogue.schema(name)
        entity = entities(field_key(self.world.seed, "row", name), np.arange(1))
        shell: Any = schema_column(
            {"type": "object", **reference_to(name)},
            entity,
            field_key(self.world.seed, "made", name),
            self.world.resolve,
            vocabulary=self.world.vocabulary,
        ).tolist()[0]
        layout = operation.layout
        known = {layout.rows: items, layout.total: len(items), "count": len(items)}
        always = {*schema.get("required", ()), "attributes"}
        return {
            name: known.get(name, shell.get(name))
            for name in schema["properties"]
            if name in known or (name in always and name in shell)
        }


def _context(operation: Operation, values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(values.get(name, "").casefold() for name in operation.parameters)


def _same(key: object, value: str) -> bool:
    return str(key).casefold() == value.casefold()


def _with_values(
    row: dict[str, Any], schema: SchemaObject, operation: Operation, values: Mapping[str, str]
) -> dict[str, Any]:
    """The row with the path's own values in the properties of the same name, where those take any text."""
    by_name = {fold_name(name): value for name, value in values.items() if name in operation.parameters}
    for name, described in schema["properties"].items():
        value = by_name.get(fold_name(name))
        if value is not None and name in row and _takes(described, value):
            row[name] = value.casefold() if described.get("format") == "uuid" else value
    return row


def _takes(described: SchemaObject, value: str) -> bool:
    if described.get("type") != "string" or described.keys() & {"enum", "const", "pattern"}:
        return False
    form = described.get("format", "")
    long_enough = described.get("minLength", 0) <= len(value) <= described.get("maxLength", len(value))
    return long_enough and form in ("", "uuid") and matches_format(value, form)
