"""The judge of queries: a fault planted in a page, in its groups or between the generations is found."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from partner_insights.cli.verbs import main
from partner_insights.contract import Catalogue, Profile, Severity
from partner_insights.contract.query import read_query
from partner_insights.verify import Exchange, Request, Response, judge_exchange
from partner_insights.verify.judge.judge import judge_generations, judge_generations_of_all, judge_whole
from partner_insights.verify.judge.rows import success_of
from partner_insights.verify.judge.rule_registry import service_findings
from partner_insights.verify.judge.service_rules import ServiceFacts
from partner_insights.world import World
from partner_insights.world.bodies import response_body
from partner_insights.world.query import query_body

if TYPE_CHECKING:
    from pathlib import Path

    from partner_insights.contract import Operation
    from partner_insights.contract.query import Query, QueryOptions

CATALOGUE = Catalogue.load("strict")
WORLD = World(CATALOGUE, seed=3, customers=12, as_of=date(2026, 11, 20))
DEPLOYMENT = CATALOGUE.operations["licenses-deployment-analytics"]
RESELLERS = CATALOGUE.operations["indirect-resellers-analytics"]
STRANGER = "00000000-0000-4000-8000-000000000000"
HEADERS = (
    ("Content-Type", CATALOGUE.content_type),
    *((name, STRANGER) for name in CATALOGUE.common_headers),
)
Pairs = tuple[tuple[str, str], ...]


def exchange(operation: Operation, pairs: Pairs, body: Any, customer: str | None = None) -> Exchange:
    request = Request(
        "GET",
        f"http://127.0.0.1{operation.path}",
        operation=operation.id,
        query=pairs,
        customer=customer,
        customer_known=None if customer is None else True,
    )
    return Exchange(request, Response(200, HEADERS, json.dumps(body).encode()))


def good(pairs: Pairs = ()) -> Any:
    """A body of the test's own: the world keeps the groups of a query, and a fault is planted in one."""
    return deepcopy(query_body(WORLD, DEPLOYMENT, read_query(DEPLOYMENT.options, pairs)))


def found(pairs: Pairs, body: Any) -> set[str]:
    judged = judge_exchange(exchange(DEPLOYMENT, pairs, body), CATALOGUE, profile=Profile.STRICT)
    return {each.code for each in judged if each.code[:3] in ("PI1", "PI2")}


QUERIES: tuple[Pairs, ...] = (
    (),
    (("top", "3"), ("skip", "3")),
    (("filter", "channel eq 'RESELLER' or serviceCode eq 'crm'"), ("top", "2")),
    (("groupby", "serviceCode,channel"),),
    (("groupby", "productId"), ("filter", "channel ne 'direct'"), ("top", "1")),
    (("processedDateTime", "2026-11-01"),),
)


@pytest.mark.parametrize("pairs", QUERIES)
def test_what_the_world_answers_keeps_the_rules(pairs: Pairs) -> None:
    """No rule is broken by an answer that nothing was done to."""
    assert found(pairs, good(pairs)) == set()


@pytest.mark.parametrize(
    ("pairs", "link"),
    [
        ((("top", "3"),), None),
        ((("top", "3"),), "license?top=3&skip=2"),
        ((("top", "3"), ("filter", "channel eq 'reseller'")), "license?top=3&skip=3"),
        ((), "license?skip=10000"),
    ],
)
def test_a_wrong_link_is_found(pairs: Pairs, link: str | None) -> None:
    """A link that is missing, goes elsewhere or forgets the filter is reported."""
    assert found(pairs, good(pairs) | {"@nextLink": link}) == {"PI232"}


@pytest.mark.parametrize(
    ("link", "codes"),
    [
        ("", set()),
        ("license", set()),
        ("deployment/license", set()),
        ("/partner/v1/analytics/commercial/deployment/license/", set()),
        ("v1/analytics/commercial/deployment/license", set()),
        ("http://127.0.0.1/gateway/v1/analytics/commercial/deployment/license", set()),
        ("https://api.partnercenter.microsoft.com/v1/analytics/commercial/deployment/license", set()),
        ("https://elsewhere.example/v1/analytics/commercial/deployment/license", {"PI221"}),
        ("//elsewhere.example/v1/analytics/commercial/deployment/license", {"PI221"}),
        ("http://[/v1/analytics/commercial/deployment/license", {"PI221", "PI232"}),
        ("/v1/analytics/commercial/usage/license", {"PI221"}),
        ("customers", {"PI221"}),
    ],
)
def test_a_next_link_leads_here_in_any_form(link: str, codes: set[str]) -> None:
    """Relative, a path or absolute; but to the same resource, of this service or the documented one."""
    assert found((("top", "3"),), good((("top", "3"),)) | {"@nextLink": f"{link}?top=3&skip=3"}) == codes


def test_a_row_that_was_not_asked_for_is_found() -> None:
    """A row that the filter does not choose is reported."""
    pairs = (("filter", "channel eq 'reseller'"),)
    body = good(pairs)
    body["Value"][0]["channel"] = "direct"
    assert found(pairs, body) == {"PI233"}


def test_a_group_that_comes_twice_is_found() -> None:
    """Two rows of one combination are reported."""
    pairs = (("groupby", "channel"),)
    body = good(pairs)
    body["Value"].append(body["Value"][0])
    body["TotalCount"] += 1
    assert found(pairs, body) == {"PI234"}


@pytest.mark.parametrize("pairs", [(("filter", "channel eq 'reseller'"),), (("groupby", "channel"),)])
def test_a_row_that_is_missing_is_found(pairs: Pairs) -> None:
    """All pages together are held against what the query leaves of all rows."""
    rows, whole = good(pairs)["Value"], good()["Value"]
    asked = exchange(DEPLOYMENT, pairs, good(pairs))
    assert judge_whole(asked, rows, whole, CATALOGUE, profile=Profile.STRICT) == []
    (violation,) = judge_whole(asked, rows[1:], whole, CATALOGUE, profile=Profile.STRICT)
    assert violation.code == ("PI234" if pairs[0][0] == "groupby" else "PI233")


@pytest.mark.parametrize(
    ("order", "first", "second", "wrong"),
    [
        ("licenseCount", {"licenseCount": 1}, {"licenseCount": 2}, False),
        ("licenseCount", {"licenseCount": 10}, {"licenseCount": 9}, True),
        ("licenseCount asc", {"licenseCount": 10}, {"licenseCount": 9}, True),
        ("licenseCount desc", {"licenseCount": 9}, {"licenseCount": 10}, True),
        ("name", {"name": "a"}, {"name": "B"}, False),
        ("name", {"name": "Beta"}, {"name": "alpha"}, True),
        ("name desc", {"name": "x1"}, {"name": "x2"}, True),
        ("name,licenseCount desc", {"name": "A", "licenseCount": 1}, {"name": "A", "licenseCount": 2}, True),
        ("name,licenseCount", {"name": "a-b", "licenseCount": 2}, {"name": "ab", "licenseCount": 1}, False),
        ("name", {"name": "Ä"}, {"name": "a"}, False),
        ("name", {"name": None}, {"name": "a"}, False),
        ("id", {"id": "f0000000-0000-4000-8000-000000000000"}, {"id": STRANGER}, False),
        (
            "firstSubscriptionCreationDate",
            {"firstSubscriptionCreationDate": "2026-01-02T00:00:00"},
            {"firstSubscriptionCreationDate": "2026-01-01T23:00:00"},
            True,
        ),
    ],
)
def test_rows_in_another_order_are_found(
    order: str, first: dict[str, Any], second: dict[str, Any], wrong: bool
) -> None:
    """PI236: by numbers, dates and letters; nothing is said of what services sort in their own ways."""
    pairs = (("orderby", order),)
    body = query_body(WORLD, RESELLERS, read_query(RESELLERS.options, ()))
    row = body["Value"][0]
    changed = body | {"Value": [row | first, row | second], "TotalCount": 2}
    judged = judge_exchange(exchange(RESELLERS, pairs, changed), CATALOGUE, profile=Profile.CORRECTED)
    assert ("PI236" in {each.code for each in judged}) is wrong


def test_rows_that_nobody_can_compare_hide_no_wrong_order() -> None:
    """PI236: a row is held against more than the one before it."""
    body = query_body(WORLD, RESELLERS, read_query(RESELLERS.options, ()))
    changed = body | {
        "Value": [body["Value"][0] | {"name": name} for name in ("b", "Ä", "a")],
        "TotalCount": 3,
    }
    asked = exchange(RESELLERS, (("orderby", "name"),), changed)
    assert "PI236" in {each.code for each in judge_exchange(asked, CATALOGUE, profile=Profile.CORRECTED)}


@pytest.mark.parametrize(
    ("day", "severity"),
    [("2026-11-01", None), ("2026-11-02", Severity.WARNING), ("2026-10-31", Severity.ERROR)],
)
def test_a_row_of_another_day_than_asked_for_is_found(day: str, severity: Severity | None) -> None:
    """PI237: a later day is one reading of the parameter, an earlier one is none."""
    pairs = (("processedDateTime", "2026-11-01"),)
    body = good(pairs)
    assert body["Value"]
    for row in body["Value"]:
        row["processedDateTime"] = f"{day}T00:00:00"
    judged = judge_exchange(exchange(DEPLOYMENT, pairs, body), CATALOGUE, profile=Profile.CORRECTED)
    assert {(each.code, each.severity) for each in judged} == ({("PI237", severity)} if severity else set())


def test_what_no_page_speaks_of_makes_no_other_row() -> None:
    """A group may have properties of no page, and counts spelled 3.0, in any order."""
    pairs = (("groupby", "channel"),)
    rows, whole = good(pairs)["Value"], good()["Value"]
    spelled = [
        {"region": "EU", "sku": [1]}
        | {name: float(value) if isinstance(value, int) else value for name, value in row.items()}
        for row in reversed(rows)
    ]
    asked = exchange(DEPLOYMENT, pairs, good(pairs))
    assert judge_whole(asked, spelled, whole, CATALOGUE, profile=Profile.STRICT) == []
    spelled[0]["serviceCode"] = "o365"
    other = judge_whole(asked, spelled, whole, CATALOGUE, profile=Profile.STRICT)
    assert {each.code for each in other} == {"PI234"}


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [
        ("PI214", "customerName", "Another Company"),
        ("PI220", "serviceName", "Another Service"),
        ("PI220", "productId", "8D6EC5E4-0000-4000-8000-000000000000"),
    ],
)
def test_one_customer_and_one_meaning_in_the_newer_analytics(code: str, name: str, value: str) -> None:
    """A name that a row says otherwise than an answer before it is reported; the same answer again is not."""
    facts, body = ServiceFacts(), good()
    for _ in range(2):
        before = success_of(exchange(DEPLOYMENT, (), body), CATALOGUE)
        assert before is not None
        assert list(service_findings(before, facts)) == []
    body["Value"][0][name] = value
    after = success_of(exchange(DEPLOYMENT, (), body), CATALOGUE)
    assert after is not None
    assert {each.code for each in service_findings(after, facts)} == {code}


def of_days_before(days: int, body: Any) -> Any:
    """A body of which every row is so many days older."""
    name = "processedDateTime"
    rows = [
        {**row, name: (datetime.fromisoformat(row[name]) - timedelta(days=days)).isoformat()}
        for row in body["Value"]
    ]
    return body | {"Value": rows}


@pytest.mark.parametrize(
    ("kind", "days", "pairs", "severities"),
    [
        ("deployment", 1, (), {"warning"}),
        ("deployment", 90, (), {"error"}),
        ("deployment", 90, (("processedDateTime", "2026-08-22"),), set()),
        ("usage", 4, (), set()),
        ("usage", 21, (), {"warning"}),
        ("usage", 90, (), {"error"}),
    ],
)
@pytest.mark.parametrize("first", [False, True], ids=["the good first", "the old first"])
def test_the_newer_analytics_go_by_one_clock(
    kind: str, days: int, pairs: Pairs, severities: set[str], first: bool
) -> None:
    """PI218: weeks apart is a warning, months an error; an earlier day that was asked for is neither."""
    other = CATALOGUE.operations[f"licenses-{kind}-analytics"]
    body = query_body(WORLD, other, read_query(other.options, ()))
    answers = [
        exchange(DEPLOYMENT, (), good()),
        exchange(other, pairs, of_days_before(days, body)),
    ]
    facts, broken = ServiceFacts(), []
    for each in reversed(answers) if first else answers:
        answer = success_of(each, CATALOGUE)
        assert answer is not None
        broken += service_findings(answer, facts)
    assert {each.code for each in broken} == ({"PI218"} if severities else set())
    assert {Profile.CORRECTED.severity(each.standing, certain=each.certain) for each in broken} == severities


@pytest.mark.parametrize(
    ("code", "date"), [("PI212", "2999-01-01T00:00:00"), ("PI219", "1970-01-01T00:00:00")]
)
def test_a_date_that_no_service_sends_is_found_without_a_zone(code: str, date: str) -> None:
    """PI212, PI219: the newer analytics write no zone; their dates are held against the clock, too."""
    body = good()
    rows = [{**row, "processedDateTime": date} for row in body["Value"]]
    assert found((), body | {"Value": rows}) == {code}
    rows[1:] = body["Value"][1:]
    assert found((), body | {"Value": rows}) == {code, "PI213"}


@pytest.mark.parametrize("kind", ["deployment", "usage"])
def test_another_count_than_before_is_found(kind: str) -> None:
    """Both generations agree about a customer, and a count that differs is reported."""
    older = CATALOGUE.operations[f"customer-licenses-{kind}"]
    newer = CATALOGUE.operations[f"licenses-{kind}-analytics"]
    customer = WORLD.customer_id(5)
    pairs = (("filter", f"customerTenantId eq '{customer}'"),)
    body = query_body(WORLD, newer, read_query(newer.options, pairs))
    before = exchange(older, (), response_body(WORLD, older, 5), customer)
    assert body["Value"]
    agreed = judge_generations(exchange(newer, pairs, body), before, CATALOGUE, profile=Profile.STRICT)
    assert agreed == []
    name = next(name for name in ("licensesSold", "licensesQualified") if name in body["Value"][0])
    body["Value"][0][name] += 1
    after = judge_generations(exchange(newer, pairs, body), before, CATALOGUE, profile=Profile.STRICT)
    assert [each.code for each in after] == ["PI235"]


def test_two_customers_that_were_exchanged_are_found() -> None:
    """PI235, by the pages of the newer and what the older answered of each; no other customer is accused."""
    newer = CATALOGUE.operations["licenses-usage-analytics"]
    older = CATALOGUE.operations["customer-licenses-usage"]
    body = query_body(WORLD, newer, read_query(newer.options, ()))
    first = exchange(newer, (), {**body, "Value": body["Value"][:2]})

    def said_of(places: list[int]) -> set[str]:
        answers = [
            exchange(older, (), response_body(WORLD, older, place), WORLD.customer_id(customer))
            for customer, place in enumerate(places)
        ]
        found = judge_generations_of_all(first, body["Value"], answers, CATALOGUE, profile=Profile.CORRECTED)
        assert {each.code for each in found} <= {"PI235"}
        ids = map(WORLD.customer_id, range(WORLD.customers))
        return {customer for customer in ids if any(customer in each.message for each in found)}

    everybody = list(range(WORLD.customers))
    assert said_of(everybody) == set()
    everybody[3], everybody[4] = 4, 3
    assert said_of(everybody) == {WORLD.customer_id(3), WORLD.customer_id(4)}


def saved(tmp_path: Path, body: Any) -> tuple[int, set[str]]:
    file = tmp_path / "saved.json"
    file.write_text(json.dumps(body), encoding="utf-8", newline="\n")
    result = CliRunner().invoke(main, ["check", str(file), "--profile", "strict"])
    return result.exit_code, set(re.findall(r"PI\d{3}", result.output))


@pytest.mark.parametrize("pairs", QUERIES)
def test_a_saved_page_is_judged_without_its_request(tmp_path: Path, pairs: Pairs) -> None:
    """Of a body alone neither query nor page is known: nothing is said of them, be it grouped or not."""
    assert saved(tmp_path, good(pairs)) == (0, set())


def test_a_fault_in_a_saved_page_is_found(tmp_path: Path) -> None:
    """A count that is a text, in a grouped answer that was saved."""
    body = good((("groupby", "serviceCode,channel"),))
    body["Value"][0]["licensesSold"] = str(body["Value"][0]["licensesSold"])
    assert saved(tmp_path, body) == (1, {"PI101"})


def test_a_query_is_read_once_however_many_rules_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long filter takes longer to read than the rest of its answer: a judge reads it a single time."""
    read: list[Pairs] = []

    def counted(options: QueryOptions, pairs: Pairs) -> Query:
        read.append(pairs)
        return read_query(options, pairs)

    monkeypatch.setattr("partner_insights.verify.judge.exchange.read_query", counted)
    for pairs in ((("filter", "channel eq 'Direct'"),), (("filter", "channel eq"),)):
        answer = exchange(DEPLOYMENT, pairs, good())
        judge_exchange(answer, CATALOGUE, profile=Profile.STRICT)
        success_of(answer, CATALOGUE)
        assert read.count(pairs) == 1
