"""Violations and exchanges → what is recorded of them, customers under their pseudonyms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_insights.contract import Severity
from partner_insights.verify.judge.json_body import read_body
from partner_insights.verify.judge.judge import observe
from partner_insights.verify.report.pseudonyms import Pseudonyms
from partner_insights.verify.run.results import ContractViolated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_insights.contract import Catalogue
    from partner_insights.verify.judge.exchange import Exchange
    from partner_insights.verify.judge.violation import Observation, Violation
    from partner_insights.verify.run.results import Results
    from partner_insights.verify.run.target import Target


class Reporter:
    """Writes into the results of one run."""

    def __init__(self, target: Target, catalogue: Catalogue, results: Results) -> None:
        self._catalogue = catalogue
        self._results = results
        self._pseudonyms: Pseudonyms | None = None
        if not target.show_customers:
            self._pseudonyms = Pseudonyms(target.pseudonym_key, catalogue.property_names)
        self._observed: set[tuple[str | None, int]] = set()
        self.pending: ContractViolated | None = None
        """The last violations that were raised."""

    @property
    def hides_customers(self) -> bool:
        """Whether no customer may be named."""
        return self._pseudonyms is not None

    def report(self, violations: Iterable[Violation]) -> None:
        """Record what was found; ContractViolated where any of it is an error."""
        found = list(violations)
        if self._pseudonyms is not None:
            found = list(map(self._pseudonyms.violation, found))
        self._results.add(found)
        errors = [violation for violation in found if violation.severity is Severity.ERROR]
        if errors:
            self.pending = ContractViolated(errors)
            raise self.pending

    def observe(self, *observations: Observation) -> None:
        """Record what breaks nothing."""
        self._results.observe(observations)

    def note(self, exchange: Exchange) -> None:
        """Record who was asked for, and what an answer shows that no page speaks of."""
        request, response = exchange.request, exchange.response
        if response is None:
            return
        self._results.answers[request.operation or ""] += 1
        if request.operation is not None:
            self._results.operations.add(request.operation)
        if request.customer is not None and response.status == 200:
            self._results.customers.add(request.customer.lower())
        seen = (request.operation, hash(response.body))
        if seen not in self._observed:
            self._observed.add(seen)
            self._take(exchange, response.body)

    def _take(self, exchange: Exchange, body: bytes) -> None:
        """Take in a body that was not seen before: its customers' names first, to keep them from reports."""
        observations = observe(exchange, self._catalogue)
        if self._pseudonyms is not None:
            self._pseudonyms.learn(read_body(body).value)
            observations = map(self._pseudonyms.observation, observations)
        self._results.observe(observations)
        self._results.census.take(exchange, self._catalogue)
