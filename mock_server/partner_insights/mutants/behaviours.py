"""The wrongs a service does beyond single keywords → mutants, each with the codes that may tell of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from partner_insights.mutants.dates import dating_mutants
from partner_insights.mutants.error_responses import refusing_mutants
from partner_insights.mutants.http import transport_mutants
from partner_insights.mutants.mutant import EVERYWHERE
from partner_insights.mutants.numbers import partner_mutants, reckoning_mutants
from partner_insights.mutants.response_edits import Groups
from partner_insights.mutants.row_sets import belonging_mutants, counting_mutants
from partner_insights.mutants.value_types import spelling_mutants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.contract import Catalogue
    from partner_insights.mutants.mutant import Mutant


def behaviours(catalogue: Catalogue) -> Iterator[Mutant]:
    """Every behavioural mutant: of the rows, of the bytes and headers, of what is refused."""
    groups = Groups(catalogue)
    everywhere = frozenset(catalogue.operations)
    for mutant in (
        *counting_mutants(groups),
        *belonging_mutants(groups),
        *reckoning_mutants(groups),
        *partner_mutants(groups),
        *dating_mutants(groups),
        *spelling_mutants(groups),
        *transport_mutants(catalogue),
        *refusing_mutants(catalogue),
    ):
        if mutant.operations == EVERYWHERE:
            yield replace(mutant, operations=everywhere)
        elif mutant.operations:  # a contract of a user's own pages has no use for most
            yield mutant
