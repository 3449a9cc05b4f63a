"""The parameters of an operation's path → values that the server's own lists show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote

from partner_insights.contract.paths import fill, find_listing, is_findable
from partner_insights.verify.judge.rows import success_of
from partner_insights.verify.run.client import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.verify.judge.exchange import Exchange

CUSTOMER: Final = "customer-id"
DEFAULT_VALUE: Final = "1"
"""Sent where no list shows the values of a parameter."""
UNLISTED_ID: Final = "no-list-shows-this"

Get: TypeAlias = "Callable[[str, str], Exchange]"
"""Send a GET for an operation at a path, and judge the answer."""


class PathValues:
    """Reads each list once for each customer, and remembers what it showed."""

    def __init__(self, catalogue: Catalogue, get: Get) -> None:
        self._catalogue = catalogue
        self._get = get
        self._values: dict[tuple[str, str, str], str] = {}

    def path(
        self,
        operation: Operation,
        customer: str | None,
        lister: str | None,
        replaced: Mapping[str, str] | None = None,
    ) -> str:
        """The path of an operation, percent-encoded; `lister` is a customer whose lists are read.

        `replaced` has values to put in place of those that a list shows. Stopped where a list has no item.
        """
        values: dict[str, str] = {}
        for parameter in operation.parameters:
            if parameter == CUSTOMER and customer is not None:
                values[parameter] = quote(customer, safe="")
            else:
                values[parameter] = quote(self._value(operation, parameter, lister), safe="")
        return fill(operation.path, values | dict(replaced or {}))

    def _value(self, operation: Operation, parameter: str, lister: str | None) -> str:
        shown = find_listing(operation, parameter, self._catalogue)
        if shown is None:
            return DEFAULT_VALUE
        place = (shown.listing.id, shown.key, (lister or "").lower())
        if place not in self._values:
            exchange = self._get(shown.listing.id, self.path(shown.listing, lister, lister))
            answer = success_of(exchange, self._catalogue)
            keys = [row.members.get(shown.key) for row in answer.rows] if answer is not None else []
            found = next((key for key in keys if is_findable(key)), None)
            if found is None:
                raise Stopped(f"the list {shown.listing.id} shows no {shown.key} to ask for")
            self._values[place] = str(found)
        return self._values[place]


def listed_parameter(operation: Operation, catalogue: Catalogue) -> str | None:
    """The last parameter of the path, other than the customer, whose values a list shows; else None."""
    shown = [
        name
        for name in operation.parameters
        if name != CUSTOMER and find_listing(operation, name, catalogue) is not None
    ]
    return shown[-1] if shown else None
