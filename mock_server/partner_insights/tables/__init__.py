"""Turns a documentation page (Markdown) into typed rows, each with the line and the cells it came from."""

from __future__ import annotations

from partner_insights.tables.diagnostics import DIAGNOSTIC_CODES, Diagnostic
from partner_insights.tables.enumerations import Enumeration
from partner_insights.tables.page import Page, read_page, read_page_text
from partner_insights.tables.resources import Property, Resource
from partner_insights.tables.row_facts import Facts
from partner_insights.tables.type_expression import TypeExpression

__all__ = [
    "DIAGNOSTIC_CODES",
    "Diagnostic",
    "Enumeration",
    "Facts",
    "Page",
    "Property",
    "Resource",
    "TypeExpression",
    "read_page",
    "read_page_text",
]
