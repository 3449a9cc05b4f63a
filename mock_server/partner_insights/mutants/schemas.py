"""Every location of every schema → the mutant that breaks its keyword, and the invalid values it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from partner_insights.mutants.invalid_values import BREAKS
from partner_insights.mutants.mutant import Change, MutableResponse, Mutant, RequestContext
from partner_insights.mutants.response_edits import THROTTLED, of_errors, of_throttled
from partner_insights.mutants.sample_values import sample
from partner_insights.mutants.schema_locations import (
    SchemaLocation,
    edit_at,
    schema_locations,
    why_impossible,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from partner_insights.contract import Catalogue

_TITLES: Final = {
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


@dataclass(frozen=True)
class InvalidRow:
    """A value of a resource with one fault."""

    mutant: Mutant
    value: Any


def single_fault_rows(
    catalogue: Catalogue, resource: str, valid: dict[str, Any] | None = None
) -> Iterator[InvalidRow]:
    """Every single-fault value of a resource, derived from `valid` (default: a sample of the schema).

    KeyError for an unknown resource.
    """
    base = sample(catalogue, resource) if valid is None else valid
    for mutant in resource_mutants(catalogue, resource):
        if mutant.corrupt is not None:
            yield InvalidRow(mutant, mutant.corrupt(base))


def schema_mutants(catalogue: Catalogue) -> Iterator[Mutant]:
    """One for each keyword of every body that an operation returns, but the impossible ones."""
    operations = _operations(catalogue)
    for resource in operations:
        yield from _of_resource(catalogue, resource, operations)


def resource_mutants(catalogue: Catalogue, resource: str) -> Iterator[Mutant]:
    """One for each keyword of any resource, also of one that is only ever part of another."""
    return _of_resource(catalogue, resource, _operations(catalogue))


def _operations(catalogue: Catalogue) -> dict[str, frozenset[str]]:
    """The bodies that operations return → the operations of each; results before envelopes before errors."""
    operations = catalogue.operations.values()
    named = [operation.resource for operation in operations]
    named += [operation.envelope for operation in operations if operation.envelope is not None]
    named += [case.body for case in catalogue.error_cases.values()]
    found: dict[str, set[str]] = {name: set() for name in named}
    for operation in operations:
        bodies = {operation.resource, operation.envelope, *(case.body for case in operation.errors)}
        for name in found.keys() & bodies:
            found[name].add(operation.id)
    return {name: frozenset(ids) for name, ids in found.items()}


def _of_resource(
    catalogue: Catalogue, resource: str, operations: Mapping[str, frozenset[str]]
) -> Iterator[Mutant]:
    for location in schema_locations(catalogue, resource):
        if why_impossible(location) is None:
            yield _mutant(catalogue, location, operations.get(resource, frozenset()))


def _mutant(catalogue: Catalogue, location: SchemaLocation, operations: frozenset[str]) -> Mutant:
    corrupt = _corrupt(catalogue, location)
    where = location.id.rpartition(":")[0]
    return Mutant(
        id=location.id,
        title=f"{where} {_TITLES.get(location.keyword, f'breaks {location.keyword}')}",
        kind="schema",
        operations=operations,
        codes=(catalogue.code_of_keyword(location.keyword).code,),
        standing=location.standing,
        change=_change(catalogue, location.resource, corrupt),
        resource=location.resource,
        pointer=location.pointer,
        keyword=location.keyword,
        corrupt=corrupt,
    )


def _corrupt(catalogue: Catalogue, location: SchemaLocation) -> Callable[[Any], Any]:
    def break_keyword(value: Any) -> Any:
        if location.missing is None:
            return BREAKS[location.keyword](value, location.schema)
        if not isinstance(value, dict):
            return value
        return {name: inner for name, inner in value.items() if name != location.missing}

    return lambda value: edit_at(catalogue, location, value, break_keyword)


def _change(catalogue: Catalogue, resource: str, corrupt: Callable[[Any], Any]) -> Change:
    if resource == THROTTLED:
        return of_throttled(lambda response: response.with_content(corrupt(sample(catalogue, THROTTLED))))
    if resource in {case.body for case in catalogue.error_cases.values()}:
        required = frozenset(catalogue.schema(resource).get("required", ()))
        return of_errors(lambda response: _corrupt_error(response, required, corrupt))
    return lambda response, request: _corrupt_success(response, request, resource, corrupt)


def _corrupt_error(
    response: MutableResponse, required: frozenset[str], corrupt: Callable[[Any], Any]
) -> MutableResponse:
    """An error of this resource; one in another dialect is left alone."""
    body = response.content
    known = isinstance(body, dict) and required <= body.keys()
    return response.with_content(corrupt(body)) if known else response


def _corrupt_success(
    response: MutableResponse, request: RequestContext, resource: str, corrupt: Callable[[Any], Any]
) -> MutableResponse:
    """The envelope, the resource itself, or the first of the items."""
    if response.status != 200 or request.operation is None or not request.is_read:
        return response
    body = response.content
    if request.operation.envelope in (None, resource):
        return response.with_content(corrupt(body))
    layout = request.operation.layout
    rows = layout.rows_of(body)
    if not rows:
        return response
    return response.with_content({**body, layout.rows: [corrupt(rows[0]), *rows[1:]]})
