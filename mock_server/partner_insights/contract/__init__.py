"""Tables, errata and operations → the contract: derived schemas, one catalogue, OpenAPI, explanations."""

from partner_insights.contract.catalogue import Catalogue, DerivedResource
from partner_insights.contract.model import (
    PROVENANCE,
    Code,
    Constraint,
    Envelope,
    Erratum,
    ErrorCase,
    JsonValue,
    Operation,
    Profile,
    Rule,
    SchemaObject,
    Severity,
    Source,
    Standing,
)
from partner_insights.contract.schema_files import SCHEMA_SUFFIX

__all__ = [
    "PROVENANCE",
    "SCHEMA_SUFFIX",
    "Catalogue",
    "Code",
    "Constraint",
    "DerivedResource",
    "Envelope",
    "Erratum",
    "ErrorCase",
    "JsonValue",
    "Operation",
    "Profile",
    "Rule",
    "SchemaObject",
    "Severity",
    "Source",
    "Standing",
]
