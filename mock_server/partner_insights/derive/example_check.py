"""Examples that their own row forbids → none of them in the schema, and a diagnostic each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partner_insights.contract.formats import format_checker, validator_class
from partner_insights.contract.model import PROVENANCE
from partner_insights.tables import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_JUDGED = (
    *("type", "enum", "const", "format", "minLength", "maxLength", "minimum", "maximum"),
    *("exclusiveMinimum", "exclusiveMaximum", "pattern", "multipleOf"),
)


def drop_invalid_examples(schema: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Take the examples that do not fit from a resource's schema, in place, with a diagnostic for each."""
    for name, row in schema["properties"].items():
        for place in (row, row.get("items")):
            if isinstance(place, dict) and "examples" in place:
                yield from _drop(f"{schema['title']}.{name}", place)


def _drop(name: str, row: dict[str, Any]) -> Iterator[Diagnostic]:
    judged = {keyword: row[keyword] for keyword in _JUDGED if keyword in row}
    validator = validator_class()(judged, format_checker=format_checker())
    fit = [example for example in row["examples"] if validator.is_valid(example)]
    for example in row["examples"]:
        if example not in fit:
            yield Diagnostic(
                level="warning",
                code="unfit-example",
                page=row[PROVENANCE]["page"],
                line=row[PROVENANCE]["line"],
                found=repr(example),
                accepted="an example that the row itself allows",
                message=f"the example of {name} does not fit what its row says besides",
            )
    row["examples"] = fit
    if not fit:
        del row["examples"], row[PROVENANCE]["keywords"]["examples"]
