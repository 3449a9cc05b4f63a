"""A resource's schema → every keyword of it that can be broken, with the place where, references followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from partner_insights.contract import PROVENANCE
from partner_insights.mutants.sample_values import resolved, sample_of

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue, SchemaObject, Standing

Step = str | int

ANNOTATIONS = frozenset(
    {"$schema", "$id", "title", "description", "examples", "default", "deprecated", PROVENANCE}
)
"""Keywords no value can break."""

APPLICATORS = frozenset({"$ref", "properties", "items"})
"""Keywords that are broken by what breaks the schemas they apply."""

_DEEPEST = 12


@dataclass(frozen=True)
class Place:
    """One keyword of one subschema at one place of a resource."""

    resource: str
    steps: tuple[Step, ...]
    """The way to the value; an array's first item stands for all (0)."""
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
        """The place in the resource as a JSON pointer; for a missing property, where it should be."""
        steps = self.steps if self.missing is None else (*self.steps, self.missing)
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def places(catalogue: Catalogue, resource: str) -> Iterator[Place]:
    """Every breakable keyword of a resource, nested ones included; items that are a resource have their own.

    A keyword stated twice for one place (under a reference and beside it) is one place.
    """
    named = {operation.resource for operation in catalogue.operations.values()}
    seen: set[str] = set()
    for place in _places(catalogue, resource, (), (catalogue.schema(resource),), named):
        if place.id not in seen:
            seen.add(place.id)
            yield place


def _places(
    catalogue: Catalogue,
    resource: str,
    steps: tuple[Step, ...],
    filler: tuple[SchemaObject, ...],
    named: set[str],
) -> Iterator[Place]:
    if len(steps) > _DEEPEST:
        return
    parts = list(resolved(catalogue, filler[-1]))
    if steps and any(part.get("title") in named for part in parts):
        return  # an item that is an operation's resource has mutants of its own
    members: dict[str, dict[str, Any]] = {}
    for part in parts:
        for keyword, stated in part.items():
            if keyword == "required":
                for name in stated:
                    standing = catalogue.constraint(part, keyword, name).standing
                    yield Place(resource, steps, keyword, part, standing, filler, name)
            elif keyword not in ANNOTATIONS | APPLICATORS:
                standing = catalogue.constraint(part, keyword).standing
                yield Place(resource, steps, keyword, part, standing, filler)
        for name, member in part.get("properties", {}).items():
            members[name] = {**member, **members.get(name, {})}
    for name, member in members.items():
        yield from _places(catalogue, resource, (*steps, name), (*filler, member), named)
    for part in parts:
        if isinstance(part.get("items"), Mapping):
            yield from _places(catalogue, resource, (*steps, 0), (*filler, part["items"]), named)


def changed(catalogue: Catalogue, place: Place, value: Any, change: Any) -> Any:
    """A copy of a resource's value with `change` made to the value at the place; what is absent is filled in.

    Only what lies on the way is copied. A value too ill-typed to hold the place comes back as it is.
    """
    return _changed(catalogue, place, value, 0, change)


def _changed(catalogue: Catalogue, place: Place, value: Any, depth: int, change: Any) -> Any:
    if depth == len(place.steps):
        return change(value)
    step = place.steps[depth]
    if isinstance(step, str):
        if not isinstance(value, dict):
            return value
        inner = value[step] if step in value else sample_of(catalogue, place.filler[depth + 1])
        return {**value, step: _changed(catalogue, place, inner, depth + 1, change)}
    if not isinstance(value, list):
        return value
    inner = value[0] if value else sample_of(catalogue, place.filler[depth + 1])
    return [_changed(catalogue, place, inner, depth + 1, change), *value[1:]]
