"""How we know what the contract says."""

from __future__ import annotations

from enum import StrEnum


class Standing(StrEnum):
    """How we know a constraint."""

    DOCUMENTED = "documented"
    """A cell of a documentation table says so."""
    CORRECTED = "corrected"
    """An erratum overrules the cell, with evidence."""
    SAMPLED = "sampled"
    """Every published sample shows it, though no table says so."""
    ASSUMED = "assumed"
    """No page says so; we do, with a reason."""
