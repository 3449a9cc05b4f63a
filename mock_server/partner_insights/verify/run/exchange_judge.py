"""The exchanges of one run → their violations: each by itself, and beside what the service said before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_insights.verify.judge.body_checks import BodyChecks
from partner_insights.verify.judge.http_checks import ECHOED, http_finding
from partner_insights.verify.judge.judge import judge_exchange
from partner_insights.verify.judge.rows import success_of
from partner_insights.verify.judge.rule_registry import service_findings
from partner_insights.verify.judge.service_rules import ServiceFacts
from partner_insights.verify.judge.violation import violation
from partner_insights.verify.recordings.fast_path import FastPath

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.contract import Catalogue, Profile
    from partner_insights.verify.judge.exchange import Exchange
    from partner_insights.verify.judge.violation import Finding, Violation


class ExchangeJudge:
    """Judges by one contract, and remembers what one service has said."""

    def __init__(self, catalogue: Catalogue, profile: Profile) -> None:
        self.facts = ServiceFacts()
        self._catalogue = catalogue
        self._profile = profile
        self._checks = BodyChecks()
        self._fast_path = FastPath(catalogue)
        self._said: dict[tuple[object, ...], tuple[Finding, ...]] = {}
        self._made_up_ids: set[tuple[str, str]] = set()
        """Header and id: one id for both headers of an answer is none that was used before."""

    def violations(self, exchange: Exchange) -> list[Violation]:
        """All that is wrong with an answer."""
        findings = [*self._repeated_ids(exchange), *self._contradictions(exchange)]
        beside = [violation(each, exchange.request, self._profile) for each in findings]
        return [*self.own_violations(exchange), *beside]

    def own_violations(self, exchange: Exchange) -> list[Violation]:
        """What is wrong with an answer by itself."""
        return judge_exchange(
            exchange,
            self._catalogue,
            profile=self._profile,
            checks=self._checks,
            clean=self._is_clean(exchange),
        )

    def _is_clean(self, exchange: Exchange) -> bool:
        request, response = exchange.request, exchange.response
        return (
            request.method == "GET"
            and response is not None
            and response.status == 200
            and request.operation is not None
            and self._fast_path.valid_operation(response.body) == request.operation
        )

    def _repeated_ids(self, exchange: Exchange) -> Iterator[Finding]:
        for name in ECHOED:
            made_up = exchange.response.header(name) if exchange.response is not None else None
            if made_up and exchange.request.header(name) is None:
                if (name, made_up.lower()) in self._made_up_ids:
                    message = f"the {name} that the service made up was that of another answer, too"
                    yield http_finding("PI319", message)
                self._made_up_ids.add((name, made_up.lower()))

    def _contradictions(self, exchange: Exchange) -> tuple[Finding, ...]:
        """Where an answer does not go with those before it."""
        response, request = exchange.response, exchange.request
        if response is None or response.status != 200 or request.method != "GET":
            return ()
        key = (request.operation, request.customer, request.header("X-Locale"), hash(response.body))
        if key not in self._said:
            found = success_of(exchange, self._catalogue)
            self._said[key] = tuple(service_findings(found, self.facts)) if found is not None else ()
        return self._said[key]
