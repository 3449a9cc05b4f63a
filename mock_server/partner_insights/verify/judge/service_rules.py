"""The rules across all answers of a run: what one answer says is held against what others said before it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from partner_insights.verify.judge.cross_rules import PAIRS
from partner_insights.verify.judge.damaged_names import folded, is_damaged_form
from partner_insights.verify.judge.percents import decided_scale, scale_of
from partner_insights.verify.judge.rules import (
    A_MONTH,
    A_WEEK,
    broken,
    customers_of,
    percent_rows,
    rows_by_service,
    usual_moment,
)
from partner_insights.verify.judge.violation import Finding, display_value, shortened

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from partner_insights.contract import Rule
    from partner_insights.verify.judge.rows import JudgedResponse, Row

MAX_FACTS: Final = 500_000
"""Facts of a service that are remembered."""


SHARED: Final = frozenset({("productName", "productId")})
"""Properties of which two meanings are possible: a product is sold under several ids now and then."""


OF_ONE: Final = frozenset({"name", "domain"})
"""What one customer has of its own: said of another, it was exchanged."""


class Said(NamedTuple):
    """What was said first, and by an answer of which operation."""

    value: Any
    operation: str


@dataclass
class ServiceFacts:
    """What a service said of each subject first."""

    said: dict[Hashable, Said] = field(default_factory=dict)
    named: defaultdict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    """Names and domains of customers, folded, and the ids of those that they were said of."""
    summed: set[tuple[str, ...]] = field(default_factory=set)
    """Services and channels of which the partner has sold what its listed customers have."""

    def first(self, subject: Hashable, value: Any, operation: str) -> Said:
        """What was said of a subject before; what is said now, where nothing was."""
        now = Said(value, operation)
        if len(self.said) >= MAX_FACTS:
            return self.said.get(subject, now)
        return self.said.setdefault(subject, now)


def one_customer(answer: JudgedResponse, rule: Rule, facts: ServiceFacts) -> Iterator[Finding]:
    """PI214."""
    for each in customers_of(answer, rule):
        before = facts.first(("customer", each.id, each.what), each.value, answer.operation.id)
        if each.what in OF_ONE:
            facts.named[each.what, folded(each.value)].add(each.id)
        if before.value != each.value:
            message = (
                f"the {each.what} of {shortened(each.id)} is {display_value(each.value)} here, and "
                f"{display_value(before.value)} in an answer of {before.operation}"
            )
            names = ((each.what, folded(said)) for said in (each.value, before.value))
            others = {customer for name in names for customer in facts.named.get(name, ())}
            damaged = each.what == "name" and is_damaged_form(each.value, before.value)
            certain = damaged or len(others) > 1 or _is_of_one_directory(answer, before)
            yield broken(answer, rule, each.pointer, message, each.property, each.value, certain=certain)


def _is_of_one_directory(answer: JudgedResponse, before: Said) -> bool:
    """Whether the list of customers and the customer itself say it: both read the directory as it is now."""
    operation = answer.catalogue.operations.get(before.operation)
    return (
        operation is not None and operation is not answer.operation and operation.resource == answer.resource
    )


def one_scale_of_the_service(answer: JudgedResponse, rule: Rule, facts: ServiceFacts) -> Iterator[Finding]:
    """PI217; an answer shows its scale by its counts, or by a percent above 1."""
    found = _scale(answer)
    if found is None:
        return
    scale, pointer, name = found
    yield from scale_findings(answer, rule, facts, scale, pointer, name)


def scale_findings(
    answer: JudgedResponse, rule: Rule, facts: ServiceFacts, scale: int, pointer: str, name: str
) -> Iterator[Finding]:
    """Where an answer is in another scale than one before."""
    before = facts.first("scale", scale, answer.operation.id)
    if before.value != scale:
        message = (
            f"the percents of this answer are in the scale of 0 to {scale}, those in an answer of "
            f"{before.operation} in 0 to {before.value}"
        )
        yield broken(answer, rule, pointer, message, name)


def _scale(answer: JudgedResponse) -> tuple[int, str, str] | None:
    """The scale of an answer, with a place that shows it."""
    rows = list(percent_rows(answer))
    scale = scale_of(percent for _, _, percent in rows)
    for row, name, percent in rows:
        if scale is not None and decided_scale(percent) == scale:
            return scale, row.pointer(name), name
    for row in answer.rows if not rows else ():
        for name in answer.percent_names:
            value = row.number(name)
            if value is not None and 1 < value <= 100:
                return 100, row.pointer(name), name
    return None


def one_clock(answer: JudgedResponse, rule: Rule, facts: ServiceFacts) -> Iterator[Finding]:
    """PI218; within one answer it is PI213's. Deployment and usage are aggregated each by itself.

    Between the older operations and the newer, it is PI235's. An answer that was asked for the rows of an
    earlier day says nothing of the clock.
    """
    if answer.query is not None and answer.query.snapshot is not None:
        return
    pair = PAIRS.get(answer.resource)
    dataset = pair.customers if pair is not None else answer.resource
    for service, rows in rows_by_service(answer).items():
        moment = usual_moment(rows)
        row = next(row for row, each in rows if each == moment)
        before = facts.first(("clock", dataset, answer.locale, service), moment, answer.operation.id)
        if before.value == moment:
            before = facts.first(("clock", answer.operation.layout.rows), moment, answer.operation.id)
            if abs(moment - before.value) <= A_WEEK:
                continue
        if before.value != moment:
            message = (
                f"{display_value(row.text('processedDateTime'))} of {display_value(service)} is another "
                f"moment than {before.value.isoformat()} in an answer of {before.operation}"
            )
            certain = abs(moment - before.value) > A_MONTH
            yield broken(answer, rule, row.pointer("processedDateTime"), message, certain=certain)


def one_meaning(answer: JudgedResponse, rule: Rule, facts: ServiceFacts) -> Iterator[Finding]:
    """PI220; each language is by itself, and so are the newer analytics, whose serviceName is no code."""
    told: set[tuple[str, str]] = set()
    generation = answer.operation.layout.rows
    for row in answer.rows:
        yield from _spelling(answer, rule, facts, row)
        for name, meaning in rule.parameters[answer.resource]:
            subject, value = row.text(name), row.text(meaning)
            if subject is None or value is None or (name, subject) in told:
                continue
            before = facts.first(
                (name, meaning, generation, answer.locale, subject), value, answer.operation.id
            )
            if before.value != value:
                told.add((name, subject))
                message = (
                    f"the {meaning} of the {name} {display_value(subject)} is {display_value(value)} here, "
                    f"and {display_value(before.value)} in an answer of {before.operation}"
                )
                certain = False if (name, meaning) in SHARED else None
                yield broken(answer, rule, row.pointer(meaning), message, meaning, value, certain=certain)


def _spelling(answer: JudgedResponse, rule: Rule, facts: ServiceFacts, row: Row) -> Iterator[Finding]:
    """Where a product is written in other letters, or with other blanks, than before."""
    product = row.text("productName")
    if product is None:
        return
    before = facts.first(("spelling", answer.locale, folded(product)), product, answer.operation.id)
    if before.value != product:
        message = (
            f"the product {display_value(product)} is written {display_value(before.value)} in an answer "
            f"of {before.operation}"
        )
        yield broken(answer, rule, row.pointer("productName"), message, "productName", product, certain=False)
