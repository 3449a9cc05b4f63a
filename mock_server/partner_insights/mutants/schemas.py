"""Every breakable keyword of every body → the mutant that breaks it in the answers that hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from partner_insights.mutants.impossible import why_impossible
from partner_insights.mutants.invalid_values import BREAKS
from partner_insights.mutants.mutant import Answered, Change, Mutant, Scene
from partner_insights.mutants.sample_values import sample
from partner_insights.mutants.schema_locations import Place, changed, places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from partner_insights.contract import Catalogue

Spoil = "Callable[[Any], Any]"

THROTTLED: Final = "ThrottledResponse"

_WORDS: Final = {
    "type": "has another type",
    "required": "is missing",
    "const": "is another constant",
    "format": "is malformed",
    "minimum": "is too small",
    "maximum": "is too large",
    "multipleOf": "is not whole",
    "enum": "is not one of the listed",
    "minLength": "is too short",
    "maxLength": "is too long",
    "pattern": "does not match its pattern",
}


def schema_mutants(catalogue: Catalogue) -> Iterator[Mutant]:
    """One for each keyword of every body that an operation answers with, but the impossible ones."""
    for resource in _bodies(catalogue):
        for place in places(catalogue, resource):
            if why_impossible(place) is None:
                yield _mutant(catalogue, place)


def resource_mutants(catalogue: Catalogue, resource: str) -> Iterator[Mutant]:
    """One for each keyword of any resource, also of one that is only ever part of another."""
    for place in places(catalogue, resource):
        if why_impossible(place) is None:
            yield _mutant(catalogue, place)


def _bodies(catalogue: Catalogue) -> list[str]:
    operations = catalogue.operations.values()
    named = [operation.resource for operation in operations]
    named += [operation.envelope for operation in operations if operation.envelope is not None]
    named += [case.body for case in catalogue.error_cases.values()]
    return list(dict.fromkeys(named))


def _mutant(catalogue: Catalogue, place: Place) -> Mutant:
    spoils = _spoil(catalogue, place)
    where = place.id.rpartition(":")[0]
    return Mutant(
        id=place.id,
        title=f"{where} {_WORDS.get(place.keyword, f'breaks {place.keyword}')}",
        kind="schema",
        operations=frozenset(_operations(catalogue, place.resource)),
        codes=(catalogue.code_of_keyword(place.keyword).code,),
        standing=place.standing,
        change=_change(catalogue, place.resource, spoils),
        resource=place.resource,
        pointer=place.pointer,
        keyword=place.keyword,
        spoils=spoils,
    )


def _spoil(catalogue: Catalogue, place: Place) -> Callable[[Any], Any]:
    def break_it(value: Any) -> Any:
        if place.missing is None:
            return BREAKS[place.keyword](value, place.schema)
        if not isinstance(value, dict):
            return value
        return {name: kept for name, kept in value.items() if name != place.missing}

    return lambda value: changed(catalogue, place, value, break_it)


def _operations(catalogue: Catalogue, resource: str) -> Iterator[str]:
    for operation in catalogue.operations.values():
        bodies = {operation.resource, operation.envelope, *(case.body for case in operation.errors)}
        if resource in bodies:
            yield operation.id


def _change(catalogue: Catalogue, resource: str, spoils: Callable[[Any], Any]) -> Change:
    if resource == THROTTLED:
        return _throttling(catalogue, spoils)
    if resource in {case.body for case in catalogue.error_cases.values()}:
        return lambda answered, scene: (
            answered.with_content(spoils(answered.content)) if answered.status >= 400 else answered
        )
    return lambda answered, scene: _success(answered, scene, resource, spoils)


def _success(answered: Answered, scene: Scene, resource: str, spoils: Callable[[Any], Any]) -> Answered:
    """The envelope, the resource itself, or the first of the items."""
    if answered.status != 200 or scene.operation is None or scene.method == "OPTIONS":
        return answered
    body = answered.content
    if resource == scene.operation.envelope or scene.operation.envelope is None:
        return answered.with_content(spoils(body))
    if not isinstance(body, dict) or not body.get("items"):
        return answered
    return answered.with_content({**body, "items": [spoils(body["items"][0]), *body["items"][1:]]})


def _throttling(catalogue: Catalogue, spoils: Callable[[Any], Any]) -> Change:
    """Some requests are told to come again at once, in a spoilt body."""

    def throttle(answered: Answered, scene: Scene) -> Answered:
        if not is_throttled(scene):
            return answered
        return throttled(catalogue, answered).with_content(spoils(sample(catalogue, THROTTLED)))

    return throttle


def is_throttled(scene: Scene) -> bool:
    """Whether this is one of the requests that a throttling mutant sends back: never two in a row."""
    return scene.operation is not None and scene.ordinal % 5 == 2


def throttled(catalogue: Catalogue, answered: Answered) -> Answered:
    """The documented 429 in this answer's place, with nothing to wait for."""
    content = {**sample(catalogue, THROTTLED), "statusCode": 429}
    return (
        Answered(429, answered.headers, b"")
        .with_content(content)
        .with_header("Content-Type", catalogue.content_type)
        .with_header("Retry-After", "0")
    )
