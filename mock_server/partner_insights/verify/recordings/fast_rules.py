"""The rules of an operation → one fast check of rows that fit their schema."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from partner_insights.verify.judge.fast_checks import FastCheck, PastCheck, RuleContext
from partner_insights.verify.judge.rule_registry import answer_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.verify.judge.fast_checks import CheckOfRequest, Requested


@dataclass(frozen=True)
class FastRules:
    """Whether the rows of one answer certainly keep every rule."""

    checks: tuple[FastCheck, ...]
    of_request: tuple[CheckOfRequest, ...] | None
    """What checks the rules that need the request; None where one has no fast check."""

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        """All that the checks read of a row: attribute → property."""
        return dict(pair for check in self.checks for pair in check.attributes)

    @cached_property
    def proven_formats(self) -> frozenset[str]:
        """Properties whose format needs no other check."""
        return frozenset(check.proves_format for check in self.checks if check.proves_format is not None)

    @cached_property
    def of_any_part(self) -> bool:
        """Whether rows that keep all rules together keep them in any part."""
        return all(check.of_any_part for check in self.checks)

    def row(self, members: Mapping[str, Any]) -> Any:
        """A row for `hold` of a JSON object."""
        return SimpleNamespace(**{name: members.get(place) for name, place in self.attributes.items()})

    def hold(self, rows: Sequence[Any]) -> bool:
        """Whether the rows of one answer keep every rule: objects with all `attributes`."""
        try:
            return all(check.keep(rows) for check in self.checks)
        except TypeError:
            return False  # a property is missing, or holds what no check expects

    def fit_request(self, rows: Sequence[Any], asked: Requested) -> bool:
        """Whether the rows of one answer certainly keep every rule that needs the request."""
        try:
            return self.of_request is not None and all(keep(rows, asked) for keep in self.of_request)
        except AttributeError:
            return False  # a property is missing


def fast_rules(operation: Operation, catalogue: Catalogue, past: PastCheck) -> FastRules | None:
    """What checks an operation's rows; None where a rule about them has no fast check."""
    checks: list[FastCheck] = []
    of_request: list[CheckOfRequest | None] = []
    for rule, registered in answer_rules(operation, catalogue):
        if registered.fast is None:
            return None
        context = RuleContext(rule, operation.resource, catalogue, past)
        checks.append(registered.fast(context))
        if registered.of_request:
            of_request.append(registered.fast_of_request(context) if registered.fast_of_request else None)
    known = tuple(each for each in of_request if each is not None)
    rules = FastRules(
        tuple(dict.fromkeys(check for check in checks if check.attributes)),
        known if len(known) == len(of_request) else None,
    )
    pairs = {pair for check in rules.checks for pair in check.attributes}
    return rules if len(pairs) == len(rules.attributes) else None  # no attribute holds two properties
