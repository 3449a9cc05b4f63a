"""The rules about one answer: each rule of `rules.toml` across a row or its rows, as a function.

A function passes over values of a wrong type: the schema reports them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from partner_insights.verify.judge.percents import Percent, decided_scale, disagreements, scale_of
from partner_insights.verify.judge.rows import UTC_OFFSET, JudgedResponse, Row
from partner_insights.verify.judge.violation import Finding, display_value, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from partner_insights.contract import Rule


def broken(
    answer: JudgedResponse,
    rule: Rule,
    pointer: str,
    message: str,
    name: str | None = None,
    value: object = None,
) -> Finding:
    """The finding that a rule is broken, with the row of the page it leans on."""
    stated = rule.source or {}
    name = name or stated.get("property")
    return Finding(
        code=rule.code,
        pointer=pointer,
        message=f"{message}; the rule says: {rule.statement}",
        standing=rule.standing,
        source=answer.source(name, stated.get("resource")) if name is not None else None,
        value="" if value is None else display_value(value),
    )


def total_count(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI201."""
    if not isinstance(answer.body, dict) or not isinstance(answer.body.get("items"), list):
        return
    total, length = answer.body.get("totalCount"), len(answer.body["items"])
    if isinstance(total, (int, float)) and not isinstance(total, bool) and total != length:
        yield broken(
            answer,
            rule,
            "/totalCount",
            f"totalCount is {display_value(total)}, and there are {length} items",
            value=total,
        )


def own_customer(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI202; where the answer is no collection, it is itself what has to be the customer's."""
    if answer.customer is None:
        return
    name = rule.parameters[answer.resource]
    for pointer, members in _objects(answer):
        customer = members.get(name)
        if isinstance(customer, str) and customer.lower() != answer.customer.lower():
            message = f"the path asks for {shortened(answer.customer)}, this is of {shortened(customer)}"
            yield broken(answer, rule, f"{pointer}/{name}", message, name, customer)


def _objects(answer: JudgedResponse) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The rows, or the body itself where it is no collection."""
    if answer.operation.envelope is not None:
        yield from ((row.pointer(), row.members) for row in answer.rows)
    elif isinstance(answer.body, dict):
        yield "", answer.body


def unique_rows(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI203."""
    names = tuple(rule.parameters[answer.resource])
    required = set(answer.catalogue.schema(answer.resource).get("required", ())) & set(names)
    first: dict[tuple[str, ...], Row] = {}
    for row in answer.rows:
        if any(row.text(name) is None for name in required):
            continue  # a row without its identity is reported as such, and is like no other
        earlier = first.setdefault(row.key(names), row)
        if earlier is not row:
            same = ", ".join(display_value(row.members[name]) for name in names if name in row.members)
            yield broken(
                answer, rule, row.pointer(), f"rows {earlier.index} and {row.index} are both of {same}"
            )


def deployed_within_sold(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI204."""
    return _within(answer, rule, "licensesDeployed", "licensesSold")


def active_within_qualified(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI205."""
    return _within(answer, rule, "licensesActive", "licensesQualified")


def _within(answer: JudgedResponse, rule: Rule, part: str, whole: str) -> Iterator[Finding]:
    for row in answer.rows:
        some, all_of_them = row.number(part), row.number(whole)
        if some is not None and all_of_them is not None and some > all_of_them:
            message = f"{part} is {display_value(some)}, {whole} is {display_value(all_of_them)}"
            yield broken(answer, rule, row.pointer(part), message, value=some)


def one_percent_scale(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI206; a row shows its scale by its counts, so a percent of zero, or without counts, shows nothing."""
    rows = list(percent_rows(answer))
    scale = scale_of(percent for _, _, percent in rows)
    for row, name, percent in rows:
        found = decided_scale(percent)
        if found is not None and found != scale:
            other = f"in the scale of 0 to {found}, while other rows keep to 0 to {scale}"
            message = f"{name} is {display_value(percent.value)}, {other}"
            yield broken(answer, rule, row.pointer(name), message, name, percent.value)


def percent_of_counts(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI207; a percent in the other scale is PI206's."""
    rows = list(percent_rows(answer))
    scale = scale_of(percent for _, _, percent in rows)
    stated = [percent for _, _, percent in rows]
    scales = (scale,) if scale is not None else (1, 100)
    wrong = set(range(len(rows))).intersection(*(disagreements(stated, each) for each in scales))
    for index in sorted(wrong):
        row, name, percent = rows[index]
        if decided_scale(percent) in (None, scale):
            _, part, whole = rule.parameters[answer.resource]
            message = (
                f"{name} is {display_value(percent.value)}, but {part} / {whole} is "
                f"{display_value(row.members[part])} / {display_value(row.members[whole])}, "
                f"{_ratio(percent.ratio, scale)}"
            )
            yield broken(answer, rule, row.pointer(name), message, name, percent.value)


def _ratio(ratio: Fraction, scale: int | None) -> str:
    if scale is None:
        return f"that is {float(ratio):.6g} or {float(ratio * 100):.6g}"
    return f"that is {float(ratio * scale):.6g}"


def percent_rows(answer: JudgedResponse) -> Iterator[tuple[Row, str, Percent]]:
    """The rows whose percent can be held against its counts."""
    rule = answer.catalogue.rules.get("percent-of-counts")
    stated = rule.parameters.get(answer.resource) if rule is not None else None
    if stated is None:
        return
    name, part, whole = stated
    for row in answer.rows:
        value, some, all_of_them = row.number(name), row.count(part), row.count(whole)
        # Of nothing there is no ratio; more than everything is PI204's or PI205's to report.
        if value is not None and some is not None and all_of_them and some <= all_of_them:
            yield row, name, Percent(value, Fraction(some, all_of_them))


def utc(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI211."""
    for row in answer.rows:
        moment = row.moment("processedDateTime")
        if moment is not None and moment.utcoffset() != UTC_OFFSET:
            stated = row.text("processedDateTime")
            yield broken(
                answer,
                rule,
                row.pointer("processedDateTime"),
                f"{display_value(stated)} is not in UTC",
                value=stated,
            )


def not_in_the_future(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI212; the answer's own Date header counts where it is later than the clock here."""
    for row in answer.rows:
        moment = row.moment("processedDateTime")
        if moment is not None and moment > answer.moment:
            stated = row.text("processedDateTime")
            later = f"later than the answer, which is of {answer.moment:%Y-%m-%dT%H:%M:%SZ}"
            message = f"{display_value(stated)} is {later}"
            yield broken(answer, rule, row.pointer("processedDateTime"), message, value=stated)


def one_date_per_service(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI213."""
    services: defaultdict[str, list[tuple[Row, datetime]]] = defaultdict(list)
    for row in answer.rows:
        service, moment = row.text("serviceName"), row.moment("processedDateTime")
        if service is not None and moment is not None:
            services[service].append((row, moment))
    for service, rows in services.items():
        usual, _ = Counter(moment for _, moment in rows).most_common(1)[0]
        for row, moment in rows:
            if moment != usual:
                stated = row.text("processedDateTime")
                others = f"the other rows of {display_value(service)}"
                message = f"{display_value(stated)} is another moment than that of {others}"
                yield broken(answer, rule, row.pointer("processedDateTime"), message, value=stated)
