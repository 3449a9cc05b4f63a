"""The documentation's cells and what a run saw → per cell: seen valid, seen invalid, never seen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from partner_insights.contract.model import PROVENANCE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_insights.contract import Catalogue, SchemaObject
    from partner_insights.verify.judge.violation import Violation
    from partner_insights.verify.report.census import Census

CHECKED = {
    # The keywords by which a cell can be broken; `examples` and `description` promise nothing.
    *("presence", "type", "const", "enum", "format", "pattern", "$ref", "items"),
    *("minimum", "maximum", "multipleOf", "minLength", "maxLength"),
}


class CellState(StrEnum):
    """What a run saw of a cell."""

    VALID = "seen valid"
    INVALID = "seen invalid"
    NEVER = "never seen"
    SILENT = "nothing to check"
    """The cell states nothing that a value could break."""


@dataclass(frozen=True)
class Cell:
    """One cell of a documentation table, and what became of it."""

    column: str
    text: str
    state: CellState
    codes: tuple[str, ...] = ()
    """The codes under which it was broken."""


@dataclass(frozen=True)
class PropertyCoverage:
    """One row of a documentation table."""

    resource: str
    name: str
    page: str
    line: int
    seen: int
    """Values of it that were judged."""
    cells: tuple[Cell, ...]


def coverage(catalogue: Catalogue, census: Census, violations: Iterable[Violation]) -> list[PropertyCoverage]:
    """Each property of each resource that an operation answers with, in the pages' order."""
    broken: dict[tuple[str, int, str], set[str]] = {}
    for violation in violations:
        source = violation.source
        if source is not None:
            broken.setdefault((source.page, source.line, source.column or ""), set()).add(violation.code)
    resources = dict.fromkeys(operation.resource for operation in catalogue.operations.values())
    return [
        _row(resource, name, schema, census, broken)
        for resource in resources
        for name, schema in catalogue.schema(resource)["properties"].items()
    ]


def state_counts(rows: Iterable[PropertyCoverage]) -> dict[CellState, int]:
    """How many cells are in each state; the silent ones are left out."""
    states = [cell.state for row in rows for cell in row.cells]
    return {state: states.count(state) for state in CellState if state is not CellState.SILENT}


def _row(
    resource: str,
    name: str,
    schema: SchemaObject,
    census: Census,
    broken: dict[tuple[str, int, str], set[str]],
) -> PropertyCoverage:
    provenance = schema[PROVENANCE]
    page, line = provenance["page"], provenance["line"]
    seen = sum(tally.seen for tally in census.of_property(resource, name))
    spoken = _columns(schema)
    cells = tuple(
        _cell(column, text, seen, column in spoken, broken.get((page, line, column), set()))
        for column, text in provenance["cells"].items()
    )
    return PropertyCoverage(resource, name, page, line, seen, cells)


def _columns(schema: Any) -> set[str]:
    """The columns whose cell states something checkable, nested properties' included."""
    columns: set[str] = set()
    if isinstance(schema, dict):
        notes = schema.get(PROVENANCE, {}).get("keywords", {})
        columns |= {note["column"] for keyword, note in notes.items() if keyword in CHECKED}
        for nested in schema.get("properties", {}).values():
            columns |= _columns(nested)
    return columns


def _cell(column: str, text: str, seen: int, speaks: bool, codes: set[str]) -> Cell:
    if codes:
        state = CellState.INVALID
    elif not speaks:
        state = CellState.SILENT
    else:
        state = CellState.VALID if seen else CellState.NEVER
    return Cell(column, text, state, tuple(sorted(codes)))
