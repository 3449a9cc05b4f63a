"""The query languages of paged collections, by data: options, the text of a query, and what it asks for."""

from partner_insights.contract.query.filter_syntax import (
    Filter,
    FilterStatement,
    decided,
    matches,
    parse_filter,
    render,
)
from partner_insights.contract.query.parameters import (
    FieldRule,
    InvalidQuery,
    Measure,
    OptionKind,
    QueryOption,
    QueryOptions,
)
from partner_insights.contract.query.query import Query, read_query

__all__ = [
    "FieldRule",
    "Filter",
    "FilterStatement",
    "InvalidQuery",
    "Measure",
    "OptionKind",
    "Query",
    "QueryOption",
    "QueryOptions",
    "decided",
    "matches",
    "parse_filter",
    "read_query",
    "render",
]
