"""An edit, cell by cell → whether what is given of its customers still goes together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from partner_insights.errors import InputError
from partner_insights.world.own.cells import disagrees
from partner_insights.world.own.entries import TAKE_IT
from partner_insights.world.own.table import LEFT_OUT, PERCENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from partner_insights.world.own.table import OwnData
    from partner_insights.world.world import World


def checked(edited: World, before: World, ids: Sequence[str], *, allow_invalid: bool) -> World:
    """The edited world; InputError, or a note where taken on purpose, for what contradicts what there was."""
    own = edited.own
    if own is None:
        return edited
    known = set(_problems(before.own, ids))
    new = [each for each in _problems(own, ids) if each not in known]
    if not new:
        return edited
    if not allow_invalid:
        customer, words = new[0]
        raise InputError(words, where=f"customer {customer}", remedy=TAKE_IT)
    notes = (*own.notes, *((customer, words) for customer, words in new))
    return edited.with_own(replace(own, notes=notes))


def _problems(own: OwnData | None, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(id, what is wrong), of customers that are given."""
    for customer in ids if own is not None else ():
        place = own.position.get(customer) if own is not None else None
        if own is None or place is None:
            continue
        span = own.licence_span(place)
        licences = own.licences.take(np.arange(span.start, span.stop))
        first, last = np.searchsorted(own.uses.licence, [span.start, span.stop])
        uses = own.uses.take(np.arange(first, last))
        products = [own.texts.products[code] for code in licences.product.tolist()]
        held = uses.licence - span.start
        for words in _beyond(
            products, ("deployed", licences.deployed), ("sold", licences.sold), "PI204 deployed-within-sold"
        ):
            yield customer, words
        whole = np.where(uses.qualified == LEFT_OUT, licences.sold[held], uses.qualified)
        used = [
            f"{products[at]}, {own.texts.workloads[code][0]}"
            for at, code in zip(held.tolist(), uses.workload.tolist(), strict=True)
        ]
        for words in _beyond(
            used, ("active", uses.active), ("qualified", whole), "PI205 active-within-qualified"
        ):
            yield customer, words
        for names, percent, part, all_of in (
            (products, licences.percent, licences.deployed, licences.sold),
            (used, uses.percent, uses.active, whole),
        ):
            for at in np.flatnonzero(disagrees(percent, part, all_of, PERCENT)).tolist():
                words = f"{percent[at]:g} is not {part[at]} of {all_of[at]} in percents"
                yield customer, f"{names[at]}: {words} (PI207 percent-of-counts)"


def _beyond(names: Sequence[str], part: tuple[str, Any], whole: tuple[str, Any], rule: str) -> Iterator[str]:
    """What is wrong where a part is more than its whole."""
    beyond = (part[1] != LEFT_OUT) & (whole[1] != LEFT_OUT) & (part[1] > whole[1])
    for at in np.flatnonzero(beyond).tolist():
        yield f"{names[at]}: {part[0]} {part[1][at]} is more than {whole[0]} {whole[1][at]} ({rule})"
