"""An exchange → every violation of the contract it holds."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import orjson

from partner_insights.verify.judge.body_checks import BodyChecks
from partner_insights.verify.judge.expected import (
    ALTERNATIVE_CODES,
    NO_RELATIONSHIP,
    SERVICE_FAILURES,
    Expectation,
    expectation,
)
from partner_insights.verify.judge.framing import field_findings, is_encoded, throttle_findings
from partner_insights.verify.judge.http_checks import (
    ANSWERED_INSTEAD,
    HEAD_REFUSED,
    head_findings,
    header_findings,
    http_finding,
    status_findings,
)
from partner_insights.verify.judge.json_body import read_body
from partner_insights.verify.judge.links import form_observations
from partner_insights.verify.judge.page_rules import whole_findings
from partner_insights.verify.judge.rows import JudgedResponse, Row, judged_response, success_of
from partner_insights.verify.judge.rule_registry import generation_findings, rule_findings, sum_findings
from partner_insights.verify.judge.schema_checks import schema_findings, undocumented
from partner_insights.verify.judge.violation import Finding, Observation, Violation, display_value, violation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from partner_insights.contract import Catalogue, ErrorCase, JsonValue, Profile
    from partner_insights.verify.judge.exchange import Exchange, Response
    from partner_insights.verify.judge.service_rules import ServiceFacts


TENANT: Final = "customerTenantId"
"""The property by which rows of the newer analytics name their customer."""


def judge_exchange(
    exchange: Exchange,
    catalogue: Catalogue,
    *,
    profile: Profile,
    checks: BodyChecks | None = None,
    clean: bool = False,
) -> list[Violation]:
    """Every violation in one exchange: status, headers, bytes, schema, rules; in that order.

    `checks` remembers bodies from one exchange to the next, for one catalogue. Of a body that is known to be
    `clean` by itself, an answer of this operation, only the rules about its request are left to be judged.
    """
    findings = _findings(exchange, catalogue, None if clean else checks or BodyChecks())
    return [violation(finding, exchange.request, profile) for finding in findings]


def has_clean_head(exchange: Exchange, catalogue: Catalogue) -> bool:
    """Whether nothing is wrong with the success that a request is owed, but for what it holds."""
    expected = expectation(exchange.request, catalogue)
    if exchange.response is None or not expected.succeeds:
        return False
    return next(_head_findings(exchange, exchange.response, expected, None, catalogue), None) is None


def judge_head(get: Exchange, head: Exchange, *, profile: Profile) -> list[Violation]:
    """Where the answer to a HEAD is not that to the same GET without the body."""
    if get.response is None or head.response is None:
        return []
    return [
        violation(finding, head.request, profile) for finding in head_findings(get.response, head.response)
    ]


def differ(first: Exchange, again: Exchange, *, words: bool = True) -> bool:
    """Whether a request was answered with other data; not where it was not answered.

    Without `words`, texts may differ, as they do in two languages.
    """
    if first.response is None or again.response is None:
        return False
    if (first.response.status, first.response.body) == (again.response.status, again.response.body):
        return False
    return _substance(first.response, words=words) != _substance(again.response, words=words)


def judge_repeat(
    first: Exchange, again: Exchange, *later: Exchange, profile: Profile, words: bool = True
) -> list[Violation]:
    """Where the same request, sent twice, is answered with other data.

    Answers that come `later`, and change once more, tell a service that wavers from one with renewed data.
    """
    if first.response is None or again.response is None or not differ(first, again, words=words):
        return []
    before, after = first.response.status, again.response.status
    message = "the same request was answered with other data"
    if before != after:
        message = f"the same request was answered {before}, then {after}"
    wavers = any(differ(one, two, words=words) for one, two in pairwise((again, *later)))
    if wavers:
        message += ", and otherwise again after that: the data were not just renewed"
    return [violation(http_finding("PI314", message, certain=wavers), again.request, profile)]


def judge_sums(
    partner: Exchange,
    customers: Iterable[Exchange],
    catalogue: Catalogue,
    *,
    profile: Profile,
    facts: ServiceFacts | None = None,
    of_all: bool = True,
) -> list[Violation]:
    """Where a partner's answer is not the sum of its customers' answers.

    All of them must be given; not `of_all`, it may only not be less. `facts` tells of the scale of percents.
    """
    total = success_of(partner, catalogue)
    parts = [success_of(exchange, catalogue) for exchange in customers]
    if total is None or None in parts:
        return []  # reported where it happened; a sum of part of the customers says nothing
    given = (part for part in parts if part is not None)
    findings = sum_findings(total, given, catalogue, facts, of_all=of_all)
    return [violation(finding, partner.request, profile) for finding in findings]


def judge_generations(
    newer: Exchange, older: Exchange, catalogue: Catalogue, *, profile: Profile
) -> list[Violation]:
    """Where the newer analytics say otherwise of a customer than the older."""
    after, before = success_of(newer, catalogue), success_of(older, catalogue)
    if after is None or before is None:
        return []  # reported where it happened
    return [violation(each, newer.request, profile) for each in generation_findings(after, before)]


def judge_generations_of_all(
    newer: Exchange,
    rows: Iterable[dict[str, JsonValue]],
    older: Iterable[Exchange],
    catalogue: Catalogue,
    *,
    profile: Profile,
) -> list[Violation]:
    """The same of each customer with an older answer: `rows` are those of all pages, `newer` the first."""
    after = success_of(newer, catalogue)
    if after is None:
        return []
    of_customers: defaultdict[str, list[Row]] = defaultdict(list)
    for index, members in enumerate(rows):
        row = Row(index, members, after.operation.layout.rows)
        of_customers[(row.text(TENANT) or "").lower()].append(row)
    befores = (success_of(exchange, catalogue) for exchange in older)
    return [
        violation(each, newer.request, profile)
        for before in befores
        if before is not None and before.customer is not None
        for each in generation_findings(
            replace(after, rows=tuple(of_customers[before.customer.lower()])), before
        )
    ]


def judge_whole(
    exchange: Exchange,
    found: list[JsonValue],
    whole: list[JsonValue],
    catalogue: Catalogue,
    *,
    profile: Profile,
) -> list[Violation]:
    """Where the rows of a query, all its pages together, are not what it leaves of all rows."""
    answer = success_of(exchange, catalogue)
    if answer is None:
        return []
    return [violation(each, exchange.request, profile) for each in whole_findings(answer, found, whole)]


def observe(exchange: Exchange, catalogue: Catalogue) -> Iterator[Observation]:
    """What one exchange shows that no page speaks of."""
    response, operation = exchange.response, exchange.request.operation
    if response is None or exchange.request.method == "HEAD":
        return
    if read_body(response.body).bom:
        yield Observation(
            "bom", operation, "", "the body starts with a UTF-8 byte order mark; some clients fail on it"
        )
    found = success_of(exchange, catalogue)
    if found is not None:
        yield from content_observations(found)


def content_observations(found: JudgedResponse) -> Iterator[Observation]:
    """What the content of a success shows that no page speaks of."""
    if found.unread:
        return
    operation, catalogue = found.operation, found.catalogue
    query = found.query
    narrowed = query is not None and bool(query.filter or query.skip or query.snapshot)
    if operation.layout.rows_of(found.body) == [] and not narrowed:
        pointer = f"/{operation.layout.rows}"
        yield Observation(
            "empty-collection", operation.id, pointer, "the collection is empty: no rows were there to judge"
        )
    schema = catalogue.response_schema(operation, found.form)
    yield from undocumented(found.body, schema, catalogue, operation.id)
    yield from form_observations(found)


def _substance(response: Response, *, words: bool) -> tuple[int, JsonValue]:
    """What an answer says, whatever the order of its rows and members; without `words`, only its numbers."""
    body = read_body(response.body)
    if not body.readable:
        return response.status, response.body
    value = body.value if words else _without_words(body.value)
    if isinstance(value, dict):
        rows = {name: _unordered(each) for name, each in value.items() if isinstance(each, list)}
        value = value | rows
        value.pop("links", None)  # a continuation token may be new each time
    return response.status, value


def _without_words(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {name: _without_words(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_words(each) for each in value]
    return "" if isinstance(value, str) else value


def _unordered(rows: list[JsonValue]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def _findings(exchange: Exchange, catalogue: Catalogue, checks: BodyChecks | None) -> Iterator[Finding]:
    """Without `checks`, the body is known to be clean."""
    response = exchange.response
    if response is None:
        if exchange.failure is not None:
            yield http_finding(exchange.failure.code, exchange.failure.reason)
        return
    expected = expectation(exchange.request, catalogue)
    if exchange.request.method == "HEAD" and response.status in HEAD_REFUSED:
        return  # no page documents HEAD; judge_head says what it thinks of it
    if is_without_relationship(exchange, expected):
        expected = Expectation(expected.operation, (catalogue.error_cases["unknown-customer"],))
    case = expected.case_for(response.status) or _bad_day(response.status, expected)
    yield from _head_findings(exchange, response, expected, case, catalogue)
    if exchange.request.method not in ("HEAD", "OPTIONS") and response.status != 204:
        yield from _body_findings(exchange, response, expected, case, catalogue, checks)


def _head_findings(
    exchange: Exchange,
    response: Response,
    expected: Expectation,
    case: ErrorCase | None,
    catalogue: Catalogue,
) -> Iterator[Finding]:
    """What is wrong with the status, the fields, and the bytes on the wire."""
    yield from status_findings(exchange, response, expected)
    yield from header_findings(exchange, response, catalogue, case)
    yield from field_findings(exchange.request, response)
    for fault in response.faults:
        yield http_finding(fault.code, fault.reason, certain=fault.certain)


def is_without_relationship(exchange: Exchange, expected: Expectation) -> bool:
    """Whether a listed customer is refused as documented: there is no commerce relationship with it."""
    response, operation = exchange.response, expected.operation
    if response is None or response.status != 403 or operation is None or not expected.succeeds:
        return False
    if all(case.case != "unknown-customer" for case in operation.errors):
        return False
    body = read_body(response.body).value if operation.per_customer else None
    return isinstance(body, dict) and body.get("code") == NO_RELATIONSHIP


def _bad_day(status: int, expected: Expectation) -> ErrorCase | None:
    """The documented failure of the service that this status means: not owed, but its form is known."""
    cases = expected.operation.errors if expected.operation is not None else ()
    return next((case for case in cases if case.case in SERVICE_FAILURES and case.status == status), None)


def _body_findings(
    exchange: Exchange,
    response: Response,
    expected: Expectation,
    case: ErrorCase | None,
    catalogue: Catalogue,
    checks: BodyChecks | None,
) -> Iterator[Finding]:
    if checks is None and expected.operation is not None:
        found = judged_response(orjson.loads(response.body), expected.operation, exchange, catalogue)
        yield from rule_findings(found, of_request=True)
        return
    body = read_body(response.body)
    if not body.readable and is_encoded(response):
        return  # that it came in this coding is reported; what is in it is not known
    yield from body.defects
    if not body.readable:
        return
    if case is not None:
        case = expected.case_for(response.status, body.value) or case
        yield from error_findings(body.value, case, catalogue)
        yield from throttle_findings(body.value, response)
        yield from _leak_findings(body.value, response.status, expected)
    elif response.status == 200 and expected.succeeds and expected.operation is not None:
        found = judged_response(body.value, expected.operation, exchange, catalogue)
        yield from (checks or BodyChecks()).findings(found)


def _leak_findings(value: JsonValue, status: int, expected: Expectation) -> Iterator[Finding]:
    """Data in the body of a refusal: whoever reads the body has what it was refused."""
    operation = expected.operation
    if operation is None or not isinstance(value, dict):
        return
    one = "id" in value and "code" not in value
    if operation.layout.rows_of(value) if operation.envelope is not None else one:
        for code in {
            ANSWERED_INSTEAD[each.case] for each in expected.refusals if each.case in ANSWERED_INSTEAD
        }:
            yield http_finding(code, f"the answer is {status}, and has the data all the same")


def error_findings(value: JsonValue, case: ErrorCase, catalogue: Catalogue) -> Iterator[Finding]:
    """What is wrong with the body of a documented refusal."""
    yield from schema_findings(value, catalogue.error_schema(case), catalogue)
    code = value.get("code") if isinstance(value, dict) else None
    if case.code is None or not isinstance(code, str):
        return
    documented = {case.code} | ALTERNATIVE_CODES.get(case.case, frozenset())
    if code not in {str(number) for number in documented}:
        expected = " or ".join(str(number) for number in sorted(documented))
        yield http_finding(
            "PI405",
            f"the error code of {case.case} is {expected}; the service sent {display_value(code)}",
            "/code",
        )
