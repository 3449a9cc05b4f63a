"""A resource → invalid samples of it, each of which breaks one keyword: what fixtures are spoilt with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from partner_insights.mutants.sample_values import sample
from partner_insights.mutants.schemas import resource_mutants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.contract import Catalogue
    from partner_insights.mutants.mutant import Mutant


@dataclass(frozen=True)
class InvalidRow:
    """A value of a resource with one fault."""

    mutant: Mutant
    value: Any


def single_fault_rows(
    catalogue: Catalogue, resource: str, valid: dict[str, Any] | None = None
) -> Iterator[InvalidRow]:
    """Every single-fault value of a resource, made of `valid` (default: a sample made of the schema).

    KeyError for an unknown resource.
    """
    sound = sample(catalogue, resource) if valid is None else valid
    for mutant in resource_mutants(catalogue, resource):
        if mutant.spoils is not None:
            yield InvalidRow(mutant, mutant.spoils(sound))
