"""Too many, too few or somebody else's rows → mutants of what belongs into an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partner_insights.contract import Standing
from partner_insights.mutants.mutant import Mutant, Scene, behaviour
from partner_insights.mutants.response_edits import Groups, Rows, chosen, of_body, of_first, of_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

FOREIGN = "5b1c1f0e-6a57-4b8e-8a0a-0f6d1c2b3a49"
"""A customer id that is nobody's, but for a chance of one in many worlds."""


def counting_mutants(groups: Groups) -> Iterator[Mutant]:
    """What is counted or listed wrongly."""
    documented, assumed = Standing.DOCUMENTED, Standing.ASSUMED
    yield behaviour(
        "wrong-total-count",
        "totalCount is one more than there are items",
        "PI201",
        documented,
        of_body(lambda body, _: {**body, "totalCount": body["totalCount"] + 1}),
        operations=groups.collections,
    )
    yield behaviour(
        "zero-total-count",
        "totalCount is 0 beside items",
        "PI201",
        documented,
        of_body(lambda body, _: {**body, "totalCount": 0} if body["items"] else None),
        operations=groups.collections,
    )
    yield behaviour(
        "duplicated-row",
        "the first row comes twice",
        "PI203",
        assumed,
        of_rows(lambda rows, _: [*rows, rows[0]]),
        operations=groups.collections,
    )
    yield behaviour(
        "conflicting-rows",
        "two rows of one identity have different counts",
        "PI203",
        assumed,
        of_rows(_conflict),
        operations=groups.customer,
    )
    yield behaviour(
        "lost-row",
        "a customer's first row is left out",
        "PI208 PI209 PI210",
        assumed,
        of_rows(lambda rows, _: rows[1:] if len(rows) > 1 else None),
        operations=groups.customer,
    )
    yield behaviour(
        "empty-for-some-customers",
        "customers with rows are told there are none",
        "PI208 PI209 PI210",
        assumed,
        of_rows(lambda _, scene: [] if chosen(scene) else None),
        operations=groups.customer,
    )
    yield behaviour(
        "hidden-customer",
        "the customer list leaves its first customer out",
        "PI208 PI209 PI210 PI314",
        assumed,
        of_rows(lambda rows, _: rows[1:]),
        operations=groups.lists,
    )
    yield behaviour(
        "circular-list",
        "the page after the second page of the customer list is that page again",
        "PI316",
        assumed,
        of_body(_circle),
        operations=groups.lists,
    )


def _circle(body: Any, _: Scene) -> Any:
    """Only the link of a page that was come to by a link can be followed to the same page."""
    itself = body["links"]["self"]
    return {**body, "links": {**body["links"], "next": itself}} if itself["headers"] else None


def _conflict(rows: Rows, scene: Scene) -> Rows:
    name = next(name for name in ("licensesSold", "licensesQualified") if name in rows[0])
    return [*rows, {**rows[0], name: rows[0][name] + 1}]


def belonging_mutants(groups: Groups) -> Iterator[Mutant]:
    """What is somebody else's."""
    yield behaviour(
        "foreign-row",
        "one row is another customer's",
        "PI202",
        Standing.ASSUMED,
        of_first(lambda row, _: {**row, "customerId": FOREIGN} if "customerId" in row else None),
        operations=groups.having("customerId"),
    )
    yield behaviour(
        "foreign-rows",
        "all rows are another customer's",
        "PI202",
        Standing.ASSUMED,
        of_rows(
            lambda rows, _: (
                [{**row, "customerId": FOREIGN} for row in rows] if "customerId" in rows[0] else None
            )
        ),
        operations=groups.having("customerId"),
    )
    yield behaviour(
        "foreign-customer",
        "another customer is shown than the one asked for",
        "PI202",
        Standing.ASSUMED,
        of_body(_another_customer),
        operations=groups.single,
    )


def _another_customer(body: Any, _: Scene) -> Any:
    return {**body, "id": FOREIGN, "companyProfile": {**body["companyProfile"], "tenantId": FOREIGN}}
