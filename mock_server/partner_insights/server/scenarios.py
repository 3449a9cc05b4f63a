"""Scenario names → the conditions the fake answers under: the real service's bad days, on request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from partner_insights.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Conditions:
    """What the scenarios in force change about the answers; a value, so kept answers can be keyed by it."""

    customers: int | None = None
    """How many customers the world has (None: as many as it was made with)."""
    days_behind: int = 0
    """How many days ago the insights were last processed, beyond their usual lag."""
    empty: bool = False
    """The analytics operations answer 200 without a single item."""
    promised_only: bool = False
    """Rows carry only the properties whose presence the contract promises."""
    bom: bool = False
    """Bodies start with a UTF-8 byte order mark."""
    app_only_case: str = "app-only"
    """The documented failure that answers an app-only token where only App+User is accepted."""
    outage_case: str | None = None
    """The documented failure that answers every API request."""
    throttled: bool = False
    """Both documented quotas are in force."""
    flaky: bool = False
    """A share of the API requests, drawn by the seed, fails."""
    slow: bool = False
    """API requests take their time, drawn by the seed from a lognormal distribution."""

    @property
    def troubled(self) -> bool:
        """Whether a request may be answered otherwise than its answer alone says."""
        return self.throttled or self.flaky or self.slow


@dataclass(frozen=True)
class Scenario:
    """One kind of day: a name, a line for people, and what it settles."""

    name: str
    description: str
    settles: Mapping[str, object]
    """Fields of `Conditions` and their values."""
    silences: frozenset[str] = frozenset()
    """Further fields that no other scenario can settle beside it, as nobody would see the effect."""
    alone: bool = False
    """Combines with nothing."""


_ROWS: Final = frozenset({"days_behind", "promised_only"})

SCENARIOS: Final[Mapping[str, Scenario]] = {
    scenario.name: scenario
    for scenario in (
        Scenario("healthy", "every operation answers as documented (the default)", {}, alone=True),
        Scenario("silent-empty", "the analytics operations answer 200 with no items", {"empty": True}, _ROWS),
        Scenario("stale", "insights were last processed ten days earlier than usual", {"days_behind": 10}),
        Scenario(
            "as-published",
            "rows lack what every published sample lacks: customerId, serviceCode and workloadCode",
            {"promised_only": True},
        ),
        Scenario("one-customer", "the partner has one customer", {"customers": 1}),
        Scenario("five-thousand-customers", "the partner has 5,000 customers", {"customers": 5000}),
        Scenario(
            "bom", "every body starts with a UTF-8 byte order mark, as the service once sent", {"bom": True}
        ),
        Scenario(
            "app-only-403",
            "an app-only token is refused with 403 and code 2032, as documented (the default, spelled out)",
            {"app_only_case": "app-only"},
        ),
        Scenario(
            "app-only-500",
            "an app-only token is answered with 500, as one user reported",
            {"app_only_case": "internal-error"},
        ),
        Scenario(
            "throttled",
            "requests beyond a quota, per partner or per partner and customer, are answered with 429",
            {"throttled": True},
        ),
        Scenario(
            "flaky", "one API request in ten gets 500, one in ten 503, one in twenty nothing", {"flaky": True}
        ),
        Scenario("slow", "API requests take a quarter of a second, some of them much longer", {"slow": True}),
        Scenario(
            "outage", "every API request is answered with 503", {"outage_case": "unavailable"}, alone=True
        ),
    )
}

DEFAULT: Final = "healthy"


def known(name: str) -> Scenario:
    """The scenario of that name; InputError, listing the names, where there is none."""
    try:
        return SCENARIOS[name]
    except KeyError:
        raise InputError(
            f"there is no scenario {name!r}", remedy=f"use one of {', '.join(SCENARIOS)}"
        ) from None


def combine(names: Iterable[str]) -> Conditions:
    """The conditions of several scenarios together; InputError for an unknown name or a contradiction."""
    chosen = [known(name) for name in dict.fromkeys(names)]
    for position, scenario in enumerate(chosen):
        for other in chosen[:position]:
            if _clash(scenario, other):
                raise InputError(
                    f"the scenarios {other.name} and {scenario.name} do not combine",
                    remedy="leave one of them out",
                )
    settled: dict[str, object] = {}
    for scenario in chosen:
        settled |= scenario.settles
    return Conditions(**settled)  # type: ignore[arg-type]  # a test holds every field and value to Conditions


def conflicts(scenario: Scenario) -> list[str]:
    """The names of those it does not combine with."""
    return [other.name for other in SCENARIOS.values() if other is not scenario and _clash(other, scenario)]


def _clash(one: Scenario, other: Scenario) -> bool:
    if one.alone or other.alone:
        return True
    ours, theirs = set(one.settles), set(other.settles)
    return bool(ours & (theirs | other.silences) or theirs & one.silences)
