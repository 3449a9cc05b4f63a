"""Errata → changes to derived schemas, each guarded by the cell it expects to find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from partner_insights.contract.literal import write_required
from partner_insights.contract.model import PROVENANCE, Erratum, ErratumTarget
from partner_insights.derive.casing import wire_case
from partner_insights.derive.schema import Schema
from partner_insights.errors import InputError

_WHERE = "schemas/errata.toml"


class ErratumError(InputError):
    """An erratum that no longer fits the page it corrects."""


def apply_errata(schemas: Mapping[str, Schema], pages: Iterable[str], errata: Iterable[Erratum]) -> None:
    """Change `schemas` (by resource name) in place, in the order of the errata.

    An erratum is about a page: it applies to that page's resources, and to no other page's of their name.
    Raises ErratumError when its target is gone, its cell reads otherwise, or it changes nothing.
    """
    derived = set(pages)
    for erratum in errata:
        for target in erratum.targets:
            schema = schemas.get(target.resource)
            if schema is not None and schema[PROVENANCE]["page"] == target.page:
                _apply(schema, target, erratum)
            elif target.page in derived:
                raise _stale(erratum, f"the page {target.page} has no resource {target.resource} any more")


def _apply(schema: Schema, target: ErratumTarget, erratum: Erratum) -> None:
    if target.property is None:
        row = schema
    else:
        found = _row(schema, target.property)
        if found is None:
            raise _stale(erratum, f"{target.resource} on {target.page} has no row {target.property} any more")
        row = found
        _guard_cell(row, target, erratum)
    for keyword, value in target.change.items():
        change = _CHANGES.get(keyword, _set_keyword)
        if not change(schema, row, keyword, value, erratum, target.column):
            name = target.resource if target.property is None else f"{target.resource}.{target.property}"
            raise ErratumError(
                f"{erratum.id} changes nothing: {name} has {keyword} = {value!r} without it",
                where=_WHERE,
                remedy=f"drop {erratum.id}, or the target that is no longer needed",
            )


def _row(schema: Schema, name: str) -> Schema | None:
    """The property whose documented name (before any renaming) is `name`."""
    for key, row in schema["properties"].items():
        renamed = row[PROVENANCE]["keywords"].get("name", {})
        if renamed.get("was", key) == name:
            return row  # type: ignore[no-any-return]
    return None


def _guard_cell(row: Schema, target: ErratumTarget, erratum: Erratum) -> None:
    provenance = row[PROVENANCE]
    text = " ".join(provenance["cells"].get(target.column, "").split())
    row_name = f"{target.resource}.{target.property}"
    place = f"{provenance['page']}:{provenance['line']}: the {target.column} cell of {row_name}"
    if target.cell is not None and text != target.cell:
        raise _stale(erratum, f"{place} reads {text!r}; the erratum expects {target.cell!r}")
    if target.contains is not None and target.contains not in text:
        raise _stale(
            erratum, f"{place} reads {text!r}; the erratum expects the words {target.contains!r} in it"
        )


def _stale(erratum: Erratum, what: str) -> ErratumError:
    return ErratumError(
        f"{erratum.id} ({erratum.title}) does not fit: {what}",
        where=_WHERE,
        remedy=f"read the page again, then change or drop {erratum.id}",
    )


# Each change returns whether it had an effect. `was` keeps what the cell alone says, so that the literal
# profile can undo a correction without reading Markdown.


def _set_keyword(
    schema: Schema, row: Schema, keyword: str, value: Any, erratum: Erratum, column: str
) -> bool:
    if row.get(keyword) == value:
        return False
    was = row.get(keyword)
    row[keyword] = value
    _stand(row, keyword, erratum, column, was)
    return True


def _rename(schema: Schema, row: Schema, keyword: str, value: Any, erratum: Erratum, column: str) -> bool:
    key = next(name for name, candidate in schema["properties"].items() if candidate is row)
    if key == value:
        if wire_case(key) == key:
            return False
        _stand(row, "name", erratum, column, key)  # spelt as in the table, whatever the rule says
        return True
    if value in schema["properties"]:
        raise _stale(erratum, f"it renames {key} to {value}, which is documented as well")
    schema["properties"] = {
        (value if name == key else name): candidate for name, candidate in schema["properties"].items()
    }
    _stand(row, "name", erratum, column, key)
    return True


def _require(schema: Schema, row: Schema, keyword: str, value: Any, erratum: Erratum, column: str) -> bool:
    """`required`: true or false for one property, "all" for every property that no cell calls optional."""
    effect = False
    for candidate in schema["properties"].values() if value == "all" else [row]:
        keywords = candidate[PROVENANCE]["keywords"]
        present = keywords.get("presence", {"present": False})["present"]
        documented_optional = value == "all" and "presence" in keywords
        if documented_optional or present is bool(value):
            continue
        _stand(candidate, "presence", erratum, column, present)
        keywords["presence"]["present"] = bool(value)
        effect = True
    if value == "all" and effect:
        _stand(schema, "required", erratum, column, None)
    write_required(schema)
    return effect


def _stand(row: Schema, keyword: str, erratum: Erratum, column: str, was: Any) -> None:
    keywords = row[PROVENANCE]["keywords"]
    note: dict[str, Any] = {"standing": erratum.standing.value, "erratum": erratum.id, "column": column}
    if was is not None:
        note["was"] = was
    if "erratum" in keywords.get(keyword, {}):
        note["over"] = keywords[keyword]
    keywords[keyword] = note


_Change = Callable[[Schema, Schema, str, Any, Erratum, str], bool]
_CHANGES: dict[str, _Change] = {"name": _rename, "required": _require}
