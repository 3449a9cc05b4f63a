"""A good answer's content → the same with its rows respelt: what all mutants of contents are made with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from partner_insights.mutants.mutant import Answered, Change, Scene

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue

Row = dict[str, Any]
Rows = list[Row]
Respell = Callable[[Rows, Scene], Rows | None]
"""Rows → other rows, as many or not; None where there is nothing to spoil."""

DATE = "processedDateTime"
CUSTOMER = "Customer"


class Groups:
    """Operation ids by what their answers hold; those of a user's own pages are in no group."""

    def __init__(self, catalogue: Catalogue) -> None:
        operations = catalogue.operations.values()
        customers = frozenset(each.id for each in operations if each.resource == CUSTOMER)
        collections = frozenset(each.id for each in operations if each.envelope is not None)
        self.catalogue = catalogue
        self.analytics = frozenset(each.id for each in operations if each.seed)
        self.partner = frozenset(each.id for each in operations if each.seed and not each.per_customer)
        self.customer = self.analytics - self.partner
        self.lists = customers & collections
        self.single = customers - collections
        self.collections = self.analytics | self.lists

    def having(self, *names: str) -> frozenset[str]:
        """The analytics operations whose rows have all these properties."""
        return frozenset(
            name
            for name in self.analytics
            if set(names)
            <= self.catalogue.schema(self.catalogue.operations[name].resource)["properties"].keys()
        )

    def percent(self, scene: Scene) -> tuple[str, str, str] | None:
        """The percent of a customer resource with the counts it is made of."""
        if scene.operation is None:
            return None
        stated = self.catalogue.rules["percent-of-counts"].parameters.get(scene.operation.resource)
        return None if stated is None else (stated[0], stated[1], stated[2])


def of_body(spoil: Callable[[Any, Scene], Any]) -> Change:
    """A change of the parsed body of a success; None from `spoil` leaves it alone."""

    def change(answered: Answered, scene: Scene) -> Answered:
        if (
            answered.status != 200
            or not answered.body
            or scene.operation is None
            or scene.method == "OPTIONS"
        ):
            return answered
        spoilt = spoil(answered.content, scene)
        return answered if spoilt is None else answered.with_content(spoilt)

    return change


def of_rows(respell: Respell) -> Change:
    """A change of the rows; `totalCount` follows, so that it is no second fault."""

    def spoil(body: Any, scene: Scene) -> Any:
        rows = respell(body["items"], scene) if body.get("items") else None
        return None if rows is None else {**body, "totalCount": len(rows), "items": rows}

    return of_body(spoil)


def of_first(respell: Callable[[Row, Scene], Row | None]) -> Change:
    """A change of the first row that has something to spoil."""

    def spoil(rows: Rows, scene: Scene) -> Rows | None:
        for index, row in enumerate(rows):
            spoilt = respell(row, scene)
            if spoilt is not None:
                return [*rows[:index], spoilt, *rows[index + 1 :]]
        return None

    return of_rows(spoil)


def chosen(scene: Scene) -> bool:
    """Whether this is one of the customers a mutant is unkind to: about every third."""
    digits = (scene.customer or "").replace("-", "").lower()
    try:
        return int(digits, 16) % 3 == 0
    except ValueError:
        return False
