"""An as-of date → the day each service's numbers describe, and when each dataset was processed.

The real service aggregates daily and publishes late: `processedDateTime` is one value for each service and
dataset, one to five days before the call. Here the lag is drawn once for each service and dataset. A
service's *data day* is the earliest of its processed days, for all its datasets: so deployment and usage of
one answer time always agree, and no row describes a day after it was processed.

Published forms (E-006): midnight, `2017-03-10T00:00:00+00:00`, but the run of the day with its clock for
Office 365 deployment, `2017-03-14T03:25:16.36+00:00` (.NET drops the fraction's trailing zeros).
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from partner_insights.world.hashing import field_key, mix
from partner_insights.world.products import O365, SERVICES, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

Dataset: TypeAlias = Literal["deployment", "usage"]
DATASETS: Final[tuple[Dataset, ...]] = ("deployment", "usage")
MAX_LAG: Final = 5
"""Days (FACTS: the lag is one to five days)."""


class Calendar(Struct, frozen=True, dict=True):
    """The dates of one world's answers on one as-of date."""

    seed: int
    as_of: date
    behind: tuple[int, int] = (0, 0)
    """More days between processing and as-of date, for each of DATASETS: of data that is older or newer."""

    @cached_property
    def lag(self) -> Mapping[tuple[Service, Dataset], int]:
        """Days between a dataset's processing and the as-of date."""
        return {
            (service, dataset): behind + 1 + field_key(self.seed, "lag", service.code, dataset) % MAX_LAG
            for service in SERVICES
            for dataset, behind in zip(DATASETS, self.behind, strict=True)
        }

    @cached_property
    def data_days(self) -> tuple[int, ...]:
        """The day (proleptic Gregorian ordinal) the numbers describe, for each of SERVICES."""
        today = self.as_of.toordinal()
        return tuple(today - max(self.lag[service, dataset] for dataset in DATASETS) for service in SERVICES)

    @cached_property
    def processed(self) -> Mapping[Dataset, tuple[str, ...]]:
        """`processedDateTime` of each dataset, for each of SERVICES."""
        return {
            dataset: tuple(self._processed(service, dataset) for service in SERVICES) for dataset in DATASETS
        }

    def processed_day(self, dataset: Dataset) -> date:
        """The day of the dataset's last processing, whichever the service: the newer operations have one."""
        return self.as_of - timedelta(days=min(self.lag[service, dataset] for service in SERVICES))

    def _processed(self, service: Service, dataset: Dataset) -> str:
        day = self.as_of - timedelta(days=self.lag[service, dataset])
        if (service, dataset) != (O365, "deployment"):
            return f"{day.isoformat()}T00:00:00+00:00"
        # The nightly run ends between 02:00 and 05:59:59.99, at another hundredth of a second every night.
        hundredths = mix(field_key(self.seed, "run", day.isoformat())) % (4 * 360_000)
        seconds, fraction = divmod(2 * 360_000 + hundredths, 100)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:02}"
        return f"{day.isoformat()}T{clock.rstrip('0').removesuffix('.')}+00:00"
