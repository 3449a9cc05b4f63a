"""The catalogue → single-fault mutants of every answer: what a service may get wrong, one wrong at a time.

One list for three uses: the fake wears them, the fixtures hold them as invalid samples, and the kill
matrix asks whether the judge finds them. The judge itself never sees it.
"""

from partner_insights.mutants.catalogue import mutants
from partner_insights.mutants.impossible import IMPOSSIBLE, Impossible, impossible
from partner_insights.mutants.mutant import Answered, Mutant, Scene
from partner_insights.mutants.rows import InvalidRow, single_fault_rows
from partner_insights.mutants.sample_values import sample

__all__ = [
    "IMPOSSIBLE",
    "Answered",
    "Impossible",
    "InvalidRow",
    "Mutant",
    "Scene",
    "impossible",
    "mutants",
    "sample",
    "single_fault_rows",
]
