"""Which properties are there: each property's own note → the resource's `required` list."""

from __future__ import annotations

from typing import Any

from partner_insights.contract.model import PROVENANCE

_UNSAID = {"present": False}


def write_required(schema: dict[str, Any]) -> None:
    """Set, or drop, the `required` list of a resource's schema."""
    names = [
        name
        for name, row in schema["properties"].items()
        if row.get(PROVENANCE, {"keywords": {}})["keywords"].get("presence", _UNSAID)["present"]
    ]
    schema.pop("required", None)
    if names:
        schema["required"] = names
