"""The body of a customer → its properties as columns, those of each resource within it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from partner_insights.world.columns import Column, ConstantColumn, DictionaryColumn, StructColumn
from partner_insights.world.customer_resource import CUSTOMER, customer_resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract import Catalogue
    from partner_insights.world.customer_ids import CustomerIds
    from partner_insights.world.customers import Customers
    from partner_insights.world.hashing import Integers
    from partner_insights.world.own.roster import Roster

_ID, _DOMAIN, _NAME = _MARKS = ("\0id", "\0domain", "\0name")
"""Stand in the body of one customer for what differs between customers."""


def customer_part(catalogue: Catalogue, resource: str) -> Mapping[str, Any] | None:
    """The resource in the body of a customer, with marks for what differs; None where there is none."""
    if CUSTOMER not in catalogue.resources:
        return None
    return _part_of(customer_resource(catalogue, *_MARKS), resource)


def customer_columns(
    part: Mapping[str, Any], ids: CustomerIds | Roster, names: Customers | Roster, start: int, stop: int
) -> Mapping[str, Column]:
    """A part of the body, as `customer_part` has it, for customers start … stop−1."""
    texts = {
        _ID: ids.ids(start, stop),
        _DOMAIN: names.domains(start, stop),
        _NAME: names.names(start, stop),
    }
    rows = np.arange(stop - start)
    return {name: _filled(member, texts, rows) for name, member in part.items() if name != "attributes"}


def _part_of(body: Any, resource: str) -> Mapping[str, Any] | None:
    """The object in a body whose `objectType` is the resource; None where there is none."""
    if not isinstance(body, dict):
        return None
    attributes = body.get("attributes")
    if isinstance(attributes, dict) and attributes.get("objectType") == resource:
        return body
    return next(filter(None, (_part_of(member, resource) for member in body.values())), None)


def _filled(part: Any, texts: Mapping[str, list[str]], rows: Integers) -> Column:
    """A part of the body for every row."""
    if isinstance(part, dict):
        columns = {name: _filled(member, texts, rows) for name, member in part.items()}
        if all(isinstance(column, ConstantColumn) for column in columns.values()):
            return ConstantColumn(part, len(rows))
        return StructColumn(columns)
    mark = next((mark for mark in texts if isinstance(part, str) and mark in part), None)
    if mark is None:
        return ConstantColumn(part, len(rows))
    before, _, after = part.partition(mark)
    return DictionaryColumn(rows, [f"{before}{text}{after}" for text in texts[mark]])
