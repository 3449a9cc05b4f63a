"""A query over columns → the page of rows it asks for, the same for the fake and for files."""

from partner_insights.world.query.bodies import page_body, query_body
from partner_insights.world.query.page import RowPage, page_of
from partner_insights.world.query.row_table import RowTable, WorldTable

__all__ = ["RowPage", "RowTable", "WorldTable", "page_body", "page_of", "query_body"]
