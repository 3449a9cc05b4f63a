"""One run of the contract suite against one server: every request it sends is judged, and recorded."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, Unpack
from urllib.parse import quote

from partner_insights.verify.judge.violation import Observation
from partner_insights.verify.run.client import Stopped
from partner_insights.verify.run.customer_list import customer_list
from partner_insights.verify.run.examples import DrawnExamples
from partner_insights.verify.run.exchange_judge import ExchangeJudge
from partner_insights.verify.run.partner_customers import PartnerCustomers
from partner_insights.verify.run.path_values import PathValues
from partner_insights.verify.run.reporting import Reporter
from partner_insights.verify.run.results import ContractViolated, Results
from partner_insights.verify.run.sender import Details, RequestSender
from partner_insights.verify.run.service_clock import ServiceClock
from partner_insights.verify.run.target import refuse_api_path
from partner_insights.verify.run.token_watch import TokenWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from hypothesis.strategies import SearchStrategy

    from partner_insights.contract import Catalogue
    from partner_insights.verify.judge.exchange import Exchange, Request
    from partner_insights.verify.judge.violation import Violation
    from partner_insights.verify.run.target import Target

T = TypeVar("T")

READING = ("GET", "HEAD")
"""All that is ever sent to a server that is not ours."""


class SuiteSession:
    """Sends requests to a target and judges every response; what it finds is in `results`."""

    def __init__(self, target: Target, catalogue: Catalogue) -> None:
        self.target = target
        self.catalogue = catalogue
        self.results = Results()
        self.sender = RequestSender(target, self.results, self._throttled)
        self.judge = ExchangeJudge(catalogue, target.profile)
        self.reporter = Reporter(target, catalogue, self.results)
        self.customers = PartnerCustomers(target, catalogue, self.ask, self.reporter)
        self.whole_answers: dict[str, tuple[Exchange, list[dict[str, Any]]]] = {}
        """The first page and all rows of operations with a query language, as far as they were read."""
        self.answers_of_customers: dict[str, list[Exchange]] = {}
        """What an operation answered of all customers, as far as they were added up."""
        self.clock = ServiceClock()
        self._examples = DrawnExamples(target, self.reporter)
        self._token = TokenWatch(target, self.sender, self.results)

    def __repr__(self) -> str:
        return f"<suite session of {self.target.name}>"

    def close(self) -> None:
        """Give the connection back."""
        self.sender.client.close()

    def reach(self) -> None:
        """Read the customer list; TargetUnreachable where no connection can be made.

        InputError where somebody's server refuses the token, or answers nothing without one where there is
        none: then nothing can be said of its responses. InputError, too, where the URL has a path of the API.
        """
        operations = self.catalogue.operations
        if not self.target.own:
            refuse_api_path(self.target.url, (each.path for each in operations.values()))
        with suppress(Stopped):
            if operations and customer_list(self.catalogue) is None:
                first = next(iter(operations))
                self.ask(first, customer=self.customers.first_for(first))
            self.customers.listed  # noqa: B018 - read for its requests, and remembered
        ours = (each.id for each in operations.values() if each.seed and not each.per_customer)
        licences = next(ours, None)
        self._token.require_usable(None if licences is None else self._request(licences))

    def check(self, operation: str | None, **details: Unpack[Details]) -> Exchange:
        """Send one request, judge and record the answer; ContractViolated where it breaks the contract.

        An operation of None is a path that no operation has. Stopped (a skip) where no further request may
        be sent.
        """
        exchange = self._sent(operation, **details)
        self.report(self.judge.violations(exchange))
        return exchange

    def ask(self, operation: str | None, **details: Unpack[Details]) -> Exchange:
        """The same, for an answer that is needed: what is wrong with it is recorded, and stops nothing."""
        exchange = self._sent(operation, **details)
        with suppress(ContractViolated):
            self.report(self.judge.violations(exchange))
        return exchange

    def report(self, violations: Iterable[Violation]) -> None:
        """Record what was found; ContractViolated where any of it is an error."""
        self.reporter.report(violations)

    def _sent(self, operation: str | None, **details: Unpack[Details]) -> Exchange:
        request = self._request(operation, **details)
        if request.method not in READING and not self.target.own:
            raise ValueError(f"{request.method} is never sent to a server that is not our own fake")
        exchange = self.sender.send(request, details.get("bearer"))
        self._token.stop_if_lost(exchange)
        self._token.note(exchange)
        self.clock.note(exchange)
        self.reporter.note(exchange)
        return exchange

    def _throttled(self, exchange: Exchange) -> None:
        operation = exchange.request.operation
        self.reporter.observe(Observation("throttled", operation, "", "the server throttled the run"))
        self.report(self.judge.own_violations(exchange))

    # ── What is sent ───────────────────────────────────────────────────────────────────────────────

    def _request(self, operation: str | None, **details: Unpack[Details]) -> Request:
        path = details.get("path") or self.path(operation or "", details.get("customer"))
        return self.sender.request(operation, path, details)

    def path(self, operation: str, customer: str | None) -> str:
        """The operation's path, percent-encoded; KeyError for an unknown operation."""
        described = self.catalogue.operations[operation]
        if not set(described.parameters) - {"customer-id"}:
            return described.path.replace("{customer-id}", quote(customer or "", safe=""))
        return self.discovery.path(described, customer, self._lister(customer))

    def _lister(self, customer: str | None) -> str | None:
        """The customer whose lists show what to request: that of the path, where there is such a customer."""
        if customer is None or customer in self.customers:
            return customer
        return next(iter(self.customers.ids), None)

    @cached_property
    def discovery(self) -> PathValues:
        """What the server's lists show for the parameters of paths."""
        return PathValues(self.catalogue, lambda listing, path: self.check(listing, path=path))

    # ── How a test runs ────────────────────────────────────────────────────────────────────────────

    def require(self, *operations: str) -> None:
        """Stopped (a skip) where one of our own operations is not among those that are judged."""
        for name in operations:
            operation = self.catalogue.operations.get(name)
            if operation is None or operation.synthetic:
                raise Stopped(f"{name} is not judged here")

    def can_send(self, requests: int) -> bool:
        """Whether so many requests may still be sent, and leave as many for other tests."""
        left = self.sender.client.left
        return left is None or 2 * requests <= left

    def reserve(self, requests: int) -> None:
        """Stopped (a skip) where not so many requests may be sent: then the run is not whole."""
        if not self.can_send(requests):
            self.results.too_few_requests = (
                f"the ceiling of {self.sender.client.ceiling} requests does not suffice for all tests"
            )
            raise Stopped(self.results.too_few_requests)

    def each(self, test: Callable[[T], object], values: Iterable[T]) -> None:
        """Run a test for every value, and raise what all of them raise together."""
        failures: list[ContractViolated] = []
        for value in values:
            try:
                test(value)
            except ContractViolated as failure:
                failures.append(failure)
        if failures:
            raise ContractViolated([each for failure in failures for each in failure.violations])

    def for_all(self, **strategies: SearchStrategy[object]) -> Callable[[Callable[..., None]], None]:
        """Decorate a test to run it at once with drawn values; the simplest that breaks it is reported."""
        return self._examples.for_all(strategies)
