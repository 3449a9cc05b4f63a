"""Disagreements of samples with tables → entries of an errata file, for a person to accept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partner_insights.toml import toml_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_insights.derive.howto.proposed_errata import Disagreement


def errata_toml(found: Iterable[Disagreement]) -> str:
    """The entries; disagreements that are alike are one.

    A property that no table has, and a value that no other keyword would let pass, are comments: an erratum
    changes a cell.
    """
    found = list(found)
    comments = [
        f"# {each.page}:{each.line}: {each.resource}.{each.name}: {each.reason}: {each.evidence[0]}\n"
        for each in found
        if not _changes_a_cell(each)
    ]
    found = [each for each in found if _changes_a_cell(each)]
    groups: dict[tuple[str, ...], list[Disagreement]] = {}
    for each in found:
        key = (each.kind, each.name, toml_value(each.change.get("type", "")), each.known or "")
        groups.setdefault(key, []).append(each)
    entries = [_entry(number, group) for number, group in enumerate(groups.values(), start=1)]
    return "\n".join(["".join(comments), *entries] if comments else entries)


def _changes_a_cell(found: Disagreement) -> bool:
    return bool(found.change) and found.kind != "undocumented"


def _entry(number: int, group: list[Disagreement]) -> str:
    first = group[0]
    evidence = list(dict.fromkeys(str(place) for each in group for place in each.evidence))
    lines = [f"# known: {first.known}"] if first.known else []
    lines += [
        "[[erratum]]",
        f'id = "P-{number:03d}"',
        f"title = {toml_value(f'{first.name}: {first.kind}')}",
        'standing = "corrected"',
        f"reason = {toml_value(_sentence(first.reason))}",
        "evidence = [",
        *(f"    {toml_value(text)}," for text in evidence),
        "]",
        "targets = [",
        *(f"    {_target(each)}," for each in group),
        "]",
        "",
    ]
    return "\n".join(lines)


def _target(found: Disagreement) -> str:
    place: dict[str, Any] = {"page": found.page, "resource": found.resource}
    place |= {"property": found.name, "column": found.column, "cell": found.cell}
    return toml_value(place | {"change": dict(found.change)})


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
