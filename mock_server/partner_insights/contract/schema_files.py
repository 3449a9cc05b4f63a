"""A resource ↔ the file of its schema, by whose name other schemas refer to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partner_insights.contract.model import PROVENANCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.contract.model import SchemaObject

SCHEMA_SUFFIX: Final = ".schema.json"


def file_name(resource: str) -> str:
    """The file, and so the `$id`, of a resource's schema."""
    return resource + SCHEMA_SUFFIX


def reference_to(resource: str) -> dict[str, str]:
    """A schema that refers to a resource."""
    return {"$ref": file_name(resource)}


def resource_of(reference: str) -> str:
    """The resource that a `$ref` names."""
    return reference.removesuffix(SCHEMA_SUFFIX)


def referred(schema: SchemaObject) -> str | None:
    """The resource that a schema refers to, if any."""
    reference = schema.get("$ref")
    return resource_of(reference) if isinstance(reference, str) else None


def references_in(schema: object) -> Iterator[str]:
    """The resources that a schema refers to, at any depth."""
    if isinstance(schema, dict):
        resource = referred(schema)
        if resource is not None:
            yield resource
        for key, value in schema.items():
            if key != PROVENANCE:
                yield from references_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references_in(value)
