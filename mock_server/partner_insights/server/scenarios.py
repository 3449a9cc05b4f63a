"""Scenario names → the conditions the fake answers under: the real service's bad days, on request."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Struct, field

from partner_insights.errors import InputError, names_there_are

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from partner_insights.world import World

Row: TypeAlias = dict[str, Any]
WorldChange: TypeAlias = Callable[["World"], "World"]
RowChange: TypeAlias = Callable[[Row, Collection[str]], Row]
"""A row of an analytics operation, and the names of the properties its schema requires → the row to send."""


class Conditions(Struct, frozen=True):
    """What the scenarios in force change about the responses; a value, so caches can be keyed by it."""

    world: tuple[WorldChange, ...] = ()
    """Changes to the data: how many customers there are, when insights were processed."""
    rows: tuple[RowChange, ...] = ()
    """Changes to each row of the analytics operations."""
    empty: bool = False
    """The analytics operations answer 200 without a single item."""
    bom: bool = False
    """Bodies start with a UTF-8 byte order mark."""
    app_only_case: str = "app-only"
    """The documented failure that answers an app-only token where only App+User is accepted."""
    mfa: bool = True
    """Users sign in with a second factor."""
    mfa_required: bool = False
    """A user's token without one is refused."""
    roles: bool = True
    """Users have the roles they need."""
    outage_case: str | None = None
    """The documented failure that answers every API request."""
    throttled: bool = False
    """Both documented quotas are in force."""
    flaky: bool = False
    """A share of the API requests, drawn by the seed, fails."""
    slow: bool = False
    """API requests take their time, drawn by the seed from a lognormal distribution."""

    @property
    def per_request(self) -> bool:
        """Whether the response to a request may depend on the requests before it."""
        return self.throttled or self.flaky or self.slow


class Scenario(Struct, frozen=True):
    """One kind of day: a name, a line for people, and what it changes."""

    name: str
    description: str
    sets: Mapping[str, object] = field(default_factory=dict)
    """Fields of `Conditions` and their values. Tuples add up; of the rest, each is set by one alone."""
    not_with: frozenset[str] = frozenset()
    """Further scenarios it does not combine with, as nobody would see the effect of one of them."""
    alone: bool = False
    """Combines with nothing."""


def _ten_days_behind(world: World) -> World:
    return replace(world, as_of=world.as_of - timedelta(days=10))


def _required_only(row: Row, required: Collection[str]) -> Row:
    """Where nothing is known of what has to be there, nothing is known to be lacking."""
    return {name: value for name, value in row.items() if name in required} if required else row


SCENARIOS: Final[Mapping[str, Scenario]] = {
    scenario.name: scenario
    for scenario in (
        Scenario("healthy", "every operation answers as documented (the default)", alone=True),
        Scenario("silent-empty", "the analytics operations answer 200 with no items", {"empty": True}),
        Scenario(
            "stale",
            "insights were last processed ten days earlier than usual",
            {"world": (_ten_days_behind,)},
            not_with=frozenset({"silent-empty"}),
        ),
        Scenario(
            "as-published",
            "rows lack what every published sample lacks: customerId, serviceCode and workloadCode",
            {"rows": (_required_only,)},
            not_with=frozenset({"silent-empty"}),
        ),
        Scenario("one-customer", "the partner has one customer", {"world": (partial(replace, customers=1),)}),
        Scenario(
            "five-thousand-customers",
            "the partner has 5,000 customers",
            {"world": (partial(replace, customers=5000),)},
            not_with=frozenset({"one-customer"}),
        ),
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
            "no-mfa",
            "users sign in without a second factor: tokens lack it, and isMfaCompliant says false",
            {"mfa": False},
        ),
        Scenario(
            "mfa-required",
            "a user's token without a second factor is refused with 401 and code 900421",
            {"mfa_required": True},
        ),
        Scenario("no-role", "users lack the role they need: 403 and code 900150", {"roles": False}),
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


def scenario_named(name: str) -> Scenario:
    """The scenario of that name; InputError, listing the names, where there is none."""
    try:
        return SCENARIOS[name]
    except KeyError:
        raise InputError(f"there is no scenario {name!r}", remedy=names_there_are(name, SCENARIOS)) from None


def combine(names: Iterable[str]) -> Conditions:
    """The conditions of several scenarios together; InputError for an unknown name or a contradiction."""
    wanted = [scenario_named(name) for name in dict.fromkeys(names)]
    for position, scenario in enumerate(wanted):
        for other in wanted[:position]:
            if _clash(scenario, other):
                raise InputError(
                    f"the scenarios {other.name} and {scenario.name} do not combine",
                    remedy="leave one of them out",
                )
    values: dict[str, Any] = {}
    for scenario in SCENARIOS.values():  # in this order, however they were named
        for name, value in scenario.sets.items() if scenario in wanted else ():
            values[name] = values.get(name, ()) + value if isinstance(value, tuple) else value
    return Conditions(**values)


def conflicts(scenario: Scenario) -> list[str]:
    """The names of those it does not combine with."""
    return [other.name for other in SCENARIOS.values() if other is not scenario and _clash(other, scenario)]


def _clash(one: Scenario, other: Scenario) -> bool:
    if one.alone or other.alone or one.name in other.not_with or other.name in one.not_with:
        return True
    return any(not isinstance(one.sets[name], tuple) for name in one.sets.keys() & other.sets.keys())
