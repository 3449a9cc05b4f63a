"""The catalogue of the contract → every mutant by its id, schema mutants first, in a fixed order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_insights.mutants.behaviours import behaviours
from partner_insights.mutants.schemas import schema_mutants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract import Catalogue
    from partner_insights.mutants.mutant import Mutant


def mutants(catalogue: Catalogue) -> Mapping[str, Mutant]:
    """Every mutant; ids are stable as long as the contract says the same."""
    return {mutant.id: mutant for mutant in (*schema_mutants(catalogue), *behaviours(catalogue))}
