"""A resource's schema → every location of a keyword that a value can break, references followed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from partner_insights.contract import PROVENANCE
from partner_insights.mutants.sample_values import sample_of

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue, SchemaObject, Standing

Step = str | int

ANNOTATIONS = frozenset(
    {"$schema", "$id", "title", "description", "examples", "default", "deprecated", PROVENANCE}
)
"""Keywords no value can break."""

APPLICATORS = frozenset({"$ref", "properties", "items"})
"""Keywords that are broken by what breaks the schemas they apply."""

_MAX_DEPTH = 12


@dataclass(frozen=True)
class SchemaLocation:
    """One keyword of one subschema of a resource."""

    resource: str
    steps: tuple[Step, ...]
    """The path to the value; an array's first item stands for all (0)."""
    keyword: str
    schema: SchemaObject
    """The subschema that states the keyword."""
    standing: Standing
    filler: tuple[SchemaObject, ...]
    """The schema of the value after each step, the resource itself first: what makes a sample of it."""
    missing: str | None = None
    """For `required`: the property to leave out."""

    @property
    def id(self) -> str:
        """`Resource.property[].property:keyword`."""
        steps = self.steps if self.missing is None else (*self.steps, self.missing)
        path = "".join("[]" if isinstance(step, int) else f".{step}" for step in steps)
        return f"{self.resource}{path}:{self.keyword}"

    @property
    def pointer(self) -> str:
        """The value in the resource as a JSON pointer; for a missing property, where it should be."""
        steps = self.steps if self.missing is None else (*self.steps, self.missing)
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def schema_locations(catalogue: Catalogue, resource: str) -> Iterator[SchemaLocation]:
    """Every breakable keyword of a resource, nested ones included; items that are a resource have their own.

    A keyword stated twice for one value (under a reference and beside it) is one location.
    """
    named = {operation.resource for operation in catalogue.operations.values()}
    seen: set[str] = set()
    for location in _locations(catalogue, resource, (), (catalogue.schema(resource),), named):
        if location.id not in seen:
            seen.add(location.id)
            yield location


def _locations(
    catalogue: Catalogue,
    resource: str,
    steps: tuple[Step, ...],
    filler: tuple[SchemaObject, ...],
    named: set[str],
) -> Iterator[SchemaLocation]:
    if len(steps) > _MAX_DEPTH:
        return
    parts = list(catalogue.followed(filler[-1]))
    if steps and any(part.get("title") in named for part in parts):
        return  # an item that is an operation's resource has mutants of its own
    members: dict[str, dict[str, Any]] = {}
    for part in parts:
        for keyword, stated in part.items():
            if keyword == "required":
                for name in stated:
                    standing = catalogue.constraint(part, keyword, name).standing
                    yield SchemaLocation(resource, steps, keyword, part, standing, filler, name)
            elif keyword not in ANNOTATIONS | APPLICATORS:
                standing = catalogue.constraint(part, keyword).standing
                yield SchemaLocation(resource, steps, keyword, part, standing, filler)
        for name, member in part.get("properties", {}).items():
            members[name] = {**member, **members.get(name, {})}
    for name, member in members.items():
        yield from _locations(catalogue, resource, (*steps, name), (*filler, member), named)
    for part in parts:
        if isinstance(part.get("items"), Mapping):
            yield from _locations(catalogue, resource, (*steps, 0), (*filler, part["items"]), named)


def edit_at(catalogue: Catalogue, location: SchemaLocation, value: Any, edit: Any) -> Any:
    """A copy of a resource's value with its value at the location edited; what is absent is filled in.

    Only what lies on the path is copied. A value without such a location is returned as it is.
    """
    return _edit_at(catalogue, location, value, 0, edit)


def _edit_at(catalogue: Catalogue, location: SchemaLocation, value: Any, depth: int, edit: Any) -> Any:
    if depth == len(location.steps):
        return edit(value)
    step = location.steps[depth]
    if isinstance(step, str):
        if not isinstance(value, dict):
            return value
        inner = value[step] if step in value else sample_of(catalogue, location.filler[depth + 1])
        return {**value, step: _edit_at(catalogue, location, inner, depth + 1, edit)}
    if not isinstance(value, list):
        return value
    inner = value[0] if value else sample_of(catalogue, location.filler[depth + 1])
    return [_edit_at(catalogue, location, inner, depth + 1, edit), *value[1:]]


IMPOSSIBLE: Final[Mapping[str, str]] = {
    r"IndirectResellers\.\w+Count:format": (
        "double says how a reader should hold the number: there is none that is not one"
    ),
    r".*\.attributes\.objectType:type": (
        "the objectType is a constant as well: what is no string is not that string, and breaks both"
    ),
}
"""The whole id of a location, as a regular expression → why its keyword cannot be broken alone."""


def why_impossible(location: SchemaLocation) -> str | None:
    """The reason why this location has no mutant; None where it has one."""
    return next((why for ids, why in IMPOSSIBLE.items() if re.fullmatch(ids, location.id)), None)
