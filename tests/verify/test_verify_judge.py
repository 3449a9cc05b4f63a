"""Laws of the judge: silent on what keeps the contract, and of a planted fault it names that one only."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue, Profile, Severity, Standing
from partner_insights.verify import (
    Exchange,
    Failure,
    Token,
    judge_exchange,
    judge_head,
    judge_repeat,
    judge_sums,
    observe,
)
from partner_insights.verify.judge.rule_registry import RULES
from partner_insights.verify.judge.schema_checks import undocumented
from partner_insights.verify.judge.violation import display_value

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATIONS = tuple(Catalogue.load().operations)
DEPLOYMENT, USAGE = "customer-licenses-deployment", "customer-licenses-usage"
PARTNER_DEPLOYMENT, PARTNER_USAGE = "partner-licenses-deployment", "partner-licenses-usage"
HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "MS-RequestId": "25b6edd5-1f53-456b-b48c-c64f60ec2dda",
    "MS-CorrelationId": "6492b9d6-5629-429b-934c-040b1946e760",
    "MS-CV": "f0trvmq8mEScHcFS.0",
    "MS-ServerId": "102030524",
}

UNUSED = {
    "PI108": "no table gives a closed list of values",
    "PI111": "no table gives a pattern",
    "PI112": "no table gives an excluded bound",
    "PI113": "no table gives an excluded bound",
    "PI114": "no table allows null beside a resource",
}
"""Codes that the shipped tables cannot raise, and why; `tests/mutants` raises them over HTTP by others."""


def without(*names: str, **changed: str) -> tuple[tuple[str, str], ...]:
    kept = {name: value for name, value in HEADERS.items() if name not in names}
    return tuple((kept | {name.replace("_", "-"): value for name, value in changed.items()}).items())


def in_row(name: str, value: Any, index: int = 0) -> Callable[[Any], None]:
    def spoil(body: Any) -> None:
        body["items"][index][name] = value

    return spoil


def drop(name: str) -> Callable[[Any], None]:
    def spoil(body: Any) -> None:
        del body["items"][0][name]

    return spoil


def same_row_twice(body: Any) -> None:
    body["items"].append(copy.deepcopy(body["items"][0]))
    body["totalCount"] += 1


def first_in_other_scale(body: Any) -> None:
    extra = copy.deepcopy(body["items"][1]) | {"productName": "OFFICE 365 BUSINESS ESSENTIALS"}
    body["items"].append(extra)
    body["totalCount"] += 1
    body["items"][0]["deploymentPercent"] = 0.0243


def rename(name: str, other: str) -> Callable[[Any], None]:
    def spoil(body: Any) -> None:
        body["items"][0][other] = body["items"][0].pop(name)

    return spoil


def in_profile(name: str, value: Any) -> Callable[[Any], None]:
    def spoil(body: Any) -> None:
        customer = body["items"][0] if "items" in body else body
        customer["companyProfile"][name] = value

    return spoil


def in_link(name: str, value: Any) -> Callable[[Any], None]:
    return lambda body: body["links"]["self"].update({name: value})


def repeated_in_another_case(body: Any) -> None:
    """The first row again, its names in capitals and with blanks around them."""
    row = dict(body["items"][0])
    row["workloadName"] = f" {row['workloadName'].upper()} "
    body["items"].append(row)
    body["totalCount"] += 1


DATE = "/items/0/processedDateTime"
OTHER = "5b1c1f0e-6a57-4b8e-8a0a-0f6d1c2b3a49"

SPOILT_BODIES: list[tuple[str, str, Callable[[Any], None], str]] = [
    ("PI231", "licenses-usage-analytics", lambda body: body.update(TotalCount=99), "/TotalCount"),
    (
        "PI238",
        "subscriptions-analytics",
        lambda body: body["Value"][0].update(creationDate="1601-01-01T00:00:00"),
        "/Value/0/creationDate",
    ),
    (
        "PI232",
        "licenses-usage-analytics",
        lambda body: body.update({"@nextLink": "license?skip=2"}),
        "/@nextLink",
    ),
    ("PI101", USAGE, in_row("workloadName", 3.14), "/items/0/workloadName"),
    ("PI101", USAGE, in_row("licensesActive", "5"), "/items/0/licensesActive"),
    ("PI101", DEPLOYMENT, in_row("customerName", None), "/items/0/customerName"),
    ("PI101", PARTNER_USAGE, in_row("channel", ["reseller"]), "/items/0/channel"),
    ("PI101", USAGE, lambda body: body.update(totalCount="2"), "/totalCount"),
    ("PI101", USAGE, lambda body: body.update(items={}), "/items"),
    ("PI102", USAGE, drop("licensesQualified"), "/items/0/licensesQualified"),
    ("PI102", USAGE, rename("workloadName", "WorkloadName"), "/items/0/workloadName"),
    ("PI102", DEPLOYMENT, lambda body: body.pop("totalCount"), "/totalCount"),
    (
        "PI102",
        PARTNER_USAGE,
        lambda body: body["items"][0]["attributes"].clear(),
        "/items/0/attributes/objectType",
    ),
    (
        "PI103",
        USAGE,
        in_row("attributes", {"objectType": "customerLicensesUsageInsights"}),
        "/items/0/attributes/objectType",
    ),
    (
        "PI103",
        USAGE,
        lambda body: body.update(attributes={"objectType": "collection"}),
        "/attributes/objectType",
    ),
    (
        "PI104",
        PARTNER_USAGE,
        in_row("processedDateTime", "2026-03-10T00:00:00"),
        "/items/0/processedDateTime",
    ),
    ("PI104", PARTNER_USAGE, in_row("processedDateTime", "10/03/2026"), "/items/0/processedDateTime"),
    ("PI104", "customers", in_row("id", "4d3cf487"), "/items/0/id"),
    ("PI105", PARTNER_DEPLOYMENT, in_row("licensesSold", -1), "/items/0/licensesSold"),
    (
        "PI106",
        PARTNER_DEPLOYMENT,
        in_row("proratedDeploymentPercent", 100.5),
        "/items/0/proratedDeploymentPercent",
    ),
    ("PI107", PARTNER_DEPLOYMENT, in_row("licensesSold", 280.5), "/items/0/licensesSold"),
    ("PI201", USAGE, lambda body: body.update(totalCount=3), "/totalCount"),
    ("PI201", "customers", lambda body: body.update(totalCount=0), "/totalCount"),
    ("PI202", USAGE, in_row("customerId", "5b1c1f0e-6a57-4b8e-8a0a-0f6d1c2b3a49"), "/items/0/customerId"),
    ("PI202", "customer", lambda body: body.update(id="5b1c1f0e-6a57-4b8e-8a0a-0f6d1c2b3a49"), "/id"),
    ("PI203", USAGE, repeated_in_another_case, "/items/2"),
    ("PI203", PARTNER_USAGE, repeated_in_another_case, "/items/2"),
    ("PI203", "customers", same_row_twice, "/items/1"),
    ("PI203", USAGE, same_row_twice, "/items/2"),
    ("PI203", DEPLOYMENT, same_row_twice, "/items/2"),
    ("PI203", PARTNER_DEPLOYMENT, same_row_twice, "/items/1"),
    ("PI203", PARTNER_USAGE, same_row_twice, "/items/2"),
    ("PI204", DEPLOYMENT, in_row("licensesDeployed", 207), "/items/0/licensesDeployed"),
    ("PI205", USAGE, in_row("licensesActive", 207), "/items/0/licensesActive"),
    ("PI206", DEPLOYMENT, first_in_other_scale, "/items/0/deploymentPercent"),
    ("PI207", DEPLOYMENT, in_row("deploymentPercent", 3.43), "/items/0/deploymentPercent"),
    ("PI207", USAGE, in_row("usagePercent", 2.45), "/items/0/usagePercent"),
    (
        "PI211",
        PARTNER_DEPLOYMENT,
        in_row("processedDateTime", "2026-03-10T01:00:00+01:00"),
        "/items/0/processedDateTime",
    ),
    (
        "PI212",
        PARTNER_DEPLOYMENT,
        in_row("processedDateTime", "2999-03-10T00:00:00Z"),
        "/items/0/processedDateTime",
    ),
    ("PI213", USAGE, in_row("processedDateTime", "2026-03-09T00:00:00Z", 1), "/items/1/processedDateTime"),
    ("PI215", "customer", in_profile("tenantId", OTHER), "/companyProfile/tenantId"),
    ("PI215", "customers", in_profile("tenantId", OTHER), "/items/0/companyProfile/tenantId"),
    ("PI216", "customer", in_profile("companyName", "Caf\u00c3\u00a9"), "/companyProfile/companyName"),
    ("PI216", "customers", in_profile("companyName", "Contoso\ufffd"), "/items/0/companyProfile/companyName"),
    ("PI216", USAGE, in_row("customerName", "Smith &amp; Sons"), "/items/0/customerName"),
    ("PI219", PARTNER_DEPLOYMENT, in_row("processedDateTime", "1970-01-01T00:00:00Z"), DATE),
    ("PI219", PARTNER_DEPLOYMENT, in_row("processedDateTime", "0001-01-01T00:00:00Z"), DATE),
    (
        "PI221",
        "customers",
        in_link("uri", "https://elsewhere.example/v1/customers?size=1"),
        "/links/self/uri",
    ),
    ("PI221", "customers", in_link("uri", "//elsewhere.example/v1/customers"), "/links/self/uri"),
    (
        "PI221",
        "customers",
        in_link("uri", "http://api.partnercenter.microsoft.com/v1/customers"),
        "/links/self/uri",
    ),
    ("PI221", "customers", in_link("uri", "customers?size=1"), "/links/self/uri"),
    ("PI221", "customers", in_link("uri", "/v1/invoices"), "/links/self/uri"),
    ("PI221", "customers", in_link("method", "POST"), "/links/self/method"),
]
"""Code, operation, what spoils the good body, and where the judge must point."""

SPOILT_BYTES: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("PI306", lambda content: b""),
    ("PI306", lambda content: b"\xef\xbb\xbf"),
    ("PI307", lambda content: content[:-7]),
    ("PI307", lambda content: content + b"}"),
    ("PI307", lambda content: b"<!DOCTYPE html><html><body>Service Unavailable</body></html>"),
    ("PI308", lambda content: content.replace(b"Contoso", b"Conto\xff\xffso")),
    ("PI308", lambda content: content.decode().encode("utf-16")),
    ("PI309", lambda content: content.replace(b'"totalCount"', b'"totalCount": 2, "totalCount"')),
    ("PI310", lambda content: content.replace(b": 206", b": NaN")),
    ("PI310", lambda content: content.replace(b": 206", b": -Infinity")),
    ("PI311", lambda content: b"[" * 100_000),
    ("PI311", lambda content: content.replace(b'"Contoso"', b"[" * 200 + b"]" * 200)),
]

SPOILT_ANSWERS: list[tuple[str, str | None, dict[str, Any]]] = [
    ("PI301", USAGE, {"status": 204, "content": b"", "headers": without("Content-Type")}),
    ("PI301", USAGE, {"status": 500, "body": {"code": "500", "description": "Oops", "source": "x"}}),
    ("PI301", USAGE, {"status": 302, "body": {}}),
    ("PI301", None, {"status": 200, "body": {}}),
    ("PI301", USAGE, {"method": "POST"}),
    ("PI301", USAGE, {"headers_sent": (("Accept", "text/html"),)}),
    ("PI302", USAGE, {"headers": without(Content_Type="text/html; charset=utf-8")}),
    ("PI302", USAGE, {"headers": without("Content-Type")}),
    ("PI303", USAGE, {"headers": without(Content_Type="application/json")}),
    ("PI303", USAGE, {"headers": without(Content_Type="application/json; charset=latin-1")}),
    ("PI304", USAGE, {"headers": without(MS_RequestId="25b6edd5-1f53-456b-b48c-000000000000")}),
    ("PI304", USAGE, {"headers": without("MS-CorrelationId")}),
    ("PI305", USAGE, {"headers": without("MS-CV")}),
    ("PI305", USAGE, {"headers": without("MS-ServerId")}),
    ("PI324", USAGE, {"headers": without(ETag="5c7f")}),
    ("PI324", USAGE, {"headers": without(Age="-5")}),
    ("PI324", USAGE, {"headers": without(Cache_Control="max-age=soon")}),
    ("PI324", USAGE, {"headers": without(Cache_Control="Public, max-age=60")}),
    ("PI324", USAGE, {"headers": without(Cache_Control="s-maxage=60")}),
    ("PI401", USAGE, {"token": Token.ABSENT}),
    ("PI401", PARTNER_USAGE, {"token": Token.INVALID}),
    ("PI402", USAGE, {"token": Token.APP_ONLY}),
    ("PI403", USAGE, {"customer_known": False}),
    ("PI404", USAGE, {"customer": "not-a-guid", "customer_known": False}),
]
"""Code, operation, and the parts of the exchange that are not as they should be."""

REFUSED = {"code": "400", "description": "Access denied", "source": "x"}
SPOILT_REFUSALS: list[tuple[str, dict[str, Any]]] = [
    ("PI101", {"body": REFUSED | {"data": None}}),
    ("PI101", {"body": REFUSED | {"code": 400}}),
    ("PI102", {"body": {"code": "400", "source": "x"}}),
    ("PI109", {"body": REFUSED | {"description": ""}}),
    ("PI110", {"body": REFUSED | {"description": "x" * 1025}}),
    ("PI301", {"status": 403}),
    ("PI313", {"headers": without()}),
    ("PI405", {"body": REFUSED | {"code": "2032"}}),
    ("PI319", {"headers": without(WWW_Authenticate="Bearer", MS_CorrelationId="17")}),
    ("PI320", {"headers": without(WWW_Authenticate="Bearer", Retry_After="soon")}),
    ("PI320", {"headers": without(WWW_Authenticate="Bearer", Retry_After="-1")}),
    ("PI320", {"headers": without(WWW_Authenticate="Bearer", Retry_After="Sun, 06 Nov 1994 08:49:37 GMT")}),
    ("PI320", {"headers": without(WWW_Authenticate="Bearer", Date="2026-03-10")}),
    ("PI320", {"headers": without(WWW_Authenticate="Bearer", Last_Modified="yesterday")}),
    (
        "PI321",
        {"headers": without(WWW_Authenticate="Bearer", Content_Length="7", Transfer_Encoding="chunked")},
    ),
    ("PI321", {"headers": (*without(WWW_Authenticate="Bearer"), ("Content-Type", "application/json"))}),
    ("PI321", {"headers": without(WWW_Authenticate="Bearer", Transfer_Encoding="gzip, chunked")}),
    ("PI321", {"headers": without(WWW_Authenticate="Bearer", Transfer_Encoding="chunked, chunked")}),
]


def pointed_at(body: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        body = body[int(step) if isinstance(body, list) else step]
    return body


def codes(violations: list[Any]) -> set[str]:
    return {violation.code for violation in violations}


@pytest.mark.parametrize("profile", [Profile.CORRECTED, Profile.STRICT])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_keeps_the_contract_is_not_accused(plant: Any, operation: str, profile: Profile) -> None:
    """A good answer has no violation, warnings included, with or without a byte order mark."""
    exchange = plant.exchange(operation)
    assert judge_exchange(exchange, plant.catalogue, profile=profile) == []
    marked = plant.exchange(operation, content=b"\xef\xbb\xbf" + exchange.response.body)
    assert judge_exchange(marked, plant.catalogue, profile=profile) == []
    assert [observation.kind for observation in observe(marked, plant.catalogue)] == ["bom"]


@pytest.mark.parametrize(("code", "operation", "spoil", "pointer"), SPOILT_BODIES)
def test_a_planted_fault_in_a_body_is_found_alone(
    plant: Any, good: Any, code: str, operation: str, spoil: Callable[[Any], None], pointer: str
) -> None:
    """One fault in a good body is reported under its code, at its place, with its value, and alone."""
    body = good(operation)
    spoil(body)
    violations = judge_exchange(plant.exchange(operation, body), plant.catalogue, profile=Profile.STRICT)
    assert [(violation.code, violation.pointer) for violation in violations] == [(code, pointer)]
    assert violations[0].severity is Severity.ERROR
    if code not in ("PI203", "PI221"):
        assert violations[0].source is not None
    # A missing property has no value, and a row twice none of its own.
    value = "" if code in ("PI102", "PI203") else display_value(pointed_at(body, pointer))
    assert violations[0].value == value


@pytest.mark.parametrize(("code", "spoil"), SPOILT_BYTES)
def test_a_fault_in_the_bytes_is_found_alone(plant: Any, code: str, spoil: Callable[[bytes], bytes]) -> None:
    """Bytes that are no clean JSON are reported as what they are, never as a crash."""
    content = spoil(plant.exchange(USAGE).response.body)
    violations = judge_exchange(
        plant.exchange(USAGE, content=content), plant.catalogue, profile=Profile.STRICT
    )
    assert codes(violations) == {code}


@pytest.mark.parametrize(("code", "operation", "parts"), SPOILT_ANSWERS)
def test_an_answer_that_was_not_owed_is_found_alone(
    plant: Any, code: str, operation: str | None, parts: dict[str, Any]
) -> None:
    """A wrong status or header is reported under its code and nothing beside it."""
    sent = parts.get("headers_sent")
    parts = {name: value for name, value in parts.items() if name != "headers_sent"}
    exchange = plant.exchange(operation, **parts)
    if sent is not None:
        exchange = Exchange(dataclasses.replace(exchange.request, headers=sent), exchange.response)
    assert codes(judge_exchange(exchange, plant.catalogue, profile=Profile.STRICT)) == {code}


@pytest.mark.parametrize(("code", "parts"), SPOILT_REFUSALS)
def test_a_fault_in_a_refusal_is_found_alone(plant: Any, code: str, parts: dict[str, Any]) -> None:
    """A refusal has its status, its headers and a body of its own dialect."""
    good = {
        "status": 401,
        "body": REFUSED,
        "headers": without(WWW_Authenticate="Bearer"),
        "token": Token.ABSENT,
    }
    assert judge_exchange(plant.exchange(USAGE, **good), plant.catalogue, profile=Profile.STRICT) == []
    assert codes(
        judge_exchange(plant.exchange(USAGE, **(good | parts)), plant.catalogue, profile=Profile.STRICT)
    ) == {code}


def test_a_throttled_answer_speaks_its_own_dialect(plant: Any) -> None:
    """A 429 may answer any request, as it is published, but needs Retry-After and the body of its page."""
    body = {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds."}
    published = (("Content-Type", "application/json"), ("Retry-After", "57"))
    good = {"status": 429, "body": body, "headers": published}
    assert judge_exchange(plant.exchange(USAGE, **good), plant.catalogue, profile=Profile.STRICT) == []
    late = judge_exchange(
        plant.exchange(USAGE, **(good | {"headers": without()})), plant.catalogue, profile=Profile.CORRECTED
    )
    assert [(violation.code, violation.standing) for violation in late] == [("PI313", Standing.DOCUMENTED)]
    wrong = judge_exchange(
        plant.exchange(USAGE, **(good | {"body": REFUSED})), plant.catalogue, profile=Profile.STRICT
    )
    assert codes(wrong) == {"PI102"}


@pytest.mark.parametrize(
    ("code", "members", "profile", "after"),
    [
        ("PI405", {"statusCode": 503}, Profile.CORRECTED, "57"),
        ("PI320", {"message": "Try again in 5 seconds."}, Profile.STRICT, "57"),
        (None, {"message": "Try again in 55 seconds."}, Profile.STRICT, "57"),
        (None, {"message": "Versuchen Sie es bald"}, Profile.STRICT, "57"),
        (None, {"message": "Try again in 5 seconds."}, Profile.STRICT, "Fri, 27 Nov 2099 15:19:24 GMT"),
    ],
)
def test_a_throttled_answer_does_not_contradict_itself(
    plant: Any, code: str | None, members: dict[str, Any], profile: Profile, after: str
) -> None:
    """Its statusCode is its status, and its message and Retry-After name one time, but for two seconds."""
    body = {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds."} | members
    headers = (("Content-Type", "application/json"), ("Retry-After", after))
    found = judge_exchange(
        plant.exchange(USAGE, status=429, body=body, headers=headers), plant.catalogue, profile=profile
    )
    assert [(each.code, each.severity) for each in found] == ([(code, Severity.ERROR)] if code else [])


@pytest.mark.parametrize(
    ("modified", "date", "later"),
    [
        ("Fri, 27 Nov 2099 10:00:03 GMT", "Fri, 27 Nov 2099 10:00:00 GMT", True),
        ("Fri, 27 Nov 2099 10:00:02 GMT", "Fri, 27 Nov 2099 10:00:00 GMT", False),
        ("Fri, 27 Nov 2015 10:00:00 GMT", "Fri, 27 Nov 2099 10:00:00 GMT", False),
        ("Fri, 27 Nov 2099 10:00:00 GMT", None, False),
    ],
)
@pytest.mark.parametrize(
    ("profile", "severity"), [(Profile.STRICT, Severity.ERROR), (Profile.CORRECTED, Severity.WARNING)]
)
def test_nothing_was_changed_after_it_was_sent(
    plant: Any, modified: str, date: str | None, later: bool, profile: Profile, severity: Severity
) -> None:
    """PI320 where Last-Modified is after Date, but for two seconds."""
    headers = (*HEADERS.items(), ("Last-Modified", modified), *((("Date", date),) if date else ()))
    exchange = plant.exchange(USAGE, headers=headers)
    exchange = replace(exchange, request=replace(exchange.request, sent=False))
    found = judge_exchange(exchange, plant.catalogue, profile=profile)
    assert [(each.code, each.severity) for each in found] == ([("PI320", severity)] if later else [])


@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize(
    ("coding", "content"), [("br", b"\x0b\x02\x80{}\x03"), ("gzip, zstd", b"\x28\xb5\x2f\xfd\x00")]
)
def test_a_coding_that_nobody_asked_for_is_one_finding(
    plant: Any, status: int, coding: str, content: bytes
) -> None:
    """PI321, an error in every profile; the bytes are not judged as if they were JSON."""
    parts = {"headers_sent": (("Accept-Encoding", "gzip"),), "content": content, "status": status}
    token = {} if status == 200 else {"token": Token.ABSENT}
    exchange = plant.exchange(USAGE, headers=without(Content_Encoding=coding), **parts, **token)
    found = judge_exchange(exchange, plant.catalogue, profile=Profile.CORRECTED)
    assert [(each.code, each.severity.value) for each in found if each.code != "PI313"] == [
        ("PI321", "error")
    ]
    plain = plant.exchange(USAGE, headers=without(Content_Encoding="identity"), **parts, **token)
    assert codes(judge_exchange(plain, plant.catalogue, profile=Profile.CORRECTED)) & {"PI307", "PI308"}


@pytest.mark.parametrize("code", ["PI311", "PI315"])
def test_no_answer_is_a_violation(plant: Any, code: str) -> None:
    """Where no whole answer came, the reason is the violation."""
    exchange = Exchange(plant.exchange(USAGE).request, None, Failure(code, "the connection was reset"))
    assert codes(judge_exchange(exchange, plant.catalogue, profile=Profile.CORRECTED)) == {code}


def test_head_has_to_be_get_without_its_body(plant: Any) -> None:
    """PI312: another status or header; ids and dates may differ, as they do between any two answers."""
    get = plant.exchange(USAGE, headers=without(MS_CV="1", Content_Length="99"))
    for headers in (without(MS_CV="2"), without(MS_CV="2", Content_Encoding="gzip")):
        same = plant.exchange(USAGE, method="HEAD", content=b"", headers=headers)
        assert judge_head(get, same, profile=Profile.STRICT) == []
    for parts in (
        {"status": 405},
        {"headers": without("Content-Type")},
        {"headers": without(Content_Length="98")},
    ):
        other = plant.exchange(USAGE, method="HEAD", content=b"", **parts)
        assert codes(judge_head(get, other, profile=Profile.STRICT)) == {"PI312"}


def test_the_same_request_has_the_same_answer(plant: Any, good: Any) -> None:
    """PI314: other data or another status; the order of the rows says nothing."""
    first, body = plant.exchange(USAGE), good(USAGE)
    body["items"].reverse()
    assert judge_repeat(first, plant.exchange(USAGE, body), profile=Profile.STRICT) == []
    body["items"][0]["licensesActive"] += 1
    assert codes(judge_repeat(first, plant.exchange(USAGE, body), profile=Profile.STRICT)) == {"PI314"}
    assert codes(judge_repeat(first, plant.exchange(USAGE, status=404), profile=Profile.STRICT)) == {"PI314"}


@pytest.mark.parametrize(
    ("answers", "severity"),
    [
        ("aa", None),
        ("ab", Severity.WARNING),
        ("abbb", Severity.WARNING),
        ("abba", Severity.ERROR),
        ("abcc", Severity.ERROR),
        ("abab", Severity.ERROR),
    ],
)
def test_data_that_change_twice_were_not_just_renewed(
    plant: Any, good: Any, answers: str, severity: Severity | None
) -> None:
    """PI314 is an error where an answer changes a second time, be it back to what it was."""

    def exchange(letter: str) -> Exchange:
        body = good(USAGE)
        body["items"][0]["licensesActive"] += ord(letter)
        return plant.exchange(USAGE, body)

    found = judge_repeat(*map(exchange, answers), profile=Profile.CORRECTED)
    assert [each.severity for each in found] == ([severity] if severity else [])


def test_in_another_language_only_numbers_are_compared(plant: Any, good: Any) -> None:
    """Names may be translated, and the rows then sorted otherwise; a count stays a count."""
    first, body = plant.exchange(USAGE), good(USAGE)
    body["items"].reverse()
    for row in body["items"]:
        row["serviceName"] += " (de)"
    assert codes(judge_repeat(first, plant.exchange(USAGE, body), profile=Profile.STRICT)) == {"PI314"}
    assert judge_repeat(first, plant.exchange(USAGE, body), profile=Profile.STRICT, words=False) == []
    body["items"][0]["licensesActive"] += 1
    assert judge_repeat(first, plant.exchange(USAGE, body), profile=Profile.STRICT, words=False)


@pytest.mark.parametrize(
    ("code", "partner", "customer", "spoil"),
    [
        (None, PARTNER_DEPLOYMENT, DEPLOYMENT, lambda body: None),
        (None, PARTNER_USAGE, USAGE, lambda body: None),
        ("PI208", PARTNER_DEPLOYMENT, DEPLOYMENT, in_row("licensesSold", 281)),
        ("PI209", PARTNER_DEPLOYMENT, DEPLOYMENT, in_row("proratedDeploymentPercent", 17.43)),
        ("PI209", PARTNER_USAGE, USAGE, in_row("proratedLicensesUsagePercent", 3.43)),
        ("PI209", PARTNER_USAGE, USAGE, in_row("proratedLicensesUsagePercent", 0.0243)),
        ("PI210", PARTNER_DEPLOYMENT, DEPLOYMENT, in_row("serviceName", "crm")),
        ("PI210", PARTNER_USAGE, USAGE, lambda body: body["items"].pop()),
    ],
)
def test_the_partner_is_the_sum_of_its_customers(
    plant: Any, good: Any, code: str | None, partner: str, customer: str, spoil: Callable[[Any], None]
) -> None:
    """PI208, PI209, PI210: sold, percents and groups; silent where they agree."""
    body = good(partner)
    spoil(body)
    total, part = plant.exchange(partner, body), plant.exchange(customer)
    found = judge_sums(total, [part], plant.catalogue, profile=Profile.STRICT)
    assert codes(found) == ({code} if code else set())


@pytest.mark.parametrize("day", ["2026-03-10", "2026-03-08"])
def test_sums_of_another_day_say_so(plant: Any, good: Any, day: str) -> None:
    """PI208 names both dates where they differ, and none where they are one."""
    body = good(PARTNER_DEPLOYMENT)
    body["items"][0] |= {"licensesSold": 281, "processedDateTime": f"{day}T03:25:16.36+00:00"}
    total, part = plant.exchange(PARTNER_DEPLOYMENT, body), plant.exchange(DEPLOYMENT)
    found = judge_sums(total, [part], plant.catalogue, profile=Profile.STRICT)
    (message,) = [each.message for each in found if each.code == "PI208"]
    dates = ("are of 2026-03-08T03:25:16.360000+00:00", "the customers' of 2026-03-10T03:25:16.360000+00:00")
    assert [each in message for each in dates] == [day != "2026-03-10"] * 2


def test_sums_are_not_reckoned_without_every_customer(plant: Any) -> None:
    """A customer whose answer cannot be read leaves the sum unknown, not wrong."""
    parts = [plant.exchange(DEPLOYMENT), plant.exchange(DEPLOYMENT, status=500)]
    assert (
        judge_sums(plant.exchange(PARTNER_DEPLOYMENT), parts, plant.catalogue, profile=Profile.STRICT) == []
    )


@pytest.mark.parametrize(
    "fields",
    [
        {
            "ETag": 'W/"5"',
            "Age": "0",
            "Cache_Control": "no-cache, no-store, must-revalidate",
            "Expires": "-1",
        },
        {"ETag": '""', "Cache_Control": 'private="set-cookie", max-age="60", stale-if-error'},
        {"Cache_Control": "private, s-maxage=0"},
        {"Cache_Control": ""},
    ],
)
def test_fields_for_caches_as_services_send_them_are_not_accused(plant: Any, fields: dict[str, str]) -> None:
    """PI324 is about values that are none, and about answers to a token that others may be given."""
    headers = without(**fields)
    assert (
        judge_exchange(plant.exchange(USAGE, headers=headers), plant.catalogue, profile=Profile.STRICT) == []
    )


def test_every_code_has_a_planted_fault(catalogue: Catalogue) -> None:
    """There is no code the judge cannot raise; those that nothing uses yet are named, and still unused."""
    planted = {code for code, *_ in (*SPOILT_BODIES, *SPOILT_BYTES, *SPOILT_ANSWERS, *SPOILT_REFUSALS)}
    planted |= {"PI208", "PI209", "PI210", "PI312", "PI314", "PI315", "PI316", "PI317", "PI322", "PI323"}
    planted |= {
        "PI233",
        "PI234",
        "PI235",
        "PI236",
        "PI237",
    }  # about a query: tests/query/test_query_judged.py
    planted |= {"PI214", "PI217", "PI218", "PI220", "PI222"}  # across answers: test_verify_service.py
    assert planted | UNUSED.keys() == catalogue.codes.keys()
    schemas = json.dumps([dict(resource.schema) for resource in catalogue.resources.values()])
    for code in UNUSED:
        assert f'"{catalogue.codes[code].keyword}":' not in schemas


def test_every_rule_has_its_function_and_every_function_its_rule(catalogue: Catalogue) -> None:
    """rules.toml and the judge's functions name the same rules."""
    assert RULES.keys() == catalogue.rules.keys()


@pytest.mark.parametrize(
    ("profile", "severity"), [("corrected", "warning"), ("strict", "error"), ("literal", "warning")]
)
def test_what_is_only_assumed_warns_unless_strict(good: Any, plant: Any, profile: str, severity: str) -> None:
    """Severity follows standing: a percent over a hundred breaks an assumption."""
    body = good(PARTNER_DEPLOYMENT)
    body["items"][0]["proratedDeploymentPercent"] = 101
    judged = judge_exchange(
        plant.exchange(PARTNER_DEPLOYMENT, body), Catalogue.load(profile), profile=Profile(profile)
    )
    assert [(violation.standing, violation.severity) for violation in judged] == [("assumed", severity)]


def test_a_message_names_the_cell_the_erratum_and_the_value(plant: Any, good: Any) -> None:
    """What the page says and where, who overrules it and why, and what was sent."""
    body = good(USAGE)
    body["items"][0]["workloadName"] = 3.14
    (violation,) = judge_exchange(plant.exchange(USAGE, body), plant.catalogue, profile=Profile.CORRECTED)
    assert violation.source is not None
    place = f"analytics-resources.md:{violation.source.line}"
    assert violation.message == (
        f"the page says number ({place}); erratum E-001 says string, "
        "because the Type cell says number, but the property names a workload; the service sent 3.14"
    )
    assert (violation.erratum, violation.source.cell, violation.standing) == ("E-001", "number", "corrected")


def test_what_the_page_says_alone_is_told_with_its_line(plant: Any, good: Any) -> None:
    """Where no erratum speaks: what is promised there, and what was sent."""
    body = good(USAGE)
    body["items"][0]["licensesActive"] = "many"
    (violation,) = judge_exchange(plant.exchange(USAGE, body), plant.catalogue, profile=Profile.CORRECTED)
    assert violation.source is not None
    place = f"analytics-resources.md:{violation.source.line}"
    assert violation.message == f'the page says number ({place}); the service sent "many"'


def test_a_misspelt_property_is_named(plant: Any, good: Any) -> None:
    """A property under another case is missing, and the message says under which name it came."""
    body = good(USAGE)
    body["items"][0]["WorkloadName"] = body["items"][0].pop("workloadName")
    exchange = plant.exchange(USAGE, body)
    (violation,) = judge_exchange(exchange, plant.catalogue, profile=Profile.CORRECTED)
    assert "'WorkloadName'" in violation.message
    assert [seen.kind for seen in observe(exchange, plant.catalogue)] == ["undocumented-property"]


@pytest.mark.parametrize("begins", ["/v1", "https://api.partnercenter.microsoft.com/v1"])
def test_links_of_another_form_are_observed_and_never_accused(plant: Any, good: Any, begins: str) -> None:
    """With the version, or as a whole address: right, and worth knowing, once for the page and for rows."""
    for form, kinds in (("", set()), (begins, {"link-form"})):
        body = good("customers")
        for part in (body, *body["items"]):
            place = f"/{part['id']}" if "id" in part else "?size=40"
            part["links"] = {"self": {"uri": f"{form}/customers{place}", "method": "GET", "headers": []}}
        exchange = plant.exchange("customers", body)
        seen = {each.key: each.kind for each in observe(exchange, plant.catalogue)}
        assert (set(seen.values()), len(seen)) == (kinds, 2 * len(kinds))
        assert judge_exchange(exchange, plant.catalogue, profile=Profile.CORRECTED) == []


def test_an_undocumented_property_is_observed_and_never_accused(plant: Any, good: Any) -> None:
    """What no page lists breaks nothing, wherever it stands."""
    body = good(USAGE)
    body["extra"] = body["items"][0]["extra"] = body["items"][1]["attributes"]["extra"] = {"x": 1}
    exchange = plant.exchange(USAGE, body)
    assert judge_exchange(exchange, plant.catalogue, profile=Profile.STRICT) == []
    places = {
        seen.pointer for seen in observe(exchange, plant.catalogue) if seen.kind == "undocumented-property"
    }
    assert places == {"/extra", "/items/0/extra", "/items/1/attributes/extra"}


@given(st.lists(st.sets(st.sampled_from(["a", "b/c", "~", "*", "0"]), max_size=3), min_size=1, max_size=4))
def test_an_undocumented_property_of_many_rows_is_observed_once(names: list[set[str]]) -> None:
    """Whichever rows have it, at every place that it has in them: a hostile body has thousands of rows."""
    catalogue = Catalogue.load()
    schema = catalogue.response_schema(USAGE)
    body = {"items": [{**dict.fromkeys(each), "attributes": dict.fromkeys(each)} for each in names]}
    seen = [each.pointer for each in undocumented(body, schema, catalogue, USAGE)]
    everywhere = {name.replace("~", "~0").replace("/", "~1") for name in set().union(*names)}
    places = {f"{place}{name}" for name in everywhere for place in ("/", "/attributes/")}
    assert sorted(re.sub(r"^/items/\d", "", each) for each in seen) == sorted(places)


def test_an_empty_collection_keeps_the_contract_and_is_observed(plant: Any, good: Any) -> None:
    """The live service has been empty for weeks: no violation, but nobody shall think rows were judged."""
    exchange = plant.exchange(USAGE, good(USAGE) | {"items": [], "totalCount": 0})
    assert judge_exchange(exchange, plant.catalogue, profile=Profile.STRICT) == []
    assert [seen.kind for seen in observe(exchange, plant.catalogue)] == ["empty-collection"]


def test_the_future_begins_after_the_date_header(plant: Any, good: Any) -> None:
    """A service whose clock, and data, are ahead of ours is not accused of data from the future."""
    ahead = datetime.now(UTC) + timedelta(days=30)
    body = good(PARTNER_DEPLOYMENT)
    body["items"][0]["processedDateTime"] = (ahead - timedelta(days=1)).isoformat()
    dated = without(Date=ahead.strftime("%a, %d %b %Y %H:%M:%S GMT"))
    assert (
        judge_exchange(
            plant.exchange(PARTNER_DEPLOYMENT, body, headers=dated), plant.catalogue, profile=Profile.STRICT
        )
        == []
    )
    undated = judge_exchange(
        plant.exchange(PARTNER_DEPLOYMENT, body), plant.catalogue, profile=Profile.STRICT
    )
    assert codes(undated) == {"PI212"}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["2026-13-45T99:00:00Z", 10**400, -(10**400), 1e308, True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, member in inner for place in places_in(member, (*path, key)))]


@settings(max_examples=300)
@given(data=st.data(), operation=st.sampled_from(OPERATIONS), value=json_values)
def test_no_rule_crashes_on_ill_typed_data(
    plant: Any, good: Any, data: st.DataObject, operation: str, value: Any
) -> None:
    """Whatever JSON stands in whatever place, the judge ends with violations that can be reported."""
    body = good(operation)
    place = data.draw(st.sampled_from(places_in(body)))
    if place:
        holder = body
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = value
    else:
        body = value
    exchange = plant.exchange(operation, content=json.dumps(body).encode())
    violations = judge_exchange(exchange, plant.catalogue, profile=Profile.STRICT)
    for violation in violations:
        json.dumps(violation.to_json()).encode()
        assert (violation.message + violation.pointer).isprintable()
    list(observe(exchange, plant.catalogue))
    for partner, customer in ((PARTNER_DEPLOYMENT, DEPLOYMENT), (PARTNER_USAGE, USAGE)):
        if operation == partner:
            judge_sums(exchange, [plant.exchange(customer)], plant.catalogue, profile=Profile.STRICT)
        if operation == customer:
            judge_sums(plant.exchange(partner), [exchange], plant.catalogue, profile=Profile.STRICT)
