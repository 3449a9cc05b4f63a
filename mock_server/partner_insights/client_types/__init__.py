"""The contract → types for clients in other languages, and one file with every JSON Schema."""

from partner_insights.client_types.languages import LANGUAGES, declared_files

__all__ = ["LANGUAGES", "declared_files"]
