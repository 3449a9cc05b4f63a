"""Seed, size and as-of date → a partner's customers, and the licences they bought, deployed and use."""

from partner_insights.world.columns import Column, ConstantColumn, DictionaryColumn, StructColumn
from partner_insights.world.customers import Customer
from partner_insights.world.vocabulary import FakerVocabulary, Vocabulary
from partner_insights.world.world import World

__all__ = [
    "Column",
    "ConstantColumn",
    "Customer",
    "DictionaryColumn",
    "FakerVocabulary",
    "StructColumn",
    "Vocabulary",
    "World",
]
