"""All customers' licences → the partner's rows: true sums, added up chunk by chunk in constant memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from partner_insights.world.products import CHANNELS, SERVICES, WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.world.hashing import Floats, Integers
    from partner_insights.world.licenses import Licenses

CHUNK: Final = 8192
"""Customers added up at a time: arrays of this many fit a processor's cache."""


@dataclass(frozen=True)
class PartnerRows:
    """One entry for each service × channel [× workload] that any customer has, in that order."""

    service: Integers
    channel: Integers
    workload: Integers
    """Index into WORKLOADS (all zero where workloads play no part)."""
    whole: Integers
    """Licences sold, or qualified."""
    part: Integers
    """Licences deployed, or active."""

    @property
    def identity(self) -> Integers:
        """A number for each row that no other row has."""
        return (self.service * len(CHANNELS) + self.channel) * len(WORKLOADS) + self.workload


def total_deployment(licenses: Licenses, customers: int) -> PartnerRows:
    """The deployment rows of customers 0 … customers−1, added up by service and channel."""
    whole, part = np.zeros((2, len(SERVICES) * len(CHANNELS)))
    for start, stop in _chunks(customers):
        rows = licenses.deployment(start, stop)
        channel = licenses.channels(np.arange(start, stop))[rows.customer - start]
        group = rows.service * len(CHANNELS) + channel
        whole += np.bincount(group, rows.sold, len(whole))
        part += np.bincount(group, rows.deployed, len(part))
    return _present(whole, part, 1)


def total_usage(licenses: Licenses, customers: int) -> PartnerRows:
    """The usage rows of customers 0 … customers−1, added up by service, channel and workload."""
    whole, part = np.zeros((2, len(SERVICES) * len(CHANNELS) * len(WORKLOADS)))
    for start, stop in _chunks(customers):
        rows = licenses.usage(start, stop)
        held = rows.licences
        channel = licenses.channels(np.arange(start, stop))[held.customer - start]
        group = ((held.service * len(CHANNELS) + channel) * len(WORKLOADS))[rows.licence] + rows.workload
        whole += np.bincount(group, rows.qualified, len(whole))
        part += np.bincount(group, rows.active, len(part))
    return _present(whole, part, len(WORKLOADS))


def _chunks(customers: int) -> Iterator[tuple[int, int]]:
    for start in range(0, customers, CHUNK):
        yield start, min(start + CHUNK, customers)


def _present(whole: Floats, part: Floats, workloads: int) -> PartnerRows:
    """The groups that have rows (sold is at least 1); whole numbers below 2**53 are exact in floats."""
    group = np.nonzero(whole)[0]
    return PartnerRows(
        service=group // (len(CHANNELS) * workloads),
        channel=group // workloads % len(CHANNELS),
        workload=group % workloads,
        whole=whole[group].astype(np.int64),
        part=part[group].astype(np.int64),
    )
