"""The catalogue → one JSON Schema file, whose parts other repositories refer to by absolute `$id`s."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import partner_insights
from partner_insights.contract.model import PROVENANCE
from partner_insights.contract.openapi import openapi_document
from partner_insights.contract.schema_files import file_name, reference_to

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue

FILE: Final = file_name("partner-insights")
BASE: Final = "https://schemas.partner-insights.example"
"""A name, not a place: hosts under `.example` answer nobody (RFC 2606)."""
_COMPONENT: Final = "#/components/schemas/"


def bundle(catalogue: Catalogue) -> dict[str, bytes]:
    """One file with every resource and every collection under `$defs`."""
    version = partner_insights.__version__
    schemas = openapi_document(catalogue)["components"]["schemas"]
    content = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{BASE}/{version}/{FILE}",
        "title": f"Partner Center licence analytics, partner-insights {version}",
        "$defs": {
            name: {"$id": f"{BASE}/{version}/{file_name(name)}", **_plain(schema)}
            for name, schema in schemas.items()
        },
    }
    return {FILE: (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()}


def _plain(schema: Any) -> Any:
    """A component that refers to the files of other schemas, without our notes, which no validator knows."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith(_COMPONENT):
        schema = schema | reference_to(reference.removeprefix(_COMPONENT))
    return {key: _plain(value) for key, value in schema.items() if key != PROVENANCE}
