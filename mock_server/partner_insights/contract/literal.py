"""A derived schema → what the tables alone say, with every correction undone."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from partner_insights.contract.model import PROVENANCE, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNSAID = {"present": False}


def literal_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a resource's schema without its corrections; assumptions stay, and still only warn."""
    literal = copy.deepcopy(dict(schema))
    properties: dict[str, Any] = {}
    for name, row in literal["properties"].items():
        keywords: dict[str, Any] = row.get(PROVENANCE, {}).get("keywords", {})
        for keyword, note in list(keywords.items()):
            if note["standing"] == Standing.CORRECTED:
                name = _undo(row, keywords, name, keyword, note)
        properties[name] = row
    literal["properties"] = properties
    write_required(literal)
    return literal


def _undo(
    row: dict[str, Any], keywords: dict[str, Any], name: str, keyword: str, note: Mapping[str, Any]
) -> str:
    """Take one correction back; returns the property's name, which a correction may have changed."""
    was = note.get("was")
    before = note.get("over") or {"standing": Standing.DOCUMENTED.value, "column": note["column"]}
    if keyword == "name":
        del keywords["name"]
        return str(was)
    if keyword == "presence":
        keywords["presence"] = before | {"present": bool(was)}
    elif was is None:
        del row[keyword], keywords[keyword]
    else:
        row[keyword] = was
        keywords[keyword] = before
    return name


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
