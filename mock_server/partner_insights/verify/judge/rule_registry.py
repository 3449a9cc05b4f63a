"""The name of a rule of `rules.toml` → its judge and its fast check: a rule is known in this one place.

The judge, the fast path of recordings, the factories' overrides and the invalid fixtures all use this table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from partner_insights.contract import Rule
from partner_insights.verify.judge import cross_rules, fast_checks, links, page_rules, rules, service_rules
from partner_insights.verify.judge.cross_rules import (
    PAIRS,
    PartnerCustomerPair,
    Sums,
    add_up,
    partner_scale,
    summed_groups,
)
from partner_insights.verify.judge.rows import JudgedResponse
from partner_insights.verify.judge.service_rules import ServiceFacts
from partner_insights.verify.judge.violation import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.verify.judge.fast_checks import CheckOfRequest, FastCheck, RuleContext

JudgeOfAnswer: TypeAlias = Callable[[JudgedResponse, Rule], Iterator[Finding]]
JudgeOfService: TypeAlias = Callable[[JudgedResponse, Rule, ServiceFacts], Iterator[Finding]]
JudgeOfGenerations: TypeAlias = Callable[[JudgedResponse, JudgedResponse, Rule], Iterator[Finding]]
JudgeOfSums: TypeAlias = Callable[[JudgedResponse, Rule, PartnerCustomerPair, Sums], Iterator[Finding]]


@dataclass(frozen=True)
class AnswerRule:
    """A rule about one answer."""

    judge: JudgeOfAnswer
    fast: Callable[[RuleContext], FastCheck] | None
    """Whether rows certainly keep it. None: the judge looks at every answer that it is about."""
    of_request: bool = False
    """Whether it needs the request, or the time of the response: a valid body can break it."""
    fast_of_request: Callable[[RuleContext], CheckOfRequest] | None = None
    """Whether rows certainly keep one that does."""


@dataclass(frozen=True)
class SumRule:
    """A rule across answers, which no single one can break."""

    judge: JudgeOfSums


@dataclass(frozen=True)
class ServiceRule:
    """A rule across all answers of a run, of which any may be the wrong one."""

    judge: JudgeOfService


@dataclass(frozen=True)
class GenerationRule:
    """A rule across an answer of the newer analytics and one of the older."""

    judge: JudgeOfGenerations


def _within(part: str, whole: str) -> AnswerRule:
    """A part of a row is at most its whole."""
    return AnswerRule(rules.part_within_whole(part, whole), fast=fast_checks.part_within_whole(part, whole))


SCALE_RULE: Final = "one-scale-of-the-service"

RULES: Mapping[str, AnswerRule | SumRule | ServiceRule | GenerationRule] = {
    "total-count": AnswerRule(rules.total_count, fast=fast_checks.counted_by_the_reader),
    "own-customer": AnswerRule(
        rules.own_customer,
        fast=fast_checks.needs_the_request,
        of_request=True,
        fast_of_request=fast_checks.of_the_customer,
    ),
    "unique-rows": AnswerRule(rules.unique_rows, fast=fast_checks.no_two_alike),
    "deployed-within-sold": _within("licensesDeployed", "licensesSold"),
    "active-within-qualified": _within("licensesActive", "licensesQualified"),
    "one-percent-scale": AnswerRule(rules.one_percent_scale, fast=fast_checks.percents_of_counts),
    "percent-of-counts": AnswerRule(rules.percent_of_counts, fast=fast_checks.percents_of_counts),
    "utc": AnswerRule(rules.utc, fast=fast_checks.dates_of_services),
    "not-in-the-future": AnswerRule(
        rules.not_in_the_future,
        fast=fast_checks.dates_of_services,
        of_request=True,
        fast_of_request=fast_checks.before_the_answer,
    ),
    "one-date-per-service": AnswerRule(rules.one_date_per_service, fast=fast_checks.dates_of_services),
    "page-of-the-query": AnswerRule(page_rules.page_of_the_query, fast=None),
    "next-link": AnswerRule(page_rules.next_link, fast=None),
    "filtered-rows": AnswerRule(page_rules.filtered_rows, fast=None, of_request=True),
    "grouped-rows": AnswerRule(page_rules.grouped_rows, fast=None, of_request=True),
    "ordered-rows": AnswerRule(page_rules.ordered_rows, fast=None, of_request=True),
    "rows-of-the-day": AnswerRule(
        page_rules.rows_of_the_day, fast=fast_checks.needs_the_request, of_request=True
    ),
    "generations-agree": GenerationRule(page_rules.generations_agree),
    "partner-sold-is-the-sum": SumRule(cross_rules.partner_sold_is_the_sum),
    "prorated-percent-of-sums": SumRule(cross_rules.prorated_percent_of_sums),
    "partner-groups": SumRule(cross_rules.partner_groups),
    "one-customer": ServiceRule(service_rules.one_customer),
    "own-profile": AnswerRule(rules.own_profile, fast=fast_checks.profiles_are_own),
    "whole-names": AnswerRule(rules.whole_names, fast=fast_checks.names_are_whole),
    SCALE_RULE: ServiceRule(service_rules.one_scale_of_the_service),
    "one-clock": ServiceRule(service_rules.one_clock),
    "believable-date": AnswerRule(rules.believable_date, fast=fast_checks.dates_of_services),
    "dates-that-were-set": AnswerRule(rules.dates_that_were_set, fast=None),
    "one-meaning": ServiceRule(service_rules.one_meaning),
    "links-lead-here": AnswerRule(links.links_lead_here, fast=fast_checks.needs_the_request, of_request=True),
    "one-link-form": ServiceRule(links.one_link_form),
}


def answer_rules(operation: Operation, catalogue: Catalogue) -> Iterator[tuple[Rule, AnswerRule]]:
    """The rules about one answer of an operation, about its rows or its envelope."""
    for rule in catalogue.rules_about(operation):
        registered = RULES[rule.name]
        if isinstance(registered, AnswerRule):
            yield rule, registered


def rule_findings(answer: JudgedResponse, *, of_request: bool | None = None) -> Iterator[Finding]:
    """What breaks any rule about one answer, only those that need its request or time, or only the others."""
    for rule, registered in answer_rules(answer.operation, answer.catalogue):
        if of_request in (None, registered.of_request):
            yield from registered.judge(answer, rule)


def service_findings(answer: JudgedResponse, facts: ServiceFacts) -> Iterator[Finding]:
    """Where an answer says something else than answers before it, which `facts` remembers."""
    for rule in answer.catalogue.rules_about(answer.operation):
        registered = RULES[rule.name]
        if isinstance(registered, ServiceRule) and answer.resource in rule.resources:
            yield from registered.judge(answer, rule, facts)


def generation_findings(newer: JudgedResponse, older: JudgedResponse) -> Iterator[Finding]:
    """Where two answers about one customer, of the newer analytics and of the older, disagree."""
    for rule in newer.catalogue.rules.values():
        registered = RULES[rule.name]
        if isinstance(registered, GenerationRule) and newer.resource in rule.resources:
            yield from registered.judge(newer, older, rule)


def sum_findings(
    partner: JudgedResponse,
    customers: Iterable[JudgedResponse],
    catalogue: Catalogue,
    facts: ServiceFacts | None = None,
    *,
    of_all: bool = True,
) -> Iterator[Finding]:
    """Where a partner's answer breaks a rule about the sums over its customers.

    `customers` holds the answers for every customer of the partner, or not `of_all`, and for none twice.
    """
    pair = PAIRS[partner.resource]
    sums = add_up(customers, pair, of_all=of_all)
    facts = facts or ServiceFacts()
    facts.summed |= summed_groups(partner, pair, sums)
    sums.summed = facts.summed
    scale = partner_scale(partner, pair, sums)
    if scale is not None:
        rule = catalogue.rules[SCALE_RULE]
        yield from service_rules.scale_findings(partner, rule, facts, scale, "/items", pair.percent)
    for rule in catalogue.rules.values():
        registered = RULES[rule.name]
        if isinstance(registered, SumRule) and partner.resource in rule.resources:
            yield from registered.judge(partner, rule, pair, sums)
