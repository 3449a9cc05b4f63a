"""Broken values that were taken on purpose → in the rows they belong to, in place of what could be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from partner_insights.world.columns import json_column

if TYPE_CHECKING:
    from partner_insights.world.columns import Column
    from partner_insights.world.own.all_rows import AllRows
    from partner_insights.world.own.data import OwnData


def with_raw_cells(columns: dict[str, Column], data: OwnData, rows: AllRows, *, usage: bool) -> None:
    """Put them into the columns of some rows, of deployment or of use."""
    if not data.raw:
        return
    place = {position: row for row, position in enumerate(rows.position.tolist()) if position >= 0}
    changed: dict[str, list[Any]] = {}
    for cell in data.raw:
        if (cell.workload is not None) is not usage or cell.property not in columns:
            continue
        for position in _positions(data, cell.customer, cell.product, cell.workload):
            if position in place:
                values = changed.setdefault(cell.property, columns[cell.property].tolist())
                values[place[position]] = cell.value
    for name, values in changed.items():
        columns[name] = json_column(values)


def _positions(data: OwnData, customer: str, product: str, workload: str | None) -> list[int]:
    """Among the given licences, or uses where a workload is named."""
    span = data.licence_span(data.position[customer])
    names = data.texts.products
    found = [
        place
        for place in range(span.start, span.stop)
        if names[data.licences.product[place]].casefold() == product.casefold()
    ]
    if workload is None:
        return found
    first, last = np.searchsorted(data.uses.licence, [span.start, span.stop])
    return [
        use
        for use in range(int(first), int(last))
        if data.texts.workloads[data.uses.workload[use]][0] == workload and data.uses.licence[use] in found
    ]
