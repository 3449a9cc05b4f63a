"""A path with parameters → the list that shows their values, and the property it shows them in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract.catalogue import Catalogue
    from partner_insights.contract.model import Operation, SchemaObject

VERSION_ALIASES = {"v1.0": "v1"}
"""Other ways to write the version in a path: clients made from the published Swagger file use both."""
_PARAMETER = re.compile(r"{[^{}]*}")
_KEY_TYPES = {"string", "integer", "number"}


class ListedBy(Struct, frozen=True):
    """Where the values of a path parameter are found."""

    listing: Operation
    key: str
    """The property of the list's items that holds the value."""


def find_listing(operation: Operation, parameter: str, catalogue: Catalogue) -> ListedBy | None:
    """The collection at the path before the parameter; None where there is none, or its items have no key."""
    before, found, _ = operation.path.partition("{" + parameter + "}")
    if not found:
        raise KeyError(f"operation {operation.id} has no parameter {parameter!r}")
    wanted = _shape(before.removesuffix("("))  # `orders({order-id})` as well as `orders/{order-id}`
    for other in catalogue.operations.values():
        if other.envelope is not None and _shape(other.path) == wanted:
            key = key_property(catalogue.schema(other.resource), parameter)
            return None if key is None else ListedBy(other, key)
    return None


def key_property(schema: SchemaObject, parameter: str) -> str | None:
    """The property a parameter identifies an item by: the longest name the parameter's ends with.

    `{subscription-id}` → `subscriptionId`, else `id`; `{country-iso2-code}` → `iso2Code`.
    """
    wanted = fold_name(parameter)
    names = [
        name
        for name, row in schema.get("properties", {}).items()
        if _may_be_key(row) and len(fold_name(name)) > 1 and wanted.endswith(fold_name(name))
    ]
    return max(names, key=len, default=None)


def fill(path: str, values: Mapping[str, str]) -> str:
    """The path with its parameters' values, which must be quoted already."""
    return _PARAMETER.sub(lambda found: values.get(found[0][1:-1], ""), path)


def fold_name(name: str) -> str:
    """A name without what spellings differ in: case, hyphens, underscores."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def is_findable(value: object) -> bool:
    """Whether a key can be one segment of a path: some server or client stumbles over any other."""
    text = str(value)
    return value is not None and re.fullmatch(r"[^/\\?#\s.][^/\\?#\s]*", text) is not None


def _may_be_key(row: SchemaObject) -> bool:
    kinds = row.get("type", "string")
    named = {kinds} if isinstance(kinds, str) else set(kinds)
    return "$ref" not in row and bool(named & _KEY_TYPES)


def _shape(path: str) -> str:
    return _PARAMETER.sub("{}", path).casefold().rstrip("/")
