"""Mutants of a service as a whole: answers that are right by themselves and do not go together."""

from __future__ import annotations

from typing import Any, Final

from partner_insights.mutants.dates import day_before, of_dates
from partner_insights.mutants.mutant import ASSUMED, DOCUMENTED, BehaviourTable, RequestContext
from partner_insights.mutants.numbers import percent_rule
from partner_insights.mutants.operation_groups import (
    customer_list,
    customers,
    has,
    licences,
    of_customer,
    single_customer,
)
from partner_insights.mutants.response_edits import (
    DATE,
    Row,
    Rows,
    affects,
    in_clear_text,
    of_body,
    of_first,
    of_rows,
)
from partner_insights.mutants.row_sets import FOREIGN

ACROSS_ANSWERS: Final = BehaviourTable()
mutant = ACROSS_ANSWERS.mutant

_ELSEWHERE: Final = "https://partnercenter.elsewhere.example"


def _with_profile(customer: Row, **changed: str) -> Row:
    return {**customer, "companyProfile": {**customer["companyProfile"], **changed}}


def _damaged(name: str) -> str:
    """The name, and an e with an accent in it, as UTF-8 that was read as Latin-1: of any alphabet."""
    return f"{name[:3]}\u00e9{name[3:]}".encode().decode("latin-1")


@mutant("PI214", ASSUMED, of_rows, has("customerName"))
def other_name_in_rows(rows: Rows, _: RequestContext) -> Rows:
    """Rows call their customer otherwise than the list does."""
    return [{**row, "customerName": "Another Company"} for row in rows]


@mutant("PI214", ASSUMED, of_rows, has("customerName"))
def name_cut_off_in_rows(rows: Rows, _: RequestContext) -> Rows:
    """Rows have the first five letters of their customer's name."""
    return [{**row, "customerName": row["customerName"][:5]} for row in rows]


@mutant("PI214", ASSUMED, of_body, single_customer)
def other_name_of_a_customer(body: Any, _: RequestContext) -> Any:
    """A customer by its id has another name than in the list."""
    return _with_profile(body, companyName="Another Company")


@mutant("PI214", ASSUMED, of_body, single_customer)
def other_domain_of_a_customer(body: Any, _: RequestContext) -> Any:
    """A customer by its id has another domain than in the list."""
    return _with_profile(body, domain="another.example")


@mutant("PI214", ASSUMED, of_rows, customer_list)
def exchanged_profiles(rows: Rows, _: RequestContext) -> Rows | None:
    """The first two customers of a page have each other's name and domain."""
    if len(rows) < 2:
        return None
    one, two = ({name: row["companyProfile"][name] for name in ("companyName", "domain")} for row in rows[:2])
    return [_with_profile(rows[0], **two), _with_profile(rows[1], **one), *rows[2:]]


@mutant("PI214", ASSUMED, of_rows, customer_list)
def exchanged_domains(rows: Rows, _: RequestContext) -> Rows | None:
    """The first two customers of a page have each other's domain."""
    if len(rows) < 2:
        return None
    one, two = (row["companyProfile"]["domain"] for row in rows[:2])
    return [_with_profile(rows[0], domain=two), _with_profile(rows[1], domain=one), *rows[2:]]


@mutant("PI215", DOCUMENTED, of_first, customer_list)
def foreign_profile_in_the_list(row: Row, _: RequestContext) -> Row:
    """The profile of a listed customer is of another directory."""
    return _with_profile(row, tenantId=FOREIGN)


@mutant("PI215", DOCUMENTED, of_body, single_customer)
def foreign_profile(body: Any, _: RequestContext) -> Any:
    """The profile of a customer is of another directory."""
    return _with_profile(body, tenantId=FOREIGN)


@mutant("PI216", ASSUMED, of_rows, has("customerName"))
def misread_name_in_rows(rows: Rows, _: RequestContext) -> Rows:
    """Customers' names in rows are UTF-8 that was read in another encoding."""
    return [{**row, "customerName": _damaged(row["customerName"])} for row in rows]


@mutant("PI216", ASSUMED, of_body, customers)
def misread_name(body: Any, _: RequestContext) -> Any:
    """Customers' names are UTF-8 that was read in another encoding."""
    return _with_names(body, _damaged)


@mutant("PI216", ASSUMED, of_body, customers)
def escaped_name(body: Any, _: RequestContext) -> Any:
    """Customers' names have HTML entities."""
    return _with_names(body, lambda name: f"{name} &amp; Sons")


@mutant("PI216", ASSUMED, of_body, customers)
def name_with_lost_letters(body: Any, _: RequestContext) -> Any:
    """Letters of customers' names became replacement characters."""
    return _with_names(body, lambda name: f"{name[:2]}\ufffd{name[3:]}")


def _with_names(body: Any, edit: Any) -> Any:
    def changed(customer: Row) -> Row:
        return _with_profile(customer, companyName=edit(customer["companyProfile"]["companyName"]))

    if "items" not in body:
        return changed(body)
    return {**body, "items": [changed(each) for each in body["items"]]}


@mutant("PI217", ASSUMED, of_rows, has("licensesActive", "licensesQualified"))
def usage_in_the_other_scale(rows: Rows, request: RequestContext) -> Rows | None:
    """All percents of the customers' usage are in another scale than those of their deployment."""
    stated = percent_rule(request)
    if stated is None:
        return None
    name = stated[0]
    factor = 1 / 100 if max(row[name] for row in rows) > 1 else 100
    return [{**row, name: round(row[name] * factor, 6)} for row in rows]


@mutant("PI218", ASSUMED, of_rows, of_customer)
def another_day_for_some_customers(rows: Rows, request: RequestContext) -> Rows | None:
    """Rows of about every third customer are of the day before."""
    return [{**row, DATE: day_before(row[DATE])} for row in rows] if affects(request) else None


@mutant("PI218", ASSUMED, of_rows, of_customer)
def last_year_for_some_customers(rows: Rows, request: RequestContext) -> Rows | None:
    """Rows of about every third customer are years old."""
    return [{**row, DATE: f"2019{row[DATE][4:]}"} for row in rows] if affects(request) else None


def _zone(text: str) -> str:
    """How a date-time ends: with an offset, or without."""
    return "+00:00" if text.endswith("+00:00") else ""


@mutant("PI219", ASSUMED, of_dates, licences)
def date_time_of_the_epoch(text: str) -> str:
    """Date-times are of 1970."""
    return f"1970-01-01T00:00:00{_zone(text)}"


@mutant("PI219", ASSUMED, of_dates, licences)
def smallest_date_time(text: str) -> str:
    """Date-times are of the year 1."""
    return f"0001-01-01T00:00:00{_zone(text)}"


@mutant("PI219", ASSUMED, of_dates, licences)
def date_time_before_the_service(text: str) -> str:
    """Date-times are of a year in which the service did not run yet."""
    return f"2009{text[4:]}"


@mutant("PI220", ASSUMED, of_rows, has("serviceCode"))
def other_service_code_for_some_customers(rows: Rows, request: RequestContext) -> Rows | None:
    """For about every third customer, services have other codes."""
    if not affects(request) or "serviceCode" not in rows[0]:
        return None
    return [{**row, "serviceCode": f"{row['serviceCode']}-2"} for row in rows]


@mutant("PI220", ASSUMED, of_rows, has("workloadCode"))
def other_workload_code_for_some_customers(rows: Rows, request: RequestContext) -> Rows | None:
    """For about every third customer, all workloads have one code."""
    if not affects(request) or "workloadCode" not in rows[0]:
        return None
    return [{**row, "workloadCode": "EXO2"} for row in rows]


def _with_link(body: Any, name: str, uri: str) -> Any:
    link = body["links"].get(name)
    return None if link is None else {**body, "links": {**body["links"], name: {**link, "uri": uri}}}


@mutant("PI221", ASSUMED, of_body, customer_list)
def link_to_another_host(body: Any, _: RequestContext) -> Any:
    """The links of a page lead to another host."""
    return _with_link(body, "self", f"{_ELSEWHERE}/v1/customers")


@mutant("PI221", ASSUMED, of_body, customer_list)
def link_to_a_host_without_scheme(body: Any, _: RequestContext) -> Any:
    """The link of a page begins with two slashes, which lead to another host."""
    return _with_link(body, "self", "//partnercenter.elsewhere.example/customers")


@mutant("PI221", ASSUMED, of_body, customer_list)
def next_page_of_another_host(body: Any, _: RequestContext) -> Any:
    """The link to the next page leads to another host."""
    return _with_link(body, "next", f"{_ELSEWHERE}/v1/customers?size=7")


@mutant("PI221", ASSUMED, of_body, customer_list)
def next_page_in_clear_text(body: Any, request: RequestContext) -> Any:
    """The link to the next page leads to the documented host, without TLS."""
    return _with_link(body, "next", f"{in_clear_text(request)}/v1/customers?size=7")


@mutant("PI221", ASSUMED, of_body, customer_list)
def link_to_another_resource(body: Any, _: RequestContext) -> Any:
    """The link of a page leads to another resource."""
    return _with_link(body, "self", "/v1/invoices")


@mutant("PI222", ASSUMED, of_body, customer_list)
def next_page_with_the_version(body: Any, _: RequestContext) -> Any:
    """The link to the next page has the version in it, the other links have not."""
    link = body["links"].get("next")
    return None if link is None else _with_link(body, "next", f"/v1{link['uri']}")


@mutant("PI222", ASSUMED, of_body, single_customer)
def version_in_the_link_of_a_customer(body: Any, _: RequestContext) -> Any:
    """A customer by its id has the version in its link, the list has not."""
    return _with_link(body, "self", f"/v1{body['links']['self']['uri']}")


@mutant("PI317", ASSUMED, of_rows, customer_list)
def customer_on_every_page(rows: Rows, _: RequestContext) -> Rows:
    """Each page of the list ends with the same customer."""
    return [*rows, {**_with_profile(rows[0], tenantId=FOREIGN), "id": FOREIGN}]


@mutant("PI317", ASSUMED, of_body, customer_list)
def lost_between_pages(body: Any, _: RequestContext) -> Any:
    """Pages after the first leave their first customer out."""
    if not body["links"]["self"]["headers"]:
        return None
    rows = body["items"][1:]
    return {**body, "items": rows, "totalCount": len(rows)}


@mutant("PI317", ASSUMED, of_body, customer_list)
def total_of_another_list(body: Any, _: RequestContext) -> Any:
    """Pages after the first have another total than the pages before."""
    return {**body, "totalCount": 5000} if body["links"]["self"]["headers"] else None
