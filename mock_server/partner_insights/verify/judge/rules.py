"""The rules about one answer: each rule of `rules.toml` across a row or its rows, as a function.

A function passes over values of a wrong type: the schema reports them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple, TypeGuard

from partner_insights.contract.formats import GUID
from partner_insights.contract.query.moments import as_moment
from partner_insights.verify.judge.damaged_names import damage
from partner_insights.verify.judge.percents import Percent, decided_scale, scale_of, wrong_percents
from partner_insights.verify.judge.rows import UTC_OFFSET, JudgedResponse, Row
from partner_insights.verify.judge.violation import Finding, display_value, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from partner_insights.contract import JsonValue, Rule

A_DAY: Final = timedelta(days=1)
A_WEEK: Final = timedelta(days=7)
"""Rows lag the call by one to five days, each service by itself."""
A_MONTH: Final = timedelta(days=31)
FIRST_DAY: Final = datetime(2016, 1, 1, tzinfo=UTC)
"""Before it, the service had no data: the first published samples are of March 2017."""
FIRST_DATE: Final = "1980-01-01T00:00:00"
"""Before it are the dates that systems write for none."""
PROFILE: Final = "CustomerCompanyProfile"
DATE: Final = "processedDateTime"


def broken(
    answer: JudgedResponse,
    rule: Rule,
    pointer: str,
    message: str,
    name: str | None = None,
    value: object = None,
    *,
    certain: bool | None = None,
) -> Finding:
    """The finding that a rule is broken, with the row of the page it leans on.

    `name` is the property that breaks it, behind its resource and a dot where that is not the answer's.
    `certain` says of this case whether an honest service could break the rule; by default the rule says so.
    """
    stated = rule.source or {}
    name = name or stated.get("property")
    resource, _, name = (name or "").rpartition(".")
    return Finding(
        code=rule.code,
        pointer=pointer,
        message=f"{message}; the rule says: {rule.statement}",
        standing=rule.standing,
        source=answer.source(name, resource or stated.get("resource")) if name else None,
        value="" if value is None else display_value(value),
        certain=rule.weight.certain if certain is None else certain,
    )


def total_count(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI201; of a page amid a list, it may also be the number of all."""
    rows = answer.operation.layout.rows_of(answer.body)
    if rows is None:
        return
    total, length = answer.members.get("totalCount"), len(rows)
    if not isinstance(total, (int, float)) or isinstance(total, bool):
        return
    if total < length or (total > length and not _is_page_amid_a_list(answer)):
        yield broken(
            answer,
            rule,
            "/totalCount",
            f"totalCount is {display_value(total)}, and there are {length} items",
            value=total,
        )


def _is_page_amid_a_list(answer: JudgedResponse) -> bool:
    links = answer.members.get("links")
    others = isinstance(links, dict) and any(links.get(name) for name in ("next", "previous"))
    return others or "seekOperation" in answer.url


def own_customer(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI202; where the answer is no collection, it is itself what has to be the customer's."""
    if answer.customer is None:
        return
    name = rule.parameters[answer.resource]
    for pointer, members in _objects(answer):
        customer = members.get(name)
        if isinstance(customer, str) and customer.lower() != answer.customer.lower():
            message = f"the path asks for {shortened(answer.customer)}, this is of {display_value(customer)}"
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


def part_within_whole(part: str, whole: str) -> Callable[[JudgedResponse, Rule], Iterator[Finding]]:
    """PI204 and PI205, each of a part and a whole of its own."""

    def within(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
        for row in answer.rows:
            some, all_of_them = row.number(part), row.number(whole)
            if some is not None and all_of_them is not None and some > all_of_them:
                message = f"{part} is {display_value(some)}, {whole} is {display_value(all_of_them)}"
                yield broken(answer, rule, row.pointer(part), message, value=some)

    return within


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
    for index, far in wrong_percents([percent for _, _, percent in rows], scale):
        row, name, percent = rows[index]
        if decided_scale(percent) in (None, scale):
            _, part, whole = rule.parameters[answer.resource]
            message = (
                f"{name} is {display_value(percent.value)}, but {part} / {whole} is "
                f"{display_value(row.members[part])} / {display_value(row.members[whole])}, "
                f"{_ratio(percent.ratio, scale)}"
            )
            yield broken(answer, rule, row.pointer(name), message, name, percent.value, certain=far)


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


def _misdated(
    answer: JudgedResponse, rule: Rule, row: Row, words: str, *, certain: bool | None = None
) -> Finding:
    """The finding that the date of a row is wrong; `words` go on behind it."""
    stated = row.text(DATE)
    message = f"{display_value(stated)} {words}"
    return broken(answer, rule, row.pointer(DATE), message, value=stated, certain=certain)


def utc(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI211."""
    for row in answer.rows:
        moment = row.moment(DATE)
        if moment is not None and moment.utcoffset() != UTC_OFFSET:
            yield _misdated(answer, rule, row, "is not in UTC")


def not_in_the_future(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI212; the answer's own Date header counts where it is later than the clock here."""
    for row in answer.rows:
        moment = answer.aggregated(row)
        if moment is not None and moment > answer.moment:
            later = f"is later than the answer, which is of {answer.moment:%Y-%m-%dT%H:%M:%SZ}"
            yield _misdated(answer, rule, row, later, certain=moment > answer.moment + A_DAY)


def one_date_per_service(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI213."""
    for service, rows in rows_by_service(answer).items():
        usual = usual_moment(rows)
        other = f"is another moment than that of the other rows of {display_value(service)}"
        for row, moment in rows:
            if moment != usual:
                yield _misdated(answer, rule, row, other, certain=abs(moment - usual) > A_MONTH)


def rows_by_service(answer: JudgedResponse) -> Mapping[str, list[tuple[Row, datetime]]]:
    """The rows of each service, with the date-time of each."""
    services: defaultdict[str, list[tuple[Row, datetime]]] = defaultdict(list)
    for row in answer.rows:
        service, moment = row.text("serviceName"), answer.aggregated(row)
        if service is not None and moment is not None:
            services[service].append((row, moment))
    return services


def usual_moment(rows: Iterable[tuple[Row, datetime]]) -> datetime:
    """What most of the rows are of, the first's where there are as many of others."""
    return Counter(moment for _, moment in rows).most_common(1)[0][0]


def believable_date(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI219; what is later than the answer says it is of is PI212's."""
    for row in answer.rows:
        moment = answer.aggregated(row)
        if moment is None or moment > answer.moment:
            continue
        if moment < FIRST_DAY or moment > answer.received + A_MONTH:
            yield _misdated(answer, rule, row, "is of no day on which a service ran")


def dates_that_were_set(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI238."""
    properties = answer.catalogue.schema(answer.resource)["properties"]
    dates = [name for name, each in properties.items() if str(each.get("format", "")).startswith("date")]
    for row in answer.rows:
        for name in dates:
            moment = as_moment(row.members.get(name))
            if moment is not None and moment < FIRST_DATE:
                stated = row.text(name)
                yield broken(
                    answer, rule, row.pointer(name), f"{name} is {display_value(stated)}", name, stated
                )


class SaidOfCustomer(NamedTuple):
    """What an answer says of a customer."""

    id: str
    what: str
    """`name`, `domain` or `relationship`."""
    value: str
    pointer: str
    property: str


def customers_of(answer: JudgedResponse, rule: Rule) -> Iterator[SaidOfCustomer]:
    """What an answer says of customers whose id is known, by the row or by the path."""
    name = rule.parameters[answer.resource]
    for pointer, members in _objects(answer):
        if answer.resource == "Customer":
            guid, profile = members.get("id"), members.get("companyProfile")
            within = profile if isinstance(profile, dict) else {}
            said: tuple[tuple[str, object, str, str], ...] = (
                ("name", within.get(name), f"{pointer}/companyProfile/{name}", f"{PROFILE}.{name}"),
                ("domain", within.get("domain"), f"{pointer}/companyProfile/domain", f"{PROFILE}.domain"),
                (
                    "relationship",
                    members.get("relationshipToPartner"),
                    f"{pointer}/relationshipToPartner",
                    "relationshipToPartner",
                ),
            )
        else:
            guid = members.get("customerId", members.get("customerTenantId", answer.customer))
            said = (("name", members.get(name), f"{pointer}/{name}", name),)
        if _is_guid(guid):
            for what, value, place, stated in said:
                if isinstance(value, str):
                    yield SaidOfCustomer(guid.lower(), what, value, place, stated)


def own_profile(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI215; of another customer than the one asked for, it is PI202's."""
    for pointer, members in _objects(answer):
        profile = members.get("companyProfile")
        guid, tenant = members.get("id"), profile.get("tenantId") if isinstance(profile, dict) else None
        if not (_is_guid(guid) and _is_guid(tenant)) or guid.lower() == tenant.lower():
            continue
        if (
            answer.operation.envelope is None
            and answer.customer is not None
            and answer.customer.lower() != guid.lower()
        ):
            continue
        message = f"the customer is {shortened(guid)}, its profile is of {shortened(tenant)}"
        yield broken(answer, rule, f"{pointer}/companyProfile/tenantId", message, value=tenant)


def _is_guid(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and GUID.fullmatch(value) is not None


def whole_names(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI216."""
    for pointer, members in _objects(answer):
        place, name = _name_of(members)
        found = damage(name) if isinstance(name, str) else None
        if found is not None:
            words, certain = found
            message = f"the name {display_value(name)} is damaged: {words}"
            stated = f"{PROFILE}.companyName" if "/" in place else place
            yield broken(answer, rule, f"{pointer}/{place}", message, stated, name, certain=certain)


def _name_of(members: Mapping[str, JsonValue]) -> tuple[str, JsonValue]:
    """Where the name of a customer stands in a row or a customer, and what it is."""
    profile = members.get("companyProfile")
    if isinstance(profile, dict):
        return "companyProfile/companyName", profile.get("companyName")
    return "customerName", members.get("customerName")
