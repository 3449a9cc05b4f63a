"""The components of the OpenAPI description → declarations that no language has put its words on yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from partner_insights.contract.openapi import openapi_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from partner_insights.contract import Catalogue

INTEGER: Final = "integer"
"""The kind of a whole number of up to 64 bits, whatever the schema calls it."""
_SCALARS: Final = frozenset({"string", INTEGER, "number", "boolean"})
_COMPONENT: Final = "#/components/schemas/"


@dataclass(frozen=True)
class Kind:
    """What values a property has."""

    name: str
    """`string`, `integer`, `number`, `boolean`, `array`, `any`, or `reference`."""
    target: str = ""
    """The declaration referred to."""
    element: Kind | None = None
    """Of an array."""
    values: tuple[str, ...] = ()
    """The strings there are, where the list is closed."""
    nullable: bool = False


@dataclass(frozen=True)
class Member:
    """A property as it is called on the wire."""

    name: str
    kind: Kind
    required: bool
    description: str


@dataclass(frozen=True)
class Declaration:
    """An object: a resource, a collection of it, or a part that has no name of its own on the pages."""

    name: str
    description: str
    properties: tuple[Member, ...]


def declarations(catalogue: Catalogue) -> list[Declaration]:
    """Every object the API answers with, in the order of their names; what one is part of comes after it."""
    schemas: Mapping[str, Any] = openapi_document(catalogue)["components"]["schemas"]
    return [each for name, schema in schemas.items() for each in _declared(name, schema)]


def _declared(name: str, schema: Mapping[str, Any]) -> Iterator[Declaration]:
    inner: list[Declaration] = []
    required = schema.get("required", ())
    properties = tuple(
        Member(
            each,
            _kind(stated, f"{name}{each[:1].upper()}{each[1:]}", inner),
            each in required,
            _words(stated),
        )
        for each, stated in schema.get("properties", {}).items()
    )
    yield from inner
    yield Declaration(name, _words(schema), properties)


def _kind(schema: Mapping[str, Any], name: str, inner: list[Declaration]) -> Kind:
    """The kind; an object without a name gets `name`, and is added to `inner`."""
    forms = schema.get("anyOf")
    if forms is not None:
        others = [each for each in forms if each.get("type") != "null"]
        # A row that may be grouped is typed as a whole one.
        alike = len(others) == 1 or all("$ref" in each for each in others)
        kind = _kind(others[0], name, inner) if alike else Kind("any")
        return _nullable(kind) if len(others) < len(forms) else kind
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return Kind("reference", reference.removeprefix(_COMPONENT))
    stated = schema.get("type")
    types = set(stated) if isinstance(stated, list) else {stated}
    if "null" in types:
        others = sorted(types - {"null"})
        rest = {**schema, "type": others[0] if len(others) == 1 else others}
        return _nullable(_kind(rest, name, inner))
    if stated == "array":
        return Kind("array", element=_kind(schema.get("items", {}), f"{name}Item", inner))
    if stated == "object" and schema.get("properties"):
        inner += _declared(name, schema)
        return Kind("reference", name)
    if stated == "number" and schema.get("multipleOf") == 1:
        return Kind(INTEGER)
    if isinstance(stated, str) and stated in _SCALARS:
        return Kind(stated, values=_closed_list(schema))
    return Kind("any")


def _nullable(kind: Kind) -> Kind:
    return Kind(kind.name, kind.target, kind.element, kind.values, nullable=True)


def _closed_list(schema: Mapping[str, Any]) -> tuple[str, ...]:
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return tuple(values) if all(isinstance(each, str) for each in values) else ()


def _words(schema: Mapping[str, Any]) -> str:
    """The description on one line."""
    return " ".join(str(schema.get("description", "")).split())
