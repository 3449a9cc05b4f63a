"""Two editions' schemas → which new one is an old one under another name, or on another page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partner_insights.contract.model import PROVENANCE
from partner_insights.contract.schema_files import file_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.derive.schema import Schema

# So much of two resources must be alike that one is taken for the other.
_ALIKE = 0.6
_ROW = tuple[str, str]


def renamed(before: Mapping[str, Schema], after: Mapping[str, Schema]) -> dict[str, str]:
    """The new name of each old resource that is gone, where a new one has most of its rows.

    One that stood beside another of its name, written as plural or in other capitals, may go on in that one.
    """
    gone = {name: rows for name in before.keys() - after.keys() if (rows := _rows(before[name]))}
    come = {name: rows for name in after.keys() - before.keys() if (rows := _rows(after[name]))}
    by_row: dict[_ROW, list[str]] = {}
    for name, rows in come.items():
        for row in rows:
            by_row.setdefault(row, []).append(name)
    likeness = []
    for old, rows in gone.items():
        for new in {name for row in rows for name in by_row.get(row, ())}:
            shared = _likeness(rows, come[new])
            same_heading = _heading(before[old]) == _heading(after[new])
            if shared >= _ALIKE or (same_heading and shared > 0):
                likeness.append((-shared, not same_heading, old, new))
    found: dict[str, str] = {}
    for _, _, old, new in sorted(likeness):
        if old not in found and new not in found.values():
            found[old] = new
    kept = {_folded(name): name for name in before.keys() & after.keys()}
    for old, rows in gone.items():
        twin = kept.get(_folded(old))
        if old not in found and twin is not None and _likeness(rows, _rows(after[twin])) >= _ALIKE:
            found[old] = twin
    return found


def _likeness(one: set[_ROW], other: set[_ROW]) -> float:
    return len(one & other) / len(one | other)


def _folded(name: str) -> str:
    return name.casefold().removesuffix("s")


def with_names(schema: Schema, names: Mapping[str, str]) -> Schema:
    """The schema with its references under the new names."""
    files = {file_name(old): file_name(new) for old, new in names.items()}

    def moved(part: Any) -> Any:
        if isinstance(part, dict):
            return {
                key: files.get(value, value)
                if key == "$ref"
                else part[key]
                if key == PROVENANCE
                else moved(value)
                for key, value in part.items()
            }
        return [moved(each) for each in part] if isinstance(part, list) else part

    found: Schema = moved(schema)
    return found


def _rows(schema: Schema) -> set[_ROW]:
    """The names and types of a resource's properties."""
    return {
        (name, f"{row.get('type')} {row.get('format')} {'$ref' in row}")
        for name, row in schema["properties"].items()
    }


def _heading(schema: Schema) -> str:
    return str(schema[PROVENANCE]["cells"].get("Heading", schema["title"])).casefold()
