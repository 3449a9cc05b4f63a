"""Resources of several pages → the names of their schemas, one each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from partner_insights.tables import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from partner_insights.derive.references import Definition


def schema_names(
    definitions: Iterable[Definition], paths: Mapping[int, Path]
) -> tuple[dict[int, str], list[Diagnostic]]:
    """The name of each resource's schema, by the resource's id(); and the definitions that another repeats.

    A name that pages define differently, be it but for capitals, is told apart by their file names, and by
    their folders where that is not enough. What two pages define alike is one resource.
    """
    groups: dict[str, list[Definition]] = {}
    for definition in definitions:
        groups.setdefault(definition.resource.name.casefold(), []).append(definition)
    names: dict[int, str] = {}
    repeated: list[Diagnostic] = []
    taken = {group[0].resource.name.casefold() for group in groups.values() if len(_distinct(group)) == 1}
    for group in groups.values():
        distinct = _distinct(group)
        for first, *copies in distinct:
            name = first.resource.name
            if len(distinct) > 1:
                name = _told_apart(first, paths.get(id(first.page)), taken)
                taken.add(name.casefold())
            names |= {id(each.resource): name for each in (first, *copies)}
            repeated += [_repeated(copy, first) for copy in copies]
    return names, repeated


def _distinct(group: Iterable[Definition]) -> list[list[Definition]]:
    """The definitions of one name, those together that say the same."""
    found: dict[tuple[object, ...], list[Definition]] = {}
    for definition in group:
        rows = definition.resource.properties
        said = (definition.resource.name, *((row.name, row.type, tuple(row.cells.values())) for row in rows))
        found.setdefault(said, []).append(definition)
    return list(found.values())


def _told_apart(definition: Definition, path: Path | None, taken: set[str]) -> str:
    """A name that says which page it is from: the page's own, where that ends with the resource's."""
    name = definition.resource.name
    steps = [re.sub(r"[^\w-]+", "-", part) for part in (path.with_suffix("").parts if path else ())]
    stem = steps[-1] if steps else definition.page.name
    plain = name if stem.casefold() == name.casefold() else stem
    said = plain if plain.casefold().endswith(name.casefold()) else f"{stem}-{name}"
    longer = ("-".join([*steps[place:-1], said]).strip("-") for place in range(len(steps) - 1, -1, -1))
    numbered = (f"{said}-{number}" for number in range(2, len(taken) + 3))
    return next(each for each in (*longer, *numbered) if each.casefold() not in taken)


def _repeated(copy: Definition, first: Definition) -> Diagnostic:
    return Diagnostic(
        level="warning",
        code="repeated-resource",
        page=copy.page.name,
        line=copy.resource.line,
        message="the resource is defined twice, alike",
        found=f"{copy.resource.name}, first defined at {first.page.name}:{first.resource.line}",
        accepted="one table per resource name",
    )
