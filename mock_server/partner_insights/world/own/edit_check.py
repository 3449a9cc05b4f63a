"""An edit, cell by cell → whether what is given of its customers still goes together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from partner_insights.errors import InputError
from partner_insights.world.own.cells import disagrees
from partner_insights.world.own.entries import TAKE_IT
from partner_insights.world.own.table import LEFT_OUT, PERCENT, of_customers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from partner_insights.world.hashing import Floats, Integers
    from partner_insights.world.own.data import OwnData
    from partner_insights.world.own.table import LicenceTable, UseTable
    from partner_insights.world.own.texts import Texts
    from partner_insights.world.world import World


def checked(edited: World, before: World, ids: Sequence[str], *, allow_invalid: bool) -> World:
    """The edited world; InputError, or a note where taken on purpose, for what contradicts what there was."""
    own = edited.own
    found = list(_problems(own, ids))
    known = set(_problems(before.own, ids)) if found else set()
    new = [each for each in found if each not in known]
    if own is None or not new:
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
        if own is not None and place is not None:
            tables = of_customers((own.licences, own.uses), [(place, place + 1)])
            yield from ((customer, words) for words in _contradictions(*tables, own.texts))


def _contradictions(licences: LicenceTable, uses: UseTable, texts: Texts) -> Iterator[str]:
    """What is wrong with the licences of one customer."""
    products = [texts.products[code] for code in licences.product.tolist()]
    sold, held = licences.sold.tolist(), uses.licence.tolist()
    yield from _beyond(
        ("deployed", "sold", "PI204 deployed-within-sold"),
        products,
        licences.deployed,
        sold,
        licences.percent,
    )
    whole = [
        sold[at] if count == LEFT_OUT else count
        for at, count in zip(held, uses.qualified.tolist(), strict=True)
    ]
    used = [
        f"{products[at]}, {texts.workloads[code][0]}"
        for at, code in zip(held, uses.workload.tolist(), strict=True)
    ]
    yield from _beyond(
        ("active", "qualified", "PI205 active-within-qualified"), used, uses.active, whole, uses.percent
    )


def _beyond(
    words: tuple[str, str, str],
    names: Sequence[str],
    parts: Integers,
    wholes: Sequence[int],
    percents: Floats,
) -> Iterator[str]:
    """What is wrong where a part is more than its whole, or a percent not their ratio."""
    part, whole, rule = words
    for name, some, all_of in zip(names, parts.tolist(), wholes, strict=True):
        if LEFT_OUT not in (some, all_of) and some > all_of:
            yield f"{name}: {part} {some} is more than {whole} {all_of} ({rule})"
    for at in np.flatnonzero(disagrees(percents, parts, np.array(wholes), PERCENT)).tolist():
        told = f"{percents[at]:g} is not {parts[at]} of {wholes[at]} in percents"
        yield f"{names[at]}: {told} (PI207 percent-of-counts)"
