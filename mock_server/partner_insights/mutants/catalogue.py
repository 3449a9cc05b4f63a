"""The catalogue of the contract → every mutant by its id, schema mutants first, in a fixed order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partner_insights.mutants.across_answers import ACROSS_ANSWERS
from partner_insights.mutants.dates import DATES
from partner_insights.mutants.error_responses import ERROR_RESPONSES
from partner_insights.mutants.http import HTTP
from partner_insights.mutants.numbers import NUMBERS
from partner_insights.mutants.pages import PAGES
from partner_insights.mutants.row_sets import ROW_SETS
from partner_insights.mutants.schemas import schema_mutants
from partner_insights.mutants.value_types import VALUE_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from partner_insights.contract import Catalogue
    from partner_insights.mutants.mutant import Mutant

BEHAVIOURS: Final = (
    *ROW_SETS,
    *NUMBERS,
    *DATES,
    *VALUE_TYPES,
    *HTTP,
    *ERROR_RESPONSES,
    *ACROSS_ANSWERS,
    *PAGES,
)
"""The faults of a service beyond single keywords."""


def mutants(catalogue: Catalogue) -> Mapping[str, Mutant]:
    """Every mutant; ids are stable as long as the contract says the same."""
    return {mutant.id: mutant for mutant in (*schema_mutants(catalogue), *behaviours(catalogue))}


def behaviours(catalogue: Catalogue) -> Iterator[Mutant]:
    """The mutants that break no single keyword of a schema."""
    for each in BEHAVIOURS:
        mutant = each.of(catalogue)
        if mutant.operations:  # a contract of a user's own pages has none for most of them
            yield mutant
