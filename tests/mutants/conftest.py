"""What the mutants' tests share: a fake in its own process, with one mutant after another."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.contract import Catalogue, Profile
from partner_insights.contract.query import OptionKind
from partner_insights.verify import Token
from partner_insights.verify.run.client import Secret
from partner_insights.verify.run.comparisons import head_like_get, same_with, sums
from partner_insights.verify.run.invalid_tokens import INVALID_TOKENS
from partner_insights.verify.run.queries import Queries
from partner_insights.verify.run.refusals import head_is_refused, send_invalid_token
from partner_insights.verify.run.results import ContractViolated
from partner_insights.verify.run.session import SuiteSession
from partner_insights.verify.run.target import Target

if TYPE_CHECKING:
    from partner_insights.mutants import Mutant


def call(fake: RunningFake, method: str, path: str, content: Any = None) -> Any:
    request = urllib.request.Request(
        fake.url + path,
        method=method,
        data=None if content is None else json.dumps(content).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningFake]:
    with running_fake("--seed", "7", "--customers", "9") as running:
        yield running


@pytest.fixture(scope="module")
def app_only(fake: RunningFake) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": "tests",
        "client_secret": "any",
        "scope": "https://api.partnercenter.microsoft.com/.default",
    }
    with urllib.request.urlopen(
        f"{fake.url}/tests/oauth2/v2.0/token", data=urlencode(form).encode()
    ) as answer:
        return str(json.load(answer)["access_token"])


Inject = Callable[[str], AbstractContextManager[None]]


@contextlib.contextmanager
def injected(fake: RunningFake, name: str) -> Iterator[None]:
    """A fake with a mutant for as long as the context lasts."""
    plan = {"faults": [{"operation": "*", "fault": name}], "all": True, "repeat": True}
    account = call(fake, "POST", "/_admin/faults", plan)
    try:
        yield
    finally:
        call(fake, "DELETE", f"/_admin/faults/{account['id']}")


@pytest.fixture(scope="module")
def inject(fake: RunningFake) -> Inject:
    """Give the fake a mutant."""
    return lambda name: injected(fake, name)


@pytest.fixture(scope="session")
def inject_into() -> Callable[[RunningFake, str], AbstractContextManager[None]]:
    return injected


@pytest.fixture(scope="module")
def inspect(fake: RunningFake, app_only: str) -> Iterator[Callable[..., SuiteSession]]:
    """A new session of the fake, by a profile."""
    opened: list[SuiteSession] = []

    def start(profile: str = "strict", catalogue: Catalogue | None = None) -> SuiteSession:
        target = target_of(fake, Profile(profile), app_only)
        session = SuiteSession(target, catalogue or Catalogue.load(profile))
        opened.append(session)
        return session

    yield start
    for session in opened:
        session.close()


def target_of(fake: RunningFake, profile: Profile, app_only: str) -> Target:
    return Target(
        url=fake.url,
        own=True,
        profile=profile,
        token=Secret(fake.token),
        app_only=Secret(app_only),
        token_variable="USER",
        app_token_variable="APP",
        seed=0,
        max_requests=None,
        rate=None,
    )


STRANGER = "00000000-0000-4000-8000-000000000000"


def attempts(session: SuiteSession, operation: str) -> Iterator[Callable[[], object]]:
    """Every kind of request the suite sends to an operation, each once."""
    promised = session.catalogue.operations[operation]
    if promised.per_customer and not session.customers.ids:
        return  # the list is invalid as well: there is no id to use
    customer = session.customers.ids[0] if promised.per_customer else None
    ids = {"MS-RequestId": STRANGER, "MS-CorrelationId": STRANGER.replace("0", "f", 8)}
    yield lambda: session.check(operation, customer=customer)
    yield lambda: session.check(operation, customer=customer, headers=ids)
    yield lambda: head_like_get(session, operation, customer)
    yield lambda: head_is_refused(session, operation)
    yield lambda: same_with(session, operation, customer, ({},))
    for kind in INVALID_TOKENS:
        yield lambda kind=kind: send_invalid_token(session, operation, kind)
    yield lambda: session.check(operation, customer=customer, token=Token.APP_ONLY)
    yield lambda: session.check(operation, customer=customer, method="POST")
    yield lambda: session.check(operation, customer=customer, headers={"Accept": "text/html"})
    if promised.per_customer:
        yield lambda: session.check(operation, customer=STRANGER, known=False)
        yield lambda: session.check(operation, customer="nobody", known=False)
        for each in session.customers.ids:
            yield lambda each=each: session.check(operation, customer=each)
    if promised.options:
        yield from attempts_of_queries(session, operation)
        yield lambda: session.check(operation, query=[("top", "10001")])
        yield lambda: session.check(operation, query=[("top", "2"), ("skip", "2")])
    elif promised.query:
        yield lambda: session.check(operation, query=[("size", "501")])
        yield lambda: session.customers.compare_pages(7)
        yield lambda: session.customers.compare_pages(None)


def attempts_of_queries(session: SuiteSession, operation: str) -> Iterator[Callable[[], object]]:
    """Pages, a filter that precedence matters for, groups of it, and the older generation."""
    promised = session.catalogue.operations[operation]
    queries = Queries(session, operation)
    by_kind = {each.kind: each for each in promised.options}
    name, rule = next(iter(by_kind[OptionKind.FILTER].fields.items()))

    def filtered(*further: tuple[str, str]) -> None:
        value = str(queries.whole[0].get(rule.property, ""))
        value = value.swapcase() if value.isascii() else value
        text = f"{name} eq '{value}' or {name} eq 'x' and {name} eq 'x'"
        queries.holds((("filter", text), *further), 1000)

    yield lambda: queries.holds((), 3)
    yield lambda: session.each(lambda query: queries.holds(*query), queries.in_two_pages())
    yield filtered
    yield lambda: filtered((by_kind[OptionKind.GROUP].name, name))
    if OptionKind.ORDER in by_kind:
        yield lambda: session.each(lambda pairs: queries.holds(pairs, 1000), queries.orders())
    if OptionKind.FIELD in by_kind:
        yield lambda: session.each(lambda pairs: queries.holds(pairs, 1000), queries.named_values())
    if OptionKind.SNAPSHOT in by_kind:
        yield lambda: session.each(lambda pairs: queries.read(pairs, 1000), chain(*queries.days()))
    if promised.resource in session.catalogue.rules["generations-agree"].resources and session.customers.ids:
        older = f"customer-{operation.removesuffix('-analytics')}"
        yield lambda: queries.agrees(older, session.customers.ids[0])


def interrogate(session: SuiteSession, mutant: Mutant) -> set[tuple[str, str]]:
    """Send requests to what the mutant touches until it is found; code and severity of all that was."""
    session.customers.listed  # noqa: B018 - read for its requests
    rounds = [attempt for name in sorted(mutant.operations) for attempt in attempts(session, name)]
    rounds.append(lambda: session.check(None, path="/v1/unknown"))
    for partner in ("partner-licenses-deployment", "partner-licenses-usage"):
        rounds.append(lambda each=partner: sums(session, each, each.replace("partner", "customer")))
    for attempt in rounds:
        with contextlib.suppress(ContractViolated):
            attempt()
        if any(violation.code in mutant.codes for violation in session.results.violations):
            break
    return {(violation.code, violation.severity.value) for violation in session.results.violations}


@pytest.fixture(scope="session")
def interrogated() -> Callable[[SuiteSession, Mutant], set[tuple[str, str]]]:
    return interrogate


@pytest.fixture(scope="session")
def every_attempt() -> Callable[[SuiteSession, str], Iterator[Callable[[], object]]]:
    return attempts
