"""Seed, size and as-of date → a partner's customers, and the licences they bought, deployed and use."""

from partner_insights.world.columns import Column, ConstantColumn, DictionaryColumn, StructColumn
from partner_insights.world.customers import Customer
from partner_insights.world.product_file import read_catalogue
from partner_insights.world.products import ProductCatalogue
from partner_insights.world.vocabulary import FakerVocabulary, Vocabulary
from partner_insights.world.world import World

__all__ = [
    "Column",
    "ConstantColumn",
    "Customer",
    "DictionaryColumn",
    "FakerVocabulary",
    "ProductCatalogue",
    "StructColumn",
    "Vocabulary",
    "World",
    "read_catalogue",
]
