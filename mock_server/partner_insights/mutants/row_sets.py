"""Mutants of sets of rows: too many, too few, or those of another customer."""

from __future__ import annotations

from typing import Any, Final

from partner_insights.mutants.mutant import ASSUMED, DOCUMENTED, BehaviourTable, RequestContext
from partner_insights.mutants.operation_groups import (
    collections,
    customer_list,
    has,
    identified,
    of_customer,
    single_customer,
)
from partner_insights.mutants.response_edits import Row, Rows, affects, of_body, of_first, of_rows

ROW_SETS: Final = BehaviourTable()
mutant = ROW_SETS.mutant

FOREIGN: Final = "5b1c1f0e-6a57-4b8e-8a0a-0f6d1c2b3a49"
"""A customer id that no world has, with a negligible chance of an exception."""


@mutant("PI201", DOCUMENTED, of_body, collections)
def wrong_total_count(body: Any, _: RequestContext) -> Any:
    """totalCount is one more than there are items."""
    return {**body, "totalCount": body["totalCount"] + 1}


@mutant("PI201", DOCUMENTED, of_body, collections)
def zero_total_count(body: Any, _: RequestContext) -> Any:
    """totalCount is 0 beside items."""
    return {**body, "totalCount": 0} if body["items"] else None


@mutant("PI203", ASSUMED, of_rows, identified)
def duplicated_row(rows: Rows, _: RequestContext) -> Rows:
    """The first row comes twice."""
    return [*rows, rows[0]]


@mutant("PI203", ASSUMED, of_rows, of_customer)
def repeated_row_in_capitals(rows: Rows, _: RequestContext) -> Rows:
    """The first row comes twice, once with its product in other letters and a blank."""
    return [*rows, {**rows[0], "productName": f"{rows[0]['productName'].swapcase()} "}]


@mutant("PI203", ASSUMED, of_rows, of_customer)
def conflicting_rows(rows: Rows, _: RequestContext) -> Rows:
    """Two rows of one identity have different counts."""
    name = next(name for name in ("licensesSold", "licensesQualified") if name in rows[0])
    return [*rows, {**rows[0], name: rows[0][name] + 1}]


@mutant("PI208 PI209 PI210", ASSUMED, of_rows, of_customer)
def lost_row(rows: Rows, _: RequestContext) -> Rows | None:
    """A customer's first row is left out."""
    return rows[1:] if len(rows) > 1 else None


@mutant("PI208 PI209 PI210", ASSUMED, of_rows, of_customer)
def empty_for_some_customers(rows: Rows, request: RequestContext) -> Rows | None:
    """Customers with rows are told there are none."""
    return [] if affects(request) else None


@mutant("PI208 PI209 PI210 PI317", ASSUMED, of_rows, customer_list)
def hidden_customer(rows: Rows, _: RequestContext) -> Rows:
    """The customer list leaves its first customer out."""
    return rows[1:]


@mutant("PI316", ASSUMED, of_body, customer_list)
def circular_list(body: Any, _: RequestContext) -> Any:
    """The page after the second page of the customer list is that page again.

    The first page's own link has no continuation: to follow it would lead to another first page.
    """
    itself = body["links"]["self"]
    return {**body, "links": {**body["links"], "next": itself}} if itself["headers"] else None


@mutant("PI202", ASSUMED, of_first, has("customerId"))
def foreign_row(row: Row, _: RequestContext) -> Row | None:
    """One row is another customer's."""
    return {**row, "customerId": FOREIGN} if "customerId" in row else None


@mutant("PI202", ASSUMED, of_rows, has("customerId"))
def foreign_rows(rows: Rows, _: RequestContext) -> Rows | None:
    """All rows are another customer's."""
    return [{**row, "customerId": FOREIGN} for row in rows] if "customerId" in rows[0] else None


@mutant("PI202", ASSUMED, of_body, single_customer)
def foreign_customer(body: Any, _: RequestContext) -> Any:
    """Another customer is shown than the one asked for."""
    return {**body, "id": FOREIGN, "companyProfile": {**body["companyProfile"], "tenantId": FOREIGN}}
