"""Names as a table writes them → names as the wire spells them: the casing rule, and its trace
in the provenance."""

from __future__ import annotations

import re
from typing import Any

from partner_insights.contract.model import PROVENANCE, Standing

RULE = "wire-case"
# A leading acronym ends before the capital of the next word: USDTotalCost is usdTotalCost.
_LEADING = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]+")


def wire_case(name: str) -> str:
    """The name with its first letter, or its leading acronym, in lower case."""
    return _LEADING.sub(lambda leading: leading[0].lower(), name, count=1) if name[:1].isupper() else name


def apply_wire_case(schema: dict[str, Any]) -> None:
    """Rename the properties of a resource's schema in place; one that an erratum has renamed is
    left alone."""
    properties: dict[str, Any] = {}
    for name, row in schema["properties"].items():
        keywords = row[PROVENANCE]["keywords"]
        spelt = name if "name" in keywords else wire_case(name)
        if spelt != name and spelt not in schema["properties"]:
            keywords["name"] = {
                "standing": Standing.ASSUMED.value,
                "rule": RULE,
                "column": next(iter(row[PROVENANCE]["cells"])),
                "was": name,
            }
            name = spelt
        properties[name] = row
    schema["properties"] = properties
