"""What a run saw against the contract → errata that would make them agree, for a person to accept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from partner_insights.contract.model import PROVENANCE
from partner_insights.toml import toml_value
from partner_insights.verify.report.census import PropertyCounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from partner_insights.contract import SchemaObject
    from partner_insights.verify.report.report import Report

OPENING = """\
# Proposed errata: what the contract would have to say to fit what was seen. Nothing here is in force.
# Take over into schemas/errata.toml what you believe, under an id of your own, with better evidence;
# drop the rest. A service that is wrong is no reason for an erratum.
"""

MIN_VALUES = 5
"""Values that have to be seen before anything is concluded from all of them."""


@dataclass(frozen=True)
class Proposal:
    """One change of one property, and what speaks for it."""

    title: str
    reason: str
    column: str
    change: Mapping[str, Any]


class _Seen(NamedTuple):
    """A documented property that a run saw."""

    resource: str
    name: str
    schema: SchemaObject
    tally: PropertyCounts
    """Over all operations that answer with its resource."""


def proposed_errata(report: Report) -> str:
    """A file in the form of `errata.toml`; comments name undocumented properties, which have no cell."""
    proposed = ((each, found) for found in _properties(report) for each in _proposals(found))
    parts = [
        OPENING,
        *(_toml(f"P-{number:03}", *each, report) for number, each in enumerate(proposed, 1)),
    ]
    for observation in report.judgement.observations:
        if observation.kind == "undocumented-property":
            parts.append(f"# {observation.operation} {json.dumps(observation.pointer)}: no page lists it.\n")
    if len(parts) == 1:
        parts.append("# Nothing was seen that would need an erratum.\n")
    return "\n".join(parts)


def _properties(report: Report) -> Iterator[_Seen]:
    for resource in dict.fromkeys(row.resource for row in report.coverage):
        for name, schema in report.catalogue.schema(resource)["properties"].items():
            tallies = report.census.of_property(resource, name)
            if tallies and "type" in schema:
                yield _Seen(resource, name, schema, _merged(resource, tallies))


def _merged(resource: str, tallies: list[PropertyCounts]) -> PropertyCounts:
    total = PropertyCounts(resource, tallies[0].pointer)
    for tally in tallies:
        total.seen += tally.seen
        total.absent += tally.absent
        for name in ("types", "values", "forms", "scales"):
            getattr(total, name).update(getattr(tally, name))
    total.lowest = min((each.lowest for each in tallies if each.lowest is not None), default=None)
    total.highest = max((each.highest for each in tallies if each.highest is not None), default=None)
    return total


def _proposals(found: _Seen) -> Iterator[Proposal]:
    resource, name, schema, tally = found
    where = f"{resource}.{name}"
    stated = schema["type"]
    documented = set(stated) if isinstance(stated, list) else {stated}
    seen = {_schema_type(each, documented) for each, count in tally.types.items() if count}
    if seen - documented:
        types = sorted(seen | documented) if seen & documented or seen == {"null"} else sorted(seen)
        yield Proposal(
            f"{where} is {' or '.join(types)}",
            f"The contract says {' or '.join(sorted(documented))}; other types were seen.",
            "Type",
            {"type": types[0] if len(types) == 1 else types},
        )
    if tally.absent and schema[PROVENANCE]["keywords"].get("presence", {}).get("present"):
        yield Proposal(
            f"{where} may be absent",
            "The contract expects it in every row, and rows without it were seen.",
            "Property",
            {"required": False},
        )
    if "minimum" in schema and tally.lowest is not None and tally.lowest < schema["minimum"]:
        yield Proposal(
            f"{where} goes below {schema['minimum']}",
            "Smaller values were seen.",
            "Type",
            {"minimum": tally.lowest},
        )
    if tally.highest is not None and tally.highest > schema.get("maximum", tally.highest):
        yield Proposal(
            f"{where} goes above {schema['maximum']}",
            "Larger values were seen.",
            "Type",
            {"maximum": tally.highest},
        )
    elif set(tally.scales) == {1} and tally.scales[1] >= MIN_VALUES and schema.get("maximum") == 100:
        yield Proposal(
            f"{where} lies between 0 and 1", "The rows' counts allow no other scale.", "Type", {"maximum": 1}
        )
    if tally.closed and "enum" not in schema and seen == {"string"}:
        yield Proposal(
            f"{where} is one of {len(tally.values)} values",
            "No other value was seen; that a list is closed can only be assumed.",
            "Description",
            {"enum": sorted(tally.values)},
        )


def _schema_type(kind: str, documented: set[str]) -> str:
    """The type as a schema would say it: a whole number is a `number`, too."""
    return "number" if kind == "integer" and "number" in documented else kind


def _toml(identity: str, proposed: Proposal, found: _Seen, report: Report) -> str:
    provenance = found.schema[PROVENANCE]
    target = {
        "page": provenance["page"],
        "resource": found.resource,
        "property": provenance["keywords"].get("name", {}).get("was", found.name),
        "column": proposed.column,
        "cell": provenance["cells"].get(proposed.column, ""),
        "change": proposed.change,
    }
    corrects = proposed.column == "Type" and "type" in proposed.change
    lines = [
        "[[erratum]]",
        f"id = {toml_value(identity)}",
        f"title = {toml_value(proposed.title)}",
        f"standing = {toml_value('corrected' if corrects else 'assumed')}",
        f"reason = {toml_value(proposed.reason)}",
        f"evidence = {toml_value([_evidence(found.tally, report)])}",
        "targets = [",
        f"    {toml_value(target)},",
        "]",
        "",
    ]
    return "\n".join(lines)


def _evidence(tally: PropertyCounts, report: Report) -> str:
    types = ", ".join(f"{count} {kind}" for kind, count in tally.types.most_common())
    words = [f"{report.judgement.target}: seen {tally.seen} times ({types}), absent {tally.absent} times"]
    if tally.lowest is not None:
        words.append(f"{tally.lowest} to {tally.highest}")
    return "; ".join(words)
