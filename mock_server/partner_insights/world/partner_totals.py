"""All customers' licences → the partner's rows: true sums, added up chunk by chunk in constant memory."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct

from partner_insights.world.hashing import keep_freed_memory
from partner_insights.world.products import CHANNELS, SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from partner_insights.world.hashing import Floats, Integers
    from partner_insights.world.licenses import DeploymentRows, Licenses

CHUNK: Final = 65_536
"""Customers added up at a time: few megabytes, and enough of them to keep NumPy busy for each call."""
FEW: Final = 10_000
"""Customers whose use is added up at once: product by product takes 20 ms, however few they are."""
MAX_THREADS: Final = 4
_MAX_WORKLOADS: Final = 1 << 16


class PartnerRows(Struct, frozen=True):
    """One entry for each service × channel [× workload] that any customer has, in that order."""

    service: Integers
    channel: Integers
    workload: Integers
    """Index into the catalogue's workloads (all zero where workloads play no part)."""
    whole: Integers
    """Licences sold, or qualified."""
    part: Integers
    """Licences deployed, or active."""
    times: Integers | None = None
    """Where rows were given: of each the place of its processing time among all."""

    @property
    def processed(self) -> Integers:
        """Each row's place among the processing times of the day: one for each service."""
        return self.service if self.times is None else self.times

    @property
    def identity(self) -> Integers:
        """A number for each row that no other row has."""
        return (self.service * len(CHANNELS) + self.channel) * _MAX_WORKLOADS + self.workload


def total_deployment(licenses: Licenses, customers: int) -> PartnerRows:
    """The deployment rows of customers 0 … customers−1, added up by service and channel."""
    return _present(deployment_sums(licenses, customers), 1)


def total_usage(licenses: Licenses, customers: int) -> PartnerRows:
    """The usage rows of customers 0 … customers−1, added up by service, channel and workload."""
    return _present(usage_sums(licenses, customers), len(licenses.catalogue.workloads))


def deployment_sums(licenses: Licenses, customers: int) -> Floats:
    """Licences sold and deployed (2 × service × channel) of customers 0 … customers−1."""
    return _total(lambda start, stop: _deployed(licenses.deployment(start, stop)), customers)


def usage_sums(licenses: Licenses, customers: int) -> Floats:
    """Licences qualified and active (2 × service × channel × workload) of customers 0 … customers−1."""
    if customers <= FEW:
        return sums_of(licenses, np.arange(customers))[1]
    return _total(lambda start, stop: _used(licenses, licenses.deployment(start, stop)), customers)


def sums_of(licenses: Licenses, customers: Integers) -> tuple[Floats, Floats]:
    """Both sums of a few customers: of few rows, at once and not product by product."""
    rows = licenses.deployment_of(customers)
    used, workloads = licenses.usage_of(rows), len(licenses.catalogue.workloads)
    group = (used.service * len(CHANNELS) + used.channel) * workloads + used.workload
    groups = len(SERVICES) * len(CHANNELS) * workloads
    return _deployed(rows), np.stack(
        [np.bincount(group, each, groups) for each in (used.qualified, used.active)]
    )


def _deployed(rows: DeploymentRows) -> Floats:
    group = rows.service * len(CHANNELS) + rows.channel
    groups = len(SERVICES) * len(CHANNELS)
    return np.stack([np.bincount(group, counts, groups) for counts in (rows.sold, rows.deployed)])


def _used(licenses: Licenses, held: DeploymentRows) -> Floats:
    """Workload by workload, as what all licences of a product share needs no looking up for each."""
    products, workloads = licenses.products, len(licenses.catalogue.workloads)
    sums = np.zeros((2, len(SERVICES), len(CHANNELS), workloads))
    for product, service in enumerate(products.service_of.tolist()):
        at = np.flatnonzero(held.product == product)
        channel, deployed, hashes = held.channel[at], held.deployed[at], held.hashes[at]
        qualified = np.bincount(channel, held.sold[at], len(CHANNELS))
        first = products.first_offer_of[product]
        for offer in range(first, first + products.offers_of[product]):
            active = licenses.active(deployed, hashes, offer)
            workload = products.workload_of[offer]
            sums[0, service, :, workload] += qualified
            sums[1, service, :, workload] += np.bincount(channel, active, len(CHANNELS))
    return sums.reshape(2, -1)


def _total(add_up: Callable[[int, int], Floats], customers: int) -> Floats:
    """The sum of `add_up` over all chunks of customers, by a few threads: NumPy lets them run side by side.

    Whole numbers below 2**53 are exact in floats, so the order of adding plays no part.
    """
    keep_freed_memory()
    none = add_up(0, 0)
    threads = min(MAX_THREADS, os.cpu_count() or 1, -(-customers // CHUNK))
    if threads < 2:
        return sum((add_up(*chunk) for chunk in _chunks(0, customers, 1)), none)

    def share(thread: int) -> Floats:
        return sum((add_up(*chunk) for chunk in _chunks(thread, customers, threads)), none)

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(share, range(threads)), none)


def _chunks(first: int, customers: int, stride: int) -> Iterator[tuple[int, int]]:
    """Every `stride`-th chunk from the `first` on."""
    for start in range(first * CHUNK, customers, stride * CHUNK):
        yield start, min(start + CHUNK, customers)


def _present(totals: Floats, workloads: int) -> PartnerRows:
    """The groups that have rows: sold is at least 1."""
    whole, part = totals
    group = np.nonzero(whole)[0]
    return PartnerRows(
        service=group // (len(CHANNELS) * workloads),
        channel=group // workloads % len(CHANNELS),
        workload=group % workloads,
        whole=whole[group].astype(np.int64),
        part=part[group].astype(np.int64),
    )
