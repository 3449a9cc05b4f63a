"""The catalogue → mutants: what a service may get wrong, one fault in a response at a time.

One list for three uses: the fake injects them, the fixtures hold them as invalid samples, and the kill
matrix checks that the judge finds them. The judge itself never sees it.
"""

from partner_insights.mutants.catalogue import behaviours, mutants
from partner_insights.mutants.mutant import MutableResponse, Mutant, RequestContext
from partner_insights.mutants.sample_values import sample
from partner_insights.mutants.schemas import InvalidRow, single_fault_rows

__all__ = [
    "InvalidRow",
    "MutableResponse",
    "Mutant",
    "RequestContext",
    "behaviours",
    "mutants",
    "sample",
    "single_fault_rows",
]
