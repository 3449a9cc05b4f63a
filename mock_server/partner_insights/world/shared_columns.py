"""Rows made by their schema → the columns that go with the rest of the world: whose rows, and when.

Such a resource has a row for each customer. Its customers are the world's; its dates come in the order of
what they tell of, and what has happened is over on the world's day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from partner_insights.contract.formats import LOCAL_TIME
from partner_insights.world.columns import DictionaryColumn, json_column
from partner_insights.world.hashing import draw, field_key, integers_below

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from partner_insights.world.columns import Column
    from partner_insights.world.customer_ids import CustomerIds
    from partner_insights.world.customers import Customers
    from partner_insights.world.hashing import Words
    from partner_insights.world.own.roster import Roster

CUSTOMER_ID, CUSTOMER_NAME = "customerTenantId", "customerName"

PAST: Final[Mapping[str, tuple[str, ...]]] = {
    "AzureUsage": ("usageDate",),
    "Search": ("searchDate",),
    "IndirectResellers": (
        "firstSubscriptionCreationDate",
        "firstSubscriptionSuspendedDate",
        "firstSubscriptionDeprovisionedDate",
        "firstSubscriptionEndDate",
        "latestSubscriptionCreationDate",
        "latestSubscriptionSuspendedDate",
        "latestSubscriptionDeprovisionedDate",
        "latestSubscriptionEndDate",
    ),
    "Subscription": (
        "creationDate",
        "effectiveStartDate",
        "trialStartDate",
        "trialToPaidConversionDate",
        "trialEndDate",
        "lastRenewalDate",
        "lastUsageDate",
        "deprovisionedDate",
    ),
    "Referrals": (
        "createdDate",
        "acknowledgedDate",
        "acceptedDate",
        "declinedDate",
        "skippedDate",
        "missedDate",
        "expiredDate",
        "lostDate",
        "wonDate",
        "archivedDate",
    ),
}
"""Dates of what has happened, by resource, each not before those in front of it."""
AHEAD: Final[Mapping[str, tuple[str, ...]]] = {"Subscription": ("currentStateEndDate", "commitmentEndDate")}
"""Dates of what is still to come, in the same manner."""
STATUS: Final = "status"
ONLY_OF: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "Subscription": {"deprovisionedDate": ("DEPROVISIONED",)},
    "Referrals": {
        "acceptedDate": ("Accepted", "Won", "Lost"),
        "declinedDate": ("Declined",),
        "missedDate": ("Missed",),
        "expiredDate": ("Expired",),
        "lostDate": ("Lost",),
        "wonDate": ("Won",),
        "skippedDate": (),
    },
}
"""Dates that rows of some statuses alone have; rows of others have null."""

_DAY: Final = 24 * 60
_PAST_MINUTES: Final = 3 * 365 * _DAY
_SOLE_MINUTES: Final = 90 * _DAY
"""Where there is one date in a row: rows of the last months."""
_AHEAD_MINUTES: Final = 365 * _DAY


def customer_column(
    name: str, ids: CustomerIds | Roster, names: Customers | Roster, start: int, stop: int
) -> Column | None:
    """Id or name of customers start … stop−1; None for another property."""
    if name not in (CUSTOMER_ID, CUSTOMER_NAME):
        return None
    texts = ids.ids(start, stop) if name == CUSTOMER_ID else names.names(start, stop)
    return DictionaryColumn(np.arange(stop - start), texts)


def date_column(
    resource: str, name: str, schema: Mapping[str, Any], rows: Words, seed: int, day: date
) -> Column | None:
    """The date of each row, written as its schema says; None where it is in no order."""
    for order, minutes, begins in ((PAST, _PAST_MINUTES, 0), (AHEAD, _AHEAD_MINUTES, 1)):
        names = order.get(resource, ())
        if name not in names:
            continue
        if order is PAST:
            minutes = minutes if len(names) > 1 else _SOLE_MINUTES
        key = field_key(seed, resource, "dates", "past" if order is PAST else "ahead")
        drawn = np.stack([integers_below(draw(rows, key, nth), minutes) for nth in range(len(names))])
        first = np.datetime64(day.isoformat(), "m") + (_DAY if begins else -minutes)
        moments = first + np.sort(drawn, axis=0)[names.index(name)].astype("timedelta64[m]")
        return DictionaryColumn(np.arange(len(rows)), _texts(moments, schema.get("format")))
    return None


def where_status(dates: Column, statuses: Column, wanted: tuple[str, ...]) -> Column:
    """The dates of rows of a wanted status, null in the others."""
    pairs = zip(dates.tolist(), statuses.tolist(), strict=True)
    return json_column([each if status in wanted else None for each, status in pairs])


def _texts(moments: Any, form: str | None) -> list[str]:
    unit = "D" if form == "date" else "s"
    end = "" if form in ("date", LOCAL_TIME) else "+00:00"
    return [f"{text}{end}" for text in np.datetime_as_string(moments.astype(f"datetime64[{unit}]")).tolist()]
