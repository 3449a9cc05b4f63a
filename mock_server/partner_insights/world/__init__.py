"""Seed, size and as-of date → a partner's customers, and the licences they bought, deployed and use."""

from partner_insights.world.columns import Column, DictionaryColumn
from partner_insights.world.customers import Customer
from partner_insights.world.vocabulary import FakerVocabulary, Vocabulary
from partner_insights.world.world import World

__all__ = ["Column", "Customer", "DictionaryColumn", "FakerVocabulary", "Vocabulary", "World"]
